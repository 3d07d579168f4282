//! The daemon as its users see it: messages in, replies out, each once and in order.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Command,
};

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Daemon, Site, TURN_FIELDS};

/// The ids of a customer's messages in a conversation, and how many replies each turn has.
fn said(messages: &[Value]) -> (Vec<String>, Vec<String>) {
    let of = |role: &str, field: &str| {
        let all = messages.iter().filter(|m| m["role"] == role);
        all.map(|m| m[field].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    (of("customer", "message_id"), of("assistant", "turn"))
}

#[tokio::test]
async fn a_message_is_answered_with_its_turn() {
    let site = Site::new(&["acme"]);
    let daemon = site.start();
    let (status, turn) = daemon.client.chat("acme", "ana", "hola").await;
    assert_eq!(status, StatusCode::OK, "{turn}");
    for field in TURN_FIELDS {
        assert!(turn.get(field).is_some(), "{field} is missing in {turn}");
    }
    assert_eq!((&turn["tenant"], &turn["answered_by"]), (&json!("acme"), &json!("builtin")));
    let (contact, messages) = daemon.client.conversations("acme").await.remove(0);
    assert_eq!(contact, "ana");
    assert_eq!(messages[0]["text"], "hola");
    assert_eq!((&messages[1]["text"], messages.len()), (&turn["reply"], 2));
    assert!(!daemon.log().contains("hola"), "a log never holds what was said");
}

#[tokio::test]
async fn a_message_sent_many_times_gets_one_reply() {
    let site = Site::new(&["acme"]);
    let daemon = site.start();
    let body = json!({"contact": "ana", "message": "hola", "message_id": "m1"});
    let copies = (0..16).map(|_| daemon.client.post("/api/v1/tenants/acme/chat", &body));
    let answers = join_all(copies).await;
    let (status, first) = &answers[0];
    assert_eq!(*status, StatusCode::OK, "{first}");
    for answer in &answers {
        assert_eq!(answer.1["turn"], first["turn"]);
    }
    let again = daemon.client.post("/api/v1/tenants/acme/chat", &body).await;
    assert_eq!(again.1, *first);
    let (_, messages) = daemon.client.conversations("acme").await.remove(0);
    assert_eq!(messages.len(), 2, "{messages:?}");

    for other in [
        json!({"contact": "ana", "message": "adiós", "message_id": "m1"}),
        json!({"contact": "bea", "message": "hola", "message_id": "m1"}),
    ] {
        let (status, error) = daemon.client.post("/api/v1/tenants/acme/chat", &other).await;
        assert_eq!((status, &error["error"]["field"]), (StatusCode::CONFLICT, &json!("message_id")));
    }
}

#[tokio::test]
async fn messages_of_a_burst_get_one_turn_and_keep_their_order() {
    let site = Site::new(&["acme"]);
    site.write("chatbot.toml", "[worker]\nburst_quiet_ms = 400\n");
    let daemon = site.start();
    for id in ["m1", "m2", "m3"] {
        let (status, waiting) = daemon.client.leave("acme", "ana", id, &format!("parte {id}")).await;
        assert_eq!((status, &waiting["message_id"]), (StatusCode::ACCEPTED, &json!(id)));
    }
    let turn = daemon.client.turn_of("acme", "m3").await;
    assert_eq!(daemon.client.turn_of("acme", "m1").await["turn"], turn["turn"]);
    let (_, messages) = daemon.client.conversations("acme").await.remove(0);
    let (customer, replies) = said(&messages);
    assert_eq!(customer, ["m1", "m2", "m3"]);
    assert_eq!(replies, [turn["turn"].as_str().unwrap()]);
}

#[tokio::test]
async fn what_a_conversation_says_is_answered_in_order() {
    let site = Site::new(&["acme"]);
    let daemon = site.start();
    let mut expected = Vec::new();
    for n in 0..30 {
        let id = format!("m{n:02}");
        daemon.client.leave("acme", "ana", &id, &format!("mensaje {n}")).await;
        expected.push(id);
    }
    daemon.client.turn_of("acme", "m29").await;
    let (_, messages) = daemon.client.conversations("acme").await.remove(0);
    assert_eq!(said(&messages).0, expected);
    // A reply stands behind the messages it answers and before those it does not.
    let mut open: Vec<&str> = Vec::new();
    for message in &messages {
        let turn = message["turn"].as_str().unwrap();
        if message["role"] == "customer" {
            open.push(turn);
        } else {
            assert!(!open.is_empty() && open.iter().all(|of| *of == turn), "{messages:?}");
            open.clear();
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

#[tokio::test]
async fn wrong_requests_are_told_what_is_wrong() {
    let site = Site::new(&["acme"]);
    site.write("chatbot.toml", "[server]\nmax_body_kb = 64\n");
    let daemon = site.start();
    let chat = "/api/v1/tenants/acme/chat";
    let long = "a".repeat(17 * 1024);
    let huge = "a".repeat(65 * 1024);
    let cases = [
        ("/api/v1/tenants/none/chat", json!({"contact": "a", "message": "b"}), 404, "unknown_tenant", ""),
        (
            "/api/v1/tenants/..%2Facme/chat",
            json!({"contact": "a", "message": "b"}),
            404,
            "unknown_tenant",
            "",
        ),
        ("/api/v1/chat", json!({"contact": "a", "message": "b"}), 400, "tenant_missing", ""),
        (chat, json!({"message": "b"}), 422, "invalid_field", "contact"),
        (chat, json!({"contact": "a", "message": 5}), 422, "invalid_field", "message"),
        (chat, json!({"contact": "a", "message": "  "}), 422, "invalid_field", "message"),
        (chat, json!({"contact": "a", "message": long}), 422, "invalid_field", "message"),
        (chat, json!({"contact": "a", "message": "b", "wait": 1}), 422, "invalid_field", "wait"),
        (chat, json!(["a"]), 422, "invalid_body", ""),
        (chat, json!({"contact": "a", "message": huge}), 413, "too_large", ""),
        ("/api/v1/nothing", json!({}), 404, "not_found", ""),
        ("/api/v1/tenants", json!({}), 405, "method_not_allowed", ""),
    ];
    for (path, body, status, code, field) in cases {
        let answer = daemon.client.post(path, &body).await;
        let error = &answer.1["error"];
        assert_eq!((answer.0.as_u16(), error["code"].as_str().unwrap()), (status, code), "{path} {error}");
        assert_eq!(error["field"].as_str().unwrap_or_default(), field, "{path} {error}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
    let broken =
        daemon.client.request(Method::POST, chat).header("content-type", "application/json").body("{");
    assert_eq!(broken.send().await.unwrap().status(), 400);
    let form = daemon.client.request(Method::POST, chat).body("contact=a");
    assert_eq!(form.send().await.unwrap().status(), 415);
    assert_eq!(daemon.client.get("/api/v1/tenants/acme/conversations?limit=0").await.0, 422);
    assert_eq!(daemon.client.get("/api/v1/tenants/acme/conversations/none/messages").await.0, 404);
    assert_eq!(daemon.client.get("/api/v1/tenants/acme/chat/none").await.0, 404);
    assert_eq!(
        daemon.client.get("/api/v1/tenants/acme/conversations").await.1,
        json!({"items": [], "next": null})
    );
}

#[tokio::test]
async fn the_tenant_may_be_named_in_a_header_or_the_query() {
    let site = Site::new(&["acme", "other"]);
    let daemon = site.start();
    let body = json!({"contact": "ana", "message": "hola"});
    for (n, name) in ["X-Tenant-ID", "X-Company-ID"].into_iter().enumerate() {
        let request = daemon.client.request(Method::POST, "/api/v1/chat").header(name, "acme").json(&body);
        let turn: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(turn["tenant"], "acme", "{n} {turn}");
    }
    for query in ["tenant", "company_id"] {
        let (_, turn) = daemon.client.post(&format!("/api/v1/chat?{query}=other"), &body).await;
        assert_eq!(turn["tenant"], "other", "{turn}");
    }
    assert_eq!(daemon.client.conversations("acme").await[0].1.len(), 4);
    assert_eq!(daemon.client.conversations("other").await[0].1.len(), 4);
}

#[tokio::test]
async fn a_token_is_asked_for_when_there_is_one() {
    let mut site = Site::new(&["acme"]);
    site.variables.push(("IASS_ADMIN_TOKEN".to_owned(), "s3cret".to_owned()));
    let daemon = site.start();
    let ask = |token: Option<&str>| {
        let request = daemon.client.request(Method::GET, "/api/v1/tenants");
        let request = token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
        async { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(ask(None).await, 401);
    assert_eq!(ask(Some("wrong")).await, 401);
    assert_eq!(ask(Some("s3cret")).await, 200);
    assert_eq!(daemon.client.get("/health").await.0, 200);
    assert!(!daemon.log().contains("s3cret"));
}

#[test]
fn strangers_are_kept_out_unless_there_is_a_token() {
    let site = Site::new(&[]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_iass"));
    command.args(["serve", "--listen", "0.0.0.0:0"]);
    site.prepare(&mut command);
    let refused = command.output().unwrap();
    assert_eq!(refused.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("IASS_ADMIN_TOKEN"));
}

#[test]
fn a_second_daemon_on_the_same_data_is_refused() {
    let site = Site::new(&[]);
    let daemon = site.start();
    let second = site.command().output().unwrap();
    assert_eq!(second.status.code(), Some(75));
    let error = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(error.contains("serves the data directory"), "{error}");
    drop(daemon);
    site.start();
}

#[tokio::test]
async fn sigterm_answers_what_was_accepted_and_ends_well() {
    let site = Site::new(&["acme"]);
    site.write("chatbot.toml", "[worker]\nburst_quiet_ms = 20000\nmax_burst_ms = 60000\n");
    let mut daemon = site.start();
    for n in 0..10 {
        daemon.client.leave("acme", &format!("c{n}"), &format!("m{n}"), "hola").await;
    }
    daemon.signal("TERM");
    assert_eq!(daemon.ended().await.code(), Some(0), "{}", daemon.log());

    let daemon = site.start();
    for n in 0..10 {
        let (status, turn) = daemon.client.get(&format!("/api/v1/tenants/acme/chat/m{n}")).await;
        assert_eq!(status, StatusCode::OK, "answered before the daemon ended: {turn}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_the_daemon_at_once() {
    let site = Site::new(&["acme"]);
    let mut daemon = site.start();
    // A request that is under way until its client says more: `100 Continue` is the word that it is.
    let mut slow = TcpStream::connect(daemon.client.url.trim_start_matches("http://")).unwrap();
    let head = "POST /api/v1/tenants/acme/chat HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                content-length: 100\r\nexpect: 100-continue\r\n\r\n";
    slow.write_all(head.as_bytes()).unwrap();
    let mut word = [0; 12];
    slow.read_exact(&mut word).unwrap();
    assert_eq!(&word, b"HTTP/1.1 100");
    daemon.signal("INT");
    while !daemon.log().contains("stopping") {
        tokio::task::yield_now().await;
    }
    daemon.signal("INT");
    assert_eq!(daemon.ended().await.code(), Some(1), "{}", daemon.log());
}

#[tokio::test]
async fn a_reload_takes_up_what_is_right_and_keeps_what_is_wrong() {
    let site = Site::new(&["acme", "other"]);
    let daemon = site.start();
    daemon.client.chat("acme", "ana", "hola").await;
    site.write("tenants/acme/tenant.toml", "name = \"Test\"\nlanguage = \"klingon\"\n");
    site.write("tenants/nueva/tenant.toml", "name = \"Nueva\"\n");
    let (status, reloaded) = daemon.client.post("/api/v1/reload", &json!({})).await;
    assert_eq!((status, &reloaded["added"]), (StatusCode::OK, &json!(["nueva"])));
    assert_eq!(reloaded["errors"][0]["line"], 2, "{reloaded}");
    let (status, turn) = daemon.client.chat("acme", "ana", "sigo aquí").await;
    assert_eq!(status, StatusCode::OK, "goes on as before: {turn}");
    let (_, health) = daemon.client.get("/health/tenants/acme").await;
    assert_eq!((&health["status"], &health["config_errors"][0]["line"]), (&json!("open"), &json!(2)));
    assert_eq!(daemon.client.chat("nueva", "ana", "hola").await.0, StatusCode::OK);

    site.write("chatbot.toml", "[worker]\nburst_quiet_ms = -1\n");
    let (status, refused) = daemon.client.post("/api/v1/reload", &json!({})).await;
    assert_eq!((status.as_u16(), &refused["error"]["code"]), (422, &json!("bad_configuration")));
    assert_eq!(refused["error"]["details"][0]["line"], 2);

    site.write("chatbot.toml", "");
    site.write("tenants/acme/tenant.toml", "name = \"Renamed\"\n");
    daemon.signal("HUP");
    while daemon.client.get("/api/v1/tenants/acme").await.1["config"]["name"] != "Renamed" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_tenant_broken_from_the_start_is_unavailable_alone_and_back_when_repaired() {
    let site = Site::new(&["good"]);
    site.write("tenants/wrong/tenant.toml", "name = 5\n");
    site.write("tenants/cut/tenant.toml", "name = \"Test\"\n");
    {
        let mut daemon = site.start();
        daemon.client.chat("cut", "ana", "hola").await;
        daemon.signal("TERM");
        daemon.ended().await;
    }
    let whole = std::fs::read(site.database("cut")).unwrap();
    std::fs::write(site.database("cut"), &whole[..whole.len() - 10_000]).unwrap();
    assert!(!site.database("cut").with_file_name("cut.db-wal").exists(), "closed well");
    let daemon = site.start();
    for (tenant, reason) in [("wrong", "tenant.toml:1"), ("cut", "damaged")] {
        let (status, error) = daemon.client.chat(tenant, "ana", "hola").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{error}");
        assert!(error["error"]["message"].as_str().unwrap().contains(reason), "{error}");
        let (status, health) = daemon.client.get(&format!("/health/tenants/{tenant}")).await;
        assert_eq!((status.as_u16(), &health["status"]), (503, &json!("unavailable")));
        assert!(health["reason"].as_str().unwrap().contains(reason), "{health}");
    }
    assert_eq!(daemon.client.chat("good", "ana", "hola").await.0, StatusCode::OK);
    assert_eq!(daemon.client.get("/health/ready").await.0, StatusCode::OK);

    site.write("tenants/wrong/tenant.toml", "name = \"Right\"\n");
    std::fs::write(site.database("cut"), &whole).unwrap();
    for tenant in ["wrong", "cut"] {
        assert_eq!(daemon.client.chat(tenant, "ana", "otra vez").await.0, StatusCode::OK);
        assert_eq!(daemon.client.get(&format!("/health/tenants/{tenant}")).await.1["status"], "open");
    }
}

#[tokio::test]
async fn a_locked_database_is_told_and_the_others_are_served() {
    let site = Site::new(&["locked", "free"]);
    let daemon = site.start();
    daemon.client.chat("locked", "ana", "hola").await;
    let other = rusqlite::Connection::open(site.database("locked")).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let (locked, free) = tokio::join!(
        daemon.client.leave("locked", "ana", "m1", "uno"),
        daemon.client.chat("free", "ana", "hola"),
    );
    assert_eq!((locked.0.as_u16(), &locked.1["error"]["code"]), (503, &json!("store_unavailable")));
    assert_eq!(free.0, StatusCode::OK);
    other.execute_batch("rollback").unwrap();
    assert_eq!(daemon.client.leave("locked", "ana", "m1", "uno").await.0, StatusCode::ACCEPTED);
    daemon.client.turn_of("locked", "m1").await;
    let (_, messages) = daemon.client.conversations("locked").await.remove(0);
    assert_eq!(messages.len(), 4, "what was refused was not stored: {messages:?}");
}

/// A limit on the size of the files a process writes stands in for a full disk: SQLite is refused the same way.
#[tokio::test]
async fn a_full_disk_refuses_what_it_cannot_keep_and_keeps_what_it_accepted() {
    let site = Site::new(&["acme"]);
    let mut command = Command::new("sh");
    // 3072 blocks of 512 bytes, more than an empty database with its log needs; the signal that comes with the limit is ignored as a full disk has none.
    let script = "trap '' XFSZ; ulimit -f 3072; exec \"$0\" serve --json --listen 127.0.0.1:0";
    command.args(["-c", script, env!("CARGO_BIN_EXE_iass")]);
    site.prepare(&mut command);
    let mut daemon = Daemon::start(command, site.path()).unwrap();
    let text = "no cabe ".repeat(1000);
    let mut accepted = Vec::new();
    let mut refused = 0;
    for n in 0..200 {
        let id = format!("m{n}");
        let (status, answer) = daemon.client.leave("acme", &format!("c{}", n % 5), &id, &text).await;
        match status {
            StatusCode::ACCEPTED => accepted.push(id),
            StatusCode::SERVICE_UNAVAILABLE => {
                assert_eq!(answer["error"]["code"], "store_unavailable", "{answer}");
                refused += 1;
            }
            other => panic!("{other} {answer}"),
        }
        if refused == 3 {
            break;
        }
    }
    assert!(refused == 3 && !accepted.is_empty(), "{refused} refused, {} accepted", accepted.len());
    assert_eq!(daemon.client.get("/health/live").await.0, StatusCode::OK);
    daemon.kill();

    let daemon = site.start();
    for id in &accepted {
        daemon.client.turn_of("acme", id).await;
    }
    let stored: usize =
        daemon.client.conversations("acme").await.iter().map(|(_, messages)| said(messages).0.len()).sum();
    assert_eq!(stored, accepted.len(), "what was refused was not stored");
}

#[tokio::test]
async fn a_read_only_data_directory_is_told() {
    use std::os::unix::{fs::PermissionsExt as _, process::CommandExt as _};
    let site = Site::new(&["acme"]);
    let data = site.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o555)).unwrap();
    std::fs::set_permissions(site.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = site.command();
    if std::fs::write(data.join("probe"), "").is_ok() {
        // Nothing is read-only to root: become nobody, from a place that nobody can read.
        std::fs::remove_file(data.join("probe")).unwrap();
        let program = site.path().join("iass");
        std::fs::copy(env!("CARGO_BIN_EXE_iass"), &program).unwrap();
        command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0"]).uid(65_534).gid(65_534);
        site.prepare(&mut command);
    }
    let refused = command.output().unwrap();
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{error}");
    assert!(error.contains("cannot write in the data directory"), "{error}");
}
