//! JSON as models write it: also with single or curly quotes, bare keys, trailing commas, `True` and `None`, line
//! breaks in texts, and without the last braces.

use serde_json::{Map, Number, Value};

/// How deep values are nested at most.
const MAX_DEPTH: usize = 24;

/// The value that begins at `at`, and where it ends. A value whose closing braces are missing at the end of the text
/// is taken; one that breaks off in the middle of a text or of a number is not.
pub(super) fn parse(text: &str, at: usize) -> Option<(Value, usize)> {
    let rest = text.get(at..)?;
    let mut strict = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
    if let Some(Ok(value)) = strict.next() {
        return Some((value, at + strict.byte_offset()));
    }
    let mut reader = Reader { text, at };
    let value = reader.value(0)?;
    Some((value, reader.at))
}

/// The value that begins at `at` in a list of arguments: also a text in quotes or a word that ends at a comma or a
/// bracket.
pub(super) fn parse_argument(text: &str, at: usize) -> Option<(Value, usize)> {
    let mut reader = Reader { text, at };
    let value = reader.value(0)?;
    Some((value, reader.at))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn take(&mut self, wanted: char) -> bool {
        self.skip_spaces();
        let is_next = self.peek() == Some(wanted);
        if is_next {
            self.at += wanted.len_utf8();
        }
        is_next
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.skip_spaces();
        match self.peek()? {
            _ if depth > MAX_DEPTH => None,
            '{' => self.object(depth),
            '[' => self.array(depth),
            quote if closing_quote(quote).is_some() => self.quoted().map(Value::String),
            _ => self.bare(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.skip();
        let mut object = Map::new();
        loop {
            self.skip_spaces();
            // The end of the text closes what is open.
            if self.take('}') || self.rest().is_empty() {
                return Some(Value::Object(object));
            }
            let key = self.key()?;
            if !self.take(':') {
                return None;
            }
            let value = self.value(depth + 1)?;
            object.insert(key, value);
            self.skip_spaces();
            if !self.take(',') && !matches!(self.peek(), Some('}') | None) {
                return None;
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.skip();
        let mut values = Vec::new();
        loop {
            self.skip_spaces();
            if self.take(']') || self.rest().is_empty() {
                return Some(Value::Array(values));
            }
            values.push(self.value(depth + 1)?);
            self.skip_spaces();
            if !self.take(',') && !matches!(self.peek(), Some(']') | None) {
                return None;
            }
        }
    }

    fn key(&mut self) -> Option<String> {
        if self.peek().and_then(closing_quote).is_some() {
            return self.quoted();
        }
        let length = self.rest().find(|c: char| !c.is_alphanumeric() && c != '_' && c != '-')?;
        let key = self.rest().get(..length).filter(|key| !key.is_empty())?.to_owned();
        self.at += length;
        Some(key)
    }

    /// A quoted text. A quote inside it that nobody escaped is told by what follows: only a comma, a colon or a
    /// bracket comes behind the end.
    fn quoted(&mut self) -> Option<String> {
        let close = closing_quote(self.skip()?)?;
        let mut said = String::new();
        loop {
            match self.skip()? {
                '\\' => said.push(self.escaped()?),
                c if c == close && self.ends_here() => return Some(said),
                c => said.push(c),
            }
        }
    }

    fn ends_here(&self) -> bool {
        let rest = self.rest().trim_start();
        rest.is_empty() || rest.starts_with([',', ':', '}', ']', ')'])
    }

    fn escaped(&mut self) -> Option<char> {
        Some(match self.skip()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let digits = self.rest().get(..4)?;
                let code = u32::from_str_radix(digits, 16).ok()?;
                self.at += 4;
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            c => c,
        })
    }

    /// A number, `true`, `null` and the like. A word that is none of them is no value.
    fn bare(&mut self) -> Option<Value> {
        let end = self
            .rest()
            .find(|c: char| matches!(c, ',' | '}' | ']' | ')') || c.is_whitespace())
            .unwrap_or(self.rest().len());
        let word = self.rest().get(..end)?;
        let value = match word {
            "true" | "True" => Value::Bool(true),
            "false" | "False" => Value::Bool(false),
            "null" | "None" | "undefined" => Value::Null,
            _ => Value::Number(word.parse::<Number>().ok()?),
        };
        self.at += end;
        Some(value)
    }
}

/// The sign that ends what this one begins.
fn closing_quote(quote: char) -> Option<char> {
    match quote {
        '"' | '\'' | '`' => Some(quote),
        '“' => Some('”'),
        '‘' => Some('’'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_read_as_models_write_it() {
        for (text, expected) in [
            (r#"{"a": 1, "b": [true, null]} and more"#, json!({"a": 1, "b": [true, null]})),
            ("{'a': 'x', 'b': True,}", json!({"a": "x", "b": true})),
            ("{a: 'it's fine', b: None}", json!({"a": "it's fine", "b": null})),
            ("{“a”: “x”}", json!({"a": "x"})),
            ("{\"a\": \"dos\nlíneas\"}", json!({"a": "dos\nlíneas"})),
            (r#"{"a": "dijo "hola" y se fue"}"#, json!({"a": "dijo \"hola\" y se fue"})),
            (r#"{"a": {"b": [1, 2"#, json!({"a": {"b": [1, 2]}})),
            (r#"{"a": "x\u00e9\n""#, json!({"a": "xé\n"})),
        ] {
            assert_eq!(parse(text, 0).map(|(value, _)| value), Some(expected), "{text}");
        }
        assert_eq!(parse("ab {'a': 1} c", 3), Some((json!({"a": 1}), 11)));
    }

    #[test]
    fn what_breaks_off_is_no_value() {
        for text in
            [r#"{"a": "sin fin"#, r#"{"a""#, "{a b}", "{,}", "{'a': tal vez}", "[1 2]", &"[".repeat(100)]
        {
            assert_eq!(parse(text, 0), None, "{text}");
        }
    }
}
