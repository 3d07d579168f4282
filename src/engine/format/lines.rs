//! Markdown that takes whole lines: headings, lists, tables, rules, fences.

/// The text with its lines as a chat shows them.
pub(super) fn plain(text: &str) -> String {
    let mut result: Vec<String> = Vec::new();
    let mut header: Option<Vec<String>> = None;
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim();
        if is_fence(trimmed) || is_rule(trimmed) {
            result.push(String::new());
            continue;
        }
        let Some(cells) = cells(trimmed) else {
            header = None;
            result.push(plain_line(trimmed));
            continue;
        };
        if is_divider(&cells) {
            continue;
        }
        let next = lines.get(at + 1).and_then(|next| self::cells(next.trim()));
        match &header {
            None if next.is_some_and(|next| is_divider(&next)) => header = Some(cells),
            header => result.push(row(header.as_deref(), &cells)),
        }
    }
    result.join("\n")
}

fn is_fence(line: &str) -> bool {
    line.strip_prefix("```").or_else(|| line.strip_prefix("~~~")).is_some_and(|language| {
        language.len() <= 12 && language.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    })
}

/// `---`, `***`, `___`, also with spaces between.
fn is_rule(line: &str) -> bool {
    let marks: String = line.chars().filter(|c| *c != ' ').collect();
    marks.len() >= 3 && ["-", "*", "_", "="].iter().any(|mark| marks.replace(mark, "").is_empty())
}

/// The cells of a row of a table.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.strip_prefix('|')?.trim_end().strip_suffix('|')?;
    Some(inner.split('|').map(|cell| cell.trim().to_owned()).collect())
}

fn is_divider(cells: &[String]) -> bool {
    cells.iter().all(|cell| !cell.is_empty() && cell.chars().all(|c| matches!(c, '-' | ':')))
}

/// A row as an item: "- Básico: $29.900", or with the names of its columns when it has more than two.
fn row(header: Option<&[String]>, cells: &[String]) -> String {
    let Some((first, rest)) = cells.split_first() else { return String::new() };
    let values: Vec<String> = rest
        .iter()
        .enumerate()
        .filter(|(_, value)| !value.is_empty())
        .map(|(at, value)| match header.and_then(|names| names.get(at + 1)).filter(|name| !name.is_empty()) {
            Some(name) if rest.len() > 1 => format!("{} {value}", name.to_lowercase()),
            _ => value.clone(),
        })
        .collect();
    if values.is_empty() { format!("- {first}") } else { format!("- {first}: {}", values.join(", ")) }
}

/// A heading as a bold line, an item of a list with a dash, a quotation without its mark.
fn plain_line(line: &str) -> String {
    let hashes = line.len() - line.trim_start_matches('#').len();
    if (1..=6).contains(&hashes)
        && let Some(heading) = line.get(hashes..).filter(|rest| rest.starts_with(' '))
    {
        let heading = heading.trim().trim_end_matches('#').trim().replace("**", "").replace("__", "");
        return if heading.is_empty() { String::new() } else { format!("*{}*", heading.trim_matches('*')) };
    }
    let line = line.strip_prefix("> ").unwrap_or(line);
    for mark in ["* ", "+ ", "• ", "● ", "◦ ", "▪ ", "– ", "— ", "· ", "-  ", "*\t", "-\t"] {
        if let Some(item) = line.strip_prefix(mark) {
            return format!("- {}", item.trim_start());
        }
    }
    let unticked = line.strip_prefix("- [ ] ").or_else(|| line.strip_prefix("- [x] "));
    unticked.map_or_else(|| line.to_owned(), |item| format!("- {item}"))
}
