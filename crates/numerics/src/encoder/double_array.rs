//! A trie over bytes that is walked where it lies, in the format of [darts-clone].
//!
//! Both the normalisation rules of sentencepiece and the vocabulary come in this format, so neither is parsed or copied
//! when the program starts. This module only reads; `models/convert.py` builds.
//!
//! [darts-clone]: https://github.com/s-yata/darts-clone

/// A trie from byte strings to numbers, over the bytes of its units (32 bits each, little end first).
#[derive(Clone, Copy)]
pub(super) struct DoubleArray {
    units: &'static [[u8; 4]],
}

impl DoubleArray {
    /// Reads the trie where it lies; bytes past the last whole unit are not part of it.
    pub(super) fn new(bytes: &'static [u8]) -> Self {
        Self { units: bytes.as_chunks().0 }
    }

    /// Calls `found(length, value)` for every key that `text` starts with, shortest first.
    pub(super) fn prefixes(&self, text: &[u8], mut found: impl FnMut(usize, u32)) {
        const VALUE: u32 = 0x7fff_ffff;
        let Some(root) = self.unit(0) else { return };
        let mut position = distance(root);
        for (index, &byte) in text.iter().enumerate() {
            position ^= usize::from(byte);
            let Some(unit) = self.unit(position) else { return };
            if unit & 0x8000_00ff != u32::from(byte) {
                return;
            }
            position ^= distance(unit);
            if unit & 0x100 != 0
                && let Some(value) = self.unit(position)
            {
                found(index + 1, value & VALUE);
            }
        }
    }

    fn unit(&self, position: usize) -> Option<u32> {
        self.units.get(position).map(|unit| u32::from_le_bytes(*unit))
    }
}

/// How far from a unit its children are, to be combined with its position by exclusive or.
const fn distance(unit: u32) -> usize {
    ((unit >> 10) << ((unit & 0x200) >> 6)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys "a" = 5 and "ab" = 7, laid out by hand: the root's children at 0x100, those of "a" at 0x200, those of "ab" at
    /// 0x300.
    fn two_keys() -> DoubleArray {
        let mut units = vec![0x8000_0000_u32; 1024];
        units[0] = 0x100 << 10;
        let a = 0x100 ^ usize::from(b'a');
        units[a] = ((u32::try_from(a).unwrap() ^ 0x200) << 10) | 0x100 | u32::from(b'a');
        units[0x200] = 0x8000_0005;
        let ab = 0x200 ^ usize::from(b'b');
        units[ab] = ((u32::try_from(ab).unwrap() ^ 0x300) << 10) | 0x100 | u32::from(b'b');
        units[0x300] = 0x8000_0007;
        DoubleArray::new(units.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<_>>().leak())
    }

    fn check(text: &str, expected: &[(usize, u32)]) {
        let mut seen = Vec::new();
        two_keys().prefixes(text.as_bytes(), |length, value| seen.push((length, value)));
        assert_eq!(seen, expected, "{text}");
    }

    #[test]
    fn every_key_that_begins_the_text_is_found() {
        check("abc", &[(1, 5), (2, 7)]);
        check("ac", &[(1, 5)]);
        check("b", &[]);
        check("", &[]);
    }

    #[test]
    fn a_damaged_trie_finds_nothing_and_does_not_panic() {
        let trie = DoubleArray::new(&[0xff; 64]);
        trie.prefixes(b"hola", |_, _| unreachable!());
    }
}
