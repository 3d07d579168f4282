//! `WS /widget/{tenant}/ws`: one page of a visitor.
//!
//! The page says what it has; everything it misses is read from the database, so that it does not matter when a connection
//! breaks or whether the daemon was killed meanwhile. A message is acknowledged when it is on disk, and the page sends it
//! again under the same id until then.

use std::time::Duration;

use axum::{
    extract::{
        State, WebSocketUpgrade,
        ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code},
    },
    http::{HeaderMap, StatusCode},
    response::Response,
};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::{ApiError, AppState, Network, Site};
use crate::{
    channel::{
        Received,
        web::{
            Seat, Shown,
            frame::{FromPage, Refusal, ToPage},
            limits::{Admission, Full, Pace},
            visitor::{VisitorToken, id_of, message_id},
        },
    },
    domain::{
        contact::Identity,
        conversation::ChannelKind,
        handoff::Owner,
        language::Language,
        message::{Inbound, MAX_TEXT_BYTES, Role},
        tenant::TenantId,
    },
    http::{media, webhooks},
    prompts::Text,
    store::visit::Heard,
    tenants::{TenantState, TenantUse},
};

/// The largest frame of a page, in bytes: a text of the longest kind, with its marks escaped.
const MAX_FRAME_BYTES: usize = 4 * MAX_TEXT_BYTES;

/// What may wait to be written to a page, in bytes.
const MAX_WRITE_BYTES: usize = 1024 * 1024;

/// How long a page may take to say the first thing.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a page may take to take a frame; a slower one comes back and reads what it missed.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a quiet connection is tried.
const BEAT: Duration = Duration::from_secs(25);

/// How long nothing may be heard of a page before it is taken for gone.
const MAX_SILENCE: Duration = Duration::from_secs(80);

/// Messages told at once.
const BATCH: u32 = 100;

/// The longest name of a campaign, in characters.
const MAX_SOURCE: usize = 100;

/// `GET /widget/{tenant}/ws`: 403 for a page of another site, 429 when too many are connected.
pub(super) async fn open(
    State(state): State<AppState>,
    site: Site,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    site.check_origin(&state, &headers)?;
    if state.stopping.is_cancelled() {
        return Err(ApiError::busy("shutting_down", "the daemon is stopping; try again in a moment"));
    }
    let id = site.tenant.id().clone();
    let admission = state.web.admissions.admit(&id, site.network).map_err(|Full| {
        ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_connections",
            "too many are connected just now",
        )
    })?;
    // The tenant is not kept open for as long as the page is.
    let network = site.network;
    drop(site.tenant);
    let running = state.web.sockets.token();
    let upgrade = upgrade
        .max_message_size(MAX_FRAME_BYTES)
        .max_frame_size(MAX_FRAME_BYTES)
        .max_write_buffer_size(MAX_WRITE_BYTES);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let line = Line { socket, tenant: id };
        serve(state, line, admission, network).await;
        drop(running);
    }))
}

/// Why a connection ends.
enum End {
    /// The page went away, or does not take what it is sent.
    Gone,
    /// It is told why.
    Close(u16, &'static str),
}

type Served<T = ()> = Result<T, End>;

/// A socket and whose it is.
struct Line {
    socket: WebSocket,
    tenant: TenantId,
}

impl Line {
    async fn say(&mut self, frame: ToPage<'_>) -> Served {
        self.send(Message::Text(Utf8Bytes::from(frame.text()))).await
    }

