use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    domain::{conversation::ConversationId, effect::Effect},
    store::{fixture::Fixture, turn::Committed},
};

const MINUTE: i64 = 60_000;

/// The beginning of the tests' calendar: a day after the fixture's clock.
const DAY: i64 = 1_800_086_400_000;

fn slot(resource: &str, minute: i64, length: i64) -> Slot {
    let start_ms = DAY + minute * MINUTE;
    let end_ms = start_ms + length * MINUTE;
    Slot {
        service: "s".to_owned(),
        resource: resource.to_owned(),
        start_ms,
        end_ms,
        blocked_from_ms: start_ms - 5 * MINUTE,
        blocked_to_ms: end_ms + 10 * MINUTE,
        capacity: 1,
    }
}

fn names() -> SlotNames {
    SlotNames { service: "Masaje".to_owned(), resource: "Paola".to_owned() }
}

fn offer(slots: &[Slot]) -> BookingChange {
    let offered = slots.iter().zip(1..).map(|(slot, place)| OfferedSlot { place, slot: slot.clone() });
    BookingChange::Offer(offered.collect())
}

fn book(id: &str, slot: &Slot) -> BookingChange {
    BookingChange::Book {
        id: id.to_owned(),
        slot: slot.clone(),
        names: names(),
        details: json!({"name": "Ana"}),
        reminders_ms: vec![slot.start_ms - 3_600_000],
        remote: false,
    }
}

fn effects(changes: Vec<BookingChange>) -> Vec<Effect> {
    changes.into_iter().map(Effect::Booking).collect()
}

