"""Who is who: the deployment's keys and CA, agents' certificates and tokens, API tokens."""
