import io

from rich.console import Console

from voxgate.cli.screen import command_line, compact, fact, heading, verdict


def shown(draw) -> str:
    out = io.StringIO()
    draw(Console(file=out, width=60))
    return out.getvalue()


def test_brackets_in_what_is_shown_stay_brackets():
    for draw in (
        lambda console: fact(console, "name", "a [b] c"),
        lambda console: heading(console, "a [b] c"),
        lambda console: verdict(console, good=True, title="t", text="a [b] c"),
    ):
        assert "a [b] c" in shown(draw)


def test_a_command_to_copy_is_not_broken_into_lines():
    command = "curl " + "x" * 200

    assert command in shown(lambda console: command_line(console, command))


def test_json_is_short_and_readable():
    assert compact({"a": [1, "ü"]}) == '{"a": [1, "ü"]}'
