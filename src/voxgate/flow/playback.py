"""What an application that asked for it is told of a sound: begun, heard out, cut (contract 4.6)."""

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from voxgate.flow.session import Session
from voxgate.model.calls import Json
from voxgate.speech.contract import SpeechAlert


class Playback:
    """Of one sound, as a context; `begin` once it can be heard."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._begun = False

    def begin(self, synthesized: Json | None = None) -> None:
        """`synthesized`: how a voice came by it."""
        if self._begun:
            return
        self._begun = True
        if synthesized is not None:
            self._session.report_playback("synthesized-audio", synthesized)
        self._session.report_playback("start-playback")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        problem: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._begun:
            was_cut = isinstance(problem, asyncio.CancelledError)
            self._session.report_playback("kill-playback" if was_cut else "stop-playback")


def tell_of(alerts: Iterable[SpeechAlert], session: Session) -> None:
    """What went wrong with speech that is heard all the same."""
    for alert in alerts:
        failover = "in progress" if alert.is_failover else None
        session.fault(alert.alert_type, alert.message, alert.detail, failover)
