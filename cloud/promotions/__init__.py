"""Promotions at head office: drafts in plain language, tries on real baskets, approval, publication and stopping."""
