//! A catalogue as a file: `sku,name,description,price,stock,category,active,image_url`, as spreadsheets in Spanish,
//! English and Portuguese write it. Everything that is wrong is told with its line; nothing is guessed about a price.

mod columns;
mod number;
mod scan;

use std::collections::HashMap;

use serde::Serialize;

use self::{
    columns::{Column, Columns},
    number::DecimalMark,
    scan::{Record, ScanError},
};
use crate::{
    domain::{
        money::{Currency, Money},
        product::{MAX_SKU_CHARS, Product, sku_key},
    },
    knowledge::read::decode_text,
};

/// The most rows of a file.
pub const MAX_ROWS: usize = 1_000_000;

/// The largest file, in bytes.
pub const MAX_FILE_BYTES: u64 = 512 * 1024 * 1024;

/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 300;

/// The longest category, in characters.
const MAX_CATEGORY_CHARS: usize = 120;

/// The longest description and address of a picture, in characters.
const MAX_TEXT_CHARS: usize = 4_000;

/// The largest stock: no shop has more, and a number that large is a mistake.
const MAX_STOCK: u32 = 1_000_000_000;

/// The delimiters tried, most usual first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// An empty catalogue with its header and an example, for `iass catalog template`.
pub const TEMPLATE: &str = "sku,name,description,price,stock,category,active,image_url\n\
    MAR-001,\"Martillo de uña 16 oz\",\"Mango de fibra de vidrio\",189.00,7,Herramienta,true,\n";

/// Something that is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowProblem {
    /// The line of the file, from 1.
    pub line: usize,
    /// The article number, where it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// What is wrong, and what to do.
    pub error: String,
}

/// Why a file is no catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The bytes are no text.
    #[error("the file is no text in an encoding that is known; save it as CSV in UTF-8")]
    Encoding,
    /// There is no header.
    #[error("the file is empty; `iass catalog template` prints one to begin with")]
    Empty,
    /// The header does not name what is needed.
    #[error(
        "line {line}: the header has no column for {missing}; it names {found}. Known are sku, name, description, price, stock, category, active, image_url"
    )]
    Header {
        /// The line of the header.
        line: usize,
        /// The columns that are missing.
        missing: String,
        /// The names that are there.
        found: String,
    },
    /// Two columns are the same.
    #[error("line {line}: the header names `{name}` twice")]
    TwiceInHeader {
        /// The line of the header.
        line: usize,
        /// The column.
        name: String,
    },
    /// There are too many rows.
    #[error("the file has more than {MAX_ROWS} rows; split it")]
    TooLong,
}

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// The products of the rows that are right, each number once.
    pub products: Vec<Product>,
    /// The rows that are not, in the order of their lines.
    pub failed: Vec<RowProblem>,
    /// What is odd but was read.
    pub warnings: Vec<RowProblem>,
}

/// Reads a catalogue whose prices are in `currency`.
///
/// # Errors
/// [`TableError`] when it is none. Rows that are wrong are in the result.
pub fn read(bytes: &[u8], currency: Currency) -> Result<Catalogue, TableError> {
    let text = decode_text(bytes).map_err(|_| TableError::Encoding)?;
    let text = text.trim_start_matches('\u{feff}');
    let (text, first_line, named) = declared_delimiter(text);
    let delimiter = named.unwrap_or_else(|| sniff(text));
    let mut records = scan::records(text, delimiter, first_line);
    let header = loop {
        match records.next() {
            None => return Err(TableError::Empty),
            Some(Ok(record)) if record.is_blank() => {}
            Some(Ok(record)) => break record,
            Some(Err(error)) => {
                return Err(TableError::Header {
                    line: error.line,
                    missing: "anything".to_owned(),
                    found: error.message(),
                });
            }
        }
    };
    let columns = Columns::read(&header)?;
    let mut rows: Vec<Record> = Vec::new();
    let mut catalogue = Catalogue::default();
    for record in records {
        match record {
            Ok(record) if record.is_blank() => {}
            Ok(record) => rows.push(record),
            Err(ScanError { line, kind }) => {
                catalogue.failed.push(RowProblem { line, sku: None, error: kind.message() });
            }
        }
        if rows.len() > MAX_ROWS {
            return Err(TableError::TooLong);
        }
    }
    let mark = DecimalMark::of(rows.iter().filter_map(|row| columns.cell(row, Column::Price)), currency);
    let mut lines: HashMap<String, usize> = HashMap::with_capacity(rows.len());
    for row in &rows {
        let reading = Reading { columns: &columns, row, mark, currency };
        match reading.product(&mut catalogue.warnings) {
            Ok(product) => match lines.entry(sku_key(&product.sku)) {
                std::collections::hash_map::Entry::Occupied(first) => catalogue.failed.push(RowProblem {
                    line: row.line,
                    sku: Some(product.sku),
                    error: format!(
                        "the number is in line {} already; give each product its own",
                        first.get()
                    ),
                }),
                std::collections::hash_map::Entry::Vacant(free) => {
                    free.insert(row.line);
                    catalogue.products.push(product);
                }
            },
            Err(error) => {
                let sku = columns.cell(row, Column::Sku).map(str::to_owned).filter(|sku| !sku.is_empty());
                catalogue.failed.push(RowProblem { line: row.line, sku, error });
            }
        }
    }
    catalogue.failed.sort_by_key(|problem| problem.line);
    Ok(catalogue)
}

