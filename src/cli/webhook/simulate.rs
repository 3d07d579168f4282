//! `iass webhook simulate`: a provider's request, put together, signed and posted to the running daemon.

use std::{path::PathBuf, time::Duration};

use anyhow::Context as _;
use serde::Serialize;

use crate::{
    channel::simulate::{Content, Order, SimulateError, simulate},
    cli::{
        context::Context,
        exit::{ExitStatus, Failure},
    },
    config::tenant_file::TenantDirectory,
    domain::{conversation::ChannelKind, tenant::TenantId},
};

/// How long the daemon may take: providers wait for about as long.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Arguments of `iass webhook simulate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The channel: meta, twilio, telegram, chatwoot or voice
    #[arg(value_name = "CHANNEL", value_parser = channel)]
    channel: ChannelKind,
    /// The body to post, as JSON; for Twilio and its calls an object with the fields of its form
    #[arg(value_name = "FILE", required_unless_present = "text", conflicts_with = "text")]
    file: Option<PathBuf>,
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
    /// What the customer writes
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Who writes, as the channel calls its contacts
    #[arg(long, value_name = "CONTACT", conflicts_with = "file")]
    contact: Option<String>,
    /// Where the daemon is, such as http://127.0.0.1:8080 [config: server.listen]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

fn channel(name: &str) -> Result<ChannelKind, String> {
    ChannelKind::from_name(name).ok_or_else(|| "choose meta, twilio, telegram, chatwoot or voice".to_owned())
}

#[derive(Debug, Serialize)]
struct Answered<'a> {
    tenant: &'a TenantId,
    channel: ChannelKind,
    url: &'a str,
    status: u16,
    body: &'a str,
}

pub(super) async fn run(args: Args, context: Context) -> anyhow::Result<ExitStatus> {
    let config =
        TenantDirectory::new(&context.config.paths.tenants).load(&args.tenant, context.source.env())?;
    let content = match (args.text, &args.file) {
        (Some(text), _) => Content::Text(text),
        (None, Some(file)) => {
            let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            let body =
                serde_json::from_slice(&text).with_context(|| format!("{} is not JSON", file.display()))?;
            Content::Body(body)
        }
        (None, None) => Content::Text(String::new()),
    };
    let base = context.daemon_url(args.url.as_deref());
    let order = Order {
        tenant: &args.tenant,
        channels: &config.channels,
        public_url: context.config.server.public_url.as_deref(),
        daemon_url: &base,
        contact: args.contact.as_deref(),
    };
    let request = simulate(args.channel, &order, &content, &context.clock, &context.ids).map_err(refusal)?;
    let path = request.path.split('?').next().unwrap_or_default();
    let url = format!("{base}{path}");
    // An address of this machine is never behind a proxy.
    let http = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build()?;
    let mut post = http.post(format!("{base}{}", request.path)).body(request.body);
    for (name, value) in request.headers {
        post = post.header(name, value);
    }
    let unavailable = |error: reqwest::Error| {
        let cause = std::iter::successors(std::error::Error::source(&error), |error| error.source()).last();
        let cause = cause.map_or_else(|| "no answer".to_owned(), ToString::to_string);
        Failure::new(ExitStatus::Unavailable, format!("no daemon answers at {url}: {cause}"))
            .hint("start it with `iass serve`, or say where it is with --url")
    };
    let response = post.send().await.map_err(unavailable)?;
    let status = response.status();
    let body = response.text().await.map_err(unavailable)?;
    let output = &context.output;
    if output.is_json() {
        let (tenant, channel) = (&args.tenant, args.channel);
        output.json(&Answered { tenant, channel, url: &url, status: status.as_u16(), body: &body })?;
    } else {
        output.line(status.as_u16())?;
        if !body.is_empty() {
            output.line(&body)?;
        }
    }
    Ok(match status.as_u16() {
        200..=299 => ExitStatus::Ok,
        429 | 500..=599 => ExitStatus::TryAgain,
        _ => ExitStatus::Failure,
    })
}

fn refusal(error: SimulateError) -> Failure {
    let status = match error {
        SimulateError::NoWebhook(_) => ExitStatus::Usage,
        SimulateError::Off(_) | SimulateError::Polls => ExitStatus::BadConfiguration,
        SimulateError::Body(_) => ExitStatus::Failure,
    };
    Failure::new(status, error.to_string())
}
