use super::*;
use crate::{
    domain::{
        contact::Identity,
        effect::Effect,
        handoff::{Brief, HandoffReason},
        message::{Attachment, AttachmentKind, Inbound},
    },
    store::{fixture::Fixture, inbox::ClaimRules, turn::TurnCommit},
};

const CHANNELS: [ChannelKind; 2] = [ChannelKind::Twilio, ChannelKind::Chatwoot];

fn inbound(f: &Fixture, channel: ChannelKind, route: &str) -> Inbound {
    let note = Attachment {
        kind: AttachmentKind::Voice,
        reference: "https://provider.example/1".to_owned(),
        mime: Some("audio/ogg".to_owned()),
        name: None,
        checksum: None,
        unread: None,
    };
    Inbound {
        channel,
        message_id: f.ids.next("m"),
        contact: "+573001234567".to_owned(),
        contact_name: None,
        text: String::new(),
        attachments: vec![note],
        route: Some(route.to_owned()),
        source: Some(format!("campaign {route}")),
        identity: Identity::default(),
        quiet_ms: 0,
    }
}

async fn answered(f: &Fixture, channel: ChannelKind, change: impl FnOnce(&mut TurnCommit)) -> ConversationId {
    for route in ["first", "second"] {
        f.db.accept(vec![inbound(f, channel, route)], &f.clock, &f.ids).await.unwrap();
    }
    let conversation = f.db.conversation_of(channel, "+573001234567").await.unwrap().unwrap();
    let rules = ClaimRules {
        owner: "me".to_owned(),
        channels: CHANNELS.to_vec(),
        lease_ms: 60_000,
        max_burst_ms: 0,
        limit: 1,
    };
    let claim = f.db.claim_conversation(&conversation, &rules, f.clock.now_ms()).await.unwrap().unwrap();
    let mut commit = f.turn(&claim, &[]);
    change(&mut commit);
    f.commit(commit).await.unwrap();
    conversation
}

#[tokio::test]
async fn a_long_reply_is_a_row_for_each_message_that_the_channel_takes_and_the_last_has_the_choices() {
    let f = Fixture::new();
    let long = "Con mucho gusto le cuento. ".repeat(100);
    answered(&f, ChannelKind::Twilio, |commit| {
        commit.report.messages = vec![long.clone()];
        commit.report.choices = vec!["Sí".to_owned(), "No".to_owned()];
    })
    .await;
    let mut texts = Vec::new();
    loop {
        let round = f.db.claim_replies("sender", &CHANNELS, f.clock.now_ms(), 10).await.unwrap();
        let Some(reply) = round.replies.into_iter().next() else { break };
        assert!(reply.text.chars().count() <= 1600);
        assert_eq!(reply.route.as_deref(), Some("second"));
        assert_eq!(reply.last_heard_ms, Some(f.clock.now_ms()));
        f.db.mark_sent(reply.seq, Some(format!("SM{}", reply.seq)), 1).await.unwrap();
        texts.push((reply.text, reply.choices));
    }
    assert_eq!(texts.len(), 2);
    assert!(texts[0].1.is_empty());
    assert_eq!(texts[1].1, ["Sí", "No"]);
    let whole: Vec<&str> = texts.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(whole.join(" "), long.trim());
}

#[tokio::test]
async fn the_latest_route_and_the_first_source_of_a_conversation_count() {
    let f = Fixture::new();
    answered(&f, ChannelKind::Twilio, |_| {}).await;
    assert_eq!(f.text("select route from conversation"), "second");
    assert_eq!(f.text("select source from conversation"), "campaign first");
}

#[tokio::test]
async fn the_words_of_a_file_take_its_place_until_the_turn_is_committed() {
    let f = Fixture::new();
    f.db.accept(vec![inbound(&f, ChannelKind::Twilio, "r")], &f.clock, &f.ids).await.unwrap();
    let conversation = f.db.conversation_of(ChannelKind::Twilio, "+573001234567").await.unwrap().unwrap();
    let waiting = |f: &Fixture| {
        let conversation = conversation.clone();
        f.db.read_blocking(move |tx| crate::store::inbox::pending(tx, &conversation)).unwrap().remove(0)
    };
    assert_eq!(waiting(&f).attachments[0].kind, AttachmentKind::Voice);
    f.db.set_words(waiting(&f).seq, "¿A qué hora abren?".to_owned(), Vec::new()).await.unwrap();
    assert!(waiting(&f).attachments.is_empty());
    assert_eq!(waiting(&f).text, "¿A qué hora abren?");
}

#[tokio::test]
async fn the_desk_of_a_provider_is_told_of_a_handoff_once_and_after_the_reply() {
    let f = Fixture::new();
    let handoff = Effect::Handoff {
        id: "h1".to_owned(),
        reason: HandoffReason::ExplicitRequest,
        brief: Brief::default(),
    };
    answered(&f, ChannelKind::Chatwoot, |commit| {
        commit.report.messages = vec!["Le paso con una persona.".to_owned()];
        commit.effects = vec![handoff.clone(), handoff];
    })
    .await;
    assert_eq!(
        f.text("select group_concat(kind) from (select kind from outbox order by seq)"),
        "reply,handoff"
    );
}
