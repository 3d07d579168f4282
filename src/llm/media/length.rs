//! How long a recording is, as far as its container says so cheaply. It guards against hours of sound; a container that
//! does not tell is bounded by its bytes.

use std::time::Duration;

use super::sniff::SoundKind;

/// Samples that Opus counts in a second, whatever it was recorded with.
const OPUS_RATE: u64 = 48_000;

/// Frames of AMR in a second.
const AMR_FRAMES: u64 = 50;

/// How long a recording is; none when it does not tell.
pub(in crate::llm) fn length_of(kind: SoundKind, bytes: &[u8]) -> Option<Duration> {
    let (units, per_second) = match kind {
        SoundKind::Wav => wav(bytes)?,
        SoundKind::Ogg => ogg(bytes)?,
        SoundKind::Amr => (amr(bytes), AMR_FRAMES),
        SoundKind::Flac => flac(bytes)?,
        SoundKind::M4a => m4a(bytes)?,
        SoundKind::Mp3 | SoundKind::Webm | SoundKind::Aac => return None,
    };
    let ms = u128::from(units) * 1000 / u128::from(per_second.max(1));
    Some(Duration::from_millis(u64::try_from(ms).ok()?))
}

/// Bytes of sound and bytes a second. See <http://soundfile.sapp.org/doc/WaveFormat/>.
fn wav(bytes: &[u8]) -> Option<(u64, u64)> {
    let mut rest = bytes.get(12..)?;
    let mut rate = None;
    loop {
        let (name, size) = (rest.get(..4)?, u64::from(u32_le(rest.get(4..8)?)?));
        let body = rest.get(8..)?;
        match name {
            b"fmt " => rate = Some(u64::from(u32_le(body.get(8..12)?)?)),
            // A recorder that streams writes no size: what is there counts.
            b"data" => return Some((size.min(body.len() as u64), rate?)),
            _ => {}
        }
        rest = body.get(usize::try_from(size + size % 2).ok()?..)?;
    }
}

/// Samples and samples a second: the position of the last page. See <https://www.rfc-editor.org/rfc/rfc7845>.
fn ogg(bytes: &[u8]) -> Option<(u64, u64)> {
    let find = |word: &[u8], within: &[u8]| within.windows(word.len()).position(|window| window == word);
    let head = bytes.get(..bytes.len().min(256))?;
    let (rate, skip) = if let Some(at) = find(b"OpusHead", head) {
        (OPUS_RATE, u64::from(u16_le(head.get(at + 10..at + 12)?)?))
    } else {
        let at = find(b"\x01vorbis", head)?;
        (u64::from(u32_le(head.get(at + 12..at + 16)?)?), 0)
    };
    let last = bytes.windows(4).rposition(|window| window == b"OggS")?;
    let position = u64::from_le_bytes(bytes.get(last + 6..last + 14)?.try_into().ok()?);
    Some((position.saturating_sub(skip), rate))
}

/// Frames of 20 ms. See <https://www.rfc-editor.org/rfc/rfc4867#section-5>.
fn amr(bytes: &[u8]) -> u64 {
    const NARROW: [usize; 16] = [13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1];
    const WIDE: [usize; 16] = [18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 1, 1, 1, 1, 1, 1];
    let (mut rest, sizes) = match bytes.strip_prefix(b"#!AMR-WB\n") {
        Some(rest) => (rest, WIDE),
        None => (bytes.get(6..).unwrap_or_default(), NARROW),
    };
    let mut frames = 0;
    while let [first, ..] = rest {
        let size = sizes.get(usize::from((first >> 3) & 15)).copied().unwrap_or(1);
        rest = rest.get(size..).unwrap_or_default();
        frames += 1;
    }
    frames
}

