"""Dials without a network: scripted far ends behind real calls, on virtual time."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from unit.call.fakes import FakeClock, FarEnds, ListLog, Step, _locate, plan_of
from unit.flow.fakes import ScriptedApp, live_call
from unit.flow.room_stage import FakeRoom
from unit.flow.room_stage import FakeStream as RoomStream
from voxgate.call.dial import Dial, DialSettings
from voxgate.flow.application import AppSettings
from voxgate.flow.child import ChildCall
from voxgate.flow.ports import CallSettings
from voxgate.flow.session import Session
from voxgate.hooks.payloads import Site
from voxgate.model.calls import Call, CallRequest, Json, Target
from voxgate.provisioning.dialled import NotDialled
from voxgate.routing.outbound import RoutePlan
from voxgate.verbs.capabilities.dialling import DialTarget


class Stream(RoomStream):
    advertised_ip, port = "192.0.2.1", 20000

    def connect(self, plan: Any) -> None:
        """It is heard by nobody."""

    def stop_playback(self) -> None:
        """Nothing plays."""

    def stats(self) -> Any:
        return SimpleNamespace(remote_ip=None)

    def close(self) -> None:
        self.is_closed = True


async def _secret(_account_sid: str) -> str:
    return ""


class DialStage:
    """One answered call that dials, and far ends that do what their scripts say."""

    def __init__(self, *scripts: Sequence[Step], app: Sequence[object] = (), **far: Any) -> None:
        self.far = FarEnds(*scripts, **far)
        self.log = ListLog()
        self.app = ScriptedApp(*app)
        self.children: list[ChildCall] = []
        self.created: list[Call] = []
        self.refuses: dict[str, NotDialled] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.rooms: list[FakeRoom] = []
        self.ports: Any = SimpleNamespace(
            log=self.log,
            clock=FakeClock(),
            speaker=lambda: None,
            asker=self.app,
            settings=CallSettings(60, 3600, strict_verbs=True),
            dial_settings=DialSettings("198.51.100.1", 4.0, None),
            open_stream=lambda _listener: Stream(),
            open_room=self._room,
            session_id=lambda: 7,
            children=self,
            adopt=self.adopt,
            enlist=lambda _session: lambda: None,
            dialling=lambda _session: SimpleNamespace(check_audio=lambda: None),
            redirect_status=lambda _sid, _hook: None,
            observe_media=lambda _stats: None,
            app_settings=lambda: AppSettings(_secret, True, Site()),
            dial=self._dial,
            session_of=lambda _sid: None,
        )
        self.session: Any = Session(live_call(self.log), self.ports)
        self.session.call.answer("sbc", {})

    def _room(self) -> FakeRoom:
        self.rooms.append(FakeRoom())
        return self.rooms[-1]

    def _dial(self, call: Any, plan: RoutePlan, media: Any, on_progress: Any = None) -> Dial:
        return Dial(
            call,
            plan,
            media,
            inviter=self.far,
            locate=_locate,
            settings=self.ports.dial_settings,
            on_progress=on_progress,
        )

    def adopt(self, child: ChildCall) -> None:
        self.children.append(child)
        self.tasks.add(asyncio.ensure_future(child.run()))

    async def route(self, _parent: Call, request: CallRequest) -> RoutePlan:
        if (refused := self.refuses.get(request.to.display)) is not None:
            raise refused
        return plan_of(request.to.display)

    async def create(self, call: Call, _route: RoutePlan, _invite: Json | None) -> None:
        self.created.append(call)

    async def over(self) -> None:
        """Every dialled call has come to its end."""
        await asyncio.wait(self.tasks)


def target(host: str, **fields: Any) -> DialTarget:
    """Somebody at this address; the fakes route by it."""
    return DialTarget(Target("phone", number=host), **fields)
