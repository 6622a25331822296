"""`dial`: ring one or more others, and join the first who answers with this call."""

import re
from typing import Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from voxgate.model.calls import Json, SipAuth, Target
from voxgate.model.hooks import Hook
from voxgate.provisioning.call_draft import phone_number
from voxgate.sip.grammar import SipError
from voxgate.sip.uri import Uri
from voxgate.verbs.answering import AmdObject
from voxgate.verbs.capabilities.dialling import (
    Beside,
    Capture,
    DialOrder,
    DialResult,
    DialTarget,
    Nested,
)
from voxgate.verbs.contract import (
    NEXT,
    Need,
    Outcome,
    Replace,
    Verb,
    VerbContext,
    WireObject,
)
from voxgate.verbs.properties import (
    Decibels,
    HookObject,
    HookProperty,
    Seconds,
    SipHeaders,
    VerbReader,
    absent,
)

TARGETS_MAX = 10
CALLER, CALLEE = 1, 2  # `channel` of a nested tap or transcript
_KEYS = re.compile(r"[0-9A-D*#]+")
_NOT_DIALLED = {"teams": "teams is not available in this version"}


def _sip_uri(text: str) -> str:
    try:
        uri = Uri.parse(text)
    except SipError as malformed:
        raise ValueError(f"is not a SIP URI: {malformed}") from None
    if uri.scheme != "sip":
        raise ValueError("must start with sip:")
    if any(not value.isprintable() for _, value in uri.headers):
        raise ValueError("its headers hold a line break or another control character")
    return text


Line = Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^[^\x00-\x1f\x7f]*$")]


class TargetFrom(WireObject):
    user: Line | None = None
    host: Line | None = None


class TargetAuth(WireObject):
    username: str
    password: str


class DialledTarget(WireObject):
    """Whom to ring; which property is needed depends on `type`."""

    type: Literal["phone", "sip", "user", "teams"]
    number: Annotated[Line, AfterValidator(phone_number)] | None = Field(
        None, description="Of a phone."
    )
    sip_uri: Annotated[Line, AfterValidator(_sip_uri)] | None = Field(
        None, description="Of a sip target; a Replaces header in it is sent."
    )
    name: Line | None = Field(None, description="Of a registered user, all of whose devices ring.")
    trunk: Line | None = Field(None, description="The carrier to take, by its name; phone only.")
    headers: SipHeaders = Field({})
    auth: TargetAuth | None = None
    proxy: Line | None = Field(None, description="Where the INVITE is sent first.")
    from_: TargetFrom | None = Field(None, alias="from")
    caller_id: Line | None = Field(None, description="The caller shown to this target alone.")
    caller_name: Line | None = None
    confirm_hook: HookProperty | None = Field(None, description="Overrides dial.confirmHook.")
    override_to: Line | None = Field(None, description="Of a user: the URI in the To header.")
    method: str | None = None
    tenant: str | None = None
    vmail: bool | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.type in _NOT_DIALLED:
            raise ValueError(f"type: {_NOT_DIALLED[self.type]}")
        needed = {"phone": "number", "sip": "sip_uri", "user": "name"}[self.type]
        if not self.model_dump(include={needed})[needed]:
            raise absent({"sip_uri": "sipUri"}.get(needed, needed))
        return self

    def to_target(self, proxy: str | None) -> DialTarget:
        auth = None if self.auth is None else SipAuth(self.auth.username, self.auth.password)
        to = Target(
            self.type,
            number=self.number if self.type == "phone" else None,
            sip_uri=self.sip_uri if self.type == "sip" else None,
            name=self.name if self.type == "user" else None,
            trunk=self.trunk if self.type == "phone" else None,
            headers=tuple(self.headers.items()),
            proxy=self.proxy or proxy,
            auth=auth,
            override_to=self.override_to if self.type == "user" else None,
        )
        return DialTarget(
            to,
            from_user=(self.from_.user if self.from_ else None) or self.caller_id,
            from_host=self.from_.host if self.from_ else None,
            caller_name=self.caller_name,
            confirm_hook=self.confirm_hook.hook if self.confirm_hook else None,
        )


Pattern = Annotated[str, Field(min_length=1, max_length=32)]


