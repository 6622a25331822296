"""Responses as our side words them."""

from voxgate.sip.dialog.events import SDP, Fields
from voxgate.sip.dialog.stack import Stack
from voxgate.sip.message import Request, Response, response_to

# RFC 3261 section 21 and its successors, where HTTP has other words or none.
_REASONS = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Moved Temporarily",
    305: "Use Proxy",
    380: "Alternative Service",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    410: "Gone",
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    421: "Extension Required",
    422: "Session Interval Too Small",
    423: "Interval Too Brief",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    484: "Address Incomplete",
    485: "Ambiguous",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    493: "Undecipherable",
    494: "Security Agreement Required",
    500: "Server Internal Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    513: "Message Too Large",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
    607: "Unwanted",
    608: "Rejected",
}


def reason_of(status: int) -> str:
    """The standard's words for a status; those of its class for one we do not know."""
    return _REASONS.get(status) or _REASONS.get(status // 100 * 100) or "Unknown"


def reply(
    stack: Stack,
    request: Request,
    status: int,
    reason: str = "",
    *,
    to_tag: str | None = None,
    fields: Fields = (),
    body: bytes = b"",
    content_type: str = SDP,
) -> Response:
    """Build a response; the caller says which headers make it part of a dialog."""
    headers = [("Server", stack.product), *fields]
    if body:
        headers.append(("Content-Type", content_type))
    return response_to(
        request,
        status,
        reason or reason_of(status),
        to_tag=to_tag,
        headers=headers,
        body=body,
    )
