from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from unit.store.stories import on_database
from voxgate.store.schema import alembic_config
from voxgate.store.tables import METADATA


def test_the_migrations_lead_to_the_schema_that_the_code_uses(database_url):
    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection), METADATA)

    async def story(database):
        assert await database.read(differences) == []

    on_database(database_url, story)


def test_a_database_can_go_back_to_nothing_and_forth_again(database_url):
    def downgrade(connection):
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    async def story(database):
        await database.write(downgrade)
        await database.migrate()

        assert (
            await database.read(lambda c: compare_metadata(MigrationContext.configure(c), METADATA))
            == []
        )

    on_database(database_url, story)
