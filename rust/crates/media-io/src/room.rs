//! One room, as its owner sees it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use media::play::{Playback, Sound};

use crate::engine::{EngineError, PLAYBACKS_MAX};
use crate::shard::{Command, RoomAction, ShardLink};

/// A room. Dropping it closes it.
#[derive(Debug)]
pub struct RoomHandle {
    id: u64,
    /// The shard of its streams: that of the first.
    home: OnceLock<Arc<ShardLink>>,
    spare: Arc<ShardLink>,
    next_request: Arc<AtomicU64>,
    playbacks: Arc<AtomicU64>,
    closed: AtomicBool,
}

impl RoomHandle {
    pub(crate) fn new(id: u64, spare: Arc<ShardLink>, next_request: Arc<AtomicU64>) -> Self {
        Self {
            id,
            home: OnceLock::new(),
            spare,
            next_request,
            playbacks: Arc::default(),
            closed: AtomicBool::new(false),
        }
    }

    /// Its number, which its events carry; no stream has the same.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// Plays to everybody at once; everything before it is cut. Gives the number its end is told with.
    pub fn play(&self, sound: Arc<Sound>, loops: u32) -> Result<u64, EngineError> {
        self.start_playback(sound, loops, RoomAction::Play)
    }

    /// Plays after everything before it.
    pub fn queue(&self, sound: Arc<Sound>) -> Result<u64, EngineError> {
        self.start_playback(sound, 1, RoomAction::Queue)
    }

    /// Cuts what plays and what waits.
    pub fn stop_playback(&self) -> Result<(), EngineError> {
        self.act(RoomAction::StopPlayback)
    }

    /// Everybody leaves. Nothing is told any more. Safe to call again.
    pub fn close(&self) {
        if !self.closed.swap(true, Ordering::Relaxed)
            && let Some(home) = self.home.get()
        {
            // A mailbox this full belongs to a shard that is gone.
            let _closed = home.put(Command::Room(self.id, RoomAction::Close));
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    pub(crate) fn playbacks(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.playbacks)
    }

    /// Where its streams are, or will be from now on.
    pub(crate) fn home(&self, of_first: &Arc<ShardLink>) -> &Arc<ShardLink> {
        self.home.get_or_init(|| Arc::clone(of_first))
    }

    fn start_playback(
        &self,
        sound: Arc<Sound>,
        loops: u32,
        action: fn(Playback, Arc<AtomicU64>) -> RoomAction,
    ) -> Result<u64, EngineError> {
        let id = self.next_request.fetch_add(1, Ordering::Relaxed);
        let before = self.playbacks.fetch_add(1, Ordering::Relaxed);
        let done = if before < PLAYBACKS_MAX {
            self.act(action(Playback::new(id, sound, loops, 0), self.playbacks()))
        } else {
            Err(EngineError::Full("playbacks"))
        };
        if done.is_err() {
            self.playbacks.fetch_sub(1, Ordering::Relaxed);
        }
        done.map(|()| id)
    }

    fn act(&self, action: RoomAction) -> Result<(), EngineError> {
        if self.is_closed() {
            return Err(EngineError::Closed);
        }
        let home = self.home(&self.spare);
        home.put(Command::Room(self.id, action)).map_err(|_| EngineError::Full("commands"))
    }
}

impl Drop for RoomHandle {
    fn drop(&mut self) {
        self.close();
    }
}
