"""A live call: its leg, how it is dialled, what happens on it, and how it ended."""
