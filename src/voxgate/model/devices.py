"""SIP devices of an account: their credentials, and where each can be reached at the moment."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Client:
    """A device's user name and password, unique in its account, and whom it may call directly."""

    client_sid: str
    account_sid: str
    username: str
    password: str
    is_active: bool = True
    allow_direct_app_calling: bool = True
    allow_direct_queue_calling: bool = True
    allow_direct_user_calling: bool = True
    created_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Registration:
    """One contact of a registered user (RFC 3261 section 10), with the way back through a NAT."""

    account_sid: str
    username: str
    realm: str
    contact: str  # the URI the device gave, as it wrote it
    transport: str
    source_host: str
    source_port: int
    call_id: str
    cseq: int
    registered_at: float
    expires_at: float
    user_agent: str | None = None
    application_sid: str | None = None  # what a registration hook chose for the device's calls

    @property
    def is_direct(self) -> bool:
        """Whether the device can be reached at the contact it gave: no NAT is in between."""
        host = self.contact.partition(":")[2].rpartition("@")[2].partition(";")[0]
        return host.rpartition(":")[0] == self.source_host or host == self.source_host
