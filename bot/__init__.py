"""A ChatOps bot that requests, approves and follows planned failovers of SDRS protection groups."""
