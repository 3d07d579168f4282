//! What the business is told, through the real binary: to every place, in time, and once.

use std::time::{Duration, Instant};

use iass::{clock::Clock, store::TenantDb};
use reqwest::StatusCode;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::{
    config::{iass as run_iass, stderr},
    fake_business::{Fail, FakeBusiness, Place},
    fake_mail::{FakeMail, Odd, Stage},
    harness::{PATIENCE, Site},
};

const LOGIN: (&str, &str) = ("bot@acme.example", "pa55");

/// A site whose tenant has everything told to these places, and which tries again soon.
fn site(business: &FakeBusiness, more: &str) -> Site {
    let site = Site::new(&[]);
    site.write(
        "chatbot.toml",
        "[worker]\nburst_quiet_ms = 0\n[outbox]\nfirst_retry_ms = 10\nmax_retry_s = 600\nmax_attempts = 5\n",
    );
    site.write("tenants/acme/tenant.toml", &format!("name = \"Benova\"\n{}{more}", business.config()));
    drop(TenantDb::open(&site.database("acme")).unwrap());
    site
}

fn mail_config(mail: &FakeMail) -> String {
    format!(
        "[notify.email]\nto = [\"ana@acme.example\"]\nfrom = \"bot@acme.example\"\nsmtp_host = \"127.0.0.1\"\n\
         smtp_port = {}\nusername = \"{}\"\npassword = \"{}\"\n",
        mail.address().port(),
        LOGIN.0,
        LOGIN.1
    )
}

fn lead() -> Value {
    json!({
        "lead_id": "lead_1",
        "contact_info": {"name": "Ana Peña", "phone_or_username": "+57 300 555 0102", "email": "ana@x.co"},
        "business_context": {"company_name": "Peña & Cía", "interest_area": "Ventas"},
        "problem_statement": "Quiere <b>una</b> limpieza facial", "urgency_level": "Alto", "qualification": "hot",
        "tenant": "acme", "conversation": "conv_1", "created_at": "2026-11-21T14:00:00Z", "complete": true,
    })
}

fn handoff(reason: &str) -> Value {
    json!({
        "handoff": "handoff_1", "conversation": "conv_1", "channel": "api", "contact": "ana", "contact_name": "Ana",
        "reason": reason,
        "brief": {"summary": "Está molesta.", "lead": null,
                  "last_messages": [{"role": "customer", "text": "pésimo servicio"}]},
    })
}

/// Decides a delivery, as a turn's transaction does.
fn decide(site: &Site, id: &str, target: &str, event: &str, payload: &Value, urgent: bool) {
    let db = Connection::open(site.database("acme")).unwrap();
    db.busy_timeout(PATIENCE).unwrap();
    let now_ms = Clock::System.now_ms();
    db.execute(
        "insert into delivery (id, target, event, subject, payload, urgent, state, due_ms, created_ms)
         values (?1, ?2, ?3, ?1, ?4, ?5, 'pending', ?6, ?6)",
        params![id, target, event, payload.to_string(), urgent, now_ms],
    )
    .unwrap();
}

fn decide_lead(site: &Site, id: &str, target: &str) {
    decide(site, id, target, "lead", &lead(), false);
}

