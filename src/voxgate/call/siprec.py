"""What a recording server is told of a call: RFC 7865 metadata, and the body that carries it."""

import base64
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

from voxgate.sip.dialog.events import SDP

METADATA = "application/rs-metadata+xml"
_NAMESPACE = "urn:ietf:params:xml:ns:recording:1"
_BOUNDARY = "voxgate-recording"


def _id() -> str:
    """As RFC 7865 section 9 wants them: a UUID in base64."""
    return base64.b64encode(uuid.uuid4().bytes).decode()


@dataclass(frozen=True, slots=True)
class Participant:
    """One side of the recorded call and the label of the section that carries what it says."""

    aor: str  # sip:+4930111222@example.com
    name: str | None
    label: str
    participant_id: str = field(default_factory=_id)
    stream_id: str = field(default_factory=_id)


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A communication session as its recording server knows it. `recording_id`: the application's."""

    call_sid: str
    participants: tuple[Participant, Participant]
    began_at: float
    recording_id: str | None = None
    session_id: str = field(default_factory=_id)

    def metadata(self) -> bytes:
        """A complete snapshot."""
        began = _moment(self.began_at)
        session = quoteattr(self.session_id)
        lines = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f"<recording xmlns={quoteattr(_NAMESPACE)}>",
            "<datamode>complete</datamode>",
            f"<session session_id={session}>",
            f"<sipSessionID>{escape(self.recording_id or self.call_sid)}</sipSessionID>",
            "</session>",
            *(_participant(one) for one in self.participants),
            *(
                f"<stream stream_id={quoteattr(one.stream_id)} session_id={session}>"
                f"<label>{escape(one.label)}</label></stream>"
                for one in self.participants
            ),
            f"<sessionrecordingassoc session_id={session}>"
            f"<associate-time>{began}</associate-time></sessionrecordingassoc>",
            *(
                f"<participantsessionassoc participant_id={quoteattr(one.participant_id)}"
                f" session_id={session}><associate-time>{began}</associate-time>"
                "</participantsessionassoc>"
                for one in self.participants
            ),
            *(
                f"<participantstreamassoc participant_id={quoteattr(one.participant_id)}>"
                f"<send>{one.stream_id}</send><recv>{other.stream_id}</recv>"
                "</participantstreamassoc>"
                for one, other in zip(self.participants, reversed(self.participants), strict=True)
            ),
            "</recording>",
        ]
        return "\r\n".join(lines).encode()


def body(description: bytes, metadata: bytes) -> tuple[str, bytes]:
    """Content-Type and body of the INVITE (RFC 7866 section 9.1)."""
    parts = [
        f"--{_BOUNDARY}\r\nContent-Type: {SDP}\r\n\r\n".encode() + description,
        f"--{_BOUNDARY}\r\nContent-Type: {METADATA}\r\n"
        "Content-Disposition: recording-session\r\n\r\n".encode()
        + metadata,
        f"--{_BOUNDARY}--\r\n".encode(),
    ]
    return f"multipart/mixed;boundary={_BOUNDARY}", b"\r\n".join(parts)


def _participant(one: Participant) -> str:
    name = "" if one.name is None else f"<name>{escape(one.name)}</name>"
    return (
        f"<participant participant_id={quoteattr(one.participant_id)}>"
        f"<nameID aor={quoteattr(one.aor)}>{name}</nameID></participant>"
    )


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
