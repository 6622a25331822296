"""Gathers keys and speech on a call, with or without a prompt, for `gather` and the background."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from voxgate.model.calls import Json
from voxgate.model.hooks import Hook
from voxgate.model.speech import Ear
from voxgate.speech.recognition import Heard
from voxgate.verbs.capabilities.ears import Deaf, EarEvent, EarReader, VoiceBegan, VoiceEnded
from voxgate.verbs.contract import DigitReader, VerbContext
from voxgate.verbs.gathering import Gathering, GatherOrder
from voxgate.verbs.speech_result import interim_result


async def gather_input(
    ctx: VerbContext, order: GatherOrder, prompt: Callable[[], Awaitable[object]] | None = None
) -> Json:
    """The result as the action hook is told it; the prompt has been cut or heard out."""
    return await _Gather(ctx, order).run(prompt)


async def gather_over(ctx: VerbContext, order: GatherOrder, cut: Callable[[], None]) -> Json:
    """The same over sound that somebody else plays: `cut` is called when it has to stop."""
    return await _Gather(ctx, order).run_over(cut)


class _Gather:
    def __init__(self, ctx: VerbContext, order: GatherOrder) -> None:
        self._ctx = ctx
        self._order = order
        self._ear = order.complete(ctx.ears.resolved(order.ear)) if order.takes_speech else Ear()
        self._rules = order.rules(self._ear)
        self._loop = asyncio.get_running_loop()

    async def run(self, prompt: Callable[[], Awaitable[object]] | None) -> Json:
        async with AsyncExitStack() as open_now:
            inputs = await self._open(open_now)
            playing = inputs.tasks.create_task(_play(prompt)) if prompt else None
            gathering = self._begin(prompting=playing is not None)
            while not gathering.is_over:
                await inputs.wait(gathering.wait_s(self._loop.time()), playing)
                now = self._loop.time()
                if playing and playing.done():
                    playing = None
                    gathering.prompt_ended(now)
                self._take(gathering, inputs, now)
                if playing and not gathering.prompting:
                    self._ctx.tokens.interrupt()
                    playing.cancel()
                    await asyncio.wait({playing})
                    playing = None
            inputs.close()
        return inputs.timed(gathering.result)

    async def run_over(self, cut: Callable[[], None]) -> Json:
        async with AsyncExitStack() as open_now:
            inputs = await self._open(open_now)
            gathering = self._begin(prompting=True)
            was_cut = False
            while not gathering.is_decided:
                await inputs.wait(gathering.wait_s(self._loop.time()), None)
                self._take(gathering, inputs, self._loop.time())
                if not was_cut and not gathering.prompting:
                    was_cut = True
                    cut()
            inputs.close()
        return inputs.timed(gathering.result)

    async def _open(self, open_now: AsyncExitStack) -> "_Inputs":
        keys = await open_now.enter_async_context(self._ctx.digits())
        ear = None
        if self._order.takes_speech:
            ear = await open_now.enter_async_context(self._ctx.ears.listen(self._ear))
        tasks = await open_now.enter_async_context(asyncio.TaskGroup())
        partials = None
        if self._order.partial_hook is not None:
            partials = _Partials(self._ctx, self._order.partial_hook, self._order.verb_id)
        return _Inputs(tasks, keys, ear, partials)

    def _begin(self, *, prompting: bool) -> Gathering:
        return Gathering(self._rules, prompting=prompting, now=self._loop.time())

    def _take(self, gathering: Gathering, inputs: "_Inputs", now: float) -> None:
        prompting = gathering.prompting
        if inputs.key_down():
            gathering.key_down(now)
        if (key := inputs.key()) is not None:
            gathering.press(key, now)
        if prompting and not gathering.prompting:
            prompting = False
            self._ctx.ears.report_barge_in("dtmf")
        self._take_sound(gathering, inputs, now)
        if prompting and not gathering.prompting:
            self._ctx.ears.report_barge_in("speech")
        gathering.pass_time(now)

    @staticmethod
    def _take_sound(gathering: Gathering, inputs: "_Inputs", now: float) -> None:
        match inputs.sound():
            case Heard() as heard:
                if gathering.heard(heard, now) and not heard.is_final:
                    inputs.tell(heard)
            case VoiceBegan():
                gathering.voice(now, on=True)
            case VoiceEnded():
                gathering.voice(now, on=False)
            case Deaf(details):
                gathering.failed(details)
            case _:
                pass


async def _play(prompt: Callable[[], Awaitable[object]]) -> None:
    await prompt()


class _Inputs:
    """The next key and the next thing heard, each awaited by a task of its own."""

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        keys: DigitReader,
        ear: EarReader | None,
        partials: "_Partials | None",
    ) -> None:
        self.tasks = tasks
        self._keys = keys
        self._ear = ear
        self._partials = partials
        self._telling = tasks.create_task(partials.tell_all()) if partials else None
        self._down = tasks.create_task(keys.pressed())
        self._key = tasks.create_task(keys.next())
        self._sound = tasks.create_task(ear.next()) if ear else None

    async def wait(self, seconds: float | None, also: asyncio.Task[None] | None) -> None:
        waiting: list[asyncio.Task[Any]] = [self._down, self._key]
        waiting += [task for task in (self._sound, also) if task is not None]
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)

    def key_down(self) -> bool:
        if not self._down.done():
            return False
        self._down = self.tasks.create_task(self._keys.pressed())
        return True

    def key(self) -> str | None:
        if not self._key.done():
            return None
        key, self._key = self._key.result(), self.tasks.create_task(self._keys.next())
        return key

    def sound(self) -> EarEvent | None:
        if self._ear is None or self._sound is None or not self._sound.done():
            return None
        event, self._sound = self._sound.result(), self.tasks.create_task(self._ear.next())
        return event

    def timed(self, result: Json) -> Json:
        """With what the recogniser took, if this is speech and the application asked."""
        if self._ear is None or "speech" not in result:
            return result
        return result | self._ear.times()

    def tell(self, heard: Heard) -> None:
        if self._partials is not None:
            self._partials.put(heard)

    def close(self) -> None:
        for task in (self._down, self._key, self._sound, self._telling):
            if task is not None:
                task.cancel()


class _Partials:
    """Tells the hook what is understood so far, one at a time; when it is slow, the newest."""

    def __init__(self, ctx: VerbContext, hook: Hook, verb_id: str | None) -> None:
        self._ctx = ctx
        self._hook = hook
        self._verb_id = verb_id
        self._newest: asyncio.Queue[Heard] = asyncio.Queue(1)

    def put(self, heard: Heard) -> None:
        if self._newest.full():
            self._newest.get_nowait()
        self._newest.put_nowait(heard)

    async def tell_all(self) -> None:
        while True:
            heard = await self._newest.get()
            await self._ctx.ask(self._hook, {"speech": interim_result(heard)}, self._verb_id)
