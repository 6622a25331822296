//! Sockets, threads and the clock around the media core.
//!
//! An [`engine::Engine`] owns a few shard threads. Each one ticks its streams on a monotonic clock: it
//! receives what is there, hands it to the stream, sends what the stream wrote, and collects the events.
//! Other threads talk to a shard through bounded mailboxes that it never waits for.

pub mod clock;
pub mod engine;
mod entry;
mod gathering;
pub mod mailbox;
pub mod ports;
pub mod record;
pub mod room;
pub mod shard;
pub mod socket;
pub mod statistics;
mod sys;
pub mod tap;
mod turns;
