"""Measurements of the whole gateway on loopback: `make bench`."""
