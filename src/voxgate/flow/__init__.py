"""Runs an application on a call: fetch verbs, run them, report, replace, interrupt, stop."""
