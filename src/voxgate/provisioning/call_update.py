"""The body of PUT and POST Calls/{sid}: what may be asked of a call in progress (contract 6)."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from voxgate.base.egress import EgressPolicy
from voxgate.provisioning.addresses import hook_problem
from voxgate.provisioning.call_draft import CustomHeaders
from voxgate.provisioning.drafts import Draft, HookDraft, OneLine, PathHook, Phrase, parse
from voxgate.provisioning.errors import FieldError, Invalid, Unprocessable

DIGITS_MAX = 128
DIGIT_MS_MAX = 8000
BODY_MAX = 60_000  # of an in-dialog request: what fits into a datagram
TARGETS_MAX = 10
GAIN_DB_MAX = 50


def decibels(value: object) -> object:
    """-6, "-6" and "+3dB" alike; others are for the type to refuse."""
    if isinstance(value, str):
        text = value.strip().lower().removesuffix("db").strip()
        try:
            return float(text)
        except ValueError:
            raise ValueError('must be decibels, such as -6 or "+3dB"') from None
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_tuple(value: object) -> object:
    """One or several, and JSON's arrays as tuples."""
    if isinstance(value, list):
        return tuple(value)
    return (value,) if isinstance(value, str) else value


Decibels = Annotated[
    float,
    Field(ge=-GAIN_DB_MAX, le=GAIN_DB_MAX, allow_inf_nan=False),
    BeforeValidator(decibels, json_schema_input_type=float | str),
]
Flow = Literal["pause", "resume", "silence"]
_Digits = Annotated[str, StringConstraints(pattern=r"^[0-9A-D*#]+$", max_length=DIGITS_MAX)]
_Url = Annotated[str, StringConstraints(min_length=1, max_length=1024), OneLine]


class _Wire(Draft):
    pass


class ParticipantActionDraft(_Wire):
    action: Literal["tag", "untag", "coach", "uncoach", "mute", "unmute", "hold", "unhold", "kick"]
    tag: Phrase | None = Field(None, description="Of `tag`: the new one. Of `coach`: who hears it.")
    wait_hook: PathHook | None = Field(None, description="Of `hold`: what is heard meanwhile.")


class SipRequestDraft(_Wire):
    method: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{1,32}$")]
    content_type: Annotated[str, StringConstraints(min_length=1, max_length=256), OneLine]
    content: Annotated[str, StringConstraints(max_length=BODY_MAX)]
    headers: CustomHeaders = Field(default_factory=dict)


class RecordDraft(_Wire):
    action: Literal[
        "startCallRecording", "stopCallRecording", "pauseCallRecording", "resumeCallRecording"
    ]
    type: Literal["cloud", "siprec"] | None = None
    recording_id: Phrase | None = Field(None, alias="recordingID")
    siprec_server_url: (
        Annotated[
            tuple[_Url, ...],
            Field(max_length=TARGETS_MAX),
            BeforeValidator(_as_tuple, json_schema_input_type=str | list[str]),
        ]
        | None
    ) = Field(None, alias="siprecServerURL")
    headers: CustomHeaders = Field(default_factory=dict)
    silence: bool = Field(False, description="Accepted; silence is recorded as it is.")


class DtmfDraft(_Wire):
    digit: _Digits
    duration: Annotated[int, Field(ge=40, le=DIGIT_MS_MAX)] = 250


