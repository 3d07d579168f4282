//! Fills arguments into the address of a tool. Whatever an argument says, it stays in its place: it can name neither
//! another host nor another path, and adds no parameter to a query.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use url::Url;

use super::{RemoteError, address};

/// The longest text of one argument in an address, in bytes.
const MAX_ARGUMENT_BYTES: usize = 2000;

/// An address with its arguments in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filled {
    /// The address.
    pub(super) url: Url,
    /// The arguments that had a place in it.
    pub(super) used: BTreeSet<String>,
}

/// Fills a template. An argument that is missing takes its parameter of the query with it; in the path it must be
/// there.
///
/// # Errors
/// [`RemoteError::Arguments`] when an argument cannot be put there.
pub(super) fn fill(template: &str, arguments: &Map<String, Value>) -> Result<Filled, RemoteError> {
    let (before, query) = match template.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (template, None),
    };
    let behind_scheme = before.find("://").map_or(0, |at| at + 3);
    let path_at = before.get(behind_scheme..).and_then(|rest| rest.find('/')).map(|at| behind_scheme + at);
    let (place, path) = path_at.and_then(|at| before.split_at_checked(at)).unwrap_or((before, ""));
    let mut used = BTreeSet::new();
    let mut address = place.to_owned();
    for segment in path.split('/').skip(1) {
        address.push('/');
        address.push_str(&fill_segment(segment, arguments, &mut used)?);
    }
    let mut pairs = Vec::new();
    for pair in query.into_iter().flat_map(|query| query.split('&')) {
        if let Some(pair) = fill_pair(pair, arguments, &mut used)? {
            pairs.push(pair);
        }
    }
    if !pairs.is_empty() {
        address.push('?');
        address.push_str(&pairs.join("&"));
    }
    let url =
        Url::parse(&address).map_err(|_| RemoteError::Failed("the tool's address is wrong".to_owned()))?;
    let declared =
        Url::parse(place).map_err(|_| RemoteError::Failed("the tool's address is wrong".to_owned()))?;
    if !address::is_same_place(&url, &declared) {
        return Err(RemoteError::Arguments("an argument does not fit into the tool's address".to_owned()));
    }
    Ok(Filled { url, used })
}

/// Adds arguments to the query of an address.
pub(super) fn add_query(url: &mut Url, arguments: impl Iterator<Item = (String, String)>) {
    let mut arguments = arguments.peekable();
    if arguments.peek().is_some() {
        url.query_pairs_mut().extend_pairs(arguments);
    }
}

/// An argument as the text that stands for it in an address; none for null. A list or an object is JSON.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn fill_segment(
    segment: &str,
    arguments: &Map<String, Value>,
    used: &mut BTreeSet<String>,
) -> Result<String, RemoteError> {
    let mut plain = String::new();
    let mut encoded = String::new();
    for part in parts(segment) {
        match part {
            Part::Text(text) => {
                plain.push_str(text);
                encoded.push_str(text);
            }
            Part::Place(name) => {
                used.insert(name.to_owned());
                let value = arguments.get(name).and_then(text).unwrap_or_default();
                if value.trim().is_empty() {
                    return Err(RemoteError::Arguments(format!("`{name}` is missing")));
                }
                check(name, &value)?;
                plain.push_str(&value);
                encoded.push_str(&encode(&value));
            }
        }
    }
    // A server may decode before it looks for `..`, so the decoded words count.
    let climbs = plain.split(['/', '\\']).any(|part| matches!(part.trim(), "." | ".."));
    if climbs && encoded != segment {
        return Err(RemoteError::Arguments("an argument does not fit into the tool's address".to_owned()));
    }
    Ok(encoded)
}

fn fill_pair(
    pair: &str,
    arguments: &Map<String, Value>,
    used: &mut BTreeSet<String>,
) -> Result<Option<String>, RemoteError> {
    let mut encoded = String::new();
    for part in parts(pair) {
        match part {
            Part::Text(text) => encoded.push_str(text),
            Part::Place(name) => {
                used.insert(name.to_owned());
                let Some(value) = arguments.get(name).and_then(text) else { return Ok(None) };
                check(name, &value)?;
                encoded.push_str(&encode(&value));
            }
        }
    }
    Ok(Some(encoded))
}

