"""What can be set about the stack, each with its unit and its reason."""

from dataclasses import dataclass

from voxgate.sip.transaction.machine import Timing

ALLOWED = (
    "INVITE",
    "ACK",
    "CANCEL",
    "BYE",
    "OPTIONS",
    "INFO",
    "UPDATE",
    "PRACK",
    "MESSAGE",
    "NOTIFY",
)
EXTENSIONS = ("100rel", "timer")


@dataclass(frozen=True, slots=True)
class SipOptions:
    t1_s: float = 0.5  # round-trip estimate, RFC 3261 timer T1
    t2_s: float = 4.0  # longest pause between repeats of a request
    t4_s: float = 5.0  # how long a message may stay in the network
    session_expires_s: int = 1800  # session timer asked for and granted (RFC 4028); 0: none
    min_se_s: int = 90  # shortest session timer accepted; RFC 4028 allows no less
    allow_methods: tuple[str, ...] = ALLOWED  # add REFER to get `ReferReceived`
    extensions: tuple[str, ...] = ()  # option tags that who takes the calls understands besides
    next_target_after_s: float = 4.0  # silence until the next SRV target, while there is one
    transactions_max: int = 100_000  # beyond it new requests from outside get 503

    @property
    def timing(self) -> Timing:
        return Timing(self.t1_s, self.t2_s, self.t4_s)
