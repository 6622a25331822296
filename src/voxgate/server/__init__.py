"""Builds every object once and connects them: the only package that knows all the others."""

from voxgate.server.gateway import Gateway, Started

__all__ = ["Gateway", "Started"]
