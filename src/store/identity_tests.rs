use super::*;
use crate::{
    domain::{conversation::ConversationId, message::Inbound},
    store::fixture::Fixture,
};

const META: ChannelKind = ChannelKind::Meta;
const CHATWOOT: ChannelKind = ChannelKind::Chatwoot;

struct World(Fixture);

impl World {
    async fn write(&self, channel: ChannelKind, contact: &str, identity: Identity) -> ConversationId {
        let message = Inbound {
            channel,
            message_id: self.0.ids.next("wamid"),
            contact: contact.to_owned(),
            contact_name: None,
            text: "hola".to_owned(),
            attachments: Vec::new(),
            route: Some("12".to_owned()),
            source: None,
            identity,
            quiet_ms: 0,
        };
        self.0.db.accept(vec![message], &self.0.clock, &self.0.ids).await.unwrap().remove(0).conversation
    }

    async fn move_to(&self, from: &str, to: &str) -> bool {
        let moved = Moved { from: from.to_owned(), to: to.to_owned() };
        self.0.db.move_contact(META, moved).await.unwrap()
    }

    fn contacts(&self) -> String {
        self.0.text("select group_concat(address, ' ') from (select address from contact order by rowid)")
    }
}

fn user(id: &str) -> Identity {
    Identity { aliases: vec![id.to_owned()], ..Identity::default() }
}

fn desk(account: u64, contact: u64, conversation: u64) -> Identity {
    Identity {
        username: None,
        aliases: vec![format!("account:{account}/contact:{contact}")],
        thread: Some(format!("account:{account}/conversation:{conversation}")),
    }
}

#[tokio::test]
async fn a_number_written_in_the_other_way_is_the_same_contact_where_contacts_are_numbers() {
    let w = World(Fixture::new());
    let ana = w.write(META, "5215512345678", Identity::default()).await;
    assert_eq!(w.write(META, "525512345678", Identity::default()).await, ana);
    assert_eq!(w.contacts(), "525512345678", "it is answered as it wrote last");
    assert_ne!(w.write(META, "525512345679", Identity::default()).await, ana);
    let program = w.write(ChannelKind::Web, "5215512345678", Identity::default()).await;
    assert_ne!(w.write(ChannelKind::Web, "525512345678", Identity::default()).await, program);
}

#[tokio::test]
async fn a_user_id_and_a_number_that_came_together_are_one_contact() {
    let w = World(Fixture::new());
    let both = w.write(META, "573001112201", user("CO.1")).await;
    assert_eq!(w.write(META, "CO.1", Identity::default()).await, both);
    assert_eq!(w.contacts(), "573001112201", "the number says more");
    let hidden = w.write(META, "CO.2", Identity::default()).await;
    assert_ne!(hidden, both);
    assert_eq!(w.write(META, "573001112202", user("CO.2")).await, hidden);
    assert_eq!(w.contacts(), "573001112201 573001112202");
    assert_ne!(w.write(META, "573001112203", user("CO.3")).await, hidden);
}

#[tokio::test]
async fn who_takes_another_number_goes_on_and_who_gets_the_old_one_begins_anew() {
    let w = World(Fixture::new());
    let ana = w.write(META, "573001112201", user("CO.1")).await;
    w.0.count("select count(*) from contact");
    assert!(w.move_to("573001112201", "573001112299").await);
    assert_eq!(w.write(META, "573001112299", Identity::default()).await, ana);
    assert!(!w.move_to("573001112201", "573001112299").await, "told again");
    let stranger = w.write(META, "573001112201", user("CO.9")).await;
    assert_ne!(stranger, ana);
    assert!(!w.move_to("573001112201", "573001112299").await, "two people stay two");
    assert_eq!(w.contacts(), "573001112299 573001112201");
    assert_eq!(w.write(META, "573001112201", user("CO.9")).await, stranger);
}

#[tokio::test]
async fn what_waits_for_a_contact_goes_where_it_is_called_now() {
    let f = Fixture::new();
    f.say("ana", "hola", Vec::new()).await;
    let moved = Moved { from: "ana".to_owned(), to: "ana maria".to_owned() };
    assert!(f.db.move_contact(ChannelKind::Api, moved).await.unwrap());
    assert_eq!(f.text("select contact from outbox"), "ana maria");
}

#[tokio::test]
async fn a_conversation_at_a_desk_goes_on_when_its_contact_is_merged_or_gets_a_number() {
    let w = World(Fixture::new());
    let ana = w.write(CHATWOOT, "15", desk(1, 15, 31)).await;
    assert_eq!(w.write(CHATWOOT, "+573001112201", desk(1, 15, 31)).await, ana);
    assert_eq!(w.write(CHATWOOT, "+573001112201", desk(1, 15, 40)).await, ana, "another conversation");
    let luis = w.write(CHATWOOT, "22", desk(1, 22, 32)).await;
    assert_ne!(luis, ana);
    // The desk says that both are one: each conversation goes on where it was.
    assert_eq!(w.write(CHATWOOT, "22", desk(1, 22, 31)).await, ana);
    assert_eq!(w.write(CHATWOOT, "22", desk(1, 22, 32)).await, luis);
    // Another account counts from one again.
    let other = w.write(CHATWOOT, "+573001112299", desk(2, 15, 31)).await;
    assert!(other != ana && other != luis);
    let found = w.0.db.conversation_at(CHATWOOT, "99", &desk(1, 99, 31), "12").await.unwrap();
    assert_eq!(found, Some(ana), "people who write there are heard too");
}

#[tokio::test]
async fn a_username_is_the_one_that_was_told_last() {
    let w = World(Fixture::new());
    let named = |name: &str| Identity { username: Some(name.to_owned()), ..Identity::default() };
    for (identity, expected) in [(named("ana"), "ana"), (named("anita"), "anita"), (Identity::default(), "-")]
    {
        w.write(ChannelKind::Telegram, "99", identity).await;
        assert_eq!(w.0.text("select coalesce(username, '-') from contact"), expected);
    }
}
