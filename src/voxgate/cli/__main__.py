"""`python -m voxgate.cli` is `voxgate`."""

from voxgate.cli.app import main

main()
