//! Appointments in a calendar elsewhere through the real binary, over each of the wires: agreed to, refused, not answered,
//! and killed while it is asked. There is never an appointment that only one of the two has.

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, StatusCode};
use rusqlite::Connection;
use serde_json::Value;

use crate::{
    booking::BOOKING,
    config::{iass, stdout},
    fake_calendar::{Ask, Fail, FakeCalendar, PROVIDERS, SERVICE_ACCOUNT},
    harness::{Client, Site},
};

const BOOKED: &str = "select count(*) from appointment where status = 'booked' and remote_id is not null";
const OPEN_JOBS: &str = "select count(*) from calendar_job";
const RECEIPTS: &str = "select count(*) from outbox where text like '%quedó reservada%'";

/// A site whose appointments are kept in a calendar elsewhere.
fn site_with(keys: &str) -> Site {
    let site = Site::new(&[]);
    site.write("chatbot.toml", "[worker]\nburst_quiet_ms = 0\n");
    let config = BOOKING
        .replace("[booking]\n", &format!("[booking]\n{keys}"))
        .replace("duration_min", "remote = \"12\"\nduration_min");
    site.write("tenants/aura/tenant.toml", &config);
    site
}

async fn say(client: &Client, text: &str) -> Value {
    let (status, turn) = client.chat("aura", "ana", text).await;
    assert_eq!(status, StatusCode::OK, "{turn}");
    turn
}

fn reply(turn: &Value) -> &str {
    turn["reply"].as_str().unwrap()
}

fn start_of(turn: &Value) -> Timestamp {
    turn["appointment"]["start"].as_str().unwrap().parse().unwrap()
}

/// Asks for a time and agrees to it; what the agreement was answered with.
async fn book(client: &Client) -> Value {
    let offered = say(client, "cita para masaje pasado mañana a las 3pm").await;
    assert!(reply(&offered).contains("¿Se lo reservo?"), "{offered}");
    let pending = say(client, "sí, soy Ana Pérez y mi número es 3001234567").await;
    assert_eq!(pending["appointment"]["status"], "held", "{pending}");
    assert!(reply(&pending).contains("Le confirmo por aquí en un momento"), "{pending}");
    pending
}

/// Sets something right or wrong behind the daemon's back, while it does not run.
fn change(site: &Site, sql: &str) {
    Connection::open(site.database("aura")).unwrap().execute(sql, []).unwrap();
}

