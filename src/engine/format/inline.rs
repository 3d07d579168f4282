//! Markdown and HTML inside a line: bold, code, links, tags, escapes.

use std::sync::LazyLock;

use regex::{Captures, Regex};

static IMAGE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"!\[([^\]\n]*)\]\([^)\s]*(?:\s+\x22[^\x22]*\x22)?\)"));
static LINK: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\[([^\]\n]+)\]\(\s*<?([^)\s>]+)>?(?:\s+\x22[^\x22]*\x22)?\s*\)"));
static AUTO_LINK: LazyLock<Regex> = LazyLock::new(|| pattern(r"<((?:https?://|mailto:)[^>\s]+)>"));
static STRONG: LazyLock<Regex> = LazyLock::new(|| pattern(r"\*{2,3}([^*\s](?:[^*\n]*[^*\s])?)\*{2,3}"));
static STRONG_LOW: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(^|[^\w_])_{2,3}([^_\s](?:[^_\n]*[^_\s])?)_{2,3}($|[^\w_])"));
static CODE: LazyLock<Regex> = LazyLock::new(|| pattern(r"`{1,2}([^`\n]+)`{1,2}"));
static BREAK: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)<br\s*/?>|</p>|</li>|</div>"));
static BOLD_TAG: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)</?(?:b|strong)>"));
static ITEM_TAG: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)<li>"));
static TAG: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)</?(?:p|ul|ol|i|em|u|span|div|h[1-6]|a|table|tr|td|th|tbody|thead|code|pre|center|font|small|hr)(?:\s[^<>]*)?/?>",
    )
});
static ESCAPE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\\([*_`#\[\]()~>!|.+-])"));
static SPACES: LazyLock<Regex> = LazyLock::new(|| pattern(r"[ \t\u{a0}]{2,}"));

#[expect(clippy::expect_used, reason = "a constant pattern; the tests compile each")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a valid pattern")
}

/// The text without Markdown and HTML.
pub(super) fn plain(text: &str) -> String {
    let text = BREAK.replace_all(text, "\n");
    let text = ITEM_TAG.replace_all(&text, "- ");
    let text = BOLD_TAG.replace_all(&text, "*");
    let text = TAG.replace_all(&text, "");
    let text = IMAGE.replace_all(&text, "$1");
    let text = LINK.replace_all(&text, |captures: &Captures<'_>| link(captures));
    let text = AUTO_LINK.replace_all(&text, |captures: &Captures<'_>| {
        let address = captures.get(1).map_or("", |address| address.as_str());
        address.strip_prefix("mailto:").unwrap_or(address).to_owned()
    });
    let text = STRONG.replace_all(&text, "*$1*");
    let text = STRONG_LOW.replace_all(&text, "$1*$2*$3");
    let text = CODE.replace_all(&text, "$1");
    let text = ESCAPE.replace_all(&text, "$1");
    // Marks that have lost their partner.
    let text = text.replace("**", "").replace("```", "");
    SPACES.replace_all(&text, " ").into_owned()
}

/// "precios (https://…)", or only the address when the words say nothing more.
fn link(captures: &Captures<'_>) -> String {
    let part = |at: usize| captures.get(at).map_or("", |part| part.as_str()).trim();
    let (words, address) = (part(1), part(2));
    let address = address.strip_prefix("mailto:").or_else(|| address.strip_prefix("tel:")).unwrap_or(address);
    let bare = |link: &str| {
        let link =
            link.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.");
        link.trim_end_matches('/').to_lowercase()
    };
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let same_number = digits(words).len() >= 7 && digits(words) == digits(address);
    if bare(words) == bare(address) {
        address.to_owned()
    } else if same_number || address.starts_with('#') {
        words.to_owned()
    } else {
        format!("{words} ({address})")
    }
}
