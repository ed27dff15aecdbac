"""Tables and records of any kind, read one way."""
