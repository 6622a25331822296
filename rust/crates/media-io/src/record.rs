//! Writes both sides of streams into WAV files, on one thread for all of them.
//!
//! A disk that is slow or full costs a recording some sound or its end, and never the call anything.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use media::event::Event;
use media::tap::{Mix, TapBuffer};
use media::wav;

use crate::engine::{EngineError, Reach, Slot, locked};
use crate::mailbox::{Outbox, StreamEvent};
use crate::shard::Action;

/// How much a recording may be behind: a disk that stalls for longer loses sound.
const BUFFER_MS: u32 = 10_000;
/// How often files are written.
const TURN: Duration = Duration::from_millis(250);
/// Files' headers are brought up to date once in this many turns, so that a crash leaves a sound file.
const HEADER_TURNS: u32 = 4;
const CHANNELS: u16 = 2;
/// No error number.
const FINE: i32 = -1;
const BYTES_PER_MS: u64 = 8 * 2 * CHANNELS as u64;

/// What the writer and the owner of a recording share.
#[derive(Debug)]
struct Shared {
    buffer: Arc<TapBuffer>,
    written: AtomicU64,
    stopping: AtomicBool,
    done: AtomicBool,
    /// The system's error number, or [`FINE`].
    error: AtomicI32,
    progress: Mutex<()>,
    finished: Condvar,
}

/// A recording, as its owner sees it. Dropping it stops it.
#[derive(Debug)]
pub struct RecordHandle {
    id: u64,
    reach: Reach,
    slot: Slot,
    shared: Arc<Shared>,
    recorder: Arc<FileRecorder>,
}

impl RecordHandle {
    /// Its number, which its events carry.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// Leaves out what is said from now on, or goes on.
    pub fn pause(&self, paused: bool) {
        self.shared.buffer.pause(paused);
    }

    /// Milliseconds that are in the file.
    #[must_use]
    pub fn written_ms(&self) -> u64 {
        self.shared.written.load(Ordering::Relaxed) / BYTES_PER_MS
    }

    /// Milliseconds that are not in the file because the disk was too slow.
    #[must_use]
    pub fn dropped_ms(&self) -> u64 {
        self.shared.buffer.dropped_ms()
    }

    /// The system's error number if the file could not be written; zero if it had none.
    #[must_use]
    pub fn error(&self) -> Option<i32> {
        let error = self.shared.error.load(Ordering::Acquire);
        (error != FINE).then_some(error)
    }

