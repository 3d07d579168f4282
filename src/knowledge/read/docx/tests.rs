//! Documents are built here part by part, as small as the point needs.

use std::io::Write as _;

use zip::{ZipWriter, write::SimpleFileOptions};

use super::*;

fn package(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn outline(body: &str) -> Vec<String> {
    let bytes = package(&[(
        "word/document.xml",
        format!("<w:document><w:body>{body}</w:body></w:document>").as_bytes(),
    )]);
    let document = read(&bytes, &ReadLimits::default()).unwrap();
    document.blocks.iter().map(|b| format!("{} | {:?} | {}", b.heading.join(" › "), b.kind, b.text)).collect()
}

#[test]
fn headings_items_tables_and_breaks_are_read() {
    let cell = |text: &str| format!("<w:tc><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>");
    let body = format!(
        "<w:p><w:pPr><w:pStyle w:val='Title'/></w:pPr><w:r><w:t>Benova</w:t></w:r></w:p>\
         <w:p><w:pPr><w:pStyle w:val='Heading1'/></w:pPr><w:r><w:t>Tarifas &amp; pagos</w:t></w:r></w:p>\
         <w:p><w:pPr><w:numPr><w:numId w:val='3'/></w:numPr></w:pPr><w:r><w:t>Nequi</w:t><w:tab/><w:t>sí</w:t></w:r></w:p>\
         <w:tbl><w:tr>{}{}</w:tr><w:tr>{}{}</w:tr></w:tbl>",
        cell("Servicio"),
        cell("Precio"),
        cell("Peeling"),
        cell("90.000")
    );
    assert_eq!(
        outline(&body),
        [
            "Benova › Tarifas & pagos | Item | Nequi sí",
            "Benova › Tarifas & pagos | Row | Servicio: Peeling; Precio: 90.000"
        ]
    );
}

#[test]
fn deleted_hidden_and_doubled_text_is_not_read() {
    let body = "<w:p><w:r><w:t>Cuesta </w:t></w:r><w:del><w:r><w:delText>80</w:delText></w:r></w:del>\
                <w:ins><w:r><w:t>90</w:t></w:r></w:ins><w:r><w:rPr><w:vanish/></w:rPr><w:t>secreto</w:t></w:r>\
                <w:r><w:t> mil</w:t></w:r></w:p>\
                <w:p><mc:AlternateContent><mc:Choice><w:p><w:r><w:t>Caja</w:t></w:r></w:p></mc:Choice>\
                <mc:Fallback><w:p><w:r><w:t>Caja</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent></w:p>";
    assert_eq!(outline(body), [" | Paragraph | Cuesta 90 mil", " | Paragraph | Caja"]);
}

#[test]
fn a_bomb_is_refused_before_it_unpacks() {
    let zeros = vec![b' '; 4 << 20];
    let bytes = package(&[("word/document.xml", &zeros)]);
    let limits = ReadLimits { max_decompressed_bytes: 1 << 20, ..ReadLimits::default() };
    assert!(bytes.len() < 1 << 16);
    assert_eq!(read(&bytes, &limits), Err(ReadError::Expands { limit_bytes: 1 << 20 }));
}

#[test]
fn a_tower_of_elements_and_a_cut_file_do_no_harm() {
    let tower = format!(
        "{}<w:p><w:r><w:t>fondo</w:t></w:r></w:p>{}",
        "<w:sdt>".repeat(20_000),
        "</w:sdt>".repeat(20_000)
    );
    assert_eq!(outline(&tower), [" | Paragraph | fondo"]);
    let cut = package(&[("word/document.xml", b"<w:document><w:body><w:p><w:r><w:t>hola")]);
    assert!(matches!(read(&cut, &ReadLimits::default()), Err(ReadError::Damaged { .. })));
    let other = package(&[("xl/workbook.xml", b"<x/>")]);
    assert!(matches!(read(&other, &ReadLimits::default()), Err(ReadError::NotWhatItSays { .. })));
}