/// State, tries, and when the next try is due, of each delivery by its id.
fn rows(site: &Site) -> Vec<(String, String, u32, i64)> {
    let db = Connection::open(site.database("acme")).unwrap();
    let mut rows = db.prepare("select id, state, attempts, due_ms from delivery order by id").unwrap();
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

/// Waits until every delivery is in one of these states.
async fn wait_until_all(site: &Site, states: &[&str]) -> Vec<(String, String, u32, i64)> {
    let begun = Instant::now();
    loop {
        let rows = rows(site);
        if rows.iter().all(|(_, state, ..)| states.contains(&state.as_str())) {
            return rows;
        }
        assert!(begun.elapsed() < PATIENCE, "{rows:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

const TARGETS: [&str; 6] = ["slack", "teams", "email", "webhook", "crm", "hubspot"];

#[tokio::test]
async fn a_lead_is_told_at_every_place_once_and_in_the_places_own_form() {
    let (business, mail) = (FakeBusiness::start(), FakeMail::with_login(LOGIN, "PLAIN"));
    let site = site(&business, &mail_config(&mail));
    for target in TARGETS {
        decide_lead(&site, target, target);
    }
    let mut daemon = site.start();
    wait_until_all(&site, &["sent"]).await;
    // A turn has the worker look again: nothing is left.
    daemon.client.chat("acme", "ana", "hola").await;
    daemon.signal("TERM");
    assert!(daemon.ended().await.success());

    let only = |place| {
        let received = business.received(place);
        assert_eq!(received.len(), 1, "{received:?}");
        received.into_iter().next().unwrap()
    };
    let slack = only(Place::Slack).body.to_string();
    assert!(slack.contains("Nuevo cliente potencial: Ana Peña"), "{slack}");
    assert!(slack.contains("&lt;b&gt;una&lt;/b&gt;") && slack.contains("Peña &amp; Cía"), "{slack}");
    let teams = only(Place::Teams).body.to_string();
    assert!(teams.contains("Nuevo cliente potencial: Ana Peña") && teams.contains("<b>una</b>"), "{teams}");
    let webhook = only(Place::Webhook);
    assert_eq!((&webhook.body["event"], &webhook.body["data"]), (&json!("lead"), &lead()));
    assert_eq!((&webhook.body["tenant"], webhook.header("x-iass-delivery")), (&json!("acme"), "webhook"));
    assert_eq!(only(Place::Crm).body, lead());
    assert_eq!(business.contacts()["ana@x.co"]["lastname"], "Peña");
    only(Place::Hubspot);
    let mails = mail.mails();
    assert_eq!((mails.len(), mails[0].subject().as_str()), (1, "Nuevo cliente potencial: Ana Peña"));
    assert!(mails[0].text().contains("Correo: ana@x.co"), "{}", mails[0].text());
    assert_eq!(mails[0].header("Message-ID"), "<email@acme.example>");
    let log = daemon.log();
    for secret in ["ana@x.co", "Ana", "555", "services/T000", "token_1", "whsec_1", LOGIN.1] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
}

#[tokio::test]
async fn a_crm_that_fails_twice_gets_the_lead_once() {
    let business = FakeBusiness::start();
    business.fail(Place::Crm, [Fail::Status(500, None), Fail::Status(429, Some("0"))]);
    let site = site(&business, "");
    decide_lead(&site, "d1", "crm");
    let _daemon = site.start();
    let rows = wait_until_all(&site, &["sent"]).await;
    assert_eq!(rows[0].2, 3, "tries");
    let keys: Vec<String> =
        business.received(Place::Crm).iter().map(|r| r.header("idempotency-key").to_owned()).collect();
    assert_eq!(keys, ["d1", "d1", "d1"]);
    assert_eq!(business.leads(), [lead()]);
}

#[tokio::test]
async fn a_place_that_asks_to_be_left_alone_is_and_not_for_longer_than_the_longest_pause() {
    let business = FakeBusiness::start();
    business.fail(Place::Slack, [Fail::Status(429, Some("120"))]);
    business.fail(Place::Webhook, [Fail::Status(503, Some("86400"))]);
    let site = site(&business, "");
    decide_lead(&site, "a", "slack");
    decide_lead(&site, "b", "webhook");
    let before_ms = Clock::System.now_ms();
    let _daemon = site.start();
    business.wait_for(Place::Slack, 1).await;
    business.wait_for(Place::Webhook, 1).await;
    let rows = wait_until_all(&site, &["pending"]).await;
    let waits_s: Vec<i64> = rows.iter().map(|row| (row.3 - before_ms) / 1000).collect();
    assert!((120..150).contains(&waits_s[0]), "{waits_s:?}");
    assert!((600..630).contains(&waits_s[1]), "{waits_s:?}");
    assert_eq!((business.received(Place::Slack).len(), business.received(Place::Webhook).len()), (1, 1));
}

#[tokio::test]
async fn a_place_that_hangs_keeps_no_other_waiting_and_an_emergency_goes_first() {
    let business = FakeBusiness::start();
    business.fail(Place::Teams, [Fail::Hang]);
    let site = site(&business, "");
    decide(&site, "t", "teams", "handoff", &handoff("loop"), false);
    for (id, event, payload, urgent) in [
        ("s1", "lead", lead(), false),
        ("s2", "handoff", handoff("loop"), false),
        ("s3", "handoff", handoff("emergency"), true),
    ] {
        decide(&site, id, "slack", event, &payload, urgent);
    }
    let mut daemon = site.start();
    business.wait_for(Place::Teams, 1).await;
    let received = business.wait_for(Place::Slack, 3).await;
    let texts: Vec<&str> = received.iter().map(|r| r.body["text"].as_str().unwrap()).collect();
    assert!(texts[0].starts_with("🚨 EMERGENCIA: Ana"), "{texts:?}");
    assert!(texts[1].starts_with("Nuevo cliente") && texts[2].starts_with("Ana espera"), "{texts:?}");
    assert!(received[0].body.to_string().contains("<!channel>"));
    let begun = Instant::now();
    while rows(&site).iter().filter(|(_, state, ..)| state == "sent").count() < 3 {
        assert!(begun.elapsed() < PATIENCE, "what was taken is noted");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // What hangs is not known to have arrived: the next daemon tells it again.
    daemon.kill();
    let _next = site.start();
    wait_until_all(&site, &["sent"]).await;
    assert_eq!((business.received(Place::Teams).len(), business.taken(Place::Teams).len()), (2, 1));
    assert_eq!(business.received(Place::Slack).len(), 3);
}

#[tokio::test]
async fn half_an_answer_is_enough_where_only_the_status_counts() {
    let business = FakeBusiness::start();
    business.fail(Place::Webhook, [Fail::HalfBody]);
    business.fail(Place::Hubspot, [Fail::HalfBody]);
    let site = site(&business, "");
    decide_lead(&site, "h", "hubspot");
    decide_lead(&site, "w", "webhook");
    let _daemon = site.start();
    let rows = wait_until_all(&site, &["sent"]).await;
    assert_eq!(rows.iter().map(|row| row.2).collect::<Vec<_>>(), [2, 1], "tries");
    assert_eq!(business.received(Place::Webhook).len(), 1);
    assert_eq!(business.contacts().len(), 1, "HubSpot was asked twice and has one contact");
}

#[tokio::test]
async fn what_a_place_refuses_is_a_dead_letter_that_can_be_sent_again() {
    let business = FakeBusiness::start();
    business.fail(Place::Slack, [Fail::Status(404, None)]);
    let site = site(&business, "");
    decide_lead(&site, "d1", "slack");
    let mut invalid = lead();
    invalid["contact_info"]["email"] = json!("ana@x.invalid");
    decide(&site, "d2", "hubspot", "lead", &invalid, false);
    let daemon = site.start();
    wait_until_all(&site, &["dead"]).await;
    assert!(business.contacts().is_empty());
    let letters = daemon.client.list("/api/v1/tenants/acme/dead-letters").await;
    let told: Vec<_> = letters
        .iter()
        .map(|letter| ["id", "kind", "target", "event", "error"].map(|key| letter[key].as_str().unwrap()))
        .collect();
    assert!(told.contains(&["d1", "delivery", "slack", "lead", "answered 404: as told"]), "{told:?}");
    let refused = ["d2", "delivery", "hubspot", "lead", "HubSpot refused it: Email address is invalid"];
    assert!(told.contains(&refused), "{told:?}");
    assert_eq!(letters[0]["attempts"], 1);

    let replay = async |id: &str| {
        daemon.client.post(&format!("/api/v1/tenants/acme/dead-letters/{id}/replay"), &json!({})).await
    };
    let (status, answer) = replay("d1").await;
    assert_eq!((status, &answer["state"]), (StatusCode::ACCEPTED, &json!("pending")));
    wait_until_all(&site, &["dead", "sent"]).await;
    assert_eq!(business.taken(Place::Slack).len(), 1);
    assert_eq!(replay("d1").await.0, StatusCode::CONFLICT);
    assert_eq!(replay("d9").await.0, StatusCode::NOT_FOUND);
    assert_eq!(daemon.client.list("/api/v1/tenants/acme/dead-letters").await.len(), 1);
}

#[tokio::test]
async fn a_place_that_fails_again_and_again_is_given_up_after_the_last_try() {
    let business = FakeBusiness::start();
    business.fail(Place::Crm, (0..9).map(|_| Fail::Status(503, None)));
    let site = site(&business, "");
    decide_lead(&site, "d1", "crm");
    let _daemon = site.start();
    let rows = wait_until_all(&site, &["dead"]).await;
    assert_eq!((rows[0].2, business.received(Place::Crm).len()), (5, 5), "tries");
}

#[tokio::test]
async fn nobody_is_told_at_an_address_that_was_not_configured() {
    let (business, elsewhere) = (FakeBusiness::start(), FakeBusiness::start());
    let places = [(Place::Webhook, "webhook"), (Place::Crm, "crm")];
    let site = site(&business, "");
    for (place, target) in places {
        business.fail(place, [Fail::Redirect(elsewhere.url(place))]);
        decide_lead(&site, target, target);
    }
    let _daemon = site.start();
    wait_until_all(&site, &["dead"]).await;
    for (place, _) in places {
        assert!(elsewhere.received(place).is_empty(), "{place:?}");
    }
}

#[tokio::test]
async fn a_daemon_killed_around_the_sending_loses_nothing_and_doubles_only_what_is_documented() {
    for (point, policy, slack_requests, slack_state) in [
        ("delivery.before_send", "resend", 1, "sent"),
        ("delivery.after_send", "resend", 2, "sent"),
        ("delivery.after_send", "hold", 1, "dead"),
    ] {
        let (business, mail) = (FakeBusiness::start(), FakeMail::with_login(LOGIN, "LOGIN"));
        let site = site(&business, &mail_config(&mail));
        site.write("chatbot.toml", &format!("[outbox]\nfirst_retry_ms = 10\non_unknown = \"{policy}\"\n"));
        for target in ["crm", "hubspot", "slack"] {
            // One at a time, so that it is known which one is under way.
            decide_lead(&site, target, target);
            if let Ok(mut daemon) = site.start_to_die(point) {
                assert!(!daemon.ended().await.success());
            }
            let next = site.start();
            wait_until_all(&site, &["sent", "dead"]).await;
            drop(next);
        }
        let told = format!("{point} {policy}");
        assert_eq!((business.leads().len(), business.contacts().len()), (1, 1), "{told}");
        assert_eq!(business.received(Place::Slack).len(), slack_requests, "{told}");
        let states: Vec<String> = rows(&site).into_iter().map(|row| row.1).collect();
        assert_eq!(states, ["sent", "sent", slack_state], "{told}");
        assert!(mail.mails().is_empty());
    }
}

#[tokio::test]
async fn a_letter_whose_yes_was_lost_is_sent_again_as_the_same_letter() {
    let (business, mail) = (FakeBusiness::start(), FakeMail::with_login(LOGIN, "PLAIN LOGIN"));
    mail.then([(Stage::Login, Odd::Say("454 4.7.0 try later")), (Stage::End, Odd::TakeAndHangUp)]);
    let site = site(&business, &mail_config(&mail));
    decide(&site, "e", "email", "handoff", &handoff("emergency"), true);
    let _daemon = site.start();
    let rows = wait_until_all(&site, &["sent"]).await;
    assert_eq!(rows[0].2, 3, "tries");
    let mails = mail.mails();
    let ids: Vec<String> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!(ids, ["<e@acme.example>", "<e@acme.example>"]);
    assert_eq!(
        (mails[1].header("Importance").as_str(), &mails[1].to[..]),
        ("high", &["ana@acme.example".to_owned()][..])
    );
    assert!(mails[1].text().contains("> Cliente: pésimo servicio"), "{}", mails[1].text());
}

#[tokio::test]
async fn a_chat_without_a_daemon_tells_the_business_quietly_before_it_leaves() {
    let business = FakeBusiness::start();
    business.fail(Place::Webhook, [Fail::Status(503, Some("3600"))]);
    let site = site(&business, "");
    decide_lead(&site, "c", "crm");
    decide_lead(&site, "w", "webhook");
    let path = site.path().to_owned();
    let chat = || run_iass(&path, &["chat", "--tenant", "acme", "-m", "hola"], &[]);
    let output = chat();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!stderr(&output).contains("503"), "{}", stderr(&output));
    assert_eq!(business.leads().len(), 1);
    let states: Vec<_> = rows(&site).into_iter().map(|row| (row.0, row.1, row.2)).collect();
    let row = |id: &str, state: &str| (id.to_owned(), state.to_owned(), 1);
    assert_eq!(states, [row("c", "sent"), row("w", "pending")], "what failed waits for the daemon");
}
