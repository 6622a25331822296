"""How an older database becomes the current one; run by `voxgate migrate` and at start-up."""
