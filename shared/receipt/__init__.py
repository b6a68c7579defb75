"""What a customer gets on paper or on a phone: one document, laid out in columns, the same at the till and at HQ.

It lives in `shared/` because both sides make it: the till prints it, and HQ shows it to whoever scanned its QR code.
`sale.py` and `report.py` say what is on it, `layout.py` where on the paper, `plain.py`, `svg.py` and `html.py` how it
looks without a printer. Bytes for a printer are the agent's business (`edge_agent/receipt/`).
"""