/// Whether a turn with these changes is committed.
async fn does(fixture: &Fixture, contact: &str, changes: Vec<BookingChange>) -> bool {
    let conversation = fixture.write(contact, "una cita").await;
    let claim = fixture.claim(&conversation).await;
    let commit =
        crate::store::turn::TurnCommit { effects: effects(changes), ..fixture.turn(&claim, &["Listo."]) };
    match fixture.db.commit_turn(commit).await.unwrap() {
        Committed::Done(_) => true,
        Committed::Stale => {
            fixture.db.release(&conversation, "me").await.unwrap();
            let again = fixture.claim(&conversation).await;
            fixture.commit(fixture.turn(&again, &["Esa hora ya no está."])).await.unwrap();
            false
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn only_what_was_offered_can_be_taken_and_only_once() {
    let fixture = Fixture::new();
    let ten = slot("a", 600, 30);
    assert!(!does(&fixture, "ana", vec![book("x1", &ten)]).await, "it was not offered");
    assert!(does(&fixture, "ana", vec![offer(std::slice::from_ref(&ten))]).await);
    assert!(does(&fixture, "leo", vec![offer(std::slice::from_ref(&ten))]).await);
    let sent = fixture.count("select count(*) from outbox where text = 'Listo.'");
    assert!(does(&fixture, "ana", vec![book("x1", &ten)]).await);
    assert!(!does(&fixture, "leo", vec![book("x2", &ten)]).await, "it is taken");
    assert_eq!(fixture.text("select group_concat(id || status) from appointment"), "x1booked");
    let now = fixture.count("select count(*) from outbox where text = 'Listo.'");
    assert_eq!(now, sent + 1, "nothing of a stale turn goes out");
    assert!(!does(&fixture, "ana", vec![book("x3", &ten)]).await, "what was offered was taken");
}

#[tokio::test]
async fn neighbours_keep_their_buffers_and_other_resources_are_free() {
    let fixture = Fixture::new();
    let slots = [slot("a", 600, 30), slot("a", 640, 30), slot("a", 645, 30), slot("b", 600, 30)];
    assert!(does(&fixture, "ana", vec![offer(&slots), book("x1", &slots[0])]).await);
    assert!(!does(&fixture, "leo", vec![offer(&slots), book("x2", &slots[1])]).await);
    assert!(does(&fixture, "leo", vec![offer(&slots), book("x3", &slots[2])]).await);
    // The other resource is offered at the same time to somebody else.
    assert!(does(&fixture, "eva", vec![offer(&slots[3..]), book("x4", &slots[3])]).await);
}

#[tokio::test]
async fn a_kept_time_is_kept_and_then_let_go() {
    let fixture = Fixture::new();
    let ten = slot("a", 600, 30);
    let until_ms = fixture.clock.now_ms() + 15 * MINUTE;
    let hold = BookingChange::Hold { id: "x1".to_owned(), slot: ten.clone(), names: names(), until_ms };
    assert!(does(&fixture, "ana", vec![offer(std::slice::from_ref(&ten)), hold.clone()]).await);
    assert!(!does(&fixture, "leo", vec![offer(std::slice::from_ref(&ten)), book("x2", &ten)]).await);
    fixture.advance(16 * 60);
    assert!(does(&fixture, "leo", vec![offer(std::slice::from_ref(&ten)), book("x2", &ten)]).await);
    assert!(!does(&fixture, "ana", vec![book("x1", &ten)]).await, "it was kept for too long");
    fixture.db.tidy_appointments(fixture.clock.now_ms()).await.unwrap();
    assert_eq!(fixture.text("select group_concat(id) from appointment"), "x2");
}

#[tokio::test]
async fn moved_and_cancelled_appointments_free_their_time_and_are_not_reminded_of() {
    let fixture = Fixture::new();
    let (ten, noon) = (slot("a", 600, 30), slot("a", 720, 30));
    assert!(does(&fixture, "ana", vec![offer(std::slice::from_ref(&ten)), book("x1", &ten)]).await);
    let to_noon = |from_ms| BookingChange::Move {
        id: "x1".to_owned(),
        from_ms,
        slot: noon.clone(),
        names: names(),
        reminders_ms: vec![noon.start_ms - 60_000],
        remote: false,
    };
    let offered = || offer(&[ten.clone(), noon.clone()]);
    assert!(!does(&fixture, "leo", vec![offered(), to_noon(ten.start_ms)]).await, "it is Ana's");
    assert!(does(&fixture, "ana", vec![offered(), to_noon(ten.start_ms)]).await);
    assert!(!does(&fixture, "ana", vec![offered(), to_noon(ten.start_ms)]).await, "it was moved already");
    assert_eq!(fixture.count("select due_ms from appointment_reminder"), noon.start_ms - 60_000);
    assert_eq!(fixture.count("select sequence from appointment"), 1);
    assert!(does(&fixture, "leo", vec![offered(), book("x2", &ten)]).await, "ten is free again");
    let cancel = BookingChange::Cancel { id: "x1".to_owned(), remote: false };
    assert!(!does(&fixture, "leo", vec![cancel.clone()]).await, "it is Ana's");
    assert!(does(&fixture, "ana", vec![cancel.clone()]).await);
    assert!(!does(&fixture, "ana", vec![cancel]).await);
    assert_eq!(fixture.count("select count(*) from appointment_reminder where appointment_id = 'x1'"), 0);
    assert!(does(&fixture, "eva", vec![offered(), book("x3", &noon)]).await, "noon is free again");
}

#[tokio::test]
async fn a_group_takes_as_many_as_it_holds() {
    let fixture = Fixture::new();
    let group = Slot { capacity: 2, ..slot("a", 600, 60) };
    for (contact, fits) in [("ana", true), ("leo", true), ("eva", false)] {
        let changes = vec![offer(std::slice::from_ref(&group)), book(contact, &group)];
        assert_eq!(does(&fixture, contact, changes).await, fits, "{contact}");
    }
}

/// The pairs of appointments that take the same resource at the same time.
const OVERLAPS: &str = "select count(*) from appointment a join appointment b
     on a.resource = b.resource and a.id < b.id and a.blocked_from_ms < b.blocked_to_ms
        and b.blocked_from_ms < a.blocked_to_ms
     where a.status in ('booked', 'confirmed') and b.status in ('booked', 'confirmed')
       and not (a.capacity > 1 and a.service = b.service and a.start_ms = b.start_ms)";

/// The groups with more members than they hold.
const OVERFULL: &str = "select count(*) from (
     select 1 from appointment
     where status in ('booked', 'confirmed') or (status = 'held' and held_until_ms is null)
     group by resource, service, start_ms having count(*) > max(capacity))";

/// Many customers at once want one of few overlapping times, and some cancel: never two at the same time.
async fn race(customers: usize, attempts: usize) -> (i64, usize) {
    let fixture = Arc::new(Fixture::new());
    let mut conversations: Vec<ConversationId> = Vec::new();
    for customer in 0..customers {
        conversations.push(fixture.say(&format!("c{customer}"), "una cita", vec![]).await);
    }
    let mut tasks = tokio::task::JoinSet::new();
    for (customer, conversation) in conversations.into_iter().enumerate() {
        let fixture = fixture.clone();
        tasks.spawn(async move {
            let mut won = 0;
            for attempt in 0..attempts / customers {
                let random = (customer * 7919 + attempt * 104_729) % 1_000_003;
                let resource = ["a", "b", "c"][random % 3];
                let minute = i64::try_from(random / 3 % 90).unwrap() * 10;
                let length = [20, 45, 60][random / 300 % 3];
                let wanted = slot(resource, minute, length);
                let id = format!("x{customer}-{attempt}");
                let (conversation, ids) = (conversation.clone(), fixture.ids.clone());
                let now_ms = fixture.clock.now_ms();
                let booked = fixture
                    .db
                    .write(move |tx| {
                        let applying = Applying { tx, conversation: &conversation, now_ms, ids: &ids };
                        let contact: String = tx.query_row(
                            "select contact_id from conversation where id = ?1",
                            [conversation.as_str()],
                            |row| row.get(0),
                        )?;
                        apply(&applying, &contact, &offer(std::slice::from_ref(&wanted)))?;
                        apply(&applying, &contact, &book(&id, &wanted))?;
                        // Every tenth one is given up again.
                        if attempt % 10 == 9 {
                            let cancel = BookingChange::Cancel { id: id.clone(), remote: false };
                            apply(&applying, &contact, &cancel)?;
                        }
                        Ok(())
                    })
                    .await;
                match booked {
                    Ok(()) => won += 1,
                    Err(StoreError::Stale) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            won
        });
    }
    let won: usize = tasks.join_all().await.into_iter().sum();
    (fixture.count(OVERLAPS), won)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_customers_never_get_the_same_time() {
    let (overlaps, won) = race(20, 4_000).await;
    assert_eq!(overlaps, 0);
    assert!(won > 20, "{won}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_thousand_racing_attempts_never_get_the_same_time() {
    let (overlaps, won) = race(200, 100_000).await;
    assert_eq!(overlaps, 0);
    assert!(won > 20, "{won}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever is offered, kept, booked, moved and cancelled in whatever order: no two share a resource's time.
    #[test]
    fn no_history_leads_to_an_overlap(steps in prop::collection::vec((0_u8..6, 0_usize..4, 0_i64..40, 0_usize..6), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let fixture = Fixture::new();
            let mut made = 0;
            for (step, resource, at, which) in steps {
                // Groups meet at few times, so that they fill up.
                let (name, at) = (["a", "b", "c", "g"][resource], if resource == 3 { at % 3 * 5 } else { at });
                let wanted = slot(name, at * 15, [15, 30, 60][which % 3]);
                // A calendar elsewhere keeps the time held until it agrees.
                let remote = step == 5;
                let contact = format!("c{}", which % 4);
                let earlier = format!("x{which}");
                let mut changes = vec![offer(std::slice::from_ref(&wanted))];
                match step {
                    0 | 1 | 5 => {
                        made += 1;
                        let mut booking = book(&format!("x{made}"), &wanted);
                        if let BookingChange::Book { remote: asks, .. } = &mut booking {
                            *asks = remote;
                        }
                        changes.push(booking);
                    }
                    2 => {
                        made += 1;
                        let until_ms = fixture.clock.now_ms() + MINUTE;
                        changes.push(BookingChange::Hold { id: format!("x{made}"), slot: wanted, names: names(), until_ms });
                    }
                    3 => {
                        let found = fixture.db.appointment(&earlier).await.unwrap();
                        let Some(found) = found else { continue };
                        changes.push(BookingChange::Move {
                            id: earlier, from_ms: found.slot.start_ms, slot: wanted, names: names(),
                            reminders_ms: vec![], remote: false,
                        });
                    }
                    _ => changes.push(BookingChange::Cancel { id: earlier, remote: false }),
                }
                does(&fixture, &contact, changes).await;
                fixture.advance(7);
                assert_eq!(fixture.count(OVERLAPS), 0);
                assert_eq!(fixture.count(OVERFULL), 0);
            }
        });
    }
}
