import pytest

from unit.api.world import in_world


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[1, 2]",
        b'"text"',
        b"null",
        b'{"name": NaN}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b"[" * 5000,
        b'{"a":' * 5000,
    ],
)
def test_a_body_that_is_no_json_object_is_400(sqlite_url, raw):
    async def story(world):
        for method, path in (
            ("POST", "/v1/Applications"),
            ("PUT", f"/v1/Accounts/{world.account_sid}"),
            ("POST", f"/v1/Accounts/{world.account_sid}/Calls"),
        ):
            reply = await world.send(method, path, raw)
            assert reply.status == 400, reply.text
            assert reply.body["msg"]

    in_world(sqlite_url, story)


def test_json_is_read_whatever_the_content_type_says(sqlite_url):
    async def story(world):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = {"name": "renamed"}
        path = f"/v1/Accounts/{world.account_sid}"
        assert (await world.send("PUT", path, body, headers=headers)).status == 204

    in_world(sqlite_url, story)
