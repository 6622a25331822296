"""What an answered caller hears while somebody is rung for it: the tone of its country (ITU-T E.180).

Not before the first target rings, and no longer once a target's own network is heard: a network
may say 180 with a description and send nothing, or an announcement (RFC 3960 section 3.2).
"""

import asyncio
from contextlib import suppress
from functools import cache

from voxgate.base.settings import Ringback
from voxgate.flow.session import Session
from voxgate.flow.sounds import RATE_HZ, tone
from voxgate.media.errors import MediaError
from voxgate.media.stream import Stream
from voxgate.model.audio import Audio

TRACK = "\0ringing"  # no track of an application has this name
LOOK_EVERY_S = 0.1  # for the first packet of early media
RINGING_TONE = "ringing-tone"
# Hertz, and milliseconds of sound and of silence in turn.
_TONES: dict[str, tuple[tuple[float, ...], tuple[int, ...]]] = {
    "eu": ((425,), (1000, 4000)),
    "us": ((440, 480), (2000, 4000)),
    "uk": ((400, 450), (400, 200, 400, 2000)),
}


@cache
def ringing(cadence: Ringback) -> Audio | None:
    """One round of it; None: the caller is to hear nothing."""
    if cadence == "off":
        return None
    frequencies_hz, times_ms = _TONES[cadence]
    samples = b""
    for place, ms in enumerate(times_ms):
        silent = place % 2 == 1
        samples += (
            bytes(2 * RATE_HZ * ms // 1000) if silent else tone(*frequencies_hz, ms=ms).samples
        )
    return Audio(samples, RATE_HZ)


class RingingTone:
    """Of one dial. The owner must call `stop`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._network: Stream | None = None

    def give_way_to(self, network: Stream) -> None:
        """The caller hears a target's network, as soon as that says something."""
        self._network = network

    def _heard(self) -> bool:
        return self._network is not None and self._network.stats().packets_received > 0

    def begin(self) -> None:
        """Again is the same as once; nothing for a caller who has no media to hear it by."""
        background = self._session.background
        audio = ringing(self._session.ports.settings.ringback)
        if audio is None or self._session.leg is None or background.is_running(RINGING_TONE):
            return
        background.start(RINGING_TONE, self._sound(audio))

    def stop(self) -> None:
        self._session.background.stop(RINGING_TONE)

    async def _sound(self, audio: Audio) -> None:
        leg = self._session.leg
        if leg is None or self._heard():
            return
        try:
            track = leg.stream.track(TRACK)
        except MediaError:
            return  # the application's own tracks are what it wants to be heard
        try:
            track.play(audio, loops=0)
            while not self._heard():  # noqa: ASYNC110 - the core tells of no first packet
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            with suppress(MediaError):
                track.remove()
