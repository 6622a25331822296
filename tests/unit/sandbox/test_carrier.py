"""The sandbox as a whole takes calls."""

from unit.sandbox.stage import Stage, on_stage


def test_a_call_can_bring_its_own_script():
    async def story(stage: Stage) -> None:
        call = stage.call("15005550130", headers=[("X-Sandbox-Script", "answer; press 7; listen")])
        await call.until(lambda call: call.digits == "7")
        call.hang_up()

        assert (await stage.record(call)).persona == "scripted"

    on_stage(story)


def test_a_script_that_cannot_be_read_is_refused_with_the_reason():
    async def story(stage: Stage) -> None:
        call = stage.call("15005550130", headers=[("X-Sandbox-Script", "answer; dance")])

        assert await call.until_final() == 400
        assert "step 2 (dance)" in (call.headers.get("X-Reason") or "")

    on_stage(story)


def test_stopping_the_sandbox_hangs_up_its_calls():
    async def story(stage: Stage) -> None:
        call = stage.call("answer; listen")
        await call.until_answered()
        await stage.sandbox.stop()
        await call.until_ended()

        assert call.ended == "bye-received"

    on_stage(story)
