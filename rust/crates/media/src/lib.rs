//! The media core without sockets, threads or a clock.
//!
//! A [`stream::Stream`] is one RTP session with one far end. Its owner hands in every packet with its
//! arrival time, calls [`stream::Stream::tick`] on the stream's own beat, sends what it is given and passes
//! the events on. Nothing here reads a clock, opens a socket, locks, or allocates per packet, and every
//! parser is total: any bytes give a value or a named error.

#![forbid(unsafe_code)]

pub mod capture;
pub mod codec;
pub mod dtmf;
pub mod event;
pub mod forward;
pub mod gain;
pub mod hearing;
pub mod inject;
pub mod jitter;
pub mod latch;
pub mod plan;
pub mod play;
pub mod playout;
pub mod reception;
pub mod report;
pub mod resample;
pub mod rhythm;
pub mod room;
pub mod rtcp;
pub mod rtp;
pub mod stream;
pub mod tap;
pub mod time;
pub mod track;
pub mod vad;
pub mod wav;
