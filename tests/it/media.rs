//! Voice notes and pictures through the real daemon.

use reqwest::{
    Method, StatusCode,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use crate::{
    fake_llm::{Act, FakeLlm},
    harness::{Answer, Daemon, Site},
};

/// A second of silence in Ogg as a telephone would send it, as far as anybody looks.
pub(crate) fn voice_note() -> Vec<u8> {
    let page =
        |position: u64, body: &[u8]| [b"OggS\0\0", &position.to_le_bytes()[..], &[0; 14], body].concat();
    [page(0, b"OpusHead\x01\x01\x38\x01\x80\xbb\0\0\0\0\0"), page(48_312, &[7; 200])].concat()
}

fn photo() -> Vec<u8> {
    [&[0xff, 0xd8, 0xff, 0xe0, 0, 16][..], b"JFIF\0", &[9; 300]].concat()
}

fn site(fake: &FakeLlm, limits: &str) -> Site {
    let site = Site::new(&[]);
    let config = format!(
        "[worker]\nturn_deadline_s = 4\n[llm]\nwait_for_key_s = 2\n\n[[llm.keys]]\nid = \"ears\"\nbase_url = \"{}\"\n\
         api_key = \"sk-a\"\nmodel = \"fake\"\n\n[llm.speech]\nkey = \"ears\"\nmodel = \"whisper-1\"\n\n[llm.vision]\n\
         key = \"ears\"\nmodel = \"eyes\"\n\n[llm.prices]\nwhisper-1 = {{ minute = 0.6 }}\n",
        fake.base_url()
    );
    site.write("chatbot.toml", &config);
    site.write("tenants/acme/tenant.toml", &format!("name = \"Spa Aurora\"\n[limits]\n{limits}\n"));
    site
}

async fn post(daemon: &Daemon, what: &str, file: Vec<u8>, fields: &[(&'static str, &'static str)]) -> Answer {
    let mut form = Form::new();
    for (name, value) in fields {
        form = form.text(*name, *value);
    }
    let form = form.part("file", Part::bytes(file).file_name("whatever.bin"));
    let path = format!("/api/v1/tenants/acme/media/{what}");
    let response = daemon.client.request(Method::POST, &path).multipart(form).send().await.unwrap();
    let status = response.status();
    (status, response.json().await.unwrap())
}

fn refusal(answer: &Answer) -> (u16, &str, &str) {
    let error = &answer.1["error"];
    (answer.0.as_u16(), error["code"].as_str().unwrap(), error["customer_message"].as_str().unwrap())
}

#[tokio::test]
async fn a_voice_note_becomes_text_once() {
    let fake =
        FakeLlm::start([Act::Answer(" Quiero una cita. ".to_owned()), Act::Answer("Outra.".to_owned())]);
    let site = site(&fake, "");
    let daemon = site.start();
    let (status, text) = post(&daemon, "voice", voice_note(), &[]).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert_eq!(
        (&text["text"], &text["cached"], &text["key"]),
        (&json!("Quiero una cita."), &json!(false), &json!("ears"))
    );
    assert!(text["took_ms"].is_u64());
    let asked = fake.asked().remove(0);
    let form = asked.body.as_str().unwrap();
    assert_eq!((asked.path.as_str(), asked.key.as_str()), ("/audio/transcriptions", "sk-a"));
    for part in ["name=\"model\"\r\n\r\nwhisper-1", "filename=\"voice.ogg\"", "audio/ogg", "OpusHead"] {
        assert!(form.contains(part), "{part} is missing");
    }
    assert!(!form.contains("name=\"language\""), "the model finds out by itself");

    let (_, again) = post(&daemon, "voice", voice_note(), &[]).await;
    assert_eq!((&again["text"], &again["cached"]), (&json!("Quiero una cita."), &json!(true)));
    let (_, other) = post(&daemon, "voice", voice_note(), &[("language", "pt")]).await;
    assert_eq!((&other["text"], &other["cached"]), (&json!("Outra."), &json!(false)));
    assert!(fake.asked()[1].body.as_str().unwrap().contains("name=\"language\"\r\n\r\npt"));
    assert_eq!(fake.asked().len(), 2);
    let spending = daemon.client.get("/api/v1/tenants/acme/spending").await.1;
    assert_eq!(
        (&spending["keys"][0]["calls"], &spending["cost"]["minor"]),
        (&json!(2), &json!(2)),
        "two seconds"
    );
}

#[tokio::test]
async fn a_picture_is_described_with_the_question_in_mind() {
    let fake = FakeLlm::start([Act::Answer("Una crema.".to_owned()), Act::Answer("A cream.".to_owned())]);
    let site = site(&fake, "");
    let daemon = site.start();
    let question = [("question", "¿La venden?")];
    let (status, text) = post(&daemon, "image", photo(), &question).await;
    assert_eq!((status, &text["text"]), (StatusCode::OK, &json!("Una crema.")), "{text}");
    let body = fake.asked().remove(0).body;
    assert_eq!(body["model"], "eyes");
    assert!(body["messages"][0]["content"].as_str().unwrap().contains("Spa Aurora"));
    let content = &body["messages"][1]["content"];
    assert_eq!(content[0]["text"], "¿La venden?");
    assert!(content[1]["image_url"]["url"].as_str().unwrap().starts_with("data:image/jpeg;base64,/9j/4"));

    assert_eq!(post(&daemon, "image", photo(), &question).await.1["cached"], true);
    let (_, other) =
        post(&daemon, "image", photo(), &[("question", "Do you sell it?"), ("language", "en")]).await;
    assert_eq!((&other["text"], &other["cached"]), (&json!("A cream."), &json!(false)));
}

#[tokio::test]
async fn what_cannot_be_read_says_what_to_tell_the_customer() {
    let fake = FakeLlm::start([]);
    let site = site(&fake, "media_mb = 1\nvoice_max_s = 1");
    let daemon = site.start();
    let pdf = b"%PDF-1.7 and so on".to_vec();
    let answer = post(&daemon, "voice", pdf.clone(), &[]).await;
    let (status, code, sentence) = refusal(&answer);
    assert_eq!((status, code), (415, "unsupported_media"));
    assert!(sentence.starts_with("No puedo abrir ese archivo de audio"), "{sentence}");
    let answer = post(&daemon, "image", pdf, &[("language", "pt")]).await;
    assert!(
        matches!(refusal(&answer), (415, "unsupported_media", text) if text.starts_with("Não consigo abrir"))
    );
    let answer = post(&daemon, "image", [photo(), vec![0; 1 << 20]].concat(), &[("language", "en")]).await;
    assert!(
        matches!(refusal(&answer), (413, "too_large", text) if text.contains("too large")),
        "{}",
        answer.1
    );

    let long = [voice_note(), [b"OggS\0\0", &480_312_u64.to_le_bytes()[..], &[0; 20]].concat()].concat();
    let answer = post(&daemon, "voice", long, &[]).await;
    assert!(
        matches!(refusal(&answer), (422, "too_long", text) if text.contains("demasiado larga")),
        "{}",
        answer.1
    );
    assert!(fake.asked().is_empty(), "nobody was bothered");

    fake.then([Act::Answer("¡Gracias por ver el video!".to_owned()), Act::Refuse(400, "corrupt file", None)]);
    let answer = post(&daemon, "voice", voice_note(), &[]).await;
    assert!(matches!(refusal(&answer), (422, "unclear", text) if text.contains("No alcancé a entender")));
    let answer = post(&daemon, "voice", voice_note(), &[]).await;
    assert!(matches!(refusal(&answer), (415, "unsupported_media", _)), "{}", answer.1);
    let pool = daemon.client.get("/api/v1/pool").await.1;
    assert_eq!(pool["pool_status"][0]["state"], "ready", "a broken file is not the key's fault");
}

#[tokio::test]
async fn a_model_that_fails_is_tried_again_and_then_told_honestly() {
    let fake = FakeLlm::start([Act::Refuse(500, "oops", None), Act::Answer("Sí, quiero.".to_owned())]);
    let site = site(&fake, "");
    let daemon = site.start();
    let (status, text) = post(&daemon, "voice", voice_note(), &[]).await;
    assert_eq!((status, &text["text"]), (StatusCode::OK, &json!("Sí, quiero.")), "{text}");
    fake.then([Act::Refuse(401, "who?", None)]);
    let answer = post(&daemon, "voice", voice_note(), &[("language", "en")]).await;
    let (status, code, sentence) = refusal(&answer);
    assert_eq!((status, code), (503, "model_unavailable"));
    assert!(sentence.contains("could not listen to your voice note"), "{sentence}");
    assert_eq!(fake.asked().len(), 3);
}

#[tokio::test]
async fn without_a_model_for_it_the_customer_is_told_too() {
    let site = Site::new(&["acme"]);
    let daemon = site.start();
    for (what, words) in [("voice", "nota de voz"), ("image", "imagen")] {
        let file = if what == "voice" { voice_note() } else { photo() };
        let answer = post(&daemon, what, file, &[]).await;
        assert!(
            matches!(refusal(&answer), (503, "not_configured", text) if text.contains(words)),
            "{}",
            answer.1
        );
    }
    let path = "/api/v1/tenants/acme/media/voice";
    let (status, error): (StatusCode, Value) = daemon.client.post(path, &json!({"file": "x"})).await;
    assert_eq!((status.as_u16(), &error["error"]["code"]), (415, &json!("unsupported_media_type")));
    let form = Form::new().text("language", "de").part("file", Part::bytes(voice_note()));
    let sent = daemon.client.request(Method::POST, path).multipart(form).send().await.unwrap();
    let error: Value = sent.json().await.unwrap();
    assert_eq!(error["error"]["field"], "language");
    let sent =
        daemon.client.request(Method::POST, path).multipart(Form::new().text("x", "y")).send().await.unwrap();
    let error: Value = sent.json().await.unwrap();
    assert_eq!(error["error"]["field"], "file");
}
