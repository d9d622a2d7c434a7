"""Finds out before the night whether everything that a failover needs is there, and says the cure if not."""
