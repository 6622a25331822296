"""Offer and answer of one audio stream (RFC 3264, telephone-event of RFC 4733)."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from voxgate.sdp.attributes import (
    DEFAULT_PTIME_MS,
    PCMA,
    PCMU,
    TELEPHONE_EVENT,
    Codec,
    Direction,
    direction_of,
    payloads,
    ptime_ms,
    rtcp_port,
)
from voxgate.sdp.description import Attributes, Description, Media, Origin, SdpError

__all__ = [
    "PCMA",
    "PCMU",
    "Codec",
    "Direction",
    "MediaFacts",
    "MediaRefused",
    "NoCommonCodec",
    "UnusableAddress",
    "accept",
    "answer",
    "offer",
]

# RFC 8866: without rtcp-fb lines a profile with feedback is the same packets.
_PROTOCOLS = {"RTP/AVP", "RTP/AVPF"}
_PTIMES_MS = (60, 40, 30, 20, 10)
_DIGITS = "0-16"  # RFC 4733 section 3.2: twelve keys, A to D, flash


# Media addresses repeat from call to call; reading one costs more than all the rest.
_ADDRESSES_REMEMBERED = 1024
_ADDRESS_CHARACTERS_MAX = 64  # longer than any address with a scope


class NoCommonCodec(SdpError):
    """There is audio, but none that both sides can speak (answer 488)."""


class MediaRefused(SdpError):
    """The peer offers or answers no audio at all: no audio section, or its port is 0."""


class UnusableAddress(SdpError):
    """The peer's media address is missing, a name, multicast, or of the other IP family."""


