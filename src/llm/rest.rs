//! How long a provider asks to leave a key alone: the many ways in which providers say it.
//!
//! | who | how |
//! |---|---|
//! | everybody | `Retry-After: 2.5` in seconds, or a date ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#name-retry-after)) |
//! | OpenAI, Azure | `retry-after-ms: 1500` |
//! | OpenAI, Groq | `x-ratelimit-remaining-requests: 0` with `x-ratelimit-reset-requests: 6m0s`, the same for `tokens` |
//! | Anthropic | `anthropic-ratelimit-requests-remaining: 0` with `anthropic-ratelimit-requests-reset: 2026-01-01T00:00:00Z`, the same for `tokens`, `input-tokens` and `output-tokens` |
//! | OpenRouter | `X-RateLimit-Reset: 1741305600000`, milliseconds since 1970 |
//! | Gemini | `"retryDelay": "34s"` in the body |
//! | OpenAI, Groq | `try again in 7.66s` in the body |

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// The longest rest that is believed. A key whose daily limit is used up is tried again after it.
pub(super) const LONGEST: Duration = Duration::from_hours(1);

/// From here on a plain number is no count of seconds but a moment, in seconds since 1970.
const EPOCH_SECONDS: f64 = 1e9;
/// And from here on in milliseconds.
const EPOCH_MS: f64 = 1e12;

/// What a response that refuses a request asks for; nothing when it does not say. `body` is in lower case, `now_ms` the
/// time here, which is used when the response does not bring its own.
pub(super) fn asked_for(headers: &HeaderMap, body: &str, now_ms: i64) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    // The provider's clock is the one its moments are on.
    let now_ms = text(DATE.as_str()).and_then(moment_ms).unwrap_or(now_ms);
    let until = |moment_ms: i64| milliseconds(moment_ms.saturating_sub(now_ms));
    let asked = text("retry-after-ms")
        .and_then(|ms| seconds(ms.parse::<f64>().ok()? / 1000.0))
        .or_else(|| text(RETRY_AFTER.as_str()).and_then(|value| after(value, until)))
        .or_else(|| reset(&text, until))
        .or_else(|| text("x-ratelimit-reset").and_then(|value| after(value, until)))
        .or_else(|| in_words(body));
    asked.map(|asked| asked.min(LONGEST))
}

/// The limit that was reached, or the one that takes longest when it does not say which.
fn reset<'a>(
    text: &impl Fn(&str) -> Option<&'a str>,
    until: impl Fn(i64) -> Option<Duration> + Copy,
) -> Option<Duration> {
    let limits = ["requests", "tokens", "input-tokens", "output-tokens"].into_iter().filter_map(|what| {
        let (remaining, reset) = text(&format!("x-ratelimit-reset-{what}"))
            .map(|reset| (format!("x-ratelimit-remaining-{what}"), reset))
            .or_else(|| {
                let reset = text(&format!("anthropic-ratelimit-{what}-reset"))?;
                Some((format!("anthropic-ratelimit-{what}-remaining"), reset))
            })?;
        let is_reached = text(&remaining) == Some("0");
        Some((is_reached, after(reset, until)?))
    });
    limits.max().map(|(_, rest)| rest)
}

/// A span in seconds, a span with units, a date, or a moment as a number.
fn after(value: &str, until: impl Fn(i64) -> Option<Duration>) -> Option<Duration> {
    if let Ok(number) = value.parse::<f64>() {
        #[expect(clippy::cast_possible_truncation, reason = "a moment in this age fits")]
        return match number {
            n if n >= EPOCH_MS => until(n as i64),
            n if n >= EPOCH_SECONDS => until((n * 1000.0) as i64),
            n => seconds(n),
        };
    }
    span(value).or_else(|| until(moment_ms(value)?))
}

/// A span such as `6m0s`, `1h2m3.5s`, `7.66s` or `20ms`.
fn span(text: &str) -> Option<Duration> {
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(unit_at);
        let unit_end = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(unit_end);
        let scale = match unit {
            "d" => 86_400.0,
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            "us" | "µs" => 0.000_001,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * scale;
        rest = behind;
    }
    if text.is_empty() { None } else { seconds(total) }
}

