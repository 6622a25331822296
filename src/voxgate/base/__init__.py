"""Clock, ids, errors, settings, logging, supervised tasks: things with no telephony in them."""
