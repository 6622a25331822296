"""When to try again: status deliveries for a day, call and action hooks as their URL asks."""

from dataclasses import dataclass

RETRIES_MOST = 5  # of `#rc=`, contract 3.1
RETRIES_UNASKED = 4  # of a WebSocket's first connection, contract 4.1: five in all


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses that double from `first_s` to `most_s`, until `give_up_s` have passed."""

    first_s: float = 1.0
    most_s: float = 300.0
    give_up_s: float = 86400.0

    def pause_s(self, failures: int) -> float:
        """How long to wait after the `failures`th failure in a row (1 is the first)."""
        # The exponent is bounded because 2.0**1024 overflows.
        return min(self.most_s, self.first_s * 2.0 ** min(failures - 1, 60))

    def gives_up(self, *, first_failed_at: float, now: float) -> bool:
        return now - first_failed_at >= self.give_up_s


@dataclass(frozen=True, slots=True)
class RetryWish:
    """The `#rc=2&rp=ct,5xx` of a hook's URL: how often, and after which failures.

    Classes: `ct` no connection, `rt` no answer in time, `4xx`, `5xx`, `all`.
    """

    count: int = 0
    after: frozenset[str] = frozenset({"ct"})

    @classmethod
    def parse(cls, fragment: str, *, count: int = 0) -> "RetryWish":
        """Read a URL fragment. What it does not say, or says wrongly, keeps its default."""
        after = frozenset({"ct"})
        for option in fragment.split("&"):
            name, _, value = option.partition("=")
            if name == "rc" and value.isdecimal():
                count = min(RETRIES_MOST, int(value))
            elif name == "rp":
                known = {"ct", "rt", "4xx", "5xx", "all"}
                after = frozenset(value.lower().split(",")) & known or after
        return cls(count, after)

    def covers(self, failure_class: str) -> bool:
        return "all" in self.after or failure_class in self.after

    @staticmethod
    def pause_s(failures: int) -> float:
        """0.5, 1, 2, 4, 6 ... seconds after the first, second, ... failure."""
        return 0.5 * 2 ** (failures - 1) if failures <= 3 else 2.0 * (failures - 2)
