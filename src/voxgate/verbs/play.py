"""`play`: a sound file, or several back to back."""

from typing import ClassVar, Literal

from pydantic import Field

from voxgate.model.calls import Json
from voxgate.verbs.capabilities.tracks import Sound
from voxgate.verbs.contract import (
    NEXT,
    Need,
    Outcome,
    Played,
    PlayFailed,
    Replace,
    Verb,
    VerbContext,
)
from voxgate.verbs.properties import (
    CountOrText,
    HookProperty,
    Loop,
    SecondsOrText,
    Texts,
    alert_play_failed,
    rounds,
    shown_url,
)

FAILED: Json = {"status": "fail", "reason": "playFailed"}


class Play(Verb):
    needs: ClassVar[Need] = Need.AUDIO
    verb: Literal["play"] = "play"
    url: Texts = Field(
        min_length=1, description="http(s) address of mp3, wav, ...; or silence_stream://<ms>."
    )
    loop: Loop = 1
    seek_offset: CountOrText = Field(
        0, description="Samples (8000 a second) skipped the first time the first file is played."
    )
    timeout_secs: SecondsOrText = Field(0, description="Stop after so many seconds; 0: never.")
    early_media: bool = False
    action_hook: HookProperty | None = None

    @property
    def wants_early_media(self) -> bool:
        return self.early_media

    def sounds(self) -> tuple[Sound, ...]:
        """What is heard of it, once."""
        return tuple(Sound(url=url) for url in self.url)

    def facts(self) -> Json:
        return {"url": [shown_url(url) for url in self.url]}

    async def run(self, ctx: VerbContext) -> Outcome:
        try:
            result = self._completed(await self._play_all(ctx))
        except PlayFailed as failure:
            result = FAILED
            ctx.note({"error": failure.detail})
        else:
            ctx.note({"playback_milliseconds": result["playback_milliseconds"]})
        if self.action_hook is None:
            return NEXT
        document = await ctx.ask(self.action_hook.hook, result, self.id)
        return Replace(document) if document else NEXT

    @staticmethod
    def _completed(played: Played) -> Json:
        return {
            "reason": "playCompleted",
            "playback_seconds": played.ms // 1000,
            "playback_milliseconds": played.ms,
            "playback_last_offset_pos": str(played.offset),
        }

    async def _play_all(self, ctx: VerbContext) -> Played:
        total_ms, offset = 0, 0
        limit_ms = self.timeout_secs * 1000 or None
        for number in rounds(self.loop):
            heard_ms = 0
            for index, url in enumerate(self.url):
                left_s = (limit_ms - total_ms - heard_ms) / 1000 if limit_ms else None
                if left_s is not None and left_s <= 0:
                    return Played(total_ms + heard_ms, offset)
                seek = self.seek_offset if number == 0 and index == 0 else 0
                played = await self._play_one(ctx, url, seek, left_s)
                heard_ms += played.ms
                offset = played.offset
            total_ms += heard_ms
            if heard_ms == 0:  # a loop over empty files would never yield to anybody
                break
        return Played(total_ms, offset)

    @staticmethod
    async def _play_one(
        ctx: VerbContext, url: str, seek_offset: int, timeout_s: float | None
    ) -> Played:
        try:
            return await ctx.play(url, seek_offset=seek_offset, timeout_s=timeout_s)
        except PlayFailed as failure:
            alert_play_failed(ctx, url, failure)
            raise
