//! Tests of a tenant's configuration as a whole.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use jiff::civil::{Weekday, date};
use proptest::prelude::*;

use super::{
    agents::{AgentConfig, Strategy as AgentStrategy},
    booking::{
        BookingProvider, Service, StaffMember,
        google::{Consent, GoogleKeys},
    },
    business::{Holiday, OpenSpan},
    mcp::McpPlace,
    notify::{ChatWebhook, NotifyKind},
    *,
};
use crate::{
    config::secret::{MASK, Secret},
    domain::{lead::LeadField, money::Money},
};

fn parse(text: &str, env: Env) -> Result<TenantConfig, String> {
    TenantConfig::parse(text, &PathBuf::from("tenants/acme/tenant.toml"), &env)
        .map_err(|error| error.to_string())
}

#[test]
fn a_name_is_all_a_tenant_needs() {
    let config = parse("name = \"Acme\"", Env::default()).unwrap();
    assert!(config.enabled);
    assert_eq!(config.language, Language::Es);
    assert_eq!(config.memory.window, 10);
    assert_eq!(config.handoff.return_after, Some(Duration::from_hours(2)));
    assert_eq!(config.leads.required, [LeadField::Name, LeadField::Email].into());
    assert_eq!((config.booking, config.catalog), (None, None));
}

#[test]
fn hours_holidays_and_prices_are_read_exactly() {
    let text = r#"
name = "Acme"
timezone = "America/Bogota"
currency = "USD"
[business]
holidays = ["2026-12-25", 2027-01-01, "02-29"]
[business.hours]
mon = ["14:00-24:00", "9:00-12:30"]
[booking]
[[booking.services]]
id = "cut"
name = "Cut"
duration_min = 45
price = 19.90
[[booking.services]]
id = "dye"
name = "Dye"
duration_min = 90
price = "40"
"#;
    let config = parse(text, Env::default()).unwrap();
    assert_eq!(config.timezone.iana_name(), Some("America/Bogota"));
    let hours = config.business.hours.unwrap();
    assert_eq!(
        hours.on(Weekday::Monday),
        [OpenSpan { from_min: 540, to_min: 750 }, OpenSpan { from_min: 840, to_min: 1440 }]
    );
    assert!(hours.on(Weekday::Sunday).is_empty());
    let closed = |day| config.business.holidays.iter().any(|holiday| holiday.is_on(day));
    assert!(closed(date(2026, 12, 25)) && closed(date(2027, 1, 1)) && closed(date(2028, 2, 29)));
    assert!(!closed(date(2027, 12, 25)) && !closed(date(2027, 2, 28)));
    let prices: Vec<_> =
        config.booking.unwrap().services.iter().map(|service| service.price.unwrap().minor).collect();
    assert_eq!(prices, [1990, 4000]);
}

