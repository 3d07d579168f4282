//! What is kept of a conversation for the next one: summed up by rules or by a model, by the daemon or on demand.

use std::process::Output;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    config::{iass, json_lines, stderr},
    fake_llm::{Act, FakeLlm},
    harness::{PATIENCE, Site},
};

fn run(site: &Site, line: &str) -> Output {
    iass(site.path(), &line.split_whitespace().collect::<Vec<_>>(), &[])
}

const QUESTION: &str = "¿Cuánto cuesta la limpieza facial?";
const ANSWER: &str = "La limpieza facial cuesta $180.000.";

/// A site where somebody of the business has answered Ana's question, and no daemon.
async fn site_with_talk() -> Site {
    let site = Site::new(&["acme"]);
    let daemon = site.start();
    daemon.client.chat("acme", "ana", QUESTION).await;
    let conversation = daemon.client.list("/api/v1/tenants/acme/conversations").await.remove(0);
    let handoff = format!("/api/v1/tenants/acme/handoffs/{}", conversation["conversation"].as_str().unwrap());
    daemon.client.post(&format!("{handoff}/take"), &json!({"by": "Eva"})).await;
    daemon.client.post(&format!("{handoff}/reply"), &json!({"by": "Eva", "message": ANSWER})).await;
    daemon.client.post(&format!("{handoff}/release"), &json!({"by": "Eva"})).await;
    site
}

fn consolidate(site: &Site) -> Value {
    let done = run(site, "--json memory consolidate --tenant acme");
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    json_lines(&done).remove(0)
}

fn memories(site: &Site) -> Vec<String> {
    let shown = json_lines(&run(site, "--json contact show ana --tenant acme")).remove(0);
    shown["memories"].as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_conversation_is_summed_up_by_rules_once() {
    let site = site_with_talk().await;
    let done = consolidate(&site);
    assert_eq!(done, json!({"tenant": "acme", "conversations": 1, "memories": 1, "expired_facts": 0}));
    let found = memories(&site);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains(QUESTION) && found[0].contains(ANSWER), "{found:?}");
    assert_eq!(consolidate(&site)["conversations"], 0);
    assert_eq!(memories(&site).len(), 1);
}

#[tokio::test]
async fn courtesies_leave_no_memory() {
    let site = Site::new(&["acme"]);
    let daemon = site.start();
    daemon.client.chat("acme", "ana", "hola").await;
    daemon.client.chat("acme", "ana", "gracias").await;
    drop(daemon);
    assert_eq!(
        consolidate(&site),
        json!({"tenant": "acme", "conversations": 1, "memories": 0, "expired_facts": 0})
    );
    assert_eq!(memories(&site), Vec::<String>::new());
}

/// The models are configured after the talk, so that only the summary asks them.
fn with_model(site: &Site, fake: &FakeLlm) {
    let base = fake.base_url();
    site.write(
        "chatbot.toml",
        &format!("[[llm.keys]]\nid = \"k\"\nbase_url = \"{base}\"\napi_key = \"secret\"\nmodel = \"m\"\n"),
    );
}

#[tokio::test]
async fn a_model_words_the_summary_from_what_was_said_and_nothing_else() {
    let fake = FakeLlm::start([Act::Answer(
        "El cliente preguntó por la limpieza facial; cuesta $180.000.".to_owned(),
    )]);
    let site = site_with_talk().await;
    with_model(&site, &fake);
    assert_eq!(consolidate(&site)["memories"], 1);
    assert_eq!(memories(&site), ["El cliente preguntó por la limpieza facial; cuesta $180.000."]);
    let asked = fake.asked();
    assert_eq!(asked.len(), 1);
    let transcript = asked[0].body["messages"][1]["content"].as_str().unwrap();
    assert!(
        transcript.contains(&format!("customer: {QUESTION}"))
            && transcript.contains(&format!("person: {ANSWER}"))
    );
    assert!(asked[0].system().contains("Resumes conversaciones de Test"), "{}", asked[0].system());
    let db = Connection::open(site.database("acme")).unwrap();
    let spent: i64 = db
        .query_row("select sum(prompt_tokens) from usage where key_id = 'k'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(spent, 1);
}

#[tokio::test]
async fn a_summary_with_an_invented_figure_or_none_at_all_gives_way_to_the_rules() {
    for act in [Act::Answer("El cliente pagó $999.000.".to_owned()), Act::Garbage, Act::Refuse(500, "", None)]
    {
        let fake = FakeLlm::start([act]);
        let site = site_with_talk().await;
        with_model(&site, &fake);
        assert_eq!(consolidate(&site)["memories"], 1);
        let found = memories(&site);
        assert!(found[0].contains(ANSWER), "{found:?}");
    }
}

#[tokio::test]
async fn a_model_that_finds_nothing_worth_keeping_is_believed() {
    let fake = FakeLlm::start([Act::Answer("-".to_owned())]);
    let site = site_with_talk().await;
    with_model(&site, &fake);
    assert_eq!(consolidate(&site)["memories"], 0);
    assert_eq!(consolidate(&site)["conversations"], 0);
}

#[tokio::test]
async fn the_daemon_sums_up_what_has_been_quiet_and_forgets_what_has_expired() {
    let site = site_with_talk().await;
    let db = Connection::open(site.database("acme")).unwrap();
    db.execute("update conversation set updated_ms = updated_ms - 31 * 60 * 1000", []).unwrap();
    db.execute(
        "insert into contact_fact (contact_id, kind, name, value, message_id, created_ms, updated_ms, expires_ms)
         select id, 'fact', 'embarazo', 'embarazada', 'm', 1, 1, 2 from contact",
        [],
    )
    .unwrap();
    let _daemon = site.start();
    let begun = std::time::Instant::now();
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    while count("select count(*) from memory") == 0 || count("select count(*) from contact_fact") > 0 {
        assert!(begun.elapsed() < PATIENCE, "nothing was summed up");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(count("select count(*) from memory"), 1);
}

#[tokio::test]
async fn a_summary_that_is_cut_off_is_made_once_later() {
    let site = site_with_talk().await;
    let arguments = ["memory", "consolidate", "--tenant", "acme"];
    let died = iass(site.path(), &arguments, &[("IASS_CRASH_POINT", "memory.before_keep")]);
    assert_eq!(died.status.code(), None, "{}", stderr(&died));
    assert_eq!(memories(&site), Vec::<String>::new());
    assert_eq!(consolidate(&site)["memories"], 1);
    assert_eq!(memories(&site).len(), 1);
}
