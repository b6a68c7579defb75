"""The API under `/api/v1`: for agents by device token, for head office by API token."""
