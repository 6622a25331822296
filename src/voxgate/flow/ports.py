"""What running calls are given: every object of another package they touch, in one value."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from voxgate.amd.hints import Hints
from voxgate.base.clock import Clock
from voxgate.base.settings import Ringback
from voxgate.call.call import LiveCall
from voxgate.call.dial import Dial, DialSettings, Inviter, Locate
from voxgate.call.events import EventLog
from voxgate.call.leg import MediaSession
from voxgate.flow.application import AppSettings
from voxgate.flow.conference import Conferences
from voxgate.flow.queue import Queues
from voxgate.flow.shelf import Shelf
from voxgate.flow.ways import Asker, Enter, SecretOf, no_sockets
from voxgate.hooks.audio_socket import AudioSockets
from voxgate.hooks.payloads import Site
from voxgate.media.events import MediaEvent
from voxgate.media.room import Room
from voxgate.media.stream import Stream, StreamStats
from voxgate.model.audio import Audio
from voxgate.model.calls import Call, CallRequest, Json
from voxgate.model.hooks import Hook
from voxgate.routing.outbound import RoutePlan
from voxgate.sip.dialog.events import Progress
from voxgate.speech.registry import Recognizers
from voxgate.speech.speaker import Speaker
from voxgate.verbs.capabilities.dialling import Dialling
from voxgate.verbs.contract import NotNow


class AudioFiles(Protocol):
    """Fetches and decodes an address."""

    async def open(self, url: str) -> Audio: ...

    async def decode(self, content: bytes) -> Audio: ...


class Children(Protocol):
    """How a dialled call gets its way out and its record. Both raise VoxgateError, saying why."""

    async def route(self, parent: Call, request: CallRequest) -> RoutePlan: ...

    async def create(self, call: Call, route: RoutePlan, invite: Json | None) -> None:
        """Returns once the call is on disk: no packet leaves before that."""
        ...


@dataclass(frozen=True, slots=True)
class CallSettings:
    media_timeout_s: float
    time_limit_s: int
    strict_verbs: bool
    ringback: Ringback = "eu"


Place = Callable[[str, object], Awaitable[str]]
"""POST Calls for an account: the sid of the new call. Raises VoxgateError, saying why."""


async def _no_calls(_account_sid: str, _document: object) -> str:
    raise NotNow("calls cannot be placed here")


def _no_dialog(_call_id: str, _our_tag: str, _their_tag: str) -> None:
    return None


def _nobody(_call_sid: str) -> None:
    """Without live calls there is none to be found."""


def _left_alone(_call: object) -> None:
    """Without live calls there is nobody to run another one."""


def _unlisted(_session: object) -> Callable[[], None]:
    return lambda: None


@dataclass(frozen=True, slots=True)
class CallPorts:
    """`adopt(call)` runs a dialled call as one of the calls in progress.

    `dialling(session)` makes what a call dials with; `enlist(session)` makes a session known to
    live control: call the result when it is over.
    """

    log: EventLog
    clock: Clock
    inviter: Inviter
    locate: Locate
    dial_settings: DialSettings
    open_stream: Callable[[Callable[[MediaEvent], None]], Stream]
    session_id: Callable[[], int]
    asker: Asker
    secret_of: SecretOf
    speaker: Callable[[], Speaker]
    recognizers: Recognizers
    files: AudioFiles
    audio_sockets: AudioSockets
    site: Site
    settings: CallSettings
    redirect_status: Callable[[str, Hook], None]
    observe_media: Callable[[StreamStats], None]
    conferences: Conferences
    queues: Queues
    queue_event_hook: Callable[[str], Awaitable[Hook | None]]
    children: Children
    open_room: Callable[[], Room]
    dialling: Callable[[Any], Dialling]
    shelf: Shelf
    enter: Enter = no_sockets
    place: Place = _no_calls
    session_of: Callable[[str], Any] = _nobody
    session_with: Callable[[str, str, str], Any] = _no_dialog
    adopt: Callable[[Any], None] = _left_alone
    amd_hints: Callable[[], Hints] = Hints
    enlist: Callable[[Any], Callable[[], None]] = _unlisted

    def dial(
        self,
        call: LiveCall,
        plan: RoutePlan,
        media: MediaSession,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Dial:
        return Dial(
            call,
            plan,
            media,
            inviter=self.inviter,
            locate=self.locate,
            settings=self.dial_settings,
            on_progress=on_progress,
        )

    def app_settings(self) -> AppSettings:
        return AppSettings(self.secret_of, self.settings.strict_verbs, self.site, self.enter)
