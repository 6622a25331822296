import asyncio
import gc
import weakref

import structlog

from voxgate.base.tasks import Nursery, forget


def test_a_failed_task_is_logged_and_its_siblings_go_on():
    async def story():
        nursery = Nursery("test")
        gate = asyncio.Event()
        done = []

        async def fail():
            raise ValueError("broken")

        async def work():
            await gate.wait()
            done.append("worked")

        with structlog.testing.capture_logs() as logged:
            failing = nursery.start(fail(), name="failing")
            working = nursery.start(work(), name="working")
            await asyncio.wait([failing])
            gate.set()
            await working
        return done, logged

    done, logged = asyncio.run(story())

    assert done == ["worked"]
    assert [(line["event"], line["task"]) for line in logged] == [("task_failed", "test:failing")]
    assert str(logged[0]["exc_info"]) == "broken"


def test_closing_cancels_what_runs_and_waits_until_it_has_ended():
    async def story():
        nursery = Nursery("test")
        ended = []

        async def linger():
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                ended.append("cleaned up")

        for _ in range(3):
            nursery.start(linger(), name="linger")
        await asyncio.sleep(0)
        running = len(nursery)
        await nursery.close()
        return running, ended, len(nursery)

    assert asyncio.run(story()) == (3, ["cleaned up"] * 3, 0)


def test_cancelled_tasks_are_not_failures():
    async def story():
        nursery = Nursery("test")
        with structlog.testing.capture_logs() as logged:
            nursery.start(asyncio.sleep(3600), name="sleep")
            await nursery.close()
        return logged

    assert asyncio.run(story()) == []


def test_finished_tasks_are_forgotten():
    async def story():
        nursery = Nursery("test")
        task = nursery.start(asyncio.sleep(0, "result"), name="quick")
        result = await task
        await asyncio.sleep(0)
        return result, len(nursery)

    assert asyncio.run(story()) == ("result", 0)


def test_what_a_cancelled_task_held_is_let_go_at_once():
    class Held:
        pass

    async def nested(held):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.sleep(60))
        del held

    async def story():
        held = Held()
        watch = weakref.ref(held)
        task = asyncio.create_task(nested(held))
        del held
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        assert watch() is not None
        forget(task)
        del task
        await asyncio.sleep(0)
        assert watch() is None

    gc.disable()
    try:
        asyncio.run(story())
    finally:
        gc.enable()
