"""Sequences of keys, such as `*2`, found among everything that is pressed during a bridge."""


class KeySequences:
    """Remembers as many keys as the longest sequence has."""

    def __init__(self, sequences: tuple[str, ...]) -> None:
        # The longest first: of `2` and `*2` the second is meant when both fit.
        self._sequences = sorted(sequences, key=len, reverse=True)
        self._longest = max(map(len, sequences), default=0)
        self._pressed = ""

    def press(self, key: str) -> str | None:
        """The sequence that this key completes; its keys then count for no other one."""
        self._pressed = (self._pressed + key)[-self._longest :]
        for sequence in self._sequences:
            if self._pressed.endswith(sequence):
                self._pressed = ""
                return sequence
        return None
