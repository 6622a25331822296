"""The root of every error the product raises on purpose."""


class VoxgateError(Exception):
    """Something a caller may be told about; the message is safe to show."""
