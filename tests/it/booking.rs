//! Appointments through the real binary: whole talks with no model and with one, over the API and the command line, and
//! killed at every step.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    config::{iass, json_lines, stderr},
    fake_llm::{Act, FakeLlm},
    harness::{Client, PATIENCE, Site},
};

/// Open every day and all day, so that the tests need not know what day it is.
pub(crate) const BOOKING: &str = r#"name = "Centro Aura"
timezone = "America/Bogota"
currency = "COP"
[limits]
messages_per_minute = 1000
[business]
address = "Calle 1 # 2-3"
[business.hours]
mon = ["00:00-24:00"]
tue = ["00:00-24:00"]
wed = ["00:00-24:00"]
thu = ["00:00-24:00"]
fri = ["00:00-24:00"]
sat = ["00:00-24:00"]
sun = ["00:00-24:00"]
[booking]
buffer_min = 10
feed_token = "a-secret-of-enough-letters"
[[booking.services]]
id = "masaje"
name = "Masaje relajante"
duration_min = 60
price = 150000
[[booking.services]]
id = "facial"
name = "Limpieza facial"
duration_min = 90
price = 180000
"#;

fn centre(model: Option<&FakeLlm>) -> Site {
    let site = Site::new(&[]);
    let mut config = "[worker]\nburst_quiet_ms = 0\n".to_owned();
    if let Some(model) = model {
        let llm = format!(
            "[llm]\ntimeout_s = 20\n[[llm.keys]]\nid = \"key_a\"\nbase_url = \"{}\"\napi_key = \"sk-a\"\nmodel = \"fake\"\n",
            model.base_url()
        );
        config.push_str(&llm);
    }
    site.write("chatbot.toml", &config);
    site.write("tenants/aura/tenant.toml", BOOKING);
    site
}

async fn say(client: &Client, contact: &str, text: &str) -> Value {
    let (status, turn) = client.chat("aura", contact, text).await;
    assert_eq!(status, StatusCode::OK, "{turn}");
    turn
}

fn reply(turn: &Value) -> &str {
    turn["reply"].as_str().unwrap()
}

