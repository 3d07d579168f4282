//! Carries out what a turn wants done before it can answer.

use std::{fmt::Write as _, time::Duration};

use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::{TenantContext, milliseconds};
use crate::{
    catalog::search::{self, CatalogSearchError, ProductQuery},
    domain::{retrieval::Retrieval, turn::Latency},
    engine::{
        booking::talk::Calendar,
        turn::{Call, Event, ToolResult},
    },
    knowledge::retrieve::{Knowledge, KnowledgeError, SearchOptions},
    store::inbox::Claim,
    worker::{observer::Observed, trace::Trace},
};

/// Passages that a turn looks at.
const PASSAGES: usize = 6;

/// Products that a turn looks at for each thing that is asked for.
const PRODUCTS: usize = 12;

/// Summaries of earlier conversations that a turn recalls.
const MEMORIES: usize = 3;

/// The longest a search may take. It is milliseconds; this is for a disk that hangs.
const SEARCH_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest that a calendar elsewhere may take to say which time is taken.
const CALENDAR_TIMEOUT: Duration = Duration::from_secs(10);

/// What calls are carried out with.
pub(super) struct Caller<'a> {
    pub(super) tenant: &'a TenantContext,
    pub(super) claim: &'a Claim,
    /// The contact, as the database knows it.
    pub(super) contact_id: &'a str,
    /// When the turn must be over.
    pub(super) deadline: Instant,
    /// Now, in milliseconds since 1970.
    pub(super) now_ms: i64,
}

