//! Links, e-mail addresses, names in social networks and phone numbers.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    figures::{Figure, Stated},
    folded::Folded,
    pattern,
};

/// Fewer digits than this are an amount, more may be a phone number.
const MIN_PHONE_DIGITS: usize = 7;
/// From this many digits on a number without any sign is a phone number or the like, and no amount.
const PLAIN_PHONE_DIGITS: usize = 9;

static EMAIL: LazyLock<Regex> = LazyLock::new(|| pattern(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"));
static LINK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(https?://|www\.)[^\s)>\]\x1f]+|\b[a-z0-9-]+(\.[a-z0-9-]+)*\.((com|net|org|io|app|info|example|shop|store|online|site|gov|gob|edu|tv|link|page)(\.[a-z]{2})?|co|es|br|mx|pt|ar|cl|pe|ly|gl|ec|uy|py)\b(/[^\s)>\]\x1f]*)?|\b(wa|t|m|linktr)\.(me|ee)\b(/[^\s)>\]\x1f]*)?",
    )
});
static HANDLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|[^\w.])(@[a-z0-9_](?:[\w.]*\w)?)"));
static PHONE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\+?\(?\d[\d ().\-]{5,}\d"));
/// Numbers in groups of three are amounts.
static GROUPED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\d{1,3}(?:[.,]\d{3})+(?:[.,]\d{1,2})?$"));
static MONEY_BEFORE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:[$€£]|\bs/\.?|\b(?:usd|cop|mxn|pen|clp|ars|eur|brl|r\$|us\$))\s*$"));
static MONEY_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\s*(?:[$€£]|pesos?|euros?|dolar|dollar|reais|soles|cop|mxn|usd|eur|brl|clp|pen|ars|mil\b|millon)",
    )
});

/// Reads links, addresses and names, and takes them out.
pub(super) fn read(folded: &mut Folded, found: &mut Vec<Figure>) {
    take(folded, found, &EMAIL, |text| Stated::Email(text.to_owned()));
    take(folded, found, &LINK, |text| Stated::Link(bare_link(text).to_owned()));
    let text = folded.text.clone();
    for handle in HANDLE.captures_iter(&text).filter_map(|captures| captures.get(1)) {
        found.push(Figure { range: handle.range(), stated: Stated::Handle(handle.as_str().to_owned()) });
        folded.take(&handle.range());
    }
}

fn take(folded: &mut Folded, found: &mut Vec<Figure>, pattern: &Regex, stated: impl Fn(&str) -> Stated) {
    let text = folded.text.clone();
    for matched in pattern.find_iter(&text) {
        let written =
            matched.as_str().trim_end_matches(['.', ',', ';', ':', '!', '?', '"', '\'', '*', '_', '-', '/']);
        let range = matched.start()..matched.start() + written.len();
        found.push(Figure { range: range.clone(), stated: stated(written) });
        folded.take(&range);
    }
}

/// A link without what may be left out of it.
fn bare_link(link: &str) -> &str {
    let link = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://")).unwrap_or(link);
    link.strip_prefix("www.").unwrap_or(link)
}

/// Reads phone numbers and takes them out. A run of digits that may be an amount stays for the reader of numbers.
pub(super) fn read_phones(folded: &mut Folded, found: &mut Vec<Figure>) {
    let text = folded.text.clone();
    for matched in PHONE.find_iter(&text) {
        let written = matched.as_str();
        let digits: String = written.chars().filter(char::is_ascii_digit).collect();
        let signs = written.starts_with(['+', '(']) || written.contains([' ', '-', ')']);
        let before = text.get(..matched.start()).unwrap_or_default();
        let after = text.get(matched.end()..).unwrap_or_default();
        let is_money = MONEY_BEFORE.is_match(before) || MONEY_AFTER.is_match(after);
        let is_years = written.len() == 9 && written.contains(['-', ' ']) && digits.len() == 8;
        let enough = digits.len() >= if signs { MIN_PHONE_DIGITS } else { PLAIN_PHONE_DIGITS };
        if enough && !GROUPED.is_match(written) && !is_money && !is_years {
            found.push(Figure { range: matched.range(), stated: Stated::Phone(digits) });
            folded.take(&matched.range());
        }
    }
}
