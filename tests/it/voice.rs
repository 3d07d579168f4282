//! Phone calls through the real daemon: what Twilio is told to say, and what it does with the caller.

use serde_json::json;

use crate::{
    fake_llm::{Act, FakeLlm},
    fake_twilio::{PUBLIC_URL, TOKEN, post_form, post_signed, sign},
    harness::{Daemon, Site},
};

const PATH: &str = "/webhooks/voice/acme";

fn site(channel: &str, more: &str) -> Site {
    let site = Site::new(&[]);
    site.write("chatbot.toml", &format!("[server]\npublic_url = \"{PUBLIC_URL}\"\n{more}"));
    site.write(
        "tenants/acme/tenant.toml",
        &format!(
            "name = \"La Tuerca & Cía\"\n[business]\naddress = \"Calle 5 # 10-20\"\n[limits]\n\
             messages_per_minute = 10000\n[handoff]\nloop_similarity = 1.0\n\
             [channels.voice]\nauth_token = \"{TOKEN}\"\nwait_s = 1\n{channel}\n"
        ),
    );
    site
}

/// One phone call.
struct Phone<'a> {
    daemon: &'a Daemon,
    sid: &'a str,
    from: &'a str,
}

impl Phone<'_> {
    /// Posts the next step of the call to an address that a document named; the document that answers it.
    async fn at(&self, address: &str, more: &[(&str, &str)]) -> String {
        let path = address.strip_prefix(PUBLIC_URL).unwrap_or(address);
        let fields = [("CallSid", self.sid), ("From", self.from), ("To", "+576015550100")];
        let fields: Vec<_> = fields.into_iter().chain(more.iter().copied()).collect();
        let (status, document) = post_signed(self.daemon, path, &fields).await;
        assert_eq!(status, 200, "{document}");
        document
    }

    /// The caller speaks where the last document listens.
    async fn says(&self, last: &str, words: &str) -> String {
        self.at(&action_of(last), &[("CallStatus", "in-progress"), ("SpeechResult", words)]).await
    }

    /// Speaks, and waits for the answer as long as Twilio is asked to.
    async fn asks(&self, last: &str, words: &str) -> String {
        let mut document = self.says(last, words).await;
        while document.contains("step=wait") {
            document = self.at(&redirect_of(&document), &[]).await;
        }
        document
    }
}

fn between<'a>(document: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = document.split_once(before).unwrap_or_else(|| panic!("no {before} in {document}"));
    rest.split_once(after).unwrap().0
}

fn action_of(document: &str) -> String {
    between(document, "action=\"", "\"").replace("&amp;", "&")
}

fn redirect_of(document: &str) -> String {
    between(document, "<Redirect method=\"POST\">", "</Redirect>").replace("&amp;", "&")
}

