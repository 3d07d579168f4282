//! The chat on the business's own site as a channel: a reply is on disk before it is sent, so sending it only tells the
//! open pages of its visitor to look.
//!
//! A visitor's pages meet in a room. What an answer looks like while it is written is the state of the room, not a queue:
//! a page that is slow or comes late takes what is new to it, and nothing grows while nobody reads.

pub mod frame;
pub mod limits;
pub mod visitor;

use std::{
    collections::HashMap,
    ops::ControlFlow,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};
use tokio_util::task::TaskTracker;

use self::limits::{Admissions, Full};
use crate::{
    domain::{conversation::ConversationId, tenant::TenantId},
    llm::client::Delta,
};

/// Pages that one visitor may have open.
const MAX_PAGES: usize = 8;

/// The longest answer that is shown while it is written, in bytes. The whole one follows when it is done.
const MAX_DRAFT_BYTES: usize = 32 * 1024;

/// How long a visitor may be away before the conversation's place at a model goes to another: a page that is loaded
/// again comes back within it.
pub const GRACE: Duration = Duration::from_secs(20);

/// A visitor of a tenant.
type Place = (TenantId, String);

/// What the pages of a visitor can see of the answer to come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Live {
    /// How often they were told to look into the database.
    pub rung: u64,
    /// Whether a turn is under way.
    pub writing: bool,
    /// Which draft it is: another number is another draft, and the earlier one does not count.
    pub draft: u64,
    /// What is written of it so far.
    pub text: String,
}

/// The rooms of all visitors, and who may come in.
#[derive(Debug, Default)]
pub struct WebHub {
    /// Guards the rooms. Held for look-ups only.
    rooms: Mutex<HashMap<Place, Room>>,
    /// How many may come in, and how often they may speak.
    pub admissions: Arc<Admissions>,
    /// The sockets that are open.
    pub sockets: TaskTracker,
}

#[derive(Debug, Default)]
struct Room {
    live: watch::Sender<Live>,
    pages: usize,
    turns: usize,
    conversation: Option<ConversationId>,
    /// Since when nobody is in it.
    empty_since: Option<Instant>,
}

impl Room {
    fn note_empty(&mut self) {
        if self.pages == 0 && self.turns == 0 {
            self.empty_since = Some(Instant::now());
        }
    }
}

impl WebHub {
    /// Lets a page of a visitor in.
    ///
    /// # Errors
    /// [`Full`] when the visitor has too many pages open.
    pub fn enter(self: &Arc<Self>, tenant: &TenantId, contact: &str) -> Result<Seat, Full> {
        let place = (tenant.clone(), contact.to_owned());
        let mut rooms = self.rooms();
        let room = rooms.entry(place.clone()).or_default();
        if room.pages >= MAX_PAGES {
            return Err(Full);
        }
        room.pages += 1;
        room.empty_since = None;
        let live = room.live.subscribe();
        Ok(Seat { hub: self.clone(), place, live })
    }

    /// Whether a visitor has a page open.
    pub fn is_here(&self, tenant: &TenantId, contact: &str) -> bool {
        self.rooms().get(&(tenant.clone(), contact.to_owned())).is_some_and(|room| room.pages > 0)
    }

    /// Tells the pages of a visitor to look into the database.
    pub fn ring(&self, tenant: &TenantId, contact: &str) {
        if let Some(room) = self.rooms().get(&(tenant.clone(), contact.to_owned())) {
            room.live.send_modify(|live| live.rung += 1);
        }
    }

    /// A turn of a visitor's conversation begins.
    pub fn begin(self: &Arc<Self>, tenant: &TenantId, contact: &str, conversation: &ConversationId) -> Draft {
        let place = (tenant.clone(), contact.to_owned());
        let mut rooms = self.rooms();
        let room = rooms.entry(place.clone()).or_default();
        room.turns += 1;
        room.conversation = Some(conversation.clone());
        room.empty_since = None;
        room.live.send_modify(|live| {
            live.draft += 1;
            live.text.clear();
            live.writing = true;
        });
        Draft { hub: self.clone(), place }
    }

    /// Closes the rooms that nobody came back to, and gives their conversations: their places at the models may be given
    /// to others. To be called every few seconds.
    pub fn tend(&self) -> Vec<(TenantId, ConversationId)> {
        let now = Instant::now();
        let mut left = Vec::new();
        self.rooms().retain(|(tenant, _), room| {
            let is_over = room.empty_since.is_some_and(|since| now.duration_since(since) >= GRACE);
            if is_over && let Some(conversation) = room.conversation.take() {
                left.push((tenant.clone(), conversation));
            }
            !is_over
        });
        self.admissions.forget_the_past();
        left
    }

