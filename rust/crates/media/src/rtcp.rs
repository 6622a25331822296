//! RTCP packets as values (RFC 3550 section 6).

#![deny(clippy::indexing_slicing)]

use std::fmt;

use crate::reception::Summary;
use crate::time::Ntp;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
const CNAME: u8 = 1;

/// Room for the largest compound this core writes.
pub const COMPOUND_MAX: usize = 128;
/// Length of the canonical name: 96 random bits in hexadecimal (RFC 7022 section 4.2).
pub const CNAME_LEN: usize = 24;

/// Why a datagram is no RTCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtcpError {
    /// Shorter than a header.
    Short,
    /// Not version 2.
    Version,
    /// A packet runs past the end of the datagram, or its contents past the end of the packet.
    Length,
}

impl fmt::Display for RtcpError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Short => "shorter than an RTCP header",
            Self::Version => "not RTCP version 2",
            Self::Length => "a length runs past the end",
        })
    }
}

impl std::error::Error for RtcpError {}

/// One packet of a compound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A sender or receiver report.
    Report {
        /// Who reports.
        ssrc: u32,
        /// What the reporter sends, if it sends.
        sender: Option<SenderInfo>,
        /// What it receives.
        blocks: Blocks<'a>,
    },
    /// A source leaves.
    Goodbye {
        /// The first one named.
        ssrc: Option<u32>,
    },
    /// Anything else, by its packet type.
    Other(u8),
}

/// The sender's part of a sender report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// Wall-clock time of the report.
    pub ntp: Ntp,
    /// The same moment on the clock of the stream.
    pub rtp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload bytes sent.
    pub octets: u32,
}

/// One reception report block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// What was received.
    pub summary: Summary,
    /// Middle bits of the last sender report's time, zero if there was none.
    pub last_report: u32,
    /// Time since then in 65536ths of a second.
    pub delay: u32,
}

/// The blocks of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks<'a>(&'a [[u8; 24]]);

impl Iterator for Blocks<'_> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        let (block, rest) = self.0.split_first()?;
        self.0 = rest;
        let word = |index| word_at(block, index).unwrap_or_default();
        let loss = word(1);
        Some(Block {
            summary: Summary {
                ssrc: word(0),
                fraction_lost: (loss >> 24) as u8,
                // The low 24 bits are signed.
                cumulative_lost: (loss << 8) as i32 >> 8,
                highest: word(2),
                jitter: word(3),
            },
            last_report: word(4),
            delay: word(5),
        })
    }
}

/// The packets of a compound in order. After an error there is nothing more.
#[must_use]
pub const fn items(datagram: &[u8]) -> Items<'_> {
    Items { rest: Some(datagram) }
}

/// See [`items`].
#[derive(Clone, Debug)]
pub struct Items<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<Item<'a>, RtcpError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        match split_packet(rest) {
            Ok((item, [])) => Some(Ok(item)),
            Ok((item, after)) => {
                self.rest = Some(after);
                Some(Ok(item))
            }
            Err(error) => Some(Err(error)),
        }
    }
}

fn split_packet(bytes: &[u8]) -> Result<(Item<'_>, &[u8]), RtcpError> {
    let ([first, kind, l0, l1], after) = bytes.split_first_chunk::<4>().ok_or(RtcpError::Short)?;
    if first >> 6 != 2 {
        return Err(RtcpError::Version);
    }
    let length = usize::from(u16::from_be_bytes([*l0, *l1])) * 4;
    let (body, rest) = after.split_at_checked(length).ok_or(RtcpError::Length)?;
    let item = match *kind {
        SENDER_REPORT | RECEIVER_REPORT => report(*kind, first & 0x1F, body)?,
        GOODBYE => Item::Goodbye { ssrc: word_at(body, 0).filter(|_| first & 0x1F != 0) },
        other => Item::Other(other),
    };
    Ok((item, rest))
}

fn report(kind: u8, count: u8, body: &[u8]) -> Result<Item<'_>, RtcpError> {
    let ssrc = word_at(body, 0).ok_or(RtcpError::Length)?;
    let (sender, blocks_at) =
        if kind == SENDER_REPORT { (Some(sender_info(body)?), 24) } else { (None, 4) };
    let (blocks, _) = body.get(blocks_at..).unwrap_or_default().as_chunks::<24>();
    let blocks = blocks.get(..usize::from(count)).ok_or(RtcpError::Length)?;
    Ok(Item::Report { ssrc, sender, blocks: Blocks(blocks) })
}

fn sender_info(body: &[u8]) -> Result<SenderInfo, RtcpError> {
    let word = |index| word_at(body, index).ok_or(RtcpError::Length);
    Ok(SenderInfo {
        ntp: Ntp(u64::from(word(1)?) << 32 | u64::from(word(2)?)),
        rtp: word(3)?,
        packets: word(4)?,
        octets: word(5)?,
    })
}

fn word_at(bytes: &[u8], index: usize) -> Option<u32> {
    let (words, _) = bytes.as_chunks::<4>();
    words.get(index).copied().map(u32::from_be_bytes)
}

/// A compound being written: a report, a description, and perhaps a goodbye.
#[derive(Clone, Debug)]
pub struct Compound {
    bytes: [u8; COMPOUND_MAX],
    length: usize,
}

