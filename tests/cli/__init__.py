"""The command line as people use it: real settings, a real database, the simulated Slack and cloud."""
