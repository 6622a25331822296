import asyncio

import pytest

from unit.speech.fakes import FakeVendor
from voxgate.speech.contract import SpeechFailed
from voxgate.speech.recognition import RecognitionFailed
from voxgate.speech.registry import OFFLINE, OFFLINE_EAR, Recognizers, Registry


def test_a_vendor_is_found_by_its_name():
    vendor = FakeVendor()

    assert Registry({"acme": vendor}).find("acme") is vendor


def test_an_unknown_vendor_is_a_failure_of_that_kind():
    with pytest.raises(SpeechFailed) as failed:
        Registry({}).find("acme")

    assert (failed.value.kind, failed.value.vendor) == ("unknown-vendor", "acme")


def test_every_vendor_is_started_and_closed():
    vendors = {"a": FakeVendor(), "b": FakeVendor()}

    async def scenario() -> None:
        registry = Registry(vendors)
        await registry.start()
        assert all(vendor.started for vendor in vendors.values())
        await registry.close()

    asyncio.run(scenario())

    assert all(vendor.closed for vendor in vendors.values())


def test_an_installation_without_credentials_has_the_offline_voice():
    assert Registry.offline().names == [OFFLINE]


def test_every_installation_has_an_ear_for_small_grammars_and_one_for_rehearsals():
    assert Recognizers.offline().names == [OFFLINE_EAR, "scripted"]


def test_an_unknown_ear_is_a_failure_of_that_kind():
    with pytest.raises(RecognitionFailed) as failed:
        Recognizers({}).find("acme")

    assert (failed.value.kind, failed.value.vendor) == ("unknown-vendor", "acme")
