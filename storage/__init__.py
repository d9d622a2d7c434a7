"""The truth: requests, approvals, runs, messages and the audit chain, on SQLite or PostgreSQL, behind `bot.ports`."""
