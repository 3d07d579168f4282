//! What Twilio posts for phone calls. Each request is one step of a call and is answered with the next; where the call
//! stands is in the address that Twilio was given for it, so that a request that comes twice is answered alike.
//!
//! What a caller says takes the way of every other message. The request waits for its turn for as long as Twilio lets it,
//! then the caller is asked for patience and Twilio asks again.

use axum::{
    body::Bytes,
    extract::{OriginalUri, Query, State},
    http::HeaderMap,
    response::Response,
};
use serde::Deserialize;

use super::{header, not_set_up, refused, twilio};
use crate::{
    channel::{
        twilio::Form,
        voice::{self, Call, twiml::Document},
    },
    config::tenant::channels::Voice,
    domain::{
        conversation::{ChannelKind, ConversationId},
        language::Language,
        turn::TurnReport,
    },
    http::{
        ApiError, AppState,
        chat::{Asked, wait_for_turn},
        select::OpenTenant,
    },
    prompts::{Facts, Text},
    store::inbox::Accepted,
    tenants::TenantUse,
};

/// How often a caller is asked for patience before a message is taken instead.
const MAX_WAITS: u32 = 6;

/// How often a caller who says nothing is asked again.
const MAX_SILENCES: u32 = 2;

/// Who gave a conversation back after a call that was put through.
const PHONE: &str = "phone";

/// Where a call stands, from the query of the address.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Standing {
    /// The caller's words now, counted from 1.
    turn: Option<String>,
    #[serde(default)]
    step: Step,
    /// How often the caller said nothing.
    #[serde(default)]
    silences: u32,
    /// How often the caller was asked for patience.
    #[serde(default)]
    waits: u32,
}

/// What a request is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Step {
    /// The call begins, or the caller spoke.
    #[default]
    Talk,
    /// The answer to what the caller said is still awaited.
    Wait,
    /// The caller was put through.
    Dialed,
    /// The caller leaves a message.
    Message,
}

/// `POST /webhooks/voice/{tenant}`: how a call goes on.
pub(super) async fn call(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    OriginalUri(uri): OriginalUri,
    Query(standing): Query<Standing>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let config = tenant.config.channels.voice.as_ref().ok_or_else(|| not_set_up(ChannelKind::Voice))?;
    let form = Form::parse(&body);
    let addresses = twilio::addresses(&state, &headers, &uri);
    voice::verify(config, &addresses, &form, header(&headers, twilio::SIGNATURE)).map_err(refused)?;
    let call = voice::read(&form).map_err(refused)?;
    let turn = call.turn(standing.turn.as_deref());
    let base = match &state.live.get().server.public_url {
        Some(public_url) => format!("{public_url}/webhooks/voice/{}", tenant.id()),
        None => format!("/webhooks/voice/{}", tenant.id()),
    };
    let talk = Talk { state: &state, tenant: &tenant, config, call, turn, base };
    let document = talk.goes_on(&standing).await?;
    Ok(twilio::twiml(document.written()))
}

/// A call at one of its steps.
struct Talk<'a> {
    state: &'a AppState,
    tenant: &'a TenantUse,
    config: &'a Voice,
    call: Call,
    turn: String,
    /// The address of this webhook.
    base: String,
}

