"""Vendor names and who is behind them; the one place that knows the vendors."""

from collections.abc import Mapping

from voxgate.speech.contract import SpeechFailed, Synthesizer
from voxgate.speech.recognition import RecognitionFailed, Recognizer
from voxgate.speech.vendors import builtin, pocketsphinx, scripted

OFFLINE = builtin.NAME
OFFLINE_EAR = pocketsphinx.NAME


class Registry:
    """The vendors an installation can speak with."""

    def __init__(self, vendors: Mapping[str, Synthesizer]) -> None:
        self._vendors = dict(vendors)

    @classmethod
    def offline(cls) -> "Registry":
        """What needs neither a network nor credentials."""
        return cls({OFFLINE: builtin.Builtin()})

    @property
    def names(self) -> list[str]:
        return sorted(self._vendors)

    def find(self, vendor: str) -> Synthesizer:
        """Raises SpeechFailed of kind "unknown-vendor"."""
        found = self._vendors.get(vendor)
        if found is None:
            raise SpeechFailed("unknown-vendor", vendor, "no credentials have been provisioned")
        return found

    async def start(self) -> None:
        for vendor in self._vendors.values():
            await vendor.start()

    async def close(self) -> None:
        for vendor in self._vendors.values():
            await vendor.close()


class Recognizers:
    """The vendors an installation can listen with."""

    def __init__(self, vendors: Mapping[str, Recognizer]) -> None:
        self._vendors = dict(vendors)

    @classmethod
    def offline(cls) -> "Recognizers":
        """What needs neither a network nor credentials."""
        return cls({
            pocketsphinx.NAME: pocketsphinx.Pocketsphinx(),
            scripted.NAME: scripted.Scripted(),
        })

    @property
    def names(self) -> list[str]:
        return sorted(self._vendors)

    def find(self, vendor: str) -> Recognizer:
        """Raises RecognitionFailed of kind "unknown-vendor"."""
        found = self._vendors.get(vendor)
        if found is None:
            detail = "no credentials have been provisioned"
            raise RecognitionFailed("unknown-vendor", vendor, detail)
        return found

    async def start(self) -> None:
        for vendor in self._vendors.values():
            await vendor.start()

    async def close(self) -> None:
        for vendor in self._vendors.values():
            await vendor.close()
