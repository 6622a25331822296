//! The whole media core as one object, and a handle for each of its streams.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::os::fd::RawFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;

use media::capture::{CaptureBuffer, Recorder};
use media::dtmf::{Batch, DIGITS_MAX, Key};
use media::gain::Gain;
use media::inject::{INJECTIONS_MAX, Injection, Progress};
use media::plan::{Plan, PlanError};
use media::play::{Playback, Sound};
use media::playout::Playout;
use media::rtcp::CNAME_LEN;
use media::stream::{Seed, Stream};
use media::tap::{Mix, TAPS_MAX, Tap, TapBuffer};
use media::time::Nanos;
use media::track::{TRACKS_MAX, TrackAction};

use crate::clock::Moment;
use crate::entry::Entry;
use crate::mailbox::{Outbox, StreamEvent};
use crate::ports::Ports;
use crate::record::{FileRecorder, RecordHandle};
use crate::room::RoomHandle;
use crate::shard::{self, Action, Command, Joining, SeatAction, ShardLink};
use crate::statistics::{StreamGauge, StreamReading};
use crate::sys;
use crate::tap::{InjectHandle, RATES_HZ, TapHandle};

/// Playbacks that may wait on one stream.
pub const PLAYBACKS_MAX: u64 = 1024;

/// Why something was not done.
#[derive(Debug)]
pub enum EngineError {
    /// All RTP ports are taken.
    NoPortsLeft,
    /// The stream or the engine has ended.
    Closed,
    /// Too many commands, playbacks or digits wait already.
    Full(&'static str),
    /// A plan that cannot be carried out.
    Plan(PlanError),
    /// A rate that a tap or an injection cannot have.
    Rate,
    /// Digits that cannot be sent.
    Digits(&'static str),
    /// There are only [`TRACKS_MAX`] tracks.
    Track,
    /// The system refused.
    System(io::Error),
}

impl fmt::Display for EngineError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPortsLeft => out.write_str("no RTP ports are left"),
            Self::Closed => out.write_str("the stream is closed"),
            Self::Full(what) => write!(out, "too many {what} wait"),
            Self::Plan(error) => error.fmt(out),
            Self::Rate => {
                out.write_str("rate_hz must be 8000, 16000, 24000, 32000, 48000 or 64000")
            }
            Self::Digits(problem) => write!(out, "digits {problem}"),
            Self::Track => write!(out, "a stream has {TRACKS_MAX} tracks"),
            Self::System(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for EngineError {}

impl From<io::Error> for EngineError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// Numbers of a whole engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineReading {
    /// Streams that are open.
    pub open_streams: u64,
    /// Turns that began late or were left out.
    pub late_ticks: u64,
    /// RTP packets sent.
    pub packets_sent: u64,
    /// Datagrams received on RTP ports.
    pub packets_received: u64,
    /// RTP packets the system did not take.
    pub packets_unsent: u64,
    /// Events dropped because nobody took them.
    pub events_dropped: u64,
}

/// Owns the shards and the ports.
#[derive(Debug)]
pub struct Engine {
    shards: Vec<Arc<ShardLink>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    ports: Arc<Ports>,
    outbox: Arc<Outbox>,
    recorder: Arc<FileRecorder>,
    cname: [u8; CNAME_LEN],
    next_stream: AtomicU64,
    next_request: Arc<AtomicU64>,
}

impl Engine {
    /// Starts `shards` threads. Streams get pairs of ports from `low` to `high`.
    pub fn start(ip: IpAddr, low: u16, high: u16, shards: usize) -> Result<Self, EngineError> {
        let outbox = Arc::new(Outbox::new()?);
        let mut engine = Self {
            shards: Vec::new(),
            threads: Mutex::default(),
            ports: Ports::new(ip, low, high),
            recorder: FileRecorder::new(Arc::clone(&outbox)),
            outbox,
            cname: random_name()?,
            next_stream: AtomicU64::new(1),
            next_request: Arc::new(AtomicU64::new(1)),
        };
        for number in 0..shards {
            let (link, thread) = shard::spawn(format!("media-{number}"), engine.outbox.clone())?;
            engine.shards.push(Arc::new(link));
            locked(&engine.threads).push(thread);
        }
        Ok(engine)
    }

    /// Binds a pair of ports on the shard with the fewest streams.
    pub fn open(&self) -> Result<StreamHandle, EngineError> {
        let link = self.idlest()?;
        let ports = self.ports.bind()?.ok_or(EngineError::NoPortsLeft)?;
        let id = self.next_stream.fetch_add(1, Ordering::Relaxed);
        let port = ports.number();
        let gauge = Arc::new(StreamGauge::default());
        let entry = Entry::new(id, Stream::new(self.seed()?), ports, Arc::clone(&gauge));
        let handle = StreamHandle {
            id,
            port,
            ip: self.ports.ip(),
            gauge,
            reach: Reach {
                stream: id,
                link: Arc::new(Mutex::new(Arc::clone(link))),
                closed: Arc::default(),
            },
            taps: Arc::default(),
            injections: Arc::default(),
            next_request: Arc::clone(&self.next_request),
            recorder: Arc::clone(&self.recorder),
            capture: Mutex::default(),
            has_digits: AtomicBool::new(false),
            began: OnceLock::new(),
        };
        handle.reach.put(Command::Add(Box::new(entry)))?;
        // Counted here, so that the next one opened goes elsewhere even before the shard has looked.
        link.gauge.streams.fetch_add(1, Ordering::Relaxed);
        Ok(handle)
    }

    /// A room that nobody is in yet.
    pub fn room(&self) -> Result<RoomHandle, EngineError> {
        let id = self.next_stream.fetch_add(1, Ordering::Relaxed);
        let spare = Arc::clone(self.idlest()?);
        Ok(RoomHandle::new(id, spare, Arc::clone(&self.next_request)))
    }

    fn idlest(&self) -> Result<&Arc<ShardLink>, EngineError> {
        let load = |link: &&Arc<ShardLink>| link.gauge.streams.load(Ordering::Relaxed);
        self.shards.iter().min_by_key(load).ok_or(EngineError::Closed)
    }

    /// Readable while events wait.
    #[must_use]
    pub fn event_descriptor(&self) -> RawFd {
        self.outbox.descriptor()
    }

    /// Takes all events that wait.
    #[must_use]
    pub fn take_events(&self) -> Vec<StreamEvent> {
        self.outbox.take()
    }

    /// Reads the numbers of all shards.
    #[must_use]
    pub fn read(&self) -> EngineReading {
        let mut sum =
            EngineReading { events_dropped: self.outbox.dropped(), ..EngineReading::default() };
        for link in &self.shards {
            let gauge = &link.gauge;
            sum.open_streams += gauge.streams.load(Ordering::Relaxed);
            sum.late_ticks += gauge.late_ticks.load(Ordering::Relaxed);
            sum.packets_sent += gauge.packets_sent.load(Ordering::Relaxed);
            sum.packets_received += gauge.packets_received.load(Ordering::Relaxed);
            sum.packets_unsent += gauge.unsent.load(Ordering::Relaxed);
        }
        sum
    }

    /// Takes leave of every far end and waits for the threads to end. Safe to call again.
    pub fn stop(&self) {
        let threads = std::mem::take(&mut *locked(&self.threads));
        if threads.is_empty() {
            return;
        }
        for link in &self.shards {
            // A full mailbox is emptied within a turn.
            while link.put(Command::Stop).is_err() {
                std::thread::yield_now();
            }
        }
        for thread in threads {
            // A thread that panicked has ended too.
            let _ended = thread.join();
        }
        self.recorder.stop();
    }

    fn seed(&self) -> Result<Seed, EngineError> {
        let (mut names, mut spread) = ([0; 8], [0; 8]);
        sys::random(&mut names)?;
        sys::random(&mut spread)?;
        let (names, spread) = (u64::from_ne_bytes(names), u64::from_ne_bytes(spread));
        Ok(Seed {
            ssrc: names as u32,
            timestamp: (names >> 32) as u32,
            sequence: spread as u16,
            cname: self.cname,
            random: spread | 1,
        })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

/// How the owner of a stream, and of what listens and plays on it, reaches its shard.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    stream: u64,
    /// The shard it is on; it moves when it joins a room of another.
    link: Arc<Mutex<Arc<ShardLink>>>,
    closed: Arc<AtomicBool>,
}

impl Reach {
    pub(crate) const fn stream(&self) -> u64 {
        self.stream
    }

    pub(crate) fn act(&self, action: Action) -> Result<(), EngineError> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(EngineError::Closed);
        }
        self.put(Command::Do(self.stream, action))
    }

    pub(crate) fn tap(
        &self,
        id: u64,
        buffer: Arc<TapBuffer>,
        notice_ms: u32,
    ) -> Result<(), EngineError> {
        self.act(Action::Tap(Box::new(Tap::new(id, buffer, notice_ms)), Box::default()))
    }

    fn put(&self, command: Command) -> Result<(), EngineError> {
        locked(&self.link).put(command).map_err(|_| EngineError::Full("commands"))
    }
}

/// One of the few places for taps or injections of a stream; free again once dropped or freed.
#[derive(Debug)]
pub(crate) struct Slot {
    taken: Arc<AtomicUsize>,
    is_free: AtomicBool,
}

impl Slot {
    fn take(
        taken: &Arc<AtomicUsize>,
        most: usize,
        what: &'static str,
    ) -> Result<Self, EngineError> {
        let slot = Self { taken: Arc::clone(taken), is_free: AtomicBool::new(false) };
        if taken.fetch_add(1, Ordering::Relaxed) < most {
            return Ok(slot);
        }
        Err(EngineError::Full(what))
    }

