"""What is scanned at a till: told apart by the store's tables, refused where it must not be sold, rung up else."""
