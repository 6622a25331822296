"""The sandbox as a carrier: every INVITE goes to the persona of its number; callers ring out."""

from voxgate.sandbox.callee import Callee
from voxgate.sandbox.caller import Caller, Errand, Invite
from voxgate.sandbox.calls import CallRecord
from voxgate.sandbox.far_end import FarEnd
from voxgate.sandbox.personas import Persona, PersonaBook, digits_of
from voxgate.sandbox.script import Script, ScriptError
from voxgate.sip.dialog.callee import IncomingInvite
from voxgate.sip.grammar import SipError

SCRIPT_HEADER = "X-Sandbox-Script"


class SandboxCarrier:
    """Give `take` to the endpoint as its handler of incoming calls."""

    def __init__(self, far_end: FarEnd, personas: PersonaBook, invite: Invite) -> None:
        self._far_end = far_end
        self._personas = personas
        self._invite = invite
        self._callees: dict[str, Callee] = {}
        self._callers: dict[str, Caller] = {}

    def take(self, invite: IncomingInvite) -> None:
        """A call comes in."""
        call_id = invite.request.call_id
        waiting = self._callees.get(call_id)
        if waiting is not None and waiting.waits_for_credentials:
            waiting.authorize(invite)
            return
        try:
            persona = self._persona_for(invite)
        except ScriptError as wrong:
            invite.reject(400, "Bad Script", [("X-Reason", _one_line(str(wrong)))])
            return
        record = self._record(invite, persona)
        self._far_end.calls.add(record)
        callee = Callee(self._far_end, invite, persona, record, self._over)
        self._callees[call_id] = callee
        callee.begin()

    def place(self, errand: Errand) -> CallRecord:
        """Somebody calls. Raises MediaError when no port is free, SipError for bad headers."""
        caller = Caller(self._far_end, errand, self._hung_up)
        try:
            caller.begin(self._invite)
        except SipError:
            caller.stop()
            raise
        self._far_end.calls.add(caller.record)
        self._callers[caller.record.call_id] = caller
        return caller.record

    def stop(self) -> None:
        """Everybody leaves their call."""
        for callee in list(self._callees.values()):
            callee.stop()
        for caller in list(self._callers.values()):
            caller.stop()

    def _hung_up(self, caller: Caller) -> None:
        self._callers.pop(caller.record.call_id, None)

    def _over(self, callee: Callee) -> None:
        if self._callees.get(callee.record.call_id) is callee:
            del self._callees[callee.record.call_id]

    def _persona_for(self, invite: IncomingInvite) -> Persona:
        """Raises ScriptError when the call brings a script that cannot be read."""
        user = invite.request.uri.user or ""
        script = invite.request.headers.get(SCRIPT_HEADER)
        if script is None:
            return self._personas.find(user)
        return Persona(user, "scripted", "plays the script of the call", Script.parse(script))

    def _record(self, invite: IncomingInvite, persona: Persona) -> CallRecord:
        request = invite.request
        return CallRecord(
            call_id=request.call_id,
            number=digits_of(request.uri.user or ""),
            persona=persona.name,
            script=str(persona.script),
            uri=str(request.uri),
            from_=str(request.from_),
            source=str(invite.source),
            headers=list(request.headers),
            started_at=self._far_end.clock.wall(),
        )


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)[:200]
