//! What a file is, told by its first bytes: its name and the type that somebody says it has are not believed.

/// How far into a file is looked for the codec.
const HEAD: usize = 256;

/// A sound format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::llm) enum SoundKind {
    /// Opus, Vorbis or Speex in Ogg: what WhatsApp and Telegram send.
    Ogg,
    /// MPEG layers.
    Mp3,
    /// MPEG 4, also from telephones as 3GP.
    M4a,
    /// Adaptive Multi-Rate, narrow or wide band.
    Amr,
    /// PCM.
    Wav,
    /// What browsers record.
    Webm,
    /// Free lossless.
    Flac,
    /// Bare AAC.
    Aac,
}

impl SoundKind {
    /// The format of a file, if it is sound.
    pub(in crate::llm) fn of(bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..bytes.len().min(HEAD)).unwrap_or_default();
        let has = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(magic));
        let holds = |word: &[u8]| head.windows(word.len()).any(|window| window == word);
        if has(0, b"OggS") {
            // A film in Ogg is no voice note.
            let is_sound = [&b"OpusHead"[..], b"\x01vorbis", b"Speex   ", b"\x7fFLAC"];
            return is_sound.into_iter().any(holds).then_some(Self::Ogg);
        }
        if has(0, b"#!AMR\n") || has(0, b"#!AMR-WB\n") {
            return Some(Self::Amr);
        }
        if has(0, b"RIFF") && has(8, b"WAVE") {
            return Some(Self::Wav);
        }
        if has(0, b"fLaC") {
            return Some(Self::Flac);
        }
        if has(0, b"\x1a\x45\xdf\xa3") {
            return holds(b"webm").then_some(Self::Webm);
        }
        if has(4, b"ftyp") {
            let brands = [&b"M4A "[..], b"M4B ", b"isom", b"iso", b"mp4", b"3gp", b"dash", b"MSNV", b"qt  "];
            return brands.into_iter().any(|brand| has(8, brand)).then_some(Self::M4a);
        }
        if has(0, b"ID3") {
            return Some(Self::Mp3);
        }
        match head {
            // Eleven bits of one; then the version, the layer and whether there is a checksum.
            [0xff, second, third, ..] if second & 0xe0 == 0xe0 => match (second >> 1) & 3 {
                0 if second & 0xf0 == 0xf0 => Some(Self::Aac),
                // A reserved version, bit rate or sampling rate is no frame of MPEG.
                1..=3 if (second >> 3) & 3 != 1 && third >> 4 != 15 && (third >> 2) & 3 != 3 => {
                    Some(Self::Mp3)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// A file name whose ending tells the format, which providers go by.
    pub(in crate::llm) fn file_name(self) -> &'static str {
        match self {
            Self::Ogg => "voice.ogg",
            Self::Mp3 => "voice.mp3",
            Self::M4a => "voice.m4a",
            Self::Amr => "voice.amr",
            Self::Wav => "voice.wav",
            Self::Webm => "voice.webm",
            Self::Flac => "voice.flac",
            Self::Aac => "voice.aac",
        }
    }

    /// The media type.
    pub(in crate::llm) fn media_type(self) -> &'static str {
        match self {
            Self::Ogg => "audio/ogg",
            Self::Mp3 => "audio/mpeg",
            Self::M4a => "audio/mp4",
            Self::Amr => "audio/amr",
            Self::Wav => "audio/wav",
            Self::Webm => "audio/webm",
            Self::Flac => "audio/flac",
            Self::Aac => "audio/aac",
        }
    }
}

/// A picture format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::llm) enum PictureKind {
    /// Photographs.
    Jpeg,
    /// Drawings and screenshots.
    Png,
    /// Either, from the web.
    Webp,
    /// Small films.
    Gif,
    /// Photographs of iPhones.
    Heic,
}

