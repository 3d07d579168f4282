//! The links that lead a customer into the chat, and their QR codes: `wa.me` and `t.me`
//! (<https://faq.whatsapp.com/5913398998672934>, <https://core.telegram.org/api/links#public-username-links>).

use std::{io::BufWriter, path::Path};

use anyhow::Context as _;
use fast_qr::{ECL, QRBuilder, QRCode};
use serde::Serialize;
use url::Url;

use crate::{
    channel::{
        check::{display_phone, username},
        http_client,
    },
    cli::{
        context::Context,
        exit::{ExitStatus, Failure},
    },
    config::tenant::TenantConfig,
    domain::{campaign::Campaign, conversation::ChannelKind},
    prompts::{Facts, Prompts, Text},
};

/// What a link leads to.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct LinkArgs {
    /// What the customer finds already written behind the WhatsApp links
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// The campaign of the links, kept as the source of the conversations that come by them
    #[arg(long, value_name = "NAME")]
    campaign: Option<Campaign>,
    /// Write the QR code of the first link, or of the --channel, as a PNG
    #[arg(long, value_name = "FILE.png")]
    qr: Option<std::path::PathBuf>,
    /// Only the link of this channel: meta, twilio or telegram
    #[arg(long, value_name = "CHANNEL", value_parser = channel)]
    channel: Option<ChannelKind>,
}

fn channel(name: &str) -> Result<ChannelKind, String> {
    let known = [ChannelKind::Meta, ChannelKind::Twilio, ChannelKind::Telegram];
    let found = ChannelKind::from_name(name).filter(|kind| known.contains(kind));
    found.ok_or_else(|| "choose meta, twilio or telegram".to_owned())
}

/// A way into the chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Link {
    /// The channel.
    pub(super) channel: ChannelKind,
    /// The address.
    pub(super) url: String,
}

/// The links of a tenant. What is not configured is asked of the provider; what it does not tell is warned about.
pub(super) async fn find(
    args: &LinkArgs,
    config: &TenantConfig,
    context: &Context,
) -> anyhow::Result<Vec<Link>> {
    let http = http_client()?;
    let is_wanted = |kind| args.channel.is_none_or(|wanted| wanted == kind);
    let text = prepared(args, config)?;
    let mut links = Vec::new();
    if let Some(meta) = config.channels.meta.as_ref().filter(|_| is_wanted(ChannelKind::Meta)) {
        for (id, phone) in meta.all_numbers() {
            let phone = match phone {
                Some(phone) => Ok(phone.to_owned()),
                None => display_phone(&http, meta, id).await,
            };
            match phone {
                Ok(phone) => links.push(whatsapp(ChannelKind::Meta, &phone, &text)?),
                Err(why) => context.output.warn(format_args!(
                    "no link for the number {id}, because Meta does not tell it ({why}); set `phone` beside its id"
                )),
            }
        }
    }
    if let Some(twilio) = config.channels.twilio.as_ref().filter(|_| is_wanted(ChannelKind::Twilio))
        && let Some(phone) = twilio.from.strip_prefix("whatsapp:")
    {
        links.push(whatsapp(ChannelKind::Twilio, phone, &text)?);
    }
    if let Some(telegram) = config.channels.telegram.as_ref().filter(|_| is_wanted(ChannelKind::Telegram)) {
        match username(&http, telegram).await {
            Ok(name) => links.push(bot(&name, args.campaign.as_ref())?),
            Err(why) => context
                .output
                .warn(format_args!("no link for the bot, because Telegram does not tell its name ({why})")),
        }
    }
    Ok(links)
}

/// Shows the QR codes on stderr, and writes the picture that was asked for.
pub(super) fn draw(args: &LinkArgs, links: &[Link], context: &Context) -> anyhow::Result<()> {
    if let Some(file) = &args.qr {
        let Some(link) = links.first() else {
            let failure = Failure::new(ExitStatus::NothingFound, "there is no link to draw");
            return Err(failure.hint("configure meta, twilio or telegram in [channels]").into());
        };
        write_png(&code(&link.url)?, file).with_context(|| format!("cannot write {}", file.display()))?;
        context.output.note(format_args!("{}: {}", file.display(), link.url));
    }
    if context.output.is_json() || args.qr.is_some() {
        return Ok(());
    }
    for link in links {
        context.output.note(format_args!("\n{}\n{}", link.url, in_blocks(&code(&link.url)?)));
    }
    Ok(())
}

/// What stands in the customer's field: the text that was given, else a greeting, with the campaign's mark.
fn prepared(args: &LinkArgs, config: &TenantConfig) -> anyhow::Result<String> {
    let text = match (&args.text, &args.campaign) {
        (Some(text), _) => text.clone(),
        (None, None) => String::new(),
        // A mark alone would not be a message.
        (None, Some(_)) => {
            Prompts::load(None, None)?.text(Text::LinkText, config.language, &Facts::default())
        }
    };
    Ok(args.campaign.as_ref().map_or_else(|| text.clone(), |campaign| campaign.mark(&text)))
}