    pub(crate) fn free(&self) {
        if !self.is_free.swap(true, Ordering::Relaxed) {
            self.taken.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.free();
    }
}

fn check_rate(rate_hz: u32) -> Result<(), EngineError> {
    if RATES_HZ.contains(&rate_hz) { Ok(()) } else { Err(EngineError::Rate) }
}

/// One stream, as its owner sees it. Dropping it closes it.
#[derive(Debug)]
pub struct StreamHandle {
    id: u64,
    port: u16,
    ip: IpAddr,
    gauge: Arc<StreamGauge>,
    reach: Reach,
    taps: Arc<AtomicUsize>,
    injections: Arc<AtomicUsize>,
    recorder: Arc<FileRecorder>,
    next_request: Arc<AtomicU64>,
    capture: Mutex<Option<Arc<CaptureBuffer>>>,
    has_digits: AtomicBool,
    began: OnceLock<Nanos>,
}

impl StreamHandle {
    /// Its number, which its events carry.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// Its RTP port; RTCP is on the next.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Begins to talk, or talks on under another plan.
    pub fn connect(&self, plan: Plan) -> Result<(), EngineError> {
        plan.check(self.ip).map_err(EngineError::Plan)?;
        self.has_digits.store(plan.dtmf_payload_type.is_some(), Ordering::Relaxed);
        self.reach.act(Action::Connect(Box::new(plan)))?;
        self.began.get_or_init(|| Moment::now().monotonic);
        Ok(())
    }

