"""Addresses that tenants give, judged as far as that needs no DNS; names again at connect."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from voxgate.base.egress import EgressPolicy, EgressRefused
from voxgate.base.errors import VoxgateError
from voxgate.model.hooks import Hook
from voxgate.provisioning.drafts import HookDraft
from voxgate.provisioning.errors import FieldError, Unprocessable
from voxgate.sip.uri import Uri


def host_problem(policy: EgressPolicy, host: str) -> str | None:
    try:
        policy.check_host(host)
    except EgressRefused as refused:
        return str(refused)
    return None


def hook_problem(policy: EgressPolicy, hook: Hook | None) -> str | None:
    """A path relative to another hook is judged with that one."""
    if hook is None or hook.is_relative:
        return None
    return host_problem(policy, urlsplit(hook.url).hostname or "")


def sip_address(text: str) -> Uri:
    """A SIP URI, or a host with an optional port. Raises ValueError with what to write."""
    lowered = text.lower()
    try:
        uri = Uri.parse(text if lowered.startswith(("sip:", "sips:")) else f"sip:{text}")
    except VoxgateError as malformed:
        raise ValueError(f"is not a SIP URI or host: {malformed}") from None
    transport = (uri.parameter("transport") or "udp").lower()
    if uri.scheme != "sip" or transport not in {"udp", "tcp"}:
        raise ValueError("only sip: over udp or tcp is available in this version")
    if uri.headers:
        raise ValueError('must not carry headers ("?..."); use "headers"')
    return uri


def proxy_problem(policy: EgressPolicy, text: str) -> str | None:
    """Of a text that `sip_address` has accepted."""
    return host_problem(policy, sip_address(text).host)


def owned_hooks(
    sent: Mapping[str, Any], current: object, names: Iterable[str], policy: EgressPolicy
) -> dict[str, Hook | None]:
    """The hooks among the fields sent, as values. Raises Unprocessable.

    `current` is the value they will replace: its password stays when it came back masked.
    """
    hooks: dict[str, Hook | None] = {}
    wrong = []
    for name in names:
        if name not in sent:
            continue
        draft: HookDraft | None = sent[name]
        hooks[name] = None if draft is None else draft.to_hook(getattr(current, name))
        if problem := hook_problem(policy, hooks[name]):
            wrong.append(FieldError(name, problem))
    if wrong:
        raise Unprocessable.fields(*wrong)
    return hooks