/// Runs a test over each of the wires at once.
async fn over_each<F: Future<Output = ()>>(test: impl Fn(&'static str) -> F) {
    join_all(PROVIDERS.map(test)).await;
}

#[tokio::test]
async fn what_the_calendar_agrees_to_is_there_once_and_follows_the_appointment() {
    over_each(|provider| async move {
        let calendar = FakeCalendar::start();
        let site = site_with(&calendar.config(provider));
        let daemon = site.start();
        let pending = book(&daemon.client).await;
        site.wait_until("aura", BOOKED, 1).await;
        let ours = calendar.ours();
        assert_eq!((ours.len(), ours[0].start), (1, start_of(&pending)), "{provider}");
        site.wait_until("aura", RECEIPTS, 1).await;

        say(&daemon.client, "necesito cambiar mi cita para el mismo día a las 6pm").await;
        let moving = say(&daemon.client, "sí").await;
        assert_eq!(moving["appointment"]["status"], "held", "{provider}: {moving}");
        site.wait_until("aura", "select count(*) from outbox where text like '%cambié su cita%'", 1).await;
        site.wait_until("aura", OPEN_JOBS, 0).await;
        let ours = calendar.ours();
        assert_eq!((ours.len(), ours[0].start), (1, start_of(&moving)), "{provider}");

        say(&daemon.client, "cancela mi cita").await;
        let cancelled = say(&daemon.client, "sí").await;
        assert_eq!(cancelled["appointment"]["status"], "cancelled", "{provider}: {cancelled}");
        site.wait_until("aura", OPEN_JOBS, 0).await;
        assert_eq!(calendar.ours(), [], "{provider}");
        assert_eq!(site.count("aura", RECEIPTS), 1, "{provider}");
    })
    .await;
}

#[tokio::test]
async fn a_time_that_is_taken_there_meanwhile_is_given_up_and_others_are_offered_at_once() {
    over_each(|provider| async move {
        let calendar = FakeCalendar::start();
        let site = site_with(&calendar.config(provider));
        let daemon = site.start();
        let offered = say(&daemon.client, "cita para masaje pasado mañana a las 3pm").await;
        assert!(reply(&offered).contains("¿Se lo reservo?"), "{offered}");
        // The turn looks at the calendar once more before it takes the time, so the other one is quicker than the worker:
        // they come between the customer's yes and what is asked for it.
        calendar.fail(Ask::Create, [Fail::Status(503)]);
        calendar.fail(Ask::Look, []);
        let pending = say(&daemon.client, "sí, soy Ana Pérez y mi número es 3001234567").await;
        assert_eq!(pending["appointment"]["status"], "held", "{provider}: {pending}");
        let start = start_of(&pending);
        calendar.put(start, start + SignedDuration::from_mins(30));
        let sorry = "select count(*) from outbox where text like 'Lo siento%ya no está libre%1. %'";
        site.wait_until("aura", sorry, 1).await;
        assert_eq!(site.count("aura", "select count(*) from appointment where status <> 'cancelled'"), 0);
        site.wait_until("aura", OPEN_JOBS, 0).await;
        assert_eq!(calendar.ours(), [], "{provider}");

        let other = say(&daemon.client, "la primera").await;
        assert_ne!(start_of(&other), start, "{provider}: {other}");
        site.wait_until("aura", BOOKED, 1).await;
        let ours = calendar.ours();
        assert_eq!((ours.len(), ours[0].start), (1, start_of(&other)), "{provider}");
        site.wait_until("aura", RECEIPTS, 1).await;
    })
    .await;
}

#[tokio::test]
async fn a_calendar_that_takes_nothing_is_no_time_that_is_taken() {
    over_each(|provider| async move {
        let calendar = FakeCalendar::start();
        let site = site_with(&calendar.config(provider));
        let daemon = site.start();
        calendar.fail(Ask::Create, [Fail::Status(403)]);
        book(&daemon.client).await;
        let sorry =
            "select count(*) from outbox where text like 'Lo siento, por un problema con la agenda%1. %'";
        site.wait_until("aura", sorry, 1).await;
        site.wait_until("aura", OPEN_JOBS, 0).await;
        assert_eq!(site.count("aura", "select count(*) from appointment where status = 'cancelled'"), 1);
        assert_eq!((calendar.ours().len(), site.count("aura", RECEIPTS)), (0, 0), "{provider}");
        assert!(daemon.log().contains("takes no appointments"), "{provider}: the operator is told");
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_was_lost_makes_no_second_appointment() {
    over_each(|provider| async move {
        let calendar = FakeCalendar::start();
        let site = site_with(&calendar.config(provider));
        let daemon = site.start();
        calendar.fail(Ask::Create, [Fail::LostAnswer]);
        let pending = book(&daemon.client).await;
        site.wait_until("aura", BOOKED, 1).await;
        let ours = calendar.ours();
        assert_eq!((ours.len(), ours[0].start), (1, start_of(&pending)), "{provider}");
        site.wait_until("aura", RECEIPTS, 1).await;
        // The same when it is let go.
        calendar.fail(Ask::Cancel, [Fail::LostAnswer]);
        say(&daemon.client, "cancela mi cita").await;
        say(&daemon.client, "sí").await;
        site.wait_until("aura", OPEN_JOBS, 0).await;
        assert_eq!(calendar.ours(), [], "{provider}");
    })
    .await;
}

#[tokio::test]
async fn what_is_given_up_after_many_tries_is_taken_out_again_where_one_of_them_got_through() {
    over_each(|provider| async move {
        let calendar = FakeCalendar::start();
        let site = site_with(&calendar.config(provider));
        let daemon = site.start();
        calendar.fail(Ask::Create, [Fail::LostAnswer]);
        book(&daemon.client).await;
        site.wait_until("aura", "select count(*) from calendar_job where last_error is not null", 1).await;
        drop(daemon);
        assert_eq!(calendar.ours().len(), 1, "{provider}: it got through, and we do not know");
        // Seven tries later it cannot be reached at all.
        change(&site, "update calendar_job set attempts = 7, due_ms = 1");
        calendar.fail(Ask::Look, [Fail::Status(503); 3]);
        calendar.fail(Ask::Create, [Fail::Status(503); 3]);
        calendar.fail(Ask::Cancel, [Fail::Status(503)]);
        let daemon = site.start();
        let sorry = "select count(*) from outbox where text like 'Lo siento, por un problema con la agenda%'";
        site.wait_until("aura", sorry, 1).await;
        calendar.recover();
        site.wait_until("aura", OPEN_JOBS, 0).await;
        assert_eq!((calendar.ours().len(), site.count("aura", RECEIPTS)), (0, 0), "{provider}");
        assert_eq!(site.count("aura", "select count(*) from appointment where status <> 'cancelled'"), 0);
        drop(daemon);
    })
    .await;
}

#[tokio::test]
async fn killed_while_the_calendar_is_asked_there_is_one_event_and_one_receipt() {
    over_each(|provider| async move {
        for point in ["calendar.after_asked", "calendar.after_commit", "hang"] {
            let calendar = FakeCalendar::start();
            let site = site_with(&calendar.config(provider));
            let mut daemon = if point == "hang" {
                calendar.fail(Ask::Create, [Fail::Hang]);
                site.start()
            } else {
                site.start_to_die(point).unwrap()
            };
            let offered = say(&daemon.client, "cita para masaje pasado mañana a las 3pm").await;
            assert!(reply(&offered).contains("¿Se lo reservo?"), "{offered}");
            let text = "sí, soy Ana Pérez y mi número es 3001234567";
            daemon.client.leave("aura", "ana", "m2", text).await;
            if point == "hang" {
                while calendar.ours().is_empty() {
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
                daemon.kill();
            } else {
                daemon.ended().await;
            }
            assert_eq!(calendar.ours().len(), 1, "{provider} {point}");
            let daemon = site.start();
            site.wait_until("aura", BOOKED, 1).await;
            site.wait_until("aura", OPEN_JOBS, 0).await;
            site.wait_until("aura", RECEIPTS, 1).await;
            assert_eq!(calendar.ours().len(), 1, "{provider} {point}");
            assert_eq!(site.count("aura", "select count(*) from appointment"), 1, "{provider} {point}");
            // And killed while it is let go.
            drop(daemon);
            if point == "hang" {
                continue;
            }
            let mut daemon = site.start_to_die(point).unwrap();
            say(&daemon.client, "cancela mi cita").await;
            daemon.client.leave("aura", "ana", "m4", "sí").await;
            daemon.ended().await;
            let daemon = site.start();
            site.wait_until("aura", OPEN_JOBS, 0).await;
            assert_eq!(calendar.ours(), [], "{provider} {point}");
            drop(daemon);
        }
    })
    .await;
}

#[tokio::test]
async fn a_move_that_is_refused_leaves_the_appointment_and_its_other_times_still_move_it() {
    over_each(|provider| async move {
        let calendar = FakeCalendar::start();
        let site = site_with(&calendar.config(provider));
        let daemon = site.start();
        let first = start_of(&book(&daemon.client).await);
        site.wait_until("aura", BOOKED, 1).await;
        calendar.fail(Ask::Create, [Fail::Status(409)]);
        say(&daemon.client, "necesito cambiar mi cita para el mismo día a las 6pm").await;
        say(&daemon.client, "sí").await;
        let sorry = "select count(*) from outbox where text like 'Lo siento%sigue igual%1. %'";
        site.wait_until("aura", sorry, 1).await;
        let ours = calendar.ours();
        assert_eq!((ours.len(), ours[0].start), (1, first), "{provider}");
        let moving = say(&daemon.client, "la primera").await;
        site.wait_until("aura", "select count(*) from outbox where text like '%cambié su cita%'", 1).await;
        site.wait_until("aura", OPEN_JOBS, 0).await;
        let ours = calendar.ours();
        assert_eq!((ours.len(), ours[0].start), (1, start_of(&moving)), "{provider}");
        assert_eq!(site.count("aura", BOOKED), 1, "{provider}");
    })
    .await;
}

#[tokio::test]
async fn a_customer_who_cancels_while_the_calendar_is_asked_has_no_appointment_anywhere() {
    over_each(|provider| async move {
        let calendar = FakeCalendar::start();
        let site = site_with(&calendar.config(provider));
        let daemon = site.start();
        calendar.fail(Ask::Create, [Fail::LostAnswer]);
        book(&daemon.client).await;
        let asked = say(&daemon.client, "¿a qué hora es mi cita?").await;
        assert!(
            reply(&asked).contains("Le confirmo por aquí"),
            "{provider}: nothing is promised yet: {asked}"
        );
        say(&daemon.client, "cancela mi cita").await;
        say(&daemon.client, "sí").await;
        site.wait_until("aura", OPEN_JOBS, 0).await;
        assert_eq!((calendar.ours().len(), site.count("aura", RECEIPTS)), (0, 0), "{provider}");
        assert_eq!(site.count("aura", "select count(*) from appointment where status <> 'cancelled'"), 0);
    })
    .await;
}

#[tokio::test]
async fn an_appointment_that_is_cancelled_or_moved_again_while_it_is_moved_is_there_once_or_not_at_all() {
    for again in ["cancela mi cita", "necesito cambiar mi cita para el mismo día a las 8pm"] {
        let calendar = FakeCalendar::start();
        let site = site_with(&calendar.config("google"));
        let daemon = site.start();
        book(&daemon.client).await;
        site.wait_until("aura", BOOKED, 1).await;
        calendar.fail(Ask::Create, [Fail::LostAnswer]);
        say(&daemon.client, "necesito cambiar mi cita para el mismo día a las 6pm").await;
        say(&daemon.client, "sí").await;
        say(&daemon.client, again).await;
        let last = say(&daemon.client, "sí").await;
        site.wait_until("aura", OPEN_JOBS, 0).await;
        let starts: Vec<Timestamp> = calendar.ours().iter().map(|entry| entry.start).collect();
        if again.starts_with("cancela") {
            assert_eq!(starts, []);
        } else {
            assert_eq!(starts, [start_of(&last)]);
        }
        let standing = "select count(*) from appointment where status in ('held', 'booked', 'confirmed')";
        assert_eq!(site.count("aura", standing), starts.len(), "{again}");
    }
}

#[tokio::test]
async fn two_people_at_the_same_time_share_a_calendar() {
    for provider in ["google", "caldav"] {
        let calendar = FakeCalendar::start();
        let site = site_with(&calendar.config(provider));
        let staff = "[[booking.staff]]\nid = \"eva\"\nname = \"Eva\"\n[[booking.staff]]\nid = \"luz\"\nname = \"Luz\"\n";
        let file = site.path().join("tenants/aura/tenant.toml");
        let config = std::fs::read_to_string(&file).unwrap() + staff;
        std::fs::write(&file, config).unwrap();
        let daemon = site.start();
        for contact in ["ana", "leo"] {
            let client = &daemon.client;
            client.chat("aura", contact, "cita para masaje pasado mañana a las 3pm").await;
            let (_, turn) = client.chat("aura", contact, "sí, soy Ana Pérez y mi número es 3001234567").await;
            assert_eq!(turn["appointment"]["status"], "held", "{turn}");
            site.wait_until("aura", OPEN_JOBS, 0).await;
        }
        site.wait_until("aura", BOOKED, 2).await;
        let ours = calendar.ours();
        assert_eq!((ours.len(), ours[0].start), (2, ours[1].start), "{provider}");
        // What somebody else puts there takes the time of both.
        let (_, third) = daemon.client.chat("aura", "eva", "cita para masaje pasado mañana a las 3pm").await;
        assert!(!reply(&third).contains("¿Se lo reservo?"), "{provider}: {third}");
    }
}

#[tokio::test]
async fn google_is_used_with_a_consent_or_a_service_account_and_its_tokens_are_renewed() {
    for by_account in [false, true] {
        let calendar = FakeCalendar::start();
        let keys = if by_account {
            calendar.google_by_service_account("google.json")
        } else {
            calendar.config("google")
        };
        let site = site_with(&keys);
        site.write("tenants/aura/google.json", SERVICE_ACCOUNT);
        let daemon = site.start();
        book(&daemon.client).await;
        site.wait_until("aura", BOOKED, 1).await;
        assert_eq!(calendar.asked(Ask::Token), 1, "one token for all that was asked");
        // The token ends early: the next question gets another and is asked once more.
        calendar.end_token();
        say(&daemon.client, "cancela mi cita").await;
        say(&daemon.client, "sí").await;
        site.wait_until("aura", OPEN_JOBS, 0).await;
        assert_eq!((calendar.ours().len(), calendar.asked(Ask::Token)), (0, 2));
        for secret in ["shh", "again", "ya29", "PRIVATE KEY"] {
            assert!(!daemon.log().contains(secret), "{secret} is in the log");
        }
    }
}

#[tokio::test]
async fn keys_that_google_does_not_take_are_found_by_the_doctor_and_told_to_the_operator() {
    let calendar = FakeCalendar::start();
    let site = site_with(&calendar.config("google"));
    let good = iass(site.path(), &["doctor", "--tenant", "aura"], &[]);
    assert_eq!(good.status.code(), Some(0), "{}", stdout(&good));
    assert!(stdout(&good).contains("calendar credentials: lets us in"), "{}", stdout(&good));
    let config = calendar.config("google").replace("\"again\"", "\"revoked\"");
    let site = site_with(&config);
    let bad = iass(site.path(), &["doctor", "--tenant", "aura"], &[]);
    assert_eq!(bad.status.code(), Some(1), "{}", stdout(&bad));
    assert!(stdout(&bad).contains("invalid_grant") && stdout(&bad).contains("fix:"), "{}", stdout(&bad));
    assert!(!stdout(&bad).contains("revoked"));
    let daemon = site.start();
    let turn = say(&daemon.client, "cita para masaje pasado mañana a las 3pm").await;
    assert!(reply(&turn).starts_with("Lo siento, en este momento no puedo consultar la agenda"), "{turn}");
    let request = daemon.client.request(Method::GET, "/api/v1/tenants/aura/availability?service=masaje");
    assert_eq!(request.send().await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
}
