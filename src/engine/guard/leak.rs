//! What only the prompt holds: its rules, the names of tools, and JSON.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::LazyLock,
};

use regex::Regex;

use super::pattern;
use crate::text::{fold, words};

/// So many words in a row that are those of the rules are no accident. Shorter runs are everybody's phrases.
const SHINGLE_WORDS: usize = 8;

/// A name as only programs have: `search_knowledge`.
static PROGRAM_NAME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:^|[\s`'(\x22])([a-z]{2,}(?:_[a-z]+)+)\b"));
/// The beginning of an object or a field of one.
static JSON: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"[{\[]\s*["']\w+["']\s*:|"\w+"\s*:\s*["{\[\d]|\{\s*\}"#));

/// What must not be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Secrets {
    /// Runs of words of the rules, as hashes.
    shingles: HashSet<u64>,
    /// The names of tools.
    tools: Vec<String>,
}

impl Secrets {
    /// Adds the rules of a prompt.
    pub(super) fn add_rules(&mut self, text: &str) {
        self.shingles.extend(words(text).windows(SHINGLE_WORDS).map(hash));
    }

    /// Adds the name of a tool.
    pub(super) fn add_tool(&mut self, name: &str) {
        self.tools.push(fold(name));
    }

    /// The first thing in a text that is secret, as it is written there. `may_say` are the words that are no secret
    /// although the rules hold them too, with single spaces between and around.
    pub(super) fn find(&self, text: &str, may_say: &str) -> Option<String> {
        let said = words(text);
        let told = said.windows(SHINGLE_WORDS).find(|run| {
            self.shingles.contains(&hash(run)) && !may_say.contains(&format!(" {} ", run.join(" ")))
        });
        if let Some(run) = told {
            return Some(run.join(" "));
        }
        if let Some(json) = JSON.find(text) {
            return Some(json.as_str().to_owned());
        }
        let name =
            PROGRAM_NAME.captures_iter(text).filter_map(|captures| captures.get(1)).map(|name| name.as_str());
        let public = |name: &str| may_say.contains(&format!(" {} ", words(name).join(" ")));
        let folded = fold(text);
        let tool = self
            .tools
            .iter()
            .find(|tool| tool.len() > 3 && tool.contains(['_', '-']) && folded.contains(tool.as_str()));
        name.into_iter().find(|name| !public(name)).map(str::to_owned).or_else(|| tool.cloned())
    }
}

fn hash(run: &[String]) -> u64 {
    let mut hasher = DefaultHasher::new();
    run.hash(&mut hasher);
    hasher.finish()
}
