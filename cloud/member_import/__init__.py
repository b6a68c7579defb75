"""An existing base taken over with its balances: loaded, reconciled, signed by a second person, only then active."""
