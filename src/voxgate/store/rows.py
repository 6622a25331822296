"""Rows of one table as values of one dataclass: a column for every field, secrets sealed."""

from collections.abc import Sequence
from dataclasses import Field, dataclass, fields
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Table, UnaryExpression, func, select

from voxgate.base.secrets import SecretBox
from voxgate.store.hooks import opened_hook, opened_text, sealed_hook, sealed_text


class _Value(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


V = TypeVar("V", bound=_Value)

Rule = ColumnElement[bool]
Order = ColumnElement[Any] | UnaryExpression[Any]


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a list: skip `offset`, take `limit`."""

    offset: int = 0
    limit: int | None = None


ALL = Window()


class Rows(Generic[V]):
    """The plain half of a noun's SQL; the noun's file adds the questions with names."""

    def __init__(
        self,
        table: Table,
        model: type[V],
        *,
        hooks: Sequence[str] = (),
        secrets: Sequence[str] = (),
        elsewhere: Sequence[str] = (),
        order: Sequence[Order] = (),
    ) -> None:
        """`elsewhere`: fields that live in another table; `order`: of lists."""
        self._table = table
        self._model = model
        self._key: ColumnElement[Any] = next(iter(table.primary_key.columns))
        self._hooks = frozenset(hooks)
        self._secrets = frozenset(secrets)
        self._names = tuple(f.name for f in fields(model) if f.name not in set(elsewhere))
        self._order = (*order, self._key)

    def insert(self, connection: Connection, value: V, box: SecretBox) -> None:
        connection.execute(self._table.insert().values(self._to_row(value, box)))

    def update(self, connection: Connection, value: V, box: SecretBox) -> None:
        row = self._to_row(value, box)
        sid = row.pop(self._key.key or "")
        connection.execute(self._table.update().where(self._key == sid).values(row))

    def delete(self, connection: Connection, sid: str) -> None:
        connection.execute(self._table.delete().where(self._key == sid))

    def get(self, connection: Connection, sid: str, box: SecretBox) -> V | None:
        return self.one(connection, box, self._key == sid)

    def one(self, connection: Connection, box: SecretBox, *rule: Rule) -> V | None:
        row = connection.execute(select(self._table).where(*rule)).one_or_none()
        return None if row is None else self._to_value(row, box)

    def many(
        self, connection: Connection, box: SecretBox, *rule: Rule, window: Window = ALL
    ) -> list[V]:
        question = select(self._table).where(*rule).order_by(*self._order)
        if window.offset:
            question = question.offset(window.offset)
        if window.limit is not None:
            question = question.limit(window.limit)
        return [self._to_value(row, box) for row in connection.execute(question)]

    def count(self, connection: Connection, *rule: Rule) -> int:
        question = select(func.count()).select_from(self._table).where(*rule)
        return connection.execute(question).scalar_one()

    def page(
        self, connection: Connection, box: SecretBox, window: Window, *rule: Rule
    ) -> tuple[int, list[V]]:
        """How many match in all, and those in the window."""
        found = self.many(connection, box, *rule, window=window)
        if window == ALL:
            return len(found), found
        return self.count(connection, *rule), found

    def _to_row(self, value: V, box: SecretBox) -> dict[str, Any]:
        row = {name: getattr(value, name) for name in self._names}
        for name in self._hooks:
            row[name] = sealed_hook(row[name], box)
        for name in self._secrets:
            row[name] = sealed_text(row[name], box)
        return row

    def _to_value(self, row: Row[Any], box: SecretBox) -> V:
        values = {name: row._mapping[name] for name in self._names}  # noqa: SLF001 - public API
        for name in self._hooks:
            values[name] = opened_hook(values[name], box)
        for name in self._secrets:
            values[name] = opened_text(values[name], box)
        return self._model(**values)
