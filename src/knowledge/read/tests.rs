use super::*;

fn read(format: Format, bytes: &[u8]) -> Result<Reading, ReadError> {
    read_bytes(format, bytes, &ReadLimits::default())
}

#[test]
fn a_file_without_a_word_is_an_error() {
    assert_eq!(read(Format::Text, b""), Err(ReadError::Empty));
    assert_eq!(read(Format::Markdown, b" \n\n"), Err(ReadError::Empty));
    assert_eq!(read(Format::Markdown, b"---\n***\n"), Err(ReadError::NoText));
    assert_eq!(read(Format::Html, b"<html><script>var a;</script></html>"), Err(ReadError::NoText));
    assert_eq!(read(Format::Csv, b",,,\n,,,\n"), Err(ReadError::NoText));
    assert_eq!(read(Format::Json, b"{}"), Err(ReadError::NoText));
}

#[test]
fn size_limits_name_both_sizes() {
    let limits = ReadLimits { max_file_bytes: 10, max_text_bytes: 4, ..ReadLimits::default() };
    let error = read_bytes(Format::Text, b"more than ten bytes", &limits).unwrap_err();
    assert_eq!(error.to_string(), "too large: 1 kB where at most 1 kB are read; split it");
    assert_eq!(read_bytes(Format::Text, b"a text", &limits), Err(ReadError::TooMuchText { limit_bytes: 4 }));
}

#[test]
fn an_error_names_the_file() {
    let error = read_file(Path::new("no/such/file.txt"), &ReadLimits::default()).unwrap_err();
    assert!(error.to_string().starts_with("no/such/file.txt: "), "{error}");
}
