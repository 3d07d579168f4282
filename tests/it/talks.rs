//! Talks about appointments as customers have them, through the real binary and without a model: with the abbreviations,
//! the changes of mind and the questions in between. Each line is what the customer writes and what the reply must hold.

use reqwest::StatusCode;

use crate::harness::Site;

/// A barber with two people, who is open every day.
const BARBER: &str = r#"name = "Barbería El Patrón"
timezone = "America/Mexico_City"
currency = "MXN"
[limits]
messages_per_minute = 1000
[business]
phone = "+52 222 555 0101"
[business.hours]
mon = ["08:00-20:00"]
tue = ["08:00-20:00"]
wed = ["08:00-20:00"]
thu = ["08:00-20:00"]
fri = ["08:00-20:00"]
sat = ["08:00-20:00"]
sun = ["08:00-20:00"]
[booking]
required = ["name"]
[[booking.services]]
id = "corte"
name = "Corte de cabello"
keywords = ["haircut", "pelo"]
duration_min = 40
price = 180
[[booking.services]]
id = "barba"
name = "Arreglo de barba"
duration_min = 30
price = 120
[[booking.services]]
id = "combo"
name = "Corte y barba"
keywords = ["paquete"]
duration_min = 60
price = 270
[[booking.staff]]
id = "beto"
name = "Beto"
[[booking.staff]]
id = "memo"
name = "Memo"
"#;

