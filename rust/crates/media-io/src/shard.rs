//! One thread and the streams and rooms it ticks.
//!
//! Deadlines are absolute: a slow slice does not move the next one.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use media::capture::Recorder;
use media::dtmf::Batch;
use media::gain::Gain;
use media::hearing::Hearing;
use media::inject::{InjectAction, Injection};
use media::plan::Plan;
use media::play::Playback;
use media::playout::Playout;
use media::room::Seat;
use media::tap::Tap;
use media::time::Nanos;
use media::track::TrackAction;

use crate::clock::{self, Moment};
use crate::entry::{Desk, Entry, teller};
use crate::gathering::Gathering;
use crate::mailbox::{Mailbox, Outbox};
use crate::statistics::ShardGauge;
use crate::sys;
use crate::turns::{Place, SLICE, Turn, Turns};

/// A slice that begins this much after its deadline is counted as late.
const LATE: Nanos = Nanos::from_ms(10);
/// A shard that is further behind leaves out what it missed: late sound is worse than lost sound.
const BEHIND_MAX: Nanos = Nanos::from_ms(200);

/// What other threads ask of a shard.
#[derive(Debug)]
pub enum Command {
    /// Take over a stream.
    Add(Box<Entry>),
    /// Do something with a stream; nothing happens if it has ended.
    Do(u64, Action),
    /// Do something with a room.
    Room(u64, RoomAction),
    /// This stream is on its way here from another shard; what is asked of it meanwhile waits.
    Expect(u64),
    /// Give a stream away.
    HandOver(u64, Arc<ShardLink>),
    /// A stream that was expected has ended instead.
    Gone(u64),
    /// Take leave of every far end and end.
    Stop,
}

/// What can be done with a stream.
#[derive(Debug)]
pub enum Action {
    /// See [`media::stream::Stream::connect`].
    Connect(Box<Plan>),
    /// See [`media::stream::Stream::play`].
    Play(Playback),
    /// See [`media::stream::Stream::queue`].
    Queue(Playback),
    /// See [`media::stream::Stream::stop_playback`].
    StopPlayback,
    /// See [`media::stream::Stream::send_digits`].
    SendDigits(Box<Batch>),
    /// See [`media::stream::Stream::watch_silence`].
    WatchSilence(Nanos),
    /// See [`media::stream::Stream::watch_tones`].
    WatchTones(Option<Box<Hearing>>),
    /// See [`media::stream::Stream::record`].
    Record(Option<Box<Recorder>>),
    /// See [`media::stream::Stream::set_gain`].
    Gain(Gain, Gain),
    /// See [`media::stream::Stream::act_on_track`].
    Track(usize, TrackAction),
    /// Take a seat in a room, and leave any other.
    Join(Box<Joining>),
    /// Do something with a seat; nothing happens if the stream has left it.
    Seat(u64, SeatAction),
    /// See [`media::stream::Stream::tap`].
    Tap(Box<Tap>, Box<Playout>),
    /// See [`media::stream::Stream::untap`].
    Untap(u64),
    /// See [`media::stream::Stream::inject`].
    Inject(Box<Injection>),
    /// See [`media::stream::Stream::act_on_injection`].
    ActOnInjection(u64, InjectAction),
    /// See [`media::stream::Stream::end_injection`].
    EndInjection(u64),
    /// Take leave and free the ports.
    Close,
}

/// A stream's way into a room.
#[derive(Debug)]
pub struct Joining {
    /// The room's number.
    pub room: u64,
    /// Playbacks of the room whose end was not told yet.
    pub playbacks: Arc<AtomicU64>,
    /// The seat's number.
    pub seat: u64,
    /// Whether it is heard.
    pub speaks: bool,
    /// Whether it hears.
    pub hears: bool,
    /// For streams that have none yet.
    pub playout: Box<Playout>,
}

/// What can be done with a seat.
#[derive(Debug)]
pub enum SeatAction {
    /// Be heard by nobody, or again.
    Mute(bool),
    /// Hear nothing of the room, or again.
    Deafen(bool),
    /// Be heard by these seats only, or by all.
    Coach(Option<Box<[u64]>>),
    /// Have digits pressed for the other seat.
    RelayDigits(bool),
    /// Leave the room.
    Leave,
}

