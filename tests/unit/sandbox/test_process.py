"""The sandbox as a program of its own: its own voice, its own sockets, its own end."""

import asyncio
import subprocess
import sys

import pytest

from voxgate.sandbox.process import (
    AnnouncingChild,
    ChildFailed,
    SandboxAddress,
    SandboxProcess,
    sandbox_command,
)
from voxgate.sip.endpoint import Destination
from voxgate.testing.phone import Phone
from voxgate.testing.sandbox import RunningSandbox, SandboxRefused, running_sandbox


def test_a_child_process_takes_calls_speaks_and_tells_what_it_heard():
    async def call(sandbox: RunningSandbox, number: str) -> None:
        async with Phone.plugged_in() as phone:
            placed = phone.call(number, Destination("udp", "127.0.0.1", sandbox.sip.port))
            await placed.until_answered()
            await placed.until_ended()
            # "Hello there" in a real voice, not a tone and not silence.
            assert len(placed.heard()) > 2 * 8 * 400

    with running_sandbox() as sandbox:
        with sandbox.callee('answer; say "Hello there"; hang up') as callee:
            asyncio.run(call(sandbox, callee.number))
            heard = callee.wait()
            assert heard.said == ["Hello there"]
            assert heard.ended_by == "callee"
            assert heard.sip_status == 200
            assert heard.header("from") is not None
            assert sandbox.call(heard.call_id).document["persona"] == "test"
        with pytest.raises(TimeoutError), sandbox.callee("answer") as callee:
            callee.wait(within_s=0.01)
        with pytest.raises(SandboxRefused, match="step 1"), sandbox.callee("dance"):
            pass


def test_it_stops_when_its_parent_is_gone():
    with subprocess.Popen(
        sandbox_command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline().startswith(b'{"sip"')
        process.stdin.close()

        assert process.wait(10) == 0


def test_it_stops_when_it_is_told_to():
    async def run() -> None:
        process = SandboxProcess()
        address = await process.start()
        assert process.running
        assert {each.transport for each in address.sip} == {"udp", "tcp"}
        assert all(each.port for each in address.sip)

        await process.stop()
        await process.stop()

        assert not process.running
        assert await process.wait() == 0

    asyncio.run(run())


def test_an_address_that_cannot_be_had_ends_it_with_a_sentence():
    command = [*sandbox_command(), "--sip", "udp:192.0.2.1:5060"]

    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)

    assert ended.returncode == 2
    assert ended.stdout == b""
    assert ended.stderr.startswith(b"the sandbox cannot listen")


def test_an_announcement_reads_back():
    line = '{"sip": ["udp:127.0.0.1:5070", "tcp:[::1]:5070"], "control_url": "http://127.0.0.1:1"}'

    assert [each.host for each in SandboxAddress.parse(line).sip] == ["127.0.0.1", "::1"]


def test_a_child_that_ends_before_it_is_ready_is_a_failure():
    async def run() -> None:
        child = AnnouncingChild("the test child", [sys.executable, "-c", "raise SystemExit(3)"])
        with pytest.raises(ChildFailed, match="status 3"):
            await child.start()
        await child.stop()

    asyncio.run(run())


def test_a_child_that_announces_nonsense_is_a_failure():
    async def run() -> None:
        nonsense = "import time; print('hello', flush=True); time.sleep(60)"
        process = SandboxProcess([sys.executable, "-c", nonsense])
        with pytest.raises(ChildFailed, match="hello"):
            await process.start()
        assert not process.running

    asyncio.run(run())
