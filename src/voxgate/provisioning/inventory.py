"""The stored nouns as use cases see them: errors of the store become refusals, writes are told."""

from collections.abc import Callable
from typing import TypeVar

from voxgate.base.clock import Clock
from voxgate.base.egress import EgressPolicy
from voxgate.base.secrets import SecretBox, SecretUnreadable
from voxgate.provisioning.directory import Directory
from voxgate.provisioning.errors import Unavailable, Unprocessable
from voxgate.store import generation
from voxgate.store.engine import (
    AlreadyExists,
    Connection,
    Database,
    StillReferenced,
    StoreUnavailable,
)

T = TypeVar("T")


class Inventory:
    """What every noun's use cases share."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        box: SecretBox,
        clock: Clock,
        egress: EgressPolicy,
    ) -> None:
        self._database = database
        self._directory = directory
        self.box = box
        self.egress = egress
        self._clock = clock

    def now(self) -> float:
        return self._clock.wall()

    async def read(self, question: Callable[[Connection], T]) -> T:
        """Raises Unavailable, or what `question` raises."""
        try:
            return await self._database.read(question)
        except (StoreUnavailable, SecretUnreadable) as away:
            raise Unavailable(str(away)) from away

    async def write(self, change: Callable[[Connection], T]) -> T:
        """One transaction; the caches of this process and others notice it.

        `change` checks permissions and state itself, on the connection it is given, so that
        nothing can change in between.
        """

        def counted(connection: Connection) -> tuple[T, int]:
            result = change(connection)
            return result, generation.raise_it(connection)

        try:
            result, number = await self._database.write(counted)
        except (StoreUnavailable, SecretUnreadable) as away:
            raise Unavailable(str(away)) from away
        except AlreadyExists as duplicate:
            raise Unprocessable("this exists already") from duplicate
        except StillReferenced as used:
            raise Unprocessable("this is used by something else, or uses what is gone") from used
        self._directory.changed(number)
        return result
