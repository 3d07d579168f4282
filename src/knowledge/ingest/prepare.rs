//! Turns what was read into what is stored, all but the vectors.

use sha2::{Digest, Sha256};

use crate::{
    knowledge::{
        chunk::{ChunkOptions, chunk},
        index::chunk_terms,
        read::{Document, Format},
    },
    store::{
        chunk_index::ChunkVectors,
        document::{NewChunk, NewDocument},
    },
    text::language,
};

/// Part of every content hash. A change of what the readers or the chunker make of the same bytes needs another
/// number, so that everything is read again.
const CONTENT_VERSION: u8 = 1;

/// How much of a text is enough to tell its language.
const LANGUAGE_SAMPLE_BYTES: usize = 8_000;

/// What a document is stored as beside its text.
#[derive(Debug, Clone)]
pub(super) struct Label {
    pub(super) name: String,
    pub(super) source: Option<String>,
    pub(super) title: Option<String>,
    pub(super) category: Option<String>,
    pub(super) metadata: Option<String>,
    pub(super) format: Format,
    pub(super) hash: Vec<u8>,
    pub(super) bytes: u64,
}

/// The hash of what was read.
pub(super) fn content_hash(format: Format, parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update([CONTENT_VERSION]);
    hash.update(format.extension());
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize().to_vec()
}

/// The hash of one document of a file that holds several.
pub(super) fn document_hash(format: Format, document: &Document) -> Vec<u8> {
    let title = document.title.as_deref().unwrap_or_default().as_bytes();
    let texts = document.blocks.iter().map(|block| block.text.as_bytes());
    content_hash(format, &std::iter::once(title).chain(texts).collect::<Vec<_>>())
}

/// Cuts a document into chunks and makes their stems. The vectors are still empty.
pub(super) fn prepare(label: Label, document: &Document) -> NewDocument {
    let title = label.title.or_else(|| document.title.clone());
    let language = language::tell(&sample(document)).unwrap_or_default();
    let chunks = chunk(document, ChunkOptions::default())
        .into_iter()
        .map(|chunk| NewChunk {
            terms: chunk_terms(title.as_deref(), &chunk.heading, &chunk.text, &chunk.sentences, language),
            heading: chunk.heading,
            text: chunk.text,
            sentences: chunk.sentences,
            vectors: ChunkVectors::default(),
        })
        .collect();
    NewDocument {
        name: label.name,
        source: label.source,
        title,
        category: label.category,
        metadata: label.metadata,
        language,
        format: label.format.extension().to_owned(),
        content_hash: label.hash,
        bytes: label.bytes,
        chunks,
    }
}

/// The beginning of a document's text.
fn sample(document: &Document) -> String {
    let mut sample = String::new();
    for block in &document.blocks {
        sample.push_str(&block.text);
        sample.push('\n');
        if sample.len() > LANGUAGE_SAMPLE_BYTES {
            break;
        }
    }
    sample
}
