//! Plain text: paragraphs between blank lines, list items, and the headings people draw with capitals or underlines.

use super::{
    document::{BlockKind, Document},
    outline::Outline,
};

/// A longer line in capitals is shouting, not a heading. In characters.
const LONGEST_HEADING: usize = 70;
/// Paragraphs whose longest line reaches this many characters were wrapped by a program; shorter lines are the writer's.
const WRAPPED_FROM: usize = 55;

/// Reads plain text.
pub(super) fn read(text: &str) -> Document {
    let mut outline = Outline::default();
    add(&mut outline, text);
    outline.finish()
}

/// Adds plain text below the open headings.
pub(super) fn add(outline: &mut Outline, text: &str) {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{c}', '\u{2029}'], "\n");
    let mut paragraph: Vec<&str> = Vec::new();
    for line in text.split('\n').chain([""]) {
        if !line.trim().is_empty() {
            paragraph.push(line.trim());
            continue;
        }
        add_paragraph(outline, &std::mem::take(&mut paragraph));
    }
}

fn add_paragraph(outline: &mut Outline, lines: &[&str]) {
    match lines {
        [] => {}
        [title, line, rest @ ..] if underlines(line) => {
            outline.heading(if line.starts_with('=') { 1 } else { 2 }, title);
            add_paragraph(outline, rest);
        }
        [title] if is_capitals(title) => outline.heading(2, title),
        _ => {
            for part in join_wrapped(lines) {
                let kind = if item_text(&part).is_some() { BlockKind::Item } else { BlockKind::Paragraph };
                outline.push(kind, item_text(&part).unwrap_or(&part));
            }
        }
    }
}

/// Joins lines that a program wrapped. An item begins a block of its own; other short lines stay lines of one block.
fn join_wrapped(lines: &[&str]) -> Vec<String> {
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let mut parts: Vec<String> = Vec::new();
    let mut previous = 0;
    for line in lines {
        let continues = longest >= WRAPPED_FROM && previous * 10 >= longest * 7;
        match parts.last_mut() {
            Some(part) if item_text(line).is_none() => {
                part.push(if continues { ' ' } else { '\n' });
                part.push_str(line);
            }
            _ => parts.push((*line).to_owned()),
        }
        previous = line.chars().count();
    }
    parts
}

/// The text of a list item without its bullet; numbers stay, they may be meant ("1. Reserve su cita").
fn item_text(line: &str) -> Option<&str> {
    let rest = line.strip_prefix(['-', '*', '•', '·', '–', '▪', '◦', '‣', '●', '○', '✓', '✔'])?;
    rest.starts_with(char::is_whitespace).then(|| rest.trim_start()).filter(|rest| !rest.is_empty())
}

fn underlines(line: &str) -> bool {
    line.len() >= 3 && (line.bytes().all(|b| b == b'=') || line.bytes().all(|b| b == b'-'))
}

fn is_capitals(line: &str) -> bool {
    let letters = line.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 4
        && line.chars().count() <= LONGEST_HEADING
        && !line.chars().any(char::is_lowercase)
        && line.chars().any(char::is_uppercase)
        && !line.ends_with(['.', ',', ';'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(text: &str) -> Vec<String> {
        let document = read(text);
        document
            .blocks
            .iter()
            .map(|b| format!("{} | {:?} | {}", b.heading.join(" › "), b.kind, b.text))
            .collect()
    }

    #[test]
    fn headings_items_and_paragraphs_are_told_apart() {
        let text = "POLÍTICA DE CAMBIOS\r\n\r\nTiene 30 días.\r\n\r\nEnvíos\r\n------\r\nA todo el país:\r\n- Bogotá\r\n- Cali\r\n";
        assert_eq!(
            outline(text),
            [
                "POLÍTICA DE CAMBIOS | Paragraph | Tiene 30 días.",
                "Envíos | Paragraph | A todo el país:",
                "Envíos | Item | Bogotá",
                "Envíos | Item | Cali",
            ]
        );
    }

    #[test]
    fn wrapped_lines_are_joined_and_short_lines_kept() {
        let wrapped =
            "Los cambios se aceptan dentro de los treinta días siguientes a la\ncompra, con el recibo.";
        assert!(outline(wrapped)[0].ends_with("a la compra, con el recibo."));
        assert!(
            outline("Calle 10 # 5-20\nBogotá\nTel. 601 555 0101")[0]
                .ends_with("5-20\nBogotá\nTel. 601 555 0101")
        );
    }
}
