"""What the benchmarks stand on: real sales, a head office, agents with disks of their own, a yardstick."""
