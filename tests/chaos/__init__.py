"""Real processes, a real database, simulators that misbehave, and a checker that trusts only what the outside saw."""
