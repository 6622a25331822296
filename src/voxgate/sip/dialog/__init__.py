"""Who talks to whom: the INVITE dialog from both ends, and the requests inside it."""
