"""A call in memory and an application that answers from a list."""

from collections.abc import Sequence

from unit.call.fakes import FakeClock, ListLog
from voxgate.call.call import LiveCall
from voxgate.flow.application import Application, AppSettings
from voxgate.hooks.failures import HookFailed
from voxgate.hooks.http import HookAnswer
from voxgate.hooks.payloads import Site
from voxgate.model.calls import Call, CallRequest, CallStatus, EventType, Json, Target
from voxgate.model.hooks import Hook

CALL_HOOK = Hook("https://app.example/call?token=secret")


class ScriptedApp:
    """Answers each question with the next entry: a document, None, or a failure."""

    def __init__(self, *answers: object) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, Json, str | None]] = []
        self.secrets: list[str] = []

    async def ask(
        self, hook: Hook, payload: Json, *, secret: str, base: Hook | None = None
    ) -> HookAnswer:
        self.asked.append((hook.url, payload, base.url if base else None))
        self.secrets.append(secret)
        answer = self._answers.pop(0)
        if isinstance(answer, HookFailed):
            raise answer
        return HookAnswer(hook.url, hook.method, 200, answer, 12)


def live_call(log: ListLog, **request: object) -> LiveCall:
    wanted = {"call_hook": CALL_HOOK, **request}
    asked = CallRequest("+49301", Target("phone", number="+49302"), **wanted)
    call = Call(
        "sid", "account", "provider", "call-id", "outbound", "+49301", "+49302",
        CallStatus.TRYING, asked, "trace", 0.0,
    )  # fmt: skip
    return LiveCall(call, log, FakeClock())


async def _secret_of(account_sid: str) -> str:
    return f"secret of {account_sid}"


def application(call: LiveCall, app: ScriptedApp, *, strict: bool = False) -> Application:
    return Application(call, app, AppSettings(_secret_of, strict, Site("192.0.2.1:5060")))


def alerts(log: ListLog) -> list[str]:
    return [e.data["message"] for e in log.events if e.type is EventType.ALERT]


def of_type(log: ListLog, type_: EventType) -> Sequence[Json]:
    return [e.data for e in log.events if e.type is type_]