async fn owner(daemon: &Daemon) -> String {
    let conversations = daemon.client.list("/api/v1/tenants/acme/conversations").await;
    conversations[0]["owner"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_caller_is_greeted_and_answered_in_words_for_the_ear() {
    let site = site("voice = \"Polly.Mia-Neural\"", "");
    let daemon = site.start();
    let document = "# Taladros\n\nEl taladro *percutor* cuesta *$189.900* y trae garantía de dos años. Puede verlo en \
                    https://tuerca.example/taladros/1.";
    let added = daemon.client.post("/api/v1/tenants/acme/documents", &json!({"content": document})).await;
    assert!(added.0.is_success(), "{added:?}");
    let phone = Phone { daemon: &daemon, sid: "CA1", from: "+573001112233" };
    let greeting = phone.at(PATH, &[("CallStatus", "ringing")]).await;
    insta::assert_snapshot!(greeting, @r#"<?xml version="1.0" encoding="UTF-8"?><Response><Gather input="speech" action="https://iass.example.com/webhooks/voice/acme?turn=1" method="POST" language="es-MX" speechTimeout="auto" timeout="6" bargeIn="true"><Say language="es-MX" voice="Polly.Mia-Neural">Gracias por llamar a La Tuerca &amp; Cía. Soy el asistente virtual. ¿En qué le puedo ayudar?</Say></Gather><Redirect method="POST">https://iass.example.com/webhooks/voice/acme?turn=1&amp;silences=1</Redirect></Response>"#);

    let place = phone.asks(&greeting, "¿Dónde están ubicados?").await;
    assert!(place.contains("Calle 5 # 10-20"), "{place}");
    assert!(place.contains("?turn=2\""), "{place}");
    let price = phone.asks(&place, "¿Cuánto cuesta el taladro percutor?").await;
    assert!(price.contains("$189.900"), "{price}");
    let said = between(&price, "Neural\">", "</Say>");
    for seen in ["*", "http", "Fuente", "- "] {
        assert!(!said.contains(seen), "{seen:?} in {said}");
    }
    assert!(price.contains("?turn=3\""), "{price}");
    let (_, messages) = daemon.client.conversations("acme").await.remove(0);
    assert_eq!((messages.len(), messages[3]["text"].as_str().unwrap().contains("http")), (4, false));
    assert_eq!(phone.at(&format!("{PATH}/status"), &[("CallStatus", "completed")]).await, EMPTY);
    site.wait_until("acme", "select count(*) from outbox where state = 'sent'", 2).await;
    assert_eq!(site.count("acme", "select count(*) from outbox"), 2, "spoken, and not sent a second time");
}

const EMPTY: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Response></Response>"#;

#[tokio::test]
async fn only_twilio_may_call_and_the_same_words_are_heard_once() {
    let site = site("", "");
    let daemon = site.start();
    let path = format!("{PATH}?turn=1");
    let fields = [("CallSid", "CA1"), ("From", "+573001112233"), ("SpeechResult", "hola")];
    let signature = sign(TOKEN, &path, &fields);
    for (path, fields, signature) in [
        (PATH, &fields[..], signature.as_str()),
        (path.as_str(), &fields[..2], &signature),
        (&path, &fields[..], "AAAA"),
        (&path, &fields[..], &sign("another", &path, &fields)),
    ] {
        assert_eq!(post_form(&daemon, path, fields, signature).await.0, 401);
    }
    let copies = (0..5).map(|_| post_form(&daemon, &path, &fields, &signature));
    let mut documents = futures::future::join_all(copies).await;
    documents.push(post_form(&daemon, &path, &fields, &signature).await);
    // A slow machine asks for patience first.
    documents.retain(|(_, document)| !document.contains("step=wait"));
    assert!(documents.iter().all(|document| *document == documents[0] && document.0 == 200), "{documents:?}");
    assert!(documents[0].1.contains("¡Hola"), "{documents:?}");
    assert_eq!(site.count("acme", "select count(*) from inbox"), 1);
    assert_eq!(site.count("acme", "select count(*) from outbox"), 1);
    let log = daemon.log();
    assert!(!log.contains("573001112233"), "{log}");
}

#[tokio::test]
async fn a_caller_whose_answer_takes_long_is_kept_on_the_line() {
    let llm = FakeLlm::start([Act::Hang]);
    let more = format!(
        "[worker]\nturn_deadline_s = 3\n[llm]\nwait_for_key_s = 1\n[[llm.keys]]\nid = \"k\"\nbase_url = \"{}\"\n\
         api_key = \"sk\"\nmodel = \"fake\"\n",
        llm.base_url()
    );
    let site = site("[agents]\nstrategy = \"single\"", &more);
    let daemon = site.start();
    let phone = Phone { daemon: &daemon, sid: "CA1", from: "+573001112233" };
    let greeting = phone.at(PATH, &[]).await;
    let wait = phone.says(&greeting, "¿Dónde están ubicados?").await;
    assert!(wait.contains(">Un momento, por favor.</Say><Redirect"), "{wait}");
    let mut document = wait;
    let mut waits = 0;
    while document.contains("step=wait") {
        waits += 1;
        document = phone.at(&redirect_of(&document), &[]).await;
    }
    assert!((1..=6).contains(&waits) && document.contains("Calle 5"), "{waits} {document}");
    let hears = |asked: &crate::fake_llm::Asked| asked.system().contains("Es una llamada");
    assert!(llm.asked().iter().any(hears), "the model knows that it is heard");
    assert_eq!(site.count("acme", "select count(*) from inbox"), 1);
}

#[tokio::test]
async fn what_a_model_writes_for_the_eye_is_put_into_words_for_the_ear() {
    let written = "*Sí*, tenemos 😀:\n- Taladro percutor\n- Taladro de banco\n\nPuede verlos en https://tuerca.example/taladros";
    let llm = FakeLlm::start([Act::Answer(written.to_owned())]);
    let more = format!(
        "[[llm.keys]]\nid = \"k\"\nbase_url = \"{}\"\napi_key = \"sk\"\nmodel = \"fake\"\n",
        llm.base_url()
    );
    let site = site("[agents]\nstrategy = \"single\"", &more);
    let daemon = site.start();
    let document = "Tenemos taladro percutor y taladro de banco. Puede ver los taladros en https://tuerca.example/taladros";
    daemon.client.post("/api/v1/tenants/acme/documents", &json!({"content": document})).await;
    let phone = Phone { daemon: &daemon, sid: "CA1", from: "+573001112233" };
    let greeting = phone.at(PATH, &[]).await;
    let answer = phone.asks(&greeting, "¿Qué taladros tienen?").await;
    let heard = "Sí, tenemos: Taladro percutor, Taladro de banco. Puede verlos en nuestra página web.";
    assert_eq!(between(&answer, "<Say language=\"es-MX\">", "</Say>"), heard);
    let kept = "select count(*) from message where role = 'assistant' and text like '%nuestra página web.'";
    assert_eq!(site.count("acme", kept), 1, "what is kept is what was said");
}

#[tokio::test]
async fn who_wants_a_person_is_put_through_and_comes_back_afterwards() {
    let site = site("transfer_to = \"+576015550199\"", "");
    let daemon = site.start();
    let phone = Phone { daemon: &daemon, sid: "CA1", from: "+573001112233" };
    let greeting = phone.at(PATH, &[]).await;
    let transfer = phone.asks(&greeting, "quiero hablar con una persona").await;
    assert!(transfer.contains("Le comunico ahora mismo"), "{transfer}");
    assert!(!transfer.contains("por este mismo medio"), "{transfer}");
    assert!(transfer.contains("<Number>+576015550199</Number></Dial>"), "{transfer}");
    assert_eq!(owner(&daemon).await, "waiting");
    let ended = phone
        .at(&action_of(&transfer), &[("DialCallStatus", "completed"), ("CallStatus", "completed")])
        .await;
    assert!(ended.contains("<Response><Hangup/></Response>"), "{ended}");
    assert_eq!(owner(&daemon).await, "returned");

    let again = Phone { daemon: &daemon, sid: "CA2", from: "+573001112233" };
    let greeting = again.at(PATH, &[]).await;
    let answer = again.asks(&greeting, "¿Dónde están ubicados?").await;
    assert!(answer.contains("Calle 5"), "{answer}");
}

#[tokio::test]
async fn when_nobody_takes_the_call_a_message_is_taken() {
    let site = site("transfer_to = \"+576015550199\"", "");
    let daemon = site.start();
    let phone = Phone { daemon: &daemon, sid: "CA1", from: "+573001112233" };
    let greeting = phone.at(PATH, &[]).await;
    let transfer = phone.asks(&greeting, "páseme con un asesor").await;
    let asked = phone.at(&action_of(&transfer), &[("DialCallStatus", "no-answer")]).await;
    assert!(asked.contains("Diga su nombre y qué necesita") && asked.contains("step=message"), "{asked}");
    let taken = phone.says(&asked, "Soy Ana y necesito cambiar un taladro").await;
    assert!(taken.contains("tomé nota") && taken.ends_with("<Hangup/></Response>"), "{taken}");
    assert_eq!(phone.says(&asked, "Soy Ana y necesito cambiar un taladro").await, taken);
    assert_eq!(site.count("acme", "select count(*) from inbox"), 2);
    assert_eq!(owner(&daemon).await, "waiting");

    // Who calls again meanwhile is put through again.
    let again = Phone { daemon: &daemon, sid: "CA2", from: "+573001112233" };
    let greeting = again.at(PATH, &[]).await;
    let transfer = again.asks(&greeting, "¿hola?").await;
    assert!(transfer.contains("<Dial"), "{transfer}");
}

#[tokio::test]
async fn without_a_number_for_people_a_message_is_taken_at_once() {
    let site = site("", "");
    let daemon = site.start();
    let phone = Phone { daemon: &daemon, sid: "CA1", from: "anonymous" };
    let greeting = phone.at(PATH, &[]).await;
    let asked = phone.asks(&greeting, "quiero hablar con una persona").await;
    assert!(!asked.contains("<Dial") && asked.contains("Diga su nombre"), "{asked}");
    let taken = phone.says(&asked, "Soy Ana, llámenme al 300 111 22 33").await;
    assert!(taken.contains("<Hangup/>"), "{taken}");
    let conversations = daemon.client.list("/api/v1/tenants/acme/conversations").await;
    assert_eq!(conversations[0]["contact"], "CA1", "a hidden number is nobody's");
    // A person's written words cannot be spoken.
    let path =
        format!("/api/v1/tenants/acme/handoffs/{}/reply", conversations[0]["conversation"].as_str().unwrap());
    daemon.client.post(&path, &json!({"by": "Eva", "message": "hola"})).await;
    site.wait_until("acme", "select count(*) from outbox where state = 'dead'", 1).await;
}

#[tokio::test]
async fn who_says_nothing_is_asked_twice_and_then_said_goodbye() {
    let site = site("language = \"pt\"\ngreeting = \"Bem-vindo\"", "");
    let daemon = site.start();
    let phone = Phone { daemon: &daemon, sid: "CA1", from: "+5511955501234" };
    let mut document = phone.at(PATH, &[]).await;
    assert!(document.contains("language=\"pt-BR\"") && document.contains(">Bem-vindo</Say>"), "{document}");
    for _ in 0..2 {
        document = phone.at(&redirect_of(&document), &[]).await;
        assert!(document.contains("não ouvi") && document.contains("turn=1"), "{document}");
    }
    document = phone.at(&redirect_of(&document), &[]).await;
    assert!(document.contains("Até logo!") && document.ends_with("<Hangup/></Response>"), "{document}");
    assert_eq!(site.count("acme", "select count(*) from inbox"), 0);
}
