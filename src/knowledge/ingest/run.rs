//! One ingest under way: what is known, what was seen, and what waits for its vectors.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    time::Instant,
};

use super::{
    Failed, IngestError, IngestOptions, IngestProgress, IngestReport, Ingester, PostedDocument, Warning,
    prepare::{Label, content_hash, document_hash, prepare},
    suspicion::suspicion,
    walk::{Found, Walk},
};
use crate::{
    knowledge::{
        index::{self, ChunkText},
        read::{Document, Format, ReadError, load},
    },
    store::document::{DocumentRow, NewDocument},
};

/// Chunks that are embedded together and stored in one transaction, unless a single document has more.
const BATCH_CHUNKS: usize = 64;

/// One ingest under way.
pub(super) struct Run<'a> {
    ingester: &'a Ingester,
    options: &'a IngestOptions,
    /// What was stored before, by name.
    known: HashMap<String, DocumentRow>,
    /// The names of single documents of files, by the file.
    names: HashMap<String, String>,
    /// The names that this run has seen.
    seen: HashSet<String>,
    /// Files that could not be read, or only in part: what is known of them stays.
    unread: HashSet<String>,
    /// Documents that wait for their vectors.
    waiting: Vec<NewDocument>,
    pub(super) report: IngestReport,
}

impl<'a> Run<'a> {
    pub(super) fn new(ingester: &'a Ingester, options: &'a IngestOptions) -> Result<Self, IngestError> {
        let known: HashMap<_, _> =
            ingester.db.documents()?.into_iter().map(|row| (row.name.clone(), row)).collect();
        let names = known
            .values()
            .filter(|row| row.format != Format::Jsonl.extension())
            .filter_map(|row| Some((row.source.clone()?, row.name.clone())))
            .collect();
        Ok(Self {
            ingester,
            options,
            known,
            names,
            seen: HashSet::new(),
            unread: HashSet::new(),
            waiting: Vec::new(),
            report: IngestReport::default(),
        })
    }

