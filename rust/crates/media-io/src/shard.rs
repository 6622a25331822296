//! One thread and the streams it ticks.
//!
//! A 20 ms turn is cut into slices, and each stream has its place in one of them, so that packets leave
//! evenly and a late start is short. Deadlines are absolute: a slow slice does not move the next one.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use media::capture::Recorder;
use media::dtmf::Batch;
use media::event::Event;
use media::hearing::Hearing;
use media::plan::Plan;
use media::play::Playback;
use media::stream::{PACKET_MAX, Stream};
use media::time::Nanos;

use crate::clock::{self, Moment};
use crate::mailbox::{Mailbox, Outbox, StreamEvent};
use crate::ports::PortPair;
use crate::statistics::{ShardGauge, StreamGauge};
use crate::sys::{self, Inbox};

/// Even, so that a stream with a 10 ms beat has its second place half a turn later.
const SLICES: usize = 10;
const SLICE: Nanos = Nanos::from_ms(20 / SLICES as u64);

/// A slice that begins this much after its deadline is counted as late.
const LATE: Nanos = Nanos::from_ms(10);
/// A shard that is further behind leaves out what it missed: late sound is worse than lost sound.
const BEHIND_MAX: Nanos = Nanos::from_ms(200);

/// Datagrams one stream may bring in one turn; a flood waits in its socket until the kernel drops it.
const RECEIVE_MAX: usize = 16;
/// The port of RTCP is looked at once in this many turns; arrivals are stamped by the kernel meanwhile.
const RTCP_TURNS: u8 = 10;

/// What other threads ask of a shard.
#[derive(Debug)]
pub enum Command {
    /// Take over a stream.
    Add(Box<Entry>),
    /// Do something with a stream; nothing happens if it has ended.
    Do(u64, Action),
    /// Take leave of every far end and end.
    Stop,
}

/// What can be done with a stream.
#[derive(Debug)]
pub enum Action {
    /// See [`Stream::connect`].
    Connect(Box<Plan>),
    /// See [`Stream::play`].
    Play(Playback),
    /// See [`Stream::queue`].
    Queue(Playback),
    /// See [`Stream::stop_playback`].
    StopPlayback,
    /// See [`Stream::send_digits`].
    SendDigits(Box<Batch>),
    /// See [`Stream::watch_silence`].
    WatchSilence(Nanos),
    /// See [`Stream::watch_tones`].
    WatchTones(Option<Box<Hearing>>),
    /// See [`Stream::record`].
    Record(Option<Box<Recorder>>),
    /// Take leave and free the ports.
    Close,
}

/// A stream with its sockets.
#[derive(Debug)]
pub struct Entry {
    id: u64,
    stream: Stream,
    ports: PortPair,
    gauge: Arc<StreamGauge>,
    place: Option<Place>,
    /// Packets that arrived before were looked for before.
    looked: Nanos,
    rtcp_turns: u8,
}

/// Where in the turn a stream is ticked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    slice: usize,
    twice: bool,
}

/// What a shard works with, whichever stream it is at.
struct Desk {
    inbox: Inbox,
    packet: [u8; PACKET_MAX],
    events: Vec<StreamEvent>,
    sent: u64,
    received: u64,
    unsent: u64,
}

impl Entry {
    /// A stream that is not connected yet.
    #[must_use]
    pub fn new(id: u64, stream: Stream, ports: PortPair, gauge: Arc<StreamGauge>) -> Self {
        Self { id, stream, ports, gauge, place: None, looked: Nanos(0), rtcp_turns: 0 }
    }

    fn tick(&mut self, desk: &mut Desk, moment: &Moment) {
        self.receive(desk, moment);
        self.receive_rtcp(desk, moment);
        self.transmit(desk, moment);
        self.gauge.write(&self.stream);
    }

