//! Markdown: CommonMark with tables, task lists and a front matter title.

use pulldown_cmark::{CodeBlockKind, Event, MetadataBlockKind, Options, Parser, Tag, TagEnd};

use super::{
    document::{BlockKind, Document},
    html,
    limits::ReadLimits,
    outline::Outline,
    table::Table,
};

/// Reads Markdown.
pub(super) fn read(text: &str, limits: &ReadLimits) -> Document {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut reader = MarkdownReader::new(limits);
    for event in Parser::new_ext(text, options) {
        reader.event(event);
    }
    reader.flush();
    reader.outline.finish()
}

struct MarkdownReader<'a> {
    outline: Outline,
    limits: &'a ReadLimits,
    /// The text of the block being read.
    text: String,
    /// How many list items are open.
    items: usize,
    /// The numbers of the open lists; `None` for bullets.
    lists: Vec<Option<u64>>,
    table: Option<Table>,
    row: Vec<String>,
    /// The target of the open link and where its text began.
    link: Option<(String, usize)>,
    raw_html: String,
    front_matter: bool,
}

impl<'a> MarkdownReader<'a> {
    fn new(limits: &'a ReadLimits) -> Self {
        Self {
            outline: Outline::default(),
            limits,
            text: String::new(),
            items: 0,
            lists: Vec::new(),
            table: None,
            row: Vec::new(),
            link: None,
            raw_html: String::new(),
            front_matter: false,
        }
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.front_matter => self.front_matter(&text),
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.text.push_str(&text);
            }
            Event::SoftBreak => self.text.push(' '),
            Event::HardBreak => self.text.push('\n'),
            Event::Html(html) => self.raw_html.push_str(&html),
            Event::InlineHtml(tag) if tag.starts_with("<br") => self.text.push('\n'),
            Event::InlineHtml(_) | Event::FootnoteReference(_) | Event::TaskListMarker(_) => {}
            Event::Rule => self.flush(),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } | Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.flush();
            }
            Tag::List(first) => {
                self.flush();
                self.lists.push(first);
            }
            Tag::Item => {
                self.flush();
                self.items += 1;
                if let Some(Some(number)) = self.lists.last_mut() {
                    self.text = format!("{number}. ");
                    *number += 1;
                }
            }
            Tag::Table(_) => {
                self.flush();
                self.table = Some(Table::default());
            }
            Tag::TableCell => self.text.clear(),
            Tag::Link { dest_url, .. } => self.link = Some((dest_url.into_string(), self.text.len())),
            Tag::MetadataBlock(MetadataBlockKind::YamlStyle) => self.front_matter = true,
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => {
                let text = std::mem::take(&mut self.text);
                self.outline.heading(level as u8, &text);
            }
            TagEnd::Paragraph | TagEnd::CodeBlock => self.flush(),
            TagEnd::Item => {
                self.flush();
                self.items = self.items.saturating_sub(1);
            }
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
            }
            TagEnd::TableCell => self.row.push(std::mem::take(&mut self.text)),
            TagEnd::TableHead | TagEnd::TableRow => {
                if let Some(table) = &mut self.table {
                    table.rows.push(std::mem::take(&mut self.row));
                }
            }
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    table.add_to(&mut self.outline, true);
                }
            }
            TagEnd::Link => self.end_link(),
            TagEnd::HtmlBlock => {
                let html = std::mem::take(&mut self.raw_html);
                html::add_fragment(&mut self.outline, &html, self.limits);
            }
            TagEnd::MetadataBlock(_) => self.front_matter = false,
            _ => {}
        }
    }

    /// An address the customer may need stays beside its text: "Reserve aquí (https://…)".
    fn end_link(&mut self) {
        if let Some((url, from)) = self.link.take() {
            let shown = self.text.get(from..).unwrap_or_default();
            let bare = url.trim_start_matches("mailto:").trim_start_matches("tel:");
            let useful =
                ["http://", "https://", "mailto:", "tel:"].iter().any(|scheme| url.starts_with(scheme));
            if useful && !shown.contains(bare) {
                self.text.extend([" (", bare, ")"]);
            }
        }
    }

    fn front_matter(&mut self, yaml: &str) {
        let title = yaml.lines().find_map(|line| line.strip_prefix("title:"));
        if let Some(title) = title {
            self.outline.set_title(title.trim().trim_matches(['"', '\'']));
        }
    }

    fn flush(&mut self) {
        let kind = if self.items > 0 { BlockKind::Item } else { BlockKind::Paragraph };
        self.outline.push(kind, std::mem::take(&mut self.text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(text: &str) -> Vec<String> {
        let document = read(text, &ReadLimits::default());
        document
            .blocks
            .iter()
            .map(|b| format!("{} | {:?} | {}", b.heading.join(" › "), b.kind, b.text))
            .collect()
    }

    #[test]
    fn headings_lists_and_tables_keep_their_meaning() {
        let text = "# Precios\nVigentes **desde** enero,\nIVA incluido.\n\n## Faciales\n\n| Servicio | Precio |\n|---|--:|\n\
                    | Limpieza | $120.000 |\n| Peeling | |\n\n1. Reserve\n2. Pague\n   - con tarjeta\n\n[Reserve aquí](https://benova.example/r)\n";
        assert_eq!(
            outline(text),
            [
                "Precios | Paragraph | Vigentes desde enero, IVA incluido.",
                "Precios › Faciales | Row | Servicio: Limpieza; Precio: $120.000",
                "Precios › Faciales | Row | Servicio: Peeling",
                "Precios › Faciales | Item | 1. Reserve",
                "Precios › Faciales | Item | 2. Pague",
                "Precios › Faciales | Item | con tarjeta",
                "Precios › Faciales | Paragraph | Reserve aquí (https://benova.example/r)",
            ]
        );
    }

    #[test]
    fn front_matter_gives_the_title_and_html_is_read_as_html() {
        let text =
            "---\ntitle: \"Guía\"\n---\n<div><p>Uno</p><p>Dos</p></div>\n\nTres<br>Cuatro <b>cinco</b>\n";
        assert_eq!(read(text, &ReadLimits::default()).title.as_deref(), Some("Guía"));
        assert_eq!(
            outline(text),
            [" | Paragraph | Uno", " | Paragraph | Dos", " | Paragraph | Tres\nCuatro cinco"]
        );
    }
}
