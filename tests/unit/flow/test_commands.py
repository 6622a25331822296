from types import SimpleNamespace

import pytest

from unit.flow.fakes import alerts
from unit.flow.room_stage import Stage, noted, settle, verbs
from voxgate.flow import commands
from voxgate.flow.application import NoDocument
from voxgate.flow.commands import InvalidCommand
from voxgate.media.errors import MediaError
from voxgate.model.hooks import Hook
from voxgate.provisioning.call_update import read_update
from voxgate.provisioning.calls import SipAnswer
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.capabilities.rooms import Participant
from voxgate.verbs.capabilities.tracks import Sound
from voxgate.verbs.contract import NotNow

HANGUP = {"verb": "hangup"}
SAY = {"verb": "say", "text": "One more minute."}


class Everything:
    """Every capability at once: remembers what it is asked."""

    def __init__(self, log, *, in_room=True):
        self.log = log
        self.in_room = in_room
        self.refusal = None
        self.rooms = self.tracks = self.ears = self.taps = self.recorder = self

    def _asked(self, *what):
        if self.refusal is not None:
            raise self.refusal
        self.log.append(what)

    def mute(self, *, muted):
        self._asked("mute", muted)
        return self.in_room

    def mute_others(self, *, muted):
        self._asked("mute others", muted)

    def hold(self, hook):
        self._asked("hold", hook)

    def unhold(self):
        self._asked("unhold")

    def act(self, change):
        self._asked("act", change)

    def pause_transcription(self, *, paused):
        self._asked("transcription", paused)

    def check_whisper(self):
        self._asked("may whisper")

    def whisper(self, sounds):
        self._asked("whisper", sounds)

    def boost(self, gain_db):
        self._asked("boost", gain_db)

    def add(self, track):
        self._asked("add", track)

    def pause(self, paused=None):
        self._asked("listening", paused)

    async def stop(self, kind):
        self._asked("stop", kind)


class Dialling:
    def __init__(self, log):
        self.log = log
        self.refusal = None

    def mute(self, *, muted):
        if self.refusal is not None:
            raise self.refusal
        self.log.append(("mute dial", muted))

    def check_joined(self):
        if self.refusal is not None:
            raise self.refusal

    def redirect_child(self, hook):
        self.check_joined()
        self.log.append(("child", hook.url))

    def replace_child(self, document):
        self.log.append(("child verbs", len(document.verbs)))

    def press(self, digits, duration_ms):
        self.log.append(("press", digits, duration_ms))

    async def media_path(self, path):
        self.log.append(("path", path))

    async def request(self, method, headers, body, content_type):
        self.log.append(("request", method, dict(headers), body, content_type))
        return SimpleNamespace(status=488, reason="Not Acceptable Here", failure=None)


class Runner:
    def __init__(self, log):
        self.log = log

    def skip(self):
        self.log.append(("skip",))


def on_call(story, *, in_room=True):
    async def told():
        session = Stage(redirect_status=lambda *_: None).call("a")
        session.log_of = log = []
        session.context = Everything(log, in_room=in_room)
        session.dialling = Dialling(log)
        session.runner = Runner(log)
        session.replace = lambda document: log.append(("replace", len(document.verbs)))
        session.append = lambda document: log.append(("append", len(document.verbs)))
        session.hang_up = lambda _cause: True
        session.cancel = lambda _cause: False
        await story(session, log)
        await session.background.close()

    run_virtual(told())


COMMANDS = [
    ("redirect", [HANGUP], ("replace", 1)),
    ("conf:mute-status", {"conf_mute_status": "mute"}, ("mute others", True)),
    ("conf:hold-status", {"conf_hold_status": "unhold"}, ("unhold",)),
    (
        "conf:hold-status",
        {"conf_hold_status": "hold", "wait_hook": {"url": "/music"}},
        ("hold", Hook("/music")),
    ),
    (
        "conf:participant-action",
        {"action": "coach", "tag": "vip"},
        ("act", Participant("coach", "vip")),
    ),
    ("conf:participant-action", {"action": "kick"}, ("act", Participant("kick"))),
    ("mute:status", "mute", ("mute", True)),
    ("mute:status", {"mute_status": "unmute"}, ("mute", False)),
    ("listen:status", {"listen_status": "pause"}, ("listening", True)),
    ("stream:status", {"stream_status": "resume"}, ("listening", False)),
    ("transcribe:status", {"transcribe_status": "pause"}, ("transcription", True)),
    ("whisper", {"whisper": SAY}, ("whisper", (Sound(text="One more minute."),))),
    ("dtmf", {"dtmf": {"digit": "5", "duration": 300}}, ("press", "5", 300)),
    ("dub", {"action": "addTrack", "track": "m"}, ("add", "m")),
    ("boostAudioSignal", "+3dB", ("boost", 3.0)),
    ("boostAudioSignal", 0, ("boost", 0.0)),
    ("media:path", "no-media", ("path", "no-media")),
    ("record", {"action": "stopCallRecording", "type": "cloud"}, ("stop", "cloud")),
]


@pytest.mark.parametrize(("command", "data", "asked"), COMMANDS)
def test_every_command_reaches_what_carries_it_out(command, data, asked):
    """gotcha 45: which leg was meant is settled before; gotcha 25: kick over either way."""

    async def story(session, log):
        await commands.execute(session, command, data)
        assert log[-1] == asked

    on_call(story)


def test_a_request_inside_the_dialog_returns_the_far_ends_answer():
    async def story(session, log):
        request = {"method": "info", "content_type": "text/plain", "content": "x"}
        answer = await commands.execute(session, "sip:request", {"sip_request": request})

        assert answer == SipAnswer(488, "Not Acceptable Here")
        assert log == [("request", "INFO", {}, "x", "text/plain")]

    on_call(story)