/// What a customer writes, and what the reply must hold; what begins with `!` it must not.
type Talk<'a> = &'a [(&'a str, &'a [&'a str])];

/// Has talks, each with a customer of its own, and gives how the appointments stand at the end of each.
async fn has(talks: &[Talk<'_>]) -> Vec<String> {
    let site = Site::new(&[]);
    site.write("chatbot.toml", "[worker]\nburst_quiet_ms = 0\n");
    site.write("tenants/barba/tenant.toml", BARBER);
    let daemon = site.start();
    let mut ends = Vec::new();
    for (number, talk) in talks.iter().enumerate() {
        let contact = format!("c{number}");
        for (text, expected) in *talk {
            let (status, turn) = daemon.client.chat("barba", &contact, text).await;
            assert_eq!(status, StatusCode::OK, "{turn}");
            let reply = turn["reply"].as_str().unwrap();
            for part in *expected {
                match part.strip_prefix('!') {
                    Some(not) => assert!(!reply.contains(not), "{number}, {text:?}: {reply}"),
                    None => assert!(reply.contains(part), "{number}, {text:?}: no {part:?} in {reply}"),
                }
            }
        }
        let db = rusqlite::Connection::open(site.database("barba")).unwrap();
        let sql = "select coalesce(group_concat(service || ' ' || status, ', '), '') from
                   (select a.service, a.status from appointment a join contact c on c.id = a.contact_id
                    where c.address = ?1 order by a.created_ms)";
        ends.push(db.query_row(sql, [contact], |row| row.get(0)).unwrap());
        // The next one finds the same free calendar.
        let free = "update appointment set status = 'cancelled'; delete from appointment_reminder;";
        db.execute_batch(free).unwrap();
    }
    ends
}

#[tokio::test]
async fn customers_change_their_mind_and_are_followed() {
    let ends = has(&[
        &[
            ("hola q tal, quiero un corte", &["1. "]),
            ("el de cabello", &["Para Corte de cabello tengo", "1. "]),
            ("mañana no puedo", &["1. ", "!reservé"]),
            ("el martes despues de las 6", &["martes", "p. m."]),
            ("la 2", &["Le aparto el martes", "su nombre"]),
            ("espera mejor el jueves a las 5", &["jueves", "5:00 p. m.", "¿Se lo reservo?"]),
            ("me llamo Luis Angel Garza", &["Listo, Luis", "jueves", "5:00 p. m."]),
        ],
        &[
            ("cita", &["¿Para qué servicio es la cita?\n1. Corte de cabello ($180)"]),
            ("2", &["Arreglo de barba"]),
            ("el 28", &["28 de"]),
            ("no puedo ese dia", &["1. ", "!28 de"]),
            ("otra hora", &["¿Qué otro día u hora"]),
            ("el martes", &["martes"]),
            ("en la mañana", &["martes", "a. m.", "!p. m."]),
            ("no", &["¿Qué otro día u hora"]),
            ("no", &["no reservé nada"]),
        ],
        &[
            ("corte de cabello el viernes a las 5", &["viernes", "¿Se lo reservo?"]),
            ("Pedro Ruiz", &["¿Le reservo el viernes"]),
            ("no, mejor el sabado", &["sábado"]),
            ("5:30", &["sábado", "5:30 p. m.", "¿Se lo reservo?"]),
            ("soy Pedro Ruiz, 2225550000", &["Listo, Pedro", "sábado"]),
        ],
    ])
    .await;
    assert_eq!(ends, ["corte booked", "", "corte booked"]);
}

#[tokio::test]
async fn of_several_that_fit_the_shown_ones_are_counted() {
    let ends = has(&[&[
        ("con memo porfa un corte de cabello la semana que viene", &["1. ", "3. "]),
        ("el martes", &["1. martes", "!3. "]),
        ("la segunda", &["Le aparto el martes"]),
        ("si", &["su nombre"]),
        ("Toño", &["Listo, Toño", "con Memo"]),
    ]])
    .await;
    assert_eq!(ends, ["corte booked"]);
}

#[tokio::test]
async fn a_question_in_between_is_answered_and_the_talk_goes_on() {
    let ends = has(&[
        &[
            ("cuanto cuesta el corte de cabello?", &["$180", "40 minutos", "¿Le busco un horario?"]),
            ("si", &["Para Corte de cabello tengo"]),
            ("la primera", &["su nombre"]),
            ("y cuanto dura?", &["40 minutos", "¿Me dice su nombre"]),
            ("asdf qwerty zz", &["¿Me dice su nombre"]),
            ("Juan Perez", &["Listo, Juan"]),
            ("a que hora es mi cita?", &["Su cita de Corte de cabello es el"]),
        ],
        &[
            ("cita pal jueves", &["¿Para qué servicio"]),
            ("jaja no se", &["no le entendí", "1. Corte de cabello"]),
            ("la ultima", &["Corte y barba", "jueves"]),
        ],
    ])
    .await;
    assert_eq!(ends, ["corte booked", ""]);
}

#[tokio::test]
async fn appointments_that_are_made_are_moved_doubled_and_cancelled_in_few_words() {
    let ends = has(&[
        &[
            ("tienen lugar el proximo martes a las 4 y media para corte y barba?", &["martes", "4:30 p. m."]),
            ("ya", &["su nombre"]),
            ("Mario Ruiz", &["Listo, Mario"]),
            ("cambiala para el jueves a la misma hora", &["jueves", "4:30 p. m.", "¿Se lo reservo?"]),
            ("si", &["ahora es el jueves"]),
            ("y otra para mi hijo a la misma hora", &["jueves", "4:30 p. m.", "¿Se lo reservo?"]),
            ("si", &["Listo, Mario", "jueves"]),
            ("cuales son mis citas", &["1. ", "2. "]),
            ("cancela la segunda", &["¿Confirma que quiere cancelar"]),
            ("no mejor no", &["sigue en pie", "!m.."]),
            ("llego tarde", &["Estas son sus citas"]),
        ],
        &[
            ("haircut on friday at 11?", &["Friday", "11:00 AM"]),
            ("yes", &["your name"]),
            ("john smith", &["Done, John"]),
            ("can we move it to tuesday same time?", &["Tuesday", "11:00 AM"]),
            ("yes please", &["it is now on Tuesday"]),
            ("i can't make it", &["Do you want to cancel"]),
            ("yes", &["is cancelled"]),
        ],
        &[
            ("oi, quero marcar um corte de cabelo pra terça de tarde", &["terça-feira"]),
            ("a segunda", &["o seu nome"]),
            ("Joao Silva", &["Pronto, Joao"]),
            ("posso mudar para quarta?", &["quarta-feira"]),
            ("a primeira", &["agora é quarta-feira"]),
            ("cancela por favor", &["Confirma que quer cancelar"]),
            ("sim", &["foi cancelado"]),
        ],
        &[
            ("quiero cita para mi hijo y para mi, corte de cabello", &["de una en una", "1. "]),
            ("la primera", &["su nombre"]),
            ("Raul Mena", &["Listo, Raul"]),
        ],
    ])
    .await;
    assert_eq!(ends, ["combo booked, combo booked", "corte cancelled", "corte cancelled", "corte booked"]);
}

#[tokio::test]
async fn who_comes_late_says_so_and_the_business_hears_of_it() {
    let site = Site::new(&[]);
    site.write("chatbot.toml", "[worker]\nburst_quiet_ms = 0\n");
    let business = crate::fake_business::FakeBusiness::start();
    site.write("tenants/barba/tenant.toml", &format!("{BARBER}{}", business.config()));
    let daemon = site.start();
    let client = &daemon.client;
    client.chat("barba", "ana", "corte de cabello el martes a las 5").await;
    let (_, booked) = client.chat("barba", "ana", "si, soy Ana Ruiz").await;
    let id = booked["appointment"]["appointment"].as_str().unwrap();
    let soon = iass::clock::Clock::System.now_ms() + 30 * 60_000;
    let db = rusqlite::Connection::open(site.database("barba")).unwrap();
    db.execute(
        "update appointment set start_ms = ?1, end_ms = ?1 + 2400000, blocked_from_ms = ?1,
                                blocked_to_ms = ?1 + 2400000 where id = ?2",
        rusqlite::params![soon, id],
    )
    .unwrap();
    let (_, turn) = client.chat("barba", "ana", "voy 10 minutos tarde").await;
    assert!(turn["reply"].as_str().unwrap().starts_with("Gracias por avisar."), "{turn}");
    assert_eq!(turn["appointment"]["status"], "booked");
    let told = business.wait_for(crate::fake_business::Place::Webhook, 2).await;
    let late = told.iter().find(|told| told.body.to_string().contains("\"late\""));
    assert!(late.is_some(), "{told:?}");
}
