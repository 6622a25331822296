"""When somebody spoke and how long the recogniser took, for who asked by `config.notifySttLatency`.

All times are milliseconds since 1970.
"""

from voxgate.model.calls import Json

TALKSPURTS_MAX = 100  # later ones are left out


class RecognitionTimes:
    """Of one listening, from `began_ms` on."""

    def __init__(self, began_ms: int) -> None:
        self._began_ms = began_ms
        self._talkspurts: list[list[int]] = []
        self._speaking = False
        self._result_ms: int | None = None
        self._latency_ms: int | None = None

    def voice(self, now_ms: int, *, on: bool) -> None:
        if on and not self._speaking and len(self._talkspurts) < TALKSPURTS_MAX:
            self._talkspurts.append([now_ms, now_ms])
        elif not on and self._speaking:
            self._talkspurts[-1][1] = now_ms
        self._speaking = on and bool(self._talkspurts)

    def heard(self, now_ms: int) -> None:
        """A result: the last one counts. It may come before the speech is over."""
        self._result_ms = now_ms
        if self._talkspurts:
            self._latency_ms = 0 if self._speaking else now_ms - self._talkspurts[-1][1]

    def facts(self) -> Json:
        """For the hook's payload; nothing before there was a result."""
        if self._result_ms is None:
            return {}
        facts: Json = {
            "stt_talkspurts": [
                [began, self._result_ms if self._speaking and n == len(self._talkspurts) else ended]
                for n, (began, ended) in enumerate(self._talkspurts, 1)
            ],
            "stt_start_time": self._began_ms,
            "stt_stop_time": self._result_ms,
            "stt_usage": self._result_ms - self._began_ms,
        }
        return facts if self._latency_ms is None else {"stt_latency_ms": self._latency_ms, **facts}
