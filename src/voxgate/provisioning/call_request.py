"""From the body of POST Calls to a complete request.

The call wins over the application, and the application over the account.
"""

from collections.abc import Iterator

from voxgate.base.egress import EgressPolicy
from voxgate.model.accounts import Account
from voxgate.model.applications import Application
from voxgate.model.calls import CallRequest, Json, SipAuth, Target
from voxgate.model.hooks import Hook
from voxgate.model.speech import RecognizerChoice, Voice
from voxgate.provisioning.addresses import hook_problem, proxy_problem
from voxgate.provisioning.call_draft import AmdDraft, CallDraft, TargetDraft
from voxgate.provisioning.drafts import HookDraft
from voxgate.provisioning.errors import FieldError, Invalid, Unprocessable

_Level = CallDraft | Application | Account


def complete(draft: CallDraft, application: Application | None, account: Account) -> CallRequest:
    """Raises Invalid when nothing says what the call should do once it is answered."""
    own_hook = _hook(draft.call_hook)
    app_json = draft.app_json
    if app_json is None and own_hook is None and application is not None:
        app_json = application.app_json
    call_hook = own_hook or (application.call_hook if application else None)
    if call_hook is None and app_json is None:
        msg = "application_sid, call_hook or app_json is required"
        raise Invalid.fields(FieldError("application_sid", msg))
    of_application = application.call_status_hook if application else None
    levels = (draft, application, account) if application else (draft, account)
    return CallRequest(
        from_user=draft.from_,
        to=_target(draft.to, account),
        from_host=draft.from_host,
        caller_name=draft.caller_name or None,
        timeout_s=draft.timeout,
        time_limit_s=draft.time_limit,
        application_sid=application.application_sid if application else None,
        call_hook=call_hook,
        call_status_hook=_hook(draft.call_status_hook) or of_application,
        notify_hook=_hook(draft.notify_url),
        app_json=app_json,
        tag=draft.tag,
        headers=tuple(draft.headers.items()),
        voice=voice_of(levels),
        recognizer=recognizer_of(levels),
        fallback_voice=fallback_voice_of(levels),
        amd=None if draft.amd is None else _amd(draft.amd),
        refer_hook=_hook(draft.refer_hook),
        sip_request_hook=_hook(draft.sip_request_hook),
        record=records_all(application, account),
        fallback=application.fallback if application else None,
    )


def records_all(application: Application | None, account: Account) -> bool:
    return account.record_all_calls or (application is not None and application.record_all_calls)


def voice_of(levels: tuple[_Level, ...]) -> Voice:
    """The first level that names a vendor decides it; below that level nothing counts.

    So a request that names a vendor alone gets that vendor's defaults. A language drops the
    voice of the levels below it, which speaks another one.
    """
    default = Voice()
    language = voice = None
    for level in levels:
        voice = voice or (None if language else level.speech_synthesis_voice)
        language = language or level.speech_synthesis_language
        if level.speech_synthesis_vendor:
            return Voice(level.speech_synthesis_vendor, language or default.language, voice)
    return Voice(default.vendor, language or default.language, voice)


def recognizer_of(levels: tuple[_Level, ...]) -> RecognizerChoice:
    vendor = language = None
    for level in levels:
        language = language or level.speech_recognizer_language
        if level.speech_recognizer_vendor:
            vendor = level.speech_recognizer_vendor
            break
    for spare in _spares(levels):
        if spare.fallback_speech_recognizer_vendor:
            return RecognizerChoice(
                vendor,
                language,
                spare.fallback_speech_recognizer_vendor,
                spare.fallback_speech_recognizer_language,
            )
    return RecognizerChoice(vendor, language)


def fallback_voice_of(levels: tuple[_Level, ...]) -> Voice | None:
    """Of the first level that names a vendor; the call's language unless it names another."""
    for spare in _spares(levels):
        if spare.fallback_speech_synthesis_vendor:
            language = spare.fallback_speech_synthesis_language or voice_of(levels).language
            voice = spare.fallback_speech_synthesis_voice
            return Voice(spare.fallback_speech_synthesis_vendor, language, voice)
    return None


def _spares(levels: tuple[_Level, ...]) -> Iterator[CallDraft | Application]:
    for level in levels:
        match level:
            case CallDraft():
                yield level
            case Application(use_for_fallback_speech=True):
                yield level
            case _:
                pass


def check_egress(draft: CallDraft, request: CallRequest, policy: EgressPolicy) -> None:
    """Addresses of the request that need no DNS to be refused. Raises Unprocessable."""
    amd_hook = None if draft.amd is None else _hook(draft.amd.action_hook)
    found = {
        "call_hook": hook_problem(policy, _hook(draft.call_hook)),
        "call_status_hook": hook_problem(policy, _hook(draft.call_status_hook)),
        "referHook": hook_problem(policy, _hook(draft.refer_hook)),
        "sipRequestWithinDialogHook": hook_problem(policy, _hook(draft.sip_request_hook)),
        "notifyUrl": hook_problem(policy, request.notify_hook),
        "amd.actionHook": hook_problem(policy, amd_hook),
    }
    if request.to.sip_uri is not None:
        found["to.sipUri"] = proxy_problem(policy, request.to.sip_uri)
    if request.to.proxy is not None:
        found["to.proxy"] = proxy_problem(policy, request.to.proxy)
    wrong = [FieldError(field, problem) for field, problem in found.items() if problem]
    if wrong:
        raise Unprocessable.fields(*wrong)


def check_target(to: TargetDraft) -> None:
    """What the type of the target demands. Raises Invalid, or Unprocessable for later types."""
    needed = {"phone": "number", "sip": "sip_uri", "user": "name", "teams": "number"}[to.type]
    if not getattr(to, needed):
        wire = "sipUri" if needed == "sip_uri" else needed
        raise Invalid.fields(FieldError(f"to.{wire}", f'is required for type "{to.type}"'))
    if to.type == "teams":
        raise Unprocessable.fields(FieldError("to.type", "teams is not available in this version"))


def _target(to: TargetDraft, account: Account) -> Target:
    name = to.name
    if to.type == "user" and name is not None and "@" not in name:
        if account.sip_realm is None:
            msg = "the account has no sip_realm, so it has no users"
            raise Unprocessable.fields(FieldError("to.name", msg))
        name = f"{name}@{account.sip_realm}"
    return Target(
        type=to.type,
        number=to.number if to.type == "phone" else None,
        sip_uri=to.sip_uri if to.type == "sip" else None,
        name=name,
        trunk=to.trunk if to.type == "phone" else None,
        headers=tuple(to.headers.items()),
        proxy=to.proxy,
        auth=None if to.auth is None else SipAuth(to.auth.username, to.auth.password),
    )


def _hook(draft: HookDraft | None) -> Hook | None:
    return None if draft is None else draft.to_hook()


def _amd(draft: AmdDraft) -> Json:
    """As it came, with every default filled in and the hook as an object."""
    amd = draft.model_dump(by_alias=True, exclude={"action_hook"}, exclude_none=True)
    hook = draft.action_hook.to_hook()
    amd["actionHook"] = {"url": hook.url, "method": hook.method}
    if hook.username is not None:
        amd["actionHook"] |= {"username": hook.username, "password": hook.password or ""}
    return amd