/// Excel's own first line, `sep=;`, names the delimiter.
fn declared_delimiter(text: &str) -> (&str, usize, Option<u8>) {
    let line = text.lines().next().unwrap_or_default();
    let Some(mark) = line.trim().strip_prefix("sep=").and_then(|rest| rest.bytes().next()) else {
        return (text, 1, None);
    };
    (text.split_once('\n').map_or("", |(_, rest)| rest), 2, Some(mark))
}

/// The delimiter under which the header names the most columns that are known.
fn sniff(text: &str) -> u8 {
    let known = |delimiter: u8| {
        let mut records = scan::records(text, delimiter, 1).flatten().filter(|record| !record.is_blank());
        records.next().map_or(0, |header| Columns::known_in(&header))
    };
    let mut best = (0, b',');
    for delimiter in DELIMITERS {
        let known = known(delimiter);
        if known > best.0 {
            best = (known, delimiter);
        }
    }
    best.1
}

/// A row that is being read.
struct Reading<'a> {
    columns: &'a Columns,
    row: &'a Record,
    mark: DecimalMark,
    currency: Currency,
}

impl Reading<'_> {
    fn product(&self, warnings: &mut Vec<RowProblem>) -> Result<Product, String> {
        if self.row.cells.len() > self.columns.width
            && self.row.cells.iter().skip(self.columns.width).any(|cell| !cell.trim().is_empty())
        {
            return Err(format!(
                "the row has {} cells and the header {}; put cells that hold the delimiter in quotes",
                self.row.cells.len(),
                self.columns.width
            ));
        }
        let sku = self.required(Column::Sku, MAX_SKU_CHARS)?;
        if sku.chars().any(char::is_control) {
            return Err("`sku` holds control characters".to_owned());
        }
        let name = self.required(Column::Name, MAX_NAME_CHARS)?;
        let price = self.price()?;
        if price.minor == 0 {
            warnings.push(self.warning(&sku, "the price is 0: it will be given away"));
        }
        if is_shortened(&sku) {
            warnings.push(self.warning(
                &sku,
                "a spreadsheet shortened this number and lost its last digits; format the column as text and fill it in again",
            ));
        }
        if self.row.bare_quote {
            warnings.push(self.warning(
                &sku,
                "a quote inside a cell without quotes around it was read as it is; write \"Tubo 1/2\"\" PVC\" to be sure",
            ));
        }
        Ok(Product {
            stock: self.stock()?,
            description: self.text(Column::Description, MAX_TEXT_CHARS)?,
            category: self.text(Column::Category, MAX_CATEGORY_CHARS)?,
            active: self.active()?,
            image_url: self.text(Column::ImageUrl, MAX_TEXT_CHARS)?,
            sku,
            name,
            price,
            reserved: 0,
        })
    }

    fn warning(&self, sku: &str, text: &str) -> RowProblem {
        RowProblem { line: self.row.line, sku: Some(sku.to_owned()), error: text.to_owned() }
    }

    fn cell(&self, column: Column) -> &str {
        self.columns.cell(self.row, column).unwrap_or_default()
    }

    /// The text of a cell on one line.
    fn text(&self, column: Column, most_chars: usize) -> Result<String, String> {
        let text = self.cell(column).split_whitespace().collect::<Vec<_>>().join(" ");
        let chars = text.chars().count();
        if chars > most_chars {
            return Err(format!(
                "`{}` has {chars} characters; at most {most_chars} are taken",
                column.name()
            ));
        }
        Ok(text)
    }

    fn required(&self, column: Column, most_chars: usize) -> Result<String, String> {
        let text = self.text(column, most_chars)?;
        if text.is_empty() { Err(format!("`{}` is empty", column.name())) } else { Ok(text) }
    }

    fn price(&self) -> Result<Money, String> {
        let cell = self.required(Column::Price, 60)?;
        let plain = self
            .mark
            .plain(&cell)
            .ok_or_else(|| format!("`price` is {cell:?}; write a number such as 1250.50"))?;
        if plain.starts_with('-') {
            return Err(format!("`price` is negative: {cell:?}"));
        }
        Money::parse_main(&plain, self.currency).map_err(|error| format!("`price` {error}"))
    }

    fn stock(&self) -> Result<u32, String> {
        let cell = self.required(Column::Stock, 60)?;
        let wrong = || format!("`stock` is {cell:?}; write a whole number of pieces");
        let plain = number::whole(&cell).ok_or_else(wrong)?;
        if plain < 0 {
            return Err(format!("`stock` is negative: {cell:?}"));
        }
        u32::try_from(plain).ok().filter(|stock| *stock <= MAX_STOCK).ok_or_else(wrong)
    }

    fn active(&self) -> Result<bool, String> {
        let cell = self.cell(Column::Active).trim();
        let folded = crate::text::fold(cell);
        match folded.as_str() {
            "" | "true" | "t" | "1" | "si" | "s" | "sim" | "yes" | "y" | "x" | "activo" | "activa"
            | "ativo" | "ativa" | "active" | "verdadero" | "verdadeiro" | "v" | "on" => Ok(true),
            "false" | "f" | "0" | "no" | "n" | "nao" | "inactivo" | "inactiva" | "inativo" | "inativa"
            | "inactive" | "falso" | "off" => Ok(false),
            _ => Err(format!("`active` is {cell:?}; write true or false")),
        }
    }
}

/// Whether a number is what a spreadsheet makes of a long one: `7.50103E+12`.
fn is_shortened(sku: &str) -> bool {
    let Some((digits, power)) = sku.split_once("E+").or_else(|| sku.split_once("e+")) else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number(power) && digits.split(['.', ',']).all(is_number)
}

#[cfg(test)]
mod tests;
