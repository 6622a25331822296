"""Commands of an application behind a WebSocket (contract 4.4), carried out in their order."""

import asyncio

from voxgate.base.errors import VoxgateError
from voxgate.base.log import get_logger
from voxgate.flow import commands
from voxgate.flow.commands import InvalidCommand
from voxgate.flow.session import Session
from voxgate.hooks.address import whole_hook
from voxgate.hooks.frames import Command
from voxgate.model.calls import Json
from voxgate.model.hooks import Hook
from voxgate.provisioning.errors import Refused
from voxgate.verbs.contract import InvalidDocument, NotNow
from voxgate.verbs.vocabulary import parse_document

log = get_logger("flow")

WAITING_MOST = 256  # commands; an application that sends more gets errors for them
SERVING = "commands"
_HOOKS_OF_A_CALL = ("call_hook", "call_status_hook", "notifyUrl")


class CommandInbox:
    """Of one session; the commands are carried out beside its verbs."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: asyncio.Queue[Command] = asyncio.Queue(WAITING_MOST)
        self._placed_so_far = 0

    def put(self, command: Command) -> None:
        if self._waiting.full():
            self._refuse(command, "too many commands wait")
            return
        self._waiting.put_nowait(command)
        if not self._session.background.is_running(SERVING):
            self._session.background.start(SERVING, self._serve())

    async def _serve(self) -> None:
        while True:
            command = await self._waiting.get()
            try:
                await self._carry_out(command)
            except InvalidCommand as invalid:
                self._refuse(command, str(invalid))
            except NotNow as why:
                self._session.application.report_error(
                    "error updating call", f"{command.name}: {why}"
                )
            except Exception as failure:  # boundary: a command's bug must not end the others
                commands.report_failure(self._session, failure)

    async def _carry_out(self, command: Command) -> None:
        session = self._leg_of(command)
        match command.name:
            case "config":
                await self._configure(session, command.data)
            case "dial":
                self._place(command.data)
            case name:
                await commands.execute(session, name, command.data, queue=command.queued)

    def _leg_of(self, command: Command) -> Session:
        """The call itself, or one that it dialled."""
        own = self._session
        if command.call_sid is None or command.call_sid == own.call.sid:
            return own
        other = own.ports.session_of(command.call_sid)
        if not isinstance(other, Session):
            raise NotNow(f"there is no call {command.call_sid[:64]}")
        if own.call.sid not in {other.call.record.request.parent_call_sid, other.call.sid}:
            raise NotNow(f"{command.call_sid[:64]} is no call of this one")
        return other

    async def _configure(self, session: Session, data: object) -> None:
        """A config verb beside the one that runs."""
        body = data if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            raise InvalidCommand("config takes the properties of a config verb")
        try:
            strict = session.ports.settings.strict_verbs
            document = parse_document([{**body, "verb": "config"}], strict=strict)
        except InvalidDocument as invalid:
            raise InvalidCommand(str(invalid)) from invalid
        for warning in document.warnings:
            session.call.alert("invalid-app-payload", f"command: {warning}")
        context = commands.context_of(session)
        for verb in document.verbs:
            await verb.run(context)

    def _place(self, data: object) -> None:
        """A call of its own, as POST Calls places it, without waiting for it."""
        if not isinstance(data, dict):
            raise InvalidCommand("dial takes the body of POST Calls")
        session = self._session
        self._placed_so_far += 1
        placing = self._placed(self._with_whole_hooks(data))
        session.background.start(f"dial command {self._placed_so_far}", placing)

    async def _placed(self, document: Json) -> None:
        session = self._session
        try:
            await session.ports.place(session.call.record.account_sid, document)
        except Refused as refused:
            errors = [f"{error.field}: {error.msg}" for error in refused.errors]
            session.application.report_error("dial", "; ".join(errors) or refused.msg)
        except VoxgateError as why:
            session.application.report_error("dial", str(why))

    def _with_whole_hooks(self, document: Json) -> Json:
        """Relative hooks lie on this application."""
        base = self._session.application.base
        found = dict(document)
        for name in _HOOKS_OF_A_CALL:
            match found.get(name):
                case str(url) if url.startswith("/"):
                    found[name] = _as_sent(whole_hook(Hook(url), base))
                case {"url": str(url), **rest} if url.startswith("/"):
                    found[name] = {**_as_sent(whole_hook(Hook(url), base)), **rest}
        return found

    def _refuse(self, command: Command, why: str) -> None:
        """Say what was wrong with a command, as with what is no frame at all."""
        session = self._session
        session.call.alert("invalid-app-payload", f"command {command.name[:64]}: {why}")
        session.application.report_error(
            "InvalidMessage", f"{command.name[:64]}: {why}", content=command.name[:64]
        )


def _as_sent(hook: Hook) -> Json:
    sent: Json = {"url": hook.url}
    if hook.username is not None:
        sent |= {"username": hook.username, "password": hook.password or ""}
    return sent
