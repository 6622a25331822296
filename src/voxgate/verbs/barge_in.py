"""`config.bargeIn`: a gather in the background, while other verbs run."""

from pydantic import Field

from voxgate.model.speech import Ear
from voxgate.verbs.capabilities.ears import BackgroundGather
from voxgate.verbs.contract import WireObject
from voxgate.verbs.digits import DigitRules
from voxgate.verbs.gather import Inputs
from voxgate.verbs.gathering import GatherOrder
from voxgate.verbs.properties import Count, HookProperty, Seconds
from voxgate.verbs.recognizer import Recognizer

# Keys that do not become what was asked for are forgotten after so long; nobody is told.
FORGOTTEN_AFTER_S = 15.0


class BargeIn(WireObject):
    """The first key or words cut the prompt; the result goes to the hook, if there is one."""

    enable: bool
    sticky: bool = Field(False, description="Go on after a hit; otherwise one is all.")
    action_hook: HookProperty | None = None
    input: Inputs = ("digits",)
    finish_on_key: str = ""
    num_digits: Count = 0
    min_digits: Count = 1
    max_digits: Count = 0
    inter_digit_timeout: Seconds = 0
    dtmf_bargein: bool = True
    min_bargein_word_count: Count = 1
    partial_result_hook: HookProperty | None = None
    recognizer: Recognizer | None = None

    @property
    def gather(self) -> BackgroundGather | None:
        """For `ctx.ears.background_gather`; None: none shall run."""
        if not self.enable:
            return None
        limits = [limit for limit in (self.num_digits, self.max_digits) if limit]
        digits = DigitRules(
            timeout_s=FORGOTTEN_AFTER_S,
            inter_digit_s=self.inter_digit_timeout,
            digits_min=max(1, self.min_digits),
            digits_max=min(limits, default=0),
            finish_keys=self.finish_on_key,
            cuts_prompt=self.dtmf_bargein,
        )
        order = GatherOrder(
            digits,
            takes_digits="digits" in self.input,
            takes_speech="speech" in self.input,
            cuts_prompt=True,
            words_to_cut=self.min_bargein_word_count,
            ear=self.recognizer.ear if self.recognizer else Ear(),
            partial_hook=self.partial_result_hook.hook if self.partial_result_hook else None,
        )
        return BackgroundGather(
            order, self.sticky, self.action_hook.hook if self.action_hook else None
        )
