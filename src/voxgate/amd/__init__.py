"""Answering machine detection: what is heard and the time in, events out. Pure."""
