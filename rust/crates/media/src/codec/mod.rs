//! Codecs: what turns samples into payload bytes and back.

pub mod g711;

pub use g711::Law;
