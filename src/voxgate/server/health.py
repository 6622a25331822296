"""Whether this process can take new calls, and what is in the way."""

from collections.abc import Callable, Sequence

from voxgate.server.metrics import Metrics

Check = Callable[[], str | None]
"""None: fine. Else what is wrong, in words that may be shown to anybody."""


class Health:
    """What `/ready` and `/metrics` answer from; `/health` only says that the process runs."""

    def __init__(self, checks: Sequence[Check], metrics: Metrics) -> None:
        self._checks = tuple(checks)
        self._metrics = metrics

    async def problems(self) -> list[str]:
        """Why no new calls can be taken, each reason once; empty: ready."""
        found = [problem for check in self._checks if (problem := check()) is not None]
        return list(dict.fromkeys(found))

    def metrics(self) -> bytes:
        return self._metrics.exposition()
