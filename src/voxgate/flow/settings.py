"""What `config` changes on a call, and what the call started with (contract 5.2, config)."""

from collections.abc import Callable
from dataclasses import replace

from voxgate.model.calls import CallRequest
from voxgate.model.hooks import Hook
from voxgate.model.speech import SynthesizerChoice, Voice
from voxgate.verbs.capabilities.settings import Delay, Noise


class SessionSettings:
    """The Settings of one session."""

    def __init__(self, request: CallRequest) -> None:
        self._request = request
        self._synthesizer: SynthesizerChoice | None = None
        self._lent: Delay | None = None
        self.noise: Noise | None = None
        self.delay: Delay | None = None
        self.hold_music: str | None = None
        self.sip_request_hook: Hook | None = request.sip_request_hook
        self.refer_hook: Hook | None = request.refer_hook
        self.notify_events = False
        self.notify_stt_latency = False
        self.early_media = False
        self.cache_speech = True

    @property
    def voice(self) -> Voice:
        ordered = self._request.voice
        return ordered if self._synthesizer is None else self._synthesizer.resolve(ordered)

    def spoken(self, wish: SynthesizerChoice | None) -> SynthesizerChoice:
        """A verb's wish, with what it leaves to the session beyond the voice."""
        session = self._synthesizer or SynthesizerChoice()
        session = replace(session, fallback=session.fallback or self._request.fallback_voice)
        return (wish or SynthesizerChoice(gender=session.gender)).over(session)

    def speak_as(self, synthesizer: SynthesizerChoice | None) -> None:
        self._synthesizer = synthesizer

    def reset(self, names: tuple[str, ...]) -> None:
        for name in names:
            if (undo := _RESETS.get(name)) is not None:
                undo(self, self._request)

    def lend(self, delay: Delay | None) -> None:
        self._lent = delay

    def take_delay(self) -> Delay | None:
        """For one wait."""
        lent, self._lent = self._lent, None
        return lent or self.delay


def _ordered_voice(settings: SessionSettings, _request: CallRequest) -> None:
    settings.speak_as(None)


def _no_noise(settings: SessionSettings, _request: CallRequest) -> None:
    settings.noise = None


def _no_delay(settings: SessionSettings, _request: CallRequest) -> None:
    settings.delay = None


def _no_music(settings: SessionSettings, _request: CallRequest) -> None:
    settings.hold_music = None


def _request_hook(settings: SessionSettings, request: CallRequest) -> None:
    settings.sip_request_hook = request.sip_request_hook


def _refer_hook(settings: SessionSettings, request: CallRequest) -> None:
    settings.refer_hook = request.refer_hook


def _no_events(settings: SessionSettings, _request: CallRequest) -> None:
    settings.notify_events = False


def _no_latency(settings: SessionSettings, _request: CallRequest) -> None:
    settings.notify_stt_latency = False


def _no_early_media(settings: SessionSettings, _request: CallRequest) -> None:
    settings.early_media = False


def _cached(settings: SessionSettings, _request: CallRequest) -> None:
    settings.cache_speech = True


_RESETS: dict[str, Callable[[SessionSettings, CallRequest], None]] = {
    "synthesizer": _ordered_voice,
    "fillerNoise": _no_noise,
    "actionHookDelayAction": _no_delay,
    "onHoldMusic": _no_music,
    "sipRequestWithinDialogHook": _request_hook,
    "referHook": _refer_hook,
    "notifyEvents": _no_events,
    "notifySttLatency": _no_latency,
    "earlyMedia": _no_early_media,
    "disableTtsCache": _cached,
}
