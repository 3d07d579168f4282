//! Turns a tree of elements into headings and blocks, without recursion.

use dom_query::NodeRef;

use super::boilerplate::{is_around, is_invisible};
use crate::knowledge::read::{document::BlockKind, outline::Outline, table::Table};

/// Elements that begin and end a block of their own.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "blockquote",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "html",
    "li",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
];
/// A table with longer cells was made to place things on the page. In characters, on the average.
const LONGEST_CELL: usize = 200;

/// What is kept of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// All that is visible.
    All,
    /// Without menus, footers and the like.
    Content,
}

enum Step<'a> {
    Enter(NodeRef<'a>),
    Leave(String),
}

/// Adds what is below a node.
pub(super) fn walk(outline: &mut Outline, root: NodeRef<'_>, keep: Keep) {
    let mut walker = Walker { outline, text: String::new(), items: 0, term: String::new() };
    let mut steps = vec![Step::Enter(root)];
    while let Some(step) = steps.pop() {
        match step {
            Step::Leave(name) => walker.leave(&name),
            Step::Enter(node) if node.is_text() => walker.text.push_str(&one_line(&node.text())),
            Step::Enter(node) => {
                let name = node.node_name().map(|name| name.to_lowercase()).unwrap_or_default();
                if node.is_element() && is_invisible(&node, &name)
                    || node.is_comment()
                    || keep == Keep::Content && is_around(&node, &name)
                {
                    continue;
                }
                walker.enter(&name);
                if name == "table"
                    && let Some(table) = data_table(&node)
                {
                    table.add_to(walker.outline, false);
                    continue;
                }
                steps.push(Step::Leave(name));
                steps.extend(node.children_it(true).map(Step::Enter));
            }
        }
    }
    walker.flush(BlockKind::Paragraph);
}

struct Walker<'a> {
    outline: &'a mut Outline,
    text: String,
    /// How many list items are open.
    items: usize,
    /// The term of a definition list whose definition is awaited.
    term: String,
}

impl Walker<'_> {
    fn enter(&mut self, name: &str) {
        match name {
            "br" => self.text.push('\n'),
            "li" => {
                self.flush_open();
                self.items += 1;
            }
            _ if BLOCKS.contains(&name) => self.flush_open(),
            _ => {}
        }
    }

    fn leave(&mut self, name: &str) {
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let level = name.as_bytes().get(1).map_or(6, |digit| digit.saturating_sub(b'0'));
                let text = std::mem::take(&mut self.text);
                self.outline.heading(level, &text);
            }
            "li" => {
                self.flush(BlockKind::Item);
                self.items = self.items.saturating_sub(1);
            }
            "dt" => self.term = std::mem::take(&mut self.text),
            "dd" => {
                let term = std::mem::take(&mut self.term);
                let joint = if term.trim().is_empty() || term.trim_end().ends_with(['?', ':', '.']) {
                    " "
                } else {
                    ": "
                };
                self.text = format!("{}{joint}{}", term.trim_end(), self.text.trim_start());
                self.flush(BlockKind::Paragraph);
            }
            "dl" => {
                self.flush_open();
                let term = std::mem::take(&mut self.term);
                self.outline.push(BlockKind::Paragraph, term);
            }
            _ if BLOCKS.contains(&name) => self.flush_open(),
            _ => {}
        }
    }

    fn flush_open(&mut self) {
        self.flush(if self.items > 0 { BlockKind::Item } else { BlockKind::Paragraph });
    }

    fn flush(&mut self, kind: BlockKind) {
        self.outline.push(kind, std::mem::take(&mut self.text));
    }
}

/// The cells of a table that holds data; `None` for one that only places things.
fn data_table(table: &NodeRef<'_>) -> Option<Table> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for node in table.descendants_it().filter(NodeRef::is_element) {
        let name = node.node_name().unwrap_or_default();
        match name.as_ref() {
            "table" => return None,
            "tr" => rows.push(Vec::new()),
            "td" | "th" => {
                let cell: Vec<_> = node
                    .descendants_it()
                    .filter(NodeRef::is_text)
                    .filter(visible)
                    .map(|text| text.text())
                    .collect();
                let cell = cell.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(" ");
                rows.last_mut()?.push(one_line(&cell).trim().to_owned());
            }
            _ => {}
        }
    }
    rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
    let cells = rows.iter().map(Vec::len).sum::<usize>();
    let letters = rows.iter().flatten().map(|cell| cell.chars().count()).sum::<usize>();
    let has_columns = rows.len() >= 2 && rows.iter().filter(|row| row.len() >= 2).count() * 2 > rows.len();
    (has_columns && letters <= cells * LONGEST_CELL).then_some(Table { rows })
}

fn visible(text: &NodeRef<'_>) -> bool {
    !text.ancestors_it(Some(6)).any(|node| {
        let name = node.node_name().unwrap_or_default();
        node.is_element() && is_invisible(&node, &name)
    })
}

/// White space as a browser shows it.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' ' | '\t' | '\n' | '\r' | '\u{c}' if line.ends_with(' ') => {}
            ' ' | '\t' | '\n' | '\r' | '\u{c}' => line.push(' '),
            _ => line.push(c),
        }
    }
    line
}
