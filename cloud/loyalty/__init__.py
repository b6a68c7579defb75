"""Points and tiers: rules that HQ writes, applied to what the stores sold and took back."""
