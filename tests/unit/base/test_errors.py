import importlib
import pkgutil

import voxgate
from voxgate.base.errors import VoxgateError

PACKAGES = ("base", "hooks", "store", "provisioning", "verbs")


def test_errors_that_are_meant_for_callers_have_one_root():
    found = []
    for package in PACKAGES:
        module = importlib.import_module(f"voxgate.{package}")
        for info in pkgutil.iter_modules(module.__path__, f"{module.__name__}."):
            for value in vars(importlib.import_module(info.name)).values():
                if isinstance(value, type) and issubclass(value, VoxgateError):
                    found.append(value.__name__)

    assert voxgate.__name__ == "voxgate"
    assert {"EgressRefused", "SecretUnreadable", "HookFailed", "StoreUnavailable"} <= set(found)
