"""What may be sold, and what people change about a line or a total."""
