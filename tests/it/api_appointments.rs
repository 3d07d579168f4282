//! Appointments that a program makes, moves and settles over HTTP, beside customers who chat for the same times.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    booking::BOOKING,
    fake_mail::FakeMail,
    harness::{Client, Site},
};

const PATH: &str = "/api/v1/tenants/aura/appointments";

fn site() -> Site {
    let site = Site::new(&["other"]);
    site.write("chatbot.toml", "[worker]\nburst_quiet_ms = 0\n");
    let staff =
        "[[booking.staff]]\nid = \"eva\"\nname = \"Eva\"\n[[booking.staff]]\nid = \"luz\"\nname = \"Luz\"\n";
    site.write("tenants/aura/tenant.toml", &format!("{BOOKING}{staff}"));
    site
}

/// Free times of a massage with somebody, in order.
async fn free(client: &Client, staff: &str) -> Vec<String> {
    let path = format!("/api/v1/tenants/aura/availability?service=masaje&staff={staff}");
    let (status, free) = client.get(&path).await;
    assert_eq!(status, StatusCode::OK, "{free}");
    free["slots"].as_array().unwrap().iter().map(|slot| slot["start"].as_str().unwrap().to_owned()).collect()
}

async fn patch(client: &Client, id: &str, body: &Value) -> (StatusCode, Value) {
    let response = client.request(Method::PATCH, &format!("{PATH}/{id}")).json(body).send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

#[tokio::test]
async fn appointments_are_made_once_moved_and_settled() {
    let site = site();
    let daemon = site.start();
    let client = &daemon.client;
    let times = free(client, "eva").await;
    let body = json!({"service": "masaje", "start": times[340], "staff": "eva", "contact": "ana", "name": "Ana Pérez",
                      "phone": "3001234567", "notify": true});
    let make = || client.request(Method::POST, PATH).header("idempotency-key", "k1").json(&body).send();
    let first = make().await.unwrap();
    assert_eq!(first.status(), StatusCode::CREATED);
    let made: Value = first.json().await.unwrap();
    assert_eq!((&made["status"], &made["start"]), (&json!("booked"), &json!(times[340])));
    assert_eq!((&made["resource"], &made["details"]["phone"]), (&json!("eva"), &json!("3001234567")));
    let again = make().await.unwrap();
    assert_eq!(again.status(), StatusCode::OK);
    assert_eq!(again.json::<Value>().await.unwrap()["appointment"], made["appointment"]);
    assert_eq!(site.count("aura", "select count(*) from appointment"), 1);
    site.wait_until("aura", "select count(*) from outbox where text like '%quedó reservada%'", 1).await;
    assert_eq!(site.count("aura", "select count(*) from appointment_reminder"), 2);
    assert!(!free(client, "eva").await.contains(&times[340]));

    let id = made["appointment"].as_str().unwrap();
    let (status, moved) = patch(client, id, &json!({"start": times[360], "staff": "luz"})).await;
    assert_eq!(status, StatusCode::OK, "{moved}");
    assert_eq!(
        (&moved["start"], &moved["resource"], &moved["appointment"]),
        (&json!(times[360]), &json!("luz"), &json!(id))
    );
    site.wait_until("aura", "select count(*) from outbox where text like '%cambié su cita%'", 1).await;
    assert!(free(client, "eva").await.contains(&times[340]), "its old time is free again");
    let (_, shown) = client.get(&format!("{PATH}/{id}")).await;
    assert_eq!(shown["start"], json!(times[360]));
    let file = client.get(&format!("{PATH}/{id}/ics")).await.1;
    assert!(file.as_str().unwrap().contains(&format!("UID:{id}@iass")), "{file}");

    // The customer talks on about the appointment that was made for them.
    let (_, turn) = client.chat("aura", "ana", "¿a qué hora es mi cita?").await;
    assert!(turn["reply"].as_str().unwrap().contains("con Luz"), "{turn}");
    assert_eq!(patch(client, id, &json!({"status": "no_show"})).await.1["status"], "no_show");
    let (status, refused) = patch(client, id, &json!({"start": times[370]})).await;
    assert_eq!((status, &refused["error"]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("start")));
    assert_eq!(client.list(PATH).await.len(), 1);
    let (_, none) = client.get(&format!("{PATH}?status=booked")).await;
    assert_eq!(none["items"], json!([]));
}

#[tokio::test]
async fn a_time_that_is_not_free_is_refused_whoever_asks() {
    let site = site();
    let daemon = site.start();
    let client = &daemon.client;
    let times = free(client, "eva").await;
    let book = |contact: &str, start: &str, staff: &str| json!({"service": "masaje", "start": start, "staff": staff, "contact": contact});
    let (_, made) = client.post(PATH, &book("ana", &times[340], "eva")).await;
    assert_eq!(made["status"], "booked", "{made}");
    let (status, refused) = client.post(PATH, &book("leo", &times[340], "eva")).await;
    assert_eq!((status, &refused["error"]["code"]), (StatusCode::CONFLICT, &json!("slot_taken")));
    let (status, _) = client.post(PATH, &book("leo", &times[340], "luz")).await;
    assert_eq!(status, StatusCode::CREATED, "the other one is free then");
    // Between two steps, in the past, and beyond what can be booked.
    for start in [
        times[342].replace(":00-", ":07-"),
        "2020-01-01T10:00:00Z".to_owned(),
        "2199-01-01T10:00:00Z".to_owned(),
    ] {
        assert_eq!(client.post(PATH, &book("leo", &start, "eva")).await.0, StatusCode::CONFLICT, "{start}");
    }
    let (_, other) = client.post(PATH, &book("eva", &times[360], "eva")).await;
    let id = other["appointment"].as_str().unwrap();
    let (status, _) = patch(client, id, &json!({"start": times[340], "staff": "eva"})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let (_, shown) = client.get(&format!("{PATH}/{id}")).await;
    assert_eq!(shown["start"], json!(times[360]), "what was refused changed nothing");
    assert_eq!(site.count("aura", "select count(*) from appointment"), 3);
    assert_eq!(site.count("aura", "select count(*) from outbox"), 0, "nobody is told of what did not happen");

    // A customer was offered a time that a program takes: they get others at once.
    client.chat("aura", "pia", "cita para masaje con Eva pasado mañana a las 3pm").await;
    let held: String = {
        let db = rusqlite::Connection::open(site.database("aura")).unwrap();
        let at: i64 = db.query_row("select min(start_ms) from offered_slot", [], |row| row.get(0)).unwrap();
        jiff::Timestamp::from_millisecond(at).unwrap().to_string()
    };
    assert_eq!(client.post(PATH, &book("leo", &held, "eva")).await.0, StatusCode::CREATED);
    assert_eq!(client.post(PATH, &book("leo", &held, "luz")).await.0, StatusCode::CREATED);
    let (_, turn) = client.chat("aura", "pia", "sí").await;
    let reply = turn["reply"].as_str().unwrap();
    assert!(
        reply.starts_with("Lo siento, ese horario acaba de ocuparse.") && reply.contains("1. "),
        "{turn}"
    );
}

#[tokio::test]
async fn bad_requests_name_their_field_and_change_nothing() {
    let site = site();
    let daemon = site.start();
    let client = &daemon.client;
    let start = free(client, "eva").await[340].clone();
    let good = json!({"service": "masaje", "start": start, "contact": "ana"});
    for (field, value) in [
        ("service", json!("nada")),
        ("service", Value::Null),
        ("start", json!("mañana")),
        ("start", json!(5)),
        ("contact", Value::Null),
        ("contact", json!("x".repeat(300))),
        ("staff", json!("nadie")),
        ("conversation", json!("conv_of_nobody")),
        ("notify", json!("yes")),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let (status, error) = client.post(PATH, &body).await;
        assert_eq!(
            (status, &error["error"]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
            "{body}"
        );
    }
    let (status, _) = client.post(PATH, &json!([])).await;
    assert!(status.is_client_error());
    let (status, error) = client.post("/api/v1/tenants/other/appointments", &good).await;
    assert_eq!((status, &error["error"]["code"]), (StatusCode::NOT_FOUND, &json!("no_booking")));
    assert_eq!(site.count("aura", "select count(*) from appointment"), 0);

    // Another tenant's appointment is not there, and nobody gets in without the token.
    let (_, made) = client.post(PATH, &good).await;
    let id = made["appointment"].as_str().unwrap();
    for path in [format!("/api/v1/tenants/other/appointments/{id}"), format!("{PATH}/nothing")] {
        let patched =
            client.request(Method::PATCH, &path).json(&json!({"status": "cancelled"})).send().await.unwrap();
        assert_eq!(
            (client.get(&path).await.0, patched.status()),
            (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND)
        );
    }
    for body in [json!({"status": "held"}), json!({"status": "nonsense"}), json!({}), json!({"start": "x"})] {
        assert_eq!(patch(client, id, &body).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
    drop(daemon);
    let mut closed = site;
    closed.variables.push(("IASS_ADMIN_TOKEN".to_owned(), "a-token-of-enough-letters".to_owned()));
    let daemon = closed.start();
    for token in [None, Some("wrong")] {
        for (method, path) in [
            (Method::GET, PATH.to_owned()),
            (Method::POST, PATH.to_owned()),
            (Method::GET, format!("{PATH}/{id}")),
            (Method::PATCH, format!("{PATH}/{id}")),
            (Method::GET, format!("{PATH}/{id}/ics")),
            (Method::GET, "/api/v1/tenants/aura/availability?service=masaje".to_owned()),
        ] {
            let mut request = daemon.client.request(method.clone(), &path).json(&good);
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            assert_eq!(request.send().await.unwrap().status(), StatusCode::UNAUTHORIZED, "{method} {path}");
        }
    }
    assert_eq!(closed.count("aura", "select count(*) from appointment where status = 'booked'"), 1);
}

#[tokio::test]
async fn the_business_gets_the_appointment_as_a_file_with_its_letter() {
    let mail = FakeMail::open();
    let site = Site::new(&[]);
    site.write("chatbot.toml", "[worker]\nburst_quiet_ms = 0\n");
    let email = format!(
        "[notify.email]\nto = [\"ana@acme.example\"]\nfrom = \"bot@acme.example\"\nsmtp_host = \"127.0.0.1\"\nsmtp_port = {}\n",
        mail.address().port()
    );
    site.write("tenants/aura/tenant.toml", &format!("{BOOKING}{email}"));
    let daemon = site.start();
    daemon.client.chat("aura", "ana", "cita para masaje pasado mañana a las 3pm").await;
    let (_, booked) = daemon.client.chat("aura", "ana", "sí, soy Ana Pérez y mi número es 3001234567").await;
    site.wait_until("aura", "select count(*) from delivery where state = 'sent'", 1).await;
    let file = mail.mails()[0].file("appointment.ics").unwrap();
    let id = booked["appointment"]["appointment"].as_str().unwrap();
    let start: jiff::Timestamp = booked["appointment"]["start"].as_str().unwrap().parse().unwrap();
    for line in [
        format!("UID:{id}@iass"),
        format!("DTSTART:{}", start.strftime("%Y%m%dT%H%M%SZ")),
        "SUMMARY:Masaje relajante – Ana Pérez".to_owned(),
        "STATUS:CONFIRMED".to_owned(),
    ] {
        assert!(file.contains(&format!("{line}\r\n")), "{line}: {file}");
    }
    daemon.client.chat("aura", "ana", "cancela mi cita").await;
    daemon.client.chat("aura", "ana", "sí").await;
    site.wait_until("aura", "select count(*) from delivery where state = 'sent'", 2).await;
    let file = mail.mails()[1].file("appointment.ics").unwrap();
    assert!(file.contains(&format!("UID:{id}@iass")) && file.contains("STATUS:CANCELLED"), "{file}");
}