fn check(name: &str, value: &str) -> Result<(), RemoteError> {
    if value.len() > MAX_ARGUMENT_BYTES {
        return Err(RemoteError::Arguments(format!("`{name}` is too long")));
    }
    if value.chars().any(char::is_control) {
        return Err(RemoteError::Arguments(format!("`{name}` has control characters in it")));
    }
    Ok(())
}

/// A part of a template.
enum Part<'a> {
    Text(&'a str),
    Place(&'a str),
}

fn parts(template: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((text, behind)) = rest.split_once('{') {
        let Some((name, after)) = behind.split_once('}') else { break };
        parts.push(Part::Text(text));
        parts.push(Part::Place(name));
        rest = after;
    }
    parts.push(Part::Text(rest));
    parts
}

/// Every byte but the unreserved characters (RFC 3986, 2.3) as `%XX`.
fn encode(value: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else if write!(encoded, "%{byte:02X}").is_err() {
            break;
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn filled(template: &str, arguments: Value) -> Result<String, String> {
        let Value::Object(arguments) = arguments else { panic!("{arguments}") };
        fill(template, &arguments).map(|filled| filled.url.to_string()).map_err(|error| error.to_string())
    }

    const ORDER: &str = "https://erp.example/api/orders/{order}/lines?lang={lang}&full=1";

    #[test]
    fn an_argument_stays_in_its_place() {
        let check = |order: &str, expected: &str| {
            assert_eq!(
                filled(ORDER, json!({"order": order})),
                Ok(format!("https://erp.example/api/orders/{expected}/lines?full=1"))
            );
        };
        check("A-17", "A-17");
        check("A/17", "A%2F17");
        check("a b&c=d#e?f", "a%20b%26c%3Dd%23e%3Ff");
        check("ñ", "%C3%B1");
        check("..17..", "..17..");
        check("%2e%2e", "%252e%252e");
        assert_eq!(
            filled(ORDER, json!({"order": 17, "lang": "e&s"})).unwrap(),
            "https://erp.example/api/orders/17/lines?lang=e%26s&full=1"
        );
    }

    #[test]
    fn an_argument_that_would_climb_or_is_not_there_is_refused() {
        for order in [
            json!(".."),
            json!("."),
            json!(" .. "),
            json!("x/../../admin"),
            json!("..\\admin"),
            json!(""),
            json!(null),
            json!("a\r\nb"),
        ] {
            let told = filled(ORDER, json!({"order": order}));
            assert!(told.is_err(), "{order}: {told:?}");
        }
        assert_eq!(filled("https://e.example/{a}{b}/x", json!({"a": ".", "b": "."})).ok(), None);
        assert_eq!(filled(ORDER, json!({})), Err("`order` is missing".to_owned()));
        assert!(filled(ORDER, json!({"order": "x".repeat(3000)})).is_err());
    }

    #[test]
    fn arguments_know_whether_they_had_a_place() {
        let arguments = json!({"order": "1", "other": "x"});
        let used = fill(ORDER, arguments.as_object().unwrap()).unwrap().used;
        assert_eq!(used, ["lang".to_owned(), "order".to_owned()].into());
    }

    proptest! {
        #[test]
        fn no_argument_leads_elsewhere(order in "\\PC{0,30}|[./\\\\%2eF?#@:]{1,12}", lang in "\\PC{0,20}") {
            let arguments = json!({"order": order, "lang": lang});
            if let Ok(filled) = fill(ORDER, arguments.as_object().unwrap()) {
                prop_assert_eq!(filled.url.host_str(), Some("erp.example"));
                let segments: Vec<_> = filled.url.path_segments().unwrap().collect();
                prop_assert_eq!((segments.len(), segments[0], segments[1], segments[3]), (4, "api", "orders", "lines"));
                let pairs: Vec<_> = filled.url.query_pairs().collect();
                prop_assert_eq!(pairs.len(), 2);
                prop_assert_eq!((pairs[0].1.as_ref(), pairs[1].1.as_ref()), (lang.as_str(), "1"));
            }
        }
    }
}
