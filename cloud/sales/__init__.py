"""Sales as HQ keeps them: what the tills charged, line by line. The till's figures are the fact."""
