"""A till's screen as the agent holds it: what is asked, what was answered, what is said. Pages only show it."""