impl Talk<'_> {
    async fn goes_on(&self, standing: &Standing) -> Result<Document, ApiError> {
        let spoke = self.call.speech.is_some();
        match standing.step {
            _ if self.call.has_ended && self.call.put_through.is_none() => Ok(Document::default()),
            Step::Dialed => self.dialed().await,
            Step::Wait => self.answer(standing.waits).await,
            Step::Message if spoke => {
                self.take_in().await?;
                Ok(self.document().say(&self.text(Text::CallMessageTaken), self.language()).hang_up())
            }
            Step::Talk if spoke => {
                self.take_in().await?;
                self.answer(0).await
            }
            Step::Talk | Step::Message => Ok(self.heard_nothing(standing)),
        }
    }

    /// The first words of a call, and what is said to silence.
    fn heard_nothing(&self, standing: &Standing) -> Document {
        let greeting = || self.config.greeting.clone().unwrap_or_else(|| self.text(Text::CallGreeting));
        let words = match standing.silences {
            0 => greeting(),
            silences if silences <= MAX_SILENCES => self.text(Text::CallAgain),
            _ => {
                return self.document().say(&self.text(Text::CallGoodbye), self.language()).hang_up();
            }
        };
        let turn = standing.turn.as_deref().unwrap_or("1");
        let step = if standing.step == Step::Message { "&step=message" } else { "" };
        self.ask(&words, self.language(), turn, step, standing.silences)
    }

    /// Speaks and listens; silence comes back as one more silence.
    fn ask(&self, words: &str, spoken: Language, turn: &str, step: &str, silences: u32) -> Document {
        let action = format!("{}?turn={turn}{step}", self.base);
        let silence = format!("{action}&silences={}", silences + 1);
        self.document().ask(words, spoken, self.language(), &action).go_on(&silence)
    }

    /// Makes what the caller said safe.
    async fn take_in(&self) -> Result<(), ApiError> {
        let Some(message) = self.call.message(&self.turn) else { return Ok(()) };
        let (tenant, state) = (self.tenant, self.state);
        let accepted = tenant.db().accept(vec![message], &state.clock, &state.ids).await;
        let accepted = accepted.map_err(|error| ApiError::from(error.as_ref()))?;
        if accepted.iter().any(|accepted| accepted.turn.is_none()) {
            state.dispatcher.ring(tenant.id());
        }
        Ok(())
    }

    /// The answer to what the caller said, if it comes in time.
    async fn answer(&self, waits: u32) -> Result<Document, ApiError> {
        let message_id = self.call.message_id(&self.turn);
        let Some(accepted) = self.tenant.db().find_accepted(ChannelKind::Voice, &message_id).await? else {
            let turn = Some(self.next_turn());
            return Ok(self.heard_nothing(&Standing { turn, silences: 1, ..Standing::default() }));
        };
        let asked = Asked { channel: ChannelKind::Voice, message_id: &message_id };
        let report = wait_for_turn(self.state, self.tenant, asked, &accepted, self.config.wait).await?;
        Ok(match report {
            Some(report) => self.speak(&report),
            None if waits < MAX_WAITS => {
                let again = format!("{}?turn={}&step=wait&waits={}", self.base, self.turn, waits + 1);
                self.document().say(&self.text(Text::CallWait), self.language()).go_on(&again)
            }
            None => self.take_message(&self.text(Text::CallTrouble), self.language()),
        })
    }

    /// Speaks a reply, and listens or calls a person.
    fn speak(&self, report: &TurnReport) -> Document {
        let language = report.language;
        match (&report.handoff, &self.config.transfer_to) {
            (None, _) if !report.reply.is_empty() => {
                self.ask(&report.reply, language, &self.next_turn(), "", 0)
            }
            // A person was called, now or before.
            (_, Some(number)) => {
                let document = match report.reply.as_str() {
                    "" => self.document(),
                    reply => self.document().say(reply, language),
                };
                let transfer = self.text_in(Text::CallTransfer, language);
                let action = format!("{}?turn={}&step=dialed", self.base, self.turn);
                document.say(&transfer, language).put_through(number, &action)
            }
            (Some(_), None) => self.take_message(&report.reply, language),
            // The words of a caller who waits for a call are a message already.
            (None, None) => {
                let taken = self.text_in(Text::CallMessageTaken, language);
                self.document().say(&taken, language).hang_up()
            }
        }
    }

    /// What follows when somebody was to take the call.
    async fn dialed(&self) -> Result<Document, ApiError> {
        if self.call.put_through != Some(true) {
            return Ok(self.take_message("", self.language()));
        }
        // They have spoken: the next call is the product's again.
        if let Some(conversation) = self.conversation().await? {
            let now_ms = self.state.clock.now_ms();
            self.tenant.db().release_handoff(conversation.as_str(), PHONE, now_ms).await?;
        }
        Ok(self.document().hang_up())
    }

    async fn conversation(&self) -> Result<Option<ConversationId>, ApiError> {
        let message_id = self.call.message_id(&self.turn);
        let accepted = self.tenant.db().find_accepted(ChannelKind::Voice, &message_id).await?;
        Ok(accepted.map(|Accepted { conversation, .. }| conversation))
    }

    /// Asks for a message after some words.
    fn take_message(&self, before: &str, language: Language) -> Document {
        let words = format!("{before} {}", self.text_in(Text::CallLeaveMessage, language));
        self.ask(words.trim(), language, &self.next_turn(), "&step=message", 0)
    }

    fn next_turn(&self) -> String {
        // The words of somebody who was given no number are the first.
        self.turn.parse::<u32>().map_or(2, |turn| turn.saturating_add(1)).to_string()
    }

    fn document(&self) -> Document {
        Document::spoken_by(self.config.voice.as_deref())
    }

    /// The language that is listened for, and spoken first.
    fn language(&self) -> Language {
        self.config.language.unwrap_or(self.tenant.config.language)
    }

    fn text(&self, text: Text) -> String {
        self.text_in(text, self.language())
    }

    fn text_in(&self, text: Text, language: Language) -> String {
        let business = &self.tenant.context.business;
        let facts =
            Facts { business: business.name.clone(), phone: business.phone.clone(), ..Facts::default() };
        self.tenant.context.prompts.text(text, language, &facts)
    }
}
