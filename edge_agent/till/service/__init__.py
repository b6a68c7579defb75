"""The service desk of a store: people join here, get cards and gifts, and put money on their cards."""
