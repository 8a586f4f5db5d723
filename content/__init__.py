"""What Digi knows and says: the shape of it, and the reading of it."""
