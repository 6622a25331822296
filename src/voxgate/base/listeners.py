"""Who is told of something that happens again and again."""

from collections.abc import Callable
from functools import partial
from typing import Generic, ParamSpec

P = ParamSpec("P")


class Listeners(Generic[P]):
    """Told in the order in which they came, on the caller's stack."""

    def __init__(self) -> None:
        self._by_key: dict[object, Callable[P, None]] = {}

    def add(self, listener: Callable[P, None]) -> Callable[[], None]:
        """Call the result to stop; safe to call again, and after `clear`."""
        key = object()
        self._by_key[key] = listener
        return partial(self._drop, key)

    def tell(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Also those that stop while the others are told."""
        for listener in list(self._by_key.values()):
            listener(*args, **kwargs)

    def clear(self) -> None:
        self._by_key.clear()

    def _drop(self, key: object) -> None:
        self._by_key.pop(key, None)
