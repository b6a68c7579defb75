"""The pages of till and head office as one: design system, other people's assets by name, how words are said.

Beside this file: `static/` (our tokens and components; `vendor/` is fetched at set-up), and the npm plan of what is
fetched. Each side serves the folder itself, for this package does no I/O.
"""
