"""A cache bounded by the size of what it holds: least recently used goes first."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Lru(Generic[Key, Value]):
    """Holds values of at most `limit` together, as `size_of` measures them."""

    def __init__(self, limit: int, size_of: Callable[[Value], int]) -> None:
        self._limit = limit
        self._size_of = size_of
        self._size = 0
        self._kept: OrderedDict[Key, Value] = OrderedDict()

    def __contains__(self, key: Key) -> bool:
        return key in self._kept

    def get(self, key: Key) -> Value | None:
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def put(self, key: Key, value: Value) -> None:
        """A value of more than a quarter of the limit is not kept: it would drive out the rest."""
        size = self._size_of(value)
        if size > self._limit // 4:
            return
        if key in self._kept:
            self._size -= self._size_of(self._kept.pop(key))
        self._kept[key] = value
        self._size += size
        while self._size > self._limit:
            _, dropped = self._kept.popitem(last=False)
            self._size -= self._size_of(dropped)
