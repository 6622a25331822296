"""What verbs may ask of a call beyond speech and keys: one narrow protocol per field of work."""
