//! JSON: one value walked into readable lines, or JSONL with one document per line.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, SeqAccess, Visitor},
};

use super::{
    document::{BadLine, BlockKind, Document, NamedDocument, Reading},
    error::ReadError,
    outline::Outline,
    text,
};

/// A JSON value that keeps the order its writer chose.
#[derive(Debug)]
enum Ordered {
    Nothing,
    Scalar(String),
    List(Vec<Ordered>),
    Object(Vec<(String, Ordered)>),
}

/// A line of a JSONL file.
#[derive(Deserialize)]
struct Line {
    id: Ordered,
    #[serde(default)]
    title: Option<String>,
    text: String,
}

/// Reads one JSON value: objects become sections, their plain values `key: value`.
///
/// # Errors
/// [`ReadError::Damaged`] with line and column.
pub(super) fn read(text: &str) -> Result<Document, ReadError> {
    let value: Ordered =
        serde_json::from_str(text).map_err(|error| ReadError::Damaged { what: error.to_string() })?;
    let mut outline = Outline::default();
    add(&mut outline, value, 1);
    Ok(outline.finish())
}

/// Reads JSONL. A bad line is reported and the others are kept.
///
/// # Errors
/// [`ReadError::Damaged`] when no line is a document.
pub(super) fn read_lines(text: &str) -> Result<Reading, ReadError> {
    let mut reading = Reading::default();
    let mut names = HashSet::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match read_line(line) {
            Ok((name, _)) if !names.insert(name.clone()) => {
                reading
                    .bad_lines
                    .push(BadLine { line: index + 1, reason: format!("the id `{name}` is used twice") });
            }
            Ok((name, document)) => reading.documents.push(NamedDocument { name: Some(name), document }),
            Err(reason) => reading.bad_lines.push(BadLine { line: index + 1, reason }),
        }
    }
    match (reading.documents.is_empty(), reading.bad_lines.first()) {
        (false, _) => Ok(reading),
        (true, Some(bad)) => Err(ReadError::Damaged { what: format!("no line is a document; {bad}") }),
        (true, None) => Err(ReadError::Empty),
    }
}

fn read_line(line: &str) -> Result<(String, Document), String> {
    let line: Line = serde_json::from_str(line).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => format!("{error}; a line is {{\"id\", \"title\", \"text\"}}"),
        _ => format!("not JSON: {error}"),
    })?;
    let Ordered::Scalar(name) = line.id else {
        return Err("`id` is not a text or a number".to_owned());
    };
    if name.trim().is_empty() {
        return Err("`id` is empty".to_owned());
    }
    let mut outline = Outline::default();
    outline.set_title(line.title.as_deref().unwrap_or_default());
    text::add(&mut outline, &line.text);
    let document = outline.finish();
    if document.has_text() { Ok((name, document)) } else { Err("`text` is empty".to_owned()) }
}

/// Adds a value below the open headings. Plain values beside each other stay together in one block.
fn add(outline: &mut Outline, value: Ordered, level: u8) {
    match value {
        Ordered::Nothing => {}
        Ordered::Scalar(text) => outline.push(BlockKind::Paragraph, text),
        Ordered::List(values) => {
            for value in values {
                match flat(&value) {
                    Some(text) => outline.push(BlockKind::Row, text),
                    None => add(outline, value, level),
                }
            }
        }
        Ordered::Object(entries) => {
            let (plain, nested): (Vec<_>, Vec<_>) =
                entries.into_iter().partition(|(_, value)| plain(value).is_some());
            outline.push(BlockKind::Row, flat(&Ordered::Object(plain)).unwrap_or_default());
            for (key, value) in nested {
                outline.heading(level, &key);
                add(outline, value, level.saturating_add(1));
            }
        }
    }
}

/// An object of plain values in one line, or a plain value; `None` for anything deeper.
fn flat(value: &Ordered) -> Option<String> {
    let Ordered::Object(entries) = value else { return plain(value) };
    let mut parts = Vec::new();
    for (key, value) in entries {
        let text = plain(value)?;
        if !text.is_empty() {
            parts.push(format!("{key}: {text}"));
        }
    }
    Some(parts.join("; "))
}

/// A scalar or a list of scalars in one line.
fn plain(value: &Ordered) -> Option<String> {
    match value {
        Ordered::Nothing => Some(String::new()),
        Ordered::Scalar(text) => Some(text.clone()),
        Ordered::List(values) => {
            let scalar = |value: &Ordered| match value {
                Ordered::Scalar(text) => Some(text.clone()),
                _ => None,
            };
            Some(values.iter().map(scalar).collect::<Option<Vec<_>>>()?.join(", "))
        }
        Ordered::Object(_) => None,
    }
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;

        impl<'de> Visitor<'de> for Walk {
            type Value = Ordered;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_unit<E>(self) -> Result<Ordered, E> {
                Ok(Ordered::Nothing)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Ordered, E> {
                Ok(Ordered::Scalar(value.to_string()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Ordered, E> {
                Ok(Ordered::Scalar(value.to_string()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Ordered, E> {
                Ok(Ordered::Scalar(value.to_string()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Ordered, E> {
                Ok(Ordered::Scalar(value.to_string()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Ordered, E> {
                Ok(Ordered::Scalar(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Ordered, A::Error> {
                let mut list = Vec::new();
                while let Some(value) = values.next_element()? {
                    list.push(value);
                }
                Ok(Ordered::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Ordered, A::Error> {
                let mut object = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    object.push(entry);
                }
                Ok(Ordered::Object(object))
            }
        }

        deserializer.deserialize_any(Walk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_becomes_readable_lines_in_its_own_order() {
        let document = read(
            r#"{"sede":"Norte","horario":{"lunes":"9 a 18","pagos":["efectivo","Nequi"]},
                "servicios":[{"nombre":"Peeling","precio":90000,"nota":null},{"nombre":"Láser","fases":[{"n":1}]}]}"#,
        )
        .unwrap();
        let lines: Vec<_> =
            document.blocks.iter().map(|b| format!("{} | {}", b.heading.join(" › "), b.text)).collect();
        assert_eq!(
            lines,
            [
                " | sede: Norte",
                "horario | lunes: 9 a 18; pagos: efectivo, Nequi",
                "servicios | nombre: Peeling; precio: 90000",
                "servicios | nombre: Láser",
                "servicios › fases | n: 1",
            ]
        );
    }

    #[test]
    fn one_bad_line_does_not_cost_the_others() {
        let text = "{\"id\":\"a\",\"title\":\"Uno\",\"text\":\"Primero.\"}\n\n{\"id\":\"b\"}\nno\n{\"id\":7,\"text\":\"Dos.\"}\n\
                    {\"id\":\"a\",\"text\":\"Otra vez.\"}\n{\"id\":\"c\",\"text\":\" \"}";
        let reading = read_lines(text).unwrap();
        let names: Vec<_> = reading.documents.iter().filter_map(|d| d.name.as_deref()).collect();
        assert_eq!(names, ["a", "7"]);
        assert_eq!(reading.documents[0].document.title.as_deref(), Some("Uno"));
        let lines: Vec<_> = reading.bad_lines.iter().map(|bad| bad.line).collect();
        assert_eq!(lines, [3, 4, 6, 7]);
        assert!(reading.bad_lines[0].to_string().starts_with("line 3: missing field `text`"));
    }

    #[test]
    fn a_tower_of_brackets_is_an_error() {
        assert!(matches!(read(&"[".repeat(100_000)), Err(ReadError::Damaged { .. })));
    }
}
