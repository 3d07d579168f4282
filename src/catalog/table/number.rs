//! Prices and stocks as people write them: `1.250,50`, `1,250.50`, `$ 1 250`, `COP 180.000`. Whether a point or a comma
//! is the decimal mark is a property of the whole file. Pure.

use crate::domain::money::Currency;

/// What stands before the decimals in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DecimalMark {
    Point,
    Comma,
    /// The file does not say: three digits behind a mark are thousands.
    Unknown,
    /// The same in a currency with three decimals: three digits behind a single mark are decimals.
    UnknownOfThree,
}

impl DecimalMark {
    /// What the prices of a file tell: the last mark of one that has both, or a mark with other than three digits behind.
    pub(super) fn of<'a>(prices: impl Iterator<Item = &'a str>, currency: Currency) -> Self {
        let (mut points, mut commas) = (0_usize, 0_usize);
        for price in prices {
            let digits = bare(price);
            let (point, comma) = (digits.rfind('.'), digits.rfind(','));
            match (point, comma) {
                (Some(point), Some(comma)) if point > comma => points += 1,
                (Some(_), Some(_)) => commas += 1,
                (Some(at), None) if is_decimal(&digits, at, '.') => points += 1,
                (None, Some(at)) if is_decimal(&digits, at, ',') => commas += 1,
                _ => {}
            }
        }
        if points == 0 && commas == 0 {
            return if currency.minor_digits() == 3 { Self::UnknownOfThree } else { Self::Unknown };
        }
        // A file that contradicts itself is read by what most of it says; what does not fit is an error of its row.
        if commas > points { Self::Comma } else { Self::Point }
    }

    /// The plain decimal number of a price; `None` when it is none.
    pub(super) fn plain(self, price: &str) -> Option<String> {
        let digits = bare(price);
        let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |rest| ("-", rest));
        let decimal = match self {
            Self::Point => Some('.'),
            Self::Comma => Some(','),
            Self::Unknown => None,
            Self::UnknownOfThree => digits.find(['.', ',']).and_then(|at| digits.get(at..)?.chars().next()),
        };
        let (whole, fraction) = decimal.and_then(|mark| digits.rsplit_once(mark)).unwrap_or((digits, ""));
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let whole = without_thousands(whole)?;
        let whole = if whole.is_empty() && !fraction.is_empty() { "0".to_owned() } else { whole };
        if whole.is_empty() {
            return None;
        }
        Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
    }
}

/// A whole number: `7`, `1,800`, `1.800`, `7.0`.
pub(super) fn whole(text: &str) -> Option<i64> {
    let digits = bare(text);
    let (sign, digits) = digits.strip_prefix('-').map_or((1, digits.as_str()), |rest| (-1, rest));
    // Spreadsheets write whole numbers with decimals that are zero.
    let digits = match digits.rsplit_once(['.', ',']) {
        Some((whole, zeros)) if zeros.len() != 3 && zeros.bytes().all(|byte| byte == b'0') => whole,
        _ => digits,
    };
    let plain = without_thousands(digits)?;
    plain.parse::<i64>().ok().map(|value| sign * value)
}

/// The number without the signs of currencies, their codes and spaces.
fn bare(text: &str) -> String {
    let text = text.trim();
    let trimmed = text.trim_start_matches(|c: char| !c.is_ascii_digit() && !"-.,(".contains(c));
    let is_negative = text.starts_with('(') && text.ends_with(')') || text.starts_with('-');
    let trimmed = trimmed.trim_matches(|c: char| !c.is_ascii_digit() && !".,".contains(c));
    let kept: String = trimmed.chars().filter(|c| !c.is_whitespace() && !"'’_".contains(*c)).collect();
    if is_negative { format!("-{kept}") } else { kept }
}

/// Whether the only kind of mark there is stands before decimals.
fn is_decimal(digits: &str, at: usize, mark: char) -> bool {
    let behind = digits.len() - at - 1;
    let before = digits.get(..at).unwrap_or_default().trim_start_matches('-');
    digits.matches(mark).count() == 1 && (behind != 3 || before == "0" || before.is_empty())
}

/// The digits without marks between thousands; `None` when a mark stands anywhere else.
fn without_thousands(text: &str) -> Option<String> {
    let mut groups = text.split(['.', ',']);
    let first = groups.next()?;
    let mut plain = first.to_owned();
    let mut rest = groups.peekable();
    if rest.peek().is_some() && (first.is_empty() || first.len() > 3) {
        return None;
    }
    for group in rest {
        if group.len() != 3 {
            return None;
        }
        plain.push_str(group);
    }
    plain.bytes().all(|byte| byte.is_ascii_digit()).then_some(plain)
}