@dataclass(frozen=True, slots=True)
class _Local:
    """Our side of a stream: what an offer or an answer says about us."""

    session_id: int
    version: int
    ip: str
    port: int
    ptime_ms: int


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What both sides agreed on, as media has to know it.

    `payload_type` and `dtmf_payload_type` are what the peer wants to receive. A peer may number
    what it sends as we offered it instead: `dtmf_receive_payload_type`. `remote_rtcp_port` is None
    for the port after `remote_port`. `on_hold` means the peer does not want to hear us.
    """

    remote_ip: str
    remote_port: int
    remote_rtcp_port: int | None
    codec_name: str
    payload_type: int
    dtmf_payload_type: int | None
    dtmf_receive_payload_type: int | None
    ptime_ms: int
    send: bool
    receive: bool
    on_hold: bool


def offer(
    *,
    session_id: int,
    version: int,
    ip: str,
    port: int,
    codecs: Sequence[Codec] = (PCMU, PCMA),
    dtmf_payload_type: int | None = 101,
    ptime_ms: int = DEFAULT_PTIME_MS,
    direction: Direction = Direction.SENDRECV,
) -> Description:
    """Return a description that offers one audio stream.

    `version` counts the descriptions of this session: one more whenever anything changed.
    """
    local = _Local(session_id, version, ip, port, ptime_ms)
    formats = [(codec.payload_type, f"{codec.name}/{codec.clock_hz}") for codec in codecs]
    return _description(local, (_audio(local, formats, dtmf_payload_type, direction),))


def accept(local_offer: Description, remote_answer: Description) -> MediaFacts:
    """Read the answer to our own offer.

    Raises `MediaRefused`, `NoCommonCodec` or `UnusableAddress`; the call is then of no use.
    """
    ours = local_offer.media[0]
    theirs = next((media for media in remote_answer.media if media.kind == "audio"), None)
    if theirs is None or theirs.port == 0:
        raise MediaRefused("the answer refuses audio")
    offered = payloads(ours)
    known = {pair for pair in offered.values() if pair[0] != TELEPHONE_EVENT.upper()}
    mapped = payloads(theirs)
    codec = _first(mapped, known)
    if codec is None:
        raise NoCommonCodec(f"none of {' '.join(theirs.formats)[:80]} was offered")
    return _facts(
        remote_answer,
        theirs,
        codec,
        local_ip=local_offer.connection or "",
        local_direction=direction_of(local_offer, ours),
        dtmf=(_dtmf(mapped, codec[2]), _dtmf(offered, codec[2])),
    )


def answer(
    remote_offer: Description,
    *,
    session_id: int,
    version: int,
    ip: str,
    port: int,
    codecs: Sequence[Codec] = (PCMU, PCMA),
    ptime_ms: int = DEFAULT_PTIME_MS,
    direction: Direction = Direction.SENDRECV,
) -> tuple[Description, MediaFacts]:
    """Answer an offer, the first one of a call or a later one.

    The first audio section that we can speak is taken with its payload types and the offerer's
    order of preference; all others are refused with port 0. Raises `MediaRefused`,
    `NoCommonCodec` or `UnusableAddress`: answer those with 488.
    """
    local = _Local(session_id, version, ip, port, ptime_ms)
    known = {(codec.name.upper(), codec.clock_hz) for codec in codecs}
    index, codec, dtmf = _choose(remote_offer, known)
    theirs = remote_offer.media[index]
    wanted = direction_of(remote_offer, theirs)
    agreed = Direction.of(
        send=wanted.receives and direction.sends,
        receive=wanted.sends and direction.receives,
    )
    facts = _facts(
        remote_offer,
        theirs,
        codec,
        local_ip=ip,
        local_direction=direction,
        dtmf=(dtmf, dtmf),
    )
    payload_type, name, clock_hz = codec
    audio = _audio(local, [(payload_type, f"{name}/{clock_hz}")], dtmf, agreed)
    sections = tuple(
        replace(audio, protocol=theirs.protocol) if at == index else _refused(media)
        for at, media in enumerate(remote_offer.media)
    )
    return _description(local, sections), facts


_Chosen = tuple[int, str, int]  # payload type, encoding name, clock rate


def _choose(
    description: Description, known: set[tuple[str, int]]
) -> tuple[int, _Chosen, int | None]:
    """Find the audio section to use, the codec to use in it, and its number for digits."""
    seen = False
    for index, media in enumerate(description.media):
        if media.kind == "audio" and media.port != 0:
            seen = True
            mapped = payloads(media)
            codec = _first(mapped, known)
            if codec is not None and media.protocol in _PROTOCOLS:
                return index, codec, _dtmf(mapped, codec[2])
    if seen:
        raise NoCommonCodec("no audio section of the offer can be spoken here")
    raise MediaRefused("the offer has no audio")


def _first(mapped: dict[int, tuple[str, int]], known: set[tuple[str, int]]) -> _Chosen | None:
    return next(((number, *pair) for number, pair in mapped.items() if pair in known), None)


def _dtmf(mapped: dict[int, tuple[str, int]], clock_hz: int) -> int | None:
    wanted = (TELEPHONE_EVENT.upper(), clock_hz)
    return next((number for number, pair in mapped.items() if pair == wanted), None)


def _facts(
    remote: Description,
    theirs: Media,
    codec: _Chosen,
    *,
    local_ip: str,
    local_direction: Direction,
    dtmf: tuple[int | None, int | None],
) -> MediaFacts:
    payload_type, name, _ = codec
    # Digits go both ways or not at all.
    dtmf_payload_type, dtmf_receive_payload_type = dtmf if None not in dtmf else (None, None)
    address = _address(remote, theirs, local_ip)
    wanted = direction_of(remote, theirs)
    # RFC 3264 section 8.4: an address of zeros is the old way to say hold.
    holds = address.is_unspecified or not wanted.receives
    return MediaFacts(
        remote_ip=str(address),
        remote_port=theirs.port,
        remote_rtcp_port=rtcp_port(theirs),
        codec_name=name,
        payload_type=payload_type,
        dtmf_payload_type=dtmf_payload_type,
        dtmf_receive_payload_type=dtmf_receive_payload_type,
        ptime_ms=_packet_ms(theirs),
        send=local_direction.sends and not holds,
        receive=local_direction.receives and wanted.sends,
        on_hold=holds,
    )


def _address(
    remote: Description, theirs: Media, local_ip: str
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    text = theirs.connection or remote.connection or ""
    address, local = _ip_address(text[:_ADDRESS_CHARACTERS_MAX]), _ip_address(local_ip)
    if address is None or local is None:
        raise UnusableAddress(f"media address {text[:80]!r} is no IP address")
    if address.version != local.version or address.is_multicast:
        raise UnusableAddress(f"media address {address} cannot be reached from {local}")
    return address


@lru_cache(maxsize=_ADDRESSES_REMEMBERED)
def _ip_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _packet_ms(media: Media) -> int:
    wanted = ptime_ms(media) or DEFAULT_PTIME_MS
    return next((known for known in _PTIMES_MS if known <= wanted), _PTIMES_MS[-1])


def _audio(
    local: _Local, formats: list[tuple[int, str]], dtmf: int | None, agreed: Direction
) -> Media:
    attributes: list[tuple[str, str | None]] = [
        ("rtpmap", f"{number} {encoding}") for number, encoding in formats
    ]
    numbers = [str(number) for number, _ in formats]
    if dtmf is not None:
        numbers.append(str(dtmf))
        attributes.append(("rtpmap", f"{dtmf} {TELEPHONE_EVENT}/8000"))
        attributes.append(("fmtp", f"{dtmf} {_DIGITS}"))
    attributes.append(("ptime", str(local.ptime_ms)))
    attributes.append((agreed.value, None))
    return Media("audio", local.port, "RTP/AVP", tuple(numbers), attributes=tuple(attributes))


def _refused(media: Media) -> Media:
    """Refuse a section: RFC 3264 section 6 wants its place, kind and formats kept."""
    nothing: Attributes = ()
    return Media(media.kind, 0, media.protocol, media.formats, attributes=nothing)


def _description(local: _Local, media: tuple[Media, ...]) -> Description:
    origin = Origin("-", str(local.session_id), str(local.version), local.ip)
    return Description(origin, local.ip, media)
