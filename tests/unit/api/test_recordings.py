from unit.api.world import in_world

BUCKET = {
    "vendor": "s3_compatible",
    "name": "calls",
    "endpoint": "https://127.0.0.1:9/",
    "access_key_id": "AKIA1",
    "secret_access_key": "abcdefghijkl",
    "tags": [{"Key": "team", "Value": "bots"}],
}
MASKED = "abcdef" + 6 * "X"


async def account_path(world) -> str:
    (provider,) = (await world.send("GET", "/v1/ServiceProviders")).body
    body = {"name": "tenant", "service_provider_sid": provider["service_provider_sid"]}
    return f"/v1/Accounts/{await world.made('Accounts', body)}"


def test_a_bucket_is_kept_shown_masked_and_taken_away(sqlite_url):
    async def story(world):
        path = await account_path(world)
        assert (await world.send("GET", path)).body["bucket_credential"] is None
        change = {"bucket_credential": BUCKET, "record_all_calls": True, "record_format": "wav"}
        assert (await world.send("PUT", path, change)).status == 204
        shown = (await world.send("GET", path)).body
        assert shown["bucket_credential"] == BUCKET | {"secret_access_key": MASKED}
        assert (shown["record_all_calls"], shown["record_format"]) == (1, "wav")
        # What GET showed may be sent back: the masked secret stays what it was.
        again = {"bucket_credential": shown["bucket_credential"] | {"name": "other"}}
        assert (await world.send("PUT", path, again)).status == 204
        test = await world.send("POST", f"{path}/BucketCredentialTest", shown["bucket_credential"])
        assert test.body["status"] == "failed"
        listed = (await world.send("GET", "/v1/Accounts")).body
        assert all(account["bucket_credential"] is None for account in listed)
        none = {"bucket_credential": {"vendor": "none"}}
        assert (await world.send("PUT", path, none)).status == 204
        assert (await world.send("GET", path)).body["bucket_credential"] is None

    in_world(sqlite_url, story)


def test_what_a_bucket_lacks_is_named(sqlite_url):
    async def story(world):
        path = await account_path(world)
        for bucket, fields in (
            ({"vendor": "aws_s3", "name": "x"}, ["access_key_id", "region", "secret_access_key"]),
            ({"vendor": "google", "name": "x"}, ["service_key"]),
            ({"vendor": "azure"}, ["connection_string", "name"]),
            ({"vendor": "floppy", "name": "x"}, ["vendor"]),
            (BUCKET | {"endpoint": "ftp://x"}, ["endpoint"]),
            (BUCKET | {"pad": 1}, ["pad"]),
        ):
            reply = await world.send("PUT", path, {"bucket_credential": bucket})
            named = sorted(f"bucket_credential.{field}" for field in fields)
            assert (reply.status, sorted(reply.fields)) == (400, named), reply

    in_world(sqlite_url, story)


def test_a_bucket_on_an_inner_host_is_refused_without_a_word_to_it(sqlite_url):
    async def story(world):
        path = await account_path(world)
        reply = await world.send("POST", f"{path}/BucketCredentialTest", BUCKET)
        assert reply.status == 200
        assert reply.body["status"] == "failed"
        assert "EGRESS_ALLOW" in reply.body["reason"]

    in_world(sqlite_url, story)


def test_recordings_that_are_not_there_are_not_found(sqlite_url):
    async def story(world):
        path = await account_path(world)
        unknown = "00000000-0000-4000-8000-000000000000"
        for method, rest in (
            ("GET", f"Calls/{unknown}/Recordings"),
            ("GET", f"RecentCalls/{unknown}/record/2026/11/22/mp3"),
            ("DELETE", f"RecentCalls/{unknown}/record/2026/11/22/mp3"),
        ):
            assert (await world.send(method, f"{path}/{rest}")).status == 404

    in_world(sqlite_url, story)
