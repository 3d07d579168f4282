//! From bytes to text: byte order mark, UTF-8, UTF-16, a page's own declaration, else a guess from the letters.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, MACINTOSH, UTF_8, UTF_16BE, UTF_16LE, X_MAC_CYRILLIC};

use super::error::ReadError;

/// How far a page's `<meta charset>` is looked for, as browsers do.
const META_WITHIN: usize = 1024;
/// A text with more than one odd character in this many is in an encoding we do not know, or no text at all.
const ONE_ODD_IN: usize = 50;
/// A text is UTF-8 with a few broken bytes when it has this many good non-ASCII characters for each broken one.
const GOOD_PER_BROKEN: usize = 10;

/// The encoding of an old Mac is taken when it has this many times fewer oddities than the guess.
const FEWER_ODDITIES: usize = 4;
/// A guess with fewer oddities is believed: a text may well name an iPhone.
const MIN_ODDITIES: usize = 3;

/// Decodes a text file.
///
/// # Errors
/// [`ReadError::UnknownEncoding`] when the result does not look like text.
pub(super) fn decode(bytes: &[u8]) -> Result<String, ReadError> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let rest = bytes.get(mark..).unwrap_or_default();
        return plausible(encoding.decode_without_bom_handling(rest).0.into_owned());
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.contains('\0')
    {
        return plausible(text.to_owned());
    }
    if let Some(encoding) = utf_16_without_mark(bytes) {
        return plausible(encoding.decode_without_bom_handling(bytes).0.into_owned());
    }
    if let Some(text) = mostly_utf_8(bytes) {
        return plausible(text);
    }
    plausible(guess(bytes).decode_without_bom_handling(bytes).0.into_owned())
}

/// Decodes a web page, which may declare its encoding. A declaration that makes nonsense of the page is ignored.
///
/// # Errors
/// As [`decode`].
pub(super) fn decode_html(bytes: &[u8]) -> Result<String, ReadError> {
    if Encoding::for_bom(bytes).is_none()
        && std::str::from_utf8(bytes).is_err()
        && let Some(declared) = declared_in_meta(bytes).filter(|declared| *declared != UTF_8)
        && let Ok(text) = plausible(declared.decode_without_bom_handling(bytes).0.into_owned())
    {
        return Ok(text);
    }
    decode(bytes)
}

/// A guess from the letters. The encodings of old Macs are no candidates of the detector's, because no web page uses
/// them; one is taken when it makes words where the guess does not.
fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guessed = detector.guess(None, Utf8Detection::Allow);
    if !guessed.is_single_byte() {
        return guessed;
    }
    let oddities = |encoding: &'static Encoding| oddities(&encoding.decode_without_bom_handling(bytes).0);
    let found = oddities(guessed);
    let best = [MACINTOSH, X_MAC_CYRILLIC].into_iter().min_by_key(|encoding| oddities(encoding));
    best.filter(|encoding| found >= MIN_ODDITIES && oddities(encoding) * FEWER_ODDITIES <= found)
        .unwrap_or(guessed)
}

/// How often a text does what words do not: a sign between two letters, a capital after a small letter.
fn oddities(text: &str) -> usize {
    let is_sign = |c: char| !(c.is_alphanumeric() || c.is_whitespace() || c.is_ascii() || "’·".contains(c));
    let (mut count, mut before, mut last) = (0, ' ', ' ');
    for c in text.chars() {
        let in_word = before.is_alphabetic() && c.is_alphabetic() && is_sign(last);
        count += usize::from(in_word || last.is_lowercase() && c.is_uppercase());
        (before, last) = (last, c);
    }
    count
}

/// Windows programs write UTF-16 without a mark at times: then every other byte of western text is zero.
fn utf_16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let zeros_at = |parity: usize| bytes.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
    let pairs = bytes.len() / 2;
    let (first, second) = (zeros_at(0), zeros_at(1));
    let most = |count: usize| count * 10 > pairs * 4;
    match pairs {
        0 => None,
        _ if most(second) && first * 20 < pairs => Some(UTF_16LE),
        _ if most(first) && second * 20 < pairs => Some(UTF_16BE),
        _ => None,
    }
}

