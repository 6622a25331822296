import asyncio

import pytest

from unit.flow.room_stage import Stage
from voxgate.flow.talk import Talk
from voxgate.verbs.capabilities.dialling import DialOrder
from voxgate.verbs.contract import NotNow


def with_talk(story, **order):
    async def run():
        return await story(Talk(Stage().call(), DialOrder((), **order)))

    return asyncio.run(run())


def test_before_anybody_answered_nothing_can_be_changed():
    async def story(talk):
        assert (talk.is_joined, talk.is_direct) == (False, False)
        with pytest.raises(NotNow, match="nobody has answered"):
            talk.mute(talk, muted=True)
        with pytest.raises(NotNow, match="nobody has answered"):
            await talk.media_path("full-media")

    with_talk(story)


def test_closing_what_never_began_is_harmless():
    async def story(talk):
        talk.close()
        talk.close()

        assert not talk.is_joined

    with_talk(story)