    pub(super) fn files(
        &mut self,
        walk: &Walk,
        mut progress: impl FnMut(IngestProgress<'_>),
    ) -> Result<(), IngestError> {
        for (files_done, file) in walk.files.iter().enumerate() {
            let (files, chunks) = (walk.files.len(), self.report.chunks);
            progress(IngestProgress { file: &file.name, files_done, files, chunks });
            if let Err(error) = self.file(file)? {
                self.report.failed.push(Failed::new(&file.path, &error.to_string()));
                self.unread.insert(file.path.display().to_string());
            }
        }
        let files = walk.files.len();
        progress(IngestProgress { file: "", files_done: files, files, chunks: self.report.chunks });
        Ok(())
    }

    /// Reads a file once into memory: what is hashed is what is stored, whatever happens to the file meanwhile.
    fn file(&mut self, file: &Found) -> Result<Result<(), ReadError>, IngestError> {
        let source = file.path.display().to_string();
        let reader = &self.ingester.reader;
        let read = Format::from_path(&file.path)
            .and_then(|format| load(&file.path, reader.limits()).map(|bytes| (format, bytes)));
        let (format, bytes) = match read {
            Ok(read) => read,
            Err(error) => return Ok(Err(error)),
        };
        let category = self.options.category.clone().or_else(|| file.folder.clone());
        let size = bytes.len() as u64;
        let label = |name: String, hash: Vec<u8>| Label {
            name,
            source: Some(source.clone()),
            title: None,
            category: category.clone(),
            metadata: None,
            format,
            hash,
            bytes: size,
        };
        if format != Format::Jsonl {
            let hash = content_hash(format, &[&bytes]);
            let name = self.names.get(&source).unwrap_or(&file.name).clone();
            let label = label(name, hash);
            if self.is_unchanged(&label)? {
                return Ok(Ok(()));
            }
            let reading = match reader.read_bytes(format, &bytes) {
                Ok(reading) => reading,
                Err(error) => return Ok(Err(error)),
            };
            for named in reading.documents {
                self.add(label.clone(), &named.document)?;
            }
            return Ok(Ok(()));
        }
        let reading = match reader.read_bytes(format, &bytes) {
            Ok(reading) => reading,
            Err(error) => return Ok(Err(error)),
        };
        for bad in &reading.bad_lines {
            let path = PathBuf::from(format!("{source}:{}", bad.line));
            self.report.failed.push(Failed::new(&path, &bad.reason));
            self.unread.insert(source.clone());
        }
        for named in reading.documents {
            let label = label(
                named.name.unwrap_or_else(|| file.name.clone()),
                document_hash(format, &named.document),
            );
            if !self.is_unchanged(&label)? {
                self.add(label, &named.document)?;
            }
        }
        Ok(Ok(()))
    }

    pub(super) fn posted(&mut self, posted: PostedDocument) -> Result<(), IngestError> {
        let metadata = posted.metadata.map(|value| value.to_string());
        let title = posted.title.as_deref().unwrap_or_default().as_bytes();
        let attached = metadata.as_deref().unwrap_or_default().as_bytes();
        let hash = content_hash(posted.format, &[title, attached, &posted.bytes]);
        let name = posted.name.unwrap_or_else(|| {
            let (start, _) =
                hash.split_first_chunk::<8>().map_or(([0; 8], &[][..]), |(start, rest)| (*start, rest));
            format!("posted-{:016x}", u64::from_be_bytes(start))
        });
        let label = Label {
            name,
            source: None,
            title: posted.title,
            category: posted.category,
            metadata,
            format: posted.format,
            hash,
            bytes: posted.bytes.len() as u64,
        };
        if self.is_unchanged(&label)? {
            return Ok(());
        }
        match self.ingester.reader.read_bytes(posted.format, &posted.bytes) {
            Ok(reading) => {
                for named in reading.documents {
                    let name = named.name.unwrap_or_else(|| label.name.clone());
                    self.add(Label { name, ..label.clone() }, &named.document)?;
                }
            }
            Err(error) => {
                self.report.failed.push(Failed { path: label.name, error: error.to_string() });
            }
        }
        Ok(())
    }

    /// Whether a document is stored as it is. A change of its category or its place only is stored here.
    fn is_unchanged(&mut self, label: &Label) -> Result<bool, IngestError> {
        if self.seen.contains(&label.name) {
            // A second document of the same name: `add` says so.
            return Ok(false);
        }
        let Some(known) = self.known.get(&label.name).filter(|known| known.content_hash == label.hash) else {
            return Ok(false);
        };
        let (db, now_ms) = (&self.ingester.db, self.ingester.clock.now_ms());
        let is_filed_elsewhere = known.category != label.category;
        if !self.options.dry_run {
            if is_filed_elsewhere {
                db.set_document_category(&label.name, label.category.as_deref(), now_ms)?;
            }
            if known.source != label.source {
                db.set_document_source(&label.name, label.source.as_deref())?;
            }
        }
        if is_filed_elsewhere {
            self.report.updated += 1;
        } else {
            self.report.unchanged += 1;
        }
        self.seen.insert(label.name.clone());
        Ok(true)
    }

    fn add(&mut self, label: Label, document: &Document) -> Result<(), IngestError> {
        let path = label.source.clone().unwrap_or_else(|| label.name.clone());
        if !self.seen.insert(label.name.clone()) {
            let error = format!("there are two documents named `{}`; only the first is kept", label.name);
            self.report.failed.push(Failed { path, error });
            return Ok(());
        }
        let document = prepare(label, document);
        if document.chunks.is_empty() {
            self.unread.insert(path.clone());
            self.report.failed.push(Failed { path, error: ReadError::NoText.to_string() });
            return Ok(());
        }
        if self.known.contains_key(&document.name) {
            self.report.updated += 1;
        } else {
            self.report.added += 1;
        }
        self.report.chunks += document.chunks.len();
        self.report.warnings.extend(suspicion(&document).map(|warning| Warning { path, warning }));
        if !self.options.dry_run {
            self.waiting.push(document);
            if self.waiting.iter().map(|waiting| waiting.chunks.len()).sum::<usize>() >= BATCH_CHUNKS {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Embeds and stores what waits.
    pub(super) fn flush(&mut self) -> Result<(), IngestError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let embedder = &self.ingester.embedder;
        let chunks: Vec<_> = self
            .waiting
            .iter()
            .flat_map(|document| &document.chunks)
            .map(|chunk| ChunkText {
                heading: &chunk.heading,
                text: &chunk.text,
                sentences: &chunk.sentences,
            })
            .collect();
        let mut vectors = Vec::with_capacity(chunks.len());
        for batch in chunks.chunks(BATCH_CHUNKS) {
            vectors.extend(index::embed_chunks(embedder, batch)?);
        }
        let chunks = self.waiting.iter_mut().flat_map(|document| &mut document.chunks);
        for (chunk, vectors) in chunks.zip(vectors) {
            chunk.vectors = vectors;
        }
        let now_ms = self.ingester.clock.now_ms();
        self.ingester.db.put_documents(&self.waiting, &index::stamp(embedder), now_ms)?;
        self.waiting.clear();
        Ok(())
    }

    /// Removes the documents whose file is gone from below what was named.
    pub(super) fn prune(&mut self, walk: &Walk) -> Result<(), IngestError> {
        let mut gone: Vec<String> = Vec::new();
        for row in self.known.values() {
            let Some(source) = &row.source else { continue };
            let path = Path::new(source);
            let is_below = |folders: &[PathBuf]| folders.iter().any(|folder| path.starts_with(folder));
            let is_kept = self.seen.contains(&row.name) || self.unread.contains(source);
            if !is_kept && is_below(&walk.roots) && !is_below(&walk.unknown) {
                gone.push(row.name.clone());
            }
        }
        for name in gone {
            if self.options.dry_run || self.ingester.db.remove_document(&name)? {
                self.report.removed += 1;
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self, started: Instant) -> IngestReport {
        self.report.took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.report
    }
}
