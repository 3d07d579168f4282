//! The workers against turns and channels that do as they are told.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{sync::Notify, task::JoinHandle};

use super::{
    DAEMON_OWNER, Stop,
    bell::Bell,
    dispatcher::Dispatcher,
    indexing::Indexer,
    outbox::Outbox,
    runner::{RunError, TenantContext},
    turns::Turns,
};
use crate::{
    alerts::Alerts,
    channel::{Channels, SendError, api::ReplyDesk, tests::Script as ChannelScript},
    clock::{Chance, Clock, Ids},
    config::{Config, ConfigSource, env::Env, live::LiveConfig},
    domain::{
        contact::Identity,
        conversation::ChannelKind,
        language::Language,
        message::Inbound,
        tenant::TenantId,
        turn::{Latency, Threat, TurnReport},
    },
    knowledge::embed::Embedder,
    store::{
        StoreError,
        inbox::Claim,
        turn::{Committed, Newer, TurnCommit},
    },
    tenants::Tenants,
};

/// Turns that answer with the texts they were given, joined by `+`; a text may say to do something else.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// Guards how many turns of each tenant began, in order.
    began: Arc<Mutex<Vec<(TenantId, String)>>>,
    /// Lets the turns go on that were told to wait.
    go_on: Arc<Notify>,
}

impl Script {
    pub(super) async fn run(
        &self,
        tenant: &TenantContext,
        claim: Claim,
        owner: &str,
    ) -> Result<TurnReport, RunError> {
        let text = claim.messages.iter().map(|m| m.text.as_str()).collect::<Vec<_>>().join("+");
        self.began.lock().unwrap().push((tenant.id.clone(), text.clone()));
        let first_try = claim.messages.iter().all(|m| m.attempts == 0);
        match text.as_str() {
            "panic" => panic!("as told"),
            "panic once" if first_try => panic!("as told"),
            "fail" => return Err(StoreError::value("test", "as told").into()),
            "wait" => self.go_on.notified().await,
            _ => {}
        }
        let turn = format!("turn of {text} in {}", claim.conversation);
        let report = TurnReport {
            tenant: tenant.id.clone(),
            conversation: claim.conversation.clone(),
            turn,
            reply: text.clone(),
            messages: vec![text],
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
        };
        let commit = TurnCommit {
            report: report.clone(),
            owner: owner.to_owned(),
            answered: claim.messages.iter().map(|m| m.seq).collect(),
            newer: Newer::Leave,
            effects: Vec::new(),
            owner_ms: 0,
            returned: false,
            fallbacks: 0,
            agents: Vec::new(),
            usage: Vec::new(),
            ids: Ids::Random,
            now_ms: Clock::System.now_ms(),
        };
        match tenant.db.commit_turn(commit).await? {
            Committed::Done(_) => Ok(report),
            other => panic!("{other:?}"),
        }
    }
}

/// A daemon's workers without its HTTP side.
struct World {
    _folder: tempfile::TempDir,
    tenants: Tenants,
    turns: Script,
    channel: ChannelScript,
    dispatcher: Arc<Bell>,
    turns_stop: Stop,
    sends_stop: Stop,
    workers: Vec<JoinHandle<()>>,
}

fn live(folder: &Path, settings: &str) -> Arc<LiveConfig> {
    let file = folder.join("chatbot.toml");
    std::fs::write(&file, settings).unwrap();
    let source = ConfigSource::new(Some(file), Env::fixed([]));
    let config = Arc::new(Config::load(&source).unwrap());
    Arc::new(LiveConfig::new(source, config))
}

