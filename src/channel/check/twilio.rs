//! The account at Twilio (<https://www.twilio.com/docs/iam/api/account>).

use reqwest::Client;
use serde::Deserialize;

use super::{Asked, Finding, Verdict, ask, silent};
use crate::{config::tenant::channels::Twilio, domain::conversation::ChannelKind};

const TWILIO: ChannelKind = ChannelKind::Twilio;

#[derive(Deserialize)]
struct Account {
    #[serde(default)]
    status: String,
    friendly_name: Option<String>,
}

pub(super) async fn check(http: &Client, config: &Twilio, place: Option<&str>, findings: &mut Vec<Finding>) {
    let url = format!("{}/2010-04-01/Accounts/{}.json", config.api_base, config.account_sid);
    let asked =
        ask::<Account>(http.get(url).basic_auth(&config.account_sid, Some(config.auth_token.expose())));
    findings.push(match asked.await {
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
    });
    if let Some(place) = place {
        let message = format!("Twilio is to post to {place}; where it does is not told by its interface");
        findings.push(Finding::new(TWILIO, "webhook", Verdict::Skipped, message));
    }
}
