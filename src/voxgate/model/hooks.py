"""Where the customer's application listens."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hook:
    """An address of the application: `http(s)` or `ws(s)`, or a path relative to its base."""

    url: str
    method: str = "POST"
    username: str | None = None
    password: str | None = None

    @property
    def is_websocket(self) -> bool:
        return self.url.startswith(("ws://", "wss://"))

    @property
    def is_relative(self) -> bool:
        return self.url.startswith("/")