#[test]
fn all_mistakes_of_a_tenant_are_told_at_once_with_their_places() {
    let text = r#"
nam = "Acme"
language = "fr"
timezone = "America/Bogotá"
currency = "pesos"

[business]
holidays = ["2026-02-30"]
[business.hours]
mon = ["09:00-18:00", "17:00-19:00"]
tue = ["18:00-09:00", "9-17"]
lun = []

[agents]
strategy = "clasified"
enabled = []
[agents.sales]
keyword = ["x"]

[handoff]
sentiment_below = -2
notify = ["fax"]

[leads]
crm_token = "x"
crm_secret = "x"
hubspot_base_url = "hubspot"

[booking]
provider = "http"
[[booking.services]]
id = "a"
name = "A"
duration_min = 0
price = 1.999
[[booking.services]]
id = "a"
name = "A"
duration_min = 10
[[booking.staff]]
id = "x"
name = "X"
services = ["b"]

[channels.meta]
phone_number_id = "12a"
access_token = "${ACME_TOKEN}"
app_secret = "${IASS_ADMIN_TOKEN}"
[channels.telegram]
token = "t"
mode = "webhook"
[channels.web]
origins = ["https://acme.example/shop"]

[[tools]]
name = "t"
description = "d"
url = "ftp://acme.example"
parameters = { type = "string" }
headers = { "X Y" = "1" }
[[tools]]
name = "t u"
description = "d"
url = "https://acme.example/orders/{order}?page={page}"
parameters = { type = "object", properties = { order = { type = "strin" } } }
[[tools]]
name = "u"
description = "d"
url = "https://{shop}.example/"
[[tools]]
name = "request_handoff"
description = "d"
url = "https://me:pw@acme.example/{"

[[mcp]]
name = "store"
command = ["store"]
url = "https://mcp.example"
tools = []
[[mcp]]
name = "store"
url = "https://mcp.example"
env = { "A B" = "x" }
tools = ["a"]
[[mcp]]
name = "c"
tools = ["a"]

[notify.email]
to = []
from = "nobody"
smtp_host = "mail.acme.example"
username = "u"
"#;
    let env = Env::fixed([("IASS_ADMIN_TOKEN", "secret")]);
    insta::assert_snapshot!(parse(text, env).unwrap_err(), @r#"
45 problems in the configuration
  tenants/acme/tenant.toml:1:1: `name` is missing
  tenants/acme/tenant.toml:2:1: unknown key `nam`; did you mean `name`?
  tenants/acme/tenant.toml:3:12: `language` has an unknown value `fr`, expected one of `es`, `en`, `pt`
  tenants/acme/tenant.toml:4:12: `timezone` must be an IANA time zone such as America/Bogota, not "America/Bogotá"
  tenants/acme/tenant.toml:5:12: `currency` is wrong: `pesos` is not an ISO 4217 currency code such as COP, USD or EUR
  tenants/acme/tenant.toml:8:13: `business.holidays[0]` must be a date such as "2026-12-25", or "12-25" for every year, not "2026-02-30"
  tenants/acme/tenant.toml:10:7: `business.hours.mon` has times that overlap
  tenants/acme/tenant.toml:11:8: `business.hours.tue[0]` ends before it begins ("18:00-09:00"); write a night as "22:00-24:00" and "00:00-02:00" on the next day
  tenants/acme/tenant.toml:11:23: `business.hours.tue[1]` must be opening and closing time such as "09:00-18:00", not "9-17"
  tenants/acme/tenant.toml:12:1: unknown key `business.hours.lun`; did you mean `sun`?
  tenants/acme/tenant.toml:15:12: `agents.strategy` has an unknown value `clasified`, expected `classified` or `single`
  tenants/acme/tenant.toml:16:11: `agents.enabled` is empty, so nobody would answer; leave it out to enable all agents
  tenants/acme/tenant.toml:18:1: unknown key `agents.sales.keyword`; did you mean `keywords`?
  tenants/acme/tenant.toml:21:19: `handoff.sentiment_below` must be a number from -1 to 1, not the number -2
  tenants/acme/tenant.toml:22:11: `handoff.notify[0]` has an unknown value `fax`, expected one of `slack`, `teams`, `email`, `webhook`
  tenants/acme/tenant.toml:25:13: `leads.crm_token` is of no use without `leads.crm`
  tenants/acme/tenant.toml:26:14: `leads.crm_secret` is of no use without `leads.crm`
  tenants/acme/tenant.toml:27:20: `leads.hubspot_base_url` must be an address that begins with https:// or http://
  tenants/acme/tenant.toml:29:1: `booking.url` is needed when `booking.provider` is "http"
  tenants/acme/tenant.toml:34:16: `booking.services.duration_min` must be a whole number from 1 to 1440, not the number 0
  tenants/acme/tenant.toml:37:6: `booking.services.id` is "a" a second time; each needs its own
  tenants/acme/tenant.toml:43:13: `booking.staff.services[0]` is "b", which is not the id of one of [[booking.services]]
  tenants/acme/tenant.toml:45:1: `channels.meta.verify_token` is missing; set it to "${VARIABLE}" or use `verify_token_file`
  tenants/acme/tenant.toml:46:19: `channels.meta.phone_number_id` must be digits in quotes, not "12a"
  tenants/acme/tenant.toml:47:16: `channels.meta.access_token` names ACME_TOKEN, which is not set; export it or use `access_token_file`
  tenants/acme/tenant.toml:48:14: `channels.meta.app_secret` names IASS_ADMIN_TOKEN, but a tenant may not read the daemon's own variables
  tenants/acme/tenant.toml:49:1: `channels.telegram.secret_token` is missing; set it to "${VARIABLE}" or use `secret_token_file`
  tenants/acme/tenant.toml:53:12: `channels.web.origins[0]` must be a site such as "https://acme.example", without a path
  tenants/acme/tenant.toml:58:7: `tools.url` must be an address that begins with https:// or http://
  tenants/acme/tenant.toml:59:14: `tools.parameters` must be a JSON schema with type = "object"
  tenants/acme/tenant.toml:60:21: `tools.headers.X Y` is not the name of an HTTP header
  tenants/acme/tenant.toml:62:8: `tools.name` must be 1 to 64 of a-z, A-Z, 0-9, - and _, not "t u"
  tenants/acme/tenant.toml:65:14: `tools.parameters` is not a JSON schema: "strin" is not valid under any of the schemas listed in the 'anyOf' keyword
  tenants/acme/tenant.toml:69:7: `tools.url` may have {argument} only behind the host
  tenants/acme/tenant.toml:71:8: `tools.name` is the name of one of the product's own tools; take another
  tenants/acme/tenant.toml:73:7: `tools.url` must not hold a login; put it into `headers`
  tenants/acme/tenant.toml:78:7: `mcp.url` and `mcp.command` are both set: remove one
  tenants/acme/tenant.toml:79:9: `mcp.tools` must list the tools that may be used; at least one
  tenants/acme/tenant.toml:81:8: `mcp.name` is "store" a second time; each needs its own
  tenants/acme/tenant.toml:83:7: `mcp.env` is of no use with `mcp.url`; use `headers`
  tenants/acme/tenant.toml:83:17: `mcp.env.A B` is not the name of an environment variable
  tenants/acme/tenant.toml:85:1: `mcp.command` or `mcp.url` is missing
  tenants/acme/tenant.toml:89:1: `notify.email.password` is missing; set it to "${VARIABLE}" or use `password_file`
  tenants/acme/tenant.toml:90:6: `notify.email.to` must list at least one e-mail address
  tenants/acme/tenant.toml:91:8: `notify.email.from` must be an e-mail address, not "nobody"
"#);
}

#[test]
fn a_notification_that_is_not_set_up_is_only_a_warning() {
    let config = parse("name = \"Acme\"\n[handoff]\nnotify = [\"email\"]\n", Env::default()).unwrap();
    assert_eq!(
        config.warnings,
        ["tenants/acme/tenant.toml: `handoff.notify` names email, but there is no [notify.email]"]
    );
}

fn some_service() -> impl Strategy<Value = (String, u64, Option<i64>)> {
    ("\\PC{1,12}[a-z]", 1..=1440_u64, proptest::option::of(0..1_000_000_000_000_i64))
}

fn some_day() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::btree_set(0..=1440_u16, 0..6).prop_map(|minutes| {
        let minutes: Vec<_> = minutes.into_iter().collect();
        minutes
            .chunks_exact(2)
            .map(|pair| OpenSpan { from_min: pair[0], to_min: pair[1] }.to_string())
            .collect()
    })
}

