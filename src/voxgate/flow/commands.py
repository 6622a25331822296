"""Live call control: what REST updates and WebSocket commands do to a call (contract 4.4 and 6).

Every command is checked, then handed to the part of the call that can carry it out. What that
part cannot do in the present state it refuses with NotNow before anything has happened; what goes
wrong later is an alert and a line of the timeline.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from voxgate.base.errors import VoxgateError
from voxgate.base.log import get_logger
from voxgate.call import outcome
from voxgate.flow.application import NoDocument
from voxgate.flow.session import Session
from voxgate.model.calls import EventType
from voxgate.model.hooks import Hook
from voxgate.provisioning.call_update import CallUpdateDraft, read_update
from voxgate.provisioning.calls import SipAnswer
from voxgate.provisioning.errors import Refused
from voxgate.verbs.capabilities.recorder import RecordOrder
from voxgate.verbs.capabilities.rooms import Participant
from voxgate.verbs.capabilities.tracks import Sound
from voxgate.verbs.contract import Document, InvalidDocument, NotNow, VerbContext
from voxgate.verbs.dub import Dub
from voxgate.verbs.play import Play
from voxgate.verbs.properties import HookProperty
from voxgate.verbs.say import Say
from voxgate.verbs.vocabulary import parse_document

log = get_logger("flow")

NO_APPLICATION = "no application runs on the call"


class InvalidCommand(VoxgateError):
    """A command that cannot be understood, whatever the state of the call."""


async def execute(
    session: Session, command: str, data: object, *, queue: bool = False
) -> SipAnswer | None:
    """Carry out a command as it comes over a WebSocket; `queue`: its verbs wait for their turn.

    Returns once it is under way; of a `sip:request` with the far end's answer. Raises
    InvalidCommand, or NotNow when the call is not in a state for it.
    """
    if command == "redirect":
        _redirect_command(session, data, queue=queue)
        return None
    if command in _STREAMING:
        _STREAMING[command](context_of(session), data)
        return None
    wrap = _OPTIONS.get(command)
    if wrap is None:
        raise InvalidCommand(f"there is no command {command[:64]}")
    try:
        change = read_update(wrap(data))
    except Refused as refused:
        raise InvalidCommand(refused.msg) from refused
    return await update(session, change)


async def update(session: Session, change: CallUpdateDraft) -> SipAnswer | None:
    """Carry out the options of a REST update; raises as `execute` does."""
    try:
        return await _carry_out(session, change)
    except (NotNow, InvalidCommand):
        raise
    except Exception as failure:  # boundary: the state allowed it; what went wrong is an alert
        report_failure(session, failure)
        return None


async def _carry_out(session: Session, change: CallUpdateDraft) -> SipAnswer | None:
    whisper = _prompts(change.whisper) if change.whisper is not None else ()
    options = [name for name in _ACTIONS if name in change.model_fields_set]
    if _SILENCING.intersection(options):
        whisper = ()
    if whisper:
        context_of(session).tracks.check_whisper()
    answer = None
    for name in options:
        answer = await _ACTIONS[name](session, change)
    if whisper:
        context_of(session).tracks.whisper(whisper)
    return answer


def report_failure(session: Session, failure: Exception) -> None:
    """A change that was accepted came to nothing."""
    known = isinstance(failure, VoxgateError)
    if not known:
        log.error("command_failed", call_sid=session.call.sid, exc_info=failure)
    detail = str(failure) if known else "an error inside the gateway"
    session.call.note(EventType.MEDIA, {"type": "update_failed", "error": detail})
    session.call.alert("error-updating-call", f"error updating call: {detail}")


def context_of(session: Session) -> VerbContext:
    """What verbs may touch of the call. Raises NotNow while no application runs on it."""
    if session.context is None:
        raise NotNow(NO_APPLICATION)
    return session.context


def _later(session: Session, name: str, work: Coroutine[Any, Any, None]) -> None:
    """What takes its time; a newer one of this name takes its place."""

    async def guarded() -> None:
        try:
            await work
        except Exception as failure:  # boundary: the command was accepted; say what became of it
            report_failure(session, failure)

    session.background.start(name, guarded())


# Verbs as data.


def _document(session: Session, verbs: object) -> Document:
    try:
        document = parse_document(verbs, strict=session.ports.settings.strict_verbs)
    except InvalidDocument as invalid:
        raise InvalidCommand(str(invalid)) from invalid
    for warning in document.warnings:
        session.call.alert("invalid-app-payload", f"command: {warning}")
    return document


def _prompts(whisper: object) -> tuple[Sound, ...]:
    """What say and play would have one hear, each once."""
    items = whisper if isinstance(whisper, list) else [whisper]
    try:
        verbs = parse_document(items, strict=False).verbs
    except InvalidDocument as invalid:
        raise InvalidCommand(f"whisper: {invalid}") from invalid
    sounds: list[Sound] = []
    for verb in verbs:
        if not isinstance(verb, Say | Play):
            raise InvalidCommand("whisper: only say and play can be whispered")
        sounds += verb.sounds()
    return tuple(sounds)


# The application.


async def _redirect(session: Session, change: CallUpdateDraft) -> None:
    own = change.call_hook.to_hook() if change.call_hook else None
    child = change.child_call_hook.to_hook() if change.child_call_hook else None
    if change.call_status_hook is not None:
        session.ports.redirect_status(session.call.sid, change.call_status_hook.to_hook())
    _give_hooks(session, own, child)


async def _redirect_child(session: Session, change: CallUpdateDraft) -> None:
    if change.call_hook is None:  # else both were taken care of together
        await _redirect(session, change)


def _give_hooks(session: Session, own: Hook | None, child: Hook | None) -> None:
    """New applications for this leg, for the dialled one, or for both."""
    if own is not None and session.runner is None:
        raise NotNow(NO_APPLICATION)
    if child is not None:
        session.dialling.check_joined()
    if own is not None:
        _later(session, "redirect", _refetch(session, own, child))
    elif child is not None:
        session.dialling.redirect_child(child)


async def _refetch(session: Session, hook: Hook, child: Hook | None) -> None:
    """The answer replaces the application; an empty one only ends the verb that runs.

    The dialled leg gets its hook once the answer is there: with it the dial is over, and the verbs
    behind the dial are not what was meant to run next.
    """
    document, kind = None, ""
    try:
        document = await session.application.redirected(hook)
    except NoDocument as nothing:
        kind = nothing.kind
    if child is not None:
        session.dialling.redirect_child(child)
    if document is not None:
        session.replace(document)
    elif kind == "empty" and session.runner is not None:
        session.runner.skip()


class Redirection(BaseModel):
    """The object form of the redirect command: new applications for this leg and the dialled one."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    call_hook: HookProperty | None = None
    child_call_hook: HookProperty | None = None
    parent_call: list[Any] | None = None
    child_call: list[Any] | None = None


