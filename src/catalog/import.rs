//! Bringing a file into the catalogue: read and checked first, what it is found by made on all cores, and then applied in
//! one transaction, so that it is there at once or not at all.

use std::{collections::BTreeSet, fmt::Write as _, num::NonZero, time::Duration};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{
    index,
    table::{self, RowProblem, TableError},
    terms::{self, Analyst},
};
use crate::{
    clock::Clock,
    domain::{language::Language, money::Currency, product::Product},
    store::{
        StoreError, TenantDb,
        product_import::{CatalogWord, Import, ImportChanges, Imported, Missing, Mode, NewProduct},
    },
};

/// What is done with rows that are wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadRows {
    /// One of them, and nothing is imported.
    Refuse,
    /// They are left out.
    Skip,
}

/// How a file is imported.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// The currency of its prices.
    pub currency: Currency,
    /// The language of its words.
    pub language: Language,
    /// What happens to products that it does not have.
    pub missing: Missing,
    /// Whether anything is stored.
    pub mode: Mode,
    /// What is done with rows that are wrong.
    pub bad_rows: BadRows,
    /// Who does it, as the audit log names them.
    pub actor: String,
}

impl ImportOptions {
    /// All rows or none, and what the file does not have stays; in the operator's name.
    pub fn new(currency: Currency, language: Language) -> Self {
        Self {
            currency,
            language,
            missing: Missing::Keep,
            mode: Mode::Apply,
            bad_rows: BadRows::Refuse,
            actor: "operator".to_owned(),
        }
    }
}

/// What came of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Rows that were read, those that are wrong among them.
    pub rows: usize,
    /// What changed, or would change.
    #[serde(flatten)]
    pub changes: ImportChanges,
    /// The rows that are wrong.
    pub failed: Vec<RowProblem>,
    /// What is odd but was read.
    pub warnings: Vec<RowProblem>,
    /// Whether the catalogue is now so.
    pub applied: bool,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is no catalogue.
    #[error(transparent)]
    Table(#[from] TableError),
    /// More would be removed than is allowed.
    #[error("{removed} of {of} products are not in the file, and that is more than may be removed")]
    TooManyRemoved {
        /// The products that would go.
        removed: usize,
        /// The products there are.
        of: usize,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Imports a file. Blocking.
///
/// When rows are wrong and [`BadRows::Refuse`] is asked for, the report tells them and nothing is applied.
///
/// # Errors
/// [`ImportError`]: nothing was changed.
pub fn import(
    db: &TenantDb,
    bytes: &[u8],
    options: ImportOptions,
    clock: &Clock,
) -> Result<ImportReport, ImportError> {
    let begun = tokio::time::Instant::now();
    let took = || u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let catalogue = table::read(bytes, options.currency)?;
    let mut report = ImportReport {
        rows: catalogue.products.len() + catalogue.failed.len(),
        failed: catalogue.failed,
        warnings: catalogue.warnings,
        ..ImportReport::default()
    };
    let is_refused = !report.failed.is_empty() && options.bad_rows == BadRows::Refuse;
    // What would change is told of a file that is refused, too.
    let mode = if is_refused { Mode::Preview } else { options.mode };
    let (products, words) = match mode {
        Mode::Apply => {
            index::refresh_terms(db, options.language)?;
            with_terms(catalogue.products, options.language)
        }
        Mode::Preview => {
            let bare = |product| NewProduct { product, terms: String::new(), core: String::new() };
            (catalogue.products.into_iter().map(bare).collect(), Vec::new())
        }
    };
    let import = Import {
        products,
        words,
        missing: options.missing,
        mode,
        actor: options.actor,
        digest: digest(bytes),
    };
    match db.import_products(&import, clock.now_ms())? {
        Imported::Done(changes) => report.changes = changes,
        Imported::TooManyRemoved { .. } if is_refused => {}
        Imported::TooManyRemoved { removed, of } => return Err(ImportError::TooManyRemoved { removed, of }),
    }
    report.applied = mode == Mode::Apply;
    report.took_ms = took();
    Ok(report)
}

/// What a file is known by: the SHA-256 of its bytes, in hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _written = write!(text, "{byte:02x}");
        text
    })
}

/// How long an import that somebody waits for may go on to make the vectors of names. The rest is made in the background.
pub const MEANINGS_WITHIN: Duration = Duration::from_secs(3);

/// What products are found by, made on all cores.
fn with_terms(products: Vec<Product>, language: Language) -> (Vec<NewProduct>, Vec<CatalogWord>) {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let share = products.len().div_ceil(threads).max(1);
    let mut shares: Vec<Vec<Product>> = Vec::new();
    let mut rest = products.into_iter();
    loop {
        let share: Vec<Product> = rest.by_ref().take(share).collect();
        if share.is_empty() {
            break;
        }
        shares.push(share);
    }
    let work = |share: Vec<Product>| {
        let mut analyst = Analyst::new(language);
        let made: Vec<NewProduct> = share
            .into_iter()
            .map(|product| NewProduct {
                terms: analyst.terms(&product.sku, &product.name, &product.category, &product.description),
                core: terms::core(&product.name, &product.description),
                product,
            })
            .collect();
        (made, analyst.into_words())
    };
    let mut products = Vec::new();
    let mut words: BTreeSet<CatalogWord> = BTreeSet::new();
    std::thread::scope(|scope| {
        let handles: Vec<_> = shares.into_iter().map(|share| scope.spawn(move || work(share))).collect();
        for handle in handles {
            match handle.join() {
                Ok((made, seen)) => {
                    products.extend(made);
                    words.extend(seen);
                }
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    (products, words.into_iter().collect())
}
