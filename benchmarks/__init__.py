"""One command per budget. Each prints JSON with its figure and what it was compared with in the same run."""