def _redirect_command(session: Session, data: object, *, queue: bool) -> None:
    if isinstance(data, list):
        _replace(session, _document(session, data), queue=queue)
        return
    try:
        wanted = Redirection.model_validate(data)
    except ValidationError as invalid:
        raise InvalidCommand(f"redirect: {invalid.errors()[0]['msg']}") from invalid
    if not wanted.model_fields_set:
        raise InvalidCommand("redirect takes verbs, or an object with call_hook or child_call_hook")
    if session.runner is None:
        raise NotNow(NO_APPLICATION)
    own = _document(session, wanted.parent_call) if wanted.parent_call is not None else None
    if wanted.child_call is not None:
        session.dialling.replace_child(_document(session, wanted.child_call))
    own_hook = wanted.call_hook.hook if wanted.call_hook and own is None else None
    child_hook = wanted.child_call_hook.hook if wanted.child_call_hook else None
    _give_hooks(session, own_hook, child_hook if wanted.child_call is None else None)
    if own is not None:
        _replace(session, own, queue=queue)


def _replace(session: Session, document: Document, *, queue: bool) -> None:
    if session.runner is None:
        raise NotNow(NO_APPLICATION)
    if queue:
        session.append(document)
    else:
        session.replace(document)


async def _set_status(session: Session, change: CallUpdateDraft) -> None:
    if change.call_status == "completed" and not session.hang_up(outcome.ENDED_BY_API):
        raise NotNow("the call was not answered")
    if change.call_status == "no-answer" and not session.cancel(outcome.CANCELLED):
        raise NotNow("the call was answered")


async def _tag(session: Session, change: CallUpdateDraft) -> None:
    session.call.tag(change.tag or {})


_Action = Callable[[Session, CallUpdateDraft], Awaitable[SipAnswer | None]]


async def _mute(session: Session, change: CallUpdateDraft) -> None:
    muted = change.mute_status == "mute"
    if session.context is None or not session.context.rooms.mute(muted=muted):
        session.dialling.mute(muted=muted)


async def _set_media_path(session: Session, change: CallUpdateDraft) -> None:
    await session.dialling.media_path(change.media_path or "full-media")


async def _press(session: Session, change: CallUpdateDraft) -> None:
    if change.dtmf is not None:
        session.dialling.press(change.dtmf.digit, change.dtmf.duration)


async def _ask_far_end(session: Session, change: CallUpdateDraft) -> SipAnswer | None:
    wanted = change.sip_request
    if wanted is None:
        return None
    answer = await session.dialling.request(
        wanted.method.upper(), wanted.headers, wanted.content, wanted.content_type
    )
    return SipAnswer(answer.status, answer.reason)


