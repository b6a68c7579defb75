"""Receipt numbers of each till: which series follow each other, and what is missing in them."""
