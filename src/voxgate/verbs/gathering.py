"""When a caller has finished speaking or pressing keys: the rules of `gather`, without sound.

Digits and speech share the timeout, the prompt and the result. The first digit stops the speech.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from voxgate.model.calls import Json
from voxgate.model.hooks import Hook
from voxgate.model.speech import Ear
from voxgate.speech.recognition import Heard
from voxgate.speech.words import count_words
from voxgate.verbs.digits import DigitCollector, DigitRules
from voxgate.verbs.speech_result import speech_result

NOTHING_SAID = Ear()

# A caller may go on past the timeout with what was begun before it, but not for ever.
LATE_SPEECH_S = 10.0
# What a recogniser takes to give the result of speech that is over.
RESULT_S = 2.0
# After the key that ends continuous speech, for the result of its last words.
TERMINATION_S = 1.0


@dataclass(frozen=True, slots=True)
class SpeechRules:
    """What ends speech. Zero seconds mean no such limit."""

    cuts_prompt: bool = False
    words_to_cut: int = 1  # 0: the voice itself
    counts_in_prompt: bool = True
    silence_s: float = 0.0
    continuous_s: float = 0.0
    continuous_key: str = ""
    fast_s: float = 0.0
    confidence_min: float = 0.0


@dataclass(frozen=True, slots=True)
class GatherRules:
    digits: DigitRules
    takes_digits: bool = True
    speech: SpeechRules | None = None


@dataclass(frozen=True, slots=True)
class GatherOrder:
    """What an instruction wants gathered; the recogniser's own limits come with `ear`."""

    digits: DigitRules
    takes_digits: bool = True
    takes_speech: bool = False
    cuts_prompt: bool = False
    words_to_cut: int = 1
    counts_in_prompt: bool = True
    silence_s: float = 0.0
    ear: Ear = NOTHING_SAID
    partial_hook: Hook | None = None
    verb_id: str | None = None

    def complete(self, ear: Ear) -> Ear:
        """`ear` with words told while they may change, where something depends on them."""
        wants_interim = self.cuts_prompt or self.partial_hook is not None or ear.fast_s
        return replace(ear, interim=True) if wants_interim or self.silence_s else ear

    def rules(self, ear: Ear) -> GatherRules:
        """`ear` is the order's, with what it leaves to the session."""
        speech = SpeechRules(
            cuts_prompt=self.cuts_prompt,
            words_to_cut=self.words_to_cut,
            counts_in_prompt=self.counts_in_prompt,
            silence_s=self.silence_s,
            continuous_s=ear.continuous_s or 0.0,
            continuous_key=ear.continuous_key or "",
            fast_s=ear.fast_s or 0.0,
            confidence_min=ear.confidence_min or 0.0,
        )
        return GatherRules(self.digits, self.takes_digits, speech if self.takes_speech else None)


