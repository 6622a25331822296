"""The schema as it stands. Migrations lead to it; a test compares the two."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _document() -> JSON:
    """Python's None is SQL's NULL, never the JSON text `null`."""
    return JSON(none_as_null=True)


def _sid(name: str, refers_to: str | None = None, *, on_delete: str = "CASCADE") -> Column[str]:
    if refers_to is None:
        return Column(name, String(36))
    return Column(name, String(36), ForeignKey(f"{refers_to}.{name}", ondelete=on_delete))


def _unique_where(name: str, *columns: Column[str], where: str) -> Index:
    rule = text(where)
    return Index(name, *columns, unique=True, sqlite_where=rule, postgresql_where=rule)


SERVICE_PROVIDERS = Table(
    "service_providers",
    METADATA,
    Column("service_provider_sid", String(36), primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("description", Text),
    Column("root_domain", String(132)),
    Column("created_at", Float, nullable=False),
)

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("account_sid", String(36), primary_key=True),
    # A provider with accounts cannot be deleted.
    Column(
        "service_provider_sid",
        String(36),
        ForeignKey("service_providers.service_provider_sid", ondelete="RESTRICT"),
        nullable=False,
        index=True,
    ),
    Column("name", String(64), nullable=False),
    Column("sip_realm", String(132), unique=True),
    Column("registration_hook", _document()),
    Column("queue_event_hook", _document()),
    Column("device_calling_application_sid", String(36)),
    Column("is_active", Boolean, nullable=False),
    Column("webhook_secret", Text, nullable=False),
    Column("require_known_caller", Boolean, nullable=False),
    Column("record_all_calls", Boolean, nullable=False, server_default=false()),
    Column("record_format", String(8), nullable=False, server_default="mp3"),
    Column("bucket_credential", Text),
    Column("recording_hook", _document()),
    Column("speech_synthesis_vendor", String(64)),
    Column("speech_synthesis_language", String(64)),
    Column("speech_synthesis_voice", String(256)),
    Column("speech_recognizer_vendor", String(64)),
    Column("speech_recognizer_language", String(64)),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("service_provider_sid", "name"),
)

API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("api_key_sid", String(36), primary_key=True),
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("token_start", String(8), nullable=False),
    _sid("account_sid", "accounts"),
    _sid("service_provider_sid", "service_providers"),
    Column("expires_at", Float),
    Column("created_at", Float, nullable=False),
    Column("last_used", Float),
)

APPLICATIONS = Table(
    "applications",
    METADATA,
    Column("application_sid", String(36), primary_key=True),
    Column(
        "account_sid",
        String(36),
        ForeignKey("accounts.account_sid", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("name", String(64), nullable=False),
    Column("call_hook", _document()),
    Column("call_status_hook", _document()),
    Column("app_json", Text),
    Column("record_all_calls", Boolean, nullable=False, server_default=false()),
    Column("speech_synthesis_vendor", String(64)),
    Column("speech_synthesis_language", String(64)),
    Column("speech_synthesis_voice", String(256)),
    Column("speech_recognizer_vendor", String(64)),
    Column("speech_recognizer_language", String(64)),
    Column("use_for_fallback_speech", Boolean, nullable=False, server_default=false()),
    Column("fallback_speech_synthesis_vendor", String(64)),
    Column("fallback_speech_synthesis_language", String(64)),
    Column("fallback_speech_synthesis_voice", String(256)),
    Column("fallback_speech_recognizer_vendor", String(64)),
    Column("fallback_speech_recognizer_language", String(64)),
    Column("fallback", _document()),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("account_sid", "name"),
)

CARRIERS = Table(
    "voip_carriers",
    METADATA,
    Column("voip_carrier_sid", String(36), primary_key=True),
    Column("name", String(64), nullable=False),
    _sid("account_sid", "accounts"),
    _sid("service_provider_sid", "service_providers"),
    Column("description", Text),
    _sid("application_sid", "applications", on_delete="SET NULL"),
    Column("is_active", Boolean, nullable=False),
    Column("tech_prefix", String(16)),
    Column("e164_leading_plus", Boolean, nullable=False),
    Column("diversion", String(32)),
    Column("outbound_sip_proxy", String(255)),
    Column("register_username", String(64)),
    Column("register_password", Text),
    Column("register_from_domain", String(255)),
    Column("trunk_type", String(16), nullable=False),
    Column("inbound_auth_username", String(64)),
    Column("inbound_auth_password", Text),
    Column("requires_register", Boolean, nullable=False),
    Column("register_sip_realm", String(255)),
    Column("register_from_user", String(128)),
    Column("register_public_ip_in_contact", Boolean, nullable=False),
    Column("made_by_account", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("account_sid", "name"),
)
_unique_where(
    "uq_voip_carriers_provider_name",
    CARRIERS.c.service_provider_sid,
    CARRIERS.c.name,
    where="account_sid IS NULL",
)

GATEWAYS = Table(
    "sip_gateways",
    METADATA,
    Column("sip_gateway_sid", String(36), primary_key=True),
    Column(
        "voip_carrier_sid",
        String(36),
        ForeignKey("voip_carriers.voip_carrier_sid", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("host", String(128), nullable=False),
    Column("port", Integer),
    Column("netmask", Integer, nullable=False),
    Column("inbound", Boolean, nullable=False),
    Column("outbound", Boolean, nullable=False),
    Column("protocol", String(16), nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("send_options_ping", Boolean, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
)

PHONE_NUMBERS = Table(
    "phone_numbers",
    METADATA,
    Column("phone_number_sid", String(36), primary_key=True),
    Column("number", String(132), nullable=False),
    _sid("account_sid", "accounts"),
    _sid("service_provider_sid", "service_providers"),
    # A carrier or application with numbers cannot be deleted.
    _sid("voip_carrier_sid", "voip_carriers", on_delete="NO ACTION"),
    _sid("application_sid", "applications", on_delete="NO ACTION"),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("number", "voip_carrier_sid"),
)
Index("ix_phone_numbers_account_sid", PHONE_NUMBERS.c.account_sid)
_unique_where(
    "uq_phone_numbers_account_number",
    PHONE_NUMBERS.c.account_sid,
    PHONE_NUMBERS.c.number,
    where="voip_carrier_sid IS NULL",
)

LCRS = Table(
    "lcrs",
    METADATA,
    Column("lcr_sid", String(36), primary_key=True),
    Column("name", String(64), nullable=False),
    _sid("account_sid", "accounts"),
    _sid("service_provider_sid", "service_providers"),
    Column("is_active", Boolean, nullable=False),
    Column("default_carrier_set_entry_sid", String(36)),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("account_sid"),
)
_unique_where("uq_lcrs_provider", LCRS.c.service_provider_sid, where="account_sid IS NULL")

LCR_ROUTES = Table(
    "lcr_routes",
    METADATA,
    Column("lcr_route_sid", String(36), primary_key=True),
    Column("lcr_sid", String(36), ForeignKey("lcrs.lcr_sid", ondelete="CASCADE"), nullable=False),
    Column("regex", String(32), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("description", Text),
    Column("created_at", Float, nullable=False),
    Index("ix_lcr_routes_lcr_sid", "lcr_sid"),
)

LCR_ENTRIES = Table(
    "lcr_carrier_set_entries",
    METADATA,
    Column("lcr_carrier_set_entry_sid", String(36), primary_key=True),
    Column(
        "lcr_route_sid",
        String(36),
        ForeignKey("lcr_routes.lcr_route_sid", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    # A carrier that rules use cannot be deleted.
    Column(
        "voip_carrier_sid",
        String(36),
        ForeignKey("voip_carriers.voip_carrier_sid", ondelete="NO ACTION"),
        nullable=False,
        index=True,
    ),
    Column("workload", Integer, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
)

CLIENTS = Table(
    "clients",
    METADATA,
    Column("client_sid", String(36), primary_key=True),
    Column(
        "account_sid",
        String(36),
        ForeignKey("accounts.account_sid", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("username", String(64), nullable=False),
    Column("password", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("allow_direct_app_calling", Boolean, nullable=False),
    Column("allow_direct_queue_calling", Boolean, nullable=False),
    Column("allow_direct_user_calling", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("account_sid", "username"),
)

LIMITS = Table(
    "limits",
    METADATA,
    Column("limit_sid", String(36), primary_key=True),
    Column("category", String(32), nullable=False),
    Column("quantity", Integer, nullable=False),
    _sid("account_sid", "accounts"),
    _sid("service_provider_sid", "service_providers"),
    UniqueConstraint("account_sid", "category"),
)
_unique_where(
    "uq_limits_provider_category",
    LIMITS.c.service_provider_sid,
    LIMITS.c.category,
    where="account_sid IS NULL",
)

# No foreign keys from here on: these rows are written while calls run.
REGISTRATIONS = Table(
    "registrations",
    METADATA,
    Column("account_sid", String(36), primary_key=True),
    Column("username", String(64), primary_key=True),
    Column("contact", String(512), primary_key=True),
    Column("realm", String(253), nullable=False),
    Column("transport", String(8), nullable=False),
    Column("source_host", String(64), nullable=False),
    Column("source_port", Integer, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("cseq", Integer, nullable=False),
    Column("registered_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False, index=True),
    Column("user_agent", Text),
    Column("application_sid", String(36)),
    sqlite_with_rowid=False,
)

# How a carrier's registration stands; written by whoever keeps it up.
TRUNK_REGISTRATIONS = Table(
    "trunk_registrations",
    METADATA,
    Column("voip_carrier_sid", String(36), primary_key=True),
    Column("status", _document(), nullable=False),
    sqlite_with_rowid=False,
)

CALLS = Table(
    "calls",
    METADATA,
    Column("call_sid", String(36), primary_key=True),
    Column("account_sid", String(36), nullable=False),
    Column("service_provider_sid", String(36), nullable=False),
    Column("call_id", Text, nullable=False),
    Column("direction", String(16), nullable=False),
    Column("from_", Text, nullable=False),
    Column("to", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("request", Text, nullable=False),
    Column("trace_id", String(64), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("application_sid", String(36)),
    Column("sip_status", Integer, nullable=False),
    Column("sip_reason", Text, nullable=False),
    Column("sbc_callid", Text),
    Column("trunk", String(64)),
    Column("answered_at", Float),
    Column("ended_at", Float),
    Column("duration_s", Integer),
    Column("termination_by", String(32)),
    Column("outcome", _document()),
    Column("tag", _document(), nullable=False),
    Column("hidden", Boolean, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Index("ix_calls_account_sid_created_at", "account_sid", "created_at"),
)
Index(
    "ix_calls_open",
    CALLS.c.account_sid,
    sqlite_where=text("ended_at IS NULL"),
    postgresql_where=text("ended_at IS NULL"),
)

EVENTS = Table(
    "call_events",
    METADATA,
    Column("call_sid", String(36), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("type", String(16), nullable=False),
    Column("data", Text, nullable=False),
    sqlite_with_rowid=False,
)

IDEMPOTENCY_KEYS = Table(
    "idempotency_keys",
    METADATA,
    Column("account_sid", String(36), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("call_sid", String(36), nullable=False),
    Column("call_id", Text, nullable=False),
    Column("created_at", Float, nullable=False, index=True),
    sqlite_with_rowid=False,
)

DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("call_sid", String(36), primary_key=True),
    Column("receiver", String(16), primary_key=True),
    Column("account_sid", String(36), nullable=False, index=True),
    Column("hook", _document(), nullable=False),
    Column("cursor", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Float),
    Column("first_failed_at", Float),
    sqlite_with_rowid=False,
)

ALERTS = Table(
    "alerts",
    METADATA,
    Column("alert_id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("account_sid", String(36), nullable=False),
    Column("service_provider_sid", String(36)),
    Column("alert_type", String(64), nullable=False),
    Column("message", Text, nullable=False),
    Column("detail", Text),
    Column("target_sid", String(36)),
    Column("vendor", String(64)),
    Index("ix_alerts_account_sid_at", "account_sid", "at"),
    Index("ix_alerts_service_provider_sid_at", "service_provider_sid", "at"),
)

# One row: counts the provisioning writes of all processes, so that caches notice them.
RECORDINGS = Table(
    "recordings",
    METADATA,
    Column("recording_sid", String(36), primary_key=True),
    Column("call_sid", String(36), nullable=False, index=True),
    Column("account_sid", String(36), nullable=False, index=True),
    Column("format", String(8), nullable=False),
    Column("file", String(64), nullable=False),
    Column("started_at", Float, nullable=False),
    Column("state", String(16), nullable=False),
    Column("recording_id", String(256)),
    Column("duration_s", Float),
    Column("bucket_key", Text),
    Column("hook_told", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Float, nullable=False),
    Column("error", Text),
    Index("ix_recordings_work", "state", "hook_told", "next_at"),
)

GENERATION = Table(
    "provisioning_generation",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
)
