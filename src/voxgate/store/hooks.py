"""Hooks as JSON columns of their owners, passwords sealed."""

from typing import Any

from voxgate.base.secrets import SecretBox
from voxgate.model.hooks import Hook


def sealed_hook(hook: Hook | None, box: SecretBox) -> dict[str, Any] | None:
    if hook is None:
        return None
    document: dict[str, Any] = {"url": hook.url, "method": hook.method}
    if hook.username is not None:
        document["username"] = hook.username
    if hook.password is not None:
        document["sealed"] = box.seal(hook.password)
    return document


def opened_hook(document: dict[str, Any] | None, box: SecretBox) -> Hook | None:
    """Raises SecretUnreadable when SECRET_KEY has changed."""
    if document is None:
        return None
    sealed = document.get("sealed")
    return Hook(
        url=document["url"],
        method=document["method"],
        username=document.get("username"),
        password=None if sealed is None else box.open(sealed),
    )


def sealed_text(text: str | None, box: SecretBox) -> str | None:
    return None if text is None else box.seal(text)


def opened_text(sealed: str | None, box: SecretBox) -> str | None:
    return None if sealed is None else box.open(sealed)