    async fn send(&mut self, message: Message) -> Served {
        match timeout(SEND_TIMEOUT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }

    /// The next thing a page says; none for a sign of life.
    async fn hear(&mut self) -> Served<Option<FromPage>> {
        match self.socket.recv().await {
            Some(Ok(Message::Text(text))) => match serde_json::from_str(text.as_str()) {
                Ok(frame) => Ok(Some(frame)),
                Err(_) => Err(End::Close(close_code::INVALID, "not understood")),
            },
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
            Some(Ok(Message::Binary(_))) => Err(End::Close(close_code::UNSUPPORTED, "text only")),
            Some(Ok(Message::Close(_))) | None => Err(End::Gone),
            Some(Err(_)) => Err(End::Close(close_code::SIZE, "too large or broken")),
        }
    }
}

async fn serve(state: AppState, mut line: Line, admission: Admission, network: Network) {
    let end = match greet(&state, &mut line, network).await {
        Ok(mut page) => loop {
            if let Err(end) = page.next(&state, &mut line).await {
                break end;
            }
        },
        Err(end) => end,
    };
    if let End::Close(code, reason) = end {
        let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
        // Who is gone already need not be told.
        drop(timeout(SEND_TIMEOUT, line.socket.send(Message::Close(Some(frame)))).await);
    }
    drop(admission);
}

/// One page of a visitor.
struct Page {
    contact: String,
    language: Option<Language>,
    source: Option<String>,
    network: Network,
    seat: Seat,
    pace: Pace,
    beat: tokio::time::Interval,
    last_heard: Instant,
    heard: Heard,
    /// How often it had been told to look when it last did.
    looked: Option<u64>,
    /// Who it was told speaks for the business.
    owner: Option<Owner>,
    typing: bool,
    shown: Shown,
}

/// Waits for the hello, and tells what the page missed.
async fn greet(state: &AppState, line: &mut Line, network: Network) -> Served<Page> {
    let first = tokio::select! {
        first = timeout(HELLO_TIMEOUT, line.hear()) => first,
        () = state.stopping.cancelled() => return Err(End::Close(close_code::RESTART, "restarting")),
    };
    let Ok(Ok(Some(FromPage::Hello { visitor, seen, language, source }))) = first else {
        return Err(match first {
            Ok(Err(end)) => end,
            _ => End::Close(close_code::POLICY, "say hello first"),
        });
    };
    let token = match visitor.as_deref().and_then(VisitorToken::parse) {
        Some(token) => token,
        None => VisitorToken::new(&state.ids).ok_or(End::Close(close_code::AGAIN, "no randomness"))?,
    };
    let contact = token.contact(&line.tenant);
    let seat = state
        .web
        .enter(&line.tenant, &contact)
        .map_err(|Full| End::Close(close_code::POLICY, "too many pages are open"))?;
    line.say(ToPage::Welcome { visitor: token.expose() }).await?;
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat.reset();
    let mut page = Page {
        contact,
        language: language.as_deref().and_then(Language::from_code),
        source: source
            .map(|source| source.chars().take(MAX_SOURCE).collect())
            .filter(|s: &String| !s.is_empty()),
        network,
        seat,
        pace: Pace::default(),
        beat,
        last_heard: Instant::now(),
        heard: Heard { message: seen.max(0), waiting: 0 },
        looked: None,
        owner: None,
        typing: false,
        shown: Shown::default(),
    };
    page.tell(state, line).await?;
    line.say(ToPage::Ready).await?;
    Ok(page)
}

impl Page {
    /// Waits for the next thing that happens, and does what it asks for.
    async fn next(&mut self, state: &AppState, line: &mut Line) -> Served {
        tokio::select! {
            () = state.stopping.cancelled() => Err(End::Close(close_code::RESTART, "restarting")),
            () = self.seat.changed() => self.tell(state, line).await,
            frame = line.hear() => {
                self.last_heard = Instant::now();
                match frame? {
                    Some(frame) => self.on(frame, state, line).await,
                    None => Ok(()),
                }
            }
            _ = self.beat.tick() => {
                if self.last_heard.elapsed() > MAX_SILENCE {
                    return Err(End::Close(close_code::AWAY, "nothing was heard"));
                }
                line.send(Message::Ping(axum::body::Bytes::new())).await?;
                line.say(ToPage::Beat).await?;
                // What another process changed, such as a person at the command line, rings no bell. A tenant that nobody
                // needed for long is left closed.
                if state.tenants.status(&line.tenant).is_some_and(|tenant| tenant.status == TenantState::Open) {
                    self.looked = None;
                }
                self.tell(state, line).await
            }
        }
    }

    async fn on(&mut self, frame: FromPage, state: &AppState, line: &mut Line) -> Served {
        let (id, text) = match frame {
            FromPage::Say { id, text } => (id, Some(text)),
            FromPage::Person { id } => (id, None),
            FromPage::Hello { .. } | FromPage::Other => return Ok(()),
        };
        match self.accept(&id, text, state, &line.tenant).await {
            Ok(()) => line.say(ToPage::Accepted { id: &id }).await?,
            Err(code) => {
                let again = matches!(code, Refusal::TooMany | Refusal::Unavailable);
                line.say(ToPage::Refused { id: &id, code, again }).await?;
            }
        }
        // The visitor's other pages show it too.
        state.web.ring(&line.tenant, &self.contact);
        Ok(())
    }

