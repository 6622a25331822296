"""Many rows of one statement, without SQLAlchemy's work per row.

Only for the statements of the journal, which run a hundred times a second: a row costs a third.
The statement itself is still SQLAlchemy's, compiled once for each kind of database.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.sql.dml import UpdateBase

Arrange = Callable[[tuple[Any, ...]], tuple[Any, ...]]


class Bulk:
    """`names`: the statement's parameters, in the order in which rows give their values.

    Values go to the driver as they are: no type of SQLAlchemy converts them.
    """

    def __init__(self, statement: UpdateBase, names: Sequence[str]) -> None:
        self._statement = statement
        self._names = tuple(names)
        self._compiled: dict[str, tuple[str, Arrange | None]] = {}

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        if not rows:
            return
        dialect = connection.dialect.name
        if dialect not in self._compiled:
            self._compiled[dialect] = self._compile(connection)
        text, arrange = self._compiled[dialect]
        if arrange is None:
            named = [dict(zip(self._names, row, strict=True)) for row in rows]
            connection.exec_driver_sql(text, named)
        else:
            connection.exec_driver_sql(text, list(map(arrange, rows)))

    def _compile(self, connection: Connection) -> tuple[str, Arrange | None]:
        """The SQL, and what puts a row into its order; None: it takes its values by name."""
        compiled = self._statement.compile(dialect=connection.dialect, column_keys=self._names)
        names = compiled.positiontup
        if names is None:
            return str(compiled), None
        return str(compiled), itemgetter(*(self._names.index(name) for name in names))
