"""Where a call goes whose application cannot be reached."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("applications", sa.Column("fallback", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("applications") as applications:
        applications.drop_column("fallback")
