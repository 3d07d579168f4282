//! What each place gets of each event.

use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::config::env::Env;

fn config(text: &str) -> TenantConfig {
    let text = format!("name = \"Benova\"\ntimezone = \"America/Bogota\"\n{text}");
    TenantConfig::parse(&text, Path::new("tenant.toml"), &Env::default()).unwrap_or_else(|e| panic!("{e}"))
}

const ALL: &str = r#"
[leads]
crm = "https://crm.example/leads"
crm_token = "t0ken"
crm_secret = "s3cret"
hubspot_token = "pat-1"
[notify.slack]
webhook_url = "https://hooks.example/s"
[notify.teams]
webhook_url = "https://teams.example/t"
[notify.email]
to = ["ana@benova.example", "luis@benova.example"]
from = "bot@benova.example"
smtp_host = "localhost"
[notify.webhook]
url = "https://benova.example/iass"
secret = "s3cret"
"#;

#[test]
fn everybody_is_told_of_leads_and_tickets_and_only_those_named_of_handoffs() {
    let of = |config: &TenantConfig, event| {
        let targets = targets(config, event);
        targets.into_iter().map(DeliveryTarget::as_str).collect::<Vec<_>>().join(" ")
    };
    let all = config(ALL);
    assert_eq!(of(&all, DeliveryEvent::Handoff), "slack teams email webhook");
    assert_eq!(of(&all, DeliveryEvent::Lead), "slack teams email webhook crm hubspot");
    assert_eq!(of(&all, DeliveryEvent::Ticket), "slack teams email webhook");
    let some = config(&format!("[handoff]\nnotify = [\"email\", \"slack\"]\n{ALL}"));
    assert_eq!(of(&some, DeliveryEvent::Handoff), "slack email");
    assert_eq!(of(&some, DeliveryEvent::Ticket), "slack teams email webhook");
    let none = config("");
    assert_eq!(of(&none, DeliveryEvent::Lead), "");
}

fn handoff() -> Value {
    json!({
        "handoff": "handoff_1", "conversation": "conv_1", "channel": "api", "contact": "+57 300 555 0102",
        "contact_name": "Ana\nPeña", "reason": "explicit_request",
        "brief": {
            "summary": "Quiere cambiar su cita.\u{202e}",
            "lead": {"contact_info": {"name": "Ana Peña", "email": "ana@x.co"}, "urgency_level": "Alto",
                     "business_context": {"interest_area": "Facturación"}},
            "last_messages": [
                {"role": "customer", "text": "quiero hablar con alguien\nya"},
                {"role": "assistant", "text": "Claro que sí."},
            ],
        },
    })
}

fn lead() -> Value {
    json!({
        "lead_id": "lead_1",
        "contact_info": {"name": "Ana María Peña", "phone_or_username": "+57 300 555 0102", "email": "ana@x.co"},
        "business_context": {"company_name": null, "interest_area": "Ventas"},
        "problem_statement": "Quiere una limpieza facial", "urgency_level": "Medio", "qualification": "hot",
        "tenant": "benova", "conversation": "conv_1", "created_at": "2026-11-21T14:00:00Z", "complete": true,
    })
}

fn delivery(event: DeliveryEvent, payload: Value) -> ClaimedDelivery {
    ClaimedDelivery {
        id: "delivery_1".to_owned(),
        target: DeliveryTarget::Webhook,
        event,
        subject: "x".to_owned(),
        payload,
        urgent: false,
        attempts: 0,
        created_ms: 1_700_000_000_500,
    }
}

