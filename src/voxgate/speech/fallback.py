"""Who speaks when the vendor asked for cannot, and who is told."""

from collections.abc import Sequence
from dataclasses import dataclass

from voxgate.model.audio import Audio
from voxgate.model.speech import Voice
from voxgate.speech.cache import AudioCache
from voxgate.speech.contract import SpeechAlert, SpeechFailed, Utterance
from voxgate.speech.registry import OFFLINE, Registry


@dataclass(frozen=True, slots=True)
class Rendered:
    """The sound, whose it is, and what went wrong on the way to it."""

    audio: Audio
    voice: Voice
    alerts: tuple[SpeechAlert, ...] = ()


class Fallback:
    """The voices of one call: a vendor that failed is passed over for the rest of it."""

    def __init__(self, registry: Registry, cache: AudioCache) -> None:
        self._registry = registry
        self._cache = cache
        self._failed_vendors: set[str] = set()
        self._unknown_voices: set[Voice] = set()

    async def render(
        self, wanted: Utterance, fallback: Voice | None = None, *, cached: bool = True
    ) -> Rendered:
        """In the voice wanted, else in `fallback`, else in the offline voice of that language.

        Raises SpeechFailed of the last one tried.
        """
        alerts: list[SpeechAlert] = []
        for utterance in self._in_order(wanted, fallback):
            try:
                audio = await self._render_one(utterance, cached=cached)
            except SpeechFailed as failure:
                alerts.append(_alert(failure, utterance))
                self._remember(failure, utterance.voice)
                last = failure
            else:
                return Rendered(audio, utterance.voice, tuple(alerts))
        raise last

    def _in_order(self, wanted: Utterance, fallback: Voice | None) -> Sequence[Utterance]:
        """The voices to try; the offline one in no particular voice is always the last."""
        offline = Voice(OFFLINE, wanted.voice.language)
        asked = [wanted.voice, *([fallback] if fallback else [])]
        worth_trying = [
            voice
            for voice in asked
            if voice.vendor not in self._failed_vendors and voice not in self._unknown_voices
        ]
        return [wanted.by(voice) for voice in dict.fromkeys([*worth_trying, offline])]

    def _remember(self, failure: SpeechFailed, voice: Voice) -> None:
        if failure.kind == "unknown-voice":
            self._unknown_voices.add(voice)
        elif failure.kind != "busy" and voice.vendor != OFFLINE:
            self._failed_vendors.add(voice.vendor)

    async def _render_one(self, utterance: Utterance, *, cached: bool) -> Audio:
        vendor = self._registry.find(utterance.voice.vendor)

        async def render() -> Audio:
            try:
                return await vendor.render(utterance)
            except SpeechFailed:
                raise
            except Exception as failure:  # boundary: a vendor's library may raise anything
                detail = f"{type(failure).__name__}"
                raise SpeechFailed("failed", utterance.voice.vendor, detail) from failure

        return await (self._cache.get(utterance, render) if cached else render())


def _alert(failure: SpeechFailed, utterance: Utterance) -> SpeechAlert:
    vendor = failure.vendor
    if failure.kind == "unknown-vendor":
        return SpeechAlert(
            "no-tts",
            f"text to speech credentials for {vendor} have not been provisioned",
            f"another voice speaks {utterance.voice.language}",
        )
    return SpeechAlert("tts-failure", str(failure), failure.detail)