def test_a_tag_is_a_command_too():
    async def story(session, log):
        await commands.execute(session, "tag", {"a": 1})
        assert session.call.record.tag == {"a": 1}

    on_call(story)


def test_queued_verbs_wait_for_their_turn():
    """gotcha 53."""

    async def story(session, log):
        await commands.execute(session, "redirect", [HANGUP, HANGUP], queue=True)
        assert log == [("append", 2)]

    on_call(story)


def test_a_redirect_may_name_both_legs_by_verbs():
    async def story(session, log):
        await commands.execute(
            session, "redirect", {"parent_call": [HANGUP], "child_call": [HANGUP, HANGUP]}
        )
        assert log == [("child verbs", 2), ("replace", 1)]

    on_call(story)


def test_a_redirect_with_hooks_fetches_before_the_dial_is_given_up():
    """gotcha 31: and nothing happens to a verb that is no dial."""

    async def story(session, log):
        async def redirected(hook):
            log.append(("fetch", hook.url))
            return verbs(HANGUP)

        session.application.redirected = redirected
        both = {"call_hook": "/own", "child_call_hook": "/child"}
        await commands.execute(session, "redirect", both)
        await settle()
        assert log == [("fetch", "/own"), ("child", "/child"), ("replace", 1)]

        log.clear()
        session.dialling.refusal = NotNow("there is no dialled call")
        with pytest.raises(NotNow):
            await commands.execute(session, "redirect", both)
        await settle()
        assert log == []

    on_call(story)


@pytest.mark.parametrize(
    ("kind", "then"), [("empty", [("skip",)]), ("failed", []), ("invalid", [])]
)
def test_a_hook_that_answers_nothing_ends_the_verb_and_one_that_fails_nothing(kind, then):
    async def story(session, log):
        async def redirected(_hook):
            raise NoDocument(kind, "nothing")

        session.application.redirected = redirected
        await commands.update(session, read_update({"call_hook": "/new"}))
        await settle()
        assert log == then

    on_call(story)


@pytest.mark.parametrize(
    ("command", "data", "message"),
    [
        ("fly", {}, "there is no command fly"),
        ("redirect", "now", "redirect"),
        ("redirect", {}, "redirect takes"),
        ("redirect", [{"verb": "sing"}], "invalid instruction: sing"),
        ("mute:status", "loud", "invalid mute_status"),
        ("whisper", {"whisper": HANGUP}, "whisper: only say and play can be whispered"),
        ("whisper", {"whisper": {"verb": "say"}}, "whisper: say: missing value for text"),
        ("dub", {"action": "playOnTrack", "track": "m"}, "dub: missing value for play"),
        ("dtmf", None, "no valid options"),
        ("boostAudioSignal", "loud", "boostAudioSignal: must be decibels"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_reason(command, data, message):
    async def story(session, log):
        with pytest.raises(InvalidCommand, match=message):
            await commands.execute(session, command, data)
        assert log == []

    on_call(story)


def test_outside_a_room_the_dial_is_muted():
    async def story(session, log):
        await commands.execute(session, "mute:status", "mute")
        assert log == [("mute", True), ("mute dial", True)]
        session.context = None  # a dialled leg without an application
        await commands.execute(session, "mute:status", "unmute")
        assert log[-1] == ("mute dial", False)

    on_call(story, in_room=False)


def test_a_whisper_that_is_not_possible_leaves_its_companion_undone():
    async def story(session, log):
        session.context.refusal = NotNow("nobody talks")
        with pytest.raises(NotNow):
            await commands.update(session, read_update({"dtmf": {"digit": "1"}, "whisper": SAY}))
        assert log == []

    on_call(story)


def test_beside_a_new_application_a_whisper_is_left_out():
    async def story(session, log):
        await commands.update(session, read_update({"call_status": "completed", "whisper": SAY}))
        assert log == []

    on_call(story)


def test_silence_as_a_listen_or_transcribe_status_does_nothing():
    async def story(session, log):
        await commands.update(session, read_update({"listen_status": "silence"}))
        await commands.update(session, read_update({"transcribe_status": "silence"}))
        assert log == []

    on_call(story)


def test_what_goes_wrong_after_all_is_an_alert_and_a_line_of_the_timeline():
    """gotcha 27: nobody who asked is told."""

    async def story(session, log):
        session.context.refusal = MediaError("the room is gone")
        assert await commands.update(session, read_update({"boostAudioSignal": 3})) is None
        session.context.refusal = RuntimeError("secret")
        await commands.update(session, read_update({"boostAudioSignal": 3}))

        assert alerts(session.log) == [
            "error updating call: the room is gone",
            "error updating call: an error inside the gateway",
        ]
        assert len(noted(session, "update_failed")) == 2

    on_call(story)


def test_without_an_application_nothing_can_be_redirected():
    async def story(session, log):
        session.runner = session.context = None
        for command, data in (("redirect", [HANGUP]), ("redirect", {"call_hook": "/x"})):
            with pytest.raises(NotNow, match="no application"):
                await commands.execute(session, command, data)
        with pytest.raises(NotNow, match="no application"):
            await commands.execute(session, "conf:mute-status", "mute")

    on_call(story)


def test_statuses_need_the_right_state():
    async def story(session, log):
        with pytest.raises(NotNow, match="was answered"):
            await commands.update(session, read_update({"call_status": "no-answer"}))
        session.hang_up = lambda _cause: False
        with pytest.raises(NotNow, match="was not answered"):
            await commands.update(session, read_update({"call_status": "completed"}))

    on_call(story)
