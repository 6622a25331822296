"""Digest challenges and answers, both sides, as pure functions (RFC 7616, RFC 8760, RFC 2617)."""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from voxgate.sip.grammar import (
    QUOTED_STRING,
    TOKEN_CHARACTERS,
    InvalidHeader,
    MalformedMessage,
    checked_text,
    quote,
    unquote,
)

_ITEM = re.compile(
    rf"[ \t,]*([{TOKEN_CHARACTERS}]+)"
    rf"(?:[ \t]*=[ \t]*({QUOTED_STRING}|[^\s,\"]+)|(?=[ \t]|$))",
    re.DOTALL,
)


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# Best first. RFC 8760 leaves the choice to the order of the challenges; carriers put MD5 first
# out of habit, so strength decides here.
_HASHES: dict[str, Callable[[bytes], str]] = {
    "SHA-256-SESS": _sha256,
    "SHA-256": _sha256,
    "MD5-SESS": _md5,
    "MD5": _md5,
}
_STRENGTH = tuple(_HASHES)


@dataclass(frozen=True, slots=True)
class Credentials:
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One WWW-Authenticate or Proxy-Authenticate challenge."""

    scheme: str
    realm: str
    nonce: str
    algorithm: str | None = None
    qop: tuple[str, ...] = ()
    opaque: str | None = None
    stale: bool = False

    @classmethod
    def parse_many(cls, values: Iterable[str]) -> list["Challenge"]:
        """Read all challenges of all header lines; other schemes than Digest are left out.

        Raises `MalformedMessage` for a Digest challenge without realm or nonce.
        """
        return [
            cls._from_parameters(scheme, found)
            for value in values
            for scheme, found in _schemes(value, "challenge")
            if scheme.lower() == "digest"
        ]

    @classmethod
    def _from_parameters(cls, scheme: str, found: dict[str, str]) -> "Challenge":
        if "realm" not in found or not found.get("nonce"):
            raise MalformedMessage("challenge", ", ".join(found))
        return cls(
            scheme,
            found["realm"],
            found["nonce"],
            found.get("algorithm"),
            tuple(part.strip().lower() for part in found.get("qop", "").split(",") if part.strip()),
            found.get("opaque"),
            found.get("stale", "").lower() == "true",
        )

    @property
    def answerable(self) -> bool:
        """Whether `answer` knows its algorithm and protection."""
        known = (self.algorithm or "MD5").upper() in _HASHES
        return known and (not self.qop or "auth" in self.qop or "auth-int" in self.qop)

    def __str__(self) -> str:
        parts = [f"realm={quote(self.realm)}", f"nonce={quote(self.nonce)}"]
        if self.opaque is not None:
            parts.append(f"opaque={quote(self.opaque)}")
        if self.stale:
            parts.append("stale=TRUE")
        if self.algorithm is not None:
            parts.append(f"algorithm={self.algorithm}")
        if self.qop:
            parts.append(f'qop="{",".join(self.qop)}"')
        return f"{self.scheme} " + ", ".join(parts)


def strongest(challenges: Iterable[Challenge]) -> list[Challenge]:
    """Return the best answerable challenge of each realm, in the order the realms came."""
    best: dict[str, Challenge] = {}
    for challenge in challenges:
        if challenge.answerable:
            rival = best.get(challenge.realm)
            if rival is None or _rank(challenge) < _rank(rival):
                best[challenge.realm] = challenge
    return list(best.values())


def _rank(challenge: Challenge) -> tuple[int, bool]:
    return _STRENGTH.index((challenge.algorithm or "MD5").upper()), "auth" not in challenge.qop


def answer(
    challenge: Challenge,
    credentials: Credentials,
    *,
    method: str,
    uri: str,
    body: bytes,
    cnonce: str,
    nc: int,
) -> str:
    """Return the value of the Authorization (or Proxy-Authorization) header.

    `uri` is the request URI as sent. `nc` counts the requests sent with this nonce, from 1.
    Raises `InvalidHeader` for a challenge that is not `answerable`.
    """
    if not challenge.answerable:
        raise InvalidHeader("Authorization", f"algorithm {challenge.algorithm} or qop unknown")
    qop = None
    if challenge.qop:
        qop = "auth" if "auth" in challenge.qop else "auth-int"
    authorization = Authorization(
        username=credentials.username,
        realm=challenge.realm,
        nonce=challenge.nonce,
        uri=uri,
        response="",
        algorithm=challenge.algorithm,
        qop=qop,
        cnonce=cnonce if qop or _is_session(challenge.algorithm) else None,
        nc=f"{nc:08x}" if qop else None,
        opaque=challenge.opaque,
    )
    response = authorization.expected(credentials.password, method=method, body=body)
    return checked_text("Authorization", authorization.printed(response))


def _is_session(algorithm: str | None) -> bool:
    return (algorithm or "").upper().endswith("-SESS")


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a client answered to a challenge."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str | None = None
    qop: str | None = None
    cnonce: str | None = None
    nc: str | None = None
    opaque: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Authorization":
        """Raise `MalformedMessage` unless this is one complete Digest answer."""
        schemes = _schemes(text, "Authorization")
        if len(schemes) != 1 or schemes[0][0].lower() != "digest":
            raise MalformedMessage("Authorization", text.partition(" ")[0])
        found = schemes[0][1]
        missing = {"username", "realm", "nonce", "uri", "response"} - found.keys()
        qop = found.get("qop")
        if qop is not None:
            missing |= {"cnonce", "nc"} - found.keys()
        if missing:
            raise MalformedMessage("Authorization", f"no {', '.join(sorted(missing))}")
        return cls(
            found["username"],
            found["realm"],
            found["nonce"],
            found["uri"],
            found["response"].lower(),
            found.get("algorithm"),
            qop.lower() if qop is not None else None,
            found.get("cnonce"),
            found.get("nc"),
            found.get("opaque"),
        )

    def expected(self, password: str, *, method: str, body: bytes) -> str:
        """Return the response that the right password gives (RFC 7616 section 3.4.1)."""
        digest = _HASHES[(self.algorithm or "MD5").upper()]
        a1 = f"{self.username}:{self.realm}:{password}".encode()
        if _is_session(self.algorithm):
            a1 = f"{digest(a1)}:{self.nonce}:{self.cnonce or ''}".encode()
        a2 = f"{method}:{self.uri}"
        if self.qop == "auth-int":
            a2 += f":{digest(body)}"
        middle = self.nonce
        if self.qop is not None:
            middle += f":{self.nc}:{self.cnonce}:{self.qop}"
        return digest(f"{digest(a1)}:{middle}:{digest(a2.encode())}".encode())

    def printed(self, response: str) -> str:
        parts = [
            f"username={quote(self.username)}",
            f"realm={quote(self.realm)}",
            f"nonce={quote(self.nonce)}",
            f"uri={quote(self.uri)}",
            f'response="{response}"',
        ]
        if self.algorithm is not None:
            parts.append(f"algorithm={self.algorithm}")
        if self.cnonce is not None:
            parts.append(f"cnonce={quote(self.cnonce)}")
        if self.opaque is not None:
            parts.append(f"opaque={quote(self.opaque)}")
        if self.qop is not None:
            # RFC 7616 section 3.4: qop and nc of an answer are not quoted.
            parts += (f"qop={self.qop}", f"nc={self.nc}")
        return "Digest " + ", ".join(parts)

    def __str__(self) -> str:
        return self.printed(self.response)


def challenges(
    realm: str,
    nonce: str,
    *,
    algorithms: Sequence[str] = ("SHA-256", "MD5"),
    qop: tuple[str, ...] = ("auth",),
    stale: bool = False,
) -> list[str]:
    """Return one challenge header value per algorithm, in this order (RFC 8760 section 2.4)."""
    return [str(Challenge("Digest", realm, nonce, name, qop, None, stale)) for name in algorithms]


def verify(
    authorization: Authorization, credentials: Credentials, *, method: str, body: bytes
) -> bool:
    """Tell whether the password is right. Realm, nonce and nonce count are the caller's to check."""
    if authorization.username != credentials.username:
        return False
    if (authorization.algorithm or "MD5").upper() not in _HASHES:
        return False
    if authorization.qop not in {None, "auth", "auth-int"}:
        return False
    expected = authorization.expected(credentials.password, method=method, body=body)
    return hmac.compare_digest(expected.encode(), authorization.response.encode())


def _schemes(text: str, header: str) -> list[tuple[str, dict[str, str]]]:
    """Cut `Scheme name=value, name="v", Scheme name=…` into schemes with their parameters."""
    schemes: list[tuple[str, dict[str, str]]] = []
    position = 0
    text = text.strip(" \t,")
    while position < len(text):
        found = _ITEM.match(text, position)
        if found is None:
            raise MalformedMessage(header, text)
        name, value = found.groups()
        if value is None:
            schemes.append((name, {}))
        elif not schemes:
            raise MalformedMessage(header, text)
        else:
            # The first of a repeated parameter counts: a later one may have been slipped in.
            schemes[-1][1].setdefault(name.lower(), unquote(value))
        position = found.end()
    return schemes
