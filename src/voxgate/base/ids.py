"""Identifiers: who makes them, and how a text is known to be one."""

import re
import secrets
import uuid

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def new_sid() -> str:
    """A version 4 UUID: the form of every `*_sid` of the wire contract."""
    return str(uuid.uuid4())


def is_sid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def new_token() -> str:
    """An API key: 128 random bits in the contract's UUID form (all bits random)."""
    return str(uuid.UUID(bytes=secrets.token_bytes(16)))


def new_webhook_secret() -> str:
    return "wh_secret_" + secrets.token_urlsafe(18)
