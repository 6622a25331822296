"""A child process that never becomes ready."""


def main() -> None:
    raise SystemExit(1)
