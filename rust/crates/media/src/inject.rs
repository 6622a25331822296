//! Plays sound that another thread delivers piece by piece, over whatever else the stream plays.
//!
//! Sound begins once enough of it is there that a late piece does not tear it, or once no more came for
//! that long. Marks stand between the pieces and are told when everything before them was played.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::codec::g711::PER_MS;
use crate::event::Event;

/// Injections one stream can have.
pub const INJECTIONS_MAX: usize = 4;
/// What must be there before sound begins, also after it ran dry.
const AHEAD: u64 = 80 * PER_MS as u64;

/// How far an injection has come, in samples at 8 kHz, shared with the thread that delivers.
#[derive(Debug, Default)]
pub struct Progress {
    /// Everything before this sample was played or cleared.
    pub passed: AtomicU64,
}

/// One piece, or a mark after those before it.
#[derive(Debug)]
enum Item {
    Sound(Box<[i16]>),
    Mark(u64),
}

/// What can be done with an injection.
#[derive(Debug)]
pub enum InjectAction {
    /// Plays this after what was delivered before.
    Write(Box<[i16]>),
    /// Tells when everything delivered before was played.
    Mark(u64),
    /// Drops what was not played, and all marks.
    Clear,
}

/// The stream's side of an injection.
#[derive(Debug)]
pub struct Injection {
    id: u64,
    progress: Arc<Progress>,
    items: VecDeque<Item>,
    /// Samples of the first piece that were played.
    position: usize,
    waiting: u64,
    flows: bool,
    patience: u64,
}

impl Injection {
    /// Plays nothing yet.
    #[must_use]
    pub fn new(id: u64, progress: Arc<Progress>) -> Self {
        Self {
            id,
            progress,
            items: VecDeque::with_capacity(64),
            position: 0,
            waiting: 0,
            flows: false,
            patience: 0,
        }
    }

    fn act(&mut self, action: InjectAction, events: &mut impl FnMut(Event)) {
        match action {
            InjectAction::Write(piece) => {
                self.waiting += piece.len() as u64;
                self.patience = 0;
                self.items.push_back(Item::Sound(piece));
            }
            InjectAction::Mark(mark) => {
                self.items.push_back(Item::Mark(mark));
                if self.waiting == 0 {
                    self.reach_marks(events);
                }
            }
            InjectAction::Clear => {
                self.items.clear();
                self.position = 0;
                self.pass(self.waiting);
                self.flows = false;
            }
        }
    }

    fn pass(&mut self, count: u64) {
        self.waiting -= count;
        self.progress.passed.fetch_add(count, Ordering::Release);
    }

    /// Tells the marks that nothing stands before.
    fn reach_marks(&mut self, events: &mut impl FnMut(Event)) {
        while let Some(Item::Mark(mark)) = self.items.front() {
            events(Event::MarkPlayed { id: self.id, mark: *mark });
            self.items.pop_front();
        }
    }

    fn may_flow(&mut self, length: usize) -> bool {
        if !self.flows && self.waiting > 0 {
            self.patience += length as u64;
            self.flows = self.waiting >= AHEAD || self.patience > AHEAD;
        }
        self.flows
    }

    /// Adds what plays now to `sum`; whether that was anything.
    fn add_to(&mut self, sum: &mut [f32], events: &mut impl FnMut(Event)) -> bool {
        if !self.may_flow(sum.len()) {
            return false;
        }
        let mut filled = 0;
        while filled < sum.len() {
            let Some(Item::Sound(piece)) = self.items.front() else { break };
            let rest = &piece[self.position..];
            let count = rest.len().min(sum.len() - filled);
            for (sum, &sample) in sum[filled..].iter_mut().zip(&rest[..count]) {
                *sum += f32::from(sample);
            }
            filled += count;
            self.position += count;
            if self.position == piece.len() {
                self.items.pop_front();
                self.position = 0;
                self.reach_marks(events);
            }
        }
        self.pass(filled as u64);
        if self.waiting == 0 {
            self.flows = false;
            self.patience = 0;
            events(Event::InjectionDrained { id: self.id });
        }
        true
    }
}

/// The injections of one stream.
#[derive(Debug, Default)]
pub struct Injections {
    injections: Vec<Injection>,
}

impl Injections {
    /// Whether nothing waits to be played.
    #[must_use]
    pub fn are_idle(&self) -> bool {
        self.injections.iter().all(|injection| injection.waiting == 0)
    }

    /// Adds one, as long as there are fewer than [`INJECTIONS_MAX`].
    pub fn add(&mut self, injection: Injection) {
        if self.injections.len() < INJECTIONS_MAX {
            self.injections.push(injection);
        }
    }

