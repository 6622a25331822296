//! The beginning of a WAV file: 16-bit samples, of a length that may grow.

use crate::codec::g711::RATE_HZ;

/// Bytes before the samples.
pub const HEADER_LEN: usize = 44;
/// Sound bytes a file can hold: its lengths are 32 bits.
pub const DATA_MAX: u32 = u32::MAX - HEADER_LEN as u32;

/// The header of a file at 8 kHz with so many channels and so many bytes of samples.
#[must_use]
pub fn header(channels: u16, data_len: u32) -> [u8; HEADER_LEN] {
    let frame_len = channels * 2;
    let byte_rate = RATE_HZ * u32::from(frame_len);
    let mut bytes = [0; HEADER_LEN];
    let parts: [&[u8]; 13] = [
        b"RIFF",
        &data_len.saturating_add(HEADER_LEN as u32 - 8).to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &16_u32.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &channels.to_le_bytes(),
        &RATE_HZ.to_le_bytes(),
        &byte_rate.to_le_bytes(),
        &frame_len.to_le_bytes(),
        &16_u16.to_le_bytes(),
        b"data",
        &data_len.to_le_bytes(),
    ];
    for (to, from) in bytes.iter_mut().zip(parts.concat()) {
        *to = from;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_what_follows_it() {
        let bytes = header(2, 3200);

        assert_eq!(&bytes[..4], b"RIFF");
        assert_eq!(bytes[4..8], 3236_u32.to_le_bytes());
        assert_eq!(bytes[22..24], 2_u16.to_le_bytes());
        assert_eq!(bytes[24..28], 8000_u32.to_le_bytes());
        assert_eq!(bytes[28..32], 32_000_u32.to_le_bytes());
        assert_eq!(bytes[32..36], [4, 0, 16, 0]);
        assert_eq!(&bytes[36..40], b"data");
        assert_eq!(bytes[40..], 3200_u32.to_le_bytes());
    }
}
