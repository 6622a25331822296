"""Speech that the application sends word by word while it is spoken (contract 4.4, 4.5)."""

from typing import Protocol

from voxgate.model.speech import SynthesizerChoice


class Tokens(Protocol):
    """One stream is open at a time. Only an application over a WebSocket can feed it."""

    async def speak(
        self, synthesizer: SynthesizerChoice | None = None, *, close_on_empty: bool, cached: bool
    ) -> int:
        """Speak what comes until cancelled, or until everything was heard if `close_on_empty`.

        Returns the milliseconds heard. Raises SayFailed, and NotNow when nobody can send tokens.
        """
        ...

    def speak_beside(self, synthesizer: SynthesizerChoice | None) -> None:
        """The same beside the verbs, until `stop_beside`."""
        ...

    def stop_beside(self) -> None: ...

    def put(self, token_id: object, tokens: object) -> None:
        """Tokens of the application; what became of them is told to it, never raised."""
        ...

    def flush(self) -> None:
        """Speak what waits without its end. Raises NotNow when no stream is open."""
        ...

    def clear(self) -> None:
        """Drop what waits and what plays. Raises NotNow when no stream is open."""
        ...

    def interrupt(self) -> None:
        """The caller cut in: as `clear`, and the application is told. Nothing without a stream."""
        ...
