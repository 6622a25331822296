"""Headers that must not cross the gateway: those its own parts speak in, and passwords.

Outwards nobody is told the names that we give to calls and accounts (contract row 82). Inwards
nobody outside may write a header that an application would take for ours (contract 11.4).
"""

_PREFIXES = ("x-voxgate-", "x-jambonz-")
# What the gateway vouches for when it shows a call to an application.
_OURS = frozenset({
    "x-account-sid",
    "x-application-sid",
    "x-authenticated-user",
    "x-call-sid",
    "x-cid",
    "x-forwarded-for",
    "x-originating-carrier",
    "x-subspace-forwarded-for",
    "x-voip-carrier-sid",
})
# The internal plumbing of the contract's reference; here they would only look effective.
_PLUMBING = frozenset({
    "x-ms-teams-fqdn",
    "x-ms-teams-tenant-fqdn",
    "x-override-to",
    "x-preferred-from-host",
    "x-preferred-from-user",
    "x-record-all-calls",
    "x-requested-carrier-sid",
    "x-sip-proxy",
    "x-trace-id",
})
_SECRET = frozenset({"authorization", "proxy-authorization"})


def is_private(name: str) -> bool:
    """Whether a header is the gateway's own business, which another leg never hears of."""
    lowered = name.lower()
    return lowered in _OURS or lowered in _PLUMBING or lowered.startswith(_PREFIXES)


def may_be_told(name: str) -> bool:
    """Whether an application may be shown a header that came from outside."""
    lowered = name.lower()
    return not (lowered in _OURS or lowered in _SECRET or lowered.startswith(_PREFIXES))
