"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("account_sid", sa.String(length=36), nullable=False),
        sa.Column("service_provider_sid", sa.String(length=36), nullable=True),
        sa.Column("alert_type", sa.String(length=64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("target_sid", sa.String(length=36), nullable=True),
        sa.Column("vendor", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alerts")),
    )
    op.create_index("ix_alerts_account_sid_at", "alerts", ["account_sid", "at"], unique=False)
    op.create_index(
        "ix_alerts_service_provider_sid_at", "alerts", ["service_provider_sid", "at"], unique=False
    )


def _call_events() -> None:
    op.create_table(
        "call_events",
        sa.Column("call_sid", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("call_sid", "seq", name=op.f("pk_call_events")),
        sqlite_with_rowid=False,
    )


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("call_sid", sa.String(length=36), nullable=False),
        sa.Column("account_sid", sa.String(length=36), nullable=False),
        sa.Column("service_provider_sid", sa.String(length=36), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("direction", sa.String(length=16), nullable=False),
        sa.Column("from_", sa.Text(), nullable=False),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("application_sid", sa.String(length=36), nullable=True),
        sa.Column("sip_status", sa.Integer(), nullable=False),
        sa.Column("sip_reason", sa.Text(), nullable=False),
        sa.Column("sbc_callid", sa.Text(), nullable=True),
        sa.Column("trunk", sa.String(length=64), nullable=True),
        sa.Column("answered_at", sa.Float(), nullable=True),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.Column("duration_s", sa.Integer(), nullable=True),
        sa.Column("termination_by", sa.String(length=32), nullable=True),
        sa.Column("outcome", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("tag", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("call_sid", name=op.f("pk_calls")),
    )
    op.create_index(
        "ix_calls_account_sid_created_at", "calls", ["account_sid", "created_at"], unique=False
    )
    op.create_index(
        "ix_calls_open",
        "calls",
        ["account_sid"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("call_sid", sa.String(length=36), nullable=False),
        sa.Column("receiver", sa.String(length=16), nullable=False),
        sa.Column("account_sid", sa.String(length=36), nullable=False),
        sa.Column("hook", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.Float(), nullable=True),
        sa.Column("first_failed_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("call_sid", "receiver", name=op.f("pk_deliveries")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_deliveries_account_sid"), "deliveries", ["account_sid"], unique=False)


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("account_sid", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("call_sid", sa.String(length=36), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("account_sid", "key", name=op.f("pk_idempotency_keys")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False
    )


def _provisioning_generation() -> None:
    op.create_table(
        "provisioning_generation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provisioning_generation")),
    )


def _service_providers() -> None:
    op.create_table(
        "service_providers",
        sa.Column("service_provider_sid", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("root_domain", sa.String(length=132), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("service_provider_sid", name=op.f("pk_service_providers")),
        sa.UniqueConstraint("name", name=op.f("uq_service_providers_name")),
    )


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("account_sid", sa.String(length=36), nullable=False),
        sa.Column("service_provider_sid", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("sip_realm", sa.String(length=132), nullable=True),
        sa.Column("registration_hook", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("queue_event_hook", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("device_calling_application_sid", sa.String(length=36), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("webhook_secret", sa.Text(), nullable=False),
        sa.Column("require_known_caller", sa.Boolean(), nullable=False),
        sa.Column("speech_synthesis_vendor", sa.String(length=64), nullable=True),
        sa.Column("speech_synthesis_language", sa.String(length=64), nullable=True),
        sa.Column("speech_synthesis_voice", sa.String(length=256), nullable=True),
        sa.Column("speech_recognizer_vendor", sa.String(length=64), nullable=True),
        sa.Column("speech_recognizer_language", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_provider_sid"],
            ["service_providers.service_provider_sid"],
            name=op.f("fk_accounts_service_provider_sid"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("account_sid", name=op.f("pk_accounts")),
        sa.UniqueConstraint(
            "service_provider_sid", "name", name=op.f("uq_accounts_service_provider_sid_name")
        ),
        sa.UniqueConstraint("sip_realm", name=op.f("uq_accounts_sip_realm")),
    )
    op.create_index(
        op.f("ix_accounts_service_provider_sid"), "accounts", ["service_provider_sid"], unique=False
    )


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("api_key_sid", sa.String(length=36), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("token_start", sa.String(length=8), nullable=False),
        sa.Column("account_sid", sa.String(length=36), nullable=True),
        sa.Column("service_provider_sid", sa.String(length=36), nullable=True),
        sa.Column("expires_at", sa.Float(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("last_used", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_sid"],
            ["accounts.account_sid"],
            name=op.f("fk_api_keys_account_sid"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["service_provider_sid"],
            ["service_providers.service_provider_sid"],
            name=op.f("fk_api_keys_service_provider_sid"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("api_key_sid", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_api_keys_token_sha256")),
    )


def _applications() -> None:
    op.create_table(
        "applications",
        sa.Column("application_sid", sa.String(length=36), nullable=False),
        sa.Column("account_sid", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("call_hook", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("call_status_hook", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("app_json", sa.Text(), nullable=True),
        sa.Column("speech_synthesis_vendor", sa.String(length=64), nullable=True),
        sa.Column("speech_synthesis_language", sa.String(length=64), nullable=True),
        sa.Column("speech_synthesis_voice", sa.String(length=256), nullable=True),
        sa.Column("speech_recognizer_vendor", sa.String(length=64), nullable=True),
        sa.Column("speech_recognizer_language", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_sid"],
            ["accounts.account_sid"],
            name=op.f("fk_applications_account_sid"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("application_sid", name=op.f("pk_applications")),
        sa.UniqueConstraint("account_sid", "name", name=op.f("uq_applications_account_sid_name")),
    )


def _lcrs() -> None:
    op.create_table(
        "lcrs",
        sa.Column("lcr_sid", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("account_sid", sa.String(length=36), nullable=True),
        sa.Column("service_provider_sid", sa.String(length=36), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("default_carrier_set_entry_sid", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_sid"],
            ["accounts.account_sid"],
            name=op.f("fk_lcrs_account_sid"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["service_provider_sid"],
            ["service_providers.service_provider_sid"],
            name=op.f("fk_lcrs_service_provider_sid"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("lcr_sid", name=op.f("pk_lcrs")),
        sa.UniqueConstraint("account_sid", name=op.f("uq_lcrs_account_sid")),
    )
    op.create_index(
        "uq_lcrs_provider",
        "lcrs",
        ["service_provider_sid"],
        unique=True,
        sqlite_where=sa.text("account_sid IS NULL"),
        postgresql_where=sa.text("account_sid IS NULL"),
    )


def _lcr_routes() -> None:
    op.create_table(
        "lcr_routes",
        sa.Column("lcr_route_sid", sa.String(length=36), nullable=False),
        sa.Column("lcr_sid", sa.String(length=36), nullable=False),
        sa.Column("regex", sa.String(length=32), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lcr_sid"], ["lcrs.lcr_sid"], name=op.f("fk_lcr_routes_lcr_sid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("lcr_route_sid", name=op.f("pk_lcr_routes")),
    )
    op.create_index("ix_lcr_routes_lcr_sid", "lcr_routes", ["lcr_sid"], unique=False)


def _voip_carriers() -> None:
    op.create_table(
        "voip_carriers",
        sa.Column("voip_carrier_sid", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("account_sid", sa.String(length=36), nullable=True),
        sa.Column("service_provider_sid", sa.String(length=36), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("application_sid", sa.String(length=36), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("tech_prefix", sa.String(length=16), nullable=True),
        sa.Column("e164_leading_plus", sa.Boolean(), nullable=False),
        sa.Column("diversion", sa.String(length=32), nullable=True),
        sa.Column("outbound_sip_proxy", sa.String(length=255), nullable=True),
        sa.Column("register_username", sa.String(length=64), nullable=True),
        sa.Column("register_password", sa.Text(), nullable=True),
        sa.Column("register_from_domain", sa.String(length=255), nullable=True),
        sa.Column("made_by_account", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_sid"],
            ["accounts.account_sid"],
            name=op.f("fk_voip_carriers_account_sid"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["application_sid"],
            ["applications.application_sid"],
            name=op.f("fk_voip_carriers_application_sid"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["service_provider_sid"],
            ["service_providers.service_provider_sid"],
            name=op.f("fk_voip_carriers_service_provider_sid"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("voip_carrier_sid", name=op.f("pk_voip_carriers")),
        sa.UniqueConstraint("account_sid", "name", name=op.f("uq_voip_carriers_account_sid_name")),
    )
    op.create_index(
        "uq_voip_carriers_provider_name",
        "voip_carriers",
        ["service_provider_sid", "name"],
        unique=True,
        sqlite_where=sa.text("account_sid IS NULL"),
        postgresql_where=sa.text("account_sid IS NULL"),
    )


def _lcr_carrier_set_entries() -> None:
    op.create_table(
        "lcr_carrier_set_entries",
        sa.Column("lcr_carrier_set_entry_sid", sa.String(length=36), nullable=False),
        sa.Column("lcr_route_sid", sa.String(length=36), nullable=False),
        sa.Column("voip_carrier_sid", sa.String(length=36), nullable=False),
        sa.Column("workload", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lcr_route_sid"],
            ["lcr_routes.lcr_route_sid"],
            name=op.f("fk_lcr_carrier_set_entries_lcr_route_sid"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["voip_carrier_sid"],
            ["voip_carriers.voip_carrier_sid"],
            name=op.f("fk_lcr_carrier_set_entries_voip_carrier_sid"),
            ondelete="NO ACTION",
        ),
        sa.PrimaryKeyConstraint(
            "lcr_carrier_set_entry_sid", name=op.f("pk_lcr_carrier_set_entries")
        ),
    )
    op.create_index(
        op.f("ix_lcr_carrier_set_entries_lcr_route_sid"),
        "lcr_carrier_set_entries",
        ["lcr_route_sid"],
        unique=False,
    )
    op.create_index(
        op.f("ix_lcr_carrier_set_entries_voip_carrier_sid"),
        "lcr_carrier_set_entries",
        ["voip_carrier_sid"],
        unique=False,
    )


def _phone_numbers() -> None:
    op.create_table(
        "phone_numbers",
        sa.Column("phone_number_sid", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=132), nullable=False),
        sa.Column("account_sid", sa.String(length=36), nullable=True),
        sa.Column("service_provider_sid", sa.String(length=36), nullable=True),
        sa.Column("voip_carrier_sid", sa.String(length=36), nullable=True),
        sa.Column("application_sid", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_sid"],
            ["accounts.account_sid"],
            name=op.f("fk_phone_numbers_account_sid"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["application_sid"],
            ["applications.application_sid"],
            name=op.f("fk_phone_numbers_application_sid"),
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["service_provider_sid"],
            ["service_providers.service_provider_sid"],
            name=op.f("fk_phone_numbers_service_provider_sid"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["voip_carrier_sid"],
            ["voip_carriers.voip_carrier_sid"],
            name=op.f("fk_phone_numbers_voip_carrier_sid"),
            ondelete="NO ACTION",
        ),
        sa.PrimaryKeyConstraint("phone_number_sid", name=op.f("pk_phone_numbers")),
        sa.UniqueConstraint(
            "number", "voip_carrier_sid", name=op.f("uq_phone_numbers_number_voip_carrier_sid")
        ),
    )
    op.create_index("ix_phone_numbers_account_sid", "phone_numbers", ["account_sid"], unique=False)
    op.create_index(
        "uq_phone_numbers_account_number",
        "phone_numbers",
        ["account_sid", "number"],
        unique=True,
        sqlite_where=sa.text("voip_carrier_sid IS NULL"),
        postgresql_where=sa.text("voip_carrier_sid IS NULL"),
    )


def _sip_gateways() -> None:
    op.create_table(
        "sip_gateways",
        sa.Column("sip_gateway_sid", sa.String(length=36), nullable=False),
        sa.Column("voip_carrier_sid", sa.String(length=36), nullable=False),
        sa.Column("host", sa.String(length=128), nullable=False),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("netmask", sa.Integer(), nullable=False),
        sa.Column("inbound", sa.Boolean(), nullable=False),
        sa.Column("outbound", sa.Boolean(), nullable=False),
        sa.Column("protocol", sa.String(length=16), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("send_options_ping", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["voip_carrier_sid"],
            ["voip_carriers.voip_carrier_sid"],
            name=op.f("fk_sip_gateways_voip_carrier_sid"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("sip_gateway_sid", name=op.f("pk_sip_gateways")),
    )
    op.create_index(
        op.f("ix_sip_gateways_voip_carrier_sid"), "sip_gateways", ["voip_carrier_sid"], unique=False
    )


def upgrade() -> None:
    _alerts()
    _call_events()
    _calls()
    _deliveries()
    _idempotency_keys()
    _provisioning_generation()
    _service_providers()
    _accounts()
    _api_keys()
    _applications()
    _lcrs()
    _lcr_routes()
    _voip_carriers()
    _lcr_carrier_set_entries()
    _phone_numbers()
    _sip_gateways()


def downgrade() -> None:
    for table in (
        "sip_gateways",
        "phone_numbers",
        "lcr_carrier_set_entries",
        "voip_carriers",
        "lcr_routes",
        "lcrs",
        "applications",
        "api_keys",
        "accounts",
        "service_providers",
        "provisioning_generation",
        "idempotency_keys",
        "deliveries",
        "calls",
        "call_events",
        "alerts",
    ):
        op.drop_table(table)
