import json

from unit.api.world import ask, in_world


def test_the_openapi_page_describes_bodies_refusals_and_the_key(sqlite_url):
    async def story(world):
        document = (await ask(world.app, "GET", "/openapi.json", b"", {})).body
        create = document["paths"]["/v1/Accounts/{account_sid}/Calls"]["post"]
        body = create["requestBody"]["content"]["application/json"]["schema"]
        assert {"from", "to"} <= set(body["required"])
        assert {"fromHost", "callerName", "notifyUrl", "timeLimit"} <= set(body["properties"])
        assert (
            body["properties"]["to"]["$ref"].rpartition("/")[2] in document["components"]["schemas"]
        )
        assert create["security"] == [{"apiKey": []}]
        assert {"201", "400", "401", "403", "422", "503"} <= set(create["responses"])
        application = document["paths"]["/v1/Applications"]["post"]["requestBody"]
        schema = application["content"]["application/json"]["schema"]
        assert schema["required"] == ["name"]

        def references(value):
            if isinstance(value, dict):
                yield from [value["$ref"]] if "$ref" in value else []
                for inner in value.values():
                    yield from references(inner)
            elif isinstance(value, list):
                for inner in value:
                    yield from references(inner)

        known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
        assert set(references(document)) <= known
        assert "x-definitions" not in json.dumps(document)
        operations = [
            operation["operationId"]
            for path in document["paths"].values()
            for operation in path.values()
        ]
        assert len(operations) == len(set(operations))

    in_world(sqlite_url, story)
