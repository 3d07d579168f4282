//! Tests of the configuration as a whole, and what the tests of its parts share.

use std::{collections::BTreeSet, time::Duration};

use proptest::prelude::*;

use super::{
    daemon::{EmbeddingModel, LogFormat, LogLevel, OnUnknown},
    llm::{LlmKey, MediaModel, Provider, prices::Prices},
    secret::{MASK, Secret},
    *,
};
use crate::domain::{
    cost::{Cost, Price},
    money::Currency,
};

/// What every variable of an example is set to; an address, since some of them are.
const VALUE: &str = "https://example.com/s3cret";

/// Settings that exclude another one which an example has too.
const INSTEAD: [&str; 1] = ["service_account"];

/// Switches on the settings that are off in an example, but for the `*_file` ones and those [`INSTEAD`] of others, and sets
/// every variable.
pub(super) fn switch_on(text: &str) -> (String, Env) {
    let stays_off = |line: &&str| {
        let key = line.split('=').next().unwrap_or_default().trim();
        key.ends_with("_file") || INSTEAD.contains(&key)
    };
    let on = uncomment(text).lines().filter(|line| !stays_off(line)).collect::<Vec<_>>().join("\n");
    let names = on.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    let variables: Vec<_> = names.map(|name| (name, VALUE)).collect();
    let env = variables.into_iter().fold(Env::default(), |env, (name, value)| env.with(name, value));
    (on, env)
}

fn uncomment(text: &str) -> String {
    let setting = |line: &str| {
        line.strip_prefix('#').filter(|rest| !rest.is_empty() && !rest.starts_with(' ')).map(str::to_owned)
    };
    text.lines().map(|line| setting(line).unwrap_or_else(|| line.to_owned())).collect::<Vec<_>>().join("\n")
}

/// Asserts that an example has every known key, on or off.
pub(super) fn assert_mentions_all(example: &str, known: &BTreeSet<String>) {
    fn keys(table: &toml::Table, path: &str, found: &mut BTreeSet<String>) {
        for (key, value) in table {
            let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            match value {
                toml::Value::Table(inner) => keys(inner, &full, found),
                toml::Value::Array(items) => {
                    items
                        .iter()
                        .filter_map(|item| item.as_table())
                        .for_each(|inner| keys(inner, &full, found));
                }
                _ => {}
            }
            found.insert(full);
        }
    }
    let mut found = BTreeSet::new();
    keys(&uncomment(example).parse().unwrap(), "", &mut found);
    let missing: Vec<_> = known.difference(&found).collect();
    assert!(missing.is_empty(), "the example does not mention {missing:?}");
}

fn source(env: Env) -> ConfigSource {
    ConfigSource::new(Some("chatbot.toml".into()), env)
}

fn parse(text: &str, env: Env) -> Result<Config, String> {
    Config::parse(text, &source(env)).map_err(|errors| errors.to_string())
}

fn example() -> &'static str {
    include_str!("../../chatbot.example.toml")
}

#[test]
fn the_example_is_the_defaults() {
    assert_eq!(parse(example(), Env::default()), parse("", Env::default()));
}

#[test]
fn the_example_mentions_every_key_and_is_right_with_everything_switched_on() {
    let (on, env) = switch_on(example());
    let (config, known) = Config::parse_and_list(&on, &source(env)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.llm.keys.len(), 2);
    assert_eq!(config.llm.keys[0].api_key.as_ref().map(Secret::expose), Some(VALUE));
    assert_eq!(config.backup.every, Some(Duration::from_hours(24)));
    assert_mentions_all(example(), &known);
}

