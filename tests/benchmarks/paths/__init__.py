"""One module for each path: it starts what it compares, measures in turns, and returns rows of the table."""
