"""The customer's application as one call sees it: ask, read the answer, say what went wrong."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from voxgate.base.errors import VoxgateError
from voxgate.call.call import LiveCall
from voxgate.hooks.failures import HookFailed, shown_url
from voxgate.hooks.http import HookAnswer
from voxgate.hooks.payloads import Site, action_payload, base_payload, session_payload
from voxgate.model.calls import EventType, Json
from voxgate.model.hooks import Hook
from voxgate.verbs.contract import Document, InvalidDocument, Speech
from voxgate.verbs.vocabulary import parse_document


class Asker(Protocol):
    """The part of `hooks.http.HttpHooks` that an application link uses."""

    async def ask(
        self, hook: Hook, payload: Json, *, secret: str, base: Hook | None = None
    ) -> HookAnswer: ...


SecretOf = Callable[[str], Awaitable[str]]
"""The key that signs what an account's hooks are sent."""


class NoDocument(VoxgateError):
    """The application gave nothing to run. `kind`: "empty", "invalid" or "failed"."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class AppSettings:
    secret_of: SecretOf
    strict_verbs: bool
    site: Site


class Application:
    """Every question this call asks, with its base address for relative hooks."""

    def __init__(self, call: LiveCall, asker: Asker, settings: AppSettings) -> None:
        self._call = call
        self._asker = asker
        self._settings = settings
        self._base = call.record.request.call_hook
        self.sip: Json | None = None  # the INVITE of an inbound call, for `session:new`

    async def first_document(self) -> Document:
        """`app_json`, else the call hook's answer. Raises NoDocument, alerts given."""
        request = self._call.record.request
        if request.app_json is not None:
            return self._read(_loaded(request.app_json), "app_json")
        if request.call_hook is None:
            raise NoDocument("empty", "the call has neither call_hook nor app_json")
        payload = session_payload(self._call.record, self._settings.site, self.sip)
        return self._required(await self._ask(request.call_hook, payload), request.call_hook)

    async def redirected(self, hook: Hook) -> Document:
        """A new document from `hook`, which becomes the base. Raises NoDocument, alerts given."""
        payload = base_payload(self._call.record, self._settings.site)
        answer = await self._ask(hook, payload)
        if not hook.is_relative:
            self._base = hook
        return self._required(answer, hook)

    async def action(self, hook: Hook, result: Json, verb_id: str | None) -> Document | None:
        """A verb's result; None when the application has nothing new or failed (alerted)."""
        payload = action_payload(self._call.record, result, verb_id, self._settings.site)
        try:
            answer = await self._ask(hook, payload)
            return self._read(answer, shown_url(hook.url)) if answer else None
        except NoDocument:
            return None

    def absolute(self, url: str) -> str:
        """A relative media address against the application's base."""
        if not url.startswith("/") or self._base is None:
            return url
        scheme, _, rest = self._base.url.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}{url}"

    async def _ask(self, hook: Hook, payload: Json) -> object:
        """The answer's JSON, None when empty; one `hook` event either way."""
        payload = payload | {
            "event_id": f"{self._call.sid}-{self._call.last_seq}",
            "seq": self._call.last_seq,
        }
        await self._call.settled()
        about: Json = {"url": shown_url(hook.url), "method": hook.method.upper()}
        secret = await self._settings.secret_of(self._call.record.account_sid)
        try:
            answer = await self._asker.ask(hook, payload, secret=secret, base=self._base)
        except HookFailed as failed:
            about |= {"error": failed.detail, "duration_ms": failed.duration_ms}
            if failed.status is not None:
                about["status"] = failed.status
            self._call.note(EventType.HOOK, about)
            self._call.alert(failed.alert_type, str(failed), failed.detail)
            raise NoDocument("failed", str(failed)) from failed
        about |= {"status": answer.status, "duration_ms": answer.duration_ms}
        if isinstance(answer.document, list):
            about["verbs"] = len(answer.document)
        self._call.note(EventType.HOOK, about)
        return answer.document

    def _required(self, answer: object, hook: Hook) -> Document:
        if answer is None or answer == []:
            message = f"{shown_url(hook.url)} returned no verbs"
            self._call.alert("invalid-app-payload", message)
            raise NoDocument("empty", message)
        return self._read(answer, shown_url(hook.url))

    def _read(self, answer: object, source: str) -> Document:
        try:
            document = parse_document(answer, strict=self._settings.strict_verbs)
        except InvalidDocument as invalid:
            message = f"{source} returned an invalid app payload: {invalid}"
            self._call.alert("invalid-app-payload", message)
            raise NoDocument("invalid", message) from invalid
        for warning in document.warnings:
            self._call.alert("invalid-app-payload", f"{source}: {warning}")
        if not document.verbs:
            message = f"{source} returned no verbs"
            self._call.alert("invalid-app-payload", message)
            raise NoDocument("empty", message)
        return document


def app_json_problem(app_json: str) -> str | None:
    """What is wrong with an `app_json` before any call uses it; None when nothing is."""
    try:
        document = parse_document(_loaded(app_json), strict=False)
    except InvalidDocument as invalid:
        return str(invalid)
    return None if document.verbs else "has no verbs"


def opening_of(app_json: str) -> tuple[Speech, ...]:
    """What the first verb of an `app_json` will say, so that it can be rendered ahead of time."""
    try:
        verbs = parse_document(_loaded(app_json), strict=False).verbs
    except InvalidDocument:
        return ()
    return verbs[0].speech() if verbs else ()


def _loaded(app_json: str) -> object:
    """The document in an `app_json` text; the text itself, which is no document, when unreadable."""
    try:
        return json.loads(app_json)
    except ValueError:
        return app_json
