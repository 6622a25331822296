"""Further legs: dialling them, handing the call on (RFC 3515), requests inside a dialog, digits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from voxgate.model.calls import Json, Target
from voxgate.model.hooks import Hook
from voxgate.verbs.capabilities.amd import AmdOrder


class Nested(Protocol):
    """A verb that runs beside a bridge, on one of its legs; whoever runs it knows its kind."""

    @property
    def verb(self) -> str: ...


@dataclass(frozen=True, slots=True)
class DialTarget:
    """One to ring. What is None is as the order has it."""

    to: Target
    from_user: str | None = None
    from_host: str | None = None
    caller_name: str | None = None
    confirm_hook: Hook | None = None


@dataclass(frozen=True, slots=True)
class Capture:
    """Which keys of a leg are told to the application: sequences such as `*2`."""

    parent: tuple[str, ...] = ()
    child: tuple[str, ...] = ()
    hook: Hook | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """What goes on beside the bridge; `amd` listens to who answers."""

    on_parent: tuple[Nested, ...] = ()
    on_child: tuple[Nested, ...] = ()
    amd: AmdOrder | None = None
    boost_db: float | None = None

    @property
    def needs_media(self) -> bool:
        """Whether the gateway has to hear the audio."""
        return bool(self.on_parent or self.on_child or self.amd or self.boost_db)


@dataclass(frozen=True, slots=True)
class DialOrder:
    """Whom to ring, all at once, and what to do with the first who answers."""

    targets: tuple[DialTarget, ...]
    timeout_s: float = 60
    time_limit_s: float | None = None
    answer_on_bridge: bool = False
    caller_id: str | None = None
    caller_name: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    forward_identity: bool = True
    confirm_hook: Hook | None = None
    music: str | None = None
    capture: Capture = field(default_factory=Capture)
    refer_hook: Hook | None = None
    hold_hook: Hook | None = None
    beside: Beside = field(default_factory=Beside)
    tag: Json | None = None
    anchor_media: bool = False
    exit_media_path: bool = False


@dataclass(frozen=True, slots=True)
class DialResult:
    """How the dial ended. `sip_status` None: nobody was rung at all."""

    status: str
    sip_status: int | None = None
    call_sid: str | None = None
    sbc_callid: str | None = None
    error: str | None = None

    def to_json(self) -> Json:
        """For the action hook; the status under both of its names."""
        found = {
            "dial_call_status": self.status,
            "dial_status": self.status,
            "dial_sip_status": self.sip_status,
            "dial_call_sid": self.call_sid,
            "dial_sbc_callid": self.sbc_callid,
        }
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ReferOrder:
    """A transfer asked of the far end. `refer_to` is a URI, or a user at the far end's host."""

    refer_to: str
    referred_by: str | None = None
    referred_by_name: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    event_hook: Hook | None = None
    action_hook: Hook | None = None
    verb_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReferResult:
    """What the far end made of it; `final_status` None: it never said.

    `answer` is the new document of the action hook, which is asked even if the far end hangs up.
    """

    status: int
    final_status: int | None = None
    answer: object | None = None

    def to_json(self) -> Json:
        found: Json = {"refer_status": self.status, "referStatus": self.status}
        if self.final_status is not None:
            found["final_referred_call_status"] = self.final_status
        return found


@dataclass(frozen=True, slots=True)
class SipAnswer:
    """The far end's final response; `failure` when there was none."""

    status: int
    reason: str
    failure: str | None = None


class Dialling(Protocol):
    """Cancelling a coroutine of this protocol lets go of whom it was ringing or talking to."""

    async def dial(self, order: DialOrder) -> DialResult | None:
        """Returns once the bridge is over or nobody answered.

        None: the far leg went its own way, or took over this call, and nobody is to be told.
        """
        ...

    async def refer(self, order: ReferOrder) -> ReferResult:
        """Hand the call to somebody else; waits at most 15 seconds for its final NOTIFY."""
        ...

    async def request(
        self, method: str, headers: Mapping[str, str], body: str | None, content_type: str | None
    ) -> SipAnswer:
        """Ask the far end something inside the dialog. Raises NotNow before the answer."""
        ...

    async def send_digits(self, digits: str, duration_ms: int) -> None:
        """Returns once they were heard out. Raises NotNow when the far end takes no digits."""
        ...

    # Live control.

    def press(self, digits: str, duration_ms: int) -> None:
        """Send keys without waiting. Raises NotNow."""
        ...

    def mute(self, *, muted: bool) -> None:
        """Keep what this leg says from the other one. Raises NotNow without a bridge."""
        ...

    def redirect_child(self, hook: Hook) -> None:
        """Give the dialled leg an application of its own. Raises NotNow without one."""
        ...

    async def media_path(self, path: str) -> None:
        """`no-media`: the two legs exchange their audio directly. Raises NotNow."""
        ...

    def check_audio(self) -> None:
        """Raises NotNow while the audio of a dial does not pass through the gateway."""
        ...

    def check_joined(self) -> None:
        """Raises NotNow unless the call talks to one that was dialled."""
        ...

    # Any: a document; the module that says what that is knows this one.
    def replace_child(self, document: Any) -> None:  # noqa: ANN401
        """As `redirect_child`, with the verbs it begins with."""
        ...
