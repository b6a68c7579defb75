"""Scanner protocols: what bytes from a scanner mean, without any I/O."""
