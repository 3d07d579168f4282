//! The commands about channels: `iass webhook simulate`, `iass doctor`, and the links of `iass tenant show`.

use std::{path::Path, process::Output};

use axum::{
    Json, Router,
    extract::{Path as UrlPath, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    config::{iass, json_lines, stderr, stdout},
    fake_meta::{APP_SECRET, FakeMeta, TOKEN},
    fake_server::FakeServer,
    harness::Site,
};

const CHATWOOT: &str = "[channels.chatwoot]\nbase_url = \"http://127.0.0.1:9\"\naccount_id = 1\napi_token = \"cw-token\"\n\
                        webhook_secret = \"cw-secret\"\n";

const TWILIO: &str = "[channels.twilio]\naccount_sid = \"AC1\"\nauth_token = \"tw-secret\"\n\
                      from = \"whatsapp:+14155238886\"\napi_base = \"http://127.0.0.1:9\"\n";

fn run(dir: &Path, line: &str) -> Output {
    iass(dir, &line.split_whitespace().collect::<Vec<_>>(), &[])
}

fn site(channels: &str) -> Site {
    let site = Site::new(&[]);
    site.write(
        "chatbot.toml",
        "[server]\npublic_url = \"https://iass.example.com\"\n[worker]\nburst_quiet_ms = 0\n",
    );
    site.write("tenants/acme/tenant.toml", &format!("name = \"La Tuerca\"\n{channels}"));
    site
}

fn heard(site: &Site) -> Vec<(String, String)> {
    let db = Connection::open(site.database("acme")).unwrap();
    db.busy_timeout(crate::harness::PATIENCE).unwrap();
    let mut rows = db.prepare("select channel, text from inbox order by seq").unwrap();
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn a_simulated_message_is_taken_as_the_providers_own() {
    let meta = FakeMeta::start();
    let telegram = "[channels.telegram]\ntoken = \"1:x\"\nmode = \"webhook\"\nsecret_token = \"tg-hook\"\n\
                    api_base = \"http://127.0.0.1:9\"\n";
    let voice = "[channels.voice]\nauth_token = \"tw-secret\"\n";
    let channels = format!("{}{TWILIO}{CHATWOOT}{telegram}{voice}", meta.config(""));
    let site = site(&channels);
    let daemon = site.start();
    let url = &daemon.client.url;
    let all = ["meta", "twilio", "chatwoot", "telegram", "voice"];
    for channel in all {
        let line =
            format!("--json webhook simulate {channel} --tenant acme --text hola-{channel} --url {url}");
        let output = run(site.path(), &line);
        assert_eq!(output.status.code(), Some(0), "{channel}: {} {}", stdout(&output), stderr(&output));
        let answer = json_lines(&output).remove(0);
        assert_eq!((&answer["status"], &answer["channel"]), (&json!(200), &json!(channel)));
        let speaks = answer["body"].as_str().unwrap().contains("<Say");
        assert_eq!(speaks, channel == "voice", "{answer}");
    }
    let expected = all.map(|channel| (channel.to_owned(), format!("hola-{channel}")));
    assert_eq!(heard(&site), expected);
    let sent = meta.wait_for_taken(1).await;
    assert_eq!(sent[0].body["to"], "573000000000");

    let sample = include_str!("../fixtures/wire/meta/signed_webhooks.jsonl").lines().next().unwrap();
    let sample: Value = serde_json::from_str(sample).unwrap();
    let body = STANDARD.decode(sample["body_b64"].as_str().unwrap()).unwrap();
    site.write("sample.json", std::str::from_utf8(&body).unwrap());
    let output = run(site.path(), &format!("webhook simulate meta sample.json --tenant acme --url {url}"));
    assert_eq!((output.status.code(), stdout(&output)), (Some(0), "200\n"), "{}", stderr(&output));
    assert_eq!(heard(&site)[5].1, "Does it come in another color?");

    // The daemon still has the old secret.
    site.write(
        "tenants/acme/tenant.toml",
        &format!("name = \"La Tuerca\"\n{channels}").replace(APP_SECRET, "another"),
    );
    let output = run(site.path(), &format!("webhook simulate meta --text hola --tenant acme --url {url}"));
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stdout(&output).starts_with("401\n") && stdout(&output).contains("bad_signature"),
        "{}",
        stdout(&output)
    );
    assert_eq!(heard(&site).len(), 6);
}

#[test]
fn what_cannot_be_simulated_says_why() {
    let poll = "[channels.telegram]\ntoken = \"1:x\"\n";
    let site = site(&format!("{TWILIO}{poll}"));
    let check = |line: &str, code: i32, words: &str| {
        let output =
            run(site.path(), &format!("webhook simulate {line} --text hola --url http://127.0.0.1:1"));
        assert_eq!(output.status.code(), Some(code), "{line}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{line}: {}", stderr(&output));
        assert!(!stderr(&output).contains("tw-secret"));
    };
    check("twilio --tenant acme", 69, "no daemon answers at http://127.0.0.1:1/webhooks/twilio/acme");
    check("meta --tenant acme", 78, "no [channels.meta]");
    check("telegram --tenant acme", 78, "mode = \"webhook\"");
    check("terminal --tenant acme", 2, "choose meta");
    check("fax --tenant acme", 2, "choose meta");
    check("meta --tenant nobody", 3, "nobody");
}

const HERE_TWILIO: &str = "https://iass.example.com/webhooks/twilio/acme";
const HERE_VOICE: &str = "https://iass.example.com/webhooks/voice/acme";
const HERE_CHATWOOT: &str = "https://iass.example.com/webhooks/chatwoot/acme";

/// Twilio, Telegram and Chatwoot as far as a check needs them. Its path begins with what it is to do: `right`, `refuse`.
fn providers() -> FakeServer {
    async fn answer(State(()): State<()>, UrlPath(path): UrlPath<String>, headers: HeaderMap) -> Response {
        let Some((mood, path)) = path.split_once('/') else { return StatusCode::NOT_FOUND.into_response() };
        if mood == "refuse" {
            return (StatusCode::UNAUTHORIZED, Json(json!({"error": "no"}))).into_response();
        }
        let token = |name: &str| {
            headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        match path {
            "2010-04-01/Accounts/AC1.json" if token("authorization").starts_with("Basic ") => {
                Json(json!({"sid": "AC1", "status": "active", "friendly_name": "Tuerca"})).into_response()
            }
            "v2/Channels/Senders" if mood == "blind" => {
                (StatusCode::FORBIDDEN, Json(json!({"code": 20003}))).into_response()
            }
            "v2/Channels/Senders" => {
                let url = if mood == "posting" { "https://old.example/hook?key=s3cr3t" } else { HERE_TWILIO };
                let webhook = json!({"callback_url": url, "callback_method": "POST", "fallback_url": null});
                let sender = json!({"sid": "XE1", "sender_id": "whatsapp:+14155238886", "status": "ONLINE", "webhook": webhook});
                Json(json!({"senders": [sender], "meta": {"key": "senders"}})).into_response()
            }
            "2010-04-01/Accounts/AC1/IncomingPhoneNumbers.json" => {
                let url = if mood == "posting" { "" } else { HERE_VOICE };
                let number = json!({"phone_number": "+14155238887", "voice_url": url, "voice_method": "POST",
                                    "sms_url": "https://demo.twilio.com/welcome/sms/reply", "sms_method": "POST"});
                Json(json!({"incoming_phone_numbers": [number], "page": 0})).into_response()
            }
            "v1/Services/MG1" => {
                Json(json!({"sid": "MG1", "inbound_request_url": HERE_TWILIO, "inbound_method": "POST",
                            "use_inbound_webhook_on_number": false}))
                .into_response()
            }
            "api/v1/accounts/1/agent_bots" if mood == "blind" => {
                (StatusCode::UNAUTHORIZED, Json(json!({"error": "You are not authorized to do this action"})))
                    .into_response()
            }
            "api/v1/accounts/1/agent_bots" => {
                let url = if mood == "posting" { "https://old.example/bot" } else { HERE_CHATWOOT };
                Json(json!([{"id": 3, "name": "Bot", "outgoing_url": url}])).into_response()
            }
            "api/v1/accounts/1/inboxes/1/agent_bot" => {
                Json(json!({"agent_bot": {"id": 3, "name": "Bot"}})).into_response()
            }
            "api/v1/accounts/1/webhooks" => {
                let webhook =
                    json!({"id": 1, "url": "https://crm.example/x", "subscriptions": ["message_created"]});
                Json(json!({"payload": {"webhooks": [webhook]}})).into_response()
            }
            "bot1:tg-secret/getMe" => {
                Json(json!({"ok": true, "result": {"id": 1, "is_bot": true, "username": "tuerca_bot"}}))
                    .into_response()
            }
            "bot1:tg-secret/getWebhookInfo" => {
                let url = if mood == "posting" { "https://elsewhere.example/hook" } else { "" };
                Json(json!({"ok": true, "result": {"url": url, "pending_update_count": 0}})).into_response()
            }
            "api/v1/profile" if token("api_access_token") == "cw-token" => {
                Json(json!({"id": 1, "name": "Bot"})).into_response()
            }
            "api/v1/accounts/1/inboxes" if token("api_access_token") == "cw-token" => {
                Json(json!({"payload": [{"id": 1}]})).into_response()
            }
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    }
    FakeServer::start(Router::new().route("/{*path}", get(answer)).with_state(()))
}

fn all_channels(meta: &FakeMeta, base: &str) -> String {
    let telegram = format!("[channels.telegram]\ntoken = \"1:tg-secret\"\napi_base = \"{base}\"\n");
    let local = "http://127.0.0.1:9";
    let voice = "[channels.voice]\nauth_token = \"tw-secret\"\n";
    format!(
        "{}{}{}{telegram}{voice}",
        meta.config(""),
        TWILIO.replace(local, base),
        CHATWOOT.replace(local, base)
    )
}

#[test]
fn the_doctor_finds_nothing_where_nothing_is_wrong() {
    let (meta, others) = (FakeMeta::start(), providers());
    let site = site(&all_channels(&meta, &format!("{}/right", others.base())));
    let output = run(site.path(), "doctor");
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    let text = stdout(&output);
    for words in [
        "ok       acme meta number: +57 300 111 2233 (La Tuerca), quality GREEN",
        "ok       acme meta webhook: Meta posts to https://iass.example.com/webhooks/meta/acme",
        "ok       acme meta subscription",
        "ok       acme twilio credentials: the account \"Tuerca\" is active",
        "ok       acme telegram credentials: the bot is @tuerca_bot",
        "ok       acme twilio webhook: whatsapp:+14155238886 posts to https://iass.example.com/webhooks/twilio/acme",
        "ok       acme voice webhook: +14155238887 posts to https://iass.example.com/webhooks/voice/acme",
        "ok       acme chatwoot account: the account 1 has 1 inboxes",
        "ok       acme chatwoot webhook: an agent bot posts to https://iass.example.com/webhooks/chatwoot/acme",
    ] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
}

#[test]
fn the_doctor_says_what_to_fix_and_no_secret() {
    let (meta, others) = (FakeMeta::start(), providers());
    meta.unsubscribe();
    let site = site(&all_channels(&meta, &format!("{}/posting", others.base())));
    let output = run(site.path(), "--json doctor --tenant acme");
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    let wrong: Vec<(String, String)> = json_lines(&output)
        .iter()
        .filter(|finding| finding["verdict"] == "wrong")
        .map(|finding| {
            (finding["check"].as_str().unwrap().to_owned(), finding["fix"].as_str().unwrap().to_owned())
        })
        .collect();
    assert_eq!(wrong.len(), 5, "{wrong:?}");
    let fixes = ["subscribed_apps", HERE_TWILIO, HERE_VOICE, "deleteWebhook", HERE_CHATWOOT];
    for ((_, fix), words) in wrong.iter().zip(fixes) {
        assert!(fix.contains(words), "{words} is not in {fix}");
    }
    assert!(stdout(&output).contains("https://old.example/hook"), "{}", stdout(&output));
    assert!(!stdout(&output).contains("s3cr3t"), "what follows an address may be a secret");

    let refusing = all_channels(&meta, &format!("{}/refuse", others.base())).replace(TOKEN, "expired");
    site.write("tenants/acme/tenant.toml", &format!("name = \"La Tuerca\"\n{refusing}"));
    let output = run(site.path(), "doctor");
    assert_eq!(output.status.code(), Some(1));
    let text = format!("{}{}", stdout(&output), stderr(&output));
    for words in [
        "code 190",
        "make a permanent one of a system user",
        "Twilio console",
        "@BotFather",
        "Chatwoot refuses",
    ] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    for secret in ["expired\"", "tw-secret", "tg-secret", "cw-token", "cw-secret", APP_SECRET] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

#[test]
fn the_doctor_says_what_to_compare_by_hand_where_it_may_not_look() {
    let (meta, others) = (FakeMeta::start(), providers());
    meta.hide_webhook();
    let channels = all_channels(&meta, &format!("{}/blind", others.base()));
    let site =
        site(&channels.replace(
            "[channels.voice]\nauth_token = \"tw-secret\"",
            "[channels.voice]\nauth_token = \"other\"",
        ));
    let output = run(site.path(), "doctor");
    assert_eq!(output.status.code(), Some(69), "{}", stdout(&output));
    let text = stdout(&output);
    for words in [
        "skipped  acme meta webhook: where Meta posts cannot be read with this token",
        "Callback URL: https://iass.example.com/webhooks/meta/acme",
        "acme twilio webhook: where Twilio posts cannot be read: answered 403",
        "Sandbox settings > When a message comes in): https://iass.example.com/webhooks/twilio/acme, HTTP POST",
        "skipped  acme voice webhook: the account of the calls is not known",
        "A call comes in: Webhook, https://iass.example.com/webhooks/voice/acme, HTTP POST",
        "skipped  acme chatwoot webhook: where Chatwoot posts cannot be read",
        "webhook URL: https://iass.example.com/webhooks/chatwoot/acme",
    ] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
}

#[test]
fn the_doctor_knows_each_kind_of_sender_at_twilio() {
    let others = providers();
    let base = format!("{}/right", others.base());
    for (from, words) in [
        ("MG1", "ok       acme twilio webhook: MG1 posts to https://iass.example.com/webhooks/twilio/acme"),
        (
            "+14155238887",
            "WRONG    acme twilio webhook: +14155238887 posts to https://demo.twilio.com/welcome/sms/reply",
        ),
        ("+14155230000", "WRONG    acme twilio webhook: +14155230000 is not a number of this account"),
        (
            "whatsapp:+15005550006",
            "warning  acme twilio webhook: whatsapp:+15005550006 is not among the WhatsApp senders",
        ),
    ] {
        let twilio = TWILIO.replace("http://127.0.0.1:9", &base).replace("whatsapp:+14155238886", from);
        let output = run(site(&twilio).path(), "doctor");
        assert!(stdout(&output).contains(words), "{words} is not in {}", stdout(&output));
    }
}

#[test]
fn the_doctor_is_honest_about_what_it_could_not_ask() {
    let site = site(TWILIO);
    let output = run(site.path(), "doctor");
    assert_eq!(output.status.code(), Some(69), "{}", stdout(&output));
    assert!(stdout(&output).contains("could not be checked: cannot connect"), "{}", stdout(&output));
    site.write("tenants/broken/tenant.toml", "nam = \"x\"\n");
    assert_eq!(run(site.path(), "doctor").status.code(), Some(78));
    assert_eq!(run(site.path(), "doctor --tenant nobody").status.code(), Some(3));
}

/// The text of the code in a picture, whose pixels are asked by their place.
fn read_code(width: usize, height: usize, pixel: impl FnMut(usize, usize) -> u8) -> String {
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, pixel);
    let codes = picture.detect_grids();
    assert_eq!(codes.len(), 1);
    codes[0].decode().unwrap().1
}

#[test]
fn the_links_lead_into_the_chat_and_their_codes_can_be_read() {
    let (meta, others) = (FakeMeta::start(), providers());
    let site = site(&all_channels(&meta, &format!("{}/right", others.base())));
    let output = run(site.path(), "--json tenant show acme --campaign feria-2026");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let links = json_lines(&output)[0]["links"].clone();
    let text = "Hola%2C%20quisiera%20m%C3%A1s%20informaci%C3%B3n.%20%5Bferia-2026%5D";
    assert_eq!(
        links,
        json!([
            {"channel": "meta", "url": format!("https://wa.me/573001112233?text={text}")},
            {"channel": "meta", "url": format!("https://wa.me/573001112233?text={text}")},
            {"channel": "twilio", "url": format!("https://wa.me/14155238886?text={text}")},
            {"channel": "telegram", "url": "https://t.me/tuerca_bot?start=feria-2026"},
        ])
    );

    let output = run(site.path(), "tenant show acme --channel telegram");
    let toml: toml::Table = stdout(&output).parse().unwrap();
    assert_eq!(toml["name"].as_str(), Some("La Tuerca"));
    assert!(stdout(&output).ends_with("# telegram: https://t.me/tuerca_bot\n"), "{}", stdout(&output));
    // Each character is one module wide and two high; light modules are drawn.
    let rows: Vec<Vec<char>> = stderr(&output)
        .lines()
        .filter(|line| line.contains('█'))
        .map(|line| line.chars().collect())
        .collect();
    let light = |x: usize, y: usize| {
        let drawn = rows[y / 2].get(x).copied().unwrap_or(' ');
        drawn == '█' || drawn == if y.is_multiple_of(2) { '▀' } else { '▄' }
    };
    let (scale, width, height) = (4, rows[0].len(), rows.len() * 2);
    let text =
        read_code(width * scale, height * scale, |x, y| if light(x / scale, y / scale) { 255 } else { 0 });
    assert_eq!(text, "https://t.me/tuerca_bot");

    let output = run(site.path(), "tenant show acme --channel twilio --campaign feria --qr code.png");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let file = std::fs::File::open(site.path().join("code.png")).unwrap();
    let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let (width, height) = (info.width as usize, info.height as usize);
    let text = read_code(width, height, |x, y| pixels[y * width + x]);
    assert_eq!(
        text,
        "https://wa.me/14155238886?text=Hola%2C%20quisiera%20m%C3%A1s%20informaci%C3%B3n.%20%5Bferia%5D"
    );
}

#[test]
fn a_tenant_without_channels_has_no_links_and_asks_nobody() {
    let site = site("");
    let output = run(site.path(), "--json tenant show acme");
    assert_eq!((output.status.code(), &json_lines(&output)[0]["links"]), (Some(0), &json!([])));
    assert_eq!(run(site.path(), "tenant show acme --qr code.png").status.code(), Some(3));
    assert!(!site.path().join("code.png").exists());
    assert_eq!(run(site.path(), "tenant show acme --campaign not/allowed").status.code(), Some(2));
}
