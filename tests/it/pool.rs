//! The pool of keys as its users see it: through the real daemon, against providers that fail in every way.

use std::{fmt::Write as _, process::Command};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    fake_llm::{Act, FakeLlm},
    fake_webhook::FakeWebhook,
    harness::{Daemon, Site},
};

/// What nobody but the provider may ever see.
const SECRET: &str = "sk-geheim-";

const QUESTION: &str = "¿Cuánto dura la limpieza facial?";

/// What the tenant knows.
const DOCUMENT: &str =
    "# Servicios\n\n## Limpieza facial\n\nLa limpieza facial dura 90 minutos e incluye mascarilla.\n";

/// What a model says of it.
const REPLY: &str = "La limpieza facial dura 90 minutos.";

/// A key of a configuration, with its secret.
fn key(id: &str, fake: &FakeLlm, more: &str) -> String {
    let url = fake.base_url();
    format!(
        "[[llm.keys]]\nid = \"{id}\"\nbase_url = \"{url}\"\napi_key = \"{SECRET}{id}\"\nmodel = \"fake\"\n{more}\n"
    )
}

/// A site with one tenant and these parts of a configuration.
fn site(parts: &[String]) -> Site {
    let site = Site::new(&["acme"]);
    site.write("knowledge/acme/servicios.md", DOCUMENT);
    configure(&site, parts);
    site
}

fn configure(site: &Site, parts: &[String]) {
    let mut text =
        "[worker]\nburst_quiet_ms = 0\nturn_deadline_s = 12\n[llm]\nwait_for_key_s = 0\n".to_owned();
    for part in parts {
        // Writing into a string cannot fail.
        write!(text, "\n{part}").unwrap();
    }
    site.write("chatbot.toml", &text);
}

fn answers(times: usize) -> Vec<Act> {
    vec![Act::Answer(REPLY.to_owned()); times]
}

async fn pool(daemon: &Daemon) -> Value {
    let (status, pool) = daemon.client.get("/api/v1/pool").await;
    assert_eq!(status, StatusCode::OK, "{pool}");
    pool
}

