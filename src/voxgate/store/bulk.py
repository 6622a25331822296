"""Many rows of one statement, without SQLAlchemy's work per row.

Only for the statements of the journal, which run a hundred times a second: a row costs a third.
The statement itself is still SQLAlchemy's, compiled once for each kind of database.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Row, TextClause
from sqlalchemy.sql.dml import UpdateBase

Arrange = Callable[[tuple[Any, ...]], Any]


class Bulk:
    """`names`: the statement's parameters, in the order in which rows give their values.

    Values go to the driver as they are: no type of SQLAlchemy converts them.
    """

    def __init__(self, statement: UpdateBase | TextClause, names: Sequence[str]) -> None:
        self._statement = statement
        self._names = tuple(names)
        self._compiled: dict[str, tuple[str, Arrange]] = {}

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        if not rows:
            return
        text, arrange = self._for(connection)
        connection.exec_driver_sql(text, [arrange(row) for row in rows])

    def first(self, connection: Connection, row: tuple[Any, ...]) -> Row[Any] | None:
        """Run it for one row; the first row of its answer."""
        text, arrange = self._for(connection)
        return connection.exec_driver_sql(text, arrange(row)).first()

    def _for(self, connection: Connection) -> tuple[str, Arrange]:
        dialect = connection.dialect.name
        if dialect not in self._compiled:
            self._compiled[dialect] = self._compile(connection)
        return self._compiled[dialect]

    def _compile(self, connection: Connection) -> tuple[str, Arrange]:
        """The SQL, and what makes of a row what the driver takes: by place, or by name."""
        compiled = self._statement.compile(dialect=connection.dialect, column_keys=self._names)
        names = compiled.positiontup
        if names is None:
            return str(compiled), lambda row: dict(zip(self._names, row, strict=True))
        return str(compiled), itemgetter(*(self._names.index(name) for name in names))