    fn change(&self, place: &Place, change: impl FnOnce(&mut Room)) {
        if let Some(room) = self.rooms().get_mut(place) {
            change(room);
        }
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<Place, Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a page in its visitor's room, given back when it is dropped.
#[derive(Debug)]
pub struct Seat {
    hub: Arc<WebHub>,
    place: Place,
    live: watch::Receiver<Live>,
}

impl Seat {
    /// Waits until something is new.
    pub async fn changed(&mut self) {
        // The sender lives in the room, which stays while this seat is taken.
        if self.live.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// How often the pages were told to look.
    pub fn rung(&mut self) -> u64 {
        self.live.borrow_and_update().rung
    }

    /// What is written just now, without what is known of it already.
    pub fn writing(&mut self, known: Shown) -> Writing {
        let live = self.live.borrow_and_update();
        let known_bytes = if live.draft == known.draft { known.bytes } else { 0 };
        Writing {
            on: live.writing,
            shown: Shown { draft: live.draft, bytes: live.text.len() },
            begins: known_bytes == 0,
            more: live.text.get(known_bytes..).unwrap_or_default().to_owned(),
        }
    }

    /// The conversation that is held in the room.
    pub fn note_conversation(&self, conversation: &ConversationId) {
        self.hub.change(&self.place, |room| room.conversation = Some(conversation.clone()));
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.change(&self.place, |room| {
            room.pages = room.pages.saturating_sub(1);
            room.note_empty();
        });
    }
}

/// How much of which draft a page shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shown {
    /// The draft's number.
    pub draft: u64,
    /// The bytes of it that are shown.
    pub bytes: usize,
}

/// What a page is to show of the answer to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writing {
    /// Whether a turn is under way.
    pub on: bool,
    /// What it shows then.
    pub shown: Shown,
    /// Whether `more` is the beginning of the draft.
    pub begins: bool,
    /// The words to add.
    pub more: String,
}

/// The answer of a turn while it is written. Dropped before its end, it is withdrawn.
#[derive(Debug)]
pub struct Draft {
    hub: Arc<WebHub>,
    place: Place,
}

impl Draft {
    /// Takes up what a model writes.
    pub fn hear(&self, delta: Delta<'_>) -> ControlFlow<()> {
        self.hub.change(&self.place, |room| {
            room.live.send_modify(|live| match delta {
                Delta::Text(text) if live.text.len() + text.len() <= MAX_DRAFT_BYTES => {
                    live.text.push_str(text);
                }
                Delta::Text(_) => {}
                Delta::Withdrawn => {
                    live.draft += 1;
                    live.text.clear();
                }
            });
        });
        // The answer is wanted even when nobody watches.
        ControlFlow::Continue(())
    }

    /// The turn is committed: what counts is in the database.
    pub fn finish(self) {
        self.hub.change(&self.place, |room| room.live.send_modify(|live| live.rung += 1));
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.hub.change(&self.place, |room| {
            room.live.send_modify(|live| {
                live.writing = false;
                live.draft += 1;
                live.text.clear();
            });
            room.turns = room.turns.saturating_sub(1);
            room.note_empty();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (Arc<WebHub>, TenantId, ConversationId) {
        (Arc::new(WebHub::default()), TenantId::parse("acme").unwrap(), ConversationId::new("c"))
    }

    #[tokio::test]
    async fn a_page_that_is_slow_or_late_sees_the_whole_draft() {
        let (hub, tenant, conversation) = place();
        let mut early = hub.enter(&tenant, "v").unwrap();
        let draft = hub.begin(&tenant, "v", &conversation);
        assert_eq!(draft.hear(Delta::Text("Una ")), ControlFlow::Continue(()));
        let first = early.writing(Shown::default());
        assert!((first.on, first.begins, first.more.as_str()) == (true, true, "Una "), "{first:?}");
        for word in ["hora ", "y ", "media."] {
            let _go_on = draft.hear(Delta::Text(word));
        }
        let second = early.writing(first.shown);
        assert_eq!((second.begins, second.more.as_str()), (false, "hora y media."));
        let mut late = hub.enter(&tenant, "v").unwrap();
        let all = late.writing(Shown::default());
        assert_eq!((all.begins, all.more.as_str()), (true, "Una hora y media."));

        let _go_on = draft.hear(Delta::Withdrawn);
        let _go_on = draft.hear(Delta::Text("Dos"));
        let anew = early.writing(second.shown);
        assert_eq!((anew.begins, anew.more.as_str()), (true, "Dos"));
        draft.finish();
        let done = early.writing(anew.shown);
        assert_eq!((done.on, done.more.as_str(), early.rung()), (false, "", 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_conversation_is_given_up_when_its_last_page_stays_away() {
        let (hub, tenant, conversation) = place();
        let (one, two) = (hub.enter(&tenant, "v").unwrap(), hub.enter(&tenant, "v").unwrap());
        one.note_conversation(&conversation);
        drop(one);
        tokio::time::advance(GRACE * 2).await;
        assert_eq!(hub.tend(), [], "another page is open");
        drop(two);
        tokio::time::advance(GRACE / 2).await;
        let again = hub.enter(&tenant, "v").unwrap();
        tokio::time::advance(GRACE).await;
        assert_eq!(hub.tend(), [], "the page was loaded again");
        drop(again);
        let draft = hub.begin(&tenant, "v", &conversation);
        tokio::time::advance(GRACE * 2).await;
        assert_eq!(hub.tend(), [], "a turn is under way");
        drop(draft);
        tokio::time::advance(GRACE).await;
        assert_eq!(hub.tend(), [(tenant.clone(), conversation)]);
        assert!(hub.rooms().is_empty() && !hub.is_here(&tenant, "v"));
    }

    #[tokio::test]
    async fn visitors_and_tenants_do_not_meet() {
        let (hub, tenant, conversation) = place();
        let other = TenantId::parse("other").unwrap();
        let mut seats = [
            hub.enter(&tenant, "v").unwrap(),
            hub.enter(&tenant, "w").unwrap(),
            hub.enter(&other, "v").unwrap(),
        ];
        let draft = hub.begin(&tenant, "v", &conversation);
        let _go_on = draft.hear(Delta::Text("secreto"));
        hub.ring(&tenant, "v");
        let seen = seats.each_mut().map(|seat| (seat.rung(), seat.writing(Shown::default()).more));
        assert_eq!(seen, [(1, "secreto".to_owned()), (0, String::new()), (0, String::new())]);
        let pages: Vec<_> = (0..MAX_PAGES).map(|_| hub.enter(&tenant, "x")).collect();
        assert!(pages.iter().all(Result::is_ok) && hub.enter(&tenant, "x").is_err());
    }
}
