//! Logs on stderr: text for people on a terminal, one JSON object per line for everything else.
//!
//! What is logged names tenants, conversations and turns by their ids. It never holds the words of a message, a
//! phone number or a key.

use std::io::IsTerminal as _;

use tracing_subscriber::{filter::LevelFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::config::daemon::{Log, LogFormat, LogLevel};

/// Starts logging. Only the first call has an effect. `least` comes from the command line and wins.
pub fn start(log: &Log, least: Option<LevelFilter>, color: bool) {
    let as_json = match log.format {
        LogFormat::Auto => !std::io::stderr().is_terminal(),
        LogFormat::Json => true,
        LogFormat::Text => false,
    };
    let level = least.unwrap_or(match log.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    });
    // The libraries talk much below `warn`, and some of it is requests with all they carry.
    let targets = tracing_subscriber::filter::Targets::new()
        .with_default(LevelFilter::WARN.min(level))
        .with_target(env!("CARGO_PKG_NAME"), level);
    let json = as_json.then(|| {
        fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_writer(std::io::stderr)
    });
    let text =
        (!as_json).then(|| fmt::layer().with_ansi(color).with_target(false).with_writer(std::io::stderr));
    // It fails when logging was started before, and then goes on as it was.
    drop(tracing_subscriber::registry().with(targets).with(json).with(text).try_init());
}
