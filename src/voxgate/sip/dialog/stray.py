"""Responses to INVITEs that nobody remembers, for instance from before a restart.

A 2xx nobody acknowledges is repeated for half a minute and leaves a person on an open line, so
it is acknowledged and hung up (RFC 3261 section 13.2.2.4); any other final response is only
acknowledged. Everything is derived from the response, so that its repeats get the same messages.
"""

import hashlib

from voxgate.sip.dialog.path import Path, new_branch
from voxgate.sip.dialog.stack import Stack
from voxgate.sip.message import Headers, Request, Response
from voxgate.sip.transaction.destination import Source
from voxgate.sip.transaction.mirror import ack_of

PER_SECOND_MAX = 50  # forged responses must not make us a reflector


class Strays:
    """Cleans up after INVITEs of a former life."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._second = 0
        self._in_second = 0

    def on_response(self, response: Response, source: Source) -> None:
        via = response.via
        ours = (via.host, via.port) == (source.local.host, source.local.port)
        if response.cseq.method != "INVITE" or response.status < 200 or not ours:
            return
        if not self._within_limit():
            return
        # Of the INVITE only what every response repeats is known; nobody checks the rest.
        headers = Headers()
        headers.copy_from(response.headers, "Via", "From", "To", "Call-ID", "CSeq")
        invite = Request("INVITE", response.to.uri, headers)
        if response.status >= 300:
            self._stack.transmit(ack_of(invite, response), source.peer, source.local)
        else:
            self._hang_up(invite, response, source)

    def _hang_up(self, invite: Request, response: Response, source: Source) -> None:
        path = Path.of_caller(
            invite,
            response,
            local_tag=response.from_.tag or "",
            local=source.local,
            peer=source.peer,
            choose=self._stack.local_for,
        )
        number = invite.cseq.number
        seed = f"{path.call_id} {path.local_tag} {path.remote_tag} {number}".encode()
        branch = new_branch(hashlib.sha256(seed).hexdigest()[:24])
        ack = path.request("ACK", branch=branch + "a", cseq=number)
        bye = path.request("BYE", branch=branch + "b", cseq=number + 1)
        self._stack.transmit(ack, path.next_hop, path.local)
        self._stack.transmit(bye, path.next_hop, path.local)

    def _within_limit(self) -> bool:
        second = int(self._stack.now)
        if second != self._second:
            self._second, self._in_second = second, 0
        self._in_second += 1
        return self._in_second <= PER_SECOND_MAX
