"""One module per speech vendor; only the registry imports them."""
