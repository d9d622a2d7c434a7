"""The use cases: each reads what it must, then decides and writes in one transaction, and answers with a value."""