class CallUpdateDraft(_Wire):
    """One option, with few companions: see the guide on live call control."""

    nested: ClassVar = {
        "conferenceParticipantAction": ParticipantActionDraft,
        "sip_request": SipRequestDraft,
        "record": RecordDraft,
        "dtmf": DtmfDraft,
    }

    call_hook: PathHook | None = None
    child_call_hook: PathHook | None = None
    call_status_hook: PathHook | None = Field(None, description="Only beside call_hook.")
    call_status: Literal["completed", "no-answer"] | None = None
    listen_status: Flow | None = None
    stream_status: Flow | None = Field(None, description="The same as listen_status.")
    transcribe_status: Flow | None = None
    mute_status: Literal["mute", "unmute"] | None = None
    conf_mute_status: Literal["mute", "unmute"] | None = None
    conf_hold_status: Literal["hold", "unhold"] | None = None
    wait_hook: PathHook | None = Field(None, description="Only beside conf_hold_status.")
    wait_hook_too: PathHook | None = Field(
        None, alias="waitHook", description="The same as wait_hook."
    )
    participant_action: ParticipantActionDraft | None = Field(
        None, alias="conferenceParticipantAction"
    )
    sip_request: SipRequestDraft | None = None
    record: RecordDraft | None = None
    dtmf: DtmfDraft | None = None
    tag: dict[str, Any] | None = None
    dub: dict[str, Any] | None = Field(None, description="The properties of a dub verb.")
    boost_audio_signal: Decibels | None = Field(None, alias="boostAudioSignal")
    media_path: Literal["no-media", "partial-media", "full-media"] | None = None
    whisper: dict[str, Any] | list[dict[str, Any]] | None = Field(
        None, description="say or play verbs, heard by this leg alone. May accompany an option."
    )

    @property
    def listening(self) -> str | None:
        return self.listen_status or self.stream_status

    @property
    def waiting(self) -> HookDraft | None:
        return self.wait_hook or self.wait_hook_too


_COMPANIONS = {
    "call_status_hook": "call_hook",
    "wait_hook": "conf_hold_status",
    "wait_hook_too": "conf_hold_status",
}
_PAIRS = ({"call_hook", "child_call_hook"}, {"listen_status", "stream_status"})
_REQUIRES = {
    "sip_request": "sip_request requires content_type and content properties, and a method",
    "record": "record requires an action: start-, stop-, pause- or resumeCallRecording",
    "conferenceParticipantAction": "conferenceParticipantAction requires an action, and one of "
    "tag, untag, coach, uncoach, mute, unmute, hold, unhold, kick",
    "tag": "invalid tag data",
}
_STATUSES = frozenset({
    "call_status",
    "listen_status",
    "stream_status",
    "transcribe_status",
    "mute_status",
    "conf_mute_status",
    "conf_hold_status",
    "dtmf",
    "media_path",
})


def read_update(document: object) -> CallUpdateDraft:
    """Raises Invalid in the contract's words."""
    try:
        change = parse(CallUpdateDraft, document, required=(), drop_null=True)
    except Invalid as invalid:
        raise Invalid(_worded(invalid), invalid.errors) from None
    sent = change.model_fields_set
    for companion, option in _COMPANIONS.items():
        if companion in sent and option not in sent:
            name = "waitHook" if companion == "wait_hook_too" else companion
            raise Invalid(f"{name} can be updated only when {option} is also being updated")
    options = sent - _COMPANIONS.keys() - {"whisper"}
    if len(options) > 1 and options not in _PAIRS:
        raise Invalid("multiple options are not allowed in updateCall")
    if not options and "whisper" not in sent:
        raise Invalid("no valid options supplied to updateCall")
    _check_coach(change.participant_action)
    return change


def check_hooks(change: CallUpdateDraft, policy: EgressPolicy) -> None:
    """Raises Unprocessable for a hook that tenants may not reach."""
    action = change.participant_action
    hooks = {
        "call_hook": change.call_hook,
        "child_call_hook": change.child_call_hook,
        "call_status_hook": change.call_status_hook,
        "wait_hook": change.waiting,
        "conferenceParticipantAction.wait_hook": action.wait_hook if action else None,
    }
    wrong = [
        FieldError(field, problem)
        for field, draft in hooks.items()
        if draft is not None and (problem := hook_problem(policy, draft.to_hook()))
    ]
    if wrong:
        raise Unprocessable.fields(*wrong)


def _check_coach(action: ParticipantActionDraft | None) -> None:
    if action is not None and action.action in {"tag", "coach"} and not action.tag:
        msg = f"is required for {action.action}"
        error = FieldError("conferenceParticipantAction.tag", msg)
        raise Invalid(
            f"conferenceParticipantAction requires tag property for {action.action}", [error]
        )


def _worded(invalid: Invalid) -> str:
    if not invalid.errors:
        return invalid.msg
    option = invalid.errors[0].field.partition(".")[0]
    if option in _STATUSES:
        return f"invalid {option}"
    return _REQUIRES.get(option, invalid.msg)
