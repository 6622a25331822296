"""Recordings: where each one is, and what is still to be done about it."""

from sqlalchemy import Connection, and_, delete, or_

from voxgate.base.secrets import SecretBox
from voxgate.model.recordings import Recording, RecordingState
from voxgate.store.rows import Rows, Window
from voxgate.store.tables import RECORDINGS

_ROWS = Rows(RECORDINGS, Recording, order=[RECORDINGS.c.started_at])
_BY_DUE = Rows(RECORDINGS, Recording, order=[RECORDINGS.c.next_at])

insert = _ROWS.insert
update = _ROWS.update
get = _ROWS.get
delete_one = _ROWS.delete


def of_call(connection: Connection, call_sid: str, box: SecretBox) -> list[Recording]:
    """The oldest first."""
    return _ROWS.many(connection, box, RECORDINGS.c.call_sid == call_sid)


def left_open(connection: Connection, box: SecretBox) -> list[Recording]:
    """Those that a process was writing when it ended."""
    return _ROWS.many(connection, box, RECORDINGS.c.state == RecordingState.OPEN)


def due(connection: Connection, box: SecretBox, *, now: float, limit: int) -> list[Recording]:
    """Those to be stored, or whose account is to be told; the one that waits longest first."""
    state, untold = RECORDINGS.c.state, RECORDINGS.c.hook_told.is_(False)
    unfinished = or_(
        state.in_([RecordingState.LOCAL, RecordingState.REFUSED]),
        and_(state == RecordingState.STORED, untold),
    )
    return _BY_DUE.many(
        connection, box, unfinished, RECORDINGS.c.next_at <= now, window=Window(limit=limit)
    )


def hurry(connection: Connection, account_sid: str) -> None:
    """Let those that wait for their bucket try it now: it is another one."""
    connection.execute(
        RECORDINGS.update().where(RECORDINGS.c.account_sid == account_sid).values(next_at=0.0)
    )


def remove_of_account(connection: Connection, account_sid: str) -> None:
    connection.execute(delete(RECORDINGS).where(RECORDINGS.c.account_sid == account_sid))
