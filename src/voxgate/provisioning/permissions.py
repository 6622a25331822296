"""Who asks, and what that lets them do (contract section 1.2)."""

from dataclasses import dataclass
from enum import Enum

from voxgate.model.accounts import Account
from voxgate.provisioning.errors import Forbidden

DENIED = "insufficient permissions"


class Scope(Enum):
    ADMIN = "admin"
    SERVICE_PROVIDER = "service_provider"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Principal:
    """The holder of an API key. An account's principal knows its provider too."""

    scope: Scope
    api_key_sid: str
    account_sid: str | None = None
    service_provider_sid: str | None = None

    @property
    def is_admin(self) -> bool:
        return self.scope is Scope.ADMIN

    @property
    def is_provider(self) -> bool:
        return self.scope is Scope.SERVICE_PROVIDER

    @property
    def is_account(self) -> bool:
        return self.scope is Scope.ACCOUNT

    def may_use(self, account: Account) -> bool:
        """Read and change what the account owns."""
        if self.is_admin:
            return True
        if self.is_provider:
            return account.service_provider_sid == self.service_provider_sid
        return account.account_sid == self.account_sid

    def may_use_provider(self, service_provider_sid: str | None) -> bool:
        """Change what the provider itself owns."""
        if self.is_admin:
            return True
        return self.is_provider and service_provider_sid == self.service_provider_sid

    def belongs_to(self, service_provider_sid: str | None) -> bool:
        """See what the provider shares with its accounts; None: shared by nobody with all."""
        if self.is_admin or service_provider_sid is None:
            return True
        return service_provider_sid == self.service_provider_sid


def require(allowed: bool, msg: str = DENIED) -> None:  # noqa: FBT001 - reads as a sentence
    if not allowed:
        raise Forbidden(msg)
