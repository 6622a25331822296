"""For pytest: `pytest_plugins = ["voxgate.testing.plugin"]` gives tests the fixture `sandbox`."""

from collections.abc import Iterator

import pytest

from voxgate.testing.sandbox import RunningSandbox, running_sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[RunningSandbox]:
    """A sandbox process of its own; `with sandbox.callee("voicemail") as callee: ...`."""
    with running_sandbox() as running:
        yield running
