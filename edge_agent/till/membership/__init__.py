"""Members at a till: found by phone, what they may pay with, points and coupons of theirs."""