    fn receive(&mut self, desk: &mut Desk, moment: &Moment) {
        let Desk { inbox, events, received, .. } = desk;
        let mut tell = teller(self.id, &self.gauge, events);
        for _ in 0..RECEIVE_MAX {
            let Some((datagram, source)) = self.ports.rtp.receive(inbox) else { break };
            let arrival = moment.arrival(datagram.stamp);
            self.stream.on_rtp(datagram.datagram, source, arrival, &mut tell);
            *received += 1;
            if !self.ports.rtp.is_connected() {
                follow_source(&mut self.ports, &self.stream, &self.gauge);
            } else if arrival.at > self.looked {
                // It came since the last look. If another one came too, the next look finds it, and a look
                // that finds nothing costs as much as one that finds a packet.
                break;
            }
        }
        self.looked = moment.monotonic;
    }

    fn receive_rtcp(&mut self, desk: &mut Desk, moment: &Moment) {
        self.rtcp_turns += 1;
        if self.rtcp_turns < RTCP_TURNS {
            return;
        }
        self.rtcp_turns = 0;
        for _ in 0..RECEIVE_MAX {
            let Some((datagram, source)) = self.ports.rtcp.receive(&mut desk.inbox) else { break };
            self.stream.on_rtcp(datagram.datagram, source, moment.arrival(datagram.stamp));
        }
    }

    fn transmit(&mut self, desk: &mut Desk, moment: &Moment) {
        let mut tell = teller(self.id, &self.gauge, &mut desk.events);
        let length = self.stream.tick(moment.monotonic, &mut desk.packet, &mut tell);
        if let (Some(length), Some(target)) = (length, self.stream.target()) {
            let sent = self.ports.rtp.send(&desk.packet[..length], target).is_ok();
            desk.sent += u64::from(sent);
            desk.unsent += u64::from(!sent);
        }
        if let Some(report) = self.stream.report(moment.monotonic, moment.ntp()) {
            send_report(&self.ports, self.stream.rtcp_target(), report.as_bytes());
        }
    }

    fn connect(&mut self, plan: Plan, now: Nanos) {
        self.stream.connect(plan, now);
        self.looked = now;
        self.ports.rtp.connect(None);
        follow_source(&mut self.ports, &self.stream, &self.gauge);
    }

    fn take_leave(&mut self, moment: &Moment) {
        if let Some(goodbye) = self.stream.goodbye(moment.ntp()) {
            send_report(&self.ports, self.stream.rtcp_target(), goodbye.as_bytes());
        }
    }
}

fn follow_source(ports: &mut PortPair, stream: &Stream, gauge: &StreamGauge) {
    if let Some(source) = stream.fixed_source() {
        ports.rtp.connect(Some(source));
    }
    gauge.write_remote(stream.target());
}

fn send_report(ports: &PortPair, target: Option<SocketAddr>, report: &[u8]) {
    if let Some(target) = target {
        // Reports are repeated; one that the system does not take is not missed.
        let _sent = ports.rtcp.send(report, target);
    }
}

fn teller<'a>(
    id: u64,
    gauge: &'a StreamGauge,
    events: &'a mut Vec<StreamEvent>,
) -> impl FnMut(Event) + 'a {
    move |event| {
        if matches!(event, Event::PlaybackFinished(_)) {
            gauge.playbacks.fetch_sub(1, Ordering::Relaxed);
        }
        events.push((id, event));
    }
}

/// The thread's own state.
struct Shard {
    entries: Vec<Option<Box<Entry>>>,
    free: Vec<usize>,
    index_of: HashMap<u64, usize>,
    slices: [Vec<usize>; SLICES],
    /// The slice whose turn it is.
    slice: usize,
    desk: Desk,
    gauge: Arc<ShardGauge>,
    outbox: Arc<Outbox>,
}

/// How other threads reach a shard.
#[derive(Debug)]
pub struct ShardLink {
    mailbox: Arc<Mailbox<Command>>,
    thread: thread::Thread,
    /// What it tells about itself.
    pub gauge: Arc<ShardGauge>,
}

