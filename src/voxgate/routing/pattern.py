"""Number patterns: digit prefixes, wildcards and anchored regular expressions.

Patterns come from tenants, so they run on RE2: time is linear whatever they contain.
"""

import functools
import re

import re2

from voxgate.base.errors import VoxgateError

_PREFIX = re.compile(r"\+?\d+")
_MATCH_LENGTH = 132  # the contract's longest number


class BadPattern(VoxgateError):
    """A pattern that RE2 cannot read."""


@functools.lru_cache(maxsize=4096)
def _compiled(pattern: str) -> "re2._Regexp":
    options = re2.Options()
    options.log_errors = False  # a tenant's mistake is the API's to tell, not standard error's
    try:
        return re2.compile(pattern, options)
    except re2.error as refused:
        raise BadPattern(f"{pattern!r} is not a regular expression: {refused}") from None


def check(pattern: str) -> None:
    """Raises BadPattern; call it where a pattern enters the product."""
    if _PREFIX.fullmatch(pattern) is None:
        _compiled(pattern)


def matches(pattern: str, number: str) -> bool:
    """A rule against the called number, which is tried with and without its plus.

    Digits are a prefix; anything else is a regular expression anchored at the start.
    """
    bare = number.removeprefix("+")[:_MATCH_LENGTH]
    if _PREFIX.fullmatch(pattern):
        return bare.startswith(pattern.removeprefix("+"))
    regex = _compiled(pattern)
    return any(regex.match(form) is not None for form in (bare, f"+{bare}"))


def matches_registered(pattern: str, number: str) -> bool:
    """A registered number against the caller's: exact, `4930*`, or `^4930.*`; no plus."""
    bare = number.removeprefix("+")[:_MATCH_LENGTH]
    if pattern.startswith("^"):
        return _compiled(pattern).match(bare) is not None
    if pattern.endswith("*"):
        return bare.startswith(pattern.rstrip("*"))
    return bare == pattern