fn world(names: &[&str], settings: &str, channel: ChannelScript) -> World {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let of_tenant = folder.path().join("tenants").join(name);
        std::fs::create_dir_all(&of_tenant).unwrap();
        std::fs::write(of_tenant.join("tenant.toml"), "name = \"Test\"\n").unwrap();
    }
    let live = live(folder.path(), settings);
    let embedder = Arc::new(Embedder::builtin().unwrap());
    let tenants = Tenants::list(live.clone(), embedder, Clock::System).unwrap();
    let (dispatcher, outbox) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
    let desk = Arc::new(ReplyDesk::default());
    let (turns, chance) = (Script::default(), Chance::Fixed(0.0));
    let (turns_stop, sends_stop) = (Stop::default(), Stop::default());
    let owner = format!("{DAEMON_OWNER}test");
    let mut channels = Channels::new(desk.clone(), live.clone(), Clock::System, Alerts::logged()).unwrap();
    channels.scripted = Some(channel.clone());
    let workers = vec![
        tokio::spawn(
            Dispatcher {
                live: live.clone(),
                tenants: tenants.clone(),
                turns: Turns::Scripted(turns.clone()),
                indexer: Arc::new(Indexer::new(live.clone(), "iass".into(), Clock::System)),
                bell: dispatcher.clone(),
                outbox: outbox.clone(),
                deliveries: Arc::new(Bell::default()),
                memory: Arc::new(Bell::default()),
                appointments: Arc::default(),
                desk,
                channels: channels.clone(),
                owner: owner.clone(),
                clock: Clock::System,
                chance,
            }
            .run(turns_stop.clone()),
        ),
        tokio::spawn(
            Outbox {
                live,
                tenants: tenants.clone(),
                channels,
                bell: outbox,
                owner,
                clock: Clock::System,
                chance,
            }
            .run(sends_stop.clone()),
        ),
    ];
    World { _folder: folder, tenants, turns, channel, dispatcher, turns_stop, sends_stop, workers }
}

impl World {
    async fn write(&self, tenant: &str, contact: &str, text: &str, quiet_ms: u32) {
        let id = TenantId::parse(tenant).unwrap();
        let message = Inbound {
            channel: ChannelKind::Api,
            message_id: Ids::Random.next("m"),
            contact: contact.to_owned(),
            contact_name: None,
            text: text.to_owned(),
            attachments: Vec::new(),
            route: None,
            source: None,
            identity: Identity::default(),
            quiet_ms,
        };
        let tenant = self.tenants.get(&id).await.unwrap();
        tenant.db().accept(vec![message], &Clock::System, &Ids::Random).await.unwrap();
        self.dispatcher.ring_at(&id, Clock::System.now_ms() + i64::from(quiet_ms));
    }

    /// Waits until `count` replies were sent and returns them.
    async fn sent(&self, count: usize) -> Vec<String> {
        self.channel.wait_for(count).await
    }

    /// Stops the workers as the daemon does.
    async fn stop(self) -> Vec<String> {
        self.turns_stop.hurry.cancel();
        self.sends_stop.hurry.cancel();
        let [dispatcher, outbox] = <[_; 2]>::try_from(self.workers).unwrap();
        self.turns_stop.finish.cancel();
        dispatcher.await.unwrap();
        self.sends_stop.finish.cancel();
        outbox.await.unwrap();
        self.channel.sent()
    }
}

#[tokio::test]
async fn a_message_becomes_a_turn_and_its_reply_is_sent_once() {
    let w = world(&["a"], "", ChannelScript::default());
    w.write("a", "ana", "hola", 0).await;
    assert_eq!(w.sent(1).await, ["hola"]);
    assert_eq!(w.stop().await, ["hola"]);
}

#[tokio::test]
async fn poison_puts_off_only_its_own_conversation() {
    let w = world(&["a", "b"], "", ChannelScript::default());
    for text in ["panic", "fail"] {
        w.write("a", text, text, 0).await;
    }
    for contact in 0..20 {
        w.write("a", &format!("c{contact}"), &format!("a{contact}"), 0).await;
        w.write("b", &format!("c{contact}"), &format!("b{contact}"), 0).await;
    }
    let sent = w.sent(40).await;
    assert_eq!(sent.len(), 40);
    let id = TenantId::parse("a").unwrap();
    let tenant = w.tenants.get(&id).await.unwrap();
    assert_eq!(tenant.db().count_pending().await.unwrap(), 2, "what failed is still there");
}

