"""Parts of lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from voxgate.store.rows import ALL, Window

T = TypeVar("T")

PAGE_SIZE = 25
PAGE_SIZE_MAX = 500


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`page` None: everything. 0 and 1 both mean the first page."""

    page: int | None = None
    page_size: int = PAGE_SIZE

    @property
    def window(self) -> Window:
        if self.page is None:
            return ALL
        return Window(max(self.page - 1, 0) * self.page_size, self.page_size)


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """`total` counts what matches, `items` is the part asked for."""

    total: int
    items: Sequence[T]
