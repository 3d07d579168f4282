//! Delimited tables: comma, semicolon, tab or bar, told apart by which of them cuts the rows most evenly.

use super::{document::Document, error::ReadError, outline::Outline, table::Table};

/// The delimiters tried, most usual first: the first wins a tie.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// How many rows the delimiter is judged by.
const SNIFFED_ROWS: usize = 50;

/// Reads a delimited table; each row becomes a block.
///
/// # Errors
/// [`ReadError::Damaged`] with the line of the broken row.
pub(super) fn read(text: &str) -> Result<Document, ReadError> {
    let mut outline = Outline::default();
    Table { rows: rows(text)? }.add_to(&mut outline, false);
    Ok(outline.finish())
}

/// The cells of every row, the header among them.
fn rows(text: &str) -> Result<Vec<Vec<String>>, ReadError> {
    let mut rows = Vec::new();
    for record in reader(text, sniff(text)).records() {
        let record = record.map_err(|error| ReadError::Damaged { what: error.to_string() })?;
        rows.push(record.iter().map(ToOwned::to_owned).collect());
    }
    Ok(rows)
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes())
}

/// The delimiter that gives most rows the same number of cells, and more than one.
fn sniff(text: &str) -> u8 {
    let score = |delimiter: u8| {
        let widths: Vec<usize> = reader(text, delimiter)
            .records()
            .take(SNIFFED_ROWS)
            .flatten()
            .map(|record| record.len())
            .collect();
        let first = widths.first().copied().unwrap_or(0);
        let even = widths.iter().filter(|width| **width == first).count();
        // Among delimiters that cut evenly the one with more cells wins.
        if first < 2 { 0 } else { even * 1000 / widths.len().max(1) * 100 + first.min(99) }
    };
    let mut best = (0, b',');
    for delimiter in DELIMITERS {
        let score = score(delimiter);
        if score > best.0 {
            best = (score, delimiter);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_recognised() {
        for text in ["a,b;c,d\n1,2,3\n", "a;b,c;d\n1;2,5;3\n", "a\tb\td\n1\t2,0\t3\n", "a|b|d\n1|2|3\n"] {
            assert!(rows(text).unwrap().iter().all(|row| row.len() == 3), "{text:?}");
        }
        assert_eq!(rows("solo una columna\nfila\n").unwrap().len(), 2);
    }

    #[test]
    fn the_csv_spectrum_reads_as_its_truth_says() {
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/documents/csv_spectrum");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "csv") {
                continue;
            }
            let rows = rows(&std::fs::read_to_string(&path).unwrap()).unwrap();
            // The set was once stored with its line ends made alike, but not in the truth.
            let truth =
                std::fs::read_to_string(path.with_extension("json")).unwrap().replace("\\r\\n", "\\n");
            let truth: Vec<std::collections::BTreeMap<String, String>> =
                serde_json::from_str(&truth).unwrap();
            let read: Vec<std::collections::BTreeMap<String, String>> = rows[1..]
                .iter()
                .map(|row| rows[0].iter().cloned().zip(row.iter().cloned()).collect())
                .collect();
            assert_eq!(read, truth, "{}", path.display());
            seen += 1;
        }
        assert_eq!(seen, 11);
    }
}
