"""The JSON that applications send, read strictly."""

import json


def decode_json(text: str) -> object:
    """Raises ValueError, also for the numbers that Python reads and JSON does not have."""
    try:
        return _decoder.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)