class Gathering:
    """Keys, words, voice, the end of the prompt and the time in; the result out.

    While `prompting` the prompt is to be heard; whoever plays it stops as soon as it turns
    False. `is_over` waits for a prompt that may not be cut.
    """

    def __init__(self, rules: GatherRules, *, prompting: bool, now: float) -> None:
        self._rules = rules
        self._speech = rules.speech
        self._keys = DigitCollector(rules.digits, prompting=prompting, now=now)
        self._result: Json | None = None
        self._finals: list[Heard] = []
        self._interim: Heard | None = None
        self._voice = False  # the far end makes sounds of speech now
        self._held = False  # the timeout waits for the voice to fall silent
        self._held_until: float | None = None
        self._terminating = False
        self._fast_at: float | None = None
        self._continuous_at: float | None = None
        self._silent_at: float | None = None
        self._silent_limit = 0.0  # for a voice that goes on without words

    # What to do.

    @property
    def prompting(self) -> bool:
        return self._keys.prompting

    @property
    def is_decided(self) -> bool:
        """Whether the result is known, though the prompt may still have to be heard out."""
        return self._result is not None or self._keys.is_decided

    @property
    def is_over(self) -> bool:
        return self.is_decided and not self.prompting

    @property
    def result(self) -> Json:
        return self._result or self._keys.result

    @property
    def hears(self) -> bool:
        """Whether speech counts now."""
        rules = self._speech
        return (
            rules is not None
            and self._result is None
            and not self._keys.has_digits
            and not self._keys.is_decided
            and (rules.counts_in_prompt or not self.prompting)
        )

    def wait_s(self, now: float) -> float | None:
        """How long nothing will happen by itself; None: until something is heard."""
        if self._result is not None:
            return None
        deadlines = [self._keys.deadline]
        if self.hears:
            deadlines += [self._fast_at, self._continuous_at, self._silent_at]
        left = [deadline - now for deadline in deadlines if deadline is not None]
        return max(0.0, min(left)) if left else None

    # What happens.

    def prompt_ended(self, now: float) -> None:
        self._keys.prompt_ended(now)

    def key_down(self, now: float) -> None:
        """The prompt ends with the beginning of a press, not when the key is let go."""
        if self._rules.takes_digits and self._result is None:
            self._keys.key_down(now)

    def press(self, key: str, now: float) -> None:
        rules = self._speech
        if rules and rules.continuous_s and key == rules.continuous_key and self.hears:
            self._continuous_at = now + TERMINATION_S
            self._terminating = True
        elif self._rules.takes_digits and self._result is None:
            self._keys.press(key, now)

    def voice(self, now: float, *, on: bool) -> None:
        """The far end began to speak, or fell silent."""
        self._voice, rules = on, self._speech
        if rules is None or not self.hears:
            return
        if on:
            if rules.cuts_prompt and rules.words_to_cut == 0:
                self._keys.prompt_ended(now)
            return
        if self._silent_at is not None:
            self._silent_at = min(now + rules.silence_s, self._silent_limit)
        if (deadline := self._keys.deadline) is not None:
            # Speech that ended in time may have its result a little later.
            self._held_until = limit = self._held_until or deadline + LATE_SPEECH_S
            due = now + RESULT_S
            self._keys.postpone(min(limit, due if self._held else max(deadline, due)))
            self._held = False

    def heard(self, words: Heard, now: float) -> bool:
        """Whether it counts; empty results never do (FS#962)."""
        rules = self._speech
        if rules is None or not self.hears or not words.transcript:
            return False
        enough = words.is_final or count_words(words.transcript) >= rules.words_to_cut
        if rules.cuts_prompt and enough:
            # The timeout starts when the prompt is cut (jambonz PR FS#1420).
            self._keys.prompt_ended(now)
        self._await_more(rules, now)
        if words.is_final:
            self._take(rules, words, now)
        else:
            changed = self._interim is None or words.transcript != self._interim.transcript
            self._interim = words
            if changed and rules.fast_s:
                self._fast_at = now + rules.fast_s
        return True

    def failed(self, details: str) -> None:
        """Nobody can recognise speech any more."""
        keys = self._keys
        if self._speech and not (self._result or keys.is_decided or keys.has_digits):
            self._result = {"reason": "error", "details": details}
            self._keys.prompting = False

    def pass_time(self, now: float) -> None:
        if self._result is not None:
            return
        if self.hears:
            self._pass_speech_time(now)
        deadline = self._keys.deadline
        is_due = self._result is None and deadline is not None and now >= deadline
        if is_due and not (self.hears and self._hold_timeout(now)):
            self._keys.pass_time(now)

    # The rules.

    def _await_more(self, rules: SpeechRules, now: float) -> None:
        """Words were heard: the timeout no longer cuts them (FS#777), what follows them does."""
        if self._continuous_at is not None and not self._terminating:
            self._continuous_at = now + rules.continuous_s
        if rules.silence_s:
            self._silent_at = now + rules.silence_s
            self._silent_limit = self._silent_at + LATE_SPEECH_S
        if self._keys.deadline is not None:
            self._held, self._held_until = False, None
            self._keys.postpone(now + self._rules.digits.timeout_s)

    def _take(self, rules: SpeechRules, words: Heard, now: float) -> None:
        self._interim = self._fast_at = None
        if words.is_final and words.confidence < rules.confidence_min:
            self._result = _spoken("stt-low-confidence", [words])
            return
        self._finals.append(words)
        if rules.continuous_s:
            if not self._terminating:
                self._continuous_at = now + rules.continuous_s
            self._keys.postpone(None)
        elif not rules.silence_s:
            self._result = _spoken("speechDetected", self._finals)

    def _pass_speech_time(self, now: float) -> None:
        rules = self._speech
        is_fast = self._fast_at is not None and now >= self._fast_at
        if rules is not None and is_fast and self._interim is not None:
            self._take(rules, self._interim, now)
        if self._continuous_at is not None and now >= self._continuous_at:
            self._conclude()
        if self._result is None and self._silent_at is not None and now >= self._silent_at:
            if self._voice and now < self._silent_limit:
                self._silent_at = self._silent_limit
            else:
                self._conclude()

    def _conclude(self) -> None:
        """What was said so far is all there is."""
        said = [*self._finals, *([self._interim] if self._interim else [])]
        self._result = _spoken("speechDetected", said) if said else {"reason": "timeout"}

    def _hold_timeout(self, now: float) -> bool:
        """Whether the timeout is put off by what was heard before it."""
        rules, deadline = self._speech, self._keys.deadline
        if rules is None or deadline is None:
            return False
        if self._finals or self._interim is not None:
            if rules.continuous_s and self._continuous_at is None:
                self._continuous_at = now + rules.continuous_s
            if self._continuous_at is None and self._silent_at is None:
                self._conclude()
            self._keys.postpone(None)
            return True
        self._held_until = self._held_until or deadline + LATE_SPEECH_S
        self._held = self._voice and now < self._held_until
        if self._held:
            self._keys.postpone(self._held_until)
        return self._held


def _spoken(reason: str, said: Sequence[Heard]) -> Json:
    return {"reason": reason, "speech": speech_result(said)}
