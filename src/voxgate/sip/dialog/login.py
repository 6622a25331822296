"""Answering digest challenges of one dialog: which realm asked, how often, was it content.

RFC 3261 section 22; the arithmetic is in `voxgate.sip.auth`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from voxgate.sip.auth import Challenge, Credentials, answer, strongest
from voxgate.sip.grammar import MalformedMessage
from voxgate.sip.message import Response

ATTEMPTS_MAX = 3  # of one request; a server that asks again and again is a loop

_ANSWER_TO = {401: ("WWW-Authenticate", "Authorization")}
_ANSWER_TO[407] = ("Proxy-Authenticate", "Proxy-Authorization")


@dataclass(slots=True)
class _Asked:
    challenge: Challenge
    cnonce: str
    uses: int = 0
    fresh: bool = True  # not yet answered


class Login:
    """The credentials of a dialog and the challenges seen so far, reused for later requests."""

    def __init__(self, credentials: Credentials | None, token: Callable[[], str]) -> None:
        self._credentials = credentials
        self._token = token
        self._asked: dict[tuple[str, str], _Asked] = {}

    def fields(self, method: str, uri: str, body: bytes) -> list[tuple[str, str]]:
        """The headers that answer every challenge known, for one request."""
        if not self._asked or self._credentials is None:
            return []
        fields = []
        for (header, _), asked in self._asked.items():
            asked.uses += 1
            asked.fresh = False
            value = answer(
                asked.challenge,
                self._credentials,
                method=method,
                uri=uri,
                body=body,
                cnonce=asked.cnonce,
                nc=asked.uses,
            )
            fields.append((header, value))
        return fields

    def learn(self, refusal: Response, *, attempts: int) -> bool:
        """Note the challenges of a 401 or 407; return whether another try may succeed.

        `attempts` counts how often this request was sent.
        """
        if self._credentials is None or refusal.status not in _ANSWER_TO:
            return False
        if attempts >= ATTEMPTS_MAX:
            return False
        asks, header = _ANSWER_TO[refusal.status]
        try:
            challenges = strongest(Challenge.parse_many(refusal.headers.all(asks)))
        except MalformedMessage:
            return False
        accepted = [self._accept(header, c, first=attempts == 1) for c in challenges]
        return any(accepted)

    def _accept(self, header: str, challenge: Challenge, *, first: bool) -> bool:
        known = self._asked.get((header, challenge.realm))
        # An answer to this very nonce was refused: the password is wrong. A new nonce without
        # `stale` is believed once, when the refused answer reused the nonce of an older request.
        if known is not None and not known.fresh and not challenge.stale:
            reused = first and known.uses > 1
            if challenge.nonce == known.challenge.nonce or not reused:
                return False
        self._asked[header, challenge.realm] = _Asked(challenge, self._token())
        return True
