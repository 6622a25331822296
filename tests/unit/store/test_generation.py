from unit.store.stories import on_database
from voxgate.store import (
    generation,
)


def test_every_provisioning_write_raises_the_generation(database_url):
    async def story(database):
        assert await database.read(generation.current) == 0
        assert await database.write(generation.raise_it) == 1
        assert await database.write(generation.raise_it) == 2
        assert await database.read(generation.current) == 2

    on_database(database_url, story)
