//! Puts lines into headings, paragraphs, list items and table rows, and leaves out what every page repeats.

use std::collections::HashMap;

use super::lines::Line;
use crate::knowledge::read::{document::BlockKind, outline::Outline};

/// A heading is set at least this much larger than the body.
const HEADING_SIZE: f64 = 1.12;
/// A longer heading is a paragraph in large type. In characters.
const LONGEST_HEADING: usize = 160;
/// More sizes than this are decoration, not levels.
const LEVELS: usize = 4;
/// Lines of one paragraph are at most this many font sizes apart.
const LINE_STEP: f64 = 1.75;
/// A line of the same paragraph begins within this many font sizes of the one above.
const FARTHEST_INDENT: f64 = 4.0;
/// How many lines at the top and the bottom of a page may be a running header or footer.
const MARGIN_LINES: usize = 2;
/// A running header is on at least this many pages, and on more than half of them.
const REPEATED_PAGES: usize = 3;
/// How list items begin, when a space follows. The private ones are bullets of Symbol and Wingdings.
const BULLETS: &[char] = &[
    '•', '-', '–', '·', '▪', '●', '○', '◦', '‣', '*', '✓', '✔', '➢', '■', '□', '\u{f0b7}', '\u{f0a7}',
    '\u{f0d8}',
];

/// Adds the text of all pages.
pub(super) fn add(outline: &mut Outline, mut pages: Vec<Vec<Line>>) {
    drop_repeated(&mut pages);
    let body = body_size(&pages);
    let sizes = heading_sizes(&pages, body);
    let mut paragraph = Paragraph::default();
    for page in pages {
        paragraph.page_break();
        for line in page {
            if !paragraph.takes(&line) {
                std::mem::take(&mut paragraph).add_to(outline, &sizes);
            }
            paragraph.push(line);
        }
    }
    paragraph.add_to(outline, &sizes);
}

/// Lines that belong together.
#[derive(Debug, Default)]
struct Paragraph {
    lines: Vec<Line>,
    /// The right end of its longest line.
    right: f64,
    /// Whether a page ended after its last line.
    broken: bool,
}

impl Paragraph {
    fn page_break(&mut self) {
        self.broken = true;
    }

    /// Whether a line continues the paragraph.
    fn takes(&self, line: &Line) -> bool {
        let Some(last) = self.lines.last() else { return true };
        if (line.size - last.size).abs() > 0.08 * last.size || line.angle != last.angle {
            return false;
        }
        let begins_item = bullet(&line.text).is_some() || is_numbered(&line.text);
        if line.gaps > 0 || last.gaps > 0 || begins_item {
            return false;
        }
        let text = last.text.trim_end();
        let hyphenated = text.ends_with('-') && begins_lowercase(&line.text);
        if self.broken {
            // Over a page break only the words can tell.
            return hyphenated || begins_lowercase(&line.text) && !text.ends_with(['.', ':', '!', '?']);
        }
        let step = last.height - line.height;
        if hyphenated {
            return true;
        }
        if step <= 0.0 || step > LINE_STEP * last.size {
            // A step up is the top of the next column; there a sentence may go on.
            return step < -LINE_STEP * last.size
                && begins_lowercase(&line.text)
                && !text.ends_with(['.', ':']);
        }
        if (line.start - last.start).abs() > FARTHEST_INDENT * last.size {
            return false;
        }
        let is_short = last.end < self.right - 0.2 * (self.right - last.start);
        let is_indented = self.lines.len() > 1 && line.start > last.start + 0.8 * last.size;
        let ends_sentence = text.ends_with(['.', ':', '!', '?', '”', '"']);
        !(ends_sentence && (is_short || is_indented))
    }

    fn push(&mut self, line: Line) {
        self.right = if self.lines.is_empty() { line.end } else { self.right.max(line.end) };
        self.broken = false;
        self.lines.push(line);
    }