impl Compound {
    /// Begins with the report of a source, as sender if it sent anything.
    #[must_use]
    pub fn new(ssrc: u32, sender: Option<SenderInfo>, block: Option<Block>) -> Self {
        let mut compound = Self { bytes: [0; COMPOUND_MAX], length: 0 };
        let kind = if sender.is_some() { SENDER_REPORT } else { RECEIVER_REPORT };
        let words = 1 + 5 * u16::from(sender.is_some()) + 6 * u16::from(block.is_some());
        compound.header(u8::from(block.is_some()), kind, words);
        compound.word(ssrc);
        if let Some(info) = sender {
            compound.word((info.ntp.0 >> 32) as u32);
            compound.word(info.ntp.0 as u32);
            compound.word(info.rtp);
            compound.word(info.packets);
            compound.word(info.octets);
        }
        if let Some(block) = block {
            let lost = block.summary.cumulative_lost as u32 & 0xFF_FFFF;
            compound.word(block.summary.ssrc);
            compound.word(u32::from(block.summary.fraction_lost) << 24 | lost);
            compound.word(block.summary.highest);
            compound.word(block.summary.jitter);
            compound.word(block.last_report);
            compound.word(block.delay);
        }
        compound
    }

    /// Adds who the source is.
    pub fn describe(&mut self, ssrc: u32, cname: &[u8; CNAME_LEN]) {
        // The source, then type, length, name and at least one zero, up to the next word.
        let words = 1 + (2 + CNAME_LEN + 1).div_ceil(4);
        self.header(1, DESCRIPTION, words as u16);
        self.word(ssrc);
        let text_at = self.length + 2;
        self.put(&[CNAME, CNAME_LEN as u8]);
        self.put(cname);
        self.length = text_at + CNAME_LEN;
        self.length = (self.length + 1).next_multiple_of(4);
    }

    /// Adds that the source leaves.
    pub fn leave(&mut self, ssrc: u32) {
        self.header(1, GOODBYE, 1);
        self.word(ssrc);
    }

    /// The datagram.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    fn header(&mut self, count: u8, kind: u8, words: u16) {
        let [l0, l1] = words.to_be_bytes();
        self.put(&[0x80 | count, kind, l0, l1]);
    }

    fn word(&mut self, word: u32) {
        self.put(&word.to_be_bytes());
    }

    fn put(&mut self, bytes: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.length..self.length + bytes.len()) {
            place.copy_from_slice(bytes);
            self.length += bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: SenderInfo =
        SenderInfo { ntp: Ntp(0x1122_3344_5566_7788), rtp: 1600, packets: 10, octets: 1600 };

    const BLOCK: Block = Block {
        summary: Summary {
            ssrc: 9,
            fraction_lost: 25,
            cumulative_lost: -3,
            highest: 0x1_0005,
            jitter: 12,
        },
        last_report: 0x3344_5566,
        delay: 65_536,
    };

    fn parse(datagram: &[u8]) -> Result<Vec<Item<'_>>, RtcpError> {
        items(datagram).collect()
    }

    #[test]
    fn a_whole_compound_survives_the_wire() {
        let mut compound = Compound::new(7, Some(INFO), Some(BLOCK));
        compound.describe(7, b"0123456789abcdef01234567");
        compound.leave(7);

        let parsed = parse(compound.as_bytes()).unwrap();

        let [Item::Report { ssrc: 7, sender: Some(INFO), blocks }, Item::Other(202), bye] =
            &parsed[..]
        else {
            panic!("{parsed:?}");
        };
        assert_eq!(blocks.clone().collect::<Vec<_>>(), [BLOCK]);
        assert_eq!(*bye, Item::Goodbye { ssrc: Some(7) });
        assert_eq!(compound.as_bytes().len() % 4, 0);
    }

    #[test]
    fn the_name_ends_with_a_zero() {
        let mut compound = Compound::new(7, None, None);
        compound.describe(7, b"0123456789abcdef01234567");

        let bytes = compound.as_bytes();

        assert_eq!(bytes.get(8..12), Some(&[0x81, 202, 0, 8][..]));
        assert_eq!(bytes.get(16..18), Some(&[1, 24][..]));
        assert!(bytes.ends_with(b"01234567\0\0"));
    }

    #[test]
    fn a_receiver_report_has_no_sender() {
        let compound = Compound::new(7, None, Some(BLOCK));

        let parsed = parse(compound.as_bytes()).unwrap();

        assert!(matches!(parsed[..], [Item::Report { sender: None, .. }]));
    }

    #[test]
    fn each_broken_field_is_named() {
        assert_eq!(parse(b"\x80\xc8\x00"), Err(RtcpError::Short));
        assert_eq!(parse(b"\x40\xc8\x00\x00"), Err(RtcpError::Version));
        assert_eq!(parse(b"\x80\xc8\x00\x06abcd"), Err(RtcpError::Length));
        assert_eq!(parse(b"\x80\xc9\x00\x00"), Err(RtcpError::Length));
        assert_eq!(parse(b"\x81\xc9\x00\x01abcd"), Err(RtcpError::Length));
    }

    #[test]
    fn types_of_other_standards_are_passed_over() {
        assert_eq!(parse(b"\x81\xcd\x00\x01abcd"), Ok(vec![Item::Other(205)]));
        assert_eq!(parse(b"\x80\xcb\x00\x00"), Ok(vec![Item::Goodbye { ssrc: None }]));
    }
}