#[test]
fn the_contract_written_compactly_is_right() {
    let text = r#"
        [server]
        listen = "0.0.0.0:9000"
        [[llm.keys]]
        id = "key_a"
        base_url = "https://api.deepseek.com/v1/"
        api_key = "${DEEPSEEK_KEY_A}"
        model = "deepseek-chat"
        [llm]
        timeout_s = 20
    "#;
    let config = parse(text, Env::fixed([("DEEPSEEK_KEY_A", "sk-1")])).unwrap();
    assert_eq!(config.server.listen.to_string(), "0.0.0.0:9000");
    assert_eq!(config.llm.timeout, Duration::from_secs(20));
    let key = &config.llm.keys[0];
    assert_eq!(
        (key.base_url.as_str(), key.tier, key.max_conversations),
        ("https://api.deepseek.com/v1", 1, 15)
    );
    assert_eq!(key.api_key.as_ref().map(Secret::expose), Some("sk-1"));
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once_with_their_places() {
    let text = r#"
[server]
lisen = "127.0.0.1:80"
listen = "localhost"
trusted_proxies = ["10.0.0.0/8", "proxy"]

[[llm.keys]]
id = "a"
base_url = "api.example.com"
api_key = "${NOT_SET}"
model = "m"
tier = 0

[[llm.keys]]
id = "a"
base_url = "https://api.example.com"

[llm.speech]
key = "c"
model = 5

[worker]
turn_deadline_s = 60
lease_s = 30

[logs]
level = "info"
"#;
    insta::assert_snapshot!(parse(text, Env::default()).unwrap_err(), @r#"
12 problems in the configuration
  chatbot.toml:3:1: unknown key `server.lisen`; did you mean `listen`?
  chatbot.toml:4:10: `server.listen` must be an IP address and a port such as 127.0.0.1:8080 or [::1]:8080, not "localhost"
  chatbot.toml:5:34: `server.trusted_proxies[1]` must be an IP address or a network such as 10.0.0.0/8, not "proxy"
  chatbot.toml:9:12: `llm.keys.base_url` must be an address that begins with https:// or http://
  chatbot.toml:10:11: `llm.keys.api_key` names NOT_SET, which is not set; export it or use `api_key_file`
  chatbot.toml:12:8: `llm.keys.tier` must be a whole number from 1 to 9, not the number 0
  chatbot.toml:14:1: `llm.keys.model` is missing
  chatbot.toml:15:6: `llm.keys.id` is "a" a second time; each needs its own
  chatbot.toml:19:7: `llm.speech.key` is "c", which is not the id of one of [[llm.keys]]; there are: a
  chatbot.toml:20:9: `llm.speech.model` must be text in quotes, not the number 5
  chatbot.toml:24:11: `worker.lease_s` must be more than `worker.turn_deadline_s`, or a turn could run twice
  chatbot.toml:26:2: unknown key `logs`; did you mean `log`?
"#);
}

#[test]
fn every_syntax_error_has_its_place() {
    let text = "[server]\nlisten = \"127.0.0.1:80\"\nx = = 1\n\n[paths\n";
    insta::assert_snapshot!(parse(text, Env::default()).unwrap_err(), @r"
3 problems in the configuration
  chatbot.toml:3:5: not TOML: extra `=`, expected nothing
  chatbot.toml:3:7: not TOML: unexpected key or value, expected newline, `#`
  chatbot.toml:5:7: not TOML: unclosed table, expected `]`
");
}

#[test]
fn a_variable_wins_over_the_file_and_a_flag_over_both() {
    let env = Env::fixed([
        ("IASS_SERVER_LISTEN", "127.0.0.1:1"),
        ("IASS_LLM_TIMEOUT_S", "7"),
        ("IASS_LLM_TEMPERATURE", "1.5"),
        ("IASS_SERVER_TRUSTED_PROXIES", "10.0.0.1, 192.168.0.0/16"),
        ("IASS_DATA_DIR", "from-variable"),
        ("IASS_TENANTS_DIR", "tenants-from-variable"),
        ("HF_ENDPOINT", "http://127.0.0.1:9/"),
    ]);
    let text =
        "[server]\nlisten = \"127.0.0.1:2\"\n[paths]\ndata = \"from-file\"\nknowledge = \"from-file\"\n";
    let source = ConfigSource::new(Some("etc/chatbot.toml".into()), env).with_override(
        "paths.data",
        "--data-dir",
        Some("from-flag".into()),
    );
    let config = Config::parse(text, &source).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:1");
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(config.llm.timeout, Duration::from_secs(7));
    assert_eq!(config.llm.temperature.to_string(), "1.5");
    assert_eq!(config.embeddings.hf_endpoint, "http://127.0.0.1:9");
    // Those of flags and variables are relative to the current folder, those of the file to the file's.
    assert_eq!(config.paths.data, Path::new("from-flag"));
    assert_eq!(config.paths.tenants, Path::new("tenants-from-variable"));
    assert_eq!(config.paths.knowledge, Path::new("etc/from-file"));
    assert_eq!(config.paths.prompts, Path::new("etc/prompts"));
}

#[test]
fn a_wrong_variable_is_named() {
    let error = parse("", Env::fixed([("IASS_SERVER_LISTEN", "nowhere"), ("IASS_LLM_ALERT_PCT", "200")]));
    insta::assert_snapshot!(error.unwrap_err(), @r#"
2 problems in the configuration
  environment variable IASS_SERVER_LISTEN: `server.listen` must be an IP address and a port such as 127.0.0.1:8080 or [::1]:8080, not "nowhere"
  environment variable IASS_LLM_ALERT_PCT: `llm.alert_pct` must be a whole number from 1 to 100, not "200"
"#);
}

#[test]
fn a_variable_that_sets_nothing_is_a_warning() {
    let config = parse("", Env::fixed([("IASS_SERVER_LISTN", "x"), ("IASS_ADMIN_TOKEN", "t")])).unwrap();
    assert_eq!(
        config.warnings,
        ["the environment variable IASS_SERVER_LISTN sets nothing; did you mean IASS_SERVER_LISTEN?"]
    );
    assert_eq!(config.admin_token.map(|token| token.expose().to_owned()).as_deref(), Some("t"));
}

#[test]
fn secrets_are_never_shown() {
    let (on, env) = switch_on(example());
    let config = Config::parse(&on, &source(env)).unwrap();
    for shown in
        [format!("{config:?}"), serde_json::to_string(&config).unwrap(), toml::to_string(&config).unwrap()]
    {
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(shown.contains(MASK), "{shown}");
    }
}

#[test]
fn a_secret_can_be_in_a_file_beside_the_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let load = |text: &str| {
        let file = dir.path().join("chatbot.toml");
        std::fs::write(&file, text).unwrap();
        Config::load(&ConfigSource::new(Some(file), Env::default()))
            .map_err(|errors| errors.to_string().replace(&*dir.path().to_string_lossy(), "DIR"))
    };
    std::fs::write(dir.path().join("hook"), "https://example.com/hook\n").unwrap();
    std::fs::write(dir.path().join("empty"), "\n").unwrap();
    let config = load("[alerts]\nwebhook_url_file = \"hook\"\n").unwrap();
    assert_eq!(config.alerts.webhook_url.unwrap().expose(), "https://example.com/hook");
    insta::assert_snapshot!(load("[alerts]\nwebhook_url_file = \"gone\"\n").unwrap_err(), @"DIR/chatbot.toml:2:20: `alerts.webhook_url_file` names DIR/gone, which does not exist");
    insta::assert_snapshot!(load("[alerts]\nwebhook_url_file = \"empty\"\n").unwrap_err(), @"DIR/chatbot.toml:2:20: `alerts.webhook_url_file` names DIR/empty, which is empty");
    insta::assert_snapshot!(
        load("[alerts]\nwebhook_url = \"https://x.example\"\nwebhook_url_file = \"hook\"\n").unwrap_err(),
        @"DIR/chatbot.toml:3:20: `alerts.webhook_url` and `alerts.webhook_url_file` are both set: remove one"
    );
}

#[test]
fn a_dollar_can_be_written_plainly() {
    let key = |value: &str| {
        let text = format!(
            "[[llm.keys]]\nid = \"a\"\nbase_url = \"http://localhost\"\nmodel = \"m\"\napi_key = \"{value}\"\n"
        );
        let config = parse(&text, Env::fixed([("A", "1"), ("B", "2"), ("EMPTY", "")]))?;
        Ok::<_, String>(config.llm.keys[0].api_key.as_ref().unwrap().expose().to_owned())
    };
    assert_eq!(key("x${A}${B}y").as_deref(), Ok("x12y"));
    assert_eq!(key("$${A}$A$").as_deref(), Ok("${A}$A$"));
    for bad in ["${A", "${}", "${1A}", "${A B}", "${EMPTY}", ""] {
        assert!(key(bad).is_err(), "{bad:?} was accepted");
    }
}

#[test]
fn a_file_that_is_too_large_missing_or_not_text_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let load = |name: &str| {
        Config::load(&ConfigSource::new(Some(dir.path().join(name)), Env::default())).unwrap_err().to_string()
    };
    std::fs::write(dir.path().join("large"), "#".repeat((1 << 20) + 1)).unwrap();
    std::fs::write(dir.path().join("latin"), b"# a\xf1o\n").unwrap();
    assert!(load("large").ends_with("the file is larger than 1024 kB"), "{}", load("large"));
    assert!(load("missing").ends_with("the file does not exist"), "{}", load("missing"));
    assert!(load("latin").contains("is not UTF-8 text (byte 4)"), "{}", load("latin"));
}

#[test]
fn only_some_changes_need_a_restart() {
    let old = parse("", Env::default()).unwrap();
    let new = |text: &str| parse(text, Env::default()).unwrap().needs_restart(&old);
    assert!(new("[llm]\ntimeout_s = 5\n[worker]\nburst_quiet_ms = 1\n").is_empty());
    assert_eq!(
        new("[server]\nlisten = \"127.0.0.1:0\"\n[paths]\ndata = \"d\"\n"),
        ["server.listen", "paths"]
    );
    assert_eq!(new("[embeddings]\nmodel = \"multilingual-e5-small\"\n"), ["embeddings"]);
}

#[test]
fn deep_nesting_is_an_error_and_no_crash() {
    let text = format!("x = {}{}", "[".repeat(20_000), "]".repeat(20_000));
    assert!(parse(&text, Env::default()).is_err());
}

fn some_path() -> impl Strategy<Value = PathBuf> {
    "[a-z\"\\\\ ñ]{1,8}(/[a-z]{1,5})?".prop_map(PathBuf::from)
}

fn whole_seconds(least: u64, most: u64) -> impl Strategy<Value = Duration> {
    (least..=most).prop_map(Duration::from_secs)
}

fn some_llm() -> impl Strategy<Value = Llm> {
    let key = (
        "[a-z0-9._-]{1,12}",
        "[a-z]{1,9}",
        any::<bool>(),
        "\\PC{1,12}",
        1..=9_u8,
        1..=10_000_u32,
        1..=1_000_000_u32,
    )
        .prop_map(|(id, host, has_key, model, tier, max_conversations, requests_per_minute)| LlmKey {
            id,
            base_url: format!("https://{host}.example/v1"),
            provider: if has_key { Provider::Anthropic } else { Provider::OpenAi },
            api_key: has_key.then(|| Secret::from(VALUE.to_owned())),
            model: model.replace("${", ""),
            tier,
            max_conversations,
            requests_per_minute,
        });
    let numbers = (whole_seconds(1, 600), whole_seconds(0, 120), 1..=100_u8, whole_seconds(0, 86_400));
    let sampling = (0.0..=2.0_f64, 16..=32_768_u32);
    (proptest::collection::vec(key, 0..4), numbers, sampling, any::<bool>()).prop_map(
        |(
            mut keys,
            (timeout, wait_for_key, alert_pct, alert_after),
            (temperature, max_output_tokens),
            media,
        )| {
            keys.sort_by(|a, b| a.id.cmp(&b.id));
            keys.dedup_by(|a, b| a.id == b.id);
            let media = keys
                .first()
                .filter(|_| media)
                .map(|key| MediaModel { key: key.id.clone(), model: "whisper \"1\"".to_owned() });
            Llm {
                timeout,
                wait_for_key,
                conversation_idle: alert_after.max(Duration::from_secs(10)),
                alert_pct,
                alert_after,
                temperature,
                max_output_tokens,
                prices: Prices {
                    currency: Currency::parse("EUR").ok(),
                    models: keys
                        .iter()
                        .map(|key: &LlmKey| {
                            let price = Price {
                                input: Cost::from_nanos(i64::from(key.requests_per_minute)),
                                output: Cost::from_main(1.1),
                                ..Price::default()
                            };
                            (key.model.clone(), price)
                        })
                        .collect(),
                },
                keys,
                speech: media.clone(),
                vision: media,
            }
        },
    )
}

fn some_config() -> impl Strategy<Value = Config> {
    let paths = (some_path(), some_path(), some_path(), some_path(), some_path(), some_path());
    let server = (
        any::<std::net::SocketAddr>(),
        any::<bool>(),
        proptest::collection::vec(any::<std::net::IpAddr>(), 0..3),
    );
    let choices = (0..5_usize, 0..3_usize, any::<bool>(), any::<bool>(), any::<bool>());
    let numbers = (0..=30_000_u64, 0..=90_000_u64, 1..=600_u64, 1..=900_u64, 1..=1000_u32);
    (some_llm(), paths, server, choices, numbers).prop_map(
        |(llm, paths, (listen, has_url, proxies), (level, format, hold, has_backup, has_alerts), numbers)| {
            let defaults = Config::parse("", &ConfigSource::new(Some("x".into()), Env::default())).unwrap();
            let (quiet, extra, deadline, lease_more, keep) = numbers;
            Config {
                server: Server {
                    listen: without_scope(listen),
                    public_url: has_url.then(|| "https://bot.example".to_owned()),
                    trusted_proxies: proxies.into_iter().map(Into::into).collect(),
                    ..defaults.server
                },
                paths: Paths { data: paths.0, tenants: paths.1, prompts: paths.2, knowledge: paths.3 },
                llm,
                embeddings: Embeddings {
                    model: [
                        EmbeddingModel::BuiltIn,
                        EmbeddingModel::Named("multilingual-e5-small".to_owned()),
                        EmbeddingModel::Folder("./onnx model".into()),
                    ][format]
                        .clone(),
                    models: paths.4,
                    ..defaults.embeddings
                },
                worker: Worker {
                    burst_quiet: Duration::from_millis(quiet),
                    max_burst: Duration::from_millis(quiet + extra),
                    turn_deadline: Duration::from_secs(deadline),
                    lease: Duration::from_secs(deadline + lease_more),
                    ..defaults.worker
                },
                outbox: Outbox {
                    on_unknown: if hold { OnUnknown::Hold } else { OnUnknown::Resend },
                    ..defaults.outbox
                },
                alerts: Alerts {
                    webhook_url: has_alerts.then(|| Secret::from(VALUE.to_owned())),
                    ..defaults.alerts
                },
                backup: Backup {
                    every: has_backup.then(|| Duration::from_secs(u64::from(keep) * 3600)),
                    keep,
                    dir: paths.5,
                },
                log: Log {
                    level: [
                        LogLevel::Error,
                        LogLevel::Warn,
                        LogLevel::Info,
                        LogLevel::Debug,
                        LogLevel::Trace,
                    ][level],
                    format: [LogFormat::Auto, LogFormat::Json, LogFormat::Text][format],
                },
                ..defaults
            }
        },
    )
}

/// An IPv6 scope is a number of this machine; it has no place in a configuration.
fn without_scope(address: std::net::SocketAddr) -> std::net::SocketAddr {
    (address.ip(), address.port()).into()
}

proptest! {
    #[test]
    fn a_configuration_survives_writing_and_reading(config in some_config()) {
        let shown = toml::to_string(&config).unwrap().replace(&format!("\"{MASK}\""), "\"${S}\"");
        let read = parse(&shown, Env::fixed([("S", VALUE)]));
        prop_assert_eq!(read, Ok(config), "{}", shown);
    }

    #[test]
    fn no_text_crashes_the_reader(text in "\\PC{0,200}|(\\[?[a-z.]{1,9}\\]? ?=? ?[\"'\\[{0-9a-z\n]{0,6}\n){0,12}") {
        let (first, second) = (parse(&text, Env::default()), parse(&text, Env::default()));
        prop_assert_eq!(first, second);
    }
}
