"""Recordings, and where an account keeps them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    off = sa.false()
    for column in (
        sa.Column("record_all_calls", sa.Boolean(), nullable=False, server_default=off),
        sa.Column("record_format", sa.String(length=8), nullable=False, server_default="mp3"),
        sa.Column("bucket_credential", sa.Text(), nullable=True),
        sa.Column("recording_hook", sa.JSON(), nullable=True),
    ):
        op.add_column("accounts", column)
    op.add_column(
        "applications",
        sa.Column("record_all_calls", sa.Boolean(), nullable=False, server_default=off),
    )
    op.create_table(
        "recordings",
        sa.Column("recording_sid", sa.String(length=36), nullable=False),
        sa.Column("call_sid", sa.String(length=36), nullable=False),
        sa.Column("account_sid", sa.String(length=36), nullable=False),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("file", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("recording_id", sa.String(length=256), nullable=True),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("bucket_key", sa.Text(), nullable=True),
        sa.Column("hook_told", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.Float(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("recording_sid", name=op.f("pk_recordings")),
    )
    op.create_index(op.f("ix_recordings_account_sid"), "recordings", ["account_sid"])
    op.create_index(op.f("ix_recordings_call_sid"), "recordings", ["call_sid"])
    op.create_index("ix_recordings_work", "recordings", ["state", "hook_told", "next_at"])


def downgrade() -> None:
    op.drop_table("recordings")
    with op.batch_alter_table("applications") as applications:
        applications.drop_column("record_all_calls")
    with op.batch_alter_table("accounts") as accounts:
        for name in ("record_all_calls", "record_format", "bucket_credential", "recording_hook"):
            accounts.drop_column(name)
