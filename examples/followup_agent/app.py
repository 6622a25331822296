"""An agent that calls back, over WebSocket: it promises a call, places it, and leaves a message.

    TOKEN=... python app.py --port 8081 --account <account_sid> --trunk sandbox

The gateway opens one WebSocket per call (sub-protocol ws.jambonz.org) and tells what happens on
it; the agent answers with verbs. Who calls and presses one is called back once they have hung up:
the agent asks the gateway's REST API for a call, with an Idempotency-Key made of the first call's
sid, so that nobody is called back twice. That call asks for answering machine detection. A person
is asked whether the appointment stands; a machine gets a message once its greeting is over.
"""

import argparse
import json
import os
import socket
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, WSMsgType, web

PROTOCOL = "ws.jambonz.org"
GREETING = "Hello, this is the clinic."
OFFER = "Press one, hang up, and we will call you back."
PROMISE = "We will call you back. Goodbye."
QUESTION = "Hello, this is the clinic. Press one if your appointment stands, or two if not."
ANSWERS = {"1": "Thank you, see you soon. Goodbye.", "2": "We will cancel it. Goodbye."}
MESSAGE = "This is the clinic. Please call us back tomorrow. Goodbye."
HANGUP = {"verb": "hangup"}

Verbs = list[dict[str, Any]]


def say(text: str) -> dict[str, Any]:
    return {"verb": "say", "text": text}


def ask(hook: str, *text: str) -> dict[str, Any]:
    return {
        "verb": "gather",
        "input": ["digits"],
        "numDigits": 1,
        "timeout": 8,
        "actionHook": hook,
        "say": {"text": list(text)},
    }


@dataclass(frozen=True)
class CallBack:
    """How the agent calls back. `trunk` None: by the gateway's own routing."""

    api_url: str
    account_sid: str
    token: str
    own_url: str  # where the gateway reaches this agent
    trunk: str | None = None

    async def place(self, number: str, first_call_sid: str) -> None:
        """Ask for the call; asking again with the same key places no second one."""
        to = {"type": "phone", "number": number}
        call = {
            "from": "+15005550001",
            "to": to | ({"trunk": self.trunk} if self.trunk else {}),
            "call_hook": self.own_url,
            "amd": {"actionHook": "/amd"},
            "tag": {"follows": first_call_sid},
        }
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Idempotency-Key": f"follow-up-{first_call_sid}",
        }
        url = f"{self.api_url}/Accounts/{self.account_sid}/Calls"
        async with (
            ClientSession() as session,
            session.post(url, json=call, headers=headers) as answer,
        ):
            if answer.status != 201:
                print("the call back was refused:", await answer.text(), flush=True)


class Conversation:
    """One call, as the gateway's frames tell it."""

    def __init__(self) -> None:
        self.caller = ""
        self.wants_call_back = False

    def answer(self, frame: dict[str, Any]) -> Verbs | None:
        """The verbs to acknowledge a frame with; None: go on with those that run."""
        data = frame.get("data", {})
        match frame["type"], frame.get("hook"):
            case "session:new", _:
                return self._begin(data)
            case "verb:hook", "/choice":
                return self._choose(data)
            case "verb:hook", "/confirm":
                text = ANSWERS.get(data.get("digits", ""), "I did not hear a key. Goodbye.")
                return [say(text), HANGUP]
            case "verb:hook", "/amd":
                return self._judge(data)
        return None

    def _begin(self, data: dict[str, Any]) -> Verbs:
        self.caller = data["from"]
        if data["direction"] == "outbound":
            # Whether a person or a machine answered is told to /amd; until then we listen.
            return [{"verb": "pause", "length": 30}]
        return [ask("/choice", GREETING, OFFER)]

    def _choose(self, data: dict[str, Any]) -> Verbs:
        self.wants_call_back = data.get("digits") == "1"
        return [say(PROMISE if self.wants_call_back else "Goodbye."), HANGUP]

    def _judge(self, data: dict[str, Any]) -> Verbs | None:
        if data["type"] in {"amd_human_detected", "amd_decision_timeout", "amd_no_speech_detected"}:
            return [ask("/confirm", QUESTION)]
        if data["type"] == "amd_machine_stopped_speaking":
            return [say(MESSAGE), HANGUP]
        return None


def is_over(frame: dict[str, Any]) -> bool:
    return frame["type"] == "call:status" and frame["data"].get("call_status") == "completed"


def application(call_back: CallBack) -> web.Application:
    async def serve(request: web.Request) -> web.WebSocketResponse:
        gateway = web.WebSocketResponse(protocols=[PROTOCOL])
        await gateway.prepare(request)
        conversation = Conversation()
        async for message in gateway:
            if message.type is not WSMsgType.TEXT:
                continue
            frame = json.loads(message.data)
            verbs = conversation.answer(frame)
            if "msgid" in frame and frame["type"] != "call:status":
                ack = {"type": "ack", "msgid": frame["msgid"]}
                await gateway.send_json(ack | ({} if verbs is None else {"data": verbs}))
            if is_over(frame) and conversation.wants_call_back:
                await call_back.place(conversation.caller, frame["data"]["call_sid"])
        return gateway

    app = web.Application()
    app.add_routes([web.get("/agent", serve)])
    return app


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=8081, help="0 picks a free one")
    options.add_argument("--api", default="http://127.0.0.1:3000/v1", help="the gateway's REST API")
    options.add_argument("--account", required=True, help="the account to call back from")
    options.add_argument("--trunk", help="the carrier to call back by")
    given = options.parse_args()

    listener = socket.create_server((given.host, given.port))
    own_url = "ws://{}:{}/agent".format(*listener.getsockname())
    print(f"listening on {own_url}", flush=True)
    call_back = CallBack(given.api, given.account, os.environ["TOKEN"], own_url, given.trunk)
    web.run_app(application(call_back), sock=listener, print=None, access_log=None)


if __name__ == "__main__":
    main()
