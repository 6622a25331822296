"""A receptionist in one file: answers calls, asks what they are about, transfers, takes over again.

    python app.py --port 8080 --call-centre +15005550100 --trunk sandbox

An ordinary web application. The gateway asks POST /call what to do with a call, POST /choice with
the key that was pressed, and POST /transferred how the transfer went: when nobody at the call
centre could talk, the caller is back here and is not left in silence.

`--refer` hands the call over for good (SIP REFER) instead of staying between the two.
"""

import argparse
import socket
from dataclasses import dataclass
from typing import Any

from aiohttp import web

GREETING = "Welcome to the clinic."
QUESTION = "Press one to talk to somebody, or two for our opening hours."
HOURS = "We are open from nine to five, Monday to Friday. Goodbye."
TRANSFER = "One moment please, I am transferring you."
SORRY = {
    "busy": "Everybody is talking to somebody else at the moment.",
    "no-answer": "Nobody is answering at the moment.",
}
FAILED = "I could not reach anybody."
CALL_BACK = "We will call you back as soon as we can. Goodbye."
NO_KEY = "I did not hear a key."

Verbs = list[dict[str, Any]]


@dataclass(frozen=True)
class CallCentre:
    """Where callers are transferred to. `trunk` None: by the gateway's own routing."""

    number: str
    trunk: str | None = None
    ring_s: int = 20
    refer: bool = False


def say(text: str) -> dict[str, Any]:
    return {"verb": "say", "text": text}


def ask(*first: str) -> Verbs:
    """The menu, after whatever is to be said before it; a key cuts both short."""
    gather = {
        "verb": "gather",
        "input": ["digits"],
        "numDigits": 1,
        "timeout": 8,
        "actionHook": "/choice",
        "say": {"text": [*first, QUESTION]},
    }
    return [gather]


def transfer(centre: CallCentre, caller: str) -> Verbs:
    """Ring the call centre, joined with the caller; /transferred hears how it went."""
    if centre.refer:
        refer = {"verb": "sip:refer", "referTo": centre.number, "actionHook": "/transferred"}
        return [say(TRANSFER), refer]
    target = {"type": "phone", "number": centre.number}
    dial = {
        "verb": "dial",
        "target": [target | ({"trunk": centre.trunk} if centre.trunk else {})],
        "callerId": caller,
        "timeout": centre.ring_s,
        "headers": {"X-Reason": "support"},
        "actionHook": "/transferred",
    }
    return [say(TRANSFER), dial]


def chosen(result: dict[str, Any], centre: CallCentre) -> Verbs:
    if result.get("reason") != "dtmfDetected":
        return [say(NO_KEY), say(CALL_BACK), {"verb": "hangup"}]
    if result.get("digits") == "1":
        return transfer(centre, result["from"])
    if result.get("digits") == "2":
        return [say(HOURS), {"verb": "hangup"}]
    return ask("I did not understand that.")


def after(result: dict[str, Any]) -> Verbs:
    """The transfer is over: with a talk, or without one."""
    if result.get("dial_call_status") == "completed":
        return [{"verb": "hangup"}]
    if result.get("final_referred_call_status") == 200:
        return [{"verb": "hangup"}]
    sorry = SORRY.get(str(result.get("dial_call_status")), FAILED)
    return [say(sorry), say(CALL_BACK), {"verb": "hangup"}]


def application(centre: CallCentre) -> web.Application:
    async def call(_request: web.Request) -> web.Response:
        return web.json_response(ask(GREETING))

    async def choice(request: web.Request) -> web.Response:
        return web.json_response(chosen(await request.json(), centre))

    async def transferred(request: web.Request) -> web.Response:
        return web.json_response(after(await request.json()))

    async def status(_request: web.Request) -> web.Response:
        return web.Response(status=204)

    app = web.Application()
    app.add_routes([
        web.post("/call", call),
        web.post("/choice", choice),
        web.post("/transferred", transferred),
        web.post("/status", status),
    ])
    return app


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=8080, help="0 picks a free one")
    options.add_argument("--call-centre", default="+15005550100", help="its number")
    options.add_argument("--trunk", help="the carrier to reach it by")
    options.add_argument("--ring-s", type=int, default=20, help="how long to let it ring")
    options.add_argument("--refer", action="store_true", help="hand the call over for good")
    given = options.parse_args()
    centre = CallCentre(given.call_centre, given.trunk, given.ring_s, given.refer)

    listener = socket.create_server((given.host, given.port))
    print("listening on http://{}:{}".format(*listener.getsockname()), flush=True)
    web.run_app(application(centre), sock=listener, print=None, access_log=None)


if __name__ == "__main__":
    main()