fn with_business<T>(language: &str, work: impl FnOnce(Business<'_>) -> T) -> T {
    let config = config(&format!("language = \"{language}\"\n{ALL}"));
    let (tenant, prompts) = (TenantId::parse("benova").unwrap(), Prompts::load(None, None).unwrap());
    work(Business { tenant: &tenant, config: &config, prompts: &prompts })
}

/// The letter of a delivery, decoded.
fn letter(language: &str, delivery: &ClaimedDelivery) -> String {
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let letter = with_business(language, |business| {
        let notice = words::notice(business, delivery).unwrap();
        email::compose(business.config.notify.email.as_ref().unwrap(), business, delivery, &notice, now)
    });
    let parsed = fake_mail::Mail {
        from: letter.from,
        to: letter.to,
        data: letter.data,
        login: None,
        encrypted: false,
    };
    let heads = ["Date", "From", "To", "Message-ID", "Importance"].into_iter();
    let heads =
        heads.map(|name| format!("{name}: {}", parsed.header(name))).filter(|head| !head.ends_with(' '));
    let heads = heads.collect::<Vec<_>>().join("\n");
    let text = parsed.text().replace("\r\n", "\n").replace("-- \n", "--\n");
    format!("{heads}\nSubject: {}\n\n{text}", parsed.subject())
}

#[test]
fn a_handoff_says_who_why_and_what_was_said() {
    insta::assert_snapshot!(letter("es", &delivery(DeliveryEvent::Handoff, handoff())), @r"
    Date: Tue, 14 Nov 2023 17:13:20 -0500
    From: =?utf-8?B?QmVub3Zh?= <bot@benova.example>
    To: ana@benova.example, luis@benova.example
    Message-ID: <delivery_1@benova.example>
    Subject: Ana Peña espera a una persona del equipo

    Ana Peña espera a una persona del equipo

    Motivo: Pidió hablar con una persona
    Contacto: +57 300 555 0102
    Canal: api
    Nombre: Ana Peña
    Correo: ana@x.co
    Interés: Facturación
    Urgencia: Alta
    Referencia: handoff_1

    Resumen:
    Quiere cambiar su cita.

    Últimos mensajes:
    > Cliente: quiero hablar con alguien
    > ya
    > Asistente: Claro que sí.

    --
    Este aviso lo envía el asistente de Benova. Por favor no responda a este correo.
    ");
}

#[test]
fn an_emergency_is_marked_in_every_place() {
    let mut payload = handoff();
    payload["reason"] = json!("emergency");
    payload["contact_name"] = json!(null);
    payload["brief"]["lead"] = json!(null);
    let told = delivery(DeliveryEvent::Handoff, payload);
    let mail = letter("pt", &told);
    assert!(
        mail.contains("Subject: 🚨 EMERGÊNCIA: um cliente precisa") && mail.contains("Importance: high"),
        "{mail}"
    );
    let bodies = with_business("en", |business| {
        let notice = words::notice(business, &told).unwrap();
        let notify = &business.config.notify;
        let slack = slack::request(notify.slack.as_ref().unwrap(), &notice).unwrap().body;
        let teams = teams::request(notify.teams.as_ref().unwrap(), &notice).unwrap().body;
        [slack, teams].map(|body| String::from_utf8(body).unwrap())
    });
    assert!(bodies[0].contains("<!channel>") && bodies[0].contains("EMERGENCY"), "{}", bodies[0]);
    assert!(bodies[1].contains("Attention") && bodies[1].contains("EMERGENCY"), "{}", bodies[1]);
}

#[test]
fn a_lead_is_told_in_the_tenants_language() {
    insta::assert_snapshot!(letter("en", &delivery(DeliveryEvent::Lead, lead())), @r"
    Date: Tue, 14 Nov 2023 17:13:20 -0500
    From: =?utf-8?B?QmVub3Zh?= <bot@benova.example>
    To: ana@benova.example, luis@benova.example
    Message-ID: <delivery_1@benova.example>
    Subject: New lead: Ana María Peña

    New lead: Ana María Peña

    Name: Ana María Peña
    Phone or user name: +57 300 555 0102
    E-mail: ana@x.co
    What is needed: Quiere una limpieza facial
    Interest: Sales
    Urgency: Medium
    Qualification: Ready to buy
    Reference: lead_1

    --
    The assistant of Benova sends this notice. Please do not reply to this e-mail.
    ");
    let changed = ClaimedDelivery { subject: "lead_1#2".to_owned(), ..delivery(DeliveryEvent::Lead, lead()) };
    assert!(letter("es", &changed).contains("Cliente potencial con datos nuevos: Ana"));
}

#[test]
fn a_ticket_is_told_with_the_customers_words() {
    let payload = json!({
        "ticket": "ticket_1", "conversation": "conv_1", "contact": "ana", "subject": "No llega la factura",
        "detail": "Pagué ayer\ny nada", "urgency": "Alto",
    });
    insta::assert_snapshot!(letter("es", &delivery(DeliveryEvent::Ticket, payload)), @r"
    Date: Tue, 14 Nov 2023 17:13:20 -0500
    From: =?utf-8?B?QmVub3Zh?= <bot@benova.example>
    To: ana@benova.example, luis@benova.example
    Message-ID: <delivery_1@benova.example>
    Subject: Nuevo caso de soporte

    Nuevo caso de soporte

    Asunto: No llega la factura
    Urgencia: Alta
    Contacto: ana
    Referencia: ticket_1

    Detalle:
    Pagué ayer
    y nada

    --
    Este aviso lo envía el asistente de Benova. Por favor no responda a este correo.
    ");
}

#[test]
fn a_webhook_gets_the_event_and_the_crm_the_lead_itself() {
    let now = Timestamp::from_second(1_700_000_777).unwrap();
    let told = delivery(DeliveryEvent::Lead, lead());
    with_business("es", |business| {
        let webhook = business.config.notify.webhook.as_ref().unwrap();
        let request = webhook::request(webhook, business.tenant, &told, now).unwrap();
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(
            body,
            json!({"event": "lead", "id": "delivery_1", "tenant": "benova", "created_at": "2023-11-14T22:13:20.5Z", "data": lead()})
        );
        let header = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header("x-iass-event").as_deref(), Some("lead"));
        assert_eq!(header("x-iass-delivery").as_deref(), Some("delivery_1"));
        assert_eq!(header("idempotency-key").as_deref(), Some("delivery_1"));
        assert_eq!(header("x-iass-timestamp").as_deref(), Some("1700000777"));
        assert!(header("x-iass-signature").unwrap().starts_with("sha256="));

        let leads = &business.config.leads;
        let request = crm::request(leads.crm.as_deref().unwrap(), leads, &told, now).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&request.body).unwrap(), lead());
        assert_eq!(request.headers["authorization"], "Bearer t0ken");
        assert!(request.headers.contains_key("x-iass-signature"));
    });
}

#[test]
fn hubspot_gets_a_contact_known_by_its_address() {
    let token = crate::config::secret::Secret::from("pat-1".to_owned());
    let of = |payload: Value| {
        hubspot::request("https://hub.example", &token, &delivery(DeliveryEvent::Lead, payload))
    };
    let request = of(lead()).unwrap();
    assert_eq!(request.url, "https://hub.example/crm/v3/objects/contacts/batch/upsert");
    assert_eq!(request.headers["authorization"], "Bearer pat-1");
    assert_eq!(
        serde_json::from_slice::<Value>(&request.body).unwrap(),
        json!({"inputs": [{"id": "ana@x.co", "idProperty": "email", "properties": {
            "email": "ana@x.co", "firstname": "Ana", "lastname": "María Peña", "phone": "+57 300 555 0102",
            "message": "Quiere una limpieza facial",
        }}]})
    );
    let mut without = lead();
    without["contact_info"]["email"] = json!(null);
    assert!(matches!(of(without), Err(NotifyError::Permanent { .. })));
}

#[test]
fn data_of_another_kind_are_refused_for_good() {
    for event in [DeliveryEvent::Handoff, DeliveryEvent::Ticket] {
        let wrong = with_business("es", |business| words::notice(business, &delivery(event, lead())));
        assert!(matches!(wrong, Err(NotifyError::Permanent { .. })), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_place_that_is_not_set_up_any_more_is_a_dead_letter() {
    let notifier = Notifier::new(None).unwrap();
    let (tenant, prompts, config) =
        (TenantId::parse("benova").unwrap(), Prompts::load(None, None).unwrap(), config(""));
    let business = Business { tenant: &tenant, config: &config, prompts: &prompts };
    for target in DeliveryTarget::ALL {
        let told = ClaimedDelivery { target, ..delivery(DeliveryEvent::Lead, lead()) };
        let sent = notifier.send(business, &told, Timestamp::UNIX_EPOCH).await;
        assert!(
            matches!(&sent, Err(NotifyError::Permanent { message }) if message.contains("not set up")),
            "{sent:?}"
        );
    }
}
