"""Recordings of calls, and the test of an account's bucket (contract sections 1.3 and 1.4.10)."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from voxgate.api import answers
from voxgate.api.answers import V1, Sid, Wire
from voxgate.api.bodies import document_of
from voxgate.api.gate import caller_of
from voxgate.base.clock import iso
from voxgate.model.recordings import Recording
from voxgate.provisioning.recordings import CallRecordings

_SOUND = "/Accounts/{account_sid}/RecentCalls/{call_sid}/record/{day:path}/{format_}"
_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg"}

Format = Annotated[Literal["wav", "mp3"], Path()]
Which = Annotated[str | None, Query(max_length=36)]


def to_wire(recording: Recording) -> Wire:
    """What is not known yet is absent."""
    wire = {
        "recording_sid": recording.recording_sid,
        "recording_id": recording.recording_id,
        "recording_url": recording.url,
        "format": recording.format,
        "state": str(recording.state),
        "started_at": iso(recording.started_at),
        "duration": recording.duration_s,
        "error": recording.error,
    }
    return {name: value for name, value in wire.items() if value is not None}


def routes(recordings: CallRecordings) -> APIRouter:
    router = APIRouter(prefix=V1, tags=["Recordings"])

    @router.post("/Accounts/{account_sid}/BucketCredentialTest")
    async def test_bucket(account_sid: Sid, request: Request) -> Response:
        """Write an object to the bucket in the body, read it back and remove it."""
        document = await document_of(request)
        reason = await recordings.test_bucket(caller_of(request), account_sid, document)
        answer = {"status": "ok"} if reason is None else {"status": "failed", "reason": reason}
        return JSONResponse(answer)

    @router.get("/Accounts/{account_sid}/Calls/{call_sid}/Recordings")
    async def of_call(account_sid: Sid, call_sid: Sid, request: Request) -> Response:
        """All recordings of a call, the oldest first."""
        found = await recordings.of_call(caller_of(request), account_sid, call_sid)
        return JSONResponse([to_wire(recording) for recording in found])

    @router.get(_SOUND)
    async def sound(
        account_sid: Sid,
        call_sid: Sid,
        format_: Format,
        request: Request,
        recording_sid: Which = None,
    ) -> Response:
        """The sound of a call's first recording, or of the one named by `recording_sid`."""
        found = await recordings.sound(
            caller_of(request), account_sid, call_sid, format_=format_, recording_sid=recording_sid
        )
        return StreamingResponse(found.pieces, media_type=_TYPES[found.recording.format])

    @router.delete(_SOUND, status_code=204)
    async def delete(
        account_sid: Sid,
        call_sid: Sid,
        request: Request,
        recording_sid: Which = None,
    ) -> Response:
        """Take a recording away, wherever it is kept."""
        await recordings.delete(
            caller_of(request), account_sid, call_sid, recording_sid=recording_sid
        )
        return answers.done()

    return router