/// UTF-8 that was cut or pasted into: read as such, without the broken bytes.
fn mostly_utf_8(bytes: &[u8]) -> Option<String> {
    let (text, _) = UTF_8.decode_without_bom_handling(bytes);
    let broken = text.matches(char::REPLACEMENT_CHARACTER).count();
    let good = text.chars().filter(|c| !c.is_ascii()).count() - broken;
    (good >= broken * GOOD_PER_BROKEN).then(|| text.replace(char::REPLACEMENT_CHARACTER, ""))
}

fn declared_in_meta(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(bytes.get(..META_WITHIN).unwrap_or(bytes)).to_lowercase();
    let after = head.split("charset").nth(1)?.trim_start().strip_prefix('=')?.trim_start();
    let label = after.trim_start_matches(['"', '\'']);
    let end = label.find(|c: char| !(c.is_ascii_alphanumeric() || "-_:.".contains(c))).unwrap_or(label.len());
    let encoding = Encoding::for_label(label.get(..end)?.as_bytes())?;
    // A declaration that could be read byte by byte is not UTF-16, whatever it says.
    (encoding != UTF_16LE && encoding != UTF_16BE).then_some(encoding)
}

/// Refuses what is no text: control characters and replacement characters in numbers.
fn plausible(text: String) -> Result<String, ReadError> {
    let odd =
        |c: &char| *c == char::REPLACEMENT_CHARACTER || (c.is_control() && !"\t\n\r\u{c}\u{1a}".contains(*c));
    let (mut all, mut odd_ones) = (0_usize, 0_usize);
    for c in text.chars() {
        all += 1;
        odd_ones += usize::from(odd(&c));
    }
    if odd_ones * ONE_ODD_IN > all { Err(ReadError::UnknownEncoding) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: &str) {
        assert_eq!(decode(bytes).as_deref(), Ok(expected), "{bytes:?}");
    }

    #[test]
    fn usual_encodings_are_told_apart() {
        let text = "¿Cuánto cuesta la limpieza facial? Está en promoción: 120.000 pesos, según el tamaño.";
        check(text.as_bytes(), text);
        check(format!("\u{feff}{text}").as_bytes(), text);
        let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        check(&latin, text);
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        check(&little, text);
        check(&big, text);
        check(&[&[0xff, 0xfe], little.as_slice()].concat(), text);
        check(&[&[0xfe, 0xff], big.as_slice()].concat(), text);
    }

    #[test]
    fn a_text_from_an_old_mac_is_recognised() {
        let text = "La limpieza facial está incluida según la promoción de mañana; también el masaje, así como el té.";
        check(
            &X_MAC_CYRILLIC
                .encode(
                    "Гимназия находилась в центре, а учителя жили рядом; поэтому ученики часто опаздывали.",
                )
                .0,
            "Гимназия находилась в центре, а учителя жили рядом; поэтому ученики часто опаздывали.",
        );
        check(&MACINTOSH.encode(text).0, text);
    }

    #[test]
    fn a_few_broken_bytes_do_not_spoil_the_rest() {
        let text = "ñandú áéíóú ".repeat(5);
        check(&[text.as_bytes(), b"\xc3"].concat(), &text);
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let noise: Vec<u8> = (0..2000_u32).map(|i| (i * 7 % 32) as u8).collect();
        assert_eq!(decode(&noise), Err(ReadError::UnknownEncoding));
    }

    #[test]
    fn a_page_declares_its_encoding() {
        let page = b"<html><meta http-equiv=x content='text/html; charset=iso-8859-2'><p>\xe8lov\xeck";
        assert!(decode_html(page).unwrap().ends_with("člověk"));
        let lie = "<meta charset=iso-8859-2><p>acción";
        assert_eq!(decode_html(lie.as_bytes()).as_deref(), Ok(lie));
    }
}
