//! A table of text with aligned columns, for people. Programs use `--json`.

use unicode_width::UnicodeWidthStr;

/// Columns with a header and rows of cells.
#[derive(Debug, Clone)]
pub struct Table {
    headers: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new<const N: usize>(headers: [&'static str; N]) -> Self {
        Self { headers: headers.to_vec(), rows: Vec::new() }
    }

    /// Adds a row. Control characters in a cell become spaces, so that data cannot move the cursor.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        let clean = |cell: String| cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.rows.push(cells.into_iter().map(clean).collect());
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines of text. A column whose cells are all numbers is aligned to the right.
    pub fn render(&self, header: anstyle::Style) -> String {
        let columns: Vec<(usize, bool)> =
            (0..self.headers.len()).map(|column| self.measure(column)).collect();
        let headers: Vec<String> = self.headers.iter().map(|text| text.to_uppercase()).collect();
        let mut text = format!("{header}{}{header:#}\n", line(&headers, &columns));
        for row in &self.rows {
            text.push_str(&line(row, &columns));
            text.push('\n');
        }
        text
    }

    /// The width of a column in terminal cells, and whether it holds numbers.
    fn measure(&self, column: usize) -> (usize, bool) {
        let cells = || self.rows.iter().filter_map(|row| row.get(column));
        let header = self.headers.get(column).map_or(0, |text| text.width());
        let width = cells().map(|cell| cell.width()).max().unwrap_or(0).max(header);
        let numbers = cells().all(|cell| cell.starts_with(|c: char| c.is_ascii_digit()) && is_number(cell));
        (width, numbers)
    }
}

fn is_number(cell: &str) -> bool {
    cell.chars().all(|c| c.is_ascii_digit() || ".,%".contains(c))
}

fn line(cells: &[String], columns: &[(usize, bool)]) -> String {
    let mut line = String::new();
    for (cell, (width, to_the_right)) in cells.iter().zip(columns) {
        let padding = " ".repeat(width.saturating_sub(cell.width()));
        if !line.is_empty() {
            line.push_str("  ");
        }
        if *to_the_right {
            line.push_str(&padding);
            line.push_str(cell);
        } else {
            line.push_str(cell);
            line.push_str(&padding);
        }
    }
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_what_the_terminal_shows() {
        let mut table = Table::new(["tenant", "name", "orders"]);
        table.row(["benova".into(), "Clínica 日本".into(), "9".into()]);
        table.row(["a".into(), "x\u{1b}[2J".into(), "120".into()]);
        insta::assert_snapshot!(table.render(anstyle::Style::new()), @r"
TENANT  NAME          ORDERS
benova  Clínica 日本       9
a       x [2J            120
");
    }
}
