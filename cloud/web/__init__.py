"""How head office makes pages: templates, tables, streams, languages, sign-in. Every feature's pages stand on it."""