class Patterns(WireObject):
    child_call: tuple[Pattern, ...] = ()
    parent_call: tuple[Pattern, ...] = ()

    @field_validator("child_call", "parent_call", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("child_call", "parent_call")
    @classmethod
    def _are_keys(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            if not _KEYS.fullmatch(pattern):
                raise ValueError(f"{pattern!r} is not a sequence of keys (0-9, A-D, * and #)")
        return patterns


def _patterns(value: object) -> object:
    """One list counts for both legs."""
    return {"childCall": value, "parentCall": value} if isinstance(value, list) else value


def _nested(name: str) -> BeforeValidator:
    """A verb that may be written without its name, or an array of them."""

    def read(value: object, info: ValidationInfo) -> object:
        if value is None:
            return ()
        items = value if isinstance(value, list) else [value]
        named = [{"verb": name} | item if isinstance(item, dict) else item for item in items]
        return cast(VerbReader, info.context)(named)

    return BeforeValidator(read, json_schema_input_type=dict[str, Any] | list[dict[str, Any]])


class Dial(Verb):
    needs: ClassVar[Need] = Need.NOTHING
    verb: Literal["dial"] = "dial"
    target: tuple[DialledTarget, ...] = Field(
        min_length=1, description="At most ten, rung at the same time; the first to answer is it."
    )
    action_hook: HookProperty | None = None
    answer_on_bridge: bool = Field(
        False, description="Answer the caller only when the callee has answered."
    )
    caller_id: Line | None = Field(None, description="By default the caller's own number.")
    caller_name: Line | None = None
    timeout: Seconds = Field(60, gt=0, description="Seconds to ring; then no-answer.")
    time_limit: Seconds | None = Field(None, gt=0, description="Seconds of talk.")
    confirm_hook: HookProperty | None = Field(
        None, description="Verbs for the callee before it is joined; hanging up in them declines."
    )
    dial_music: str | None = Field(None, description="What the caller hears while it rings.")
    dtmf_capture: Annotated[
        Patterns | None,
        BeforeValidator(_patterns, json_schema_input_type=Patterns | list[str] | None),
    ] = Field(None, description="Key sequences told to dtmfHook; an array counts for both legs.")
    dtmf_hook: HookProperty | None = None
    refer_hook: HookProperty | None = Field(
        None, description="Asked when a leg is to be transferred (REFER); answers for the other."
    )
    on_hold_hook: HookProperty | None = Field(
        None, description="say, play and pause for the other leg, over and over while it is held."
    )
    headers: SipHeaders = Field({}, description="SIP headers on the INVITE.")
    anchor_media: bool = Field(False, description="Keep the audio in the gateway.")
    exit_media_path: bool = Field(
        False, description="Let the two exchange their audio directly where nothing needs it here."
    )
    boost_audio_signal: Decibels | None = Field(
        None, description='Decibels on what the callee hears, also as text: "+3dB".'
    )
    listen: Annotated[tuple[Verb, ...], _nested("listen")] = ()
    stream: Annotated[tuple[Verb, ...], _nested("listen")] = ()
    transcribe: Annotated[tuple[Verb, ...], _nested("transcribe")] = ()
    dub: Annotated[tuple[Verb, ...], _nested("dub")] = ()
    amd: AmdObject | None = Field(None, description="Tell whether a person or a machine answers.")
    proxy: Line | None = Field(None, description="Of every target that names none.")
    tag: dict[str, Any] | None = Field(None, description="customerData of the dialled call.")
    forward_p_a_i: bool = Field(
        True, alias="forwardPAI", description="Pass on P-Asserted-Identity and Privacy."
    )
    srtp_encryption: Literal["sdes", "dtls"] | None = None

    @field_validator("target", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        if isinstance(value, dict):
            value = [value]
        if isinstance(value, list) and len(value) > TARGETS_MAX:
            raise ValueError(f"holds more than {TARGETS_MAX} targets")
        return tuple(value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.dtmf_capture is not None and self.dtmf_hook is None:
            raise absent("dtmfHook")
        if self.srtp_encryption is not None:
            raise ValueError("srtpEncryption: encrypted audio is not available in this version")
        return self

    def cautions(self) -> tuple[str, ...]:
        found = []
        if self.exit_media_path and self.anchor_media:
            found.append("dial: exitMediaPath is ignored beside anchorMedia")
        for target in self.target:
            teams = {"tenant": target.tenant, "vmail": target.vmail, "method": target.method}
            used = sorted(name for name, value in teams.items() if value is not None)
            found += [f"dial: target.{name} has no effect in this version" for name in used]
        return tuple(found)

    def facts(self) -> Json:
        return {"targets": [target.to_target(None).to.display for target in self.target]}

    def order(self) -> DialOrder:
        targets = dict.fromkeys(target.to_target(self.proxy) for target in self.target)
        return DialOrder(
            targets=tuple(targets),
            timeout_s=self.timeout,
            time_limit_s=self.time_limit,
            answer_on_bridge=self.answer_on_bridge,
            caller_id=self.caller_id,
            caller_name=self.caller_name,
            headers=tuple(self.headers.items()),
            forward_identity=self.forward_p_a_i,
            confirm_hook=_hook(self.confirm_hook),
            music=self.dial_music,
            capture=self._capture(),
            refer_hook=_hook(self.refer_hook),
            hold_hook=_hook(self.on_hold_hook),
            beside=self._beside(),
            tag=self.tag,
            anchor_media=self.anchor_media,
            exit_media_path=self.exit_media_path,
        )

    def _capture(self) -> Capture:
        if self.dtmf_capture is None:
            return Capture()
        patterns = self.dtmf_capture
        return Capture(patterns.parent_call, patterns.child_call, _hook(self.dtmf_hook))

    def _beside(self) -> Beside:
        """Taps and transcripts are of the caller unless their `channel` is 2, the callee."""
        parent: list[Nested] = []
        child: list[Nested] = list(self.dub)
        for verb in (*self.listen, *self.stream):
            (child if _channel(verb) == CALLEE else parent).append(verb)
        for verb in self.transcribe:
            channel = _channel(verb)
            if channel != CALLEE:
                parent.append(verb)
            if channel != CALLER:
                child.append(verb)
        amd = None if self.amd is None else self.amd.order
        return Beside(tuple(parent), tuple(child), amd, self.boost_audio_signal)

    async def run(self, ctx: VerbContext) -> Outcome:
        result = await ctx.dialling.dial(self.order())
        if result is None:
            return NEXT
        ctx.note(_facts(result))
        if self.action_hook is None:
            return NEXT
        document = await ctx.ask(self.action_hook.hook, result.to_json(), self.id)
        return Replace(document) if document else NEXT


def _hook(written: HookObject | None) -> Hook | None:
    return written.hook if written is not None else None


def _channel(verb: Verb) -> int | None:
    return verb.model_dump(include={"channel"}).get("channel")


def _facts(result: DialResult) -> Json:
    facts = result.to_json()
    return facts | ({"error": result.error} if result.error is not None else {})
