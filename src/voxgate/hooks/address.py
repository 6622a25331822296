"""From a hook as the customer wrote it to an address that can be sent to."""

import base64
from dataclasses import dataclass, replace
from functools import lru_cache

from yarl import URL

from voxgate.base.egress import EgressPolicy, EgressRefused
from voxgate.hooks.failures import HookFailed, shown_url
from voxgate.hooks.retry import RETRIES_UNASKED, RetryWish
from voxgate.model.hooks import Hook

HTTP = frozenset({"http", "https"})
WEBSOCKET = frozenset({"ws", "wss"})


@dataclass(frozen=True, slots=True)
class Address:
    """`url` is free of credentials and fragment, `shown` also of the query."""

    url: URL
    shown: str
    method: str
    authorization: str | None
    wish: RetryWish


@lru_cache(maxsize=4096)
def absolute_hook(hook: Hook, base: Hook | None) -> Hook:
    """The same hook with a whole URL and its own credentials.

    A relative one lies on the host of `base`: the path is replaced, not joined. On that host
    the credentials of `base` serve a hook that has none. Raises ValueError for a URL that is
    none.
    """
    url = URL(hook.url)
    root = URL(base.url) if base is not None else None
    if not url.absolute:
        if root is None or not root.absolute:
            raise ValueError("a relative URL needs a call hook to be relative to")
        path = hook.url if hook.is_relative else f"/{hook.url}"
        url = root.with_user(None).join(URL(path))
    username, password = _credentials(hook, url)
    if username is None and base is not None and root is not None and _same_host(url, root):
        username, password = _credentials(base, root)
    return replace(hook, url=str(url.with_user(None)), username=username, password=password)


def whole_hook(hook: Hook, base: Hook | None) -> Hook:
    """With a whole URL where that is possible; otherwise every attempt will say what is wrong."""
    try:
        return absolute_hook(hook, base)
    except ValueError:
        return hook


@lru_cache(maxsize=4096)
def origin_of(hook: Hook) -> str:
    """Scheme, host and port: what fails together. For a malformed URL, the URL."""
    try:
        return str(URL(hook.url).with_user(None).origin())
    except ValueError:
        return hook.url


def resolve(
    hook: Hook, base: Hook | None, policy: EgressPolicy, schemes: frozenset[str]
) -> Address:
    """Raises HookFailed: malformed, another scheme, or an address that is not allowed."""
    try:
        whole = absolute_hook(hook, base)
        url = URL(whole.url)
    except ValueError as problem:
        raise HookFailed("connect", shown_url(hook.url), str(problem)) from None
    shown = shown_url(whole.url)
    if url.scheme not in schemes or not url.host:
        wanted = " or ".join(sorted(schemes))
        raise HookFailed("connect", shown, f"the URL does not begin with {wanted}")
    if not (hook.method.isascii() and hook.method.isalpha()):
        raise HookFailed("connect", shown, f"{hook.method!r} is not a method")
    try:
        policy.check_host(url.host)
    except EgressRefused as refusal:
        raise HookFailed("egress", shown, str(refusal)) from None
    authorization = None
    if whole.username is not None or whole.password is not None:
        pair = f"{whole.username or ''}:{whole.password or ''}".encode()
        authorization = "Basic " + base64.b64encode(pair).decode()
    return Address(
        url.with_fragment(None),
        shown,
        hook.method.upper(),
        authorization,
        RetryWish.parse(url.raw_fragment, count=RETRIES_UNASKED if schemes is WEBSOCKET else 0),
    )


def _credentials(hook: Hook, url: URL) -> tuple[str | None, str | None]:
    if hook.username is not None or hook.password is not None:
        return hook.username or "", hook.password
    if url.user is not None or url.password is not None:
        return url.user or "", url.password
    return None, None


def _same_host(url: URL, root: URL) -> bool:
    return url.absolute and root.absolute and (url.host, url.port) == (root.host, root.port)