    /// Plays at once; everything before it is cut. Gives the number that its end is told with.
    pub fn play(&self, sound: Arc<Sound>, loops: u32, offset_ms: u32) -> Result<u64, EngineError> {
        self.start_playback(sound, loops, offset_ms, Action::Play)
    }

    /// Plays after everything before it.
    pub fn queue(&self, sound: Arc<Sound>) -> Result<u64, EngineError> {
        self.start_playback(sound, 1, 0, Action::Queue)
    }

    /// Cuts what plays and what waits.
    pub fn stop_playback(&self) -> Result<(), EngineError> {
        self.reach.act(Action::StopPlayback)
    }

    /// Sends digits by name. Gives the number that their end is told with.
    pub fn send_digits(
        &self,
        digits: &str,
        duration_ms: u16,
        gap_ms: u16,
    ) -> Result<u64, EngineError> {
        if !self.has_digits.load(Ordering::Relaxed) {
            return Err(EngineError::Digits("need telephone-event, which was not negotiated"));
        }
        let keys: Option<Vec<Key>> = digits.chars().map(Key::from_char).collect();
        let keys = keys.ok_or(EngineError::Digits("may be 0-9, *, #, A-D and F (flash) only"))?;
        if keys.is_empty() || keys.len() > DIGITS_MAX {
            return Err(EngineError::Digits("must be 1 to 128"));
        }
        let id = self.next_request.fetch_add(1, Ordering::Relaxed);
        let batch = Batch::new(id, &keys, duration_ms, gap_ms)
            .ok_or(EngineError::Digits("must be 1 to 128"))?;
        self.reach.act(Action::SendDigits(Box::new(batch)))?;
        Ok(id)
    }

    /// Makes what the far end says, and what it hears, louder or fainter.
    pub fn set_gain(&self, inbound_db: f32, outbound_db: f32) -> Result<(), EngineError> {
        self.reach.act(Action::Gain(Gain::from_db(inbound_db), Gain::from_db(outbound_db)))
    }

