//! The file that a tenant keeps its catalogue in. It is taken up once: sales change the stock behind it, and the same file
//! a second time would put back what was sold.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    import::{self, ImportError, ImportOptions, ImportReport, digest},
    table::MAX_FILE_BYTES,
};
use crate::{
    clock::Clock,
    config::tenant::TenantConfig,
    store::{StoreError, TenantDb},
};

/// What the file is called unless the tenant says otherwise.
pub const DEFAULT_FILE: &str = "catalog.csv";

/// Why a catalogue file was not taken up. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[source] io::Error),
    /// It is too large.
    #[error(
        "has {0} bytes, and at most {MAX_FILE_BYTES} are taken; split it and import the parts with `iass catalog import`"
    )]
    TooLarge(u64),
    /// It is no catalogue, or does not fit the one there is.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether a path names a catalogue: the tenant's own file name, in whatever case.
pub fn is_catalog(path: &Path, file: &str) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| {
        name.to_lowercase() == file.to_lowercase() || name.eq_ignore_ascii_case(DEFAULT_FILE)
    })
}

/// The catalogue in a folder, if there is one.
pub fn in_folder(folder: &Path, file: &str) -> Option<PathBuf> {
    Some(folder.join(file)).filter(|path| path.is_file())
}

/// Imports the catalogue in a tenant's knowledge folder when nothing was ever imported: for the first use of a tenant.
/// `None` when there is nothing to do. Blocking.
///
/// # Errors
/// [`SourceError`].
pub fn import_first(
    db: &TenantDb,
    folder: &Path,
    config: &TenantConfig,
    clock: &Clock,
) -> Result<Option<ImportReport>, SourceError> {
    let Some(file) = in_folder(folder, config.catalog_file()) else { return Ok(None) };
    if db.has_catalog()? {
        return Ok(None);
    }
    import_once(db, &file, ImportOptions::new(config.currency, config.language), clock)
}

/// Imports a file unless it was imported before, byte for byte the same; `None` then. Blocking.
///
/// # Errors
/// [`SourceError`].
pub fn import_once(
    db: &TenantDb,
    file: &Path,
    options: ImportOptions,
    clock: &Clock,
) -> Result<Option<ImportReport>, SourceError> {
    let size = std::fs::metadata(file).map_err(SourceError::Read)?.len();
    if size > MAX_FILE_BYTES {
        return Err(SourceError::TooLarge(size));
    }
    let bytes = std::fs::read(file).map_err(SourceError::Read)?;
    if db.was_imported(&digest(&bytes))? {
        return Ok(None);
    }
    Ok(Some(import::import(db, &bytes, options, clock)?))
}