/// Samples and samples a second, of the first block. See <https://www.rfc-editor.org/rfc/rfc9639#section-8.2>.
fn flac(bytes: &[u8]) -> Option<(u64, u64)> {
    let packed = u64::from_be_bytes(bytes.get(18..26)?.try_into().ok()?);
    let (rate, samples) = (packed >> 44, packed & 0xf_ffff_ffff);
    (rate > 0 && samples > 0).then_some((samples, rate))
}

/// Units and units a second, of the movie header, wherever that is. ISO/IEC 14496-12, 8.2.2.
fn m4a(bytes: &[u8]) -> Option<(u64, u64)> {
    let at = bytes.windows(4).position(|window| window == b"mvhd")?;
    let body = bytes.get(at + 4..)?;
    let (rate, units) = match body.first()? {
        0 => (u32_be(body.get(12..16)?)?, u64::from(u32_be(body.get(16..20)?)?)),
        _ => (u32_be(body.get(20..24)?)?, u64::from_be_bytes(body.get(24..32)?.try_into().ok()?)),
    };
    // A file that is written as it is recorded does not know its length yet.
    (rate > 0 && units > 0).then_some((units, u64::from(rate)))
}

fn u16_le(bytes: &[u8]) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.try_into().ok()?))
}

fn u32_le(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

fn u32_be(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(kind: SoundKind, bytes: &[u8]) -> Option<f64> {
        length_of(kind, bytes).map(|length| length.as_secs_f64())
    }

    #[test]
    fn the_length_is_read_from_the_container() {
        let fmt = [&b"fmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0"[..]].concat();
        let wav = |size: u32, sound: usize| {
            [b"RIFF\0\0\0\0WAVE", &fmt[..], b"LIST\x03\0\0\0abc\0data", &size.to_le_bytes(), &vec![0; sound]]
                .concat()
        };
        assert_eq!(seconds(SoundKind::Wav, &wav(32_000, 32_000)), Some(2.0));
        assert_eq!(seconds(SoundKind::Wav, &wav(u32::MAX, 16_000)), Some(1.0), "a recorder that streams");

        let page =
            |position: u64, body: &[u8]| [b"OggS\0\0", &position.to_le_bytes()[..], &[0; 14], body].concat();
        let opus = [page(0, b"OpusHead\x01\x01\x38\x01\x80\xbb\0\0"), page(48_312 * 2 - 312, b"x")].concat();
        assert_eq!(seconds(SoundKind::Ogg, &opus), Some(2.0));
        let vorbis = [page(0, b"\x01vorbis\0\0\0\0\x01\x40\x1f\0\0"), page(4000, b"x")].concat();
        assert_eq!(seconds(SoundKind::Ogg, &vorbis), Some(0.5));

        let amr = [&b"#!AMR\n"[..], &[[0x3c; 32]; 50].concat()].concat();
        assert_eq!(seconds(SoundKind::Amr, &amr), Some(1.0));

        let packed = (16_000_u64 << 44) + 24_000;
        let flac = [&[0; 18][..], &packed.to_be_bytes()].concat();
        assert_eq!(seconds(SoundKind::Flac, &flac), Some(1.5));

        let mvhd = [
            &b"\0\0\0\x6cmvhd\0\0\0\0\0\0\0\0\0\0\0\0"[..],
            &1000_u32.to_be_bytes(),
            &7500_u32.to_be_bytes(),
        ];
        assert_eq!(seconds(SoundKind::M4a, &mvhd.concat()), Some(7.5));
        assert_eq!(seconds(SoundKind::Mp3, b"ID3"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..400), magic in 0..6_usize) {
            let starts: [&[u8]; 6] = [b"", b"RIFF\0\0\0\0WAVEfmt ", b"OggSOpusHead", b"#!AMR\n", b"mvhd", b"data"];
            let bytes = [starts[magic], &bytes].concat();
            let kinds =
                [SoundKind::Wav, SoundKind::Ogg, SoundKind::Amr, SoundKind::Flac, SoundKind::M4a];
            for kind in kinds {
                length_of(kind, &bytes);
            }
        }
    }
}