impl ShardLink {
    /// Asks for something, unless too much waits already.
    pub fn put(&self, command: Command) -> Result<(), Command> {
        self.mailbox.put(command)?;
        self.thread.unpark();
        Ok(())
    }
}

/// Starts a shard.
pub fn spawn(
    name: String,
    outbox: Arc<Outbox>,
) -> std::io::Result<(ShardLink, thread::JoinHandle<()>)> {
    let mailbox = Arc::new(Mailbox::default());
    let gauge = Arc::new(ShardGauge::default());
    let (inner_mailbox, inner_gauge) = (Arc::clone(&mailbox), Arc::clone(&gauge));
    let join = thread::Builder::new().name(name).spawn(move || {
        sys::raise_priority();
        Shard::new(inner_gauge, outbox).run(&inner_mailbox);
    })?;
    Ok((ShardLink { mailbox, thread: join.thread().clone(), gauge }, join))
}

impl Shard {
    fn new(gauge: Arc<ShardGauge>, outbox: Arc<Outbox>) -> Self {
        Self {
            entries: Vec::new(),
            free: Vec::new(),
            index_of: HashMap::new(),
            slices: std::array::from_fn(|_| Vec::new()),
            slice: 0,
            desk: Desk {
                inbox: Inbox::new(),
                packet: [0; PACKET_MAX],
                events: Vec::with_capacity(4096),
                sent: 0,
                received: 0,
                unsent: 0,
            },
            gauge,
            outbox,
        }
    }

    fn run(mut self, mailbox: &Mailbox<Command>) {
        let mut commands = Vec::new();
        let mut deadline = Moment::now().monotonic;
        loop {
            let moment = Moment::now();
            deadline = self.notice_lateness(deadline, moment.monotonic);
            mailbox.take(&mut commands);
            for command in commands.drain(..) {
                if matches!(command, Command::Stop) {
                    return self.take_leave(&moment);
                }
                self.carry_out(command, &moment);
            }
            self.tick_slice(&moment);
            self.publish();
            if let Some(steps) = self.advance() {
                deadline = deadline.plus(Nanos(SLICE.0 * steps));
                clock::sleep_until(deadline);
            } else {
                self.rest(mailbox);
                deadline = Moment::now().monotonic;
            }
        }
    }

    /// Waits while there is nothing to tick.
    fn rest(&self, mailbox: &Mailbox<Command>) {
        if mailbox.is_waiting() || !self.desk.events.is_empty() {
            // Somebody held a queue just now. At this priority, trying again at once could keep them from
            // ever letting go.
            return clock::sleep_until(Moment::now().monotonic.plus(SLICE));
        }
        while !mailbox.is_waiting() {
            thread::park();
        }
    }

    /// The deadline to count from: the one that was, or now, if that is too long ago.
    fn notice_lateness(&self, deadline: Nanos, now: Nanos) -> Nanos {
        let late = now.since(deadline);
        if late > BEHIND_MAX {
            self.gauge.late_ticks.fetch_add(late.0 / SLICE.0, Ordering::Relaxed);
            return now;
        }
        if late > LATE {
            self.gauge.late_ticks.fetch_add(1, Ordering::Relaxed);
        }
        deadline
    }

    fn tick_slice(&mut self, moment: &Moment) {
        for &index in &self.slices[self.slice] {
            if let Some(entry) = &mut self.entries[index] {
                entry.tick(&mut self.desk, moment);
            }
        }
    }

    fn publish(&mut self) {
        let desk = &mut self.desk;
        let add = |gauge: &AtomicU64, count: &mut u64| {
            if *count > 0 {
                gauge.fetch_add(std::mem::take(count), Ordering::Relaxed);
            }
        };
        add(&self.gauge.packets_sent, &mut desk.sent);
        add(&self.gauge.packets_received, &mut desk.received);
        add(&self.gauge.unsent, &mut desk.unsent);
        self.outbox.put(&mut desk.events);
    }

