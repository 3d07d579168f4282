//! Tables as sentences: a row says by itself what each of its values is.

use super::{document::BlockKind, outline::Outline};

/// Names of the first column of a list of questions and answers.
const QUESTION_NAMES: &[&str] =
    &["pregunta", "preguntas", "question", "questions", "pergunta", "perguntas", "p", "q"];

/// A table being read.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The rows with their cells; rows may differ in length.
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    /// Adds every row as a block: `header: value; header: value`, or the bare values when there is no header.
    /// The first row is taken for the header when `marked` says so or when it looks like one.
    pub(super) fn add_to(self, outline: &mut Outline, marked: bool) {
        let mut rows: Vec<Vec<String>> = self
            .rows
            .into_iter()
            .map(|row| row.iter().map(|cell| one_line(cell)).collect::<Vec<_>>())
            .filter(|row| row.iter().any(|cell| !cell.is_empty()))
            .collect();
        let has_header = rows.len() > 1 && (marked || rows.first().is_some_and(|row| looks_like_header(row)));
        let header = if has_header { rows.remove(0) } else { Vec::new() };
        if rows.is_empty() {
            return;
        }
        let questions = is_question_list(&header, &rows);
        for row in rows {
            outline.push(BlockKind::Row, if questions { row.join(" ") } else { row_text(&header, &row) });
        }
    }
}

/// `header: value; header: value`, without the empty cells.
fn row_text(header: &[String], row: &[String]) -> String {
    let cells = row.iter().enumerate().filter(|(_, cell)| !cell.is_empty());
    let parts: Vec<String> = cells
        .map(|(column, cell)| match header.get(column).map(|name| name.trim_end_matches(':')) {
            Some(name) if !name.is_empty() => format!("{name}: {cell}"),
            _ => cell.clone(),
        })
        .collect();
    parts.join("; ")
}

/// Every cell a different short name, and no amount among them.
fn looks_like_header(row: &[String]) -> bool {
    let mut names: Vec<&str> = row.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    row.len() > 1
        && names.len() == row.len()
        && row.iter().all(|cell| {
            let value = |c: char| c.is_ascii_digit() || "$€£-+".contains(c);
            !cell.is_empty()
                && cell.chars().count() <= 60
                && !cell.starts_with(value)
                && !cell.ends_with(['.', '?'])
        })
}

/// Two columns, a question and its answer: read as people read them, without "question:" and "answer:".
fn is_question_list(header: &[String], rows: &[Vec<String>]) -> bool {
    let named = header.first().is_some_and(|name| QUESTION_NAMES.contains(&name.to_lowercase().as_str()));
    let asked = rows.iter().filter(|row| row.first().is_some_and(|cell| cell.ends_with('?'))).count();
    rows.iter().all(|row| row.len() <= 2) && (named || asked * 2 > rows.len())
}

fn one_line(cell: &str) -> String {
    cell.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(table: &[&[&str]], marked: bool) -> Vec<String> {
        let rows = table.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
        let mut outline = Outline::default();
        Table { rows }.add_to(&mut outline, marked);
        outline.finish().blocks.into_iter().map(|block| block.text).collect()
    }

    #[test]
    fn each_row_names_its_values() {
        let table: &[&[&str]] = &[&["Talla", "Precio"], &["M", "10"], &["", "12"], &["L", "15", "oferta"]];
        assert_eq!(
            rows(table, false),
            ["Talla: M; Precio: 10", "Precio: 12", "Talla: L; Precio: 15; oferta"]
        );
    }

    #[test]
    fn a_table_without_header_keeps_its_first_row() {
        assert_eq!(rows(&[&["Lunes", "9 a 18"], &["Sábado", "10"]], false), ["Lunes; 9 a 18", "Sábado; 10"]);
        assert_eq!(rows(&[&["5", "9"], &["6", "10"]], false), ["5; 9", "6; 10"]);
        assert_eq!(rows(&[&["sola", "fila"]], true), ["sola; fila"]);
    }

    #[test]
    fn questions_read_as_questions() {
        let table: &[&[&str]] = &[&["Pregunta", "Respuesta"], &["¿Hacen envíos?", "Sí, a todo el país."]];
        assert_eq!(rows(table, true), ["¿Hacen envíos? Sí, a todo el país."]);
    }
}
