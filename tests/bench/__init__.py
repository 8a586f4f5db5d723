"""How fast Digi is, as ratios to what the same machine does at the same moment (`make bench`)."""
