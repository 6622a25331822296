"""What every test of this tree may rely on."""

import pytest

INTEROP_LIMIT_S = 180


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start whole programs get their own marker and a longer limit."""
    for item in items:
        folders = item.path.parts
        if "interop" in folders or "system" in folders:
            if "interop" in folders:
                item.add_marker(pytest.mark.interop)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(INTEROP_LIMIT_S))
