"""What a principal can see in the database; one look-up per kind of owner, on one connection."""

from voxgate.base.secrets import SecretBox
from voxgate.model.accounts import Account, ServiceProvider
from voxgate.provisioning.errors import FieldError, Forbidden, Invalid, NotFound, Unprocessable
from voxgate.provisioning.permissions import DENIED, Principal
from voxgate.store import accounts, service_providers
from voxgate.store.engine import Connection
from voxgate.store.owners import Owner


def account_in_path(
    connection: Connection, caller: Principal, account_sid: str, box: SecretBox
) -> Account:
    """Raises Forbidden for a foreign account; NotFound only where that tells the caller nothing."""
    if caller.is_account and account_sid != caller.account_sid:
        raise Forbidden(DENIED)
    account = accounts.get(connection, account_sid, box)
    if account is None and caller.is_admin:
        raise NotFound(f"there is no account {account_sid}")
    if account is None or not caller.may_use(account):
        raise Forbidden(DENIED)
    return account


def provider_in_path(
    connection: Connection, caller: Principal, service_provider_sid: str, box: SecretBox
) -> ServiceProvider:
    """Raises Forbidden for a foreign provider and for account keys."""
    if not caller.may_use_provider(service_provider_sid):
        raise Forbidden(DENIED)
    provider = service_providers.get(connection, service_provider_sid, box)
    if provider is None:
        raise NotFound(f"there is no service provider {service_provider_sid}")
    return provider


def account_for_new(
    connection: Connection, caller: Principal, account_sid: str | None, box: SecretBox
) -> Account:
    """The account a new thing will belong to; an account's key may leave it out."""
    if caller.is_account:
        if account_sid not in {None, caller.account_sid}:
            raise Forbidden("an account's key can only act for its own account")
        account_sid = caller.account_sid
    if account_sid is None:
        raise Invalid.fields(FieldError("account_sid", "is required for this key"))
    account = accounts.get(connection, account_sid, box)
    if account is None or not caller.may_use(account):
        raise unknown("account_sid")
    return account


def provider_for_new(
    connection: Connection, caller: Principal, service_provider_sid: str | None, box: SecretBox
) -> str:
    """The provider a new thing will belong to; a provider's key may leave it out."""
    if caller.is_provider:
        if service_provider_sid not in {None, caller.service_provider_sid}:
            raise Forbidden("a provider's key can only act for its own provider")
        service_provider_sid = caller.service_provider_sid
    if caller.is_account:
        raise Forbidden(DENIED)
    if service_provider_sid is None:
        field = "service_provider_sid"
        raise Invalid.fields(FieldError(field, "is required for this key"))
    if service_providers.get(connection, service_provider_sid, box) is None:
        raise unknown("service_provider_sid")
    return service_provider_sid


def owner_for_new(
    connection: Connection,
    caller: Principal,
    account_sid: str | None,
    service_provider_sid: str | None,
    box: SecretBox,
) -> tuple[str | None, str]:
    """Account (None: it will be the provider's own) and provider of a new thing."""
    if account_sid is not None or caller.is_account:
        account = account_for_new(connection, caller, account_sid, box)
        if service_provider_sid not in {None, account.service_provider_sid}:
            raise unknown("service_provider_sid")
        return account.account_sid, account.service_provider_sid
    if service_provider_sid is None and caller.is_admin:
        msg = "account_sid or service_provider_sid is required for this key"
        raise Invalid.fields(FieldError("account_sid", msg))
    return None, provider_for_new(connection, caller, service_provider_sid, box)


def sees_account(
    connection: Connection, caller: Principal, account_sid: str, box: SecretBox
) -> bool:
    """May the caller use what this account owns?"""
    if caller.is_admin or caller.account_sid == account_sid:
        return True
    account = accounts.get(connection, account_sid, box)
    return account is not None and caller.may_use(account)


def own(caller: Principal) -> Owner:
    """What the caller's lists show."""
    if caller.is_account:
        return Owner(account_sid=caller.account_sid)
    return Owner(service_provider_sid=caller.service_provider_sid)


def unknown(field: str) -> Unprocessable:
    """A reference to what is not there, or not the caller's: the two look the same."""
    noun = field.removesuffix("_sid").replace("_", " ")
    return Unprocessable.fields(FieldError(field, f"unknown {noun}"))