    /// Makes a message safe. Without words of its own it is the wish for a person.
    async fn accept(
        &mut self,
        id: &str,
        text: Option<String>,
        state: &AppState,
        tenant: &TenantId,
    ) -> Result<(), Refusal> {
        let message_id = message_id(&self.contact, id).ok_or(Refusal::Invalid)?;
        if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
            return Err(Refusal::Invalid);
        }
        if text.as_ref().is_some_and(|text| text.len() > MAX_TEXT_BYTES) {
            return Err(Refusal::TooLong);
        }
        if !self.pace.allows() || !state.web.admissions.may_write(self.network) {
            return Err(Refusal::TooMany);
        }
        let tenant = state.tenants.get(tenant).await.map_err(|error| {
            tracing::warn!(%tenant, %error, "a visitor's message cannot be taken");
            Refusal::Unavailable
        })?;
        let message = Inbound {
            channel: ChannelKind::Web,
            message_id,
            contact: self.contact.clone(),
            contact_name: None,
            text: text.unwrap_or_else(|| self.wish_for_person(&tenant)),
            attachments: Vec::new(),
            route: None,
            source: self.source.clone(),
            identity: Identity::default(),
            quiet_ms: 0,
        };
        let received = Received { messages: vec![message], ..Received::default() };
        let taken = webhooks::take(state, &tenant, ChannelKind::Web, received).await;
        let accepted = taken.map_err(|error| {
            tracing::warn!(tenant = %tenant.id(), ?error, "a visitor's message cannot be stored");
            Refusal::Unavailable
        })?;
        if let Some(accepted) = accepted.first() {
            self.seat.note_conversation(&accepted.conversation);
        }
        Ok(())
    }

    fn wish_for_person(&self, tenant: &TenantUse) -> String {
        let language = self.language.unwrap_or(tenant.context.business.language);
        tenant.context.prompts.text(Text::WebPersonWords, language, &media::facts(tenant))
    }

    /// Tells the page what is new: first what is in the database, then what is being written.
    async fn tell(&mut self, state: &AppState, line: &mut Line) -> Served {
        loop {
            let rung = self.seat.rung();
            if self.looked == Some(rung) {
                break;
            }
            self.tell_said(state, line).await?;
            self.looked = Some(rung);
        }
        let writing = self.seat.writing(self.shown);
        if writing.on != self.typing {
            self.typing = writing.on;
            line.say(ToPage::Typing { on: writing.on }).await?;
        }
        if writing.shown.draft != self.shown.draft && self.shown.bytes > 0 {
            line.say(ToPage::Withdrawn).await?;
        }
        if !writing.more.is_empty() {
            line.say(ToPage::Delta { begins: writing.begins, text: &writing.more }).await?;
        }
        self.shown = writing.shown;
        Ok(())
    }

    /// Tells what was said since the page last heard.
    async fn tell_said(&mut self, state: &AppState, line: &mut Line) -> Served {
        let Ok(tenant) = state.tenants.look(&line.tenant).await else {
            return Err(End::Close(close_code::AGAIN, "the business is not available"));
        };
        loop {
            let news = tenant.db().visit_news(ChannelKind::Web, &self.contact, self.heard, BATCH).await;
            let news = match news {
                Ok(Some(news)) => news,
                Ok(None) => return Ok(()),
                Err(error) => {
                    tracing::warn!(tenant = %line.tenant, %error, "a visitor cannot be told what was said");
                    return Err(End::Close(close_code::AGAIN, "the messages cannot be read"));
                }
            };
            self.seat.note_conversation(&news.conversation);
            for message in &news.messages {
                let client = message.message_id.as_deref().and_then(|id| id_of(&self.contact, id));
                line.say(ToPage::Message {
                    id: message.id,
                    role: message.role,
                    text: &message.text,
                    at: message.created_ms,
                    client,
                    choices: &message.choices,
                })
                .await?;
                self.heard.message = message.id;
                if message.role == Role::Assistant {
                    // It took the place of the draft; one that is written now is shown from its beginning.
                    self.shown = Shown { bytes: 0, ..self.shown };
                }
            }
            if news.goes_on {
                continue;
            }
            for waiting in &news.waiting {
                let client = id_of(&self.contact, &waiting.message_id).unwrap_or_default();
                line.say(ToPage::Pending { client, text: &waiting.text }).await?;
                self.heard.waiting = waiting.seq;
            }
            if self.owner != Some(news.owner) {
                self.owner = Some(news.owner);
                line.say(ToPage::State { owner: news.owner }).await?;
            }
            return Ok(());
        }
    }
}
