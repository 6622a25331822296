"""When a caller has finished pressing keys: the rules of `gather`, without sound or waiting."""

from dataclasses import dataclass

from voxgate.model.calls import Json


@dataclass(frozen=True, slots=True)
class DigitRules:
    """What ends the input. Zero seconds and zero digits mean no such limit."""

    timeout_s: float = 15.0
    inter_digit_s: float = 0.0
    digits_min: int = 1
    digits_max: int = 0
    finish_keys: str = ""
    cuts_prompt: bool = True
    counts_in_prompt: bool = True


class DigitCollector:
    """Keys, the end of the prompt and the time in; the result out.

    While `prompting` the prompt is to be heard; whoever plays it stops as soon as it turns
    False. `is_over` waits for the prompt: with `cuts_prompt` off a caller who is quick
    still hears it out.
    """

    def __init__(self, rules: DigitRules, *, prompting: bool, now: float) -> None:
        self._rules = rules
        self._digits = ""
        self._deadline: float | None = None
        self._result: Json | None = None
        self.prompting = prompting
        if not prompting:
            self._start_timeout(now)

    @property
    def is_over(self) -> bool:
        return self._result is not None and not self.prompting

    @property
    def result(self) -> Json:
        return self._result or {"reason": "timeout"}

    @property
    def deadline(self) -> float | None:
        """When time ends it; None: never by itself."""
        return None if self._result is not None else self._deadline

    @property
    def is_decided(self) -> bool:
        """Whether the result is known, though the prompt may still have to be heard out."""
        return self._result is not None

    @property
    def has_digits(self) -> bool:
        return bool(self._digits)

    def postpone(self, deadline: float | None) -> None:
        """Something else than a key was heard: time ends it then, or not at all."""
        if not self._digits:
            self._deadline = deadline

    def wait_s(self, now: float) -> float | None:
        """How long nothing will happen by itself; None: until a key or the end of the prompt."""
        if self._deadline is None or self._result is not None:
            return None
        return max(0.0, self._deadline - now)

    def prompt_ended(self, now: float) -> None:
        if self.prompting:
            self.prompting = False
            if self._deadline is None and not self._digits:
                self._start_timeout(now)

    def key_down(self, now: float) -> None:
        """A key goes down; which, is known when it is let go."""
        if self._rules.cuts_prompt and self._result is None:
            self.prompt_ended(now)

    def press(self, key: str, now: float) -> None:
        if self._result is not None:
            return
        if self.prompting:
            if self._rules.cuts_prompt:
                self.prompting = False
            elif not self._rules.counts_in_prompt:
                return
        if key in self._rules.finish_keys:
            self._finish()
            return
        self._digits += key
        count = len(self._digits)
        if count == self._rules.digits_max:
            self._finish()
        elif self._rules.inter_digit_s and count >= self._rules.digits_min:
            self._deadline = now + self._rules.inter_digit_s
        elif count == 1:
            self._start_timeout(now)

    def pass_time(self, now: float) -> None:
        if self._result is None and self._deadline is not None and now >= self._deadline:
            if len(self._digits) >= max(1, self._rules.digits_min):
                self._finish()
            else:
                self._result = {"reason": "timeout"}

    def _start_timeout(self, now: float) -> None:
        if self._rules.timeout_s:
            self._deadline = now + self._rules.timeout_s

    def _finish(self) -> None:
        self._result = {"reason": "dtmfDetected", "digits": self._digits}
