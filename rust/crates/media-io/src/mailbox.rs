//! Bounded queues between a shard and the other threads. The shard never waits for them.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use media::event::Event;

use crate::sys;

/// Commands that may wait for one shard, far more than 20 ms ever bring.
const COMMANDS_MAX: usize = 65_536;
/// Events that may wait for their listener: minutes of a thousand busy calls.
const EVENTS_MAX: usize = 65_536;

/// Commands on their way to a shard.
#[derive(Debug)]
pub struct Mailbox<T> {
    waiting: AtomicBool,
    queue: Mutex<Vec<T>>,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Self { waiting: AtomicBool::new(false), queue: Mutex::new(Vec::new()) }
    }
}

impl<T> Mailbox<T> {
    /// Adds a command, unless too many wait.
    pub fn put(&self, command: T) -> Result<(), T> {
        self.push(self.queue.lock().unwrap_or_else(PoisonError::into_inner), command)
    }

    /// Adds a command, unless too many wait or somebody else is at it.
    pub fn try_put(&self, command: T) -> Result<(), T> {
        match try_lock(&self.queue) {
            Some(queue) => self.push(queue, command),
            None => Err(command),
        }
    }

    fn push(&self, mut queue: MutexGuard<'_, Vec<T>>, command: T) -> Result<(), T> {
        if queue.len() >= COMMANDS_MAX {
            return Err(command);
        }
        queue.push(command);
        self.waiting.store(true, Ordering::Release);
        Ok(())
    }

    /// Whether commands wait.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Acquire)
    }

    /// Swaps what waits for an empty queue. While somebody puts, it waits for the next time.
    pub fn take(&self, emptied: &mut Vec<T>) {
        if self.is_waiting()
            && let Some(mut queue) = try_lock(&self.queue)
        {
            self.waiting.store(false, Ordering::Relaxed);
            std::mem::swap(&mut *queue, emptied);
        }
    }
}

/// An event and the stream it is about.
pub type StreamEvent = (u64, Event);

/// Events on their way to the listeners, and the descriptor that wakes them.
#[derive(Debug)]
pub struct Outbox {
    queue: Mutex<Vec<StreamEvent>>,
    dropped: AtomicU64,
    wake: OwnedFd,
}

impl Outbox {
    /// An empty one.
    pub fn new() -> io::Result<Self> {
        let queue = Mutex::new(Vec::with_capacity(1024));
        Ok(Self { queue, dropped: AtomicU64::new(0), wake: sys::eventfd()? })
    }

    /// Readable while events wait.
    #[must_use]
    pub fn descriptor(&self) -> RawFd {
        self.wake.as_raw_fd()
    }

    /// Events that were dropped because nobody took them.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Moves events in and wakes the listeners. While somebody takes, they stay for the next time; what
    /// finds no room is dropped and counted.
    pub fn put(&self, events: &mut Vec<StreamEvent>) {
        if events.is_empty() {
            return;
        }
        let Some(mut queue) = try_lock(&self.queue) else {
            if events.len() > EVENTS_MAX {
                self.drop_some(events.drain(EVENTS_MAX..).len());
            }
            return;
        };
        let fitting = events.len().min(EVENTS_MAX - queue.len().min(EVENTS_MAX));
        queue.extend(events.drain(..fitting));
        drop(queue);
        self.drop_some(events.drain(..).len());
        sys::add_one(self.wake.as_fd());
    }

    /// Takes everything that waits.
    #[must_use]
    pub fn take(&self) -> Vec<StreamEvent> {
        sys::reset(self.wake.as_fd());
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let room = queue.capacity().min(1024);
        std::mem::replace(&mut *queue, Vec::with_capacity(room))
    }

    fn drop_some(&self, count: usize) {
        self.dropped.fetch_add(count as u64, Ordering::Relaxed);
    }
}

fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: StreamEvent = (7, Event::FirstPacket { at_ms: 3 });

    #[test]
    fn commands_are_taken_in_order_and_once() {
        let mailbox = Mailbox::default();
        mailbox.put(1).unwrap();
        mailbox.put(2).unwrap();
        let mut taken = Vec::new();

        mailbox.take(&mut taken);
        assert_eq!(taken, [1, 2]);
        assert!(!mailbox.is_waiting());
    }

    #[test]
    fn a_full_mailbox_gives_the_command_back() {
        let mailbox = Mailbox::default();
        for n in 0..COMMANDS_MAX {
            mailbox.put(n).unwrap();
        }

        assert_eq!(mailbox.put(7), Err(7));
    }

    #[test]
    fn a_shard_does_not_wait_for_a_thread_that_puts() {
        let mailbox = Mailbox::default();
        mailbox.put(1).unwrap();
        let guard = mailbox.queue.lock().unwrap();
        let mut taken = Vec::new();

        mailbox.take(&mut taken);
        assert!(taken.is_empty());
        drop(guard);
        mailbox.take(&mut taken);
        assert_eq!(taken, [1]);
    }

    #[test]
    fn events_beyond_the_bound_are_dropped_and_counted() {
        let outbox = Outbox::new().unwrap();
        outbox.put(&mut vec![EVENT; EVENTS_MAX - 1]);
        let mut late = vec![EVENT; 3];
        outbox.put(&mut late);

        assert!(late.is_empty());
        assert_eq!(outbox.dropped(), 2);
        assert_eq!(outbox.take().len(), EVENTS_MAX);
        assert!(outbox.take().is_empty());
    }
}
