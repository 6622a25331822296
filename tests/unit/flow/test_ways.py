from contextlib import suppress

import pytest

from unit.call.fakes import ListLog
from unit.flow.fakes import CALL_HOOK, ScriptedApp, live_call
from voxgate.flow.ways import Ways, Wires
from voxgate.hooks.failures import HookFailed
from voxgate.model.hooks import Hook
from voxgate.testing.virtual_time import run_virtual

WS = Hook("wss://app.example/vg?x=1", username="me", password="pass")
GONE = HookFailed("connect", "wss://app.example/vg", "nobody there")


class FakeSocket:
    def __init__(self, url: str, answers: list[object]) -> None:
        self.url = url
        self._answers = answers
        self.asked: list[tuple[str, str | None]] = []
        self.finished: list[tuple[bool, int]] = []

    def listen(self, _listener: object) -> None:
        """Nobody speaks here unasked."""

    async def ask(self, type_, data, *, hook=None):
        self.asked.append((type_, hook))
        answer = self._answers.pop(0) if self._answers else None
        if isinstance(answer, HookFailed):
            raise answer
        return answer

    def finish(self, *, statuses_follow: bool, code: int = 1000) -> None:
        self.finished.append((statuses_follow, code))


class Sockets:
    def __init__(self, *answers: object) -> None:
        self._answers = list(answers)
        self.opened: list[FakeSocket] = []

    def enter(self, call_sid, hook, *, parent_sid=None):
        socket = FakeSocket(hook.url, self._answers)
        self.opened.append(socket)
        return socket


async def _secret(_account_sid: str) -> str:
    return ""


def ways(app: ScriptedApp, sockets: Sockets, base: Hook = CALL_HOOK) -> Ways:
    call = live_call(ListLog(), call_hook=base)
    return Ways(call, Wires(app, _secret, sockets.enter), object())


def asked(story, base: Hook, *answers: object):
    """What went over HTTP, over each socket, and where the application is afterwards."""

    async def whole_story():
        app, sockets = ScriptedApp(*([None] * 5)), Sockets(*answers)
        way = ways(app, sockets, base)
        with suppress(HookFailed):
            await story(way)
        return (
            [url for url, _payload, _base in app.asked],
            [(each.url, each.asked, bool(each.finished)) for each in sockets.opened],
            way.base.url,
        )

    return run_virtual(whole_story())


def test_a_socket_application_is_asked_over_its_one_socket_whatever_the_hook_is_called():
    async def story(way):
        await way.ask("session:new", WS, {})
        await way.ask("verb:hook", Hook("any name"), {})
        await way.ask("verb:hook", Hook("wss://elsewhere.example/x"), {})
        await way.ask("session:redirect", Hook("/more"), {})

    assert asked(story, WS) == (
        [],
        [
            (
                WS.url,
                [
                    ("session:new", None),
                    ("verb:hook", "any name"),
                    ("verb:hook", "wss://elsewhere.example/x"),
                    ("session:redirect", "/more"),
                ],
                False,
            )
        ],
        WS.url,
    )


def test_one_hook_over_http_leaves_the_call_on_its_socket():
    async def story(way):
        await way.ask("verb:hook", Hook("https://other.example/x"), {})

    assert asked(story, WS) == (["https://other.example/x"], [(WS.url, [], False)], WS.url)


def test_a_redirect_to_http_leaves_the_socket():
    async def story(way):
        await way.ask("session:redirect", Hook("https://other.example/x"), {})

    assert asked(story, WS)[1:] == ([(WS.url, [], True)], "https://other.example/x")


def test_a_redirect_to_another_socket_moves_the_call():
    async def story(way):
        await way.ask("session:redirect", Hook("wss://other.example/x"), {})

    assert asked(story, WS) == (
        [],
        [
            (WS.url, [], True),
            ("wss://other.example/x", [("session:new", None)], False),
        ],
        "wss://other.example/x",
    )


def test_a_redirect_that_fails_leaves_the_call_where_it_is():
    async def story(way):
        await way.ask("session:redirect", Hook("wss://other.example/x"), {})

    _http, sockets, base = asked(story, WS, GONE)

    assert [finished for _url, _asked, finished in sockets] == [False, True]
    assert base == WS.url


def test_a_socket_in_an_http_application_serves_one_hook_and_is_closed():
    async def story(way):
        await way.ask("verb:hook", Hook("wss://other.example/x"), {})

    assert asked(story, CALL_HOOK) == (
        [],
        [("wss://other.example/x", [("session:new", None)], True)],
        CALL_HOOK.url,
    )


@pytest.mark.parametrize(
    ("base", "socket"),
    [
        (WS, "wss://app.example/vg/adulting?x=1"),
        (Hook("wss://app.example/"), "wss://app.example/adulting"),
    ],
)
def test_an_independent_call_introduces_itself_on_a_new_socket_each_time_gotcha_52(base, socket):
    async def story(way):
        await way.grow_up({})
        await way.grow_up({})

    _http, sockets, kept = asked(story, base)

    assert [url for url, _asked, _finished in sockets] == [base.url, socket, socket]
    assert sockets[1][1] == [("session:adulting", None)]
    assert kept == base.url


def test_an_independent_call_of_an_http_application_is_posted():
    async def story(way):
        await way.grow_up({})

    assert asked(story, CALL_HOOK)[0] == ["/adulting"]
