"""E-receipts: what a customer sees who scans the QR code on the paper. The same document the till printed from."""
