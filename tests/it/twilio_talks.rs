//! Whole sales and bookings over WhatsApp at Twilio, each webhook posted three times at once: each thing happens once, and each
//! message has one reply.

use crate::{
    booking::BOOKING,
    config::{iass, stderr},
    fake_twilio::{FakeTwilio, PUBLIC_URL, post_signed},
    harness::{Daemon, Site},
};

/// How often Twilio posts each message, all at once.
const COPIES: usize = 3;

/// A tenant whose customers write over Twilio.
fn site(tenant: &str, toml: &str, twilio: &FakeTwilio) -> Site {
    let site = Site::new(&[]);
    let config = format!("[server]\npublic_url = \"{PUBLIC_URL}\"\n[worker]\nburst_quiet_ms = 0\n");
    site.write("chatbot.toml", &config);
    site.write(&format!("tenants/{tenant}/tenant.toml"), &format!("{toml}{}", twilio.config("")));
    site
}

/// Posts a message several times at once.
async fn write(daemon: &Daemon, tenant: &str, sid: usize, text: &str) {
    let (path, sid) = (format!("/webhooks/twilio/{tenant}"), format!("SM{sid:032}"));
    let fields = [
        ("MessageSid", sid.as_str()),
        ("From", "whatsapp:+573001112233"),
        ("To", "whatsapp:+14155238886"),
        ("ProfileName", "Ana"),
        ("Body", text),
        ("NumMedia", "0"),
    ];
    let copies = std::iter::repeat_with(|| post_signed(daemon, &path, &fields)).take(COPIES);
    for (status, body) in futures::future::join_all(copies).await {
        assert_eq!(status, 200, "{body}");
    }
}

/// Has a customer say these things one after the other, and says what was replied to each.
async fn talk(site: &Site, twilio: &FakeTwilio, tenant: &str, said: &[&str]) -> Vec<String> {
    let daemon = site.start();
    for (sid, text) in said.iter().enumerate() {
        write(&daemon, tenant, sid, text).await;
        twilio.wait_for_taken(sid + 1).await;
    }
    // Copies that come late, in another order.
    for (sid, text) in said.iter().enumerate().rev() {
        write(&daemon, tenant, sid, text).await;
    }
    site.wait_until(tenant, "select count(*) from inbox where turn_id is null", 0).await;
    let open = "select count(*) from outbox where state in ('pending', 'sending')";
    site.wait_until(tenant, open, 0).await;
    for table in ["inbox", "turn", "outbox"] {
        assert_eq!(site.count(tenant, &format!("select count(*) from {table}")), said.len(), "{table}");
    }
    assert_eq!(twilio.tried().len(), said.len(), "{:?}", twilio.tried());
    twilio.taken().iter().map(|message| message.field("Body").to_owned()).collect()
}

#[tokio::test]
async fn a_sale_whose_webhooks_come_three_times_is_one_order_and_one_reply_a_message() {
    let twilio = FakeTwilio::start();
    let site = site("shop", "name = \"La Tuerca\"\ncurrency = \"MXN\"\n", &twilio);
    site.write("catalogo.csv", "sku,name,price,stock\nMAR-1,Martillo,189,7\n");
    let imported = iass(site.path(), &["catalog", "import", "catalogo.csv", "--tenant", "shop"], &[]);
    assert!(imported.status.success(), "{}", stderr(&imported));
    let replies = talk(&site, &twilio, "shop", &["Quiero comprar 10 martillos", "Sí", "sí", "gracias"]).await;
    assert!(replies[0].starts_with("Puedo ofrecerte 7 martillos a $189.00 c/u"), "{replies:?}");
    assert!(replies[1].contains("quedó registrado"), "{replies:?}");
    assert!(replies[2].contains("ya está registrado"), "{replies:?}");
    let count = |sql: &str| site.count("shop", sql);
    assert_eq!(count("select count(*) from sales_order"), 1);
    assert_eq!(count("select count(*) from sales_order where status = 'confirmed'"), 1);
    assert_eq!(count("select sum(quantity) from order_item"), 7);
    assert_eq!(count("select stock from product"), 0);
    assert_eq!(count("select count(*) from stock_hold"), 0);
}

#[tokio::test]
async fn a_booking_whose_webhooks_come_three_times_is_one_appointment_and_one_reply_a_message() {
    let twilio = FakeTwilio::start();
    let site = site("aura", BOOKING, &twilio);
    let said = [
        "¿Tienen cita para un masaje pasado mañana en la tarde?",
        "la segunda",
        "Ana Pérez, 3001234567",
        "sí",
        "gracias",
    ];
    let replies = talk(&site, &twilio, "aura", &said).await;
    assert!(replies[2].starts_with("¡Listo, Ana! Su cita quedó reservada"), "{replies:?}");
    let count = |sql: &str| site.count("aura", sql);
    assert_eq!(count("select count(*) from appointment"), 1);
    assert_eq!(count("select count(*) from appointment where status = 'booked'"), 1);
    assert_eq!(count("select count(*) from audit where action = 'appointment.booked'"), 1);
}
