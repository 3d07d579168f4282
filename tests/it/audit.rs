//! `iass audit`: the log is read, and whatever is done to it is found.

use std::process::Output;

use reqwest::StatusCode;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    config::{iass, json_lines, stdout},
    harness::Site,
};

fn run(site: &Site, line: &str) -> Output {
    iass(site.path(), &line.split_whitespace().collect::<Vec<_>>(), &[])
}

/// A site whose log has a few lines, and no daemon.
async fn site_with_log() -> Site {
    let site = Site::new(&["acme"]);
    let daemon = site.start();
    for contact in ["ana", "leo", "eva"] {
        daemon.client.chat("acme", contact, "hola").await;
    }
    for conversation in daemon.client.list("/api/v1/tenants/acme/conversations").await {
        let id = conversation["conversation"].as_str().unwrap();
        for step in ["take", "release"] {
            let path = format!("/api/v1/tenants/acme/handoffs/{id}/{step}");
            assert_eq!(daemon.client.post(&path, &json!({"by": "Eva"})).await.0, StatusCode::OK);
        }
    }
    site
}

#[tokio::test]
async fn the_log_is_listed_from_both_ends() {
    let site = site_with_log().await;
    let oldest = json_lines(&run(&site, "--json audit list --tenant acme"));
    let seqs = |lines: &[Value]| lines.iter().map(|line| line["seq"].as_i64().unwrap()).collect::<Vec<_>>();
    let all = i64::try_from(oldest.len()).unwrap();
    assert!(all >= 6);
    assert_eq!(seqs(&oldest), (1..=all).collect::<Vec<_>>());
    assert_eq!(seqs(&json_lines(&run(&site, "--json audit list --tenant acme --last 2"))), [all, all - 1]);
    let daemon = site.start();
    let newest = daemon.client.list("/api/v1/tenants/acme/audit").await;
    assert_eq!(newest.into_iter().rev().collect::<Vec<_>>(), oldest);
    let (_, page) = daemon.client.get("/api/v1/tenants/acme/audit?limit=2").await;
    assert_eq!(page["next"], json!((all - 1).to_string()));
}

#[tokio::test]
async fn a_sound_log_is_ok_and_every_change_of_it_is_found() {
    let site = site_with_log().await;
    let sound = run(&site, "audit verify --tenant acme");
    assert_eq!(sound.status.code(), Some(0));
    assert!(stdout(&sound).starts_with("ok"), "{}", stdout(&sound));
    let whole = std::fs::read(site.database("acme")).unwrap();
    for (change, line) in [
        ("update audit set actor = 'person:Leo' where seq = 3", 3),
        ("update audit set at_ms = at_ms + 1 where seq = 1", 1),
        ("delete from audit where seq = 4", 4),
        ("delete from audit where seq = (select max(seq) from audit)", -1),
        ("update audit set seq = -seq where seq in (2, 3); update audit set seq = 5 + seq where seq < 0", 2),
        ("update audit_head set seq = seq - 1", -1),
    ] {
        std::fs::write(site.database("acme"), &whole).unwrap();
        let db = Connection::open(site.database("acme")).unwrap();
        let last: i64 = db.query_row("select max(seq) from audit", [], |row| row.get(0)).unwrap();
        db.execute_batch(change).unwrap();
        drop(db);
        let broken = run(&site, "--json audit verify --tenant acme");
        assert_eq!(broken.status.code(), Some(3), "{change}");
        let verdict = &json_lines(&broken)[0];
        let expected = if line < 0 { last } else { line };
        assert_eq!(
            (&verdict["ok"], &verdict["first_bad"]["seq"]),
            (&json!(false), &json!(expected)),
            "{change}"
        );
        let text = run(&site, "audit verify --tenant acme");
        assert!(stdout(&text).starts_with(&format!("broken: line {expected} ")), "{}", stdout(&text));
    }
}

/// Somebody with an editor for bytes, not for SQL.
#[tokio::test]
async fn a_byte_changed_in_the_file_is_found() {
    let site = site_with_log().await;
    let file = site.database("acme");
    // Writes the log of the killed daemon back into the file.
    assert_eq!(run(&site, "audit verify --tenant acme").status.code(), Some(0));
    let whole = std::fs::read(&file).unwrap();
    for word in ["handoff.taken", "person:Eva"] {
        let at = whole.windows(word.len()).position(|bytes| bytes == word.as_bytes()).unwrap();
        let mut changed = whole.clone();
        changed[at + 2] ^= 0x02;
        std::fs::write(&file, changed).unwrap();
        let verdict = run(&site, "audit verify --tenant acme");
        assert_eq!(verdict.status.code(), Some(3), "{word}: {}", stdout(&verdict));
    }
}