    /// Goes on to the next slice with streams in it; how many slices that is. None when there are none.
    fn advance(&mut self) -> Option<u64> {
        let busy =
            (1..=SLICES).find(|step| !self.slices[(self.slice + step) % SLICES].is_empty())?;
        self.slice = (self.slice + busy) % SLICES;
        Some(busy as u64)
    }

    fn carry_out(&mut self, command: Command, moment: &Moment) {
        match command {
            Command::Add(entry) => self.add(entry),
            Command::Do(id, Action::Close) => self.close(id, moment),
            Command::Do(id, action) => self.act(id, action, moment.monotonic),
            Command::Stop => {}
        }
    }

    fn add(&mut self, entry: Box<Entry>) {
        let id = entry.id;
        let index = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            self.entries.len() - 1
        });
        self.entries[index] = Some(entry);
        self.index_of.insert(id, index);
    }

    fn act(&mut self, id: u64, action: Action, now: Nanos) {
        let Some(&index) = self.index_of.get(&id) else { return };
        let Some(entry) = &mut self.entries[index] else { return };
        let mut tell = teller(id, &entry.gauge, &mut self.desk.events);
        match action {
            Action::Connect(plan) => {
                drop(tell);
                entry.connect(*plan, now);
                self.find_place(index);
            }
            Action::Play(playback) => entry.stream.play(playback, &mut tell),
            Action::Queue(playback) => entry.stream.queue(playback),
            Action::StopPlayback => entry.stream.stop_playback(&mut tell),
            Action::SendDigits(batch) => entry.stream.send_digits(*batch),
            Action::WatchSilence(limit) => entry.stream.watch_silence(limit, now),
            Action::WatchTones(hearing) => entry.stream.watch_tones(hearing),
            Action::Record(recorder) => entry.stream.record(recorder),
            Action::Close => {}
        }
    }

    fn close(&mut self, id: u64, moment: &Moment) {
        let Some(index) = self.index_of.remove(&id) else { return };
        let Some(mut entry) = self.entries[index].take() else { return };
        entry.take_leave(moment);
        if let Some(place) = entry.place {
            self.leave_place(index, place);
        }
        drop(entry);
        self.free.push(index);
        self.gauge.streams.fetch_sub(1, Ordering::Relaxed);
    }

    fn take_leave(mut self, moment: &Moment) {
        for entry in self.entries.iter_mut().flatten() {
            entry.take_leave(moment);
        }
        self.gauge.streams.store(0, Ordering::Relaxed);
        self.publish();
    }

    /// Puts a stream into the emptiest slice, the soonest of several.
    fn find_place(&mut self, index: usize) {
        let Some(entry) = &mut self.entries[index] else { return };
        let twice = entry.stream.beat_ms() == 10;
        let before = entry.place;
        if before.is_some_and(|place| place.twice == twice) {
            return;
        }
        let slice = before.map(|place| place.slice).or_else(|| {
            let soonest = (0..SLICES).map(|step| (self.slice + step) % SLICES);
            soonest.min_by_key(|&slice| self.slices[slice].len())
        });
        let place = Place { slice: slice.unwrap_or(0), twice };
        entry.place = Some(place);
        if let Some(before) = before {
            self.leave_place(index, before);
        }
        for slice in place.slices() {
            self.slices[slice].push(index);
        }
    }

    fn leave_place(&mut self, index: usize, place: Place) {
        for slice in place.slices() {
            self.slices[slice].retain(|&other| other != index);
        }
    }
}

impl Place {
    fn slices(self) -> impl Iterator<Item = usize> {
        let second = (self.slice + SLICES / 2) % SLICES;
        std::iter::once(self.slice).chain(self.twice.then_some(second))
    }
}
