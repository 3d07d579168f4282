//! Marks of Markdown and tables taken off, so that a sentence of a document reads well in a chat.

use std::sync::LazyLock;

use regex::Regex;

static LINK: LazyLock<Regex> = LazyLock::new(|| pattern(r"!?\[([^\]]*)\]\(([^)\s]+)[^)]*\)"));
static MARKS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\*\*|__|~~|`+"));
static EMPHASIS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(^|[\s(¿¡])[*_]([^*_\n]+)[*_]($|[\s).,;:!?])"));
static LINE_START: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*(#{1,6}\s+|>\s+)+"));
static ITEM: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*([-*•▪–]|\d{1,2}[.)])\s+"));

#[expect(clippy::expect_used, reason = "a constant pattern; the tests compile each")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a valid pattern")
}

/// A line of a document in plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The words.
    pub(super) text: String,
    /// Whether it was an item of a list or a row of a table, which stays on a line of its own.
    pub(super) is_item: bool,
    /// Whether it was a row of a table.
    pub(super) is_row: bool,
}

/// Takes the marks off a sentence, item or row.
pub(super) fn plain(text: &str) -> Line {
    let text = LINE_START.replace(text.trim(), "");
    let is_list_item = ITEM.is_match(&text);
    let text = ITEM.replace(&text, "");
    let is_table_row = text.starts_with('|') && text.ends_with('|') && text.len() > 1;
    let text = if is_table_row {
        text.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("; ")
    } else {
        text.into_owned()
    };
    let text = LINK.replace_all(&text, |link: &regex::Captures<'_>| match (link.get(1), link.get(2)) {
        (Some(words), Some(target))
            if target.as_str().contains("://") && words.as_str() != target.as_str() =>
        {
            format!("{} ({})", words.as_str(), target.as_str())
        }
        (Some(words), _) => words.as_str().to_owned(),
        _ => String::new(),
    });
    let text = MARKS.replace_all(&text, "");
    let text = EMPHASIS.replace_all(&text, "$1$2$3");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // "Servicio: Limpieza facial; Precio: $180.000" is how the chunker writes a row.
    let names_cells = text.split("; ").count() > 1 && text.split("; ").all(|cell| cell.contains(": "));
    Line { text, is_item: is_list_item || is_table_row || names_cells, is_row: is_table_row || names_cells }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_go_and_words_stay() {
        let check = |text: &str, expected: &str, is_item: bool| {
            let line = plain(text);
            assert_eq!((line.text.as_str(), line.is_item), (expected, is_item), "{text:?}");
        };
        check("## Precios", "Precios", false);
        check("- **Llegue** sin maquillaje", "Llegue sin maquillaje", true);
        check("2. Use `jabón` neutro", "Use jabón neutro", true);
        check("| Limpieza | 90 min | $180.000 |", "Limpieza; 90 min; $180.000", true);
        check("Servicio: Limpieza; Precio: $180.000", "Servicio: Limpieza; Precio: $180.000", true);
        check("Vea [la guía](guia.md) y *nada* más.", "Vea la guía y nada más.", false);
        check("Reserve [aquí](https://b.example/x).", "Reserve aquí (https://b.example/x).", false);
        check("Cuesta 5 * 3 y snake_case_name", "Cuesta 5 * 3 y snake_case_name", false);
    }
}
