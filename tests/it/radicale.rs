//! Appointments in a real CalDAV server, Radicale. `.ci/radicale` installs it, starts it and runs this test.

use std::time::Instant;

use reqwest::{Method, StatusCode};
use rusqlite::Connection;
use serde_json::Value;

use crate::harness::{Client, PATIENCE, Site};

fn count(site: &Site, sql: &str) -> i64 {
    let db = Connection::open(site.database("aura")).unwrap();
    db.busy_timeout(PATIENCE).unwrap();
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

async fn say(client: &Client, contact: &str, text: &str) -> Value {
    let (status, turn) = client.chat("aura", contact, text).await;
    assert_eq!(status, StatusCode::OK, "{turn}");
    turn
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the script that starts the server says where it is")]
#[ignore = "needs a CalDAV server at IASS_RADICALE_URL: run .ci/radicale"]
async fn appointments_are_made_in_the_calendar_and_give_way_to_what_is_put_there() {
    let url = std::env::var("IASS_RADICALE_URL").unwrap();
    let url = url.trim_end_matches('/');
    iass::tls::install_provider();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let site = Site::new(&[]);
    site.write("chatbot.toml", "[worker]\nburst_quiet_ms = 0\n");
    let booking =
        format!("[booking]\nprovider = \"caldav\"\nurl = \"{url}\"\nuser = \"aura\"\ntoken = \"x\"\n");
    let config = crate::booking::BOOKING.replace("[booking]\n", &booking);
    site.write("tenants/aura/tenant.toml", &config);
    let daemon = site.start();
    let client = &daemon.client;

    say(client, "ana", "cita para masaje pasado mañana a las 3pm").await;
    let pending = say(client, "ana", "sí, soy Ana Pérez y mi número es 3001234567").await;
    assert_eq!(pending["appointment"]["status"], "held", "{pending}");
    let begun = Instant::now();
    while count(&site, "select count(*) from appointment where status = 'booked' and remote_id is not null")
        != 1
    {
        assert!(begun.elapsed() < PATIENCE, "{}", daemon.log());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(count(&site, "select count(*) from outbox where text like '%quedó reservada%'"), 1);
    let id = pending["appointment"]["appointment"].as_str().unwrap();
    let event = http.get(format!("{url}/{id}.ics")).basic_auth("aura", Some("x")).send().await.unwrap();
    assert!(event.text().await.unwrap().contains("SUMMARY:Masaje relajante – Ana Pérez"));

    // Somebody puts an event into the calendar after its time was offered.
    let offered = say(client, "leo", "cita para masaje pasado mañana a las 6pm").await;
    assert!(offered["reply"].as_str().unwrap().contains("¿Se lo reservo?"), "{offered}");
    let start = pending["appointment"]["start"].as_str().unwrap();
    let day = start.get(..10).unwrap().replace('-', "");
    let foreign = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\nBEGIN:VEVENT\r\nUID:foreign\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=America/Bogota:{day}T180000\r\nDTEND;TZID=America/Bogota:{day}T190000\r\nSUMMARY:Dentist\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    let put = http
        .request(Method::PUT, format!("{url}/foreign.ics"))
        .basic_auth("aura", Some("x"))
        .header("content-type", "text/calendar")
        .body(foreign);
    assert!(put.send().await.unwrap().status().is_success());
    let leo = say(client, "leo", "sí, soy Leo Díaz y mi número es 3109998877").await;
    assert!(leo["reply"].as_str().unwrap().starts_with("Lo siento, ese horario acaba de ocuparse."), "{leo}");
    assert_eq!(count(&site, "select count(*) from appointment"), 1);

    say(client, "ana", "quiero cancelar mi cita").await;
    say(client, "ana", "sí").await;
    let begun = Instant::now();
    loop {
        let gone = http.get(format!("{url}/{id}.ics")).basic_auth("aura", Some("x")).send().await.unwrap();
        if gone.status() == StatusCode::NOT_FOUND {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{}", daemon.log());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
