"""The asking side of digest authentication: nonces that cost no memory until they are used.

RFC 7616 sections 3.3 to 3.5, RFC 8760. A nonce carries its time and a mark that only we can make,
so that challenging a scanner a million times keeps nothing. What is kept, for those who logged in,
is how far each nonce has been counted; it is bounded, and what falls out makes its nonce stale.
"""

import enum
import hashlib
import hmac
import struct
from collections import OrderedDict
from collections.abc import Callable, Sequence

from voxgate.sip.auth import Authorization, Credentials, challenges, verify

NONCE_LIFE_S = 300.0
COUNTED_MAX = 50_000
_STAMP = struct.Struct(">d")
_MARK_BYTES = 16
_SALT_BYTES = 8


class Verdict(enum.Enum):
    GRANTED = "the password is right"
    STALE = "the nonce is too old or was used before: ask again, the password may be right"
    WRONG = "not with these credentials"


class Challenger:
    """One per process. `now` is any clock that never goes back, in seconds."""

    def __init__(
        self, key: bytes, salt: Callable[[int], bytes], algorithms: Sequence[str] = ("MD5",)
    ) -> None:
        """`salt(n)` gives n random bytes. `algorithms` are offered in this order.

        Answers in any known algorithm are taken. MD5 alone is the default because many phones
        give up when they see a challenge that they cannot answer beside one that they can.
        """
        self._key = key
        self._salt = salt
        self._algorithms = tuple(algorithms)
        self._counted: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._oldest_good = float("-inf")

    def challenges(self, realm: str, *, now: float, stale: bool = False) -> list[tuple[str, str]]:
        """WWW-Authenticate headers, one for each algorithm."""
        offered = challenges(realm, self._nonce(now), algorithms=self._algorithms, stale=stale)
        return [("WWW-Authenticate", text) for text in offered]

    def judge(
        self,
        authorization: Authorization,
        credentials: Credentials | None,
        *,
        realm: str,
        method: str,
        body: bytes,
        now: float,
    ) -> Verdict:
        """`credentials` None: nobody is known by that name, which takes as long to say."""
        known = credentials or Credentials(authorization.username, "")
        right = verify(authorization, known, method=method, body=body)
        if authorization.realm.lower() != realm.lower():
            return Verdict.WRONG
        made_at = self._made_at(authorization.nonce)
        if made_at is None or not 0 <= now - made_at <= NONCE_LIFE_S:
            return Verdict.STALE
        if not right or credentials is None:
            return Verdict.WRONG
        return Verdict.GRANTED if self._counts(authorization, made_at) else Verdict.STALE

    def is_ours(self, nonce: str, *, now: float) -> bool:
        """Whether a nonce that somebody else will judge is a fresh one of ours."""
        made_at = self._made_at(nonce)
        return made_at is not None and 0 <= now - made_at <= NONCE_LIFE_S

    def count(self, authorization: Authorization) -> bool:
        """Use an answer that somebody else judged; False when it was used before."""
        made_at = self._made_at(authorization.nonce)
        return made_at is not None and self._counts(authorization, made_at)

    def __len__(self) -> int:
        """How many nonces are counted."""
        return len(self._counted)

    def _counts(self, authorization: Authorization, made_at: float) -> bool:
        """Each answer is good once: its count must be higher than any before."""
        try:
            # Without qop there is no count; such a nonce is good once.
            count = 1 if authorization.nc is None else int(authorization.nc, 16)
        except ValueError:
            return False
        nonce = authorization.nonce
        if made_at <= self._oldest_good and nonce not in self._counted:
            return False
        if count <= self._counted.get(nonce, (made_at, 0))[1]:
            return False
        self._counted[nonce] = made_at, count
        self._counted.move_to_end(nonce)
        if len(self._counted) > COUNTED_MAX:
            _, (forgotten, _count) = self._counted.popitem(last=False)
            self._oldest_good = max(self._oldest_good, forgotten)
        return True

    def _nonce(self, now: float) -> str:
        head = _STAMP.pack(now) + self._salt(_SALT_BYTES)
        return (head + self._mark(head)).hex()

    def _made_at(self, nonce: str) -> float | None:
        """When we made it; None when we did not."""
        try:
            raw = bytes.fromhex(nonce)
        except ValueError:
            return None
        head, mark = raw[: _STAMP.size + _SALT_BYTES], raw[_STAMP.size + _SALT_BYTES :]
        if not hmac.compare_digest(mark, self._mark(head)) or len(head) < _STAMP.size:
            return None
        made_at: float = _STAMP.unpack(head[: _STAMP.size])[0]
        return made_at

    def _mark(self, head: bytes) -> bytes:
        return hmac.new(self._key, head, hashlib.sha256).digest()[:_MARK_BYTES]
