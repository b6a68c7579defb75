"""What happened, for good: events numbered and chained, receipts, and what tells a restored disk from its own past."""
