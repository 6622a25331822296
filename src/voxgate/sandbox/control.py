"""The sandbox's own small HTTP interface: what callees heard, and personas added while it runs.

    GET    /health
    GET    /calls                        newest first
    GET    /calls?number=+15005550100    those to one number; &wait=10 waits for the newest's end
    GET    /calls/{call_id}              ?wait=10 waits for the end of the call, in seconds
    GET    /calls/{call_id}/heard.wav
    POST   /calls                        {"to": "sip:...", "script": "...", "from"?, "headers"?}
    DELETE /calls                        forgets ended calls
    GET    /personas
    PUT    /personas/{number}            {"script": "...", "name"?, "about"?, "codecs"?}
    DELETE /personas/{number}

For tests and tools on the same machine: it has no authentication and listens on loopback.
"""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from voxgate.media.errors import MediaError
from voxgate.sandbox.caller import Errand
from voxgate.sandbox.calls import CallBook, CallRecord
from voxgate.sandbox.hearing import as_wav
from voxgate.sandbox.personas import (
    BadPersona,
    Persona,
    PersonaBook,
    TooManyPersonas,
    digits_of,
    persona_from,
)
from voxgate.sandbox.script import ScriptError
from voxgate.sip.grammar import SipError
from voxgate.sip.headers import NameAddr
from voxgate.sip.uri import Uri

WAIT_MAX_S = 60.0
CALLER = "+15005550199"
BODY_MAX = 64 * 1024


Place = Callable[[Errand], CallRecord]


def control_app(calls: CallBook, personas: PersonaBook, place: Place) -> web.Application:
    """The routes; the caller runs the application and owns both books."""
    app = web.Application(client_max_size=BODY_MAX, middlewares=[_answer_refusals])
    control = _Control(calls, personas, place)
    app.add_routes([
        web.get("/health", control.health),
        web.get("/calls", control.list_calls),
        web.post("/calls", control.place_call),
        web.delete("/calls", control.forget_calls),
        web.get("/calls/{call_id}", control.show_call),
        web.get("/calls/{call_id}/heard.wav", control.heard),
        web.get("/personas", control.list_personas),
        web.put("/personas/{number}", control.put_persona),
        web.delete("/personas/{number}", control.delete_persona),
    ])
    return app


def persona_json(persona: Persona) -> dict[str, Any]:
    return {
        "number": persona.dial,
        "name": persona.name,
        "about": persona.about,
        "script": str(persona.script),
        "codecs": list(persona.codecs),
    }


class _Refused(Exception):
    """An answer that says no; becomes a response in `_answer_refusals`."""

    def __init__(self, status: int, field: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.field = field

    def answer(self) -> web.Response:
        problem = {"msg": str(self), "errors": [{"field": self.field, "msg": str(self)}]}
        return web.json_response(problem, status=self.status)


@web.middleware
async def _answer_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except _Refused as refused:
        return refused.answer()


class _Control:
    def __init__(self, calls: CallBook, personas: PersonaBook, place: Place) -> None:
        self._calls = calls
        self._personas = personas
        self._place = place

    async def health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def list_calls(self, request: web.Request) -> web.Response:
        number = request.query.get("number")
        if number is None:
            found = self._calls.newest_first()
        else:
            wait_s = _read_wait(request.query.get("wait", "0"))
            found = await self._calls.wait_at(digits_of(number), within_s=wait_s)
        return web.json_response([record.summary() for record in found])

    async def place_call(self, request: web.Request) -> web.Response:
        errand = _read_errand(await request.read())
        try:
            record = self._place(errand)
        except (MediaError, SipError) as impossible:
            raise _Refused(422, "headers", str(impossible)) from None
        return web.json_response(record.summary(), status=201)

    async def forget_calls(self, _request: web.Request) -> web.Response:
        self._calls.clear()
        return web.Response(status=204)

    async def show_call(self, request: web.Request) -> web.Response:
        record = await self._record(request)
        return web.json_response(record.to_json())

    async def heard(self, request: web.Request) -> web.Response:
        record = await self._record(request)
        if not record.captured:
            raise _Refused(404, "call_id", "nothing was heard, or it is no longer kept")
        return web.Response(body=as_wav(record.captured), content_type="audio/wav")

    async def list_personas(self, _request: web.Request) -> web.Response:
        return web.json_response([persona_json(persona) for persona in self._personas.all()])

    async def put_persona(self, request: web.Request) -> web.Response:
        persona = _read_persona(request.match_info["number"], await request.read())
        try:
            self._personas.add(persona)
        except TooManyPersonas as full:
            raise _Refused(422, "number", str(full)) from None
        return web.json_response(persona_json(persona))

    async def delete_persona(self, request: web.Request) -> web.Response:
        if not self._personas.remove(request.match_info["number"]):
            raise _Refused(404, "number", "no persona was added at this number")
        return web.Response(status=204)

    async def _record(self, request: web.Request) -> CallRecord:
        call_id = request.match_info["call_id"]
        wait_s = _read_wait(request.query.get("wait", "0"))
        record = await self._calls.wait_for(call_id, ended=True, within_s=wait_s)
        if record is None:
            raise _Refused(404, "call_id", "no call with this Call-ID reached the sandbox")
        return record


def _read_wait(text: str) -> float:
    try:
        wait_s = float(text)
    except ValueError:
        wait_s = -1.0
    if not 0 <= wait_s <= WAIT_MAX_S:
        raise _Refused(400, "wait", f"wait is a time in seconds, 0 to {WAIT_MAX_S:g}")
    return wait_s


def _read_object(body: bytes) -> dict[str, Any]:
    try:
        wanted = json.loads(body)
    except ValueError:
        raise _Refused(400, "body", "the body is not JSON") from None
    if not isinstance(wanted, dict):
        raise _Refused(400, "body", "the body is not a JSON object")
    return wanted


def _read_errand(body: bytes) -> Errand:
    wanted = _read_object(body)
    for name in ("to", "script", "from"):
        if not isinstance(wanted.get(name, CALLER if name == "from" else None), str):
            raise _Refused(400, name, "must be a string")
    headers = wanted.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(v, str) for v in headers.values()):
        raise _Refused(400, "headers", "must be an object of strings")
    try:
        script = Errand.script_of(wanted["script"])
    except ScriptError as wrong:
        raise _Refused(400, "script", str(wrong)) from None
    try:
        to = Uri.parse(wanted["to"])
        from_ = NameAddr.parse(f"<sip:{wanted.get('from', CALLER)}@sandbox.invalid>")
    except SipError as wrong:
        raise _Refused(400, "to", str(wrong)) from None
    return Errand(to, from_, script, tuple(headers.items()))


def _read_persona(number: str, body: bytes) -> Persona:
    wanted = _read_object(body)
    try:
        return persona_from(number, wanted)
    except BadPersona as wrong:
        raise _Refused(400, wrong.field, wrong.reason) from None