    /// Plays under everything else, on one of the tracks; what played there is cut.
    pub fn play_on_track(
        &self,
        track: usize,
        sound: Arc<Sound>,
        loops: u32,
        gain_db: f32,
    ) -> Result<u64, EngineError> {
        let gain = Gain::from_db(gain_db);
        check_track(track)?;
        self.start_playback(sound, loops, 0, |playback| {
            Action::Track(track, TrackAction::Play(playback, gain))
        })
    }

    /// Plays on a track after what plays there.
    pub fn queue_on_track(&self, track: usize, sound: Arc<Sound>) -> Result<u64, EngineError> {
        check_track(track)?;
        self.start_playback(sound, 1, 0, |playback| {
            Action::Track(track, TrackAction::Queue(playback))
        })
    }

    /// Makes a track louder or fainter.
    pub fn set_track_gain(&self, track: usize, gain_db: f32) -> Result<(), EngineError> {
        check_track(track)?;
        self.reach.act(Action::Track(track, TrackAction::Gain(Gain::from_db(gain_db))))
    }

    /// Cuts what plays and waits on a track.
    pub fn silence_track(&self, track: usize) -> Result<(), EngineError> {
        check_track(track)?;
        self.reach.act(Action::Track(track, TrackAction::Silence))
    }

    /// Takes a seat in a room, and leaves the room before. Gives the number of the seat.
    pub fn join(&self, room: &RoomHandle, speaks: bool, hears: bool) -> Result<u64, EngineError> {
        if room.is_closed() || self.reach.closed.load(Ordering::Relaxed) {
            return Err(EngineError::Closed);
        }
        self.move_to(room)?;
        let seat = self.next_request.fetch_add(1, Ordering::Relaxed);
        self.reach.act(Action::Join(Box::new(Joining {
            room: room.id(),
            playbacks: room.playbacks(),
            seat,
            speaks,
            hears,
            playout: Box::new(Playout::default()),
        })))?;
        Ok(seat)
    }

    /// Does something with a seat this stream has; nothing happens if it has left it.
    pub fn act_on_seat(&self, seat: u64, action: SeatAction) -> Result<(), EngineError> {
        self.reach.act(Action::Seat(seat, action))
    }

    /// Goes to the shard of a room: all streams of a room are on one.
    fn move_to(&self, room: &RoomHandle) -> Result<(), EngineError> {
        let mut link = locked(&self.reach.link);
        let home = room.home(&link);
        if !Arc::ptr_eq(home, &link) {
            let full = |_| EngineError::Full("commands");
            home.put(Command::Expect(self.id)).map_err(full)?;
            if let Err(command) = link.put(Command::HandOver(self.id, Arc::clone(home))) {
                let _forgotten = home.put(Command::Gone(self.id));
                return Err(full(command));
            }
            *link = Arc::clone(home);
        }
        Ok(())
    }

    /// Tells when the far end has not spoken for this long; zero ends it.
    pub fn watch_silence(&self, ms: u64) -> Result<(), EngineError> {
        self.reach.act(Action::WatchSilence(Nanos::from_ms(ms)))
    }

    /// Listens for speech, beeps and the tones of the network, or no more.
    pub fn watch_tones(&self, on: bool) -> Result<(), EngineError> {
        self.reach.act(Action::WatchTones(on.then(Box::default)))
    }

    /// Time since the first connection, on the clock of the events: within a slice of a turn.
    #[must_use]
    pub fn age_ms(&self) -> u64 {
        self.began.get().map_or(0, |began| Moment::now().monotonic.since(*began).ms())
    }

    /// Keeps what the far end says, up to `limit_ms` of it at a time. What was kept before is lost.
    pub fn start_capture(&self, limit_ms: u32) -> Result<(), EngineError> {
        let buffer = CaptureBuffer::new(limit_ms);
        *locked(&self.capture) = Some(Arc::clone(&buffer));
        self.reach.act(Action::Record(Some(Box::new(Recorder::new(buffer)))))
    }

    /// Keeps nothing any more; what was kept can still be taken.
    pub fn stop_capture(&self) -> Result<(), EngineError> {
        self.reach.act(Action::Record(None))
    }

    /// What was kept since the last time: 16-bit little-endian samples at 8 kHz.
    #[must_use]
    pub fn take_capture(&self) -> Vec<u8> {
        locked(&self.capture).as_ref().map(|buffer| buffer.take()).unwrap_or_default()
    }

