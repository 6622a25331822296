"""A voice agent in one file: greets, asks for a digit, says thank you, hangs up.

    python app.py --port 8080

It is an ordinary web application. The gateway asks POST /call what to do when the callee has
answered, POST /digit what to do with the key that was pressed, and reports every step of the call
to POST /status. GET /received shows what arrived.
"""

import argparse
import hashlib
import hmac
import json
import os
import socket
import time
from collections import deque
from typing import Any

from aiohttp import web

GREETING = "Hello! This is the voxgate demo agent."
QUESTION = "Is this a good time to talk? Press one for yes, or two for no."
ANSWERS = {
    "1": "Wonderful. You pressed one. Thank you for trying voxgate, and goodbye.",
    "2": "No problem, you pressed two. Thank you, and goodbye.",
}
SIGNATURE_AGE_MAX_S = 300
RECEIVED_MAX = 1000

Verbs = list[dict[str, Any]]


def greet() -> Verbs:
    """What happens after the answer: verbs run one after the other."""
    return [
        {"verb": "say", "text": GREETING},
        {
            "verb": "gather",
            "input": ["digits"],
            "numDigits": 1,
            "timeout": 10,
            "actionHook": "/digit",
            "say": {"text": QUESTION},
        },
    ]


def reply_to(result: dict[str, Any]) -> Verbs:
    """What happens after the gather: `result` says whether and which key was pressed."""
    if result.get("reason") != "dtmfDetected":
        text = "I did not hear a key. Goodbye."
    else:
        digit = result.get("digits", "")
        text = ANSWERS.get(digit, f"You pressed {digit}. Thank you, and goodbye.")
    return [{"verb": "say", "text": text}, {"verb": "hangup"}]


def signature_is_right(header: str | None, body: bytes, secret: str) -> bool:
    """Check `Jambonz-Signature: t=<unix seconds>,v1=<HMAC-SHA256 of "t.body">`."""
    fields = dict(part.split("=", 1) for part in (header or "").split(",") if "=" in part)
    sent_at = fields.get("t", "")
    if not sent_at.isdigit() or abs(time.time() - int(sent_at)) > SIGNATURE_AGE_MAX_S:
        return False
    expected = hmac.new(secret.encode(), sent_at.encode() + b"." + body, hashlib.sha256)
    return hmac.compare_digest(expected.hexdigest(), fields.get("v1", ""))


class Agent:
    """The three hooks, and a memory of what they received."""

    def __init__(self, secret: str | None) -> None:
        self._secret = secret
        self._received: deque[dict[str, Any]] = deque(maxlen=RECEIVED_MAX)

    async def call(self, request: web.Request) -> web.Response:
        await self._read(request)
        return web.json_response(greet())

    async def digit(self, request: web.Request) -> web.Response:
        return web.json_response(reply_to(await self._read(request)))

    async def status(self, request: web.Request) -> web.Response:
        await self._read(request)
        return web.Response(status=204)

    async def received(self, _request: web.Request) -> web.Response:
        return web.json_response(list(self._received))

    async def _read(self, request: web.Request) -> dict[str, Any]:
        body = await request.read()
        header = request.headers.get("Jambonz-Signature")
        if self._secret and not signature_is_right(header, body, self._secret):
            raise web.HTTPForbidden(text="the signature is missing or wrong")
        payload: dict[str, Any] = json.loads(body)
        self._received.append({
            "path": request.path,
            "signed": self._secret is not None,
            "payload": payload,
        })
        return payload


def application(secret: str | None) -> web.Application:
    agent = Agent(secret)
    app = web.Application()
    app.add_routes([
        web.post("/call", agent.call),
        web.post("/digit", agent.digit),
        web.post("/status", agent.status),
        web.get("/received", agent.received),
    ])
    return app


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=8080, help="0 picks a free one")
    chosen = options.parse_args()
    # The account's webhook secret; with it, requests without a right signature are refused.
    secret = os.environ.get("WEBHOOK_SECRET")

    listener = socket.create_server((chosen.host, chosen.port))
    print("listening on http://{}:{}".format(*listener.getsockname()), flush=True)
    web.run_app(application(secret), sock=listener, print=None, access_log=None)


if __name__ == "__main__":
    main()
