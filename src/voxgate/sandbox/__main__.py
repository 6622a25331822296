"""`python -m voxgate.sandbox` runs a sandbox by itself."""

from voxgate.sandbox.service import main

main()