/// A message, and who answered it.
async fn answered_by(daemon: &Daemon, contact: &str) -> String {
    // Who asks the same three times is handed to a person: the questions take turns.
    static ASKED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let n = ASKED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let questions =
        [QUESTION.to_owned(), format!("{QUESTION} Es regalo."), format!("{QUESTION} Pregunta mi hermana.")];
    let question = &questions[n % questions.len()];
    let (status, turn) = daemon.client.chat("acme", contact, question).await;
    assert_eq!(status, StatusCode::OK, "{turn}");
    assert!(!turn["reply"].as_str().unwrap().is_empty());
    turn["answered_by"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn whatever_a_key_does_another_answers_and_the_table_says_what_becomes_of_it() {
    let table: [(Act, &str, Value, std::ops::RangeInclusive<u64>); 12] = [
        (Act::Refuse(429, "slow down", Some("7")), "cooling", json!("rate_limited"), 5..=7),
        (Act::Refuse(429, "try again in 20s", None), "cooling", json!("rate_limited"), 17..=20),
        (Act::Refuse(402, "Insufficient Balance", None), "cooling", json!("quota"), 890..=900),
        (Act::Refuse(401, "who?", None), "disabled", json!("unauthorized"), 0..=0),
        (Act::Refuse(404, "model_not_found", None), "disabled", json!("no_model"), 0..=0),
        (Act::Refuse(503, "", Some("30")), "cooling", json!("server"), 27..=30),
        (Act::Refuse(529, "overloaded", None), "cooling", json!("server"), 0..=1),
        (Act::Garbage, "cooling", json!("bad_answer"), 0..=1),
        (Act::Answer(String::new()), "cooling", json!("bad_answer"), 0..=1),
        (Act::Hang, "cooling", json!("timeout"), 2..=5),
        (Act::Refuse(400, "content_filter", None), "ready", Value::Null, 0..=0),
        (Act::Refuse(422, "what is this?", None), "ready", Value::Null, 0..=0),
    ];
    for (act, state, reason, cooling) in table {
        let (first, second) = (FakeLlm::start([act.clone()]), FakeLlm::start(answers(1)));
        let site = site(&[key("a", &first, ""), key("b", &second, "tier = 2")]);
        let daemon = site.start();
        assert_eq!(answered_by(&daemon, "ana").await, "b", "{act:?}");
        let status = &pool(&daemon).await["pool_status"][0];
        assert_eq!((&status["state"], &status["reason"]), (&json!(state), &reason), "{act:?}");
        let rests = status["cooling_s"].as_u64().unwrap();
        assert!(cooling.contains(&rests), "{act:?} rests {rests} s");
        assert_eq!((first.asked().len(), second.asked().len()), (1, 1), "{act:?}: each key is asked once");
    }
}

#[tokio::test]
async fn when_every_key_is_out_the_built_in_answerer_serves_and_nobody_sees_a_429() {
    let fake = FakeLlm::start(vec![Act::Refuse(429, "slow down", Some("60")); 9]);
    let site = site(&[key("a", &fake, ""), key("b", &fake, "")]);
    let daemon = site.start();
    for contact in ["ana", "bea", "carla"] {
        assert_eq!(answered_by(&daemon, contact).await, "builtin");
    }
    assert_eq!(fake.asked().len(), 2, "a key that rests is left alone");
    let pool = pool(&daemon).await;
    assert_eq!(pool["pool_capacity_pct"], 100.0, "there is no place to be had");
}

#[tokio::test]
async fn a_conversation_stays_with_its_key_and_the_keys_share_evenly() {
    let fakes = [(); 3].map(|()| FakeLlm::start(answers(60)));
    let names = ["a", "b", "c"];
    let parts: Vec<_> =
        names.iter().zip(&fakes).map(|(id, fake)| key(id, fake, "requests_per_minute = 600")).collect();
    let site = site(&parts);
    let daemon = site.start();
    let contacts: Vec<String> = (0..7).map(|n| format!("c{n}")).collect();
    let mut first = Vec::new();
    for contact in &contacts {
        first.push(answered_by(&daemon, contact).await);
    }
    for _ in 0..3 {
        for (contact, expected) in contacts.iter().zip(&first) {
            assert_eq!(&answered_by(&daemon, contact).await, expected, "{contact} moved");
        }
    }
    let pool = pool(&daemon).await;
    let active: Vec<u64> =
        (0..3).map(|n| pool["pool_status"][n]["active_conversations"].as_u64().unwrap()).collect();
    assert_eq!(
        (active.iter().sum::<u64>(), active.iter().max(), active.iter().min()),
        (7, Some(&3), Some(&2))
    );
    assert_eq!(pool["total_active"], 7);
    assert_eq!((&pool["pool_capacity_pct"], &pool["alert"]), (&json!(15.6), &json!(false)));
    let keys: Vec<_> = pool["pool_status"].as_array().unwrap().iter().map(|key| &key["key_id"]).collect();
    assert_eq!(keys, names);
}

#[tokio::test]
async fn one_key_failing_and_another_hanging_no_turn_is_late() {
    let failing = FakeLlm::start(vec![Act::Refuse(500, "oops", None); 50]);
    let hanging = FakeLlm::start(vec![Act::Hang; 50]);
    let working = FakeLlm::start(answers(50));
    let parts = [key("a", &failing, ""), key("b", &hanging, ""), key("c", &working, "")];
    let site = site(&parts);
    let daemon = site.start();
    let turns = (0..9).map(|n| {
        let client = daemon.client.clone();
        async move { client.chat("acme", &format!("c{n}"), QUESTION).await }
    });
    for (status, turn) in futures::future::join_all(turns).await {
        assert_eq!(status, StatusCode::OK, "{turn}");
        assert_eq!(turn["answered_by"], "c", "there was time for the one that works: {turn}");
        assert!(turn["latency_ms"]["total"].as_f64().unwrap() < 12_000.0, "{turn}");
    }
}

#[tokio::test]
async fn a_reload_keeps_the_conversations_and_forgives_a_refused_key() {
    let (first, second) = (FakeLlm::start([Act::Refuse(401, "who?", None)]), FakeLlm::start(answers(9)));
    first.then(answers(9));
    let site = site(&[key("a", &first, ""), key("b", &second, "tier = 2")]);
    let daemon = site.start();
    assert_eq!(answered_by(&daemon, "ana").await, "b");
    configure(&site, &[key("a", &first, "max_conversations = 3"), key("b", &second, "tier = 2")]);
    assert_eq!(daemon.client.post("/api/v1/reload", &json!({})).await.0, StatusCode::OK);
    let status = pool(&daemon).await;
    assert_eq!(status["pool_status"][0]["state"], "ready");
    assert_eq!(status["pool_status"][0]["max_conversations"], 3);
    assert_eq!(status["total_active"], 1, "the pin outlives it");
    assert_eq!(answered_by(&daemon, "ana").await, "b");
    assert_eq!(answered_by(&daemon, "bea").await, "a");
}

#[tokio::test]
async fn anthropic_is_spoken_to_in_its_own_words() {
    let fake = FakeLlm::start(answers(1));
    let site = site(&[key("claude", &fake, "provider = \"anthropic\"")]);
    let daemon = site.start();
    assert_eq!(answered_by(&daemon, "ana").await, "claude");
    let asked = fake.asked().remove(0);
    assert_eq!((asked.path.as_str(), asked.key.as_str()), ("/messages", "sk-geheim-claude"));
    let text = asked.body["messages"][0]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("limpieza facial"), "{text}");
    assert!(asked.body["system"].as_str().unwrap().contains("Test"), "{}", asked.body);
}

#[tokio::test]
async fn a_tenants_own_key_serves_it_first_and_nobody_else() {
    let (shared, own) = (FakeLlm::start(answers(9)), FakeLlm::start(answers(1)));
    let site = site(&[key("a", &shared, "")]);
    site.write("tenants/rich/tenant.toml", &format!("name = \"Rich\"\n{}", key("mine", &own, "")));
    site.write("knowledge/rich/servicios.md", DOCUMENT);
    let daemon = site.start();
    assert_eq!(answered_by(&daemon, "ana").await, "a");
    for expected in ["rich/mine", "a"] {
        let (_, turn) = daemon.client.chat("rich", "ana", QUESTION).await;
        assert_eq!(turn["answered_by"], expected);
    }
    let spending = daemon.client.get("/api/v1/tenants/rich/spending").await.1;
    assert_eq!(
        (&spending["keys"][0]["key_id"], &spending["keys"][1]["key_id"]),
        (&json!("a"), &json!("rich/mine"))
    );
    assert_eq!(spending["tokens"], 4);
}

#[tokio::test]
async fn a_budget_that_is_spent_leaves_the_built_in_answerer_and_is_told_once() {
    let fake = FakeLlm::start(answers(9));
    let (webhook, staff) = (FakeWebhook::start().await, FakeWebhook::start().await);
    let prices = "[llm.prices]\ncurrency = \"USD\"\nfake = { input = 0, output = 1000 }\n".to_owned();
    let alerts = format!("[alerts]\nwebhook_url = \"{}\"\n", webhook.url());
    let site = site(&[key("a", &fake, ""), prices, alerts]);
    // An answer may have 500 tokens and so cost 0.50; that of the fake has one.
    site.write(
        "tenants/acme/tenant.toml",
        &format!(
            "name = \"Test\"\n[limits]\ncost_per_month = 0.5015\nsoft_pct = 1\n[notify.slack]\nwebhook_url = \"{}\"\n",
            staff.url()
        ),
    );
    let daemon = site.start();
    assert_eq!(answered_by(&daemon, "ana").await, "a");
    assert_eq!(answered_by(&daemon, "ana").await, "a");
    for contact in ["ana", "bea"] {
        assert_eq!(answered_by(&daemon, contact).await, "builtin");
    }
    assert_eq!(fake.asked().len(), 2);
    assert!(webhook.next().await.contains("acme gastó todo su presupuesto"));
    // The staff of the tenant is told as well, and once; another notice calls them to who asked the same three times.
    let mut told = [staff.next().await, staff.next().await];
    told.sort();
    assert!(told[0].starts_with("El asistente necesita tu atención"), "{told:?}");
    assert!(told[1].starts_with("Un cliente espera"), "{told:?}");
    assert!(staff.is_quiet().await);
    let spending = daemon.client.get("/api/v1/tenants/acme/spending").await.1;
    assert_eq!(spending["cost"], json!({"minor": 1, "currency": "USD"}), "{spending}");
    assert_eq!(spending["limits"]["cost_per_month"], json!({"minor": 51, "currency": "USD"}));
}

#[tokio::test]
async fn a_crowded_pool_is_told_and_so_is_its_end() {
    let fake = FakeLlm::start(answers(9));
    let webhook = FakeWebhook::start().await;
    let parts = |pct: u8| {
        let threshold = format!("alert_pct = {pct}\nalert_after_s = 0\n");
        let alerts = format!("[alerts]\nwebhook_url = \"{}\"\nlanguage = \"en\"\n", webhook.url());
        [threshold, key("a", &fake, "max_conversations = 5"), alerts]
    };
    let site = site(&parts(40));
    let daemon = site.start();
    answered_by(&daemon, "ana").await;
    assert_eq!(pool(&daemon).await["alert"], false);
    answered_by(&daemon, "bea").await;
    assert_eq!(pool(&daemon).await["alert"], true);
    assert!(webhook.next().await.contains("40% in use"));
    configure(&site, &parts(90));
    daemon.client.post("/api/v1/reload", &json!({})).await;
    assert!(webhook.next().await.contains("have room again"));
    assert_eq!(pool(&daemon).await["alert"], false);
    assert!(daemon.log().contains("nearly all taken"), "and it is logged");
}

#[tokio::test]
async fn metrics_are_for_prometheus_and_for_programs() {
    let fake = FakeLlm::start([Act::Refuse(500, "oops", None), Act::Answer(REPLY.to_owned())]);
    let mut site = site(&[key("a", &fake, ""), key("b", &fake, "tier = 2")]);
    site.variables.push(("IASS_ADMIN_TOKEN".to_owned(), "t0ken".to_owned()));
    let daemon = site.start();
    let chat = daemon.client.request(Method::POST, "/api/v1/tenants/acme/chat").bearer_auth("t0ken");
    let chat = chat.json(&json!({"contact": "ana", "message": QUESTION})).send().await.unwrap();
    assert_eq!(chat.status(), StatusCode::OK);

    let text = daemon.client.request(Method::GET, "/metrics").send().await.unwrap();
    assert_eq!(text.status(), StatusCode::OK, "a scraper on this machine needs no token");
    assert!(text.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let text = text.text().await.unwrap();
    for line in [
        r#"iass_llm_requests_total{tenant="acme",key="a",outcome="server"} 1"#,
        r#"iass_llm_requests_total{tenant="acme",key="b",outcome="ok"} 1"#,
        r#"iass_llm_errors_total{key="a",kind="server"} 1"#,
        r#"iass_llm_tokens_total{tenant="acme",key="b",direction="completion"} 1"#,
        r#"iass_pool_active_conversations{key="b"} 1"#,
        r#"iass_pool_key_state{key="b",state="ready"} 1"#,
        r#"iass_llm_latency_seconds_count{tenant="acme",key="b"} 1"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
    }
    let forwarded = daemon.client.request(Method::GET, "/metrics").header("x-forwarded-for", "8.8.8.8");
    assert_eq!(forwarded.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let json = daemon.client.request(Method::GET, "/metrics").header("accept", "application/json");
    let json: Value = json.send().await.unwrap().json().await.unwrap();
    assert_eq!(json["pool_status"][1]["key_id"], "b");
    let (status, _) = daemon.client.get("/api/v1/pool").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

/// Runs a command of the site.
fn run(site: &Site, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iass"));
    site.prepare(&mut command);
    let output = command.args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn pool_status_and_plan_ask_the_running_daemon() {
    let fake = FakeLlm::start(answers(3));
    let site = site(&[key("a", &fake, "max_conversations = 4")]);
    let daemon = site.start();
    for _ in 0..3 {
        answered_by(&daemon, "ana").await;
    }
    let url = daemon.client.url.clone();
    let (code, table, error) = run(&site, &["pool", "status", "--url", &url]);
    assert_eq!(code, Some(0), "{error}");
    for words in ["KEY", "1 of 4", "25%", "3 of 60", "ready", "1.0 requests a message"] {
        assert!(table.contains(words), "{words} is missing in\n{table}");
    }
    let (_, json, _) = run(&site, &["pool", "status", "--json", "--url", &url]);
    let status: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(status["pool_status"][0]["active_conversations"], 1);
    assert_eq!(status["traffic"]["calls_per_message"], 1.0);

    let plan = ["pool", "plan", "--rpm", "60", "--messages-per-minute", "2", "--url", &url];
    let (_, text, _) = run(&site, &plan);
    assert!(text.contains("carries 24 conversations") && text.contains("measured"), "{text}");
    drop(daemon);
    let (code, _, error) = run(&site, &["pool", "status", "--url", &url]);
    assert_eq!(code, Some(69), "{error}");
    assert!(error.contains("iass serve"), "{error}");
    site.write("chatbot.toml", "[server]\nlisten = \"127.0.0.1:9\"\n");
    let (code, text, _) = run(&site, &["pool", "plan", "--rpm", "60", "--messages-per-minute", "2"]);
    assert!(
        code == Some(0) && text.contains("carries 12") && text.contains("nothing was measured"),
        "{text}"
    );
}

#[tokio::test]
async fn a_key_is_never_shown_whatever_happens() {
    // A provider that repeats what it was sent, in errors that are read and in answers that are not understood.
    let leaks = [
        Act::Refuse(401, "Incorrect API key provided: sk-geheim-a", None),
        Act::Refuse(500, "Bearer sk-geheim-b", None),
        Act::Refuse(400, "sk-geheim-c is not for this model", None),
    ];
    let fakes = leaks.map(|act| FakeLlm::start([act]));
    let names = ["a", "b", "c"];
    let webhook = FakeWebhook::start().await;
    let mut parts: Vec<_> = names.iter().zip(&fakes).map(|(id, fake)| key(id, fake, "")).collect();
    parts.push(format!("[alerts]\nwebhook_url = \"{}\"\n", webhook.url()));
    let site = site(&parts);
    let own = FakeLlm::start([Act::Refuse(403, "sk-geheim-own", None)]);
    site.write("tenants/rich/tenant.toml", &format!("name = \"Rich\"\n{}", key("own", &own, "")));
    let mut command = site.command();
    command.arg("-vv");
    let daemon = Daemon::start(command, site.path()).unwrap();
    let mut seen = vec![daemon.client.chat("acme", "ana", QUESTION).await.1.to_string()];
    seen.push(daemon.client.chat("rich", "ana", QUESTION).await.1.to_string());
    assert!(fakes.iter().chain([&own]).all(|fake| !fake.asked().is_empty()), "all were asked");
    seen.push(webhook.next().await);
    for path in [
        "/api/v1/pool",
        "/metrics",
        "/api/v1/tenants",
        "/api/v1/tenants/rich",
        "/health/ready",
        "/api/v1/tenants/acme/conversations",
    ] {
        seen.push(daemon.client.get(path).await.1.to_string());
    }
    let url = daemon.client.url.clone();
    for command in [
        &["pool", "status", "--json", "--url", &url][..],
        &["-vv", "pool", "status", "--url", &url],
        &["--json", "config", "show"],
        &["--json", "tenant", "show", "rich"],
        &["-vv", "--json", "chat", "--tenant", "acme", "--trace", "-m", QUESTION],
    ] {
        let (_, out, error) = run(&site, command);
        assert!(!out.is_empty() || !error.is_empty(), "{command:?}");
        seen.push(out + &error);
    }
    seen.push(daemon.log());
    for text in &seen {
        assert!(!text.contains("geheim"), "a key is shown in {text}");
    }
    assert!(seen.iter().any(|text| text.contains("rich/own")), "but its name is");
}
