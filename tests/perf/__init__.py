"""Cost that must not grow with history: plans as the database makes them when it knows its own statistics."""
