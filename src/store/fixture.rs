//! A tenant's database for tests, with customers who write and turns that answer.

use crate::{
    catalog::import::{BadRows, ImportOptions, import},
    clock::{Clock, Ids, ManualClock},
    domain::{
        contact::Identity,
        conversation::{ChannelKind, ConversationId},
        effect::Effect,
        language::Language,
        message::Inbound,
        money::Currency,
        tenant::TenantId,
        turn::{Latency, Threat, TurnReport},
    },
    store::{
        StoreError, TenantDb,
        inbox::{Claim, ClaimRules},
        product_import::{Missing, Mode},
        turn::{Committed, Newer, TurnCommit},
    },
};

pub(crate) struct Fixture {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) db: TenantDb,
    pub(crate) clock: Clock,
    pub(crate) hands: ManualClock,
    pub(crate) ids: Ids,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = TenantDb::open(&folder.path().join("a.db")).unwrap();
        let (clock, hands) = Clock::manual(jiff::Timestamp::from_second(1_800_000_000).unwrap());
        Self { folder, db, clock, hands, ids: Ids::counter() }
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.hands.advance(jiff::SignedDuration::from_secs(seconds));
    }

    /// A customer writes, and nobody answers yet.
    pub(crate) async fn write(&self, contact: &str, text: &str) -> ConversationId {
        let message = Inbound {
            channel: ChannelKind::Api,
            message_id: self.ids.next("wamid"),
            contact: contact.to_owned(),
            contact_name: None,
            text: text.to_owned(),
            attachments: Vec::new(),
            route: None,
            source: None,
            identity: Identity::default(),
            quiet_ms: 0,
        };
        self.db.accept(vec![message], &self.clock, &self.ids).await.unwrap().remove(0).conversation
    }

    pub(crate) async fn claim(&self, conversation: &ConversationId) -> Claim {
        let rules = ClaimRules {
            owner: "me".to_owned(),
            channels: vec![ChannelKind::Api],
            lease_ms: 60_000,
            max_burst_ms: 0,
            limit: 10,
        };
        self.db
            .claim_conversation(conversation, &rules, self.clock.now_ms())
            .await
            .unwrap()
            .expect("something to answer")
    }

    fn owner_ms(&self, conversation: &ConversationId) -> i64 {
        let reader = rusqlite::Connection::open(self.db.path()).unwrap();
        let sql = "select owner_ms from conversation where id = ?1";
        reader.query_row(sql, [conversation.as_str()], |row| row.get(0)).unwrap()
    }

    /// What a turn commits that answers a claim with `replies`.
    pub(crate) fn turn(&self, claim: &Claim, replies: &[&str]) -> TurnCommit {
        TurnCommit {
            report: TurnReport {
                tenant: TenantId::parse("a").unwrap(),
                conversation: claim.conversation.clone(),
                turn: self.ids.next("turn"),
                reply: replies.join("\n"),
                messages: replies.iter().map(|&reply| reply.to_owned()).collect(),
                choices: Vec::new(),
                language: Language::Es,
                sentiment: 0.0,
                intents: vec![],
                agents: vec![],
                tools: vec![],
                sources: vec![],
                handoff: None,
                lead: None,
                order: None,
                appointment: None,
                threat: Threat::default(),
                answered_by: "builtin".to_owned(),
                latency_ms: Latency::default(),
            },
            owner: "me".to_owned(),
            answered: claim.messages.iter().map(|message| message.seq).collect(),
            newer: Newer::Leave,
            effects: Vec::new(),
            owner_ms: self.owner_ms(&claim.conversation),
            returned: false,
            fallbacks: 0,
            agents: Vec::new(),
            usage: Vec::new(),
            ids: self.ids.clone(),
            now_ms: self.clock.now_ms(),
        }
    }

    /// A customer writes and is answered, with these effects.
    pub(crate) async fn say(&self, contact: &str, text: &str, effects: Vec<Effect>) -> ConversationId {
        let conversation = self.write(contact, text).await;
        let claim = self.claim(&conversation).await;
        let commit = TurnCommit { effects, ..self.turn(&claim, &["Con gusto."]) };
        self.commit(commit).await.unwrap();
        conversation
    }

    pub(crate) async fn commit(&self, commit: TurnCommit) -> Result<(), StoreError> {
        match self.db.commit_turn(commit).await? {
            Committed::Done(_) => Ok(()),
            other => panic!("{other:?}"),
        }
    }

    /// Imports a catalogue of these lines: `sku,name,price,stock`.
    pub(crate) fn stock(&self, lines: &str) {
        let options = ImportOptions {
            currency: Currency::parse("COP").unwrap(),
            language: Language::Es,
            missing: Missing::Keep,
            mode: Mode::Apply,
            bad_rows: BadRows::Refuse,
            actor: "operator".to_owned(),
        };
        let file = format!("sku,name,price,stock\n{lines}");
        // Away from the runtime's thread, which must not wait for the write lane.
        let import = || import(&self.db, file.as_bytes(), options, &self.clock).unwrap();
        let report = std::thread::scope(|scope| scope.spawn(import).join().unwrap());
        assert!(report.applied, "{report:?}");
    }

    /// The number that a query gives.
    pub(crate) fn count(&self, sql: &str) -> i64 {
        self.db.read_blocking(|tx| Ok(tx.query_row(sql, [], |row| row.get(0))?)).unwrap()
    }

    /// The text that a query gives.
    pub(crate) fn text(&self, sql: &str) -> String {
        self.db.read_blocking(|tx| Ok(tx.query_row(sql, [], |row| row.get(0))?)).unwrap()
    }
}
