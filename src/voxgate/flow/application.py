"""The customer's application as one call sees it: ask, read the answer, say what went wrong."""

from collections.abc import Callable
from dataclasses import dataclass

from voxgate.base.errors import VoxgateError
from voxgate.call.call import LiveCall
from voxgate.flow.ways import (
    SESSION_ADULTING,
    SESSION_NEW,
    SESSION_REDIRECT,
    VERB_HOOK,
    Asker,
    Enter,
    SecretOf,
    Ways,
    Wires,
    no_sockets,
)
from voxgate.hooks.failures import HookFailed, shown_url
from voxgate.hooks.frames import Command
from voxgate.hooks.payloads import (
    Site,
    action_payload,
    base_payload,
    session_payload,
    snake_cased,
)
from voxgate.hooks.reading import decode_json
from voxgate.model.calls import Call, EventType, Json
from voxgate.model.hooks import Hook
from voxgate.verbs.contract import Document, InvalidDocument, Speech
from voxgate.verbs.vocabulary import parse_document

VERB_STATUS = "verb:status"
ERROR = "jambonz:error"


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
    enter: Enter = no_sockets


class Application:
    """Every question this call asks, over HTTP or a WebSocket, and what the latter says unasked.

    The owner must call `close`. `on_command` and `on_lost` are set by who runs the call.
    """

    def __init__(self, call: LiveCall, asker: Asker, settings: AppSettings) -> None:
        self._call = call
        self._settings = settings
        self._ways = Ways(call, Wires(asker, settings.secret_of, settings.enter), self)
        self._introduced = False
        self._rejected = False  # what it answered first was nothing that can be run
        self.sip: Json | None = None  # the INVITE of an inbound call, for `session:new`
        self.take_command: Callable[[Command], None] = lambda _command: None
        self.give_up: Callable[[HookFailed], None] = lambda _failure: None
        # From the next event on the call's statuses go to this hook.
        self.readdress: Callable[[Hook], None] = lambda _hook: None

    async def first_document(self) -> Document:
        """`app_json`, else the call hook's answer. Raises NoDocument, alerts given.

        Empty when an application behind a WebSocket will send commands instead.
        """
        request = self._call.record.request
        if request.app_json is not None:
            return self._read(_loaded(request.app_json), "app_json")
        if request.call_hook is None:
            raise NoDocument("empty", "the call has neither call_hook nor app_json")
        answer = await self._ask(SESSION_NEW, request.call_hook, self._introduction())
        try:
            return self._required(answer, request.call_hook)
        except NoDocument:
            self._rejected = True
            raise

    async def redirected(self, hook: Hook) -> Document:
        """A new document from `hook`, which becomes the base. Raises NoDocument, alerts given."""
        socket = self._ways.socket
        payload = base_payload(self._call.record, self._settings.site)
        if hook.is_websocket:
            payload = self._introduction()
        answer = await self._ask(SESSION_REDIRECT, hook, payload)
        if hook.is_websocket and self._ways.socket is not socket and self.carries_statuses:
            self.readdress(hook)
        if self._ways.socket is not None and not answer:
            raise NoDocument("empty", f"{shown_url(hook.url)} sent no verbs")
        return self._required(answer, hook)

    async def introduce(self, parent: Call) -> None:
        """Tell that a dialled call stands for itself from now on (`session:adulting`).

        An application over HTTP need not listen for that; one behind a WebSocket gets a new
        socket for the call.
        """
        site = self._settings.site
        payload = base_payload(self._call.record, site)
        payload["parent_call_info"] = base_payload(parent, site)
        over_http = self._ways.base is not None and not self._ways.base.is_websocket
        about: Json = {"frame": SESSION_ADULTING}
        try:
            reply = await self._ways.grow_up(payload)
        except HookFailed as failed:
            about["error"] = failed.detail
            if not over_http:
                self._call.alert(failed.alert_type, str(failed), failed.detail)
        else:
            about |= reply.facts
            self._introduced = self._introduced or not over_http
            if self._ways.home is not None and self.carries_statuses:
                self.readdress(self._ways.home)
        self._call.note(EventType.HOOK, about)

    async def action(
        self, hook: Hook, result: Json, verb_id: str | None, *, kind: str = VERB_HOOK
    ) -> Document | None:
        """A verb's result; None when the application has nothing new or failed (alerted)."""
        try:
            return await self.answer_to(hook, result, verb_id, kind=kind)
        except NoDocument:
            return None

    async def answer_to(
        self, hook: Hook, result: Json, verb_id: str | None, *, kind: str = VERB_HOOK
    ) -> Document | None:
        """As `action`, but raises NoDocument when the application failed."""
        payload = action_payload(self._call.record, result, verb_id, self._settings.site)
        answer = await self._ask(kind, hook, payload)
        if not answer:
            return None
        try:
            return self._read(answer, shown_url(hook.url))
        except NoDocument as nothing:
            self.report_error("invalid actionHook response", str(nothing))
            raise

    def absolute(self, url: str) -> str:
        """A relative media address against the application's base."""
        base = self._ways.base
        if not url.startswith("/") or base is None:
            return url
        scheme, _, rest = base.url.partition("://")
        scheme = {"ws": "http", "wss": "https"}.get(scheme, scheme)
        return f"{scheme}://{rest.partition('/')[0]}{url}"

    @property
    def base(self) -> Hook | None:
        """Where the application is now."""
        return self._ways.base

    # What only a WebSocket carries.

    @property
    def sends_commands(self) -> bool:
        """Whether a call without verbs waits, because more may come."""
        socket = self._ways.socket
        return socket is not None and self._introduced and not socket.is_over

    @property
    def carries_statuses(self) -> bool:
        """Whether the call's statuses go to its application, having no other hook."""
        request = self._call.record.request
        status = request.call_status_hook
        own = request.call_hook
        return status is None or (own is not None and status.url == own.url)

    def tell(self, kind: str, data: Json) -> None:
        """A frame that is not answered; nothing over HTTP."""
        socket = self._ways.socket
        if socket is not None and self._introduced:
            socket.tell(kind, snake_cased(data))

    def report_error(self, msg: str, details: str, **about: object) -> None:
        """`jambonz:error`, which never goes over HTTP."""
        self.tell(ERROR, {"msg": msg, "details": details, **about})

    def close(self) -> None:
        """The call is over."""
        record = self._call.record
        inbound = record.direction == "inbound" and record.request.parent_call_sid is None
        self._ways.close(
            statuses_follow=self.carries_statuses or inbound, rejected=self._rejected and inbound
        )

    def release(self) -> None:
        """Nobody is asked and nobody listens any more."""
        self.take_command = self.give_up = self.readdress = _nothing
        self._ways.release()

    # hooks.app_socket.Listener

    def on_command(self, command: Command) -> None:
        self.take_command(command)

    def on_misread(self, details: str) -> None:
        self._call.alert("invalid-app-payload", f"the application sent no frame: {details}")

    def on_lost(self, failure: HookFailed) -> None:
        if self._introduced:  # else the question that could not be asked says so
            self._call.alert(failure.alert_type, str(failure), failure.detail)
            self.give_up(failure)

    # Asking.

    def _introduction(self) -> Json:
        return session_payload(self._call.record, self._settings.site, self.sip)

    async def _ask(self, kind: str, hook: Hook, payload: Json) -> object:
        """The answer's JSON, None when empty; one `hook` event either way."""
        if self._ways.socket is not None and not self._introduced:
            payload = self._introduction() | payload
        payload = payload | {
            "event_id": f"{self._call.sid}-{self._call.last_seq}",
            "seq": self._call.last_seq,
        }
        await self._call.settled()
        about: Json = {"url": shown_url(hook.url), "method": hook.method.upper()}
        try:
            reply = await self._ways.ask(kind, hook, payload)
        except HookFailed as failed:
            about |= {"error": failed.detail, "duration_ms": failed.duration_ms}
            if failed.status is not None:
                about["status"] = failed.status
            self._call.note(EventType.HOOK, about)
            self._call.alert(failed.alert_type, str(failed), failed.detail)
            raise NoDocument("failed", str(failed)) from failed
        if "status" not in reply.facts:
            self._introduced = True
            about = {"url": about["url"], "method": "WEBSOCKET", "frame": kind}
        about |= reply.facts
        if isinstance(reply.document, list):
            about["verbs"] = len(reply.document)
        self._call.note(EventType.HOOK, about)
        return reply.document

    def _required(self, answer: object, hook: Hook) -> Document:
        if not answer and self._ways.socket is not None and not isinstance(answer, dict):
            return Document(())
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


def _nothing(_: object) -> None:
    """The call is over."""


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
        return decode_json(app_json)
    except ValueError:
        return app_json
