"""Head office as the agent meets it: identity, links, what goes up and what comes down."""