/// What can be done with a room.
#[derive(Debug)]
pub enum RoomAction {
    /// See [`media::room::Room::play`].
    Play(Playback, Arc<AtomicU64>),
    /// See [`media::room::Room::queue`].
    Queue(Playback, Arc<AtomicU64>),
    /// See [`media::room::Room::stop_playback`].
    StopPlayback,
    /// Everybody leaves.
    Close,
}

/// The thread's own state.
struct Shard {
    entries: Vec<Option<Box<Entry>>>,
    free: Vec<usize>,
    index_of: HashMap<u64, usize>,
    rooms: Vec<Option<Box<Gathering>>>,
    free_rooms: Vec<usize>,
    room_of: HashMap<u64, usize>,
    turns: Turns,
    /// Streams on their way here, and what waits for them.
    expected: HashMap<u64, Vec<Action>>,
    /// What waits for other shards to have a hand free.
    leaving: Vec<(Arc<ShardLink>, Command)>,
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

    /// The same without ever waiting; gives the command back while somebody else puts.
    fn try_put(&self, command: Command) -> Result<(), Command> {
        self.mailbox.try_put(command)?;
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
            rooms: Vec::new(),
            free_rooms: Vec::new(),
            room_of: HashMap::new(),
            turns: Turns::default(),
            expected: HashMap::new(),
            leaving: Vec::new(),
            desk: Desk::new(),
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
            self.send_off();
            self.tick_slice(&moment);
            self.publish();
            if let Some(steps) = self.turns.advance() {
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
        if mailbox.is_waiting() || !self.desk.events.is_empty() || !self.leaving.is_empty() {
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
        let due = self.turns.due();
        for (number, &turn) in due.iter().enumerate() {
            if let Some(&next) = due.get(number + 1) {
                self.prefetch(next);
            }
            match turn {
                Turn::Stream(index) => {
                    if let Some(entry) = &mut self.entries[index] {
                        entry.tick(&mut self.desk, moment);
                    }
                }
                Turn::Room(index) => {
                    if let Some(room) = &mut self.rooms[index] {
                        room.tick(&mut self.entries, &mut self.desk, moment);
                    }
                }
            }
        }
    }

    /// The streams are too many for the caches: while one is ticked, the next is fetched.
    fn prefetch(&self, turn: Turn) {
        let fetch = |index: usize| {
            if let Some(entry) = &self.entries[index] {
                sys::prefetch(&**entry);
            }
        };
        match turn {
            Turn::Stream(index) => fetch(index),
            Turn::Room(index) => {
                if let Some(gathering) = &self.rooms[index] {
                    gathering.room.seats().iter().map(|seat| seat.stream).for_each(fetch);
                }
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

    /// Puts what waits into the mailboxes of other shards.
    fn send_off(&mut self) {
        for (link, command) in std::mem::take(&mut self.leaving) {
            if let Err(command) = link.try_put(command) {
                self.leaving.push((link, command));
            }
        }
    }

    fn carry_out(&mut self, command: Command, moment: &Moment) {
        match command {
            Command::Add(entry) => self.add(entry, moment),
            Command::Do(id, action) => match self.expected.get_mut(&id) {
                Some(waiting) => waiting.push(action),
                None => self.act(id, action, moment),
            },
            Command::Room(id, action) => self.act_on_room(id, action),
            Command::Expect(id) => drop(self.expected.insert(id, Vec::new())),
            Command::HandOver(id, link) => self.hand_over(id, link),
            Command::Gone(id) => drop(self.expected.remove(&id)),
            Command::Stop => {}
        }
    }

    fn add(&mut self, entry: Box<Entry>, moment: &Moment) {
        let id = entry.id;
        let index = put_into(&mut self.entries, &mut self.free, entry);
        self.index_of.insert(id, index);
        self.find_place(index);
        for action in self.expected.remove(&id).unwrap_or_default() {
            self.act(id, action, moment);
        }
    }

    fn act(&mut self, id: u64, action: Action, moment: &Moment) {
        let Some(&index) = self.index_of.get(&id) else { return };
        let Some(entry) = &mut self.entries[index] else { return };
        let now = moment.monotonic;
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
            Action::Gain(inbound, outbound) => entry.stream.set_gain(inbound, outbound),
            Action::Track(track, action) => entry.stream.act_on_track(track, action, &mut tell),
            Action::Join(joining) => {
                drop(tell);
                self.join(index, *joining);
            }
            Action::Seat(seat, action) => {
                drop(tell);
                self.act_on_seat(index, seat, action);
            }
            Action::Close => {
                drop(tell);
                self.close(index, moment);
            }
            Action::Tap(tap, playout) => entry.stream.tap(*tap, playout),
            Action::Untap(tap) => entry.stream.untap(tap),
            Action::Inject(injection) => entry.stream.inject(*injection),
            Action::ActOnInjection(injection, action) => {
                entry.stream.act_on_injection(injection, action, &mut tell);
            }
            Action::EndInjection(injection) => entry.stream.end_injection(injection),
        }
    }

    fn close(&mut self, index: usize, moment: &Moment) {
        if let Some(mut entry) = self.take_out(index) {
            entry.take_leave(moment);
            self.gauge.streams.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Gives a stream to another shard, which was told to expect it.
    fn hand_over(&mut self, id: u64, link: Arc<ShardLink>) {
        let entry = self.index_of.get(&id).copied().and_then(|index| self.take_out(index));
        let command = match entry {
            Some(entry) => {
                self.gauge.streams.fetch_sub(1, Ordering::Relaxed);
                link.gauge.streams.fetch_add(1, Ordering::Relaxed);
                Command::Add(entry)
            }
            None => Command::Gone(id),
        };
        self.leaving.push((link, command));
    }

    fn take_out(&mut self, index: usize) -> Option<Box<Entry>> {
        self.leave_room(index);
        let mut entry = self.entries[index].take()?;
        if let Some(place) = entry.place.take() {
            self.turns.leave(Turn::Stream(index), place);
        }
        self.index_of.remove(&entry.id);
        self.free.push(index);
        Some(entry)
    }

    fn take_leave(mut self, moment: &Moment) {
        for entry in self.entries.iter_mut().flatten() {
            entry.take_leave(moment);
        }
        self.gauge.streams.store(0, Ordering::Relaxed);
        self.publish();
    }

    /// Puts a connected stream, or the room it is in, where its beat belongs.
    fn find_place(&mut self, index: usize) {
        let Some(entry) = &mut self.entries[index] else { return };
        if let Some((room, _)) = entry.seat {
            return self.find_place_of_room(room);
        }
        let twice = entry.stream.beat_ms() == 10;
        let before = entry.place;
        if !entry.stream.is_connected() || before.is_some_and(|place| place.twice == twice) {
            return;
        }
        let turn = Turn::Stream(index);
        if let Some(before) = before {
            self.turns.leave(turn, before);
        }
        entry.place = Some(self.turns.enter(turn, before, twice));
    }

    // Rooms.

    fn join(&mut self, index: usize, joining: Joining) {
        let room = self.room(joining.room, &joining.playbacks);
        let before = self.leave_room(index);
        let Some(entry) = &mut self.entries[index] else { return };
        let Some(gathering) = &mut self.rooms[room] else { return };
        let Joining { seat, speaks, hears, playout, .. } = joining;
        entry.stream.set_playout(playout);
        entry.seat = Some((room, seat));
        gathering.sit(Seat::new(seat, index, speaks, hears));
        let own = entry.place.take();
        if let Some(place) = own {
            self.turns.leave(Turn::Stream(index), place);
        }
        if let Some(place) = gathering.place {
            self.turns.add_load(place, 1);
        } else if let Some(place) = before.or(own) {
            // The first one brings its place, so that it goes on without a step.
            gathering.place = Some(self.turns.enter(Turn::Room(room), Some(place), place.twice));
            self.turns.add_load(place, 1);
        }
        self.find_place_of_room(room);
    }

    fn room(&mut self, id: u64, playbacks: &Arc<AtomicU64>) -> usize {
        if let Some(&index) = self.room_of.get(&id) {
            return index;
        }
        let gathering = Box::new(Gathering::new(id, Arc::clone(playbacks)));
        let index = put_into(&mut self.rooms, &mut self.free_rooms, gathering);
        self.room_of.insert(id, index);
        index
    }

    /// Ticks a room twice a turn while one of its streams needs that, and never while it is empty.
    fn find_place_of_room(&mut self, room: usize) {
        let Some(gathering) = &mut self.rooms[room] else { return };
        let seats = gathering.room.seats();
        let streams = seats.iter().filter_map(|seat| self.entries[seat.stream].as_ref());
        let twice = streams.clone().any(|entry| entry.stream.beat_ms() == 10);
        let wanted = seats.len();
        let before = gathering.place;
        if wanted > 0 && before.is_some_and(|place| place.twice == twice) {
            return;
        }
        let turn = Turn::Room(room);
        if let Some(before) = before {
            self.turns.leave(turn, before);
            self.turns.add_load(before, -(wanted as isize));
        }
        gathering.place = (wanted > 0).then(|| self.turns.enter(turn, before, twice));
        if let Some(place) = gathering.place {
            self.turns.add_load(place, wanted as isize);
        }
    }

    fn act_on_seat(&mut self, index: usize, id: u64, action: SeatAction) {
        let Some((room, _)) =
            self.entries[index].as_ref().and_then(|entry| entry.seat).filter(|seat| seat.1 == id)
        else {
            return;
        };
        if matches!(action, SeatAction::Leave) {
            return self.return_to_itself(index);
        }
        let Some(gathering) = &mut self.rooms[room] else { return };
        let Some(seat) = gathering.room.seat_mut(id) else { return };
        match action {
            SeatAction::Mute(muted) => seat.muted = muted,
            SeatAction::Deafen(deaf) => seat.deaf = deaf,
            SeatAction::Coach(coached) => seat.coached = coached,
            SeatAction::RelayDigits(relays) => seat.relays_digits = relays,
            SeatAction::Leave => {}
        }
    }

    fn act_on_room(&mut self, id: u64, action: RoomAction) {
        let room = match &action {
            RoomAction::Play(_, playbacks) | RoomAction::Queue(_, playbacks) => {
                self.room(id, playbacks)
            }
            RoomAction::StopPlayback | RoomAction::Close => {
                let Some(&index) = self.room_of.get(&id) else { return };
                index
            }
        };
        let Some(gathering) = &mut self.rooms[room] else { return };
        let events = &mut self.desk.events;
        match action {
            RoomAction::Play(playback, _) => {
                gathering.with_music(events, |room, tell| room.play(playback, tell));
            }
            RoomAction::Queue(playback, _) => gathering.room.queue(playback),
            RoomAction::StopPlayback => {
                gathering.with_music(events, |room, tell| room.stop_playback(tell));
            }
            RoomAction::Close => self.close_room(room),
        }
    }

    fn close_room(&mut self, room: usize) {
        let Some(gathering) = &self.rooms[room] else { return };
        let streams: Vec<usize> = gathering.room.seats().iter().map(|seat| seat.stream).collect();
        for index in streams {
            self.return_to_itself(index);
        }
        if let Some(gathering) = self.rooms[room].take() {
            self.room_of.remove(&gathering.id);
            self.free_rooms.push(room);
        }
    }

    /// Takes a stream out of its room, to be ticked by itself in the same slice.
    fn return_to_itself(&mut self, index: usize) {
        let beside = self.leave_room(index);
        let Some(entry) = &mut self.entries[index] else { return };
        entry.stream.keep_sound(false);
        if entry.stream.is_connected() {
            let twice = entry.stream.beat_ms() == 10;
            entry.place = Some(self.turns.enter(Turn::Stream(index), beside, twice));
        }
    }

    /// Takes a stream out of its room, if it is in one. Where the room is ticked.
    fn leave_room(&mut self, index: usize) -> Option<Place> {
        let entry = self.entries[index].as_mut()?;
        let (room, seat) = entry.seat.take()?;
        let gathering = self.rooms[room].as_mut()?;
        gathering.leave(seat);
        let place = gathering.place;
        if let Some(place) = place {
            self.turns.add_load(place, -1);
        }
        self.find_place_of_room(room);
        place
    }
}

/// Puts something where nothing is any more, else at the end.
fn put_into<T>(items: &mut Vec<Option<T>>, free: &mut Vec<usize>, item: T) -> usize {
    let index = free.pop().unwrap_or_else(|| {
        items.push(None);
        items.len() - 1
    });
    items[index] = Some(item);
    index
}
