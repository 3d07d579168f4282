//! Brings the owner's files into the tenant's knowledge: found, read, cut, embedded and stored.
//!
//! What did not change since the last time is not read again. Every document is replaced in one transaction, and
//! nothing is computed inside of it, so a daemon beside goes on and a killed ingest leaves each document old or new.
//! A file that cannot be read is reported and keeps the version that is stored; the rest goes on.

mod lock;
mod prepare;
mod run;
mod suspicion;
mod walk;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use serde::Serialize;

pub use self::lock::IngestLock;
use self::{run::Run, walk::walk};
use super::{
    embed::{EmbedError, Embedder},
    index::{self, IndexError},
    read::{Format, Reader},
};
use crate::{
    clock::Clock,
    store::{StoreError, TenantDb},
};

/// What to do with what is found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IngestOptions {
    /// The category of all of it; `None`: the name of the first sub-folder.
    pub category: Option<String>,
    /// Whether documents are removed whose file is gone from below the given paths.
    pub prune: bool,
    /// Whether nothing is stored and only the report is made.
    pub dry_run: bool,
    /// A file of this name is the catalogue and no document, as `catalog.csv` always is.
    pub catalog_file: Option<String>,
}

/// What came of an ingest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct IngestReport {
    /// Documents that are new.
    pub added: usize,
    /// Documents that were replaced or filed elsewhere.
    pub updated: usize,
    /// Documents that are as they were.
    pub unchanged: usize,
    /// Documents that were removed.
    pub removed: usize,
    /// Files, folders and lines that could not be read.
    pub failed: Vec<Failed>,
    /// Documents that were added or updated and that somebody should look at.
    pub warnings: Vec<Warning>,
    /// Chunks of the added and updated documents.
    pub chunks: usize,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// Something that could not be ingested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// The file, with the line when it is about one line: `precios.jsonl:12`.
    pub path: String,
    /// What is wrong and what to do.
    pub error: String,
}

impl Failed {
    fn new(path: &Path, error: &str) -> Self {
        Self { path: path.display().to_string(), error: error.to_owned() }
    }
}

/// Something about a document that its owner should know; the document was ingested all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The file, or the name of a posted document.
    pub path: String,
    /// What was seen, and where in the document.
    pub warning: String,
}

/// A document that comes from a program instead of a file.
#[derive(Debug, Clone)]
pub struct PostedDocument {
    /// Its name; `None`: one that is made of its content, so that posting the same again changes nothing.
    pub name: Option<String>,
    /// Its title; `None`: what the document calls itself.
    pub title: Option<String>,
    /// What it is filed under.
    pub category: Option<String>,
    /// Whatever else belongs to it.
    pub metadata: Option<serde_json::Value>,
    /// How to read the bytes.
    pub format: Format,
    /// What was posted.
    pub bytes: Vec<u8>,
}

/// How far an ingest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IngestProgress<'a> {
    /// The file that is looked at.
    pub file: &'a str,
    /// Files that were looked at.
    pub files_done: usize,
    /// Files there are.
    pub files: usize,
    /// Chunks that were stored.
    pub chunks: usize,
}

/// Why an ingest stopped. What was stored until then stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// Another process is changing this tenant's knowledge.
    #[error("another ingest of this tenant is running; try again when it is done")]
    Busy,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The embedding model.
    #[error(transparent)]
    Embed(#[from] EmbedError),
}

impl From<IndexError> for IngestError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Store(error) => Self::Store(error),
            IndexError::Embed(error) => Self::Embed(error),
        }
    }
}

/// Ingests into one tenant's knowledge. Blocking throughout.
#[derive(Clone)]
pub struct Ingester {
    db: TenantDb,
    embedder: Arc<Embedder>,
    reader: Reader,
    clock: Clock,
}

impl Ingester {
    /// An ingester for a tenant's database.
    pub fn new(db: TenantDb, embedder: Arc<Embedder>, reader: Reader, clock: Clock) -> Self {
        Self { db, embedder, reader, clock }
    }

    /// Ingests files and folders.
    ///
    /// # Errors
    /// [`IngestError`]. A file that cannot be read is no error but [`IngestReport::failed`].
    pub fn ingest_paths(
        &self,
        paths: &[PathBuf],
        options: &IngestOptions,
        progress: impl FnMut(IngestProgress<'_>),
    ) -> Result<IngestReport, IngestError> {
        let started = Instant::now();
        let _lock = self.begin(options.dry_run)?;
        let walk = walk(paths, options.catalog_file.as_deref());
        let mut run = Run::new(self, options)?;
        run.report.failed.clone_from(&walk.failed);
        run.files(&walk, progress)?;
        run.flush()?;
        if options.prune {
            run.prune(&walk)?;
        }
        Ok(run.finish(started))
    }

    /// Ingests documents that a program posted. One that cannot be read is reported by its name.
    ///
    /// # Errors
    /// [`IngestError`].
    pub fn ingest_documents(&self, posted: Vec<PostedDocument>) -> Result<IngestReport, IngestError> {
        let started = Instant::now();
        let _lock = self.begin(false)?;
        let options = IngestOptions::default();
        let mut run = Run::new(self, &options)?;
        for document in posted {
            run.posted(document)?;
        }
        run.flush()?;
        Ok(run.finish(started))
    }

    /// Ingests the folder if the tenant has no documents at all, and brings the index up to date otherwise. For the
    /// first use of a tenant; `None` when nothing was ingested.
    ///
    /// # Errors
    /// [`IngestError`]; [`IngestError::Busy`] when another process is just doing it.
    pub fn ensure_indexed(
        &self,
        folder: &Path,
        options: &IngestOptions,
        progress: impl FnMut(IngestProgress<'_>),
    ) -> Result<Option<IngestReport>, IngestError> {
        if self.db.has_documents()? {
            index::refresh(&self.db, &self.embedder, |_, _| ())?;
            return Ok(None);
        }
        if !folder.is_dir() {
            return Ok(None);
        }
        self.ingest_paths(&[folder.to_owned()], options, progress).map(Some)
    }

    /// Takes the lock and brings the index up to date, so that what is added fits it.
    fn begin(&self, dry_run: bool) -> Result<Option<IngestLock>, IngestError> {
        if dry_run {
            return Ok(None);
        }
        let lock = IngestLock::take(self.db.path())?;
        index::refresh(&self.db, &self.embedder, |_, _| ())?;
        Ok(Some(lock))
    }
}
