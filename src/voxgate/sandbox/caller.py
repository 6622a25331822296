"""Somebody who calls: places one call and, once it is answered, carries out a script."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from voxgate.sandbox.calls import CallRecord
from voxgate.sandbox.conversation import Conversation, Surroundings
from voxgate.sandbox.far_end import FarEnd
from voxgate.sandbox.personas import CODECS, digits_of
from voxgate.sandbox.prompter import Prompter
from voxgate.sandbox.script import Script
from voxgate.sandbox.steps import (
    Beep,
    Busy,
    HangUp,
    Hold,
    Noise,
    Press,
    Ringback,
    Say,
    Sit,
    Step,
)
from voxgate.sip.dialog.events import (
    Answered,
    ByeReceived,
    DialogEvent,
    Failed,
    OutgoingInvite,
    Progress,
    Rejected,
)
from voxgate.sip.dialog.invite import InviteDialog
from voxgate.sip.endpoint import EventListener, destination_of
from voxgate.sip.headers import NameAddr
from voxgate.sip.uri import Uri

Invite = Callable[[OutgoingInvite, EventListener], InviteDialog]

NAME = "caller"


@dataclass(frozen=True, slots=True)
class Errand:
    """Whom to call as whom, and what to do there. The script begins after the answer."""

    uri: Uri
    from_: NameAddr
    script: Script
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def script_of(cls, text: str) -> Script:
        """A script without the answer, which is the other side's. Raises ScriptError."""
        return Script.parse(f"answer; {text}")


class Caller:
    """Lives from the INVITE to the end of the call; `on_over` is called once, at that end."""

    def __init__(
        self, far_end: FarEnd, errand: Errand, on_over: Callable[["Caller"], None]
    ) -> None:
        """Raises MediaError when no port is free."""
        self._far_end = far_end
        self._errand = errand
        self._on_over = on_over
        self._over = False
        self._dialog: InviteDialog | None = None
        self.record = CallRecord(
            call_id=secrets.token_hex(12),
            number=digits_of(errand.uri.user or ""),
            persona=NAME,
            script=str(errand.script),
            uri=str(errand.uri),
            from_=str(errand.from_),
            source="",
            headers=list(errand.headers),
            started_at=far_end.clock.wall(),
        )
        self._prompter = Prompter(errand.script, far_end.clock, self._perform)
        around = Surroundings(far_end, self.record, self._prompter, self._finish)
        self._conversation = Conversation(around, CODECS)

    def begin(self, invite: Invite) -> None:
        """Send the INVITE. Raises InvalidHeader for what cannot be written."""
        self._far_end.voice.prepare(self._errand.script.spoken)
        errand = self._errand
        self._dialog = invite(
            OutgoingInvite(
                uri=errand.uri,
                destination=destination_of(errand.uri),
                from_=errand.from_,
                to=NameAddr.parse(f"<{errand.uri}>"),
                call_id=self.record.call_id,
                from_tag=secrets.token_hex(6),
                branch_seed=secrets.token_hex(8),
                body=self._conversation.describe(b""),
                headers=errand.headers,
            ),
            self._on_dialog,
        )

    def stop(self) -> None:
        """Leave the call, whatever its state: CANCEL while it rings, else BYE."""
        if not self._over:
            self.record.ended_by = self.record.ended_by or NAME
            if self._dialog is not None:
                self._dialog.bye()
            self._finish()

    def _perform(self, step: Step) -> None:
        self.record.steps.append((self._far_end.clock.wall(), str(step)))
        self._conversation.resume()
        match step:
            case Say() | Beep() | Sit() | Ringback() | Busy() | Noise():
                self._conversation.make(step)
            case Press():
                self._conversation.press(step)
            case Hold():
                self._conversation.hold()
            case HangUp():
                self.record.ended_by = NAME
                self._conversation.hang_up(step)
            case _:
                pass

    def _on_dialog(self, event: DialogEvent) -> None:
        match event:
            case Progress():
                self.record.sip_status = event.status
                if event.body:
                    self._conversation.accept(event.body)
            case Answered():
                self._answered(event)
            case Rejected():
                self.record.sip_status = event.status
                self.record.ended_by = "callee"
                self._finish()
            case Failed():
                self.record.problems.append(f"{event.cause} {event.detail}".strip())
                self.record.ended_by = self.record.ended_by or "network"
                self._finish()
            case ByeReceived():
                self.record.ended_by = self.record.ended_by or "callee"
                self._conversation.on_dialog(event)
            case _:
                self._conversation.on_dialog(event)

    def _answered(self, event: Answered) -> None:
        if event.body:
            self._conversation.accept(event.body)
        self.record.sip_status = event.status
        self.record.answered_at = self._far_end.clock.wall()
        if self._dialog is not None:
            self._conversation.answered(self._dialog)
        self._prompter.begin()

    def _finish(self) -> None:
        if self._over:
            return
        self._over = True
        self._prompter.stop()
        self._conversation.close()
        self.record.ended_at = self._far_end.clock.wall()
        self.record.ended.set()
        self._on_over(self)