    /// Ends it and waits until the file is complete. Safe to call again.
    pub fn stop(&self) {
        self.end();
        let mut waiting = locked(&self.shared.progress);
        while !self.shared.done.load(Ordering::Acquire) {
            waiting = self.shared.finished.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn end(&self) {
        // A stream that is gone has no taps.
        let _untapped = self.reach.act(Action::Untap(self.id));
        self.slot.free();
        self.shared.stopping.store(true, Ordering::Release);
        self.recorder.wake.notify_all();
    }
}

impl Drop for RecordHandle {
    fn drop(&mut self) {
        self.end();
    }
}

/// One file on its way.
#[derive(Debug)]
struct Recording {
    id: u64,
    reach: Reach,
    file: File,
    shared: Arc<Shared>,
    turns: u32,
}

impl Recording {
    /// Writes what is there; false once there is nothing more to do.
    fn turn(&mut self, samples: &mut Vec<i16>, bytes: &mut Vec<u8>) -> io::Result<bool> {
        let stopping = self.shared.stopping.load(Ordering::Acquire);
        samples.clear();
        bytes.clear();
        self.shared.buffer.take(samples);
        bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        let written = self.shared.written.load(Ordering::Relaxed);
        if written + bytes.len() as u64 > u64::from(wav::DATA_MAX) {
            return Err(io::Error::from_raw_os_error(libc::EFBIG));
        }
        self.file.write_all(bytes)?;
        let written = written + bytes.len() as u64;
        self.shared.written.store(written, Ordering::Relaxed);
        self.turns += 1;
        if stopping || self.turns.is_multiple_of(HEADER_TURNS) {
            self.file.write_all_at(&wav::header(CHANNELS, written as u32), 0)?;
        }
        Ok(!stopping)
    }

    fn finish(&self) {
        // Without the lock the owner could miss this between its look and its wait.
        let _held = locked(&self.shared.progress);
        self.shared.done.store(true, Ordering::Release);
        self.shared.finished.notify_all();
    }
}

/// The thread that writes the files.
#[derive(Debug)]
pub struct FileRecorder {
    outbox: Arc<Outbox>,
    arriving: Mutex<Vec<Recording>>,
    wake: Condvar,
    ending: AtomicBool,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl FileRecorder {
    /// The thread starts with the first recording.
    #[must_use]
    pub fn new(outbox: Arc<Outbox>) -> Arc<Self> {
        Arc::new(Self {
            outbox,
            arriving: Mutex::default(),
            wake: Condvar::new(),
            ending: AtomicBool::new(false),
            thread: Mutex::default(),
        })
    }

    /// Makes the file, which must not exist yet, and begins to fill it.
    pub(crate) fn record(
        self: &Arc<Self>,
        id: u64,
        reach: Reach,
        slot: Slot,
        path: &Path,
    ) -> Result<RecordHandle, EngineError> {
        let mut file = File::create_new(path)?;
        file.write_all(&wav::header(CHANNELS, 0))?;
        let buffer = TapBuffer::new(Mix::Stereo, BUFFER_MS);
        reach.tap(id, Arc::clone(&buffer), 0)?;
        let shared = Arc::new(Shared {
            buffer,
            written: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            done: AtomicBool::new(false),
            error: AtomicI32::new(FINE),
            progress: Mutex::default(),
            finished: Condvar::new(),
        });
        let recording =
            Recording { id, reach: reach.clone(), file, shared: Arc::clone(&shared), turns: 0 };
        self.ensure_running()?;
        locked(&self.arriving).push(recording);
        self.wake.notify_all();
        Ok(RecordHandle { id, reach, slot, shared, recorder: Arc::clone(self) })
    }

    /// Completes every file and ends the thread.
    pub fn stop(&self) {
        self.ending.store(true, Ordering::Release);
        // Without the lock the thread could miss this between its look and its wait.
        drop(locked(&self.arriving));
        self.wake.notify_all();
        if let Some(thread) = locked(&self.thread).take() {
            // A thread that panicked has ended too.
            let _ended = thread.join();
        }
    }

    fn ensure_running(self: &Arc<Self>) -> io::Result<()> {
        let mut thread = locked(&self.thread);
        if self.ending.load(Ordering::Acquire) {
            return Err(io::Error::from_raw_os_error(libc::ESHUTDOWN));
        }
        if thread.is_none() {
            let recorder = Arc::clone(self);
            let work = thread::Builder::new().name("media-record".into());
            *thread = Some(work.spawn(move || recorder.run())?);
        }
        Ok(())
    }

    fn run(&self) {
        let mut recordings: Vec<Recording> = Vec::new();
        let (mut samples, mut bytes) = (Vec::new(), Vec::new());
        let mut events: Vec<StreamEvent> = Vec::new();
        loop {
            let ending = self.ending.load(Ordering::Acquire);
            recordings.append(&mut locked(&self.arriving));
            recordings.retain_mut(|recording| {
                if ending {
                    recording.shared.stopping.store(true, Ordering::Release);
                }
                let goes_on = recording.turn(&mut samples, &mut bytes).unwrap_or_else(|error| {
                    let error = error.raw_os_error().unwrap_or(0);
                    recording.shared.error.store(error, Ordering::Release);
                    let (id, reach) = (recording.id, &recording.reach);
                    events.push((reach.stream(), Event::RecordingFailed { id, error }));
                    // A stream that is gone has no taps.
                    let _untapped = reach.act(Action::Untap(id));
                    false
                });
                if !goes_on {
                    recording.finish();
                }
                goes_on
            });
            self.outbox.put(&mut events);
            if ending {
                return;
            }
            self.rest(recordings.is_empty());
        }
    }

    /// Waits for the next turn, or while there is nothing to record.
    fn rest(&self, is_idle: bool) {
        let arriving = locked(&self.arriving);
        if is_idle {
            let nothing = |arriving: &mut Vec<Recording>| {
                arriving.is_empty() && !self.ending.load(Ordering::Acquire)
            };
            let _woken = self.wake.wait_while(arriving, nothing);
        } else {
            // Woken or not, the next turn finds what there is to do.
            let _woken = self.wake.wait_timeout(arriving, TURN);
        }
    }
}