    fn add_to(self, outline: &mut Outline, sizes: &[i64]) {
        let Some(first) = self.lines.first() else { return };
        let mut text = String::new();
        for line in &self.lines {
            append_line(&mut text, line.text.trim());
        }
        let level = sizes.iter().position(|size| *size == rounded(first.size));
        let has_words = text.chars().filter(|c| c.is_alphabetic()).count() >= 3;
        match level {
            Some(level)
                if has_words
                    && text.chars().count() <= LONGEST_HEADING
                    && !text.ends_with(['.', ',', ';']) =>
            {
                outline.heading(u8::try_from(level + 1).unwrap_or(u8::MAX), &text);
            }
            _ => match bullet(&text) {
                Some(item) => outline.push(BlockKind::Item, item),
                None if is_numbered(&text) => outline.push(BlockKind::Item, text),
                None if first.gaps > 0 => outline.push(BlockKind::Row, text),
                None => outline.push(BlockKind::Paragraph, text),
            },
        }
    }
}

/// Joins a line to the text before it; a word that was cut at the line's end becomes whole again.
fn append_line(text: &mut String, line: &str) {
    let cut =
        text.strip_suffix(['-', '\u{ad}', '\u{2010}']).filter(|rest| rest.ends_with(char::is_alphabetic));
    match cut.map(str::len) {
        Some(length) if begins_lowercase(line) => text.truncate(length),
        _ if text.is_empty() => {}
        _ => text.push(' '),
    }
    text.extend(line.chars().filter(|c| !is_private(*c)));
}

fn begins_lowercase(text: &str) -> bool {
    text.trim_start().starts_with(char::is_lowercase)
}

fn is_private(c: char) -> bool {
    (('\u{e000}'..='\u{f8ff}').contains(&c) || c >= '\u{f0000}') && !BULLETS.contains(&c)
}

/// The text of a list item without its bullet.
fn bullet(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix(BULLETS)?;
    rest.starts_with(char::is_whitespace).then(|| rest.trim_start())
}

/// Whether a line begins as `1.`, `2)` or `b)` do.
fn is_numbered(line: &str) -> bool {
    let label = line.split_whitespace().next().unwrap_or_default();
    let inner = label.strip_suffix(['.', ')']).unwrap_or_default();
    let is_number = !inner.is_empty() && inner.len() <= 2 && inner.bytes().all(|b| b.is_ascii_digit());
    let is_letter = inner.len() == 1 && label.ends_with(')') && inner.bytes().all(|b| b.is_ascii_lowercase());
    (is_number || is_letter) && line.trim().len() > label.len()
}

/// A font size in fifths of a point, so that sizes compare.
#[expect(clippy::cast_possible_truncation, reason = "font sizes are small; a huge one only saturates")]
fn rounded(size: f64) -> i64 {
    (size * 5.0).round() as i64
}

/// The size in which most letters are set.
fn body_size(pages: &[Vec<Line>]) -> i64 {
    let mut letters: HashMap<i64, usize> = HashMap::new();
    for line in pages.iter().flatten() {
        *letters.entry(rounded(line.size)).or_default() += line.text.len();
    }
    letters.into_iter().max_by_key(|(size, count)| (*count, *size)).map_or(0, |(size, _)| size)
}

/// The sizes of headings, largest first.
fn heading_sizes(pages: &[Vec<Line>], body: i64) -> Vec<i64> {
    #[expect(clippy::cast_precision_loss, reason = "font sizes are small")]
    let is_large = |size: &i64| *size as f64 >= body as f64 * HEADING_SIZE;
    let mut sizes: Vec<i64> =
        pages.iter().flatten().map(|line| rounded(line.size)).filter(is_large).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes.dedup();
    sizes.truncate(LEVELS);
    sizes
}

/// Leaves out running headers, footers and page numbers.
fn drop_repeated(pages: &mut [Vec<Line>]) {
    let mut pages_with: HashMap<String, usize> = HashMap::new();
    for page in pages.iter() {
        let mut seen: Vec<String> =
            margins(page).into_iter().filter_map(|i| page.get(i)).map(pattern).collect();
        seen.sort_unstable();
        seen.dedup();
        for text in seen {
            *pages_with.entry(text).or_default() += 1;
        }
    }
    let half = pages.len() / 2;
    for page in pages {
        let in_margin = margins(page);
        let mut index = 0;
        page.retain(|line| {
            let count = pages_with.get(&pattern(line)).copied().unwrap_or(0);
            let repeated = count >= REPEATED_PAGES && count > half && in_margin.contains(&index);
            index += 1;
            !repeated
        });
    }
}

