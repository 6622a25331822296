"""Commands: serve, demo, call, doctor, migrate, apikey, sandbox."""

from voxgate.cli.app import main

__all__ = ["main"]
