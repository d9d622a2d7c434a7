"""The doctor before each thing that can be wrong."""
