"""What `/metrics` shows of the engines, the journal and the deliveries."""

import asyncio

from voxgate.records.delivery import Deliveries
from voxgate.records.journal import Journal
from voxgate.server.engines import Engines
from voxgate.server.metrics import Figure


def of_engines(engines: Engines) -> list[Figure]:
    media, sip = engines.media.stats, engines.endpoint
    return [
        Figure("tasks", "Asyncio tasks.", lambda: len(asyncio.all_tasks())),
        Figure("media_streams", "Open RTP streams.", lambda: media().open_streams),
        Figure(
            "media_late_ticks",
            "Media ticks that began late.",
            lambda: media().late_ticks,
            counter=True,
        ),
        Figure("sip_transactions", "Open SIP transactions.", lambda: sip.stats.transactions),
        Figure("sip_dialogs", "Open SIP dialogs.", lambda: sip.stats.dialogs),
        Figure(
            "sip_retransmissions",
            "SIP messages sent again.",
            lambda: sip.stats.retransmissions,
            counter=True,
        ),
        Figure("sip_malformed", "Unreadable messages.", lambda: sip.stats.malformed, counter=True),
        Figure(
            "app_sockets",
            "Calls with a WebSocket to their application.",
            lambda: engines.sockets.open_calls,
        ),
    ]


def of_records(journal: Journal, deliveries: Deliveries) -> list[Figure]:
    return [
        Figure("journal_queued", "Events not yet written.", lambda: journal.queued),
        Figure(
            "journal_dropped",
            "Events lost to a full queue.",
            lambda: journal.dropped,
            counter=True,
        ),
        Figure("deliveries_waiting", "Receivers not told yet.", lambda: deliveries.waiting),
        Figure(
            "deliveries_failed",
            "Attempts to tell a status that failed.",
            lambda: deliveries.ledger.failed_attempts,
            counter=True,
        ),
        Figure(
            "deliveries_given_up",
            "Statuses nobody took within a day.",
            lambda: deliveries.ledger.given_up,
            counter=True,
        ),
    ]
