"""Looking items up: by name, number and initials; prices without a sale."""
