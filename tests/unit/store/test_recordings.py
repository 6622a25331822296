from dataclasses import replace

from unit.store.samples import BOX
from unit.store.stories import on_database
from voxgate.model.recordings import Recording, RecordingState
from voxgate.store import recordings

ACCOUNT = "5f2b9d1c-0000-4000-8000-000000000000"
FIRST = Recording("r1", "c1", ACCOUNT, "mp3", "r1.wav", 100.0)


def rows(*changes: dict) -> list[Recording]:
    return [
        replace(FIRST, recording_sid=f"r{number}", started_at=100.0 + number, **change)
        for number, change in enumerate(changes, start=1)
    ]


async def kept(database, *recordings_: Recording) -> None:
    for recording in recordings_:
        await database.write(lambda c, one=recording: recordings.insert(c, one, BOX))


async def due(database, now: float) -> list[str]:
    found = await database.read(lambda c: recordings.due(c, BOX, now=now, limit=10))
    return [recording.recording_sid for recording in found]


def test_a_recording_comes_back_as_it_was(database_url):
    async def story(database):
        whole = replace(
            FIRST, recording_id="x", duration_s=1.5, bucket_key="k", attempts=2, error="no"
        )
        await kept(database, whole)
        assert await database.read(lambda c: recordings.get(c, "r1", BOX)) == whole

    on_database(database_url, story)


def test_due_is_what_waits_for_its_bucket_or_its_hook_and_no_longer_for_time(database_url):
    async def story(database):
        await kept(
            database,
            *rows(
                {"state": RecordingState.OPEN},
                {"state": RecordingState.LOCAL, "next_at": 5.0},
                {"state": RecordingState.REFUSED, "next_at": 3.0},
                {"state": RecordingState.STORED, "hook_told": True},
                {"state": RecordingState.STORED, "hook_told": False},
                {"state": RecordingState.KEPT},
                {"state": RecordingState.LOCAL, "next_at": 50.0},
            ),
        )
        assert await due(database, 10.0) == ["r5", "r3", "r2"]
        await database.write(lambda c: recordings.hurry(c, ACCOUNT))
        assert sorted(await due(database, 10.0)) == ["r2", "r3", "r5", "r7"]
        left = await database.read(lambda c: recordings.left_open(c, BOX))
        assert [recording.recording_sid for recording in left] == ["r1"]

    on_database(database_url, story)


def test_recordings_of_a_call_are_listed_oldest_first_and_go_with_the_account(database_url):
    async def story(database):
        first, second = rows({}, {})
        await kept(database, second, first, replace(FIRST, recording_sid="r9", call_sid="c2"))
        found = await database.read(lambda c: recordings.of_call(c, "c1", BOX))
        assert [recording.recording_sid for recording in found] == ["r1", "r2"]
        await database.write(lambda c: recordings.remove_of_account(c, ACCOUNT))
        assert await database.read(lambda c: recordings.of_call(c, "c2", BOX)) == []

    on_database(database_url, story)
