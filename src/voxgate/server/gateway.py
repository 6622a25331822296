"""One gateway process: every object built once, started in order, stopped in reverse."""

import asyncio
import random
import secrets
from dataclasses import dataclass

from voxgate.base.clock import SystemClock
from voxgate.base.egress import EgressPolicy
from voxgate.base.log import get_logger
from voxgate.base.memory import give_back_large_blocks, set_what_is_built_aside
from voxgate.base.secrets import SecretBox
from voxgate.base.settings import Listener, Settings
from voxgate.base.tasks import Nursery
from voxgate.call.dial import DialSettings
from voxgate.flow.amd_hints import HintsFile
from voxgate.flow.application import app_json_problem
from voxgate.flow.conference import Conferences
from voxgate.flow.control import CallControl, RunningCall
from voxgate.flow.dialling import CallDialling
from voxgate.flow.ports import CallPorts, CallSettings
from voxgate.flow.queue import Queues
from voxgate.flow.sessions import Sessions
from voxgate.hooks.payloads import Site
from voxgate.model.calls import Call
from voxgate.model.hooks import Hook
from voxgate.provisioning import calls as call_use_cases
from voxgate.provisioning.accounts import Accounts
from voxgate.provisioning.bootstrap import Bootstrap
from voxgate.provisioning.dialled import DialledCalls
from voxgate.provisioning.directory import Directory
from voxgate.provisioning.errors import Unavailable
from voxgate.provisioning.gateways import Gateways
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.permissions import Principal, Scope
from voxgate.provisioning.recordings import CallRecordings
from voxgate.records.archive import Archive
from voxgate.records.delivery import Deliveries, DeliveryPorts
from voxgate.records.housekeeping import keep_house
from voxgate.records.journal import Journal
from voxgate.records.receivers import Telling, receivers_of
from voxgate.records.recordings import RecordingPorts, Recordings
from voxgate.records.recovery import RecoveryPorts, recover
from voxgate.sandbox.process import SandboxAddress, SandboxProcess
from voxgate.server import figures
from voxgate.server.engines import Engines
from voxgate.server.health import Health
from voxgate.server.http import HttpServer
from voxgate.server.locate import Locator
from voxgate.server.measured import MeasuredHooks
from voxgate.server.metrics import Figure, Metrics
from voxgate.server.pings import GatewayPings
from voxgate.server.reception import FrontDesk, Parts
from voxgate.server.surface import build_app
from voxgate.sip.transport.resolve import Resolver
from voxgate.store.engine import Database

log = get_logger("gateway")

DELIVERY_DRAIN_S = 5.0  # for status webhooks that are under way at shutdown
SESSION_ID_BITS = 62  # of SDP's o= line: a positive 64-bit number


@dataclass(frozen=True, slots=True)
class Started:
    """What whoever started a gateway may show. `admin_token` only when it was made just now."""

    http_url: str
    sip: list[Listener]
    account_sid: str
    admin_token: str | None
    sandbox: SandboxAddress | None


