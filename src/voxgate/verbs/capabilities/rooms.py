"""Where calls meet: conferences, and queues in which callers wait for somebody to take them."""

from dataclasses import dataclass
from typing import Any, Protocol

from voxgate.model.calls import Json
from voxgate.model.hooks import Hook


class Nested(Protocol):
    """A verb that runs beside the conference, on this leg."""

    @property
    def verb(self) -> str: ...

    # The context of verbs knows this module, so this module cannot name it.
    async def run(self, ctx: Any) -> object: ...  # noqa: ANN401


@dataclass(frozen=True, slots=True)
class ConferenceWish:
    """How a call wants to take part. The status hook and the end of the first one count."""

    name: str
    beep: bool = False
    muted: bool = False
    starts: bool = True
    ends: bool = False
    tag: str | None = None
    speaks_only_to: str | None = None
    members_max: int | None = None
    lasts_s: float | None = None
    wait_hook: Hook | None = None
    enter_hook: Hook | None = None
    status_hook: Hook | None = None
    status_events: frozenset[str] = frozenset()
    record_path: str | None = None
    relays_digits: bool = False
    beside: tuple[Nested, ...] = ()


@dataclass(frozen=True, slots=True)
class QueueWish:
    """A place in a queue; the lowest priority is taken first, of equal ones the oldest."""

    name: str
    priority: int = 999
    wait_hook: Hook | None = None


@dataclass(frozen=True, slots=True)
class Taking:
    """Whom to take out of a queue: its head, or one call. `timeout_s` None: wait for ever.

    With a `confirm_hook` the two are joined only once its verbs are over and the taker still stands.
    """

    name: str
    timeout_s: float | None = None
    beep: bool = False
    call_sid: str | None = None
    confirm_hook: Hook | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told when the call ends inside, for then no verb is left to ask its action hook."""

    hook: Hook
    verb_id: str | None


@dataclass(frozen=True, slots=True)
class Left:
    """How somebody left a conference. `reason`: "left", "kicked", "ended", "full"."""

    reason: str


@dataclass(frozen=True, slots=True)
class Participant:
    """A change to one who takes part; see contract 6, conferenceParticipantAction."""

    action: str
    tag: str | None = None
    wait_hook: Hook | None = None


class Rooms(Protocol):
    """Cancelling a coroutine of this protocol takes the call out of the room or queue."""

    async def confer(self, wish: ConferenceWish, done: Told | None) -> Left:
        """Returns when this call is no longer part of the conference."""
        ...

    async def enqueue(self, wish: QueueWish, done: Told | None) -> Json:
        """Returns the action hook's result once nobody waits or talks any more."""
        ...

    async def dequeue(self, taking: Taking, done: Told | None) -> Json:
        """Returns the action hook's result once the two have parted."""
        ...

    def leave(self) -> None:
        """End this call's waiting in a queue, or refuse whom it is asked to confirm.

        Nothing happens when it does neither.
        """
        ...

    # Live call control; each raises NotNow outside a conference.

    def mute(self, *, muted: bool) -> bool:
        """Mute or unmute this call in its room; False when it is in none."""
        ...

    def mute_others(self, *, muted: bool) -> None:
        """Mute or unmute all who are no moderators, those who come later too."""
        ...

    def hold(self, wait_hook: Hook | None) -> None:
        """Take this call aside; the hook's verbs are heard meanwhile, else silence."""
        ...

    def unhold(self) -> None: ...

    def act(self, change: Participant) -> None: ...
