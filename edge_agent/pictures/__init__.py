"""Pictures of items on this machine: the list HQ wants followed, the files beside the database, who fetches them."""
