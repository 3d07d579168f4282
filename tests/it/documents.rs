//! Every reader over real files, through the real binary where a hostile file could crash a parser.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail as tests do"
)]

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use iass::knowledge::{
    chunk::{ChunkOptions, chunk},
    read::{Document, Format, ReadError, ReadLimits, Reader, Reading},
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/documents").join(name)
}

fn reader(limits: ReadLimits) -> Reader {
    Reader::new(PathBuf::from(env!("CARGO_BIN_EXE_iass")), limits)
}

fn read(name: &str) -> Result<Reading, ReadError> {
    reader(ReadLimits::default()).read_file(&fixture(name)).map_err(|error| error.error)
}

fn text(name: &str) -> String {
    let reading = read(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    outline(&reading.documents[0].document)
}

fn outline(document: &Document) -> String {
    let mut text = String::new();
    for block in &document.blocks {
        writeln!(text, "{} | {}", block.heading.join(" › "), block.text).unwrap();
    }
    text
}

/// How many words of `expected` are not in `text`.
fn missing(text: &str, expected: &str) -> usize {
    let words = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    let have = words(text);
    words(expected).iter().filter(|word| !have.contains(word)).count()
}

#[test]
fn a_pdf_keeps_its_heading_its_paragraphs_and_its_rows() {
    let text = text("google_doc.pdf");
    assert!(text.starts_with("Example document | Beautiful is better than ugly."), "{text}");
    assert!(text.contains("There should be one-- and preferably only one --obvious way to do it."), "{text}");
    assert!(text.contains("Capital Jakarta Berlin Vienna Paris Vatican City\n"), "{text}");
}

#[test]
fn a_word_document_keeps_its_outline() {
    let text = text("headings_and_tables.docx");
    assert!(
        text.contains("Heading Level 1 › Heading Level 2 › Heading Level 3 | This is a sample"),
        "{text}"
    );
    assert!(text.contains("The table has things in it"), "{text}");
    assert_eq!(self::text("comment.docx").matches('\n').count(), 1);
}

#[test]
fn a_page_gives_what_a_reader_sees() {
    let expected = std::fs::read_to_string(fixture("hidden_nodes_expected.html")).unwrap();
    let expected = expected.replace("<p>", " ").replace("</p>", " ").replace("</div>", " ");
    let expected: String = expected.lines().filter(|line| !line.contains('<')).collect::<Vec<_>>().join(" ");
    assert!(expected.split_whitespace().count() > 100, "{expected}");
    assert_eq!(missing(&text("hidden_nodes.html"), &expected), 0);
    assert!(!text("hidden_nodes.html").to_lowercase().contains("hidden"));
}

#[test]
fn old_encodings_are_read() {
    assert!(text("mac_cyrillic.txt").contains("математика"));
    assert!(text("spanish.txt").contains("creación"));
    assert!(text("tika.md").contains('|'));
    assert!(!text("windows_1252.txt").contains('\u{fffd}'));
}

#[test]
fn what_cannot_be_read_says_why() {
    assert_eq!(read("password.docx"), Err(ReadError::NeedsPassword));
    assert_eq!(read("user_password.pdf"), Err(ReadError::NeedsPassword));
    assert_eq!(read("scan.pdf"), Err(ReadError::NoText));
    assert_eq!(read("ibm420.html"), Err(ReadError::UnknownEncoding));
    assert!(matches!(read("fuzzed.pdf"), Err(ReadError::Damaged { .. })));
    let error = reader(ReadLimits::default()).read_file(&fixture("scan.pdf")).unwrap_err().to_string();
    assert!(error.ends_with(
        "scan.pdf: no text: scanned? make it searchable with OCR, or save the text as .docx or .txt"
    ));
}

#[test]
fn protection_against_copying_and_circles_of_pages_do_not_matter() {
    assert!(text("owner_password_only.pdf").contains("Hello"));
    assert!(!text("cyclic_pages.pdf").is_empty());
}

#[test]
fn a_reader_that_takes_too_long_is_stopped() {
    let limits = ReadLimits { deadline: Duration::ZERO, ..ReadLimits::default() };
    let read = reader(limits).read_bytes(Format::Html, b"<p>hola</p>");
    assert_eq!(read, Err(ReadError::TimedOut { after_s: 0 }));
}

#[test]
fn a_reader_that_eats_memory_or_dies_hurts_only_its_file() {
    let page = "<p>x".repeat(3 << 20);
    let limits = ReadLimits { max_memory_bytes: 160 << 20, ..ReadLimits::default() };
    let small = reader(limits);
    assert!(matches!(small.read_bytes(Format::Html, page.as_bytes()), Err(ReadError::Crashed { .. })));
    assert!(small.read_bytes(Format::Html, b"<p>hola</p>").is_ok());
}

#[test]
fn a_file_of_any_size_is_refused_by_its_size() {
    let limits = ReadLimits { max_file_bytes: 1000, ..ReadLimits::default() };
    let error = reader(limits).read_file(&fixture("scan.pdf")).unwrap_err();
    assert_eq!(error.error, ReadError::TooLarge { bytes: 41_936, limit_bytes: 1000 });
}

#[test]
fn chunks_of_real_documents_have_all_their_text() {
    for name in ["google_doc.pdf", "headings_and_tables.docx", "spanish.txt", "boilerplate.html", "tika.md"] {
        let document = read(name).unwrap().documents.remove(0).document;
        let solid = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        let before: String = document.blocks.iter().map(|block| solid(&block.text)).collect();
        let chunks = chunk(&document, ChunkOptions::default());
        assert_eq!(chunks.iter().map(|chunk| solid(&chunk.text)).collect::<String>(), before, "{name}");
        assert!(chunks.iter().all(|chunk| !chunk.sentences.is_empty()), "{name}");
    }
}
