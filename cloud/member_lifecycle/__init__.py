"""What reaches everything of a member, wherever it stands: merging, leaving, telling, encrypting anew."""
