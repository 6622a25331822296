from voxgate.sandbox.performance import Performance, Sign
from voxgate.sandbox.script import Script


class Stage:
    """Plays a script, jumping to each deadline; steps are noted as `time: step`."""

    def __init__(self, script: str) -> None:
        self.now = 0.0
        self.performance = Performance(Script.parse(script))
        self.seen: list[str] = []
        self._note(self.performance.begin(self.now))

    def _note(self, steps) -> None:
        self.seen += [f"{self.now:g}: {step}" for step in steps]

    def wait(self) -> "Stage":
        assert self.performance.deadline is not None
        self.now = self.performance.deadline
        self._note(self.performance.on_time(self.now))
        return self

    def hears(self, sign: Sign, at: float) -> "Stage":
        self.now = at
        self._note(self.performance.hear(sign, at))
        return self


def test_a_person_rings_answers_speaks_and_listens_until_the_caller_leaves():
    stage = Stage('ring 1s; answer; wait 0.5s; say "Hello?"; listen')
    assert stage.seen == ["0: ring 1s"]

    stage.wait().wait()
    assert stage.seen[1:] == ["1: answer", "1: wait 0.5s", '1.5: say "Hello?"']

    stage.hears(Sign.PLAYED, 2.2)
    assert stage.seen[-1] == "2.2: listen"
    assert stage.performance.deadline is None

    stage.hears(Sign.GONE, 9.0)
    assert stage.performance.over


def test_a_ring_without_an_end_waits_for_the_caller_to_give_up():
    stage = Stage("ring")

    assert stage.performance.deadline is None
    assert not stage.performance.over


def test_digits_are_pressed_once_the_prompt_has_been_quiet_long_enough():
    stage = Stage("answer; listen until silence 1s; press 1; listen")

    stage.hears(Sign.SPEECH_BEGAN, 1.0).hears(Sign.SPEECH_ENDED, 3.0)
    stage.hears(Sign.SPEECH_BEGAN, 3.5)  # only a pause for breath
    assert stage.performance.deadline == 30.0

    stage.hears(Sign.SPEECH_ENDED, 5.0).wait()
    assert stage.seen[-1] == "6: press 1"

    stage.hears(Sign.PRESSED, 6.3)
    assert stage.seen[-1] == "6.3: listen"


def test_a_pause_that_was_noticed_late_counts_from_its_beginning():
    stage = Stage("answer; listen until silence 1s; press 1").hears(Sign.SPEECH_BEGAN, 1.0)

    stage.performance.hear(Sign.SPEECH_ENDED, 3.4, happened_at=3.0)
    assert stage.performance.deadline == 4.0


def test_a_prompt_that_was_under_way_already_counts():
    stage = Stage('answer; say "Hello?"; listen until silence 1s; press 1')

    stage.hears(Sign.SPEECH_BEGAN, 0.2).hears(Sign.PLAYED, 0.8).hears(Sign.SPEECH_ENDED, 2.0)
    stage.wait()

    assert stage.seen[-1] == "3: press 1"


def test_silence_before_the_first_word_is_not_the_end_of_the_prompt():
    stage = Stage("answer; listen until silence 1s max 8s; press 1")

    stage.hears(Sign.SPEECH_ENDED, 0.5)

    assert stage.performance.deadline == 8.0


def test_a_caller_who_never_speaks_is_not_waited_for_forever():
    stage = Stage("answer; listen until silence 1s max 8s; hang up").wait()

    assert stage.seen[-1] == "8: hang up"
    assert stage.performance.over


def test_a_menu_goes_on_when_the_last_digit_came():
    stage = Stage('answer; listen until digits 2 max 9s; say "Thanks"')

    stage.hears(Sign.DIGIT, 1.0)
    assert len(stage.seen) == 2
    stage.hears(Sign.DIGIT, 2.0)

    assert stage.seen[-1] == '2: say "Thanks"'


def test_digits_that_nobody_asked_for_change_nothing():
    stage = Stage("answer; listen 5s; hang up").hears(Sign.DIGIT, 1.0)

    assert stage.seen == ["0: answer", "0: listen 5s"]


def test_barging_in_waits_for_the_first_word():
    stage = Stage("answer; listen until speech; press 5").hears(Sign.SPEECH_BEGAN, 0.4)

    assert stage.seen[-1] == "0.4: press 5"


def test_speech_in_progress_is_speech():
    stage = Stage('answer; say "Hello?"; listen until speech; press 5')

    stage.hears(Sign.SPEECH_BEGAN, 0.2).hears(Sign.PLAYED, 0.8)

    assert stage.seen[-1] == "0.8: press 5"


def test_a_challenge_goes_on_only_when_answered():
    stage = Stage("challenge 407 a b; ring 1s; answer")
    assert stage.performance.deadline is None

    stage.hears(Sign.AUTHORIZED, 0.1)

    assert stage.seen[-1] == "0.1: ring 1s"


def test_nothing_follows_a_rejection_or_a_caller_who_left():
    rejected = Stage("reject 486")
    assert rejected.performance.over
    assert rejected.performance.deadline is None

    left = Stage("ring 5s; answer").hears(Sign.GONE, 1.0)
    assert left.performance.on_time(9.0) == []
    assert left.performance.hear(Sign.PLAYED, 9.0) == []


def test_time_before_the_deadline_changes_nothing():
    stage = Stage("ring 5s; answer")

    assert stage.performance.on_time(4.9) == []


def test_a_script_that_just_ends_stays_on_the_line():
    stage = Stage('answer; say "Hello?"').hears(Sign.PLAYED, 1.0)

    assert not stage.performance.over
    assert stage.performance.deadline is None