    /// Milliseconds that found no room in the capture.
    #[must_use]
    pub fn capture_dropped_ms(&self) -> u64 {
        locked(&self.capture).as_ref().map_or(0, |buffer| buffer.dropped_ms())
    }

    /// Listens in, `notice_ms` at a time; the reader may be `limit_ms` behind.
    pub fn tap(
        &self,
        mix: Mix,
        rate_hz: u32,
        notice_ms: u32,
        limit_ms: u32,
    ) -> Result<TapHandle, EngineError> {
        check_rate(rate_hz)?;
        let slot = Slot::take(&self.taps, TAPS_MAX, "taps")?;
        let id = self.next_request.fetch_add(1, Ordering::Relaxed);
        let buffer = TapBuffer::new(mix, limit_ms);
        self.reach.tap(id, Arc::clone(&buffer), notice_ms.max(1))?;
        Ok(TapHandle::new(id, self.reach.clone(), slot, buffer, rate_hz))
    }

    /// Plays over everything else what is delivered piece by piece, at most `limit_ms` ahead.
    pub fn inject(&self, rate_hz: u32, limit_ms: u32) -> Result<InjectHandle, EngineError> {
        check_rate(rate_hz)?;
        let slot = Slot::take(&self.injections, INJECTIONS_MAX, "injections")?;
        let id = self.next_request.fetch_add(1, Ordering::Relaxed);
        let progress = Arc::new(Progress::default());
        let injection = Injection::new(id, Arc::clone(&progress));
        self.reach.act(Action::Inject(Box::new(injection)))?;
        Ok(InjectHandle::new(id, self.reach.clone(), slot, progress, rate_hz, limit_ms))
    }

    /// Writes what the far end says (left) and hears (right) into a new WAV file.
    pub fn record_file(&self, path: &Path) -> Result<RecordHandle, EngineError> {
        let slot = Slot::take(&self.taps, TAPS_MAX, "taps")?;
        let id = self.next_request.fetch_add(1, Ordering::Relaxed);
        self.recorder.record(id, self.reach.clone(), slot, path)
    }

    /// Reads its numbers.
    #[must_use]
    pub fn read(&self) -> StreamReading {
        self.gauge.read()
    }

    /// How long ago the last packet arrived.
    #[must_use]
    pub fn last_packet_age_ms(&self) -> Option<u64> {
        self.gauge.read().heard.map(|at| Moment::now().monotonic.since(at).ms())
    }

    /// Takes leave of the far end and frees the ports. Nothing is told any more. Safe to call again.
    pub fn close(&self) {
        if !self.reach.closed.swap(true, Ordering::Relaxed) {
            // A mailbox this full belongs to a shard that is gone.
            let _closed = self.reach.put(Command::Do(self.id, Action::Close));
        }
    }

    fn start_playback(
        &self,
        sound: Arc<Sound>,
        loops: u32,
        offset_ms: u32,
        action: impl FnOnce(Playback) -> Action,
    ) -> Result<u64, EngineError> {
        let id = self.next_request.fetch_add(1, Ordering::Relaxed);
        let before = self.gauge.playbacks.fetch_add(1, Ordering::Relaxed);
        let done = if before < PLAYBACKS_MAX {
            self.reach.act(action(Playback::new(id, sound, loops, offset_ms)))
        } else {
            Err(EngineError::Full("playbacks"))
        };
        if done.is_err() {
            self.gauge.playbacks.fetch_sub(1, Ordering::Relaxed);
        }
        done.map(|()| id)
    }
}

impl Drop for StreamHandle {
    fn drop(&mut self) {
        self.close();
    }
}

const fn check_track(track: usize) -> Result<(), EngineError> {
    if track < TRACKS_MAX { Ok(()) } else { Err(EngineError::Track) }
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn random_name() -> io::Result<[u8; CNAME_LEN]> {
    let mut random = [0; CNAME_LEN / 2];
    sys::random(&mut random)?;
    let mut name = [0; CNAME_LEN];
    for (pair, byte) in name.chunks_exact_mut(2).zip(random) {
        for (digit, value) in pair.iter_mut().zip([byte >> 4, byte & 0x0F]) {
            *digit = char::from_digit(u32::from(value), 16).map_or(b'0', |c| c as u8);
        }
    }
    Ok(name)
}
