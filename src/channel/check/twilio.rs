//! The account at Twilio and where its numbers post: <https://www.twilio.com/docs/iam/api/account>,
//! <https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource>,
//! <https://www.twilio.com/docs/whatsapp/api/senders>, <https://www.twilio.com/docs/messaging/api/service-resource>.

use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use url::form_urlencoded::byte_serialize;

use super::{Asked, Finding, Verdict, ask, silent};
use crate::{
    config::tenant::channels::{Twilio, Voice},
    domain::conversation::ChannelKind,
};

const TWILIO: ChannelKind = ChannelKind::Twilio;
const VOICE: ChannelKind = ChannelKind::Voice;

/// The host of the interface for messages, beside that for everything else.
const HOSTS: (&str, &str) = ("https://api.twilio.com", "https://messaging.twilio.com");

/// How many numbers or senders are looked at: what is said of each may have 3 kB.
const PAGE: usize = 20;
const MANY: &str = "the account has more numbers than are looked at";

/// The page of the console for WhatsApp's senders, for the sandbox and for numbers.
const SENDERS: &str =
    "console.twilio.com > Messaging > Senders > WhatsApp senders > the number > Webhook URL";
const SANDBOX: &str =
    "console.twilio.com > Messaging > Try it out > WhatsApp > Sandbox settings > When a message comes in";
const NUMBERS: &str = "console.twilio.com > Phone Numbers > Active numbers > the number";

#[derive(Deserialize)]
struct Account {
    #[serde(default)]
    status: String,
    friendly_name: Option<String>,
}

#[derive(Deserialize)]
struct Numbers {
    #[serde(default)]
    incoming_phone_numbers: Vec<Number>,
}

#[derive(Deserialize)]
struct Number {
    #[serde(default, rename = "phone_number")]
    name: String,
    sms_url: Option<String>,
    sms_method: Option<String>,
    voice_url: Option<String>,
    voice_method: Option<String>,
}

#[derive(Deserialize)]
struct Senders {
    #[serde(default)]
    senders: Vec<Sender>,
}

