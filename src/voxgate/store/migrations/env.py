"""Alembic's entry: migrates the connection that `voxgate.store.schema` hands in."""

from alembic import context

from voxgate.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
