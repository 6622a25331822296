"""Secrets at rest: carrier passwords, hook credentials, webhook keys.

Values are Fernet tokens under SECRET_KEY. API keys are never stored, only their SHA-256.
"""

import hashlib
import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from voxgate.base.errors import VoxgateError


class SecretUnreadable(VoxgateError):
    """A stored secret was sealed under another key."""


class SecretBox:
    """Seals and opens short texts under one key."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    @classmethod
    def from_settings(cls, secret_key: str | None, key_file: Path) -> "SecretBox":
        """Use the key given, else the one in `key_file`, which is made (mode 0600) when absent."""
        if secret_key:
            return cls(secret_key.encode())
        if not key_file.exists():
            key_file.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(Fernet.generate_key())
        return cls(key_file.read_bytes().strip())

    def seal(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises SecretUnreadable when SECRET_KEY is not the one the value was sealed under."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise SecretUnreadable(
                "a stored secret cannot be read: SECRET_KEY differs from the one it was saved with"
            ) from None


def token_digest(token: str) -> str:
    """SHA-256 of an API key in hex: what the database keeps instead of the key."""
    return hashlib.sha256(token.encode()).hexdigest()


def masked(secret: str) -> str:
    """The contract's masking: the first 6 characters, the rest as X."""
    return secret[:6] + "X" * max(0, len(secret) - 6)
