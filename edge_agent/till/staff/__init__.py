"""Who works at a till: signing in, approving, leaving."""