fn count(site: &Site, sql: &str) -> i64 {
    let db = Connection::open(site.database("aura")).unwrap();
    db.busy_timeout(PATIENCE).unwrap();
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

async fn wait_for(site: &Site, sql: &str, expected: i64) {
    let begun = Instant::now();
    while count(site, sql) != expected {
        assert!(begun.elapsed() < PATIENCE, "{sql}: {} and not {expected}", count(site, sql));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_talk_without_a_model_books_moves_and_cancels() {
    let site = centre(None);
    let daemon = site.start();
    let client = &daemon.client;
    let first = say(client, "ana", "¿Tienen cita para un masaje pasado mañana en la tarde?").await;
    assert!(reply(&first).starts_with("Para Masaje relajante tengo estos horarios:\n1. "), "{first}");
    assert_eq!(first["choices"].as_array().unwrap().len(), 4, "{first}");
    let second = say(client, "ana", "la segunda").await;
    assert!(reply(&second).contains("¿me dice su nombre"), "{second}");
    assert_eq!(count(&site, "select count(*) from appointment where status = 'held'"), 1);
    let third = say(client, "ana", "Ana Pérez, 3001234567").await;
    assert!(reply(&third).starts_with("¡Listo, Ana! Su cita quedó reservada: Masaje relajante"), "{third}");
    assert!(reply(&third).contains("$150.000"), "{third}");
    assert_eq!(third["appointment"]["status"], "booked");
    assert_eq!(third["appointment"]["details"]["phone"], "3001234567");
    let start = third["appointment"]["start"].as_str().unwrap().to_owned();
    assert!(start.ends_with("-05:00"), "{start}");
    // A second yes makes no second appointment.
    say(client, "ana", "sí").await;
    assert_eq!(count(&site, "select count(*) from appointment"), 1);
    let moved = say(client, "ana", "necesito cambiar la cita para más tarde, el mismo día no puedo").await;
    assert!(reply(&moved).contains("1. "), "{moved}");
    let moved = say(client, "ana", "la primera").await;
    assert!(reply(&moved).starts_with("Listo, cambié su cita"), "{moved}");
    assert_ne!(moved["appointment"]["start"], start.as_str());
    let asked = say(client, "ana", "quiero cancelar mi cita").await;
    assert!(reply(&asked).starts_with("¿Confirma que quiere cancelar"), "{asked}");
    assert_eq!(count(&site, "select count(*) from appointment where status = 'booked'"), 1);
    let cancelled = say(client, "ana", "sí").await;
    assert_eq!(cancelled["appointment"]["status"], "cancelled");
    let again = say(client, "ana", "¿a qué hora es mi cita?").await;
    assert!(reply(&again).starts_with("No encuentro citas"), "{again}");
    assert_eq!(count(&site, "select count(*) from appointment_reminder"), 0);
    let output = iass(site.path(), &["audit", "list", "--tenant", "aura", "--json"], &[]);
    let actions: Vec<String> = json_lines(&output)
        .iter()
        .map(|line| line["action"].as_str().unwrap().to_owned())
        .filter(|action| action.starts_with("appointment."))
        .collect();
    assert_eq!(actions, ["appointment.booked", "appointment.moved", "appointment.cancelled"]);
}

#[tokio::test]
async fn who_books_gets_the_address_of_a_calendar_file_of_their_own() {
    let site = centre(None);
    let public = "[server]\npublic_url = \"https://aura.example/\"\n[worker]\nburst_quiet_ms = 0\n";
    site.write("chatbot.toml", public);
    let daemon = site.start();
    let client = &daemon.client;
    for text in ["¿Tienen cita para un masaje pasado mañana?", "la primera"] {
        say(client, "ana", text).await;
    }
    let held: String = Connection::open(site.database("aura"))
        .unwrap()
        .query_row("select id from appointment", [], |row| row.get(0))
        .unwrap();
    let path = format!("/calendar/aura/{held}.ics");
    assert_eq!(client.get(&path).await.0, StatusCode::NOT_FOUND, "it is only held");
    let booked = say(client, "ana", "Ana Pérez, 3001234567").await;
    let told = format!("\nPara su calendario: https://aura.example{path}");
    assert!(reply(&booked).ends_with(&told), "{booked}");
    // Whoever has the address needs no token of the API.
    let file = client.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(file.headers()["content-type"], "text/calendar; charset=utf-8");
    let file = file.text().await.unwrap();
    assert!(
        file.contains(&format!("UID:{held}@iass")) && file.contains("SUMMARY:Masaje relajante"),
        "{file}"
    );
    say(client, "ana", "necesito cambiar la cita para otro día").await;
    say(client, "ana", "la primera").await;
    let moved = client.request(Method::GET, &path).send().await.unwrap().text().await.unwrap();
    assert!(moved.contains(&format!("UID:{held}@iass")) && moved != file, "{moved}");
    let other = path.replace("/aura/", "/other/");
    assert_eq!(client.get(&other).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn of_two_customers_who_want_the_same_time_one_gets_it_and_the_other_others_at_once() {
    let site = centre(None);
    let daemon = site.start();
    let client = &daemon.client;
    for contact in ["ana", "leo"] {
        say(client, contact, "cita para limpieza facial pasado mañana en la tarde").await;
    }
    let ana = say(client, "ana", "la primera, soy Ana Pérez 3001234567").await;
    assert!(reply(&ana).contains("quedó reservada"), "{ana}");
    let leo = say(client, "leo", "la primera").await;
    assert!(reply(&leo).starts_with("Lo siento, ese horario acaba de ocuparse."), "{leo}");
    assert!(reply(&leo).contains("1. "), "{leo}");
    assert_eq!(count(&site, "select count(*) from appointment where status in ('booked', 'held')"), 1);
}

#[tokio::test]
async fn a_model_only_proposes_and_code_says_the_times_and_books() {
    let model = FakeLlm::start([
        Act::Call("check_availability", json!({"service": "masaje", "when": "mañana en la tarde"})),
        Act::Answer("Tenemos el 31 de diciembre a las 3:33 a. m.".to_owned()),
        Act::Answer("Tenemos el 31 de diciembre a las 3:33 a. m.".to_owned()),
    ]);
    let site = centre(Some(&model));
    let daemon = site.start();
    let client = &daemon.client;
    let first = say(client, "ana", "quiero una cita para consentirme un rato").await;
    assert!(reply(&first).contains("Masaje relajante") && reply(&first).contains("1. "), "{first}");
    assert!(!reply(&first).contains("3:33"), "{first}");
    assert_eq!(first["tools"][0]["name"], "check_availability");
    let second = say(client, "ana", "la primera").await;
    assert!(reply(&second).contains("¿me dice su nombre"), "{second}");
    let third = say(client, "ana", "Ana Pérez, 3001234567").await;
    assert_eq!(third["appointment"]["status"], "booked", "{third}");
    assert_eq!(third["answered_by"], "builtin");
    assert_eq!(model.asked().len(), 1, "choices and data need no model");
}

#[tokio::test]
async fn the_api_and_the_command_line_list_export_and_settle_appointments() {
    let site = centre(None);
    let daemon = site.start();
    let client = &daemon.client;
    say(client, "ana", "cita para masaje pasado mañana a las 3pm").await;
    let booked = say(client, "ana", "sí, soy Ana Pérez y mi número es 3001234567").await;
    let id = booked["appointment"]["appointment"].as_str().unwrap().to_owned();
    let (status, free) = client.get("/api/v1/tenants/aura/availability?service=masaje").await;
    assert_eq!(status, StatusCode::OK);
    let taken = booked["appointment"]["start"].as_str().unwrap();
    assert!(free["slots"].as_array().unwrap().iter().all(|slot| slot["start"] != taken));
    let (status, _) = client.get("/api/v1/tenants/aura/availability?service=nada").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let listed = client.list("/api/v1/tenants/aura/appointments").await;
    assert_eq!((listed.len(), listed[0]["appointment"].as_str().unwrap()), (1, id.as_str()));

    let feed =
        client.request(Method::GET, "/calendar/aura/a-secret-of-enough-letters.ics").send().await.unwrap();
    assert_eq!(feed.headers()["content-type"], "text/calendar; charset=utf-8");
    let feed = feed.text().await.unwrap();
    assert!(
        feed.contains(&format!("UID:{id}@iass")) && feed.contains("SUMMARY:Masaje relajante – Ana Pérez"),
        "{feed}"
    );
    for wrong in ["/calendar/aura/a-secret.ics", "/calendar/other/a-secret-of-enough-letters.ics"] {
        assert_eq!(client.get(wrong).await.0, StatusCode::NOT_FOUND);
    }

    let list = iass(site.path(), &["appointment", "list", "--tenant", "aura", "--json"], &[]);
    let lines = json_lines(&list);
    assert_eq!((lines.len(), lines[0]["status"].as_str().unwrap()), (1, "booked"), "{}", stderr(&list));
    let ics = iass(site.path(), &["appointment", "list", "--tenant", "aura", "--ics"], &[]);
    assert!(String::from_utf8(ics.stdout).unwrap().starts_with("BEGIN:VCALENDAR\r\n"));

    let path = format!("/api/v1/tenants/aura/appointments/{id}");
    let request = client.request(Method::PATCH, &path).json(&json!({"status": "cancelled"}));
    let changed: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(changed["status"], "cancelled");
    wait_for(&site, "select count(*) from outbox where text like '%quedó cancelada%'", 1).await;
    let refused = iass(site.path(), &["appointment", "no-show", &id, "--tenant", "aura"], &[]);
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
}

#[tokio::test]
async fn a_reminder_is_said_once_wherever_the_daemon_dies_and_its_answer_counts() {
    for point in ["reminder.in_commit", "reminder.after_commit", "outbox.after_mark"] {
        let site = centre(None);
        let daemon = site.start();
        say(&daemon.client, "ana", "cita para masaje pasado mañana a las 3pm").await;
        say(&daemon.client, "ana", "sí, soy Ana Pérez y mi número es 3001234567").await;
        drop(daemon);
        Connection::open(site.database("aura"))
            .unwrap()
            .execute("update appointment_reminder set due_ms = 1 where due_ms = (select min(due_ms) from appointment_reminder)", [])
            .unwrap();
        if let Ok(mut daemon) = site.start_to_die(point) {
            daemon.ended().await;
        }
        let daemon = site.start();
        wait_for(&site, "select count(*) from message where text like '%recordamos su cita%'", 1).await;
        wait_for(&site, "select count(*) from outbox where text like '%recordamos su cita%'", 1).await;
        let confirmed = say(&daemon.client, "ana", "sí, allá estaré").await;
        assert_eq!(confirmed["appointment"]["status"], "confirmed", "{point}: {confirmed}");
        assert_eq!(count(&site, "select count(*) from message where text like '%recordamos su cita%'"), 1);
    }
}

#[tokio::test]
async fn killed_at_any_step_there_is_one_appointment_and_one_receipt() {
    for point in ["turn.before_commit", "booking.in_commit:1", "booking.in_commit:2", "turn.after_commit"] {
        let site = centre(None);
        let daemon = site.start();
        say(&daemon.client, "ana", "cita para masaje pasado mañana a las 3pm").await;
        drop(daemon);
        if let Ok(mut daemon) = site.start_to_die(point) {
            daemon.client.leave("aura", "ana", "m2", "sí, soy Ana Pérez y mi número es 3001234567").await;
            daemon.ended().await;
        }
        let daemon = site.start();
        let turn = daemon.client.turn_of("aura", "m2").await;
        assert!(turn["reply"].as_str().unwrap().contains("quedó reservada"), "{point}: {turn}");
        assert_eq!(count(&site, "select count(*) from appointment"), 1, "{point}");
        assert_eq!(
            count(&site, "select count(*) from message where text like '%quedó reservada%'"),
            1,
            "{point}"
        );
    }
}

/// Kills the daemon at a point of every step of a whole talk, and goes on with the next daemon.
async fn die_at_every_step(point: &str, model: Option<&FakeLlm>) {
    let site = centre(model);
    let first = if model.is_some() {
        "quiero una cita para consentirme un rato"
    } else {
        "cita para masaje pasado mañana en la tarde"
    };
    let steps = [
        (first, "1. "),
        ("la primera", "su nombre"),
        ("Ana Pérez", "qué número"),
        ("3001234567", "quedó reservada"),
        ("necesito cambiar mi cita para otro día", "1. "),
        ("la primera", "cambié su cita"),
        ("quiero cancelar mi cita", "¿Confirma"),
        ("sí", "quedó cancelada"),
    ];
    for (number, (text, expected)) in steps.into_iter().enumerate() {
        let id = format!("m{number}");
        let mut dying = site.start_to_die(point).unwrap();
        dying.client.leave("aura", "ana", &id, text).await;
        dying.ended().await;
        let daemon = site.start();
        let turn = daemon.client.turn_of("aura", &id).await;
        assert!(reply(&turn).contains(expected), "{point}, {text:?}: {turn}");
        let standing = "select count(*) from appointment where status in ('held', 'booked', 'confirmed')";
        let expected = i64::from((1..7).contains(&number));
        assert_eq!(count(&site, standing), expected, "{point}, {text:?}");
    }
    for (what, times) in
        [("%quedó reservada%", 1), ("%cambié su cita%", 1), ("%¿Confirma que%", 1), ("%quedó cancelada%", 1)]
    {
        for table in ["message", "outbox"] {
            let said = format!("select count(*) from {table} where text like '{what}'");
            assert_eq!(count(&site, &said), times, "{point}: {said}");
        }
    }
    assert_eq!(count(&site, "select count(*) from appointment"), 1, "{point}");
    assert_eq!(count(&site, "select count(*) from appointment_reminder"), 0, "{point}");
    assert_eq!(count(&site, "select count(*) from message where role = 'customer'"), 8, "{point}");
    let verified = iass(site.path(), &["audit", "verify", "--tenant", "aura"], &[]);
    assert_eq!(verified.status.code(), Some(0), "{}", stderr(&verified));
}

#[tokio::test]
async fn killed_at_every_step_of_a_whole_talk_nothing_happens_twice_and_nothing_is_lost() {
    let points = [
        "dispatch.after_claim",
        "turn.before_commit",
        "booking.in_commit",
        "turn.in_commit",
        "turn.after_commit",
    ];
    futures::future::join_all(points.map(|point| die_at_every_step(point, None))).await;
}

#[tokio::test]
async fn killed_at_every_step_of_a_talk_that_a_model_began_nothing_happens_twice() {
    for point in ["turn.before_commit", "booking.in_commit", "turn.after_commit"] {
        // What dies before its commit is asked once more.
        let call =
            || Act::Call("check_availability", json!({"service": "masaje", "when": "mañana en la tarde"}));
        let model = FakeLlm::start([call(), call()]);
        die_at_every_step(point, Some(&model)).await;
        let asked = model.asked().len();
        assert_eq!(asked, if point == "turn.after_commit" { 1 } else { 2 }, "{point}");
    }
}
