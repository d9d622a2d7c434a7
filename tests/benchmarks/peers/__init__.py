"""The usual ways to do the same, with their defaults."""
