"""What `config` changes on a call, and what the call started with (contract 5.2, config)."""


from voxgate.model.calls import CallRequest
from voxgate.model.speech import Voice


class SessionSettings:
    """Of one session; whoever needs a value reads it when it needs it."""

    def __init__(self, request: CallRequest) -> None:
        self._request = request
        self.voice: Voice = request.voice
        self.notify_events = False