#[derive(Deserialize)]
struct Sender {
    #[serde(default, rename = "sender_id")]
    name: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    webhook: SenderWebhook,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SenderWebhook {
    callback_url: Option<String>,
    callback_method: Option<String>,
}

#[derive(Deserialize)]
struct Service {
    inbound_request_url: Option<String>,
    inbound_method: Option<String>,
    use_inbound_webhook_on_number: Option<bool>,
}

/// Checks the account, and where messages to `from` are posted.
pub(super) async fn check(http: &Client, config: &Twilio, places: &[String], findings: &mut Vec<Finding>) {
    let found = account(http, config).await;
    let may_ask = found.verdict == Verdict::Ok;
    findings.push(found);
    let Some(place) = places.first().filter(|_| may_ask) else { return };
    findings.push(match config.from.as_str() {
        from if from.starts_with("whatsapp:") => of_sender(http, config, from, places, place).await,
        from if from.starts_with("MG") => of_service(http, config, from, places, place).await,
        from => of_number(http, config, from, places, place).await,
    });
}

/// Checks where calls are posted, as far as the account of the text messages is that of the calls.
pub(super) async fn check_voice(
    http: &Client,
    voice: &Voice,
    messages: Option<&Twilio>,
    place: Option<&str>,
    findings: &mut Vec<Finding>,
) {
    let Some(place) = place else { return };
    let by_hand =
        format!("compare by hand: {NUMBERS} > Voice > A call comes in: Webhook, {place}, HTTP POST");
    let account = messages.filter(|twilio| twilio.auth_token.expose() == voice.auth_token.expose());
    let Some(account) = account else {
        let message = "the account of the calls is not known: [channels.voice] has its token only";
        findings.push(Finding::new(VOICE, "webhook", Verdict::Skipped, message).fix(by_hand));
        return;
    };
    let path = format!("IncomingPhoneNumbers.json?PageSize={PAGE}");
    findings.push(match ask::<Numbers>(get(http, account, &path)).await {
        Asked::Said(Numbers { incoming_phone_numbers: numbers }) => {
            match numbers.iter().find(|number| number.voice_url.as_deref() == Some(place)) {
                Some(number) => {
                    let (name, method) = (&number.name, number.voice_method.as_deref());
                    posts(VOICE, name, Some(place), method, &[place.to_owned()], &by_hand)
                }
                None if numbers.len() >= PAGE => unread(VOICE, MANY, &by_hand),
                None => {
                    let message = format!("no number of the account sends its calls to {place}");
                    Finding::new(VOICE, "webhook", Verdict::Wrong, message)
                        .fix(format!("set {NUMBERS} > Voice > A call comes in: Webhook, {place}, HTTP POST"))
                }
            }
        }
        Asked::Refused(status, _) => unread(VOICE, &format!("answered {}", status.as_u16()), &by_hand),
        Asked::Silent(why) => unread(VOICE, &why, &by_hand),
    });
}

async fn account(http: &Client, config: &Twilio) -> Finding {
    let url = format!("{}/2010-04-01/Accounts/{}.json", config.api_base, config.account_sid);
    match ask::<Account>(signed(http, config, &url)).await {
        Asked::Said(account) if account.status == "active" => {
            let name = account.friendly_name.unwrap_or_default();
            Finding::new(TWILIO, "credentials", Verdict::Ok, format!("the account {name:?} is active"))
        }
        Asked::Said(account) => {
            let message = format!("the account is {}", account.status);
            Finding::new(TWILIO, "credentials", Verdict::Wrong, message)
                .fix("open the Twilio console: a closed or suspended account neither sends nor receives")
        }
        Asked::Refused(status, _) => {
            let message = format!("Twilio refuses the account and its token ({})", status.as_u16());
            Finding::new(TWILIO, "credentials", Verdict::Wrong, message)
                .fix("copy account_sid and auth_token from the Twilio console again")
        }
        Asked::Silent(why) => silent(TWILIO, "credentials", &why),
    }
}

/// Where WhatsApp messages to a number are posted.
async fn of_sender(http: &Client, config: &Twilio, from: &str, places: &[String], place: &str) -> Finding {
    let by_hand = format!("compare by hand: {SENDERS} (or {SANDBOX}): {place}, HTTP POST");
    let url = format!("{}/v2/Channels/Senders?Channel=whatsapp&PageSize={PAGE}", messaging(config));
    let senders = match ask::<Senders>(signed(http, config, &url)).await {
        Asked::Said(answer) => answer.senders,
        Asked::Refused(status, _) => {
            return unread(TWILIO, &format!("answered {}", status.as_u16()), &by_hand);
        }
        Asked::Silent(why) => return unread(TWILIO, &why, &by_hand),
    };
    let is_whole = senders.len() < PAGE;
    let Some(sender) = senders.into_iter().find(|sender| sender.name == from) else {
        if !is_whole {
            return unread(TWILIO, MANY, &by_hand);
        }
        let message =
            format!("{from} is not among the WhatsApp senders of the account, so it is the sandbox or wrong");
        return Finding::new(TWILIO, "webhook", Verdict::Warning, message)
            .fix(format!("with the sandbox set {SANDBOX}: {place}, HTTP POST; else set `from` to a sender"));
    };
    if !sender.status.starts_with("ONLINE") {
        let message = format!("the WhatsApp sender {from} is {}", sender.status);
        return Finding::new(TWILIO, "webhook", Verdict::Wrong, message)
            .fix("open it in the Twilio console and finish its registration");
    }
    let SenderWebhook { callback_url, callback_method } = sender.webhook;
    let how = format!("set {SENDERS}: {place}, HTTP POST");
    posts(TWILIO, from, callback_url.as_deref(), callback_method.as_deref(), places, &how)
}

/// Where the numbers of a messaging service post.
async fn of_service(http: &Client, config: &Twilio, from: &str, places: &[String], place: &str) -> Finding {
    let how = format!(
        "console.twilio.com > Messaging > Services > {from} > Integration > Send a webhook: {place}, HTTP POST"
    );
    let by_hand = format!("compare by hand: {how}");
    let url = format!("{}/v1/Services/{from}", messaging(config));
    match ask::<Service>(signed(http, config, &url)).await {
        Asked::Said(service) if service.use_inbound_webhook_on_number == Some(true) => {
            let message = format!("each number of the service {from} posts where it is set to");
            Finding::new(TWILIO, "webhook", Verdict::Skipped, message).fix(format!(
                "compare by hand for each: {NUMBERS} > Messaging > A message comes in: {place}, HTTP POST"
            ))
        }
        Asked::Said(service) => {
            let (url, method) = (service.inbound_request_url, service.inbound_method);
            posts(TWILIO, from, url.as_deref(), method.as_deref(), places, &format!("set {how}"))
        }
        Asked::Refused(status, _) if status == reqwest::StatusCode::NOT_FOUND => Finding::new(
            TWILIO,
            "webhook",
            Verdict::Wrong,
            format!("the account has no messaging service {from}"),
        )
        .fix("set `from` to a service or number of this account"),
        Asked::Refused(status, _) => unread(TWILIO, &format!("answered {}", status.as_u16()), &by_hand),
        Asked::Silent(why) => unread(TWILIO, &why, &by_hand),
    }
}

/// Where text messages to a number are posted.
async fn of_number(http: &Client, config: &Twilio, from: &str, places: &[String], place: &str) -> Finding {
    let how = format!("{NUMBERS} > Messaging > A message comes in: Webhook, {place}, HTTP POST");
    let by_hand = format!("compare by hand: {how}");
    let encoded: String = byte_serialize(from.as_bytes()).collect();
    let path = format!("IncomingPhoneNumbers.json?PhoneNumber={encoded}");
    match ask::<Numbers>(get(http, config, &path)).await {
        Asked::Said(numbers) => {
            let number = numbers.incoming_phone_numbers.into_iter().find(|number| number.name == from);
            let Some(number) = number else {
                let message = format!("{from} is not a number of this account");
                return Finding::new(TWILIO, "webhook", Verdict::Wrong, message)
                    .fix("set `from` to a number of this account");
            };
            let (url, method) = (number.sms_url, number.sms_method);
            posts(TWILIO, from, url.as_deref(), method.as_deref(), places, &format!("set {how}"))
        }
        Asked::Refused(status, _) => unread(TWILIO, &format!("answered {}", status.as_u16()), &by_hand),
        Asked::Silent(why) => unread(TWILIO, &why, &by_hand),
    }
}

/// What it means that a number posts to an address.
fn posts(
    channel: ChannelKind,
    number: &str,
    url: Option<&str>,
    method: Option<&str>,
    places: &[String],
    how: &str,
) -> Finding {
    let found = |verdict, message: String| Finding::new(channel, "webhook", verdict, message);
    let Some(url) = url.filter(|url| !url.is_empty()) else {
        return found(Verdict::Wrong, format!("{number} posts nowhere")).fix(how);
    };
    if !places.iter().any(|place| place == url) {
        let here = places.first().map_or("elsewhere", String::as_str);
        let told = super::without_query(url);
        return found(Verdict::Wrong, format!("{number} posts to {told}, and this tenant listens at {here}"))
            .fix(how);
    }
    if method.is_some_and(|method| !method.eq_ignore_ascii_case("POST")) {
        return found(Verdict::Wrong, format!("{number} uses GET, and webhooks are taken by POST")).fix(how);
    }
    found(Verdict::Ok, format!("{number} posts to {url}"))
}

/// It could not be read where Twilio posts.
fn unread(channel: ChannelKind, why: &str, by_hand: &str) -> Finding {
    let message = format!("where Twilio posts cannot be read: {why}");
    Finding::new(channel, "webhook", Verdict::Unknown, message).fix(by_hand)
}

fn messaging(config: &Twilio) -> String {
    config.api_base.replacen(HOSTS.0, HOSTS.1, 1)
}

fn get(http: &Client, config: &Twilio, path: &str) -> RequestBuilder {
    signed(http, config, &format!("{}/2010-04-01/Accounts/{}/{path}", config.api_base, config.account_sid))
}

fn signed(http: &Client, config: &Twilio, url: &str) -> RequestBuilder {
    http.get(url).basic_auth(&config.account_sid, Some(config.auth_token.expose()))
}