impl Caller<'_> {
    pub(super) async fn run(&self, call: Call, latency: &mut Latency, trace: &mut Trace) -> Event {
        let begun = Instant::now();
        match call {
            Call::Look { text, language, earlier, previous_agents, last_reply } => {
                let event =
                    self.look(Observed { text, language, earlier, previous_agents, last_reply }).await;
                latency.routing += milliseconds(begun);
                event
            }
            Call::SearchKnowledge { query, language, categories } => {
                trace.query.clone_from(&query);
                let options = SearchOptions { k: PASSAGES, language: Some(language), categories };
                let found = search(&self.tenant.knowledge, query, options).await;
                latency.retrieval += milliseconds(begun);
                match found {
                    Ok(retrieval) => {
                        trace.confidence = retrieval.confidence;
                        trace.answerable = retrieval.answerable;
                        trace.passages.clone_from(&retrieval.passages);
                        Event::ToolsDone(ToolResult::Knowledge(retrieval))
                    }
                    Err(error) => {
                        tracing::error!(tenant = %self.tenant.id, %error, "the knowledge cannot be searched");
                        Event::Failed
                    }
                }
            }
            Call::FindProducts { queries, skus } => {
                let found = self.find_products(queries, skus).await;
                latency.retrieval += milliseconds(begun);
                found
            }
            Call::CheckCalendar { from_ms, to_ms } => {
                Event::ToolsDone(ToolResult::Calendar(self.check_calendar(from_ms, to_ms).await))
            }
            Call::Remote { name, arguments } => {
                let key = self.idempotency_key(&name, &arguments);
                let result = self.tenant.remote.call(&name, &arguments, &key, self.deadline).await;
                if let Err(error) = &result {
                    tracing::warn!(tenant = %self.tenant.id, tool = name, %error, "a tool did not answer");
                }
                Event::ToolsDone(ToolResult::Remote(result.map_err(|error| error.to_string())))
            }
        }
    }

    async fn find_products(&self, queries: Vec<String>, skus: Vec<String>) -> Event {
        let (db, embedder) = (self.tenant.db.clone(), self.tenant.knowledge.embedder().clone());
        let (language, now_ms) = (self.tenant.business.language, self.now_ms);
        let search = async {
            let known = db.products_of(skus, now_ms).await?;
            let searching = tokio::task::spawn_blocking(move || {
                queries
                    .into_iter()
                    .map(|text| {
                        search::search(&db, &embedder, &ProductQuery { text, language, k: PRODUCTS, now_ms })
                    })
                    .collect::<Result<Vec<_>, _>>()
            });
            let found =
                searching.await.map_err(|error| CatalogSearchError::Interrupted(error.to_string()))??;
            Ok::<_, CatalogSearchError>((found, known))
        };
        match tokio::time::timeout(SEARCH_TIMEOUT, search).await {
            Ok(Ok((found, known))) => Event::ToolsDone(ToolResult::Products { found, known }),
            Ok(Err(error)) => {
                tracing::error!(tenant = %self.tenant.id, %error, "the catalogue cannot be searched");
                Event::Failed
            }
            Err(_late) => {
                tracing::error!(tenant = %self.tenant.id, "searching the catalogue took too long");
                Event::Failed
            }
        }
    }

    /// Which time is taken. A calendar that cannot be read is one that does not answer: nothing is offered then.
    async fn check_calendar(&self, from_ms: i64, to_ms: i64) -> Calendar {
        let own = match self.tenant.db.busy(from_ms, to_ms, from_ms).await {
            Ok(own) => own,
            Err(error) => {
                tracing::error!(tenant = %self.tenant.id, %error, "the appointments cannot be read");
                return Calendar { unreachable: true, ..Calendar::default() };
            }
        };
        let Some(calendar) = &self.tenant.calendar else {
            return Calendar { busy: own, ..Calendar::default() };
        };
        let until = self.deadline.min(Instant::now() + CALENDAR_TIMEOUT);
        calendar.together(own, from_ms, to_ms, until).await.unwrap_or_else(|error| {
            tracing::warn!(tenant = %self.tenant.id, %error, "a calendar elsewhere cannot be looked at");
            Calendar { unreachable: true, ..Calendar::default() }
        })
    }

    async fn look(&self, observed: Observed) -> Event {
        let observer = self.tenant.observer.clone();
        let looked = tokio::task::spawn_blocking(move || observer.look(&observed)).await;
        let (sight, vector) = match looked {
            Ok(Ok(looked)) => looked,
            Ok(Err(error)) => {
                tracing::error!(tenant = %self.tenant.id, %error, "a message cannot be looked at");
                return Event::Failed;
            }
            Err(error) => {
                tracing::error!(tenant = %self.tenant.id, %error, "looking at a message was interrupted");
                return Event::Failed;
            }
        };
        let recalled = self.tenant.db.recall(self.contact_id, vector, MEMORIES).await;
        let memories = recalled.unwrap_or_else(|error| {
            tracing::warn!(tenant = %self.tenant.id, %error, "earlier conversations cannot be recalled");
            Vec::new()
        });
        let memories = memories.into_iter().map(|memory| memory.text).collect();
        Event::ToolsDone(ToolResult::Looked { sight, memories })
    }

    /// The same for the same call of the same messages, however often the turn is tried: a server that knows the key
    /// does nothing twice.
    fn idempotency_key(&self, name: &str, arguments: &serde_json::Value) -> String {
        let mut hash = Sha256::new();
        hash.update(self.claim.conversation.as_str());
        for message in &self.claim.messages {
            hash.update(message.seq.to_be_bytes());
        }
        hash.update(name);
        hash.update(arguments.to_string());
        hash.finalize().iter().take(16).fold(String::from("iass-"), |mut text, byte| {
            // Writing to a string cannot fail.
            let _written = write!(text, "{byte:02x}");
            text
        })
    }
}

async fn search(
    knowledge: &Knowledge,
    query: String,
    options: SearchOptions,
) -> Result<Retrieval, KnowledgeError> {
    tokio::time::timeout(SEARCH_TIMEOUT, knowledge.search_async(query, options))
        .await
        .unwrap_or_else(|_| Err(KnowledgeError::Interrupted("it took too long".to_owned())))
}
