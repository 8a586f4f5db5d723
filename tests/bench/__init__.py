"""Benchmarks (`make bench`), as ratios to a baseline measured on the same machine at the same
time."""
