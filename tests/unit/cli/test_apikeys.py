import asyncio
import io

import pytest
from rich.console import Console

from voxgate.base.secrets import SecretBox
from voxgate.base.settings import Settings
from voxgate.cli import apikeys
from voxgate.cli.apikeys import Owner
from voxgate.cli.migrate import migrate
from voxgate.cli.screen import Failure
from voxgate.model.accounts import Account, ServiceProvider
from voxgate.provisioning.errors import Refused
from voxgate.store import accounts, service_providers
from voxgate.store.engine import Database

PROVIDER = ServiceProvider("11111111-1111-4111-8111-111111111111", "provider")
ACCOUNT = Account("22222222-2222-4222-8222-222222222222", PROVIDER.service_provider_sid, "account")
ADMIN = Owner(None, None)


class Shell:
    """Runs one command after the other on one database, and keeps what they printed."""

    def __init__(self, tmp_path) -> None:
        self.settings = Settings(data_dir=tmp_path)
        self.out = io.StringIO()
        self.console = Console(file=self.out, width=160)

    def run(self, command, *words) -> str:
        self.out.truncate(0)
        self.out.seek(0)
        assert asyncio.run(command(self.console, self.settings, *words)) == 0
        return self.out.getvalue()

    def fill(self) -> None:
        async def change() -> None:
            database = Database(self.settings.sqlalchemy_url)
            box = SecretBox.from_settings(None, self.settings.key_file)
            await database.write(lambda c: service_providers.insert(c, PROVIDER, box))
            await database.write(lambda c: accounts.insert(c, ACCOUNT, box))
            await database.close()

        asyncio.run(change())


@pytest.fixture
def shell(tmp_path):
    shell = Shell(tmp_path)
    assert "SQLite" in shell.run(migrate)
    shell.fill()
    return shell


def word_after(text: str, name: str) -> str:
    return next(line.split()[1] for line in text.splitlines() if line.split()[:1] == [name])


def test_a_key_of_an_account_is_made_listed_and_deleted(shell):
    owner = Owner(ACCOUNT.account_sid, None)
    made = shell.run(apikeys.create, owner, 2.0)
    sid = word_after(made, "sid")
    assert word_after(made, "opens") == ACCOUNT.account_sid
    assert len(word_after(made, "key")) == 36

    listed = shell.run(apikeys.show, owner)
    assert sid in listed
    assert word_after(made, "key") not in listed

    shell.run(apikeys.delete, sid)
    assert sid not in shell.run(apikeys.show, owner)


def test_the_keys_of_a_provider_include_those_of_its_accounts(shell):
    made = shell.run(apikeys.create, Owner(ACCOUNT.account_sid, None), None)

    listed = shell.run(apikeys.show, Owner(None, PROVIDER.service_provider_sid))

    assert word_after(made, "sid") in listed


def test_an_admin_key_can_be_made_and_the_last_one_stays(shell):
    made = shell.run(apikeys.create, ADMIN, None)
    assert "everything (admin)" in made

    with pytest.raises(Refused, match="last admin key"):
        shell.run(apikeys.delete, word_after(made, "sid"))


@pytest.mark.parametrize(
    ("owner", "days"),
    [
        (Owner("33333333-3333-4333-8333-333333333333", None), None),
        (Owner(None, "33333333-3333-4333-8333-333333333333"), None),
        (Owner(ACCOUNT.account_sid, PROVIDER.service_provider_sid), None),
        (Owner("nonsense", None), None),
        (ADMIN, -1.0),
    ],
)
def test_a_key_that_cannot_be_is_refused(shell, owner, days):
    with pytest.raises(Refused):
        shell.run(apikeys.create, owner, days)


def test_listing_needs_somebody(shell):
    with pytest.raises(Failure, match="--account"):
        shell.run(apikeys.show, ADMIN)