/// What the message of an error says.
fn in_words(body: &str) -> Option<Duration> {
    ["try again in ", "\"retrydelay\":\"", "\"retrydelay\": \""].into_iter().find_map(|before| {
        let said = body.split(before).nth(1)?;
        let end = said.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(said.len());
        span(said.get(..end)?.trim_end_matches('.'))
    })
}

fn moment_ms(text: &str) -> Option<i64> {
    let moment = text.parse::<Timestamp>().ok();
    let moment = moment.or_else(|| jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp()));
    moment.map(Timestamp::as_millisecond)
}

fn milliseconds(ms: i64) -> Option<Duration> {
    Some(Duration::from_millis(u64::try_from(ms.max(0)).ok()?))
}

fn seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    /// 2026-01-01T00:00:00Z
    const NOW_MS: i64 = 1_767_225_600_000;

    fn check(headers: &[(&str, &str)], body: &str, expected_ms: Option<u64>) {
        let map: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
            })
            .collect();
        let found = asked_for(&map, &body.to_lowercase(), NOW_MS);
        assert_eq!(found, expected_ms.map(Duration::from_millis), "{headers:?} {body}");
    }

    #[test]
    fn every_providers_way_to_say_it_is_understood() {
        check(&[("retry-after", "7")], "", Some(7000));
        check(&[("retry-after", "0.25")], "", Some(250));
        check(&[("retry-after", "Thu, 01 Jan 2026 00:00:30 GMT")], "", Some(30_000));
        check(&[("retry-after-ms", "1500"), ("retry-after", "2")], "", Some(1500));
        check(
            &[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "1s")],
            "",
            Some(1000),
        );
        check(&[("x-ratelimit-reset-requests", "6m0s")], "", Some(360_000));
        check(&[("x-ratelimit-reset-tokens", "2m59.56s")], "", Some(179_560));
        check(&[("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:12Z")], "", Some(12_000));
        check(&[("x-ratelimit-reset", "1767225605000")], "", Some(5000));
        check(&[("x-ratelimit-reset", "1767225605")], "", Some(5000));
        check(&[("x-ratelimit-reset", "9")], "", Some(9000));
        check(&[], r#"{"error":{"details":[{"retryDelay":"34s"}]}}"#, Some(34_000));
        check(&[], r#"{"error":{"details":[{"retryDelay": "34.5s"}]}}"#, Some(34_500));
        check(&[], "Rate limit reached. Please try again in 7.66s. Visit …", Some(7660));
        check(&[], "Please try again in 20ms.", Some(20));
    }

    #[test]
    fn the_limit_that_was_reached_counts() {
        let both = [("x-ratelimit-reset-requests", "1h"), ("x-ratelimit-reset-tokens", "2s")];
        let reached = |what| [both[0], both[1], (what, "0")];
        check(&reached("x-ratelimit-remaining-tokens"), "", Some(2000));
        check(&reached("x-ratelimit-remaining-requests"), "", Some(3_600_000));
        check(&both, "", Some(3_600_000));
    }

    #[test]
    fn moments_are_on_the_providers_clock() {
        let date = ("date", "Thu, 01 Jan 2026 00:10:00 GMT");
        check(&[date, ("anthropic-ratelimit-tokens-reset", "2026-01-01T00:10:03Z")], "", Some(3000));
        check(&[date, ("x-ratelimit-reset", "1767225600000")], "", Some(0));
    }

    #[test]
    fn nonsense_is_nothing_and_no_rest_is_for_ever() {
        check(&[], "", None);
        check(&[("retry-after", "soon")], "try again in a while", None);
        check(&[("retry-after", "-1")], "", None);
        check(&[("retry-after", "NaN")], "", None);
        check(&[("x-ratelimit-reset-requests", "")], "", None);
        check(&[("x-ratelimit-reset-requests", "5x")], "", None);
        check(&[("retry-after", "86400")], "", Some(3_600_000));
    }
}
