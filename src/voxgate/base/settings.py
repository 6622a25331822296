"""Every setting: read once, from VOXGATE_* variables or a TOML file, with unit, default, reason."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

Ringback = Literal["eu", "us", "uk", "off"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Listener:
    """One SIP socket: `udp:127.0.0.1:5060`."""

    transport: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Listener":
        transport, _, rest = text.strip().partition(":")
        host, _, port = rest.rpartition(":")
        if transport not in {"udp", "tcp"} or not host or not port.isdigit():
            raise ValueError(
                f"{text!r} is not a listener; write transport:address:port, "
                "for example udp:127.0.0.1:5060 (transports: udp, tcp)"
            )
        return cls(transport, host.strip("[]"), int(port))


def _listeners(value: Any) -> Any:  # noqa: ANN401 - pydantic hands in whatever was set
    return tuple(Listener.parse(v) for v in value.split(",")) if isinstance(value, str) else value


def _networks(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return tuple(ipaddress.ip_network(v.strip()) for v in value.split(",") if v.strip())
    return value


def _port_range(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        first, _, last = value.partition("-")
        if not (first.isdigit() and last.isdigit() and 1024 <= int(first) < int(last) <= 65535):
            raise ValueError(f"{value!r} is not a port range; write for example 20000-29999")
        return int(first), int(last)
    return value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _algorithms(value: object) -> object:
    if not isinstance(value, str):
        return value
    names = tuple(part.strip().upper() for part in value.split(",") if part.strip())
    if not names or not set(names) <= {"MD5", "SHA-256"}:
        raise ValueError(f"{value!r}: digest algorithms are MD5 and SHA-256")
    return names


class Settings(BaseSettings):
    """What an operator can set. The reference page and `serve --help` are made from this class."""

    model_config = SettingsConfigDict(
        env_prefix="VOXGATE_", frozen=True, extra="forbid", toml_file="voxgate.toml"
    )

    data_dir: Path = Field(
        Path("data"), description="Folder of the embedded database, keys and recordings."
    )
    database_url: str | None = Field(
        None,
        description="SQLAlchemy address of the database; empty: SQLite in DATA_DIR.",
    )
    http: str = Field("127.0.0.1:3000", description="Address and port of API, docs and health.")
    http_tls_cert: Path | None = Field(None, description="PEM certificate chain for HTTPS.")
    http_tls_key: Path | None = Field(None, description="PEM key of HTTP_TLS_CERT.")
    trusted_proxies: str = Field(
        "127.0.0.1", description="Addresses whose X-Forwarded-* headers are believed; * for all."
    )
    sip: Annotated[tuple[Listener, ...], NoDecode, BeforeValidator(_listeners)] = Field(
        (Listener("udp", "127.0.0.1", 5060), Listener("tcp", "127.0.0.1", 5060)),
        description="SIP sockets, comma-separated transport:address:port.",
    )
    public_ip: str | None = Field(
        None, description="Address written into Via, Contact and SDP when it is not the bound one."
    )
    rtp_ports: Annotated[tuple[int, int], NoDecode, BeforeValidator(_port_range)] = Field(
        (20000, 29999), description="UDP ports for RTP (even) and RTCP (odd), first-last."
    )
    media_shards: int = Field(1, ge=1, le=64, description="Media threads; one carries ~1000 calls.")
    admin_token: str | None = Field(
        None, description="Fixes the admin API key, for automation; else one is made and shown."
    )
    secret_key: str | None = Field(None, description="Key that seals secrets in the database.")
    secret_key_file: Path | None = Field(
        None, description="File with the key; empty: made in DATA_DIR."
    )
    egress_allow: Annotated[tuple[Network, ...] | None, NoDecode, BeforeValidator(_networks)] = (
        Field(
            None,
            description="CIDRs that hooks, media URLs, SIP URIs and proxies of tenants may reach "
            "besides public addresses; empty: loopback while HTTP listens on loopback only.",
        )
    )
    api_rate_limit: int = Field(
        0, ge=0, description="API requests per minute and key; 0: no limit."
    )
    hook_timeout_s: float = Field(
        10.0, gt=0, le=120, description="Seconds a hook may take to answer (contract: 10)."
    )
    ws_handshake_s: float = Field(
        1.5, gt=0, le=30, description="Seconds for connecting to a WebSocket application."
    )
    ws_ack_s: float = Field(
        5.0, gt=0, le=120, description="Seconds a WebSocket application may take to acknowledge."
    )
    ws_frame_bytes: int = Field(
        1 << 20,
        ge=1024,
        le=64 << 20,
        description="Largest frame of a WebSocket application; a larger one costs the connection.",
    )
    ws_ping_s: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="Seconds between pings to WebSocket applications, so that a dead connection "
        "shows; 0: none.",
    )
    strict_verbs: bool = Field(
        False, description="Refuse a document with an unknown property instead of ignoring it."
    )
    ringback: Ringback = Field(
        "eu",
        description="What an answered caller hears while `dial` rings, unless dialMusic or the "
        "network of the only target says otherwise: eu (425 Hz), us, uk, or off.",
    )
    digest: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_algorithms)] = Field(
        ("MD5",),
        description="Digest algorithms that SIP devices are offered, best first, comma-separated: "
        "MD5, SHA-256. Many phones give up when they see SHA-256.",
    )
    no_response_s: float = Field(
        4.0, gt=0, le=32, description="Seconds without any SIP response until the next gateway."
    )
    media_timeout_s: float = Field(
        60.0, ge=0, description="Seconds without RTP and RTCP until a call ends; 0: never."
    )
    time_limit_s: int = Field(
        14400, gt=0, description="Longest answered call in seconds, unless the request says less."
    )
    session_expires_s: int = Field(
        1800, ge=0, description="Session timer (RFC 4028) we ask for, in seconds; 0: none."
    )
    options_ping_s: float = Field(
        30.0, gt=0, description="Seconds between OPTIONS pings of gateways that ask for them."
    )
    shutdown_grace_s: float = Field(
        30.0, ge=0, description="Seconds running calls get to end after SIGTERM."
    )
    max_calls: int = Field(
        5000, gt=0, description="Calls in progress at once; beyond it POST Calls answers 503."
    )
    amd_hints_file: Path | None = Field(
        None,
        description="JSON file of phrases that only answering machines say, by language; "
        "read again when it changes.",
    )
    sandbox: bool | None = Field(
        None,
        description="Run the sandbox carrier beside the gateway; empty: on a fresh data directory.",
    )
    log_level: str = Field("info", description="debug, info, warning or error.")
    log_json: bool = Field(True, description="Logs as JSON lines; else for reading by people.")

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.lower() not in {"debug", "info", "warning", "error"}:
            raise ValueError("log_level must be debug, info, warning or error")
        return value.lower()

    @field_validator("http")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit():
            raise ValueError(f"{value!r} is not address:port")
        return value

    @property
    def http_host(self) -> str:
        return self.http.rpartition(":")[0].strip("[]")

    @property
    def http_port(self) -> int:
        return int(self.http.rpartition(":")[2])

    @property
    def key_file(self) -> Path:
        return self.secret_key_file or self.data_dir / "secret.key"

    @property
    def sqlalchemy_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'voxgate.db'}"

    @property
    def egress_networks(self) -> tuple[Network, ...]:
        if self.egress_allow is not None:
            return self.egress_allow
        if _is_loopback(self.http_host):
            return (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
        return ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)
