"""The background gather, over sound that somebody else plays."""

from unit.verbs.fakes import FakeCall
from voxgate.speech.recognition import Alternative, Heard
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.capabilities.ears import EarEvent, VoiceBegan
from voxgate.verbs.digits import DigitRules
from voxgate.verbs.gathering import GatherOrder
from voxgate.verbs.listening import gather_over

YES = Heard("acme", "en-US", True, (Alternative("yes", 0.9),))


def over(order: GatherOrder, call: FakeCall) -> tuple[str, float, list[float]]:
    """The reason, when it was over, and when the sound was cut."""
    cuts: list[float] = []

    async def scenario() -> tuple[str, float]:
        result = await gather_over(call, order, lambda: cuts.append(call.now()))
        return result["reason"], call.now()

    return (*run_virtual(scenario()), cuts)


def order(words_to_cut: int = 1, **digits: object) -> GatherOrder:
    rules = DigitRules(timeout_s=15, **digits)  # type: ignore[arg-type]
    return GatherOrder(rules, takes_speech=True, cuts_prompt=True, words_to_cut=words_to_cut)


def test_without_anything_heard_it_waits_however_long():
    """FS#1385: no timeouts in the background."""
    assert over(order(), FakeCall(sounds={5000: YES})) == ("speechDetected", 5000, [5000])


def test_the_sound_is_cut_once_and_by_the_voice_if_that_is_enough():
    sounds: dict[float, EarEvent] = {2: VoiceBegan(), 4: YES}

    assert over(order(words_to_cut=0), FakeCall(sounds=sounds)) == ("speechDetected", 4, [2])


def test_a_key_cuts_the_sound():
    call = FakeCall(keys={3: "1"})

    assert over(order(digits_max=1), call) == ("dtmfDetected", 3, [3])


def test_keys_that_may_not_cut_it_are_told_without_waiting_for_its_end():
    call = FakeCall(keys={3: "1"})

    assert over(order(digits_max=1, cuts_prompt=False), call) == ("dtmfDetected", 3, [])


def test_keys_that_come_to_nothing_are_forgotten_after_a_while():
    call = FakeCall(keys={3: "1"})

    assert over(order(digits_min=4), call)[:2] == ("timeout", 18)
