//! The chat on a site: the script, and pages of visitors over real sockets against the real daemon.

use std::{sync::Arc, time::Duration};

use futures::{SinkExt as _, StreamExt as _};
use reqwest::{
    Method, StatusCode,
    header::ORIGIN,
    multipart::{Form, Part},
};
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::{net::TcpStream, sync::Notify, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _},
};

use crate::{
    fake_llm::{Act, FakeLlm},
    harness::{Client, Daemon, PATIENCE, Site},
};

const QUESTION: &str = "¿Cuánto dura la limpieza facial?";

fn answer(text: &str) -> Act {
    Act::Answer(text.to_owned())
}

/// A spa with a chat on its site; a model answers, hears and sees if there is one.
fn spa(model: Option<&FakeLlm>, web: &str) -> Site {
    let site = Site::new(&[]);
    let mut config = "[worker]\nburst_quiet_ms = 20\n".to_owned();
    if let Some(model) = model {
        let llm = format!(
            "[llm]\ntimeout_s = 20\n[[llm.keys]]\nid = \"key_a\"\nbase_url = \"{}\"\napi_key = \"sk-a\"\nmodel = \"fake\"\n\
             [llm.speech]\nkey = \"key_a\"\nmodel = \"ears\"\n[llm.vision]\nkey = \"key_a\"\nmodel = \"eyes\"\n",
            model.base_url()
        );
        config.push_str(&llm);
    }
    site.write("chatbot.toml", &config);
    site.write(
        "tenants/spa/tenant.toml",
        &format!(
            "name = \"Spa <Aurora>\"\n[agents]\nstrategy = \"single\"\n[limits]\nmessages_per_minute = 1000\n\
             [channels.web]\n{web}\n"
        ),
    );
    let prices = "# Precios\n\n## Limpieza facial\n\nLa limpieza facial dura 90 minutos y cuesta $180.000.\n";
    site.write("knowledge/spa/precios.md", prices);
    site
}

