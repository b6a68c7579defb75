"""Public cases of pricing in a neutral vocabulary, and their runner: `python -m tests.cases FILE...`."""