async def _mute_others(session: Session, change: CallUpdateDraft) -> None:
    context_of(session).rooms.mute_others(muted=change.conf_mute_status == "mute")


async def _hold(session: Session, change: CallUpdateDraft) -> None:
    rooms = context_of(session).rooms
    if change.conf_hold_status == "hold":
        rooms.hold(change.waiting.to_hook() if change.waiting else None)
    else:
        rooms.unhold()


async def _take_part(session: Session, change: CallUpdateDraft) -> None:
    wanted = change.participant_action
    if wanted is not None:
        hook = wanted.wait_hook.to_hook() if wanted.wait_hook else None
        context_of(session).rooms.act(Participant(wanted.action, wanted.tag, hook))


async def _record(session: Session, change: CallUpdateDraft) -> None:
    wanted, recorder = change.record, context_of(session).recorder
    if wanted is None:
        return
    kind = wanted.type or "siprec"
    match wanted.action:
        case "startCallRecording":
            servers = wanted.siprec_server_url or ()
            headers = tuple(wanted.headers.items())
            await recorder.start(RecordOrder(kind, wanted.recording_id, servers, headers))
        case "stopCallRecording":
            await recorder.stop(kind)
        case "pauseCallRecording":
            await recorder.pause(kind)
        case "resumeCallRecording":
            await recorder.resume(kind)


async def _set_transcribing(session: Session, change: CallUpdateDraft) -> None:
    if change.transcribe_status != "silence":
        context_of(session).ears.pause_transcription(paused=change.transcribe_status == "pause")


async def _dub(session: Session, change: CallUpdateDraft) -> None:
    (verb,) = _document(session, [{**(change.dub or {}), "verb": "dub"}]).verbs
    if isinstance(verb, Dub):
        verb.apply(context_of(session))


async def _boost(session: Session, change: CallUpdateDraft) -> None:
    context_of(session).tracks.boost(change.boost_audio_signal or 0.0)


async def _set_listening(session: Session, change: CallUpdateDraft) -> None:
    if change.listening != "silence":  # accepted by the contract, and does nothing
        context_of(session).taps.pause(paused=change.listening == "pause")


# In the order in which the options of one update are carried out.
_ACTIONS: dict[str, _Action] = {
    "call_status": _set_status,
    "transcribe_status": _set_transcribing,
    "listen_status": _set_listening,
    "stream_status": _set_listening,
    "mute_status": _mute,
    "media_path": _set_media_path,
    "dtmf": _press,
    "sip_request": _ask_far_end,
    "conf_mute_status": _mute_others,
    "conf_hold_status": _hold,
    "participant_action": _take_part,
    "tag": _tag,
    "record": _record,
    "dub": _dub,
    "boost_audio_signal": _boost,
    "call_hook": _redirect,
    "child_call_hook": _redirect_child,
}

# Beside these a whisper would be cut at once; it is left out.
_SILENCING = frozenset({"call_status", "call_hook", "child_call_hook"})


def _under(option: str) -> Callable[[object], object]:
    return lambda data: {option: data}


def _either(option: str) -> Callable[[object], object]:
    """The bare value, or an object that names it."""
    return lambda data: data if isinstance(data, dict) and option in data else {option: data}


def _tokens(ctx: VerbContext, data: object) -> None:
    """What is wrong with them is told in their result."""
    said = data if isinstance(data, dict) else {}
    ctx.tokens.put(said.get("id"), said.get("tokens"))


# Of a `say` that streams; nothing of the kind exists over REST.
_STREAMING: dict[str, Callable[[VerbContext, object], None]] = {
    "tts:tokens": _tokens,
    "tts:flush": lambda ctx, _data: ctx.tokens.flush(),
    "tts:clear": lambda ctx, _data: ctx.tokens.clear(),
}

# What a WebSocket command carries, as the REST body that says the same.
_OPTIONS: dict[str, Callable[[object], object]] = {
    "call:status": _either("call_status"),
    "mute:status": _either("mute_status"),
    "conf:mute-status": _either("conf_mute_status"),
    "conf:hold-status": _either("conf_hold_status"),
    "conf:participant-action": _either("conferenceParticipantAction"),
    "listen:status": _either("listen_status"),
    "stream:status": _either("stream_status"),
    "transcribe:status": _either("transcribe_status"),
    "whisper": _either("whisper"),
    "sip:request": _either("sip_request"),
    "dtmf": _either("dtmf"),
    "record": _under("record"),
    "dub": _under("dub"),
    "tag": _under("tag"),
    "boostAudioSignal": _either("boostAudioSignal"),
    "media:path": _either("media_path"),
}