fn some_agent() -> impl Strategy<Value = (String, AgentConfig)> {
    let words = || proptest::option::of(proptest::collection::vec("\\PC{0,9}[a-z]", 0..3));
    ("[a-z_]{1,8}x", proptest::option::of("\\PC{0,20}[a-z]"), words(), words()).prop_map(
        |(name, persona, keywords, examples)| {
            let agent = AgentConfig {
                persona,
                prompt: None,
                keywords,
                examples,
                categories: None,
                tools: None,
                protocol: None,
            };
            (name, agent)
        },
    )
}

fn some_tenant() -> impl Strategy<Value = TenantConfig> {
    let top = ("\\PC{0,30}[a-z]", 0..3_usize, 0..3_usize, any::<bool>());
    let days = proptest::collection::vec(some_day(), 2);
    let agents = proptest::collection::vec(some_agent(), 0..3).prop_map(BTreeMap::from_iter);
    let services = proptest::collection::vec(some_service(), 0..4);
    let numbers = (0..=100_u32, -1.0..=1.0_f64, 0.5..=1.0_f64, 0..=43_200_u64);
    (top, days, agents, services, numbers, any::<bool>()).prop_map(
        |((name, language, currency, enabled), days, agents, services, numbers, extras)| {
            let mut config = parse("name = \"x\"", Env::default()).unwrap();
            config.name = name;
            config.language = Language::ALL[language];
            config.currency = Currency::parse(["COP", "CLP", "KWD"][currency]).unwrap();
            config.enabled = enabled;
            let hours = format!("name = \"x\"\n[business.hours]\nmon = {:?}\nsun = {:?}\n", days[0], days[1]);
            config.business = parse(&hours, Env::default()).unwrap().business;
            config.business.holidays = vec![Holiday::Once(date(2026, 12, 25)), Holiday::Yearly(2, 29)];
            config.agents.by_name = agents;
            config.agents.strategy = if extras { AgentStrategy::Single } else { AgentStrategy::Classified };
            (config.memory.window, config.handoff.sentiment_below) = (numbers.0, numbers.1);
            config.handoff.loop_similarity = numbers.2;
            config.handoff.return_after =
                Some(Duration::from_secs(numbers.3 * 60)).filter(|after| !after.is_zero());
            let price = |minor: i64| Money { minor, currency: config.currency };
            let services: Vec<_> = (services.into_iter().enumerate())
                .map(|(index, (name, minutes, minor))| Service {
                    id: format!("s{index}"),
                    name,
                    duration: Duration::from_secs(minutes * 60),
                    price: minor.map(price),
                    keywords: vec!["peeling".to_owned()],
                    buffer_before: Duration::from_secs(300),
                    buffer: extras.then(|| Duration::from_secs(600)),
                    capacity: 2,
                    required: extras.then(|| [LeadField::Email].into()),
                    remote: extras.then(|| "12".to_owned()),
                    description: String::new(),
                })
                .collect();
            let staff = StaffMember {
                id: "ana".to_owned(),
                name: "Ana".to_owned(),
                services: Some(services.iter().map(|service| service.id.clone()).collect()),
                hours: config.business.hours.clone(),
            };
            let minutes = |count: u64| Duration::from_secs(count * 60);
            config.booking = Some(Booking {
                provider: if extras { BookingProvider::Http } else { BookingProvider::Builtin },
                url: Some("https://calendar.example".to_owned()),
                token: extras.then(|| Secret::from("s3cret".to_owned())),
                buffer: minutes(5),
                lead_time: minutes(60),
                slot: minutes(15),
                hold: minutes(15),
                reminders_min: vec![1440, 60],
                feed_token: None,
                user: extras.then(|| "ana".to_owned()),
                calendar: "primary".to_owned(),
                google: GoogleKeys {
                    service_account: None,
                    consent: extras.then(|| Consent {
                        client_id: "client".to_owned(),
                        client_secret: Secret::from("s3cret".to_owned()),
                        refresh_token: Secret::from("s3cret".to_owned()),
                    }),
                    token_url: extras.then(|| "https://tokens.example".to_owned()),
                },
                required: [LeadField::Name].into(),
                horizon_days: 30,
                services,
                staff: vec![staff],
            });
            if extras {
                let webhook_url = Secret::from("https://example.com/s3cret".to_owned());
                config.notify.slack = Some(ChatWebhook { webhook_url });
                config.handoff.notify = Some(vec![NotifyKind::Slack]);
                config.leads.hubspot_token = Some(Secret::from("s3cret".to_owned()));
                let server = |name: &str, place| McpServer {
                    name: name.to_owned(),
                    place,
                    tools: vec!["a".to_owned()],
                    timeout: Duration::from_secs(7),
                    headers: BTreeMap::new(),
                    env: BTreeMap::new(),
                };
                let secrets = BTreeMap::from([("KEY".to_owned(), Secret::from("s3cret".to_owned()))]);
                let command = McpPlace::Command(vec!["uvx".to_owned(), "a b".to_owned()]);
                config.mcp = vec![
                    McpServer { env: secrets.clone(), ..server("a", command) },
                    McpServer {
                        headers: secrets,
                        ..server("b", McpPlace::Url("https://b.example".to_owned()))
                    },
                ];
            }
            config
        },
    )
}

proptest! {
    #[test]
    fn a_tenant_survives_writing_and_reading(config in some_tenant()) {
        let shown = toml::to_string(&config).unwrap();
        prop_assert!(!shown.contains("s3cret"));
        let shown = shown
            .replace(&format!("webhook_url = \"{MASK}\""), "webhook_url = \"https://example.com/${S}\"")
            .replace(&format!("\"{MASK}\""), "\"${S}\"");
        let read = parse(&shown, Env::fixed([("S", "s3cret")]));
        prop_assert_eq!(read, Ok(config), "{}", shown);
    }
}
