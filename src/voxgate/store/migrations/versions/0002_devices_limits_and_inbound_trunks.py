"""SIP devices and their registrations, limits, and how trunks call in."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OF_ACCOUNT = sa.text("account_sid IS NULL")


def _carrier_columns() -> list[sa.Column[Any]]:
    off = sa.false()
    return [
        sa.Column("trunk_type", sa.String(length=16), nullable=False, server_default="static_ip"),
        sa.Column("inbound_auth_username", sa.String(length=64), nullable=True),
        sa.Column("inbound_auth_password", sa.Text(), nullable=True),
        sa.Column("requires_register", sa.Boolean(), nullable=False, server_default=off),
        sa.Column("register_sip_realm", sa.String(length=255), nullable=True),
        sa.Column("register_from_user", sa.String(length=128), nullable=True),
        sa.Column(
            "register_public_ip_in_contact", sa.Boolean(), nullable=False, server_default=off
        ),
    ]


def upgrade() -> None:
    for column in _carrier_columns():
        op.add_column("voip_carriers", column)
    _clients()
    _limits()
    _registrations()
    op.create_table(
        "trunk_registrations",
        sa.Column("voip_carrier_sid", sa.String(length=36), nullable=False),
        sa.Column("status", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("voip_carrier_sid", name=op.f("pk_trunk_registrations")),
        sqlite_with_rowid=False,
    )


def _clients() -> None:
    op.create_table(
        "clients",
        sa.Column("client_sid", sa.String(length=36), nullable=False),
        sa.Column("account_sid", sa.String(length=36), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("allow_direct_app_calling", sa.Boolean(), nullable=False),
        sa.Column("allow_direct_queue_calling", sa.Boolean(), nullable=False),
        sa.Column("allow_direct_user_calling", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_sid"],
            ["accounts.account_sid"],
            name=op.f("fk_clients_account_sid"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("client_sid", name=op.f("pk_clients")),
        sa.UniqueConstraint(
            "account_sid", "username", name=op.f("uq_clients_account_sid_username")
        ),
    )


def _limits() -> None:
    op.create_table(
        "limits",
        sa.Column("limit_sid", sa.String(length=36), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("account_sid", sa.String(length=36), nullable=True),
        sa.Column("service_provider_sid", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_sid"],
            ["accounts.account_sid"],
            name=op.f("fk_limits_account_sid"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["service_provider_sid"],
            ["service_providers.service_provider_sid"],
            name=op.f("fk_limits_service_provider_sid"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("limit_sid", name=op.f("pk_limits")),
        sa.UniqueConstraint("account_sid", "category", name=op.f("uq_limits_account_sid_category")),
    )
    op.create_index(
        "uq_limits_provider_category",
        "limits",
        ["service_provider_sid", "category"],
        unique=True,
        sqlite_where=_OF_ACCOUNT,
        postgresql_where=_OF_ACCOUNT,
    )


def _registrations() -> None:
    op.create_table(
        "registrations",
        sa.Column("account_sid", sa.String(length=36), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("contact", sa.String(length=512), nullable=False),
        sa.Column("realm", sa.String(length=253), nullable=False),
        sa.Column("transport", sa.String(length=8), nullable=False),
        sa.Column("source_host", sa.String(length=64), nullable=False),
        sa.Column("source_port", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("cseq", sa.Integer(), nullable=False),
        sa.Column("registered_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("application_sid", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint(
            "account_sid", "username", "contact", name=op.f("pk_registrations")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_registrations_expires_at", "registrations", ["expires_at"], unique=False)


def downgrade() -> None:
    op.drop_table("trunk_registrations")
    op.drop_table("registrations")
    op.drop_table("limits")
    op.drop_table("clients")
    with op.batch_alter_table("voip_carriers") as carriers:
        for column in _carrier_columns():
            carriers.drop_column(column.name)
