//! Forgetting a contact: nothing of it is left, in the tables or in the bytes of the files.

use std::process::Output;

use reqwest::{Method, StatusCode};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    config::{iass, json_lines, stderr},
    harness::{Client, Site},
};

const PHONE: &str = "+573005550102";
const NAME: &str = "Zoraida Urdaneta";
const EMAIL: &str = "zoraida.urdaneta@correo.example";
const WORDS: &str = "tengo una pregunta sobre tatuajes de henna turquesa";
const TRACES: [&str; 4] = [PHONE, NAME, EMAIL, "henna turquesa"];

fn run(site: &Site, line: &str) -> Output {
    iass(site.path(), &line.split_whitespace().collect::<Vec<_>>(), &[])
}

/// Zoraida has written, among others, and left a lead and a fact.
async fn site_with_zoraida() -> Site {
    let site = Site::new(&["acme"]);
    let daemon = site.start();
    for n in 0..5 {
        daemon.client.chat("acme", &format!("otro{n}"), "hola, ¿venden libros?").await;
    }
    let body = json!({"contact": PHONE, "name": NAME, "message": WORDS});
    for _ in 0..3 {
        let (status, turn) = daemon.client.post("/api/v1/tenants/acme/chat", &body).await;
        assert_eq!(status, StatusCode::OK, "{turn}");
    }
    drop(daemon);
    let db = Connection::open(site.database("acme")).unwrap();
    db.execute(
        "insert into lead (id, conversation_id, contact_id, draft, completed_ms, created_ms, updated_ms)
         select 'lead_z', c.id, t.id, ?2, 1, 1, 1 from conversation c join contact t on t.id = c.contact_id
         where t.address = ?1
         on conflict (conversation_id) do update set draft = excluded.draft",
        [PHONE, &json!({"name": NAME, "email": EMAIL, "wanted": true}).to_string()],
    )
    .unwrap();
    db.execute(
        "insert into delivery (id, target, event, subject, contact_id, payload, state, due_ms, created_ms)
         select 'delivery_z', 'crm', 'lead', 'lead_z', id, ?2, 'pending', 9e15, 1 from contact where address = ?1",
        [PHONE, EMAIL],
    )
    .unwrap();
    site
}

/// What of the contact is in the files of the tenant.
fn traces(site: &Site) -> Vec<String> {
    let file = site.database("acme");
    let folder = file.parent().unwrap();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for trace in TRACES {
            if bytes.windows(trace.len()).any(|window| window == trace.as_bytes()) {
                found.push(format!("{trace} in {}", path.display()));
            }
        }
    }
    found
}