/// The places of the highest and the lowest lines of a page.
fn margins(page: &[Line]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..page.len()).collect();
    let height = |index: &usize| page.get(*index).map_or(0.0, |line| line.height);
    order.sort_by(|a, b| height(b).total_cmp(&height(a)));
    let last = order.len().saturating_sub(MARGIN_LINES);
    order
        .iter()
        .enumerate()
        .filter(|(at, _)| *at < MARGIN_LINES || *at >= last)
        .map(|(_, index)| *index)
        .collect()
}

/// A line with its numbers made alike: "Página 3 de 12" repeats "Página 2 de 12".
fn pattern(line: &Line) -> String {
    let mut text = String::new();
    for c in line.text.trim().chars() {
        match c {
            '0'..='9' if text.ends_with('#') => {}
            '0'..='9' => text.push('#'),
            _ => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, height: f64, size: f64) -> Line {
        let end = 50.0 + 5.0 * f64::from(u16::try_from(text.len()).unwrap());
        Line { text: text.to_owned(), angle: 0, start: 50.0, end, height, size, votes: 1, gaps: 0 }
    }

    fn read(pages: Vec<Vec<Line>>) -> Vec<String> {
        let mut outline = Outline::default();
        add(&mut outline, pages);
        let blocks = outline.finish().blocks;
        blocks.iter().map(|b| format!("{} | {:?} | {}", b.heading.join(" › "), b.kind, b.text)).collect()
    }

    #[test]
    fn size_makes_headings_and_cut_words_become_whole() {
        let page = vec![
            line("Protocolo de limpieza", 700.0, 18.0),
            line("La limpieza facial pro-", 670.0, 10.0),
            line("funda dura una hora y no requiere reposo.", 658.0, 10.0),
            line("• Traiga su documento", 640.0, 10.0),
            line("• Llegue puntual", 628.0, 10.0),
        ];
        assert_eq!(
            read(vec![page]),
            [
                "Protocolo de limpieza | Paragraph | La limpieza facial profunda dura una hora y no requiere reposo.",
                "Protocolo de limpieza | Item | Traiga su documento",
                "Protocolo de limpieza | Item | Llegue puntual",
            ]
        );
    }

    #[test]
    fn a_table_below_a_list_is_not_part_of_its_last_item() {
        let cell = |text: &str, start: f64, height: f64| Line {
            start,
            end: start + 40.0,
            ..line(text, height, 10.0)
        };
        let page = vec![
            line("• Resto del país: tres días", 700.0, 10.0),
            cell("Ciudad Costo", 250.0, 688.0),
            Line { gaps: 1, ..cell("Cali $12.000", 250.0, 676.0) },
        ];
        assert_eq!(
            read(vec![page]),
            [" | Item | Resto del país: tres días", " | Paragraph | Ciudad Costo", " | Row | Cali $12.000"]
        );
    }

    #[test]
    fn what_every_page_repeats_is_left_out() {
        let page = |n: usize| {
            vec![
                line("Clínica Benova", 800.0, 10.0),
                line(&format!("Texto propio de la hoja {}.", ["uno", "dos", "tres"][n]), 700.0, 10.0),
                line(["Algo más.", "Algo menos.", "Nada más."][n], 600.0, 10.0),
                line(&format!("Página {n} de 12"), 30.0, 10.0),
            ]
        };
        let text = read(vec![page(0), page(1), page(2)]).join("\n");
        assert!(!text.contains("Página") && !text.contains("Benova"), "{text}");
        assert!(
            text.contains("hoja uno") && text.contains("hoja tres") && text.contains("Algo más"),
            "{text}"
        );
    }

    #[test]
    fn a_sentence_goes_on_over_the_page_break() {
        let pages =
            vec![vec![line("Los pagos se hacen", 40.0, 10.0)], vec![line("antes de la cita.", 800.0, 10.0)]];
        assert_eq!(read(pages), [" | Paragraph | Los pagos se hacen antes de la cita."]);
    }
}