fn count(site: &Site, sql: &str) -> i64 {
    let db = Connection::open(site.database("spa")).unwrap();
    db.busy_timeout(PATIENCE).unwrap();
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// A page of a visitor.
struct Tab {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    visitor: String,
}

async fn connect(daemon: &Daemon, origin: Option<&str>) -> Result<Tab, StatusCode> {
    let url = format!("{}/widget/spa/ws", daemon.client.url.replacen("http", "ws", 1));
    let mut request = url.into_client_request().unwrap();
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    match timeout(PATIENCE, connect_async(request)).await.unwrap() {
        Ok((socket, _)) => Ok(Tab { socket, visitor: String::new() }),
        Err(Error::Http(response)) => Err(StatusCode::from_u16(response.status().as_u16()).unwrap()),
        Err(error) => panic!("{error}"),
    }
}

/// A page that says hello, and what it is told until it is up to date.
async fn visit(daemon: &Daemon, visitor: Option<&str>, seen: i64) -> (Tab, Vec<Value>) {
    let mut tab = connect(daemon, None).await.unwrap();
    tab.send(json!({"type": "hello", "visitor": visitor, "seen": seen, "language": "es"})).await;
    let told = tab.until("ready").await;
    let visitor = told[0]["visitor"].as_str().unwrap().to_owned();
    (Tab { visitor, ..tab }, told)
}

impl Tab {
    async fn send(&mut self, frame: Value) {
        self.socket.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn say(&mut self, id: &str, text: &str) {
        self.send(json!({"type": "say", "id": id, "text": text})).await;
    }

    /// The next frame; an error is how the connection ended.
    async fn next(&mut self) -> Result<Value, Option<u16>> {
        loop {
            let next = timeout(PATIENCE, self.socket.next()).await.expect("nothing more was told");
            match next {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// The frames up to the first of this type.
    async fn until(&mut self, kind: &str) -> Vec<Value> {
        self.until_that(|frame| frame["type"] == kind).await
    }

    async fn until_that(&mut self, is_last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut told = Vec::new();
        loop {
            let frame =
                self.next().await.unwrap_or_else(|end| panic!("it ended with {end:?} after {told:?}"));
            told.push(frame);
            if is_last(told.last().unwrap()) {
                return told;
            }
        }
    }

    /// The frames until so much of the answer is shown, beginning with what was told before.
    async fn until_drafted(&mut self, mut told: Vec<Value>, words: &str) -> Vec<Value> {
        while draft(&told) != words {
            told.push(self.next().await.unwrap());
        }
        told
    }

    /// The frames up to the next message of a role.
    async fn until_said_by(&mut self, role: &str) -> Vec<Value> {
        self.until_that(|frame| frame["type"] == "message" && frame["role"] == role).await
    }

    async fn ended(&mut self) -> Option<u16> {
        loop {
            if let Err(end) = self.next().await {
                return end;
            }
        }
    }
}

fn of_type<'a>(told: &'a [Value], kind: &str) -> Vec<&'a Value> {
    told.iter().filter(|frame| frame["type"] == kind).collect()
}

/// What is shown of the answer that is being written, after these frames.
fn draft(told: &[Value]) -> String {
    told.iter().fold(String::new(), |shown, frame| match frame["type"].as_str() {
        Some("delta") if frame["begins"] == true => frame["text"].as_str().unwrap().to_owned(),
        Some("delta") => shown + frame["text"].as_str().unwrap(),
        Some("withdrawn") => String::new(),
        _ => shown,
    })
}

/// Who said what among the frames.
fn said(told: &[Value]) -> Vec<(&str, &str)> {
    of_type(told, "message")
        .into_iter()
        .map(|frame| (frame["role"].as_str().unwrap(), frame["text"].as_str().unwrap()))
        .collect()
}

async fn upload(
    client: &Client,
    kind: &str,
    visitor: &str,
    id: &str,
    file: Vec<u8>,
    origin: Option<&str>,
) -> reqwest::Response {
    let form =
        Form::new().text("visitor", visitor.to_owned()).text("id", id.to_owned()).text("language", "es");
    let form = form.part("file", Part::bytes(file).file_name("blob"));
    let mut request = client.request(Method::POST, &format!("/widget/spa/media?kind={kind}")).multipart(form);
    if let Some(origin) = origin {
        request = request.header(ORIGIN, origin);
    }
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_visitor_sees_the_answer_while_it_is_written() {
    let go_on = Arc::new(Notify::new());
    let model =
        FakeLlm::start([Act::Paused("La limpieza dura ".into(), "90 minutos.".into(), go_on.clone())]);
    let site = spa(Some(&model), "");
    let daemon = site.start();
    let (mut tab, told) = visit(&daemon, None, 0).await;
    assert_eq!(told.len(), 2, "nothing was said yet: {told:?}");
    tab.say("m1", QUESTION).await;
    let begun = tab.until_drafted(Vec::new(), "La limpieza dura").await;
    assert_eq!(of_type(&begun, "accepted")[0]["id"], "m1");
    assert_eq!(of_type(&begun, "typing")[0]["on"], true);
    assert_eq!(count(&site, "select count(*) from message"), 0, "nothing is committed yet");
    assert!(model.asked()[0].body["stream"] == json!(true));

    go_on.notify_one();
    let rest = tab.until_said_by("assistant").await;
    assert_eq!(said(&rest), [("customer", QUESTION), ("assistant", "La limpieza dura 90 minutos.")]);
    assert_eq!(of_type(&rest, "message")[0]["client"], "m1");
    let done = tab.until_that(|frame| frame["type"] == "typing").await;
    assert_eq!(done.last().unwrap()["on"], false);
    assert_eq!(count(&site, "select count(*) from outbox where state != 'dead' and channel = 'web'"), 1);
}

#[tokio::test]
async fn what_was_missed_is_told_once_after_a_lost_connection_and_a_killed_daemon() {
    let never = Arc::new(Notify::new());
    let model = FakeLlm::start([
        Act::Paused("La limpieza ".into(), "no sigue".into(), never),
        answer("La limpieza dura 90 minutos."),
        answer("Cuesta $180.000."),
    ]);
    let site = spa(Some(&model), "");
    let mut daemon = site.start();
    let (mut tab, _) = visit(&daemon, None, 0).await;
    tab.say("m1", QUESTION).await;
    tab.until("delta").await;
    let visitor = tab.visitor.clone();
    drop(tab);
    // A page that comes back in the middle of the answer sees what is written so far.
    let (mut again, told) = visit(&daemon, Some(&visitor), 0).await;
    assert_eq!(of_type(&told, "pending")[0]["client"], "m1", "{told:?}");
    again.until_drafted(told, "La limpieza").await;
    daemon.kill();
    assert_eq!(again.ended().await, None);

    let daemon = site.start();
    let (mut tab, mut told) = visit(&daemon, Some(&visitor), 0).await;
    if said(&told).len() < 2 {
        told.extend(tab.until_said_by("assistant").await);
    }
    let whole = [("customer", QUESTION), ("assistant", "La limpieza dura 90 minutos.")];
    assert_eq!(said(&told), whole);
    // The page never heard that its message was safe, so it sends it again.
    tab.say("m1", QUESTION).await;
    tab.until("accepted").await;
    tab.say("m2", "¿y cuánto cuesta?").await;
    let next = tab.until_said_by("assistant").await;
    assert_eq!(said(&next), [("customer", "¿y cuánto cuesta?"), ("assistant", "Cuesta $180.000.")]);
    let last = next.last().unwrap()["id"].as_i64().unwrap();
    let (_, missed) = visit(&daemon, Some(&visitor), last).await;
    assert_eq!(said(&missed), [], "nothing is told twice");
    let (_, all) = visit(&daemon, Some(&visitor), 0).await;
    assert_eq!(
        said(&all),
        [whole.as_slice(), &[("customer", "¿y cuánto cuesta?"), ("assistant", "Cuesta $180.000.")]].concat()
    );
    assert_eq!(count(&site, "select count(*) from inbox"), 2);
    assert_eq!(count(&site, "select count(*) from contact"), 1);
}

#[tokio::test]
async fn a_message_is_neither_lost_nor_doubled_wherever_the_daemon_dies() {
    for point in [
        "accept.before_commit",
        "accept.after_commit",
        "dispatch.after_claim",
        "turn.before_commit",
        "turn.after_commit",
        "outbox.after_claim",
        "outbox.after_send",
    ] {
        let site = spa(None, "");
        drop(site.start());
        let mut daemon = site.start_to_die(point).unwrap();
        let (mut tab, _) = visit(&daemon, None, 0).await;
        let visitor = tab.visitor.clone();
        tab.say("m1", QUESTION).await;
        daemon.ended().await;
        let daemon = site.start();
        let (mut tab, mut told) = visit(&daemon, Some(&visitor), 0).await;
        // A page sends again what it was not told to be safe.
        tab.say("m1", QUESTION).await;
        if said(&told).len() < 2 {
            told.extend(tab.until_said_by("assistant").await);
        }
        let all = said(&told);
        assert_eq!(all.len(), 2, "{point}: {told:?}");
        assert_eq!((all[0], all[1].0), (("customer", QUESTION), "assistant"), "{point}");
        assert_eq!(count(&site, "select count(*) from message"), 2, "{point}");
    }
}

#[tokio::test]
async fn only_sites_on_the_list_may_use_the_chat() {
    let model = FakeLlm::start([]);
    let site = spa(Some(&model), "origins = [\"https://aurora.example\"]");
    let daemon = site.start();
    let own = daemon.client.url.clone();
    for (origin, expected) in [
        (Some("https://aurora.example"), None),
        (Some(own.as_str()), None),
        (Some("https://evil.example"), Some(StatusCode::FORBIDDEN)),
        (Some("null"), Some(StatusCode::FORBIDDEN)),
        (None, Some(StatusCode::FORBIDDEN)),
    ] {
        assert_eq!(connect(&daemon, origin).await.err(), expected, "{origin:?}");
    }
    let refused =
        upload(&daemon.client, "picture", &"0".repeat(32), "m1", vec![1], Some("https://evil.example")).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(refused.headers().get("access-control-allow-origin").is_none());
    let unknown =
        upload(&daemon.client, "picture", &"0".repeat(32), "m1", vec![1], Some("https://aurora.example"))
            .await;
    assert_eq!(unknown.status(), StatusCode::CONFLICT, "nobody with this token is connected");
    assert_eq!(unknown.headers()["access-control-allow-origin"], "https://aurora.example");
    assert!(model.asked().is_empty());
}

#[tokio::test]
async fn what_is_too_large_or_makes_no_sense_is_refused() {
    let site = spa(None, "");
    let daemon = site.start();
    let (mut tab, _) = visit(&daemon, None, 0).await;
    for (id, text, code) in [
        ("m1", "a".repeat(16 * 1024 + 1), "too_long"),
        ("m2", " \n".to_owned(), "invalid"),
        ("not an id", "hola".to_owned(), "invalid"),
    ] {
        tab.say(id, &text).await;
        let refused = tab.until("refused").await.pop().unwrap();
        assert_eq!(
            (&refused["id"], &refused["code"], &refused["again"]),
            (&json!(id), &json!(code), &json!(false))
        );
    }
    tab.send(json!({"type": "dance"})).await;
    tab.say("m3", "hola").await;
    tab.until_said_by("assistant").await;
    for n in 0..40 {
        tab.say(&format!("fast-{n}"), "hola").await;
    }
    let refused = tab.until("refused").await.pop().unwrap();
    assert_eq!((&refused["code"], &refused["again"]), (&json!("too_many"), &json!(true)));

    let end = async |message: Message| {
        let (mut tab, _) = visit(&daemon, None, 0).await;
        // The daemon may have hung up before all of it was sent.
        drop(tab.socket.send(message).await);
        tab.ended().await
    };
    assert!(matches!(end(Message::text("x".repeat(200_000))).await, Some(1009) | None));
    assert_eq!(end(Message::text("{]")).await, Some(1007));
    assert_eq!(end(Message::binary(vec![1])).await, Some(1003));
    let mut silent = connect(&daemon, None).await.unwrap();
    silent.say("m1", "hola").await;
    assert_eq!(silent.ended().await, Some(1008), "who does not say hello is nobody");
    let (mut last, _) = visit(&daemon, None, 0).await;
    daemon.signal("TERM");
    assert_eq!(last.ended().await, Some(1012), "come again");
}

#[tokio::test]
async fn a_visitor_may_have_two_pages_and_nobody_else_reads_them() {
    let site = spa(None, "");
    let daemon = site.start();
    let (mut one, _) = visit(&daemon, None, 0).await;
    let (mut two, told) = visit(&daemon, Some(&one.visitor), 0).await;
    assert_eq!(told[0]["visitor"], one.visitor);
    let (mut stranger, _) = visit(&daemon, None, 0).await;
    assert_ne!(stranger.visitor, one.visitor);
    one.say("m1", QUESTION).await;
    let (here, there) = (one.until_said_by("assistant").await, two.until_said_by("assistant").await);
    assert_eq!(said(&here), said(&there));
    assert_eq!(of_type(&there, "message")[0]["client"], "m1");
    let too_many = ["0".repeat(31), "g".repeat(32), format!("{}'", one.visitor)];
    for wrong in &too_many {
        let (tab, told) = visit(&daemon, Some(wrong), 0).await;
        assert_ne!(tab.visitor, *wrong, "what is no token is replaced");
        assert_eq!(said(&told), []);
    }
    stranger.say("m1", "hola").await;
    let heard = stranger.until_said_by("assistant").await;
    assert_eq!(said(&heard)[0], ("customer", "hola"), "the same id is another message");
    assert_eq!(of_type(&heard, "message").len(), 2);

    // What the business sees of a visitor lets nobody into the conversation.
    for (contact, _) in daemon.client.conversations("spa").await {
        assert!(contact.starts_with("visitor-") && !contact.contains(&one.visitor), "{contact}");
        let (_, told) = visit(&daemon, Some(contact.trim_start_matches("visitor-")), 0).await;
        assert_eq!(said(&told), [], "{contact} is a name and no key");
    }
    let bytes = std::fs::read(site.database("spa")).unwrap();
    assert!(!bytes.windows(32).any(|window| window == one.visitor.as_bytes()), "the token is not stored");
    assert!(!daemon.log().contains(&one.visitor));
}

#[tokio::test]
async fn a_visitor_asks_for_a_person_who_answers_in_the_chat() {
    let model = FakeLlm::start([answer("La limpieza dura 90 minutos.")]);
    let site = spa(Some(&model), "");
    let daemon = site.start();
    let (mut tab, _) = visit(&daemon, None, 0).await;
    tab.say("m1", QUESTION).await;
    tab.until_said_by("assistant").await;
    let active = async || daemon.client.get("/api/v1/pool").await.1["total_active"].clone();
    assert_eq!(active().await, 1);
    tab.send(json!({"type": "person", "id": "m2"})).await;
    let told = tab.until_that(|frame| frame["owner"] == "waiting").await;
    assert_eq!(said(&told)[0], ("customer", "Quiero hablar con una persona, por favor."));
    assert!(said(&told)[1].1.contains("Le paso con una persona"), "{told:?}");
    assert_eq!(active().await, 0, "its place at the model is free");

    let handoff = daemon.client.get("/api/v1/tenants/spa/handoffs").await.1["items"][0].clone();
    assert_eq!((&handoff["reason"], &handoff["channel"]), (&json!("explicit_request"), &json!("web")));
    let path = format!("/api/v1/tenants/spa/handoffs/{}", handoff["handoff"].as_str().unwrap());
    daemon.client.post(&format!("{path}/take"), &json!({"by": "Marta"})).await;
    assert_eq!(tab.until("state").await.pop().unwrap()["owner"], "human");
    tab.say("m3", "¿Hola?").await;
    let told = tab.until_said_by("customer").await;
    assert_eq!(said(&told), [("customer", "¿Hola?")]);
    let (status, _) =
        daemon.client.post(&format!("{path}/reply"), &json!({"message": "Hola, soy Marta."})).await;
    assert_eq!(status, StatusCode::CREATED);
    let told = tab.until_said_by("person").await;
    assert_eq!(said(&told), [("person", "Hola, soy Marta.")], "and the assistant says nothing");
    daemon.client.post(&format!("{path}/release"), &json!({})).await;
    assert_eq!(tab.until("state").await.pop().unwrap()["owner"], "returned");
    let (_, all) = visit(&daemon, Some(&tab.visitor), 0).await;
    assert_eq!(
        said(&all).iter().map(|(role, _)| *role).collect::<Vec<_>>(),
        ["customer", "assistant", "customer", "assistant", "customer", "person"]
    );
    assert_eq!(of_type(&all, "state")[0]["owner"], "returned");
}

#[tokio::test]
async fn what_cannot_be_read_of_a_file_is_said_in_the_conversation() {
    let model = FakeLlm::start([]);
    let site = spa(Some(&model), "");
    let daemon = site.start();
    let (mut tab, _) = visit(&daemon, None, 0).await;
    let visitor = tab.visitor.clone();
    let large = [&[0xff, 0xd8, 0xff, 0xe0, 0, 16][..], b"JFIF\0", &vec![9; 17 << 20]].concat();
    for (id, kind, file, told) in [
        ("p1", "picture", b"%PDF-1.7 and so on".to_vec(), "No puedo abrir ese archivo de imagen"),
        ("v1", "voice", b"nothing that sounds".to_vec(), "No puedo abrir ese archivo de audio"),
        ("p2", "picture", large, "Su imagen es demasiado grande"),
    ] {
        for _ in 0..2 {
            let taken = upload(&daemon.client, kind, &visitor, id, file.clone(), None).await;
            assert_eq!(taken.status(), StatusCode::OK, "{id}");
        }
        let heard = tab.until_said_by("assistant").await;
        assert!(said(&heard)[1].1.starts_with(told), "{heard:?}");
    }
    let (_, all) = visit(&daemon, Some(&visitor), 0).await;
    let all = said(&all);
    let signs: Vec<&str> =
        all.iter().filter(|(role, _)| *role == "customer").map(|(_, text)| *text).collect();
    assert_eq!(
        (signs, all.len()),
        (vec!["🖼️", "🎤", "🖼️"], 6),
        "the same after the page is loaded again: {all:?}"
    );
    let conversation = &daemon.client.conversations("spa").await[0];
    assert_eq!(conversation.1.len(), 6, "and for the people of the business");
}

#[tokio::test]
async fn a_picture_and_a_voice_note_become_messages_once() {
    let photo = [&[0xff, 0xd8, 0xff, 0xe0, 0, 16][..], b"JFIF\0", &[9; 300]].concat();
    let page =
        |position: u64, body: &[u8]| [b"OggS\0\0", &position.to_le_bytes()[..], &[0; 14], body].concat();
    let voice = [page(0, b"OpusHead\x01\x01\x38\x01\x80\xbb\0\0\0\0\0"), page(48_312, &[7; 200])].concat();
    let model = FakeLlm::start([
        answer("Una crema hidratante."),
        answer("No tengo información sobre esa crema; una persona del equipo le puede ayudar."),
        answer("¿Cuánto dura la limpieza?"),
        answer("Dura 90 minutos."),
    ]);
    let site = spa(Some(&model), "");
    let daemon = site.start();
    let (mut tab, _) = visit(&daemon, None, 0).await;
    let visitor = tab.visitor.clone();
    let taken = upload(&daemon.client, "picture", &visitor, "p1", photo.clone(), None).await;
    assert_eq!(taken.status(), StatusCode::OK);
    let told = tab.until_said_by("assistant").await;
    assert_eq!(said(&told)[0], ("customer", "[La imagen muestra: Una crema hidratante.]"));
    assert_eq!(of_type(&told, "message")[0]["client"], "p1");
    let again = upload(&daemon.client, "picture", &visitor, "p1", photo, None).await;
    assert_eq!(again.status(), StatusCode::OK);
    let looked = model.asked().iter().filter(|asked| asked.body["model"] == "eyes").count();
    assert_eq!(looked, 1, "it is looked at once");
    upload(&daemon.client, "voice", &visitor, "v1", voice, None).await;
    let told = tab.until_said_by("assistant").await;
    assert_eq!(said(&told)[0], ("customer", "¿Cuánto dura la limpieza?"));

    let stranger = upload(&daemon.client, "picture", &"a".repeat(32), "p3", vec![1], None).await;
    assert_eq!(stranger.status(), StatusCode::CONFLICT);
    let wrong = upload(&daemon.client, "song", &visitor, "p4", vec![1], None).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(count(&site, "select count(*) from inbox"), 2, "nothing else became a message");
}

#[tokio::test]
async fn the_script_is_small_knows_its_tenant_and_is_not_sent_twice() {
    let site = spa(None, "title = \"Chat </script> Aurora\"\ngreeting = \"¡Hola!\"\ncolor = \"#ffd400\"");
    site.write("tenants/off/tenant.toml", "name = \"Off\"\n");
    let daemon = site.start();
    let get = async |path: &str, tag: Option<&str>| {
        let mut request = daemon.client.request(Method::GET, path);
        if let Some(tag) = tag {
            request = request.header("if-none-match", tag);
        }
        request.send().await.unwrap()
    };
    let script = get("/widget/spa/widget.js", None).await;
    assert_eq!(script.headers()["content-type"], "text/javascript; charset=utf-8");
    let tag = script.headers()["etag"].to_str().unwrap().to_owned();
    let text = script.text().await.unwrap();
    assert!(text.len() < 20_000, "{} bytes", text.len());
    for part in ["Chat </script> Aurora", "¡Hola!", "#ffd400", "\"ink\":\"#000\"", "Hablar con una persona"]
    {
        assert!(text.contains(part), "{part} is missing");
    }
    assert!(!text.contains("__SETTINGS__") && !text.contains("Talk to a person"));
    let known = get("/widget/spa/widget.js", Some(&tag)).await;
    assert_eq!((known.status(), known.text().await.unwrap().len()), (StatusCode::NOT_MODIFIED, 0));
    let english = get("/widget/spa/widget.js?language=en", Some(&tag)).await;
    assert_eq!(english.status(), StatusCode::OK);
    assert!(english.text().await.unwrap().contains("Talk to a person"));

    let page = get("/widget/spa", None).await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(
        policy.contains("default-src 'none'; script-src 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let html = page.text().await.unwrap();
    assert!(html.contains("Spa &lt;Aurora&gt;") && !html.contains("<Aurora>"), "{html}");
    assert!(html.contains("<script src=\"/widget/spa/widget.js\" async></script>"));
    for path in ["/widget/off", "/widget/off/widget.js", "/widget/none/widget.js", "/widget/spa/other.js"] {
        assert_eq!(get(path, None).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    tokio::time::timeout(Duration::from_secs(20), get("/health", None)).await.unwrap();
}
