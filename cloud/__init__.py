"""Head office's half of Storewire: members, ledger, prices, and every sale of the chain."""
