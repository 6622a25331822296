"""Where messages go and where they come from: transport, host, port."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Destination:
    """A place to send to, or the place a message came from (then `host` is an address).

    Without a port the host is looked up as RFC 3263 says: SRV first, then the default port.
    """

    transport: str  # "udp" or "tcp"
    host: str
    port: int | None = None

    @property
    def reliable(self) -> bool:
        return self.transport != "udp"

    @property
    def sent_by(self) -> str:
        """`host:port` as it stands in Via and Contact, IPv6 in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.transport}:{self.sent_by}"


@dataclass(frozen=True, slots=True)
class Source:
    """What the transport knows of a message that arrived."""

    peer: Destination
    local: Destination  # the listener as the outside knows it
    flow: int | None = None  # the TCP connection it came over
