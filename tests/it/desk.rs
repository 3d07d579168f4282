//! The service desk as its people see it: conversations taken and given back, leads, cases and agents.

use std::process::Output;

use reqwest::{Method, StatusCode};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    config::{iass, json_lines, stderr, stdout},
    harness::{Answer, Client, PATIENCE, Site},
};

fn run(site: &Site, line: &str) -> Output {
    iass(site.path(), &line.split_whitespace().collect::<Vec<_>>(), &[])
}

async fn patch(client: &Client, path: &str, body: &Value) -> Answer {
    let response = client.request(Method::PATCH, path).json(body).send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

/// The conversation of a contact.
async fn conversation_of(client: &Client, contact: &str) -> Value {
    let all = client.list("/api/v1/tenants/acme/conversations").await;
    all.into_iter().find(|conversation| conversation["contact"] == contact).unwrap()
}

/// Waits until a query gives this number.
fn wait_for(site: &Site, sql: &str, expected: i64) {
    let db = Connection::open(site.database("acme")).unwrap();
    db.busy_timeout(PATIENCE).unwrap();
    let begun = std::time::Instant::now();
    loop {
        let found: i64 = db.query_row(sql, [], |row| row.get(0)).unwrap();
        if found == expected {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{sql} gives {found}, not {expected}");
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn a_person_takes_a_conversation_speaks_and_gives_it_back() {
    let site = Site::new(&["acme", "other"]);
    let daemon = site.start();
    let client = &daemon.client;
    client.chat("acme", "ana", "hola").await;
    let conversation = conversation_of(client, "ana").await;
    assert_eq!(conversation["owner"], "bot");
    let id = conversation["conversation"].as_str().unwrap();
    let handoffs = "/api/v1/tenants/acme/handoffs";

    let (status, taken) = client.post(&format!("{handoffs}/{id}/take"), &json!({"by": "Eva"})).await;
    assert_eq!(
        (status, &taken["state"], &taken["taken_by"]),
        (StatusCode::OK, &json!("taken"), &json!("Eva"))
    );
    assert_eq!((&taken["reason"], &taken["contact"]), (&json!("takeover"), &json!("ana")));
    assert_eq!(taken["brief"]["last_messages"][0]["text"], "hola");
    let handoff = taken["handoff"].as_str().unwrap();
    assert_eq!(client.post(&format!("{handoffs}/{handoff}/take"), &json!({"by": "Eva"})).await.1, taken);
    let (status, error) = client.post(&format!("{handoffs}/{handoff}/take"), &json!({"by": "Leo"})).await;
    assert_eq!((status, &error["error"]["code"]), (StatusCode::CONFLICT, &json!("handoff_conflict")));
    assert!(error["error"]["message"].as_str().unwrap().contains("Eva"), "{error}");
    assert_eq!(conversation_of(client, "ana").await["owner"], "human");

    let reply = json!({"message": "Soy Eva, ¿en qué ayudo?", "by": "Eva", "message_id": "p1"});
    let (status, said) = client.post(&format!("{handoffs}/{handoff}/reply"), &reply).await;
    assert_eq!((status, &said["role"]), (StatusCode::CREATED, &json!("person")));
    assert_eq!(client.post(&format!("{handoffs}/{id}/reply"), &reply).await.1, said, "the same message");
    let (status, _) =
        client.post(&format!("{handoffs}/{handoff}/reply"), &json!({"message": "x", "by": "Leo"})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    wait_for(&site, "select count(*) from outbox where state = 'sent' and turn_id is null", 1);
    let messages = client.list(&format!("/api/v1/tenants/acme/conversations/{id}/messages")).await;
    let roles: Vec<&str> = messages.iter().map(|message| message["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["customer", "assistant", "person"]);

    let (status, released) = client.post(&format!("{handoffs}/{id}/release"), &json!({"by": "Eva"})).await;
    assert_eq!((status, &released["state"]), (StatusCode::OK, &json!("released")));
    assert_eq!(conversation_of(client, "ana").await["owner"], "returned");
    assert_eq!(client.get(&format!("{handoffs}/{handoff}")).await.1["state"], "released");
    assert_eq!(client.list(handoffs).await.len(), 1);
    let (_, waiting) = client.get(&format!("{handoffs}?state=waiting")).await;
    assert_eq!(waiting, json!({"items": [], "next": null}));

    let log = client.list("/api/v1/tenants/acme/audit").await;
    let lines: Vec<String> = log
        .iter()
        .rev()
        .filter(|line| line["action"].as_str().unwrap().starts_with("handoff."))
        .map(|line| format!("{} {}", line["actor"].as_str().unwrap(), line["action"].as_str().unwrap()))
        .collect();
    assert_eq!(
        lines,
        ["person:Eva handoff.taken", "person:Eva handoff.replied", "person:Eva handoff.released"]
    );
    assert!(!json!(log).to_string().contains("en qué ayudo"), "the log never holds what was said");
    assert!(!daemon.log().contains("en qué ayudo"));
    assert_eq!(client.list("/api/v1/tenants/other/handoffs").await, Vec::<Value>::new());
}

#[tokio::test]
async fn wrong_requests_of_the_desk_are_told_what_is_wrong() {
    let site = Site::new(&["acme"]);
    let daemon = site.start();
    let api = "/api/v1/tenants/acme";
    daemon.client.chat("acme", "ana", "hola").await;
    let id = conversation_of(&daemon.client, "ana").await["conversation"].as_str().unwrap().to_owned();
    let cases = [
        (Method::GET, format!("{api}/handoffs?state=open"), json!({}), 422, "invalid_field"),
        (Method::GET, format!("{api}/handoffs?cursor=x"), json!({}), 422, "invalid_field"),
        (Method::GET, format!("{api}/handoffs/none"), json!({}), 404, "unknown_handoff"),
        (Method::POST, format!("{api}/handoffs/none/take"), json!({"by": "Eva"}), 404, "unknown_handoff"),
        (Method::POST, format!("{api}/handoffs/{id}/take"), json!({}), 422, "invalid_field"),
        (Method::POST, format!("{api}/handoffs/{id}/take"), json!({"by": " "}), 422, "invalid_field"),
        (Method::POST, format!("{api}/handoffs/{id}/release"), json!({"by": "Eva"}), 404, "unknown_handoff"),
        (Method::POST, format!("{api}/handoffs/{id}/reply"), json!({"message": ""}), 422, "invalid_field"),
        (Method::POST, format!("{api}/handoffs/{id}/reply"), json!({"message": "x"}), 404, "unknown_handoff"),
        (Method::GET, format!("{api}/leads/none"), json!({}), 404, "unknown_lead"),
        (Method::GET, format!("{api}/leads?complete=maybe"), json!({}), 422, "invalid_field"),
        (Method::GET, format!("{api}/tickets/none"), json!({}), 404, "unknown_ticket"),
        (Method::PATCH, format!("{api}/tickets/none"), json!({"state": "closed"}), 404, "unknown_ticket"),
        (Method::PATCH, format!("{api}/tickets/none"), json!({"state": "done"}), 422, "invalid_field"),
        (Method::GET, format!("{api}/contacts/none"), json!({}), 404, "unknown_contact"),
        (Method::DELETE, format!("{api}/contacts/none"), json!({}), 404, "unknown_contact"),
        (Method::GET, format!("{api}/conversations/none"), json!({}), 404, "unknown_conversation"),
    ];
    for (method, path, body, status, code) in cases {
        let response = daemon.client.request(method.clone(), &path).json(&body).send().await.unwrap();
        let found = response.status().as_u16();
        let error: Value = response.json().await.unwrap();
        assert_eq!((found, error["error"]["code"].as_str()), (status, Some(code)), "{method} {path} {error}");
    }
    let bodyless =
        daemon.client.request(Method::POST, &format!("{api}/handoffs/none/release")).send().await.unwrap();
    assert_eq!(bodyless.status(), 404, "a release needs no body");
}

#[tokio::test]
async fn the_command_line_takes_and_gives_back_beside_the_daemon() {
    let site = Site::new(&["acme"]);
    let daemon = site.start();
    daemon.client.chat("acme", "ana", "hola").await;
    let conversation =
        conversation_of(&daemon.client, "ana").await["conversation"].as_str().unwrap().to_owned();
    let taken = run(&site, &format!("--json handoff take {conversation} --tenant acme --by Eva"));
    assert_eq!(taken.status.code(), Some(0), "{}", stderr(&taken));
    let handoff = json_lines(&taken)[0]["handoff"].as_str().unwrap().to_owned();
    let refused = run(&site, &format!("handoff take {handoff} --tenant acme --by Leo"));
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("Eva has this conversation"), "{}", stderr(&refused));
    assert_eq!(conversation_of(&daemon.client, "ana").await["owner"], "human");

    let listed = json_lines(&run(&site, "--json handoff list --tenant acme --state taken"));
    assert_eq!((listed.len(), &listed[0]["taken_by"]), (1, &json!("Eva")));
    assert_eq!(
        json_lines(&run(&site, "--json handoff list --tenant acme --state waiting")),
        Vec::<Value>::new()
    );
    let shown = run(&site, &format!("handoff show {conversation} --tenant acme"));
    assert!(
        stdout(&shown).contains("taken by Eva") && stdout(&shown).contains("customer: hola"),
        "{}",
        stdout(&shown)
    );

    let released = run(&site, &format!("handoff release {handoff} --tenant acme --by Eva"));
    assert_eq!((released.status.code(), stdout(&released)), (Some(0), ""), "{}", stderr(&released));
    assert_eq!(conversation_of(&daemon.client, "ana").await["owner"], "returned");
    let again = run(&site, &format!("handoff take {handoff} --tenant acme --by Leo"));
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains(&format!("handoff take {conversation}")), "{}", stderr(&again));
    for line in
        ["handoff show none --tenant acme", "handoff take none --tenant acme", "handoff list --tenant none"]
    {
        assert_eq!(run(&site, line).status.code(), Some(3), "{line}");
    }
    assert_eq!(run(&site, "handoff list --tenant acme --state open").status.code(), Some(2));
}

#[tokio::test]
async fn conversations_are_listed_and_read_at_the_command_line() {
    let site = Site::new(&["acme"]);
    let daemon = site.start();
    for contact in ["ana", "leo"] {
        daemon.client.chat("acme", contact, &format!("hola, soy {contact}")).await;
    }
    drop(daemon);
    let listed = json_lines(&run(&site, "--json conversation list --tenant acme"));
    let contacts: Vec<&str> = listed.iter().map(|line| line["contact"].as_str().unwrap()).collect();
    assert_eq!(contacts, ["leo", "ana"]);
    assert_eq!(json_lines(&run(&site, "--json conversation list --tenant acme --limit 1")).len(), 1);
    let id = listed[1]["conversation"].as_str().unwrap();
    let shown = json_lines(&run(&site, &format!("--json conversation show {id} --tenant acme")));
    assert_eq!(
        (&shown[0]["owner"], &shown[0]["messages"][0]["text"]),
        (&json!("bot"), &json!("hola, soy ana"))
    );
    let text = run(&site, &format!("conversation show {id} --tenant acme"));
    assert!(stdout(&text).contains("customer: hola, soy ana"), "{}", stdout(&text));
    assert_eq!(run(&site, "conversation show none --tenant acme").status.code(), Some(3));
}

/// Puts leads and cases into the database, as turns leave them.
fn put_leads_and_cases(site: &Site) {
    let db = Connection::open(site.database("acme")).unwrap();
    let conversations: Vec<(String, String)> = db
        .prepare("select id, contact_id from conversation order by created_ms, id")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let drafts = [
        (
            json!({"name": "Ana Pérez", "email": "ana@x.co", "phone": "+57 300 555 0102", "problem": "=1+1", "interest": "Ventas", "wanted": true}),
            Some(1),
        ),
        (json!({"name": "Leo", "wanted": true}), None),
        (json!({"name": "Eva", "wanted": false}), None),
    ];
    for (n, ((conversation, contact), (draft, completed))) in conversations.iter().zip(drafts).enumerate() {
        db.execute(
            "insert into lead (id, conversation_id, contact_id, draft, completed_ms, created_ms, updated_ms)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
            rusqlite::params![format!("lead_{n}"), conversation, contact, draft.to_string(), completed, 1000],
        )
        .unwrap();
        db.execute(
            "insert into ticket (id, conversation_id, contact_id, subject, detail, urgency, state, created_ms, updated_ms)
             values (?1, ?2, ?3, 'No llegó', 'mi pedido no llegó', 'Alto', 'open', ?4, ?4)",
            rusqlite::params![format!("ticket_{n}"), conversation, contact, 1000],
        )
        .unwrap();
    }
}

#[tokio::test]
async fn leads_are_listed_paged_and_exported_in_the_shape_that_a_crm_gets() {
    let site = Site::new(&["acme"]);
    let daemon = site.start();
    for contact in ["a", "b", "c"] {
        daemon.client.chat("acme", contact, "hola").await;
    }
    put_leads_and_cases(&site);
    let leads = "/api/v1/tenants/acme/leads";
    let (status, page) = daemon.client.get(&format!("{leads}?limit=1")).await;
    assert_eq!((status, &page["items"][0]["lead_id"]), (StatusCode::OK, &json!("lead_1")));
    let next = page["next"].as_str().unwrap();
    let (_, page) = daemon.client.get(&format!("{leads}?limit=1&cursor={next}")).await;
    assert_eq!((&page["items"][0]["lead_id"], &page["next"]), (&json!("lead_0"), &Value::Null));
    let (_, lead) = daemon.client.get(&format!("{leads}/lead_0")).await;
    let conversation = lead["conversation"].as_str().unwrap().to_owned();
    let expected = json!({
        "lead_id": "lead_0",
        "contact_info": {"name": "Ana Pérez", "phone_or_username": "+57 300 555 0102", "email": "ana@x.co"},
        "business_context": {"company_name": null, "interest_area": "Ventas"},
        "problem_statement": "=1+1",
        "urgency_level": "Medio",
        "qualification": "cold",
        "tenant": "acme",
        "conversation": conversation,
        "created_at": "1970-01-01T00:00:01Z",
        "complete": true,
    });
    assert_eq!(lead, expected);
    let (_, complete) = daemon.client.get(&format!("{leads}?complete=true")).await;
    assert_eq!(complete["items"], json!([expected]));

    let listed = json_lines(&run(&site, "--json lead list --tenant acme"));
    assert_eq!(
        listed.iter().map(|lead| lead["lead_id"].as_str().unwrap()).collect::<Vec<_>>(),
        ["lead_1", "lead_0"]
    );
    assert_eq!(
        json_lines(&run(&site, "--json lead show lead_0 --tenant acme")),
        std::slice::from_ref(&expected)
    );
    assert_eq!(
        json_lines(&run(&site, "lead export --format json --tenant acme --complete")),
        [json!([expected])]
    );
    let csv = run(&site, "lead export --format csv --tenant acme --complete");
    let rows: Vec<&str> = stdout(&csv).lines().collect();
    assert_eq!(rows.len(), 2);
    assert!(rows[0].starts_with("lead_id,created_at,name,"), "{}", rows[0]);
    assert!(rows[1].contains(",'+57 300 555 0102,ana@x.co,") && rows[1].contains(",'=1+1,"), "{}", rows[1]);
    assert_eq!(run(&site, "lead show none --tenant acme").status.code(), Some(3));
    assert_eq!(run(&site, "lead export --tenant acme").status.code(), Some(2));
}

#[tokio::test]
async fn cases_are_closed_and_opened_again() {
    let site = Site::new(&["acme"]);
    let daemon = site.start();
    daemon.client.chat("acme", "ana", "hola").await;
    put_leads_and_cases(&site);
    let tickets = "/api/v1/tenants/acme/tickets";
    let (status, closed) =
        patch(&daemon.client, &format!("{tickets}/ticket_0"), &json!({"state": "closed"})).await;
    assert_eq!(
        (status, &closed["state"], &closed["urgency"]),
        (StatusCode::OK, &json!("closed"), &json!("Alto"))
    );
    assert_eq!(daemon.client.get(&format!("{tickets}?state=open")).await.1["items"], json!([]));
    let reopened = run(&site, "--json ticket reopen ticket_0 --tenant acme");
    assert_eq!(json_lines(&reopened)[0]["state"], "open");
    assert_eq!(daemon.client.list(tickets).await[0]["state"], "open");
    assert_eq!(json_lines(&run(&site, "--json ticket list --tenant acme --state open")).len(), 1);
    assert_eq!(run(&site, "ticket close none --tenant acme").status.code(), Some(3));
}

#[tokio::test]
async fn the_agents_of_a_tenant_are_shown_as_it_configured_them() {
    let site = Site::new(&["acme"]);
    site.write(
        "tenants/acme/tenant.toml",
        "name = \"Acme\"\n[agents]\nenabled = [\"sales\", \"garantias\"]\n[agents.garantias]\npersona = \"Eres de garantías\"\nexamples = [\"se me dañó\"]\n",
    );
    let daemon = site.start();
    let (status, team) = daemon.client.get("/api/v1/tenants/acme/agents").await;
    assert_eq!((status, &team["strategy"]), (StatusCode::OK, &json!("classified")));
    let names: Vec<&str> =
        team["items"].as_array().unwrap().iter().map(|agent| agent["agent"].as_str().unwrap()).collect();
    assert_eq!(names, ["sales", "garantias"]);
    assert_eq!(
        (&team["items"][0]["built_in"], &team["items"][1]["persona"]),
        (&json!(true), &json!("Eres de garantías"))
    );
}
