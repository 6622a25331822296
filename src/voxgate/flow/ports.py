"""What running calls are given: every object of another package they touch, in one value."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from voxgate.base.clock import Clock
from voxgate.call.call import LiveCall
from voxgate.call.dial import Dial, DialSettings, Inviter, Locate
from voxgate.call.events import EventLog
from voxgate.call.leg import MediaSession
from voxgate.flow.application import AppSettings, Asker, SecretOf
from voxgate.hooks.payloads import Site
from voxgate.media.events import MediaEvent
from voxgate.media.stream import Stream, StreamStats
from voxgate.model.audio import Audio
from voxgate.model.calls import CallRequest
from voxgate.model.hooks import Hook
from voxgate.routing.outbound import RoutePlan
from voxgate.speech.speaker import Speaker


class AudioFiles(Protocol):
    """Fetches and decodes an address."""

    async def open(self, url: str) -> Audio: ...


@dataclass(frozen=True, slots=True)
class CallSettings:
    media_timeout_s: float
    time_limit_s: int
    strict_verbs: bool


def _unlisted(_session: object) -> Callable[[], None]:
    return lambda: None


@dataclass(frozen=True, slots=True)
class CallPorts:
    """`enlist(session)` makes a session known to live control; call the result when it is over."""

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
    files: AudioFiles
    site: Site
    settings: CallSettings
    redirect_status: Callable[[str, Hook], None]
    observe_media: Callable[[StreamStats], None]
    enlist: Callable[[Any], Callable[[], None]] = _unlisted

    def dial(self, call: LiveCall, plan: RoutePlan, media: MediaSession) -> Dial:
        return Dial(
            call,
            plan,
            media,
            inviter=self.inviter,
            locate=self.locate,
            settings=self.dial_settings,
        )

    def app_settings(self) -> AppSettings:
        return AppSettings(self.secret_of, self.settings.strict_verbs, self.site)

    @staticmethod
    def amd_hook(request: CallRequest) -> Hook | None:
        hook = (request.amd or {}).get("actionHook")
        if isinstance(hook, str):
            return Hook(hook)
        if isinstance(hook, dict):
            return Hook(
                hook["url"], hook.get("method", "POST"), hook.get("username"), hook.get("password")
            )
        return None
