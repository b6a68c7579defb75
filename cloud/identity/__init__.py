"""Who is who: the deployment's keys and CA, people and what they may do, API tokens."""
