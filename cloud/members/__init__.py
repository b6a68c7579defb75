"""Members: who they are, the cards they carry, what they agreed to, and which stores may know them."""