class Gateway:
    """`start`, then `wait` until something essential breaks, then `stop`. Once each."""

    def __init__(self, settings: Settings) -> None:
        give_back_large_blocks()
        self._settings = settings
        self._clock = SystemClock()
        self._policy = EgressPolicy(settings.egress_networks)
        self._metrics = Metrics()
        self._tasks = Nursery("gateway")
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        self._box = SecretBox.from_settings(settings.secret_key, settings.key_file)
        self._database = Database(settings.sqlalchemy_url)
        self._directory = Directory(self._database, self._box, self._clock)
        self._inventory = Inventory(
            self._database, self._directory, self._box, self._clock, self._policy
        )
        self._engines = Engines.build(settings, self._policy, self._clock)
        self._hooks = MeasuredHooks(self._engines.http_hooks, self._metrics, self._clock)
        self._journal = Journal(self._database, self._box, self._clock, receivers_of)
        self._conferences = Conferences(self._engines.media.room, self._clock)
        self._recordings = Recordings(
            RecordingPorts(
                database=self._database,
                box=self._box,
                clock=self._clock,
                journal=self._journal,
                buckets=self._engines.buckets,
                teller=self._hooks,
                account_of=self._directory.account,
                directory=settings.data_dir / "recordings",
            )
        )
        self._locator = Locator(Resolver(self._clock), self._policy)
        self._pings = GatewayPings(
            self._engines.endpoint,
            Gateways(self._inventory).to_ping,
            locate=self._locator.locate,
            every_s=settings.options_ping_s,
        )
        self._desk = self._build_desk()
        self._sandbox: SandboxProcess | None = None
        self._deliveries: Deliveries | None = None
        self._control: CallControl | None = None
        self._use_cases: call_use_cases.Calls | None = None
        self._http: HttpServer | None = None

    async def start(self) -> Started:
        """Return when calls can be placed. Raises, with everything stopped again, when it cannot."""
        try:
            return await self._start()
        except BaseException:  # boundary: whatever stopped the start, what was started must stop
            await self.stop()
            raise

    async def _start(self) -> Started:
        await self._database.migrate()
        bootstrap = Bootstrap(self._inventory)
        first = await bootstrap.run(self._settings.admin_token)
        await self._engines.start()
        sandbox = await self._start_sandbox(bootstrap, usual=first.sandbox)
        self._journal.start()
        await self._recordings.start()
        control = self._control = self._build_control()
        self._metrics.watch(control.calls, [*figures.of_engines(self._engines), *self._figures()])
        self._desk.open(control, self._archive())
        self._use_cases = self._build_use_cases(control)
        app = build_app(
            self._inventory,
            self._directory,
            self._use_cases,
            self._health(),
            self._settings,
            sip_address=self._engines.endpoint.known_as[0].sent_by,
            recordings=self._call_recordings,
            quota_reached=self._desk.quota_reached,
        )
        self._http = HttpServer(app, self._settings)
        await self._take_over()
        self._tasks.start(self._pings.run(), name="pings")
        self._tasks.start(keep_house(self._database, self._clock), name="housekeeping")
        self._http.start()
        set_what_is_built_aside()
        log.info("gateway_started", http=self._http.url)
        return Started(
            http_url=self._http.url,
            sip=self._engines.endpoint.bound,
            account_sid=first.account_sid,
            admin_token=first.admin_token,
            sandbox=sandbox,
        )

    async def _start_sandbox(self, bootstrap: Bootstrap, *, usual: bool) -> SandboxAddress | None:
        wanted = self._settings.sandbox
        if not (usual if wanted is None else wanted):
            await bootstrap.remove_sandbox()
            return None
        self._sandbox = SandboxProcess()
        address = await self._sandbox.start()
        udp = next(listener for listener in address.sip if listener.transport == "udp")
        await bootstrap.ensure_sandbox(udp.host, udp.port)
        return address

    async def _take_over(self) -> None:
        """What a former process left: statuses to deliver, calls to end. Never dials."""
        if self._deliveries is None:
            return
        await self._deliveries.resume()
        ports = RecoveryPorts(
            self._journal, self._database, self._box, self._clock, self._engines.endpoint.end_orphan
        )
        self._tasks.start(recover(ports), name="recovery")

    def _build_control(self) -> CallControl:
        site = self._engines.site(self._settings)
        telling = Telling(self._hooks, self._engines.sockets, self._secret_of, site)
        deliveries = self._deliveries = Deliveries(
            DeliveryPorts(self._journal, self._database, self._box, self._clock, telling)
        )
        self._journal.follow(deliveries)
        sessions = Sessions()
        return CallControl(
            self._call_ports(site, sessions, deliveries),
            sessions,
            max_calls=self._settings.max_calls,
            journal_ready=lambda: self._journal.available,
            finished=self._call_ended,
        )

    def _call_ports(self, site: Site, sessions: Sessions, deliveries: Deliveries) -> CallPorts:
        settings, engines = self._settings, self._engines
        return CallPorts(
            log=self._journal,
            clock=self._clock,
            inviter=engines.endpoint,
            locate=self._locator.locate,
            dial_settings=DialSettings(
                local_host=engines.endpoint.known_as[0].host,
                no_response_s=settings.no_response_s,
                session_expires_s=settings.session_expires_s,
            ),
            open_stream=engines.media.open,
            session_id=lambda: secrets.randbits(SESSION_ID_BITS),
            asker=self._hooks,
            secret_of=self._secret_of,
            speaker=engines.speech.speaker,
            recognizers=engines.recognizers,
            files=engines.files,
            audio_sockets=engines.audio_sockets,
            site=site,
            settings=CallSettings(
                media_timeout_s=settings.media_timeout_s,
                time_limit_s=settings.time_limit_s,
                strict_verbs=settings.strict_verbs,
                ringback=settings.ringback,
            ),
            redirect_status=deliveries.redirect,
            observe_media=self._metrics.media_ended,
            amd_hints=HintsFile(settings.amd_hints_file, self._clock).current,
            conferences=self._conferences,
            queues=Queues(engines.media.room),
            queue_event_hook=self._queue_event_hook,
            children=DialledCalls(
                self._directory,
                self._archive(),
                random.SystemRandom(),
                unreachable=lambda: self._pings.unreachable,
            ),
            open_room=engines.media.room,
            dialling=CallDialling,
            shelf=self._recordings,
            enter=engines.sockets.enter,
            place=self._place,
            session_of=sessions.of,
            session_with=sessions.with_dialog,
            adopt=self._adopt,
            enlist=sessions.enlist,
        )

    def _call_recordings(self, accounts: Accounts) -> CallRecordings:
        return CallRecordings(
            self._inventory, accounts, self._engines.buckets, self._recordings.path_of
        )

    def _archive(self) -> Archive:
        return Archive(self._journal, self._database, self._box, self._clock)

    def _adopt(self, call: RunningCall) -> None:
        if self._control is not None:
            self._control.adopt(call)

    async def _place(self, account_sid: str, document: object) -> str:
        """A call that an application asks for, in the name of its account."""
        if self._use_cases is None:
            raise Unavailable("the gateway is starting")
        account = await self._directory.account(account_sid)
        provider_sid = account.service_provider_sid if account is not None else None
        caller = Principal(Scope.ACCOUNT, "", account_sid, provider_sid)
        return (await self._use_cases.create(caller, account_sid, document)).call_sid

    def _build_use_cases(self, control: CallControl) -> call_use_cases.Calls:
        return call_use_cases.Calls(
            call_use_cases.CallPorts(
                directory=self._directory,
                log=self._archive(),
                engine=control,
                egress=self._policy,
                check_verbs=app_json_problem,
                clock=self._clock,
                dice=random.SystemRandom(),
                capacity=self._desk.capacity,
                unreachable=lambda: self._pings.unreachable,
            )
        )

    def _build_desk(self) -> FrontDesk:
        return FrontDesk(
            Parts(
                settings=self._settings,
                endpoint=self._engines.endpoint,
                database=self._database,
                inventory=self._inventory,
                directory=self._directory,
                asker=self._hooks,
                secret_of=self._secret_of,
                locate=self._locator.locate,
                raise_alert=self._journal.raise_alert,
                clock=self._clock,
            )
        )

    def _call_ended(self, call: Call) -> None:
        self._metrics.call_ended(call)
        self._desk.call_ended(call)

    def _figures(self) -> list[Figure]:
        own = self._desk.figures()
        if self._deliveries is None:
            return own
        return [*figures.of_records(self._journal, self._deliveries), *own]

    def _health(self) -> Health:
        def journal() -> str | None:
            return None if self._journal.available else "the call journal cannot be written"

        def engine() -> str | None:
            return self._control.admit() if self._control is not None else "starting"

        return Health((journal, engine), self._metrics)

    async def _secret_of(self, account_sid: str) -> str:
        account = await self._directory.account(account_sid)
        return account.webhook_secret if account is not None else ""

    async def _queue_event_hook(self, account_sid: str) -> Hook | None:
        account = await self._directory.account(account_sid)
        return account.queue_event_hook if account is not None else None

    async def wait(self) -> None:
        """Return when the HTTP server has ended by itself."""
        if self._http is not None:
            await self._http.ended()

    async def stop(self) -> None:
        """No new calls; running ones get the grace period, then BYE and a terminal event."""
        if self._control is not None:
            await self._control.stop(self._settings.shutdown_grace_s)
        await self._desk.close()
        await self._conferences.close()
        if self._http is not None:
            await self._http.stop()
        if self._use_cases is not None:
            await self._use_cases.close()
        await self._tasks.close()
        await self._recordings.close()
        if self._deliveries is not None:
            await self._drain(self._deliveries)
        await self._journal.close()
        await self._engines.stop()
        if self._sandbox is not None:
            await self._sandbox.stop()
        await self._engines.close()
        await self._directory.close()
        await self._database.close()

    async def _drain(self, deliveries: Deliveries) -> None:
        """Let the last statuses out; what stays is delivered after the next start."""
        try:
            async with asyncio.timeout(DELIVERY_DRAIN_S):
                await self._journal.settled()
        except TimeoutError:
            log.warning("journal_not_written", events=self._journal.queued)
        await deliveries.drain(DELIVERY_DRAIN_S)
        await deliveries.close()
