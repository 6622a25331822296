"""Session descriptions: read, written, offered and answered, as pure functions."""
