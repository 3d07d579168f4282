//! What a visitor of the business's site missed: what was said in their conversation since they last heard of it.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use super::{StoreError, TenantDb};
use crate::domain::{
    conversation::{ChannelKind, ConversationId},
    handoff::Owner,
    message::Role,
};

/// How far a visitor has heard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heard {
    /// The last message; 0 for none.
    pub message: i64,
    /// The last row of the inbox that the visitor was told of while it waited; 0 for none.
    pub waiting: i64,
}

/// What is new to a visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitNews {
    /// The conversation.
    pub conversation: ConversationId,
    /// Who speaks for the business.
    pub owner: Owner,
    /// What was said, in order.
    pub messages: Vec<VisitMessage>,
    /// What the visitor said and has no turn yet, in order.
    pub waiting: Vec<VisitWaiting>,
    /// Whether more was said than is told here.
    pub goes_on: bool,
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitMessage {
    /// Its place.
    pub id: i64,
    /// Who said it.
    pub role: Role,
    /// The channel's id of it, for what the visitor said.
    pub message_id: Option<String>,
    /// The words.
    pub text: String,
    /// When, in milliseconds since 1970.
    pub created_ms: i64,
    /// Answers to choose from.
    pub choices: Vec<String>,
}

/// Something that the visitor said and that waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitWaiting {
    /// Its place in the inbox.
    pub seq: i64,
    /// The channel's id of it.
    pub message_id: String,
    /// The words.
    pub text: String,
}

impl TenantDb {
    /// What is new to a visitor who heard so far: at most `limit` messages. Who heard nothing gets the last ones. None if
    /// the visitor never said anything.
    pub async fn visit_news(
        &self,
        channel: ChannelKind,
        contact: &str,
        heard: Heard,
        limit: u32,
    ) -> Result<Option<VisitNews>, StoreError> {
        let contact = contact.to_owned();
        self.read(move |tx| {
            let Some(conversation) = super::conversation::latest(tx, channel, &contact)? else {
                return Ok(None);
            };
            let owner: String = tx
                .prepare_cached("select owner from conversation where id = ?1")?
                .query_row([conversation.as_str()], |row| row.get(0))?;
            let messages = said(tx, &conversation, heard.message, limit)?;
            Ok(Some(VisitNews {
                owner: Owner::from_name(&owner).ok_or_else(|| StoreError::value("owner", owner))?,
                goes_on: heard.message > 0 && messages.len() as u64 >= u64::from(limit),
                messages,
                waiting: waiting(tx, &conversation, heard.waiting)?,
                conversation,
            }))
        })
        .await
    }
}

fn said(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
    after: i64,
    limit: u32,
) -> Result<Vec<VisitMessage>, StoreError> {
    // Who heard nothing yet gets the end of the conversation, not its beginning.
    let after = if after > 0 {
        after
    } else {
        tx.prepare_cached(
            "select id from message where conversation_id = ?1 order by id desc limit 1 offset ?2",
        )?
        .query_row(params![conversation.as_str(), limit], |row| row.get(0))
        .optional()?
        .unwrap_or_default()
    };
    let mut statement = tx.prepare_cached(
        "select m.id, m.role, m.message_id, m.text, m.created_ms,
                case m.role when 'assistant' then json_extract(t.report, '$.choices') end
         from message m left join turn t on t.id = m.turn_id
         where m.conversation_id = ?1 and m.id > ?2 order by m.id limit ?3",
    )?;
    let rows = statement.query_map(params![conversation.as_str(), after, limit], raw)?;
    rows.map(|row| {
        let (id, role, message_id, text, created_ms, choices) = row?;
        let choices = choices.map(|choices| serde_json::from_str(&choices)).transpose();
        Ok(VisitMessage {
            id,
            role: Role::from_name(&role).ok_or_else(|| StoreError::value("role", role))?,
            message_id,
            text,
            created_ms,
            choices: choices.map_err(|e| StoreError::value("list of choices", e))?.unwrap_or_default(),
        })
    })
    .collect()
}

type RawMessage = (i64, String, Option<String>, String, i64, Option<String>);

fn raw(row: &Row<'_>) -> rusqlite::Result<RawMessage> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

fn waiting(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
    after: i64,
) -> Result<Vec<VisitWaiting>, StoreError> {
    let mut statement = tx.prepare_cached(
        "select seq, message_id, text from inbox
         where conversation_id = ?1 and turn_id is null and seq > ?2 order by seq",
    )?;
    let rows = statement.query_map(params![conversation.as_str(), after], |row| {
        Ok(VisitWaiting { seq: row.get(0)?, message_id: row.get(1)?, text: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{fixture::Fixture, turn::Committed};

    async fn news(f: &Fixture, heard: Heard, limit: u32) -> VisitNews {
        f.db.visit_news(ChannelKind::Api, "ana", heard, limit).await.unwrap().unwrap()
    }

    fn texts(news: &VisitNews) -> Vec<&str> {
        news.messages.iter().map(|message| message.text.as_str()).collect()
    }

    #[tokio::test]
    async fn a_visitor_is_told_what_is_new_and_nothing_of_others() {
        let f = Fixture::new();
        let unknown = f.db.visit_news(ChannelKind::Api, "ana", Heard::default(), 9).await.unwrap();
        assert_eq!(unknown, None);
        let conversation = f.write("ana", "¿Hay citas?").await;
        f.write("eva", "otra cosa").await;
        let first = news(&f, Heard::default(), 9).await;
        assert_eq!((texts(&first), first.waiting[0].text.as_str()), (vec![], "¿Hay citas?"));
        let told = Heard { message: 0, waiting: first.waiting[0].seq };
        assert_eq!(news(&f, told, 9).await.waiting, []);

        let claim = f.claim(&conversation).await;
        let mut turn = f.turn(&claim, &["¿Cuál?"]);
        turn.report.choices = vec!["9:00".to_owned(), "10:00".to_owned()];
        assert!(matches!(f.db.commit_turn(turn).await.unwrap(), Committed::Done(_)));
        let second = news(&f, told, 9).await;
        assert_eq!((texts(&second), second.waiting.len()), (vec!["¿Hay citas?", "¿Cuál?"], 0));
        let choices: Vec<_> = second.messages.iter().map(|message| message.choices.as_slice()).collect();
        assert_eq!(choices, [[].as_slice(), &["9:00".to_owned(), "10:00".to_owned()]]);
        let last = second.messages[1].id;
        assert_eq!(texts(&news(&f, Heard { message: last, waiting: 0 }, 9).await), [""; 0]);
    }

    #[tokio::test]
    async fn who_heard_nothing_gets_the_end_and_who_missed_much_gets_it_in_parts() {
        let f = Fixture::new();
        for n in 0..5 {
            let conversation = f.write("ana", &format!("p{n}")).await;
            let claim = f.claim(&conversation).await;
            let turn = f.turn(&claim, &[&format!("r{n}")]);
            assert!(matches!(f.db.commit_turn(turn).await.unwrap(), Committed::Done(_)));
        }
        let end = news(&f, Heard::default(), 3).await;
        assert_eq!((texts(&end), end.goes_on), (vec!["r3", "p4", "r4"], false));
        let mut heard = Heard { message: 2, waiting: 0 };
        let mut all = Vec::new();
        loop {
            let part = news(&f, heard, 3).await;
            all.extend(texts(&part).into_iter().map(str::to_owned));
            heard.message = part.messages.last().map_or(heard.message, |message| message.id);
            if !part.goes_on {
                break;
            }
        }
        assert_eq!(all, ["p1", "r1", "p2", "r2", "p3", "r3", "p4", "r4"]);
    }
}