impl PictureKind {
    /// The format of a file, if it is a picture.
    pub(in crate::llm) fn of(bytes: &[u8]) -> Option<Self> {
        // The library wants several brands at once; telephones write one.
        let brand = bytes.get(4..12).and_then(|head| head.strip_prefix(b"ftyp"));
        if brand.is_some_and(|brand| {
            [b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim"].iter().any(|b| *b == brand)
        }) {
            return Some(Self::Heic);
        }
        match infer::get(bytes)?.mime_type() {
            "image/jpeg" => Some(Self::Jpeg),
            "image/png" => Some(Self::Png),
            "image/webp" => Some(Self::Webp),
            "image/gif" => Some(Self::Gif),
            "image/heif" => Some(Self::Heic),
            _ => None,
        }
    }

    /// The media type.
    pub(in crate::llm) fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Heic => "image/heic",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sounds_are_known_by_what_is_in_them() {
        let check = |head: &[u8], expected: Option<SoundKind>| {
            let mut file = head.to_vec();
            file.resize(head.len() + 40, 0);
            assert_eq!(SoundKind::of(&file), expected, "{:?}", String::from_utf8_lossy(head));
        };
        let ogg = |codec: &[u8]| [b"OggS\0\x02", &[0; 22][..], codec].concat();
        check(&ogg(b"OpusHead"), Some(SoundKind::Ogg));
        check(&ogg(b"\x01vorbis"), Some(SoundKind::Ogg));
        check(&ogg(b"\x80theora"), None);
        check(b"#!AMR\n", Some(SoundKind::Amr));
        check(b"#!AMR-WB\n", Some(SoundKind::Amr));
        check(b"RIFF\x24\0\0\0WAVEfmt ", Some(SoundKind::Wav));
        check(b"RIFF\x24\0\0\0WEBPVP8 ", None);
        check(b"RIFF\x24\0\0\0AVI LIST", None);
        check(b"fLaC", Some(SoundKind::Flac));
        check(b"\x1a\x45\xdf\xa3\x93\x42\x82\x84webm", Some(SoundKind::Webm));
        check(b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska", None);
        check(b"\0\0\0\x1cftypM4A \0\0\0\0", Some(SoundKind::M4a));
        check(b"\0\0\0\x1cftypisom\0\0\0\0", Some(SoundKind::M4a));
        check(b"\0\0\0\x1cftyp3gp4\0\0\0\0", Some(SoundKind::M4a));
        check(b"\0\0\0\x1cftypheic\0\0\0\0", None);
        check(b"ID3\x04\0\0", Some(SoundKind::Mp3));
        for second in [0xfb, 0xfa, 0xf3, 0xf2, 0xe3] {
            check(&[0xff, second, 0x90, 0], Some(SoundKind::Mp3));
        }
        check(&[0xff, 0xf1, 0x50, 0x80], Some(SoundKind::Aac));
        check(&[0xff, 0xd8, 0xff, 0xe0], None);
        check(b"%PDF-1.7", None);
        check(b"<html>", None);
        assert_eq!(SoundKind::of(b""), None);
    }

    #[test]
    fn pictures_are_known_by_what_is_in_them() {
        let check = |head: &[u8], expected: Option<PictureKind>| {
            let mut file = head.to_vec();
            file.resize(head.len() + 40, 0);
            assert_eq!(PictureKind::of(&file), expected, "{:?}", String::from_utf8_lossy(head));
        };
        check(&[0xff, 0xd8, 0xff, 0xe0], Some(PictureKind::Jpeg));
        check(b"\x89PNG\r\n\x1a\n", Some(PictureKind::Png));
        check(b"GIF89a", Some(PictureKind::Gif));
        check(b"RIFF\x24\0\0\0WEBPVP8 ", Some(PictureKind::Webp));
        check(b"\0\0\0\x18ftypheic\0\0\0\0mif1", Some(PictureKind::Heic));
        check(b"\0\0\0\x18ftypmif1\0\0\0\0", Some(PictureKind::Heic));
        check(b"\0\0\0\x1cftypisom\0\0\0\0", None);
        check(b"<svg xmlns=", None);
        check(b"%PDF-1.7", None);
        assert_eq!(PictureKind::of(b""), None);
    }

    proptest! {
        #[test]
        fn no_file_is_both_and_none_breaks_it(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(SoundKind::of(&bytes).is_none() || PictureKind::of(&bytes).is_none());
        }
    }
}
