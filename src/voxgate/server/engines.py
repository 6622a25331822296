"""What has sockets, threads or processes of its own, built from the settings alone."""

import asyncio
from dataclasses import dataclass
from importlib.metadata import version
from typing import Self

from voxgate.base.clock import Clock
from voxgate.base.egress import EgressPolicy
from voxgate.base.settings import Settings
from voxgate.hooks.audio_socket import AudioSockets
from voxgate.hooks.handshake import SocketLimits
from voxgate.hooks.http import HttpHooks
from voxgate.hooks.payloads import Site
from voxgate.hooks.protocol import ProtocolLimits
from voxgate.hooks.websocket import Sockets
from voxgate.media.engine import MediaEngine, MediaSettings
from voxgate.media.files import AudioFiles
from voxgate.sip.dialog.options import ALLOWED, SipOptions
from voxgate.sip.endpoint import Endpoint
from voxgate.sip.transport.wire import WILDCARDS, address_of_way_out
from voxgate.speech.registry import Recognizers, Registry
from voxgate.speech.speaker import Speech
from voxgate.storage.buckets import Buckets


@dataclass(frozen=True, slots=True)
class Engines:
    """`start` them, then `stop` and `close`: calls end in between, and those need most of them."""

    endpoint: Endpoint
    media: MediaEngine
    speech: Speech
    recognizers: Recognizers
    files: AudioFiles
    http_hooks: HttpHooks
    sockets: Sockets
    audio_sockets: AudioSockets
    buckets: Buckets

    @classmethod
    def build(cls, settings: Settings, policy: EgressPolicy, clock: Clock) -> Self:
        return cls(
            endpoint=Endpoint(
                settings.sip,
                public_ip=settings.public_ip,
                clock=clock,
                user_agent=f"voxgate/{version('voxgate')}",
                options=SipOptions(
                    session_expires_s=settings.session_expires_s,
                    allow_methods=(*ALLOWED, "REFER"),
                    extensions=("replaces",),
                ),
            ),
            media=MediaEngine(_media_settings(settings)),
            speech=Speech(Registry.offline()),
            recognizers=Recognizers.offline(),
            files=AudioFiles(policy),
            http_hooks=HttpHooks(policy, clock, timeout_s=settings.hook_timeout_s),
            sockets=Sockets(
                policy,
                clock,
                SocketLimits(
                    handshake_s=settings.ws_handshake_s,
                    frame_bytes_most=settings.ws_frame_bytes,
                    ping_s=settings.ws_ping_s,
                ),
                ProtocolLimits(ack_s=settings.ws_ack_s),
            ),
            audio_sockets=AudioSockets(policy),
            buckets=Buckets(policy),
        )

    async def start(self) -> None:
        """Bind the SIP listeners, then everything else; raises what cannot be had."""
        await self.endpoint.start()
        await self.media.start()
        await asyncio.gather(self.speech.start(), self.recognizers.start(), self.files.start())

    def site(self, settings: Settings) -> Site:
        """How payloads name this installation; the listeners have to be bound."""
        return Site(
            sip_address=self.endpoint.known_as[0].sent_by,
            public_ip=settings.public_ip,
        )

    async def stop(self) -> None:
        """No more calls: SIP and media."""
        await self.endpoint.stop()
        await self.media.stop()

    async def close(self) -> None:
        """Everything that calls used."""
        await asyncio.gather(
            self.speech.close(),
            self.recognizers.close(),
            self.files.close(),
            self.audio_sockets.close(),
            self.http_hooks.close(),
            self.sockets.close(),
            self.buckets.close(),
        )


def _known_host(settings: Settings) -> str:
    """The address by which the outside knows us."""
    host = settings.sip[0].host
    return settings.public_ip or (address_of_way_out(host) if host in WILDCARDS else host)


def _media_settings(settings: Settings) -> MediaSettings:
    """RTP on the address of the first SIP listener."""
    return MediaSettings(
        bind_ip=settings.sip[0].host,
        advertised_ip=_known_host(settings),
        rtp_ports=settings.rtp_ports,
        shards=settings.media_shards,
    )
