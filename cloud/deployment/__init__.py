"""What every process and command of a deployment opens first: its database, its vault, its clocks, its ports."""
