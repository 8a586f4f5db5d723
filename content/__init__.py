"""What Digi knows and says: the data model of the content, and its loader."""
