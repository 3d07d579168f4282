//! Searches in a small clinic's knowledge, with the built-in embedder.

use super::*;
use crate::{
    clock::Clock,
    knowledge::{
        ingest::{IngestReport, Ingester, PostedDocument},
        read::{Format, ReadLimits, Reader},
    },
};

const DOCUMENTS: &[(&str, &str)] = &[
    (
        "faciales.md",
        "# Tratamientos faciales\n\n## Limpieza facial\n\nLa limpieza facial profunda dura 90 minutos. Cuesta $180.000.\n\n\
         ## Hidratación\n\nLa hidratación con ácido hialurónico dura 45 minutos y cuesta $150.000.\n",
    ),
    (
        "politicas.md",
        "# Políticas\n\n## Cancelaciones\n\nSi cancela con menos de 24 horas pierde el abono.\n",
    ),
    ("sede.md", "# Sede\n\n## ¿Tienen parqueadero?\n\nSí, en el sótano del edificio, sin costo.\n"),
];

fn clinic() -> (tempfile::TempDir, Knowledge, Ingester) {
    let folder = tempfile::tempdir().unwrap();
    let db = TenantDb::open(&folder.path().join("a.db")).unwrap();
    let embedder = Arc::new(Embedder::builtin().unwrap());
    // Markdown is read in this process: no child is ever started.
    let reader = Reader::new("/nowhere".into(), ReadLimits::default());
    let ingester = Ingester::new(db.clone(), embedder.clone(), reader, Clock::System);
    let report = post(&ingester, DOCUMENTS);
    assert_eq!((report.added, report.failed.len()), (3, 0));
    (folder, Knowledge::new(db, embedder), ingester)
}

fn post(ingester: &Ingester, documents: &[(&str, &str)]) -> IngestReport {
    let posted = documents.iter().map(|(name, text)| PostedDocument {
        name: Some((*name).to_owned()),
        title: None,
        category: None,
        metadata: None,
        format: Format::Markdown,
        bytes: text.as_bytes().to_vec(),
    });
    ingester.ingest_documents(posted.collect()).unwrap()
}

fn best(knowledge: &Knowledge, query: &str) -> (Passage, bool) {
    let found = knowledge.search(query, &SearchOptions::default()).unwrap();
    (found.passages[0].clone(), found.answerable)
}

#[test]
fn questions_find_their_passage_however_they_are_written() {
    let (_folder, knowledge, _) = clinic();
    for (query, document, heading) in [
        ("¿Cuánto dura la limpieza facial y cuánto cuesta?", "faciales.md", "Limpieza facial"),
        ("hola cuanto vale la linpieza fasial", "faciales.md", "Limpieza facial"),
        ("How much is the facial cleansing?", "faciales.md", "Limpieza facial"),
        ("quanto custa a limpeza facial?", "faciales.md", "Limpieza facial"),
        ("si cancelo pierdo el abono?", "politicas.md", "Cancelaciones"),
        ("tienen parqueadero", "sede.md", "parqueadero"),
        ("cuánto cuesta la hidratacion", "faciales.md", "Hidratación"),
    ] {
        let (passage, answerable) = best(&knowledge, query);
        assert!(passage.document == document && passage.heading.contains(heading), "{query}: {passage:?}");
        assert!(answerable, "{query}");
        assert!(passage.sentences.iter().all(|sentence| !passage.sentence(sentence).is_empty()));
    }
}

#[test]
fn what_the_documents_do_not_say_is_not_answerable() {
    let (_folder, knowledge, _) = clinic();
    for query in [
        "hola",
        "muchas gracias!",
        "¿Quién ganó el mundial de fútbol de 2010?",
        "venden zapatos deportivos?",
        "Do you repair washing machines?",
        "🙂",
        "",
    ] {
        let found = knowledge.search(query, &SearchOptions::default()).unwrap();
        assert!(!found.answerable, "{query}: {}", found.confidence);
    }
}

#[test]
fn a_question_of_any_shape_is_searched_without_an_error() {
    let (_folder, knowledge, _) = clinic();
    for query in ["\"", "limpieza\" OR terms:*", "NEAR(a b)", "%_'--;", "\u{0}", &"limpieza ".repeat(10_000)]
    {
        let found = knowledge.search(query, &SearchOptions { k: 1000, ..SearchOptions::default() }).unwrap();
        assert!(found.passages.len() <= MAX_K);
        assert!(found.passages.iter().all(|passage| (0.0..=1.0).contains(&passage.score)), "{query}");
    }
}

#[test]
fn an_empty_knowledge_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let db = TenantDb::open(&folder.path().join("a.db")).unwrap();
    let knowledge = Knowledge::new(db, Arc::new(Embedder::builtin().unwrap()));
    let found = knowledge.search("¿cuánto cuesta?", &SearchOptions::default()).unwrap();
    assert_eq!(found, Retrieval::default());
}

#[test]
fn posting_the_same_again_changes_nothing() {
    let (_folder, _, ingester) = clinic();
    let report = post(&ingester, DOCUMENTS);
    assert_eq!((report.added, report.updated, report.unchanged), (0, 0, 3));
}

#[tokio::test]
async fn a_search_runs_away_from_the_async_threads() {
    let (_folder, knowledge, _) = tokio::task::spawn_blocking(clinic).await.unwrap();
    let found = knowledge.search_async("precio de la limpieza", SearchOptions::default()).await.unwrap();
    assert_eq!(found.passages[0].document, "faciales.md");
}
