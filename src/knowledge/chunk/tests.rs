use proptest::prelude::*;

use super::*;

fn block(heading: &[&str], kind: BlockKind, text: &str) -> Block {
    Block { heading: heading.iter().map(|text| (*text).to_owned()).collect(), kind, text: text.to_owned() }
}

fn document(blocks: Vec<Block>) -> Document {
    Document { title: None, blocks }
}

fn sentence(words: usize) -> String {
    format!("Texto{}.", " palabra".repeat(words - 1))
}

#[test]
fn a_passage_of_its_own_stays_one_chunk() {
    let text = [sentence(80), sentence(80), sentence(80)].join(" ");
    let chunks = chunk(&document(vec![block(&[], BlockKind::Paragraph, &text)]), ChunkOptions::default());
    assert_eq!(chunks.len(), 1);
    assert_eq!((chunks[0].text.as_str(), chunks[0].sentences.len()), (text.as_str(), 3));
}

#[test]
fn sections_are_chunks_with_their_headings() {
    let blocks = vec![
        block(&["Tratamientos", "Limpieza facial"], BlockKind::Paragraph, "Dura 60 min. Cuesta $120.000."),
        block(&["Tratamientos", "Limpieza facial"], BlockKind::Item, "Traiga su documento"),
        block(&["Tratamientos", "Peeling"], BlockKind::Row, "Sesiones: 3; Precio: $90.000"),
    ];
    let chunks = chunk(&document(blocks), ChunkOptions::default());
    let read: Vec<_> =
        chunks.iter().map(|c| (c.heading.as_str(), c.text.as_str(), c.sentences.len())).collect();
    assert_eq!(
        read,
        [
            ("Tratamientos › Limpieza facial", "Dura 60 min. Cuesta $120.000.\nTraiga su documento", 3),
            ("Tratamientos › Peeling", "Sesiones: 3; Precio: $90.000", 1),
        ]
    );
}

#[test]
fn a_long_section_is_cut_evenly_between_sentences() {
    let text = vec![sentence(20); 20].join(" ");
    let chunks = chunk(&document(vec![block(&["A"], BlockKind::Paragraph, &text)]), ChunkOptions::default());
    let sizes: Vec<_> = chunks.iter().map(|c| words(&c.text)).collect();
    assert_eq!(sizes, [140, 140, 120]);
    assert!(chunks.iter().all(|c| c.text.ends_with('.') && c.text.starts_with("Texto")));
}

#[test]
fn a_cut_prefers_the_end_of_a_paragraph() {
    let paragraph = [sentence(30), sentence(30), sentence(30), sentence(30)].join(" ");
    let blocks = vec![block(&[], BlockKind::Paragraph, &paragraph); 3];
    let chunks = chunk(&document(blocks), ChunkOptions::default());
    assert!(
        chunks.iter().all(|c| c.text == paragraph),
        "{:?}",
        chunks.iter().map(|c| words(&c.text)).collect::<Vec<_>>()
    );
}

proptest! {
    #[test]
    fn no_text_is_lost_and_every_bound_holds(
        texts in prop::collection::vec(("[a-zñá .?¿\\n]{1,400}|\\PC{0,300}|x{0,3000}", 0..3_u8, 0..3_usize), 0..12),
        max_words in 4..60_usize,
    ) {
        let kinds = [BlockKind::Paragraph, BlockKind::Item, BlockKind::Row];
        let blocks = texts.iter().map(|(text, section, kind)| block(&[&format!("S{section}")], kinds[*kind], text)).collect();
        let document = document(blocks);
        let options = ChunkOptions { max_words, whole_words: max_words };
        let chunks = chunk(&document, options);
        let solid = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        let before: String = document.blocks.iter().map(|block| solid(&block.text)).collect();
        let after: String = chunks.iter().map(|chunk| solid(&chunk.text)).collect();
        prop_assert_eq!(before, after);
        for chunk in &chunks {
            // Spaces between the sentences add at most one letter each.
            prop_assert!(words(&chunk.text) <= max_words + chunk.sentences.len(), "{}", words(&chunk.text));
            let mut end = 0;
            for range in &chunk.sentences {
                prop_assert!(range.start >= end && range.start < range.end);
                prop_assert!(chunk.text.get(range.clone()).is_some_and(|s| s.trim() == s && !s.is_empty()));
                prop_assert!(chunk.text[end..range.start].trim().is_empty());
                end = range.end;
            }
            prop_assert_eq!(end, chunk.text.len());
        }
    }
}
