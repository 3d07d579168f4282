//! Cuts delimited text into records and knows the line of each (<https://www.rfc-editor.org/rfc/rfc4180>).
//!
//! The `csv` crate reads what is broken as if it were not, and then a row swallows those behind it; here a quote that is
//! not closed or not doubled is an error of its line, and reading goes on with the next line.

/// A row of cells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// The line it begins in, from 1.
    pub(super) line: usize,
    pub(super) cells: Vec<String>,
    /// Whether a cell without quotes around it holds a quote.
    pub(super) bare_quote: bool,
}

impl Record {
    /// Whether nothing is in it.
    pub(super) fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}

/// A row that cannot be cut into cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ScanError {
    /// The line it begins in, from 1.
    pub(super) line: usize,
    pub(super) kind: ScanErrorKind,
}

/// What is wrong with its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScanErrorKind {
    /// Something follows a closing quote.
    Unescaped,
    /// The closing quote is missing.
    Unclosed,
}

impl ScanErrorKind {
    pub(super) fn message(self) -> String {
        match self {
            Self::Unescaped => {
                "a quote inside a quoted cell is not doubled; write \"\" for each, as in \"Tubo 1/2\"\" PVC\""
            }
            Self::Unclosed => {
                "a quoted cell is not closed; add the missing quote, or double the one inside of it"
            }
        }
        .to_owned()
    }
}

impl ScanError {
    pub(super) fn message(&self) -> String {
        self.kind.message()
    }
}

/// The records of a text whose first line has the number `first_line`.
pub(super) fn records(text: &str, delimiter: u8, first_line: usize) -> Records<'_> {
    Records { text, at: 0, line: first_line, delimiter }
}

/// Cuts one record after the other.
pub(super) struct Records<'a> {
    text: &'a str,
    /// Where the next record begins, in bytes.
    at: usize,
    /// The line of that place.
    line: usize,
    delimiter: u8,
}

/// The most lines of one quoted cell: a longer one is a quote that was forgotten.
const MAX_LINES: usize = 200;

impl Iterator for Records<'_> {
    type Item = Result<Record, ScanError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.text.len() {
            return None;
        }
        let line = self.line;
        match self.cut() {
            Ok((record, end, lines)) => {
                self.at = end;
                self.line += lines;
                Some(Ok(Record { line, ..record }))
            }
            Err(kind) => {
                // The next line is read as a row of its own.
                let rest = self.text.get(self.at..).unwrap_or_default();
                self.at += rest.find('\n').map_or(rest.len(), |end| end + 1);
                self.line += 1;
                Some(Err(ScanError { line, kind }))
            }
        }
    }
}

impl Records<'_> {
    /// The record at the place, where it ends, and how many lines it takes.
    fn cut(&self) -> Result<(Record, usize, usize), ScanErrorKind> {
        let bytes = self.text.as_bytes();
        let mut record = Record::default();
        let mut at = self.at;
        let mut lines = 0;
        loop {
            let (cell, end) = if bytes.get(at) == Some(&b'"') {
                let (cell, end, within) = self.quoted(at + 1)?;
                lines += within;
                (cell, end)
            } else {
                let rest = bytes.get(at..).unwrap_or_default();
                let length =
                    rest.iter().position(|byte| *byte == self.delimiter || *byte == b'\n' || *byte == b'\r');
                let end = at + length.unwrap_or(rest.len());
                let cell = self.text.get(at..end).unwrap_or_default();
                record.bare_quote |= cell.contains('"');
                (cell.to_owned(), end)
            };
            record.cells.push(cell);
            match bytes.get(end) {
                Some(byte) if *byte == self.delimiter => at = end + 1,
                Some(b'\r') if bytes.get(end + 1) == Some(&b'\n') => return Ok((record, end + 2, lines + 1)),
                Some(b'\n' | b'\r') => return Ok((record, end + 1, lines + 1)),
                _ => return Ok((record, end, lines + 1)),
            }
        }
    }

    /// The quoted cell whose words begin at `from`, where it ends, and the line ends in it.
    fn quoted(&self, from: usize) -> Result<(String, usize, usize), ScanErrorKind> {
        let bytes = self.text.as_bytes();
        let mut cell = String::new();
        let mut at = from;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(quote) = rest.iter().position(|byte| *byte == b'"').map(|length| at + length) else {
                return Err(ScanErrorKind::Unclosed);
            };
            cell.push_str(self.text.get(at..quote).unwrap_or_default());
            let lines = cell.bytes().filter(|byte| *byte == b'\n').count();
            if lines > MAX_LINES {
                return Err(ScanErrorKind::Unclosed);
            }
            match bytes.get(quote + 1) {
                Some(b'"') => {
                    cell.push('"');
                    at = quote + 2;
                }
                None | Some(b'\n' | b'\r') => return Ok((cell, quote + 1, lines)),
                Some(byte) if *byte == self.delimiter => return Ok((cell, quote + 1, lines)),
                // Spaces behind the quote do no harm.
                Some(b' ') => {
                    let spaces = bytes.get(quote + 1..).unwrap_or_default();
                    let spaces = spaces.iter().take_while(|byte| **byte == b' ').count();
                    let end = quote + 1 + spaces;
                    let is_end = match bytes.get(end) {
                        None | Some(b'\n' | b'\r') => true,
                        Some(byte) => *byte == self.delimiter,
                    };
                    return if is_end { Ok((cell, end, lines)) } else { Err(ScanErrorKind::Unescaped) };
                }
                Some(_) => return Err(ScanErrorKind::Unescaped),
            }
        }
    }
}