    /// Removes one; what it would have played is dropped.
    pub fn remove(&mut self, id: u64) {
        self.injections.retain(|injection| injection.id != id);
    }

    /// Does something with one of them.
    pub fn act(&mut self, id: u64, action: InjectAction, events: &mut impl FnMut(Event)) {
        if let Some(injection) = self.injections.iter_mut().find(|injection| injection.id == id) {
            injection.act(action, events);
        }
    }

    /// Adds what plays now to `sum`; whether that was anything.
    pub fn add_to(&mut self, sum: &mut [f32], events: &mut impl FnMut(Event)) -> bool {
        let mut plays = false;
        for injection in &mut self.injections {
            plays |= injection.add_to(sum, events);
        }
        plays
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: u64 = 3;

    struct Bench {
        injections: Injections,
        progress: Arc<Progress>,
        events: Vec<Event>,
    }

    impl Bench {
        fn new() -> Self {
            let progress = Arc::new(Progress::default());
            let mut injections = Injections::default();
            injections.add(Injection::new(ID, Arc::clone(&progress)));
            Self { injections, progress, events: Vec::new() }
        }

        fn act(&mut self, action: InjectAction) {
            let Self { injections, events, .. } = self;
            injections.act(ID, action, &mut |event| events.push(event));
        }

        fn write(&mut self, level: i16, ms: usize) {
            self.act(InjectAction::Write(vec![level; ms * PER_MS].into()));
        }

        /// The first sample of each of the next frames of 20 ms.
        fn run(&mut self, frames: usize) -> Vec<i32> {
            let Self { injections, events, .. } = self;
            (0..frames)
                .map(|_| {
                    let mut sum = [0.0; 160];
                    injections.add_to(&mut sum, &mut |event| events.push(event));
                    sum[0] as i32
                })
                .collect()
        }
    }

    #[test]
    fn sound_waits_until_eighty_milliseconds_are_there() {
        let mut bench = Bench::new();
        bench.write(5, 60);
        assert_eq!(bench.run(2), [0, 0]);
        bench.write(6, 20);

        assert_eq!(bench.run(5), [5, 5, 5, 6, 0]);
        assert_eq!(bench.events, [Event::InjectionDrained { id: ID }]);
    }

    #[test]
    fn a_short_sound_that_nothing_follows_is_played_all_the_same() {
        let mut bench = Bench::new();
        bench.write(5, 20);

        assert_eq!(bench.run(6), [0, 0, 0, 0, 5, 0]);
    }

    #[test]
    fn after_running_dry_it_gathers_again() {
        let mut bench = Bench::new();
        bench.write(5, 80);
        bench.run(4);
        bench.write(6, 20);

        assert_eq!(bench.run(2), [0, 0]);
        bench.write(7, 60);
        assert_eq!(bench.run(2), [6, 7]);
    }

    #[test]
    fn a_mark_is_told_when_what_stands_before_it_was_played() {
        let mut bench = Bench::new();
        bench.write(5, 100);
        bench.act(InjectAction::Mark(1));
        bench.write(6, 100);
        bench.act(InjectAction::Mark(2));
        bench.run(4);
        assert_eq!(bench.events, []);
        bench.run(1);
        assert_eq!(bench.events, [Event::MarkPlayed { id: ID, mark: 1 }]);
        bench.run(5);

        assert_eq!(bench.events[1], Event::MarkPlayed { id: ID, mark: 2 });
    }

    #[test]
    fn a_mark_with_nothing_before_it_is_told_at_once() {
        let mut bench = Bench::new();
        bench.act(InjectAction::Mark(9));

        assert_eq!(bench.events, [Event::MarkPlayed { id: ID, mark: 9 }]);
    }

    #[test]
    fn clearing_drops_sound_and_marks_and_counts_them_as_passed() {
        let mut bench = Bench::new();
        bench.write(5, 200);
        bench.act(InjectAction::Mark(1));
        bench.run(2);
        bench.act(InjectAction::Clear);

        assert_eq!(bench.run(2), [0, 0]);
        assert_eq!(bench.events, []);
        assert_eq!(bench.progress.passed.load(Ordering::Relaxed), 1600);
        assert!(bench.injections.are_idle());
    }

    #[test]
    fn two_injections_are_heard_together() {
        let mut bench = Bench::new();
        bench.injections.add(Injection::new(4, Arc::default()));
        bench.write(5, 80);
        let piece = InjectAction::Write(vec![7; 640].into());
        bench.injections.act(4, piece, &mut |_| ());

        assert_eq!(bench.run(1), [12]);
    }
}
