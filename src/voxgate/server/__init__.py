"""Builds every object once and connects them: the only package that knows all the others."""
