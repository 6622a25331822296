"""A call's request as JSON text and back; passwords in it are sealed."""

import json
from typing import Any

from voxgate.base.secrets import SecretBox
from voxgate.model.calls import CallRequest, Json, SipAuth, Target
from voxgate.model.speech import RecognizerChoice, Voice
from voxgate.store.hooks import opened_hook, sealed_hook


def request_to_text(request: CallRequest, box: SecretBox) -> str:
    document: Json = {
        "from_user": request.from_user,
        "to": _target_to_json(request.to, box),
        "timeout_s": request.timeout_s,
        "call_hook": sealed_hook(request.call_hook, box),
        "call_status_hook": sealed_hook(request.call_status_hook, box),
        "notify_hook": sealed_hook(request.notify_hook, box),
        "voice": _voice_to_json(request.voice),
        "recognizer": [
            request.recognizer.vendor,
            request.recognizer.language,
            request.recognizer.fallback_vendor,
            request.recognizer.fallback_language,
        ],
        "fallback_voice": _voice_to_json(request.fallback_voice),
        "headers": request.headers,
        "from_host": request.from_host,
        "caller_name": request.caller_name,
        "time_limit_s": request.time_limit_s,
        "application_sid": request.application_sid,
        "app_json": request.app_json,
        "tag": request.tag,
        "amd": _amd_to_json(request.amd, box),
        "fallback": request.fallback,
        "source_ip": request.source_ip,
        "record": request.record,
        "refer_hook": sealed_hook(request.refer_hook, box),
        "sip_request_hook": sealed_hook(request.sip_request_hook, box),
        "parent_call_sid": request.parent_call_sid,
        "caller_id": request.caller_id,
    }
    return json.dumps(document, separators=(",", ":"))


def request_from_text(text: str, box: SecretBox) -> CallRequest:
    document: Any = json.loads(text)
    return CallRequest(
        from_user=document["from_user"],
        to=_target_from_json(document["to"], box),
        from_host=document["from_host"],
        caller_name=document["caller_name"],
        timeout_s=document["timeout_s"],
        time_limit_s=document["time_limit_s"],
        application_sid=document["application_sid"],
        call_hook=opened_hook(document["call_hook"], box),
        call_status_hook=opened_hook(document["call_status_hook"], box),
        notify_hook=opened_hook(document["notify_hook"], box),
        app_json=document["app_json"],
        tag=document["tag"],
        headers=_pairs(document["headers"]),
        voice=Voice(*document["voice"]),
        recognizer=RecognizerChoice(*document["recognizer"]),
        fallback_voice=Voice(*document["fallback_voice"])
        if document.get("fallback_voice")
        else None,
        amd=_amd_from_json(document["amd"], box),
        fallback=document.get("fallback"),
        source_ip=document.get("source_ip"),
        record=document.get("record", False),
        # Calls of before there was `dial` have none of these.
        refer_hook=opened_hook(document.get("refer_hook"), box),
        sip_request_hook=opened_hook(document.get("sip_request_hook"), box),
        parent_call_sid=document.get("parent_call_sid"),
        caller_id=document.get("caller_id"),
    )


def _voice_to_json(voice: Voice | None) -> list[str | None] | None:
    return None if voice is None else [voice.vendor, voice.language, voice.voice]


def _target_to_json(target: Target, box: SecretBox) -> Json:
    auth = target.auth
    return {
        "type": target.type,
        "number": target.number,
        "sip_uri": target.sip_uri,
        "name": target.name,
        "trunk": target.trunk,
        "headers": target.headers,
        "proxy": target.proxy,
        "auth": None if auth is None else [auth.username, box.seal(auth.password)],
        "override_to": target.override_to,
    }


def _target_from_json(document: Json, box: SecretBox) -> Target:
    auth = document["auth"]
    return Target(
        type=document["type"],
        number=document["number"],
        sip_uri=document["sip_uri"],
        name=document["name"],
        trunk=document["trunk"],
        headers=_pairs(document["headers"]),
        proxy=document["proxy"],
        auth=None if auth is None else SipAuth(auth[0], box.open(auth[1])),
        override_to=document.get("override_to"),
    )


def _amd_to_json(amd: Json | None, box: SecretBox) -> Json | None:
    """Its action hook may carry a password."""
    hook = (amd or {}).get("actionHook")
    if amd is None or not isinstance(hook, dict) or "password" not in hook:
        return amd
    rest = {name: value for name, value in hook.items() if name != "password"}
    return {**amd, "actionHook": {**rest, "sealed": box.seal(hook["password"])}}


def _amd_from_json(amd: Json | None, box: SecretBox) -> Json | None:
    hook = (amd or {}).get("actionHook")
    if amd is None or not isinstance(hook, dict) or "sealed" not in hook:
        return amd
    rest = {name: value for name, value in hook.items() if name != "sealed"}
    return {**amd, "actionHook": {**rest, "password": box.open(hook["sealed"])}}


def _pairs(values: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in values)
