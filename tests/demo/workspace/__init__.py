"""The simulated Slack must behave, and refuse, as the real one is documented to."""