#[tokio::test]
async fn a_turn_that_panicked_is_tried_again_and_answered() {
    let w = world(&["a"], "", ChannelScript::default());
    w.write("a", "ana", "panic once", 0).await;
    assert_eq!(w.sent(1).await, ["panic once"]);
    assert_eq!(w.turns.began.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn messages_of_a_burst_get_one_reply() {
    let w = world(&["a"], "", ChannelScript::default());
    for text in ["uno", "dos", "tres"] {
        w.write("a", "ana", text, 60).await;
    }
    assert_eq!(w.sent(1).await, ["uno+dos+tres"]);
    assert_eq!(w.stop().await.len(), 1);
}

#[tokio::test]
async fn a_conversation_has_one_turn_at_a_time_and_others_go_on() {
    let w = world(&["a"], "", ChannelScript::default());
    w.write("a", "ana", "wait", 0).await;
    w.write("a", "bea", "bea", 0).await;
    assert_eq!(w.sent(1).await, ["bea"]);
    w.write("a", "ana", "later", 0).await;
    w.write("a", "carla", "carla", 0).await;
    assert_eq!(w.sent(2).await, ["bea", "carla"]);
    assert!(!w.turns.began.lock().unwrap().iter().any(|(_, text)| text == "later"));
    w.turns.go_on.notify_one();
    assert_eq!(w.sent(4).await, ["bea", "carla", "wait", "later"]);
}

#[tokio::test]
async fn a_tenant_with_much_to_do_leaves_places_for_the_others() {
    let w = world(&["loud", "quiet"], "[worker]\nconcurrent_turns = 4\n", ChannelScript::default());
    for contact in 0..50 {
        w.write("loud", &format!("c{contact}"), "wait", 0).await;
    }
    w.write("quiet", "ana", "hola", 0).await;
    // Each place that becomes free goes to the next tenant in the row.
    let mut sent = Vec::new();
    while !sent.iter().any(|text| text == "hola") {
        w.turns.go_on.notify_one();
        sent = w.sent(sent.len() + 1).await;
    }
    let place = w.turns.began.lock().unwrap().iter().position(|(tenant, _)| tenant.as_str() == "quiet");
    assert!(place.is_some_and(|place| place < 12), "{place:?} of {sent:?}");
}

#[tokio::test]
async fn stopping_answers_what_was_accepted_and_sends_it() {
    let w = world(&["a", "b"], "", ChannelScript::default());
    for (tenant, contact) in [("a", "ana"), ("a", "bea"), ("b", "carla")] {
        // Still in the quiet period when the daemon is told to stop.
        w.write(tenant, contact, contact, 25_000).await;
    }
    let mut sent = w.stop().await;
    sent.sort();
    assert_eq!(sent, ["ana", "bea", "carla"]);
}

#[tokio::test]
async fn a_reply_is_tried_again_until_the_channel_takes_it() {
    let refuse = |n: usize| SendError::Temporary { message: format!("no {n}"), retry_after: None };
    let w = world(&["a"], "[outbox]\nfirst_retry_ms = 10\n", ChannelScript::failing((0..3).map(refuse)));
    w.write("a", "ana", "uno", 0).await;
    w.write("a", "ana", "dos", 0).await;
    let sent = w.sent(1).await;
    assert!(sent[0].starts_with("uno"), "order is kept: {sent:?}");
    let all = w.stop().await.join("+");
    assert_eq!(all, "uno+dos", "each is sent once");
}

#[tokio::test]
async fn a_reply_that_no_try_can_save_is_kept_as_a_dead_letter_and_the_next_one_goes() {
    let permanent = SendError::Permanent { message: "no such user".to_owned() };
    let w = world(&["a"], "", ChannelScript::failing([permanent]));
    w.write("a", "ana", "uno", 0).await;
    w.channel.wait_for_failures().await;
    w.write("a", "ana", "dos", 0).await;
    assert_eq!(w.sent(1).await, ["dos"]);
    let tenant = w.tenants.get(&TenantId::parse("a").unwrap()).await.unwrap();
    assert_eq!(tenant.db().count_dead().await.unwrap(), 1);
}

#[tokio::test]
async fn a_channel_that_asks_to_be_left_alone_is() {
    let refuse =
        SendError::Temporary { message: "429".to_owned(), retry_after: Some(Duration::from_secs(3600)) };
    let w =
        world(&["a"], "[outbox]\nfirst_retry_ms = 10\nmax_retry_s = 600\n", ChannelScript::failing([refuse]));
    w.write("a", "ana", "uno", 0).await;
    w.write("a", "bea", "otra", 0).await;
    w.sent(1).await;
    let tenant = w.tenants.get(&TenantId::parse("a").unwrap()).await.unwrap();
    assert_eq!(w.stop().await.len(), 1);
    let round = tenant.db().claim_replies("nobody", &[ChannelKind::Api], 0, 10).await.unwrap();
    let in_ms = round.next_due_ms.unwrap() - Clock::System.now_ms();
    assert!((400_000..=600_000).contains(&in_ms), "an hour is cut to the longest pause: {in_ms}");
}