async fn delete(client: &Client, contact: &str) -> (StatusCode, Value) {
    let path = format!("/api/v1/tenants/acme/contacts/{contact}");
    let response = client.request(Method::DELETE, &path).send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_contact_forgotten_while_the_daemon_serves_leaves_no_trace() {
    let site = site_with_zoraida().await;
    assert!(traces(&site).len() >= TRACES.len(), "the search finds what is there: {:?}", traces(&site));
    let daemon = site.start();
    let client = &daemon.client;
    let (status, all) = client.get(&format!("/api/v1/tenants/acme/contacts/{PHONE}")).await;
    assert_eq!((status, &all["contact"]["name"]), (StatusCode::OK, &json!(NAME)));
    for trace in TRACES {
        assert!(all.to_string().contains(trace), "{trace} is not exported");
    }
    assert!(!all.to_string().contains("libros"), "of others");
    let (status, forgotten) = delete(client, &format!("api:{PHONE}")).await;
    assert_eq!((status, &forgotten["erased"]), (StatusCode::OK, &json!(true)), "{forgotten}");
    assert_eq!(
        (&forgotten["deleted"]["conversations"], &forgotten["deleted"]["deliveries"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(traces(&site), Vec::<String>::new());
    assert!(!daemon.log().contains(PHONE) && !daemon.log().contains("henna"));

    assert_eq!(delete(client, PHONE).await.0, StatusCode::NOT_FOUND);
    assert_eq!(client.list("/api/v1/tenants/acme/conversations").await.len(), 5, "the others stay");
    let log = client.list("/api/v1/tenants/acme/audit").await;
    assert_eq!((&log[0]["action"], &log[0]["subject"]), (&json!("contact.forgotten"), &forgotten["contact"]));
    assert_eq!(run(&site, "audit verify --tenant acme").status.code(), Some(0));
    // The desk goes on.
    let (status, turn) = client.chat("acme", PHONE, "hola").await;
    assert_eq!(status, StatusCode::OK, "{turn}");
}

#[tokio::test]
async fn the_command_line_exports_and_forgets() {
    let site = site_with_zoraida().await;
    let contacts = json_lines(&run(&site, "--json contact list --tenant acme"));
    assert_eq!(contacts.len(), 6);
    let zoraida = contacts.iter().find(|contact| contact["address"] == PHONE).unwrap();
    let id = zoraida["contact"].as_str().unwrap();
    let exported = json_lines(&run(&site, &format!("contact export {id} --tenant acme")));
    assert_eq!(exported[0]["leads"][0]["draft"]["email"], json!(EMAIL));
    let shown = json_lines(&run(&site, &format!("--json contact show {PHONE} --tenant acme")));
    assert_eq!(shown[0]["contact"], json!(id));

    let db = Connection::open(site.database("acme")).unwrap();
    db.execute(
        "update conversation set lease_owner = 'x', lease_until_ms = 9e15
         where contact_id = (select id from contact where address = ?1)",
        [PHONE],
    )
    .unwrap();
    let busy = run(&site, &format!("contact forget {PHONE} --tenant acme"));
    assert_eq!(busy.status.code(), Some(75), "{}", stderr(&busy));
    let daemon = site.start();
    let (status, error) = delete(&daemon.client, PHONE).await;
    assert_eq!((status, &error["error"]["code"]), (StatusCode::CONFLICT, &json!("being_answered")));
    drop(daemon);
    db.execute("update conversation set lease_owner = null, lease_until_ms = 0", []).unwrap();
    drop(db);

    let forgotten = run(&site, &format!("--json contact forget {PHONE} --tenant acme"));
    assert_eq!(forgotten.status.code(), Some(0), "{}", stderr(&forgotten));
    assert_eq!(
        (&json_lines(&forgotten)[0]["erased"], &json_lines(&forgotten)[0]["contact"]),
        (&json!(true), &json!(id))
    );
    assert_eq!(traces(&site), Vec::<String>::new());
    for line in ["forget", "show", "export"] {
        let gone = run(&site, &format!("contact {line} {PHONE} --tenant acme"));
        assert_eq!(gone.status.code(), Some(3), "{line}");
    }
}

#[tokio::test]
async fn an_address_on_two_channels_must_be_named_with_its_channel() {
    let site = Site::new(&["acme"]);
    let daemon = site.start();
    daemon.client.chat("acme", "ana", "hola").await;
    let db = Connection::open(site.database("acme")).unwrap();
    db.execute("insert into contact (id, channel, address, name, created_ms) values ('c2', 'terminal', 'ana', null, 1)", []).unwrap();
    let (status, error) = delete(&daemon.client, "ana").await;
    assert_eq!((status, &error["error"]["code"]), (StatusCode::CONFLICT, &json!("ambiguous_contact")));
    let refused = run(&site, "contact forget ana --tenant acme");
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("terminal:ana"), "{}", stderr(&refused));
    assert_eq!(delete(&daemon.client, "terminal:ana").await.0, StatusCode::OK);
    assert_eq!(delete(&daemon.client, "ana").await.0, StatusCode::OK);
}

#[tokio::test]
async fn forgetting_that_is_cut_off_is_not_begun_or_is_finished_later() {
    let site = site_with_zoraida().await;
    let forget = format!("contact forget {PHONE} --tenant acme");
    let die = |point: &str| {
        let arguments: Vec<&str> = forget.split_whitespace().collect();
        let died = iass(site.path(), &arguments, &[("IASS_CRASH_POINT", point)]);
        assert_eq!(died.status.code(), None, "{point}: {}", stderr(&died));
    };
    die("forget.before_commit");
    assert_eq!(json_lines(&run(&site, "--json contact list --tenant acme")).len(), 6, "nothing was deleted");
    die("forget.before_erase");
    assert_ne!(traces(&site), Vec::<String>::new(), "the bytes are still there");
    // Whatever opens the database next finishes it.
    assert_eq!(json_lines(&run(&site, "--json contact list --tenant acme")).len(), 5);
    assert_eq!(traces(&site), Vec::<String>::new());
}