fn whatsapp(channel: ChannelKind, phone: &str, text: &str) -> anyhow::Result<Link> {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let mut url = Url::parse(&format!("https://wa.me/{digits}"))?;
    if !text.is_empty() {
        // WhatsApp shows a plus as it is, so spaces are written in full.
        let text =
            url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
        url.set_query(Some(&format!("text={text}")));
    }
    Ok(Link { channel, url: url.into() })
}

fn bot(username: &str, campaign: Option<&Campaign>) -> anyhow::Result<Link> {
    let mut url = Url::parse(&format!("https://t.me/{username}"))?;
    if let Some(campaign) = campaign {
        url.set_query(Some(&format!("start={campaign}")));
    }
    Ok(Link { channel: ChannelKind::Telegram, url: url.into() })
}

/// The light border that readers need around a code, in modules (ISO/IEC 18004).
const QUIET: usize = 4;

/// The width of a module in a picture, in pixels: a code is some 4 cm wide in print.
const PIXELS: usize = 12;

fn code(url: &str) -> anyhow::Result<QRCode> {
    let code = QRBuilder::new(url).ecl(ECL::M).build();
    code.map_err(|_| {
        Failure::new(ExitStatus::Failure, "the link is too long for a QR code; shorten the text").into()
    })
}

/// Whether a place is dark, counted from the corner of the border.
fn is_dark(code: &QRCode, x: usize, y: usize) -> bool {
    let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < code.size);
    match (inside(x), inside(y)) {
        (Some(x), Some(y)) => code.data.get(y * code.size + x).is_some_and(|module| module.value()),
        _ => false,
    }
}

/// The code in half blocks, two rows a line: what is light is drawn, as terminals are dark.
fn in_blocks(code: &QRCode) -> String {
    let size = code.size + 2 * QUIET;
    let mut text = String::new();
    for y in (0..size).step_by(2) {
        for x in 0..size {
            let lower_is_dark = y + 1 >= size || is_dark(code, x, y + 1);
            text.push(match (is_dark(code, x, y), lower_is_dark) {
                (false, false) => '█',
                (false, true) => '▀',
                (true, false) => '▄',
                (true, true) => ' ',
            });
        }
        text.push('\n');
    }
    text
}

fn write_png(code: &QRCode, file: &Path) -> anyhow::Result<()> {
    let size = (code.size + 2 * QUIET) * PIXELS;
    let side = u32::try_from(size)?;
    let mut encoder = png::Encoder::new(BufWriter::new(std::fs::File::create(file)?), side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let light = |x: usize, y: usize| if is_dark(code, x / PIXELS, y / PIXELS) { 0 } else { 255 };
    let pixels: Vec<u8> = (0..size).flat_map(|y| (0..size).map(move |x| light(x, y))).collect();
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    Ok(writer.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_carries_its_text_and_its_campaign() {
        let link = whatsapp(ChannelKind::Meta, "+57 300 111-2233", "Hola, ¿qué tal? [feria-2026]").unwrap();
        assert_eq!(
            link.url,
            "https://wa.me/573001112233?text=Hola%2C%20%C2%BFqu%C3%A9%20tal%3F%20%5Bferia-2026%5D"
        );
        assert_eq!(
            whatsapp(ChannelKind::Twilio, "+14155238886", "").unwrap().url,
            "https://wa.me/14155238886"
        );
        let campaign = Campaign::parse("feria-2026").unwrap();
        assert_eq!(bot("acme_bot", Some(&campaign)).unwrap().url, "https://t.me/acme_bot?start=feria-2026");
        assert_eq!(bot("acme_bot", None).unwrap().url, "https://t.me/acme_bot");
    }

    #[test]
    fn a_code_has_its_corners_and_a_light_border() {
        let code = code("https://wa.me/573001112233").unwrap();
        assert!((0..code.size + 8).all(|at| !is_dark(&code, at, 3) && !is_dark(&code, 3, at)));
        // The finder pattern in the upper left corner: a dark ring of seven modules around a light one.
        let row = |y: usize| (4..11).map(|x| is_dark(&code, x, y)).collect::<Vec<_>>();
        assert_eq!(row(4), [true; 7]);
        assert_eq!(row(5), [true, false, false, false, false, false, true]);
        let blocks = in_blocks(&code);
        assert_eq!(blocks.lines().count(), (code.size + 8).div_ceil(2));
        assert!(blocks.lines().next().unwrap().chars().all(|c| c == '█'));
    }
}
