"""Decides where a call goes and what to try next, from facts handed in; pure."""
