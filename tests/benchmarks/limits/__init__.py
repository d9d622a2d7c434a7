"""Programs that do only the unavoidable: the same bytes on the wire and no framework."""
