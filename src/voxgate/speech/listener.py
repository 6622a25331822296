"""The ear of one call: a vendor's session kept open from turn to turn, and who follows if it fails.

A vendor that failed is passed over for the rest of the call.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from voxgate.model.speech import Ear
from voxgate.speech.contract import SpeechAlert
from voxgate.speech.recognition import Heard, Listening, Recognition, RecognitionFailed, Recognizer
from voxgate.speech.registry import OFFLINE_EAR, Recognizers
from voxgate.speech.utterances import Utterances

DEFAULT_LANGUAGE = "en-US"
RATE_HZ = 8000


@dataclass(frozen=True, slots=True)
class _Choice:
    vendor: str
    listening: Listening


def _choices(ear: Ear, call_sid: str) -> list[_Choice]:
    """The vendor asked for and the fallback, in this order."""
    language = ear.language or DEFAULT_LANGUAGE
    listening = Listening(
        language=language,
        hints=ear.hints or (),
        interim=bool(ear.interim),
        call_sid=call_sid,
        options=ear.options,
    )
    choices = [_Choice(ear.vendor or OFFLINE_EAR, listening)]
    if ear.fallback_vendor is not None:
        fallback = replace(listening, language=ear.fallback_language or language)
        choices.append(_Choice(ear.fallback_vendor, fallback))
    return choices


class Listener:
    """Listens as the last `prepare` asked. All methods are called from one loop.

    `alert` is told of each vendor that failed, and with it whether another one takes its place:
    "in progress" or "not available" (None when nothing failed).
    """

    def __init__(
        self,
        recognizers: Recognizers,
        alert: Callable[[SpeechAlert, str | None], None],
        *,
        call_sid: str,
    ) -> None:
        self._call_sid = call_sid
        self._recognizers = recognizers
        self._alert = alert
        self._failed: set[str] = set()
        self._ear: Ear | None = None
        self._choice: _Choice | None = None
        self._recognition: Recognition | None = None
        self._speaking = False
        self._recent = Utterances(RATE_HZ)  # for who takes over in the middle of it

    @property
    def is_open(self) -> bool:
        return self._recognition is not None

    async def prepare(self, ear: Ear) -> None:
        """Have a session as `ear` says: the open one, if it is alike, else a new one.

        Raises RecognitionFailed of the last vendor tried.
        """
        self._ear = ear
        self._recent.clear()
        if self._recognition is not None and self._serves(ear):
            self._recognition.reset()
            return
        await self._close_session()
        await self._open(ear)
        self._repeat()

    async def next(self) -> Heard | None:
        """The next result; None after `finish`. Raises RecognitionFailed when nobody is left."""
        while (recognition := self._recognition) is not None and self._ear is not None:
            try:
                return await recognition.next()
            except RecognitionFailed as failed:
                if recognition is self._recognition:
                    await self._close_session()
                    others = [c for c in self._left(self._ear) if c.vendor != failed.vendor]
                    self._give_up(failed, others=bool(others))
                    await self._open(self._ear, failed)
                    self._repeat()
        return None

    def feed(self, pcm: bytes) -> None:
        self._recent.feed(pcm)
        if self._recognition is not None:
            self._recognition.feed(pcm)

    def turn(self, *, speaking: bool) -> None:
        self._speaking = speaking
        if speaking:
            self._recent.speaking = True
        if self._recognition is not None:
            self._recognition.turn(speaking=speaking)
            if not speaking:
                self._recent.clear()

    def _repeat(self) -> None:
        """What was said since nobody listened."""
        if self._recognition is not None and self._recent.speaking:
            self._recognition.feed(self._recent.sound)
            self._recognition.turn(speaking=True)
            if not self._speaking:
                self.turn(speaking=False)

    def finish(self) -> None:
        if self._recognition is not None:
            self._recognition.finish()

    async def close(self) -> None:
        await self._close_session()

    def _serves(self, ear: Ear) -> bool:
        """Interim results that nobody wants do no harm."""
        left = self._left(ear)
        more = [replace(c, listening=replace(c.listening, interim=True)) for c in left]
        return self._choice in left[:1] + more[:1]

    def _left(self, ear: Ear) -> list[_Choice]:
        return [
            choice for choice in _choices(ear, self._call_sid) if choice.vendor not in self._failed
        ]

    async def _open(self, ear: Ear, last: RecognitionFailed | None = None) -> None:
        choices = self._left(ear)
        for number, choice in enumerate(choices, 1):
            try:
                vendor = self._recognizers.find(choice.vendor)
                self._recognition = await _opened(vendor, choice)
            except RecognitionFailed as failed:
                self._give_up(failed, others=number < len(choices))
                last = failed
            else:
                self._choice = choice
                for caution in self._recognition.cautions:
                    self._alert(SpeechAlert("stt-failure", f"{choice.vendor}: {caution}"), None)
                return
        detail = "it failed before in this call"
        raise last or RecognitionFailed("failed", ear.vendor or OFFLINE_EAR, detail)

    def _give_up(self, failed: RecognitionFailed, *, others: bool) -> None:
        """What was refused may be right the next time; what broke is not tried again."""
        if failed.kind in {"failed", "unknown-vendor"}:
            self._failed.add(failed.vendor)
        self._alert(_alert(failed), "in progress" if others else "not available")

    async def _close_session(self) -> None:
        recognition, self._recognition = self._recognition, None
        if recognition is not None:
            await recognition.close()


async def _opened(vendor: Recognizer, choice: _Choice) -> Recognition:
    try:
        return await vendor.open(choice.listening)
    except RecognitionFailed:
        raise
    except Exception as failure:  # boundary: a vendor's library may raise anything
        raise RecognitionFailed("failed", choice.vendor, type(failure).__name__) from failure


def _alert(failed: RecognitionFailed) -> SpeechAlert:
    if failed.kind == "unknown-vendor":
        message = f"speech to text credentials for {failed.vendor} have not been provisioned"
        return SpeechAlert("no-stt", message)
    return SpeechAlert("stt-failure", str(failed), failed.detail)
