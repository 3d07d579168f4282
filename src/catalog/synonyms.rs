//! Other words for the same thing: what a product is called in the next country, and in another language.

use std::{collections::HashMap, sync::LazyLock};

/// The groups, one a line; words of a group stand for each other.
const GROUPS: &str = include_str!("data/synonyms.txt");

static BY_WORD: LazyLock<HashMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    let mut by_word: HashMap<&str, Vec<&str>> = HashMap::new();
    for line in GROUPS.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        for word in &words {
            by_word.entry(word).or_default().extend(words.iter().filter(|other| *other != word));
        }
    }
    by_word
});

/// The folded words that stand for the same as a folded word; none for most words.
pub(crate) fn synonyms(word: &str) -> &'static [&'static str] {
    BY_WORD.get(word).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fold;

    #[test]
    fn the_list_is_folded_and_says_nothing_twice() {
        for line in GROUPS.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let mut once = words.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), words.len(), "{line}");
            assert!(words.iter().all(|word| fold(word) == *word), "{line}");
        }
        assert!(synonyms("destornillador").contains(&"desarmador"));
        assert!(synonyms("hammer").contains(&"martillo"));
    }
}
