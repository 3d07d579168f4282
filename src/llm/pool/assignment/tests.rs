use proptest::prelude::*;

use super::*;
use crate::llm::{error::LlmError, pool::failure::remedy};

const SERVER: LlmError = LlmError::Server { status: 500, retry_after: None };

fn terms(tier: u8, max_conversations: u32, requests_per_minute: u32) -> Terms {
    Terms { owner: None, tier, max_conversations, requests_per_minute }
}

fn seat(n: usize) -> Seat {
    Seat { tenant: TenantId::parse("acme").unwrap(), conversation: ConversationId::new(format!("c{n}")) }
}

/// A pool under test, and its time.
struct Rig {
    pool: Assignments,
    keys: Vec<KeyNumber>,
    now: Instant,
    barred: BTreeSet<KeyNumber>,
}

impl Rig {
    fn new(keys: impl IntoIterator<Item = Terms>) -> Self {
        let now = Instant::now();
        let mut pool = Assignments::new(Duration::from_mins(10));
        let keys = keys.into_iter().map(|terms| pool.add(terms, now)).collect();
        Self { pool, keys, now, barred: BTreeSet::new() }
    }

    fn ask(&mut self, n: usize, patience: Duration) -> Verdict {
        let seat = seat(n);
        let wish = Wish { seat: &seat, shared: true, barred: &self.barred, latest: self.now + patience };
        self.pool.assign(&wish, self.now)
    }

    /// A grant that is to be had at once.
    fn grant(&mut self, n: usize) -> Grant {
        match self.ask(n, Duration::ZERO) {
            Verdict::Given(grant) => grant,
            other => panic!("{other:?}"),
        }
    }

    /// The key, counted from 0, of a request that succeeds at once.
    fn serve(&mut self, n: usize) -> usize {
        let grant = self.grant(n);
        self.settle(n, &grant, Ok(()));
        self.index(grant.key)
    }

    fn settle(&mut self, n: usize, grant: &Grant, outcome: Result<(), &LlmError>) {
        self.pool.settle(&seat(n), grant, outcome.map_err(|error| remedy(error).key), self.now);
    }

    fn fail(&mut self, n: usize, error: &LlmError) -> usize {
        let grant = self.grant(n);
        self.settle(n, &grant, Err(error));
        self.index(grant.key)
    }

    fn index(&self, key: KeyNumber) -> usize {
        self.keys.iter().position(|known| *known == key).unwrap()
    }

    fn active(&self) -> Vec<u32> {
        self.keys.iter().map(|key| self.pool.view(*key, self.now).unwrap().active).collect()
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }
}

#[test]
fn conversations_are_spread_evenly_and_stay_where_they_are() {
    let mut rig = Rig::new([terms(1, 15, 6000), terms(1, 15, 6000), terms(1, 15, 6000)]);
    let first: Vec<usize> = (0..40).map(|n| rig.serve(n)).collect();
    assert_eq!(rig.active(), [14, 13, 13]);
    for _ in 0..20 {
        rig.pass(1);
        let again: Vec<usize> = (0..40).map(|n| rig.serve(n)).collect();
        assert_eq!(again, first);
    }
}

#[test]
fn a_tier_is_used_when_the_better_one_is_exhausted() {
    let mut rig = Rig::new([terms(2, 9, 6000), terms(1, 2, 6000), terms(3, 9, 6000)]);
    assert_eq!([rig.serve(0), rig.serve(1), rig.serve(2)], [1, 1, 0], "full");
    assert_eq!(rig.fail(3, &SERVER), 0);
    assert_eq!(rig.serve(3), 2, "both better tiers are out");
}

#[test]
fn a_conversation_moves_when_its_key_rests_and_not_back() {
    let mut rig = Rig::new([terms(1, 9, 6000), terms(1, 9, 6000)]);
    assert_eq!(rig.fail(0, &SERVER), 0);
    assert_eq!(rig.serve(0), 1);
    assert_eq!(rig.active(), [0, 1]);
    rig.pass(60);
    assert_eq!(rig.serve(0), 1);
    assert_eq!(rig.serve(1), 0, "the new one probes the key with the fewest");
}

#[test]
fn a_key_that_rested_is_probed_by_one() {
    let mut rig = Rig::new([terms(1, 9, 6000)]);
    rig.fail(0, &SERVER);
    assert_eq!(rig.ask(0, Duration::ZERO), Verdict::Never);
    assert_eq!(rig.ask(0, Duration::from_secs(5)), Verdict::Later(Some(rig.now + Duration::from_secs(1))));
    rig.pass(1);
    let probe = rig.grant(0);
    assert_eq!(probe.purpose, Purpose::Probe);
    assert_eq!(rig.ask(1, Duration::from_secs(5)), Verdict::Later(None), "the others wait for the probe");
    rig.settle(0, &probe, Ok(()));
    assert_eq!(rig.grant(1).purpose, Purpose::Work);
}

#[test]
fn a_probe_that_is_called_off_goes_to_the_next() {
    let mut rig = Rig::new([terms(1, 9, 6000)]);
    rig.fail(0, &SERVER);
    rig.pass(1);
    let probe = rig.grant(0);
    rig.pool.call_off(&seat(0), &probe, true, rig.now);
    assert_eq!(rig.grant(1).purpose, Purpose::Probe);
}

#[test]
fn a_pinned_conversation_waits_for_its_key_a_little_and_is_lent_another_then() {
    let mut rig = Rig::new([terms(1, 9, 4), terms(1, 9, 6000)]);
    assert_eq!(rig.serve(0), 0);
    // The next free request of its key is 15 s away.
    assert_eq!(rig.serve(0), 1);
    assert_eq!(rig.active(), [1, 0], "the pin stays");
    rig.pass(12);
    let Verdict::Given(grant) = rig.ask(0, Duration::from_secs(10)) else { panic!() };
    assert_eq!((rig.index(grant.key), (grant.at - rig.now).as_secs()), (0, 3));
}

#[test]
fn who_finds_everything_used_up_waits_for_the_first_that_is_free() {
    let mut rig = Rig::new([terms(1, 9, 1), terms(2, 9, 2)]);
    rig.serve(0);
    rig.serve(1);
    assert_eq!(rig.ask(2, Duration::from_secs(10)), Verdict::Never);
    let Verdict::Given(grant) = rig.ask(2, Duration::from_secs(40)) else { panic!() };
    assert_eq!((rig.index(grant.key), (grant.at - rig.now).as_secs()), (1, 30));
}

#[test]
fn what_was_reserved_does_not_stand_when_the_key_fails_meanwhile() {
    let mut rig = Rig::new([terms(1, 9, 4)]);
    let first = rig.grant(0);
    let Verdict::Given(reserved) = rig.ask(1, Duration::from_secs(20)) else { panic!() };
    assert!(rig.pool.stands(&reserved, rig.now));
    rig.settle(0, &first, Err(&LlmError::Timeout));
    assert!(!rig.pool.stands(&reserved, rig.now));
    rig.pool.call_off(&seat(1), &reserved, false, rig.now);
    rig.pass(15);
    assert_eq!(rig.grant(2).at, rig.now, "its moment was given back");
}

#[test]
fn a_full_key_makes_room_for_who_speaks() {
    let mut rig = Rig::new([terms(1, 2, 6000)]);
    rig.serve(0);
    rig.pass(10);
    rig.serve(1);
    let at = rig.now + Duration::from_secs(20);
    assert_eq!(rig.ask(2, Duration::from_secs(60)), Verdict::Later(Some(at)));
    assert_eq!(rig.ask(2, Duration::from_secs(5)), Verdict::Later(None), "somebody may leave");
    rig.pass(20);
    rig.serve(2);
    assert_eq!(rig.active(), [2]);
    assert_eq!(rig.pool.pinned(&seat(0)), None, "the one that was silent longest");
    assert!(rig.pool.pinned(&seat(1)).is_some());
}

#[test]
fn a_place_is_free_when_it_is_released_or_silent_for_long() {
    let mut rig = Rig::new([terms(1, 2, 6000)]);
    rig.serve(0);
    let held = rig.grant(1);
    assert!(rig.pool.release(&seat(0)));
    assert!(!rig.pool.release(&seat(0)));
    rig.serve(2);
    rig.pass(600);
    assert_eq!(rig.pool.sweep(rig.now), 1, "one of the two is being answered");
    rig.settle(1, &held, Ok(()));
    rig.pass(600);
    assert_eq!(rig.pool.sweep(rig.now), 1);
    assert_eq!(rig.active(), [0]);
}

#[test]
fn a_tenants_own_keys_come_first_and_serve_nobody_else() {
    let own = |tenant: &str| Terms { owner: Some(TenantId::parse(tenant).unwrap()), ..terms(9, 9, 6000) };
    let mut rig = Rig::new([terms(1, 9, 6000), own("acme"), own("other")]);
    assert_eq!(rig.serve(0), 1);
    rig.fail(0, &LlmError::Unauthorized(401));
    assert_eq!(rig.serve(0), 0);
    let seat = seat(1);
    let wish = Wish { seat: &seat, shared: false, barred: &rig.barred, latest: rig.now };
    assert_eq!(rig.pool.assign(&wish, rig.now), Verdict::Never, "it wants its own only");
}

#[test]
fn barred_keys_are_passed_over_without_moving_the_pin() {
    let mut rig = Rig::new([terms(1, 9, 6000), terms(1, 9, 6000)]);
    assert_eq!(rig.serve(0), 0);
    rig.barred.insert(rig.keys[0]);
    assert_eq!(rig.serve(0), 1);
    rig.barred.insert(rig.keys[1]);
    assert_eq!(rig.ask(0, Duration::from_secs(60)), Verdict::Never);
    rig.barred.clear();
    assert_eq!((rig.serve(0), rig.active()), (0, vec![1, 0]));
}

#[test]
fn a_key_that_goes_takes_its_pins_along() {
    let mut rig = Rig::new([terms(1, 9, 6000), terms(1, 9, 6000)]);
    let grant = rig.grant(0);
    rig.pool.remove(rig.keys[0]);
    rig.settle(0, &grant, Ok(()));
    rig.keys.remove(0);
    assert_eq!((rig.serve(0), rig.active()), (0, vec![1]));
}

#[derive(Debug, Clone)]
enum Act {
    Ask(usize),
    Answer(usize),
    Fail(usize, u8),
    CallOff(usize),
    Release(usize),
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0_usize..12).prop_map(Act::Ask),
        4 => any::<usize>().prop_map(Act::Answer),
        2 => (any::<usize>(), 0_u8..7).prop_map(|(n, kind)| Act::Fail(n, kind)),
        1 => any::<usize>().prop_map(Act::CallOff),
        1 => (0_usize..12).prop_map(Act::Release),
        3 => (0_u64..40_000).prop_map(Act::Wait),
    ]
}

proptest! {
    /// Whatever happens in whatever order: places are never oversold, the count of pins is right, a resting key has at
    /// most one request under way that was sent since, a disabled one gets none, and a minute never exceeds its limit.
    #[test]
    fn the_books_always_balance(acts in proptest::collection::vec(act(), 1..200)) {
        let mut rig = Rig::new([terms(1, 3, 20), terms(1, 2, 10), terms(2, 4, 30)]);
        let mut open: Vec<(usize, Grant)> = Vec::new();
        let mut sent: Vec<Vec<Instant>> = vec![Vec::new(); rig.keys.len()];
        for act in acts {
            match act {
                Act::Ask(n) => {
                    // A conversation asks one thing at a time.
                    if open.iter().any(|(asking, _)| *asking == n) {
                        continue;
                    }
                    if let Verdict::Given(grant) = rig.ask(n, Duration::from_secs(3)) {
                        let shown = rig.pool.view(grant.key, rig.now).unwrap().shown;
                        prop_assert!(shown != Shown::Disabled);
                        if shown != Shown::Ready {
                            let probes = open.iter().filter(|(_, other)| {
                                other.key == grant.key && other.purpose == Purpose::Probe
                            });
                            prop_assert_eq!((grant.purpose, probes.count()), (Purpose::Probe, 0));
                        }
                        sent[rig.index(grant.key)].push(grant.at);
                        open.push((n, grant));
                    }
                }
                Act::Answer(at) | Act::Fail(at, _) | Act::CallOff(at) if !open.is_empty() => {
                    let (n, grant) = open.remove(at % open.len());
                    match act {
                        Act::Answer(_) => rig.settle(n, &grant, Ok(())),
                        Act::Fail(_, kind) => {
                            let error = match kind {
                                0 => LlmError::Unauthorized(401),
                                1 => LlmError::Quota,
                                2 => LlmError::RateLimited { retry_after: Some(Duration::from_secs(9)) },
                                3 => LlmError::Timeout,
                                4 => LlmError::ContentFilter,
                                5 => LlmError::Refused(400),
                                _ => SERVER,
                            };
                            rig.settle(n, &grant, Err(&error));
                        }
                        _ => rig.pool.call_off(&seat(n), &grant, true, rig.now),
                    }
                }
                Act::Release(n) => {
                    rig.pool.release(&seat(n));
                }
                Act::Wait(ms) => {
                    rig.now += Duration::from_millis(ms);
                    rig.pool.sweep(rig.now);
                }
                _ => {}
            }
            for (index, key) in rig.keys.clone().into_iter().enumerate() {
                let pins = rig.pool.pins.values().filter(|pin| pin.key == key).count();
                let slot = &rig.pool.keys[&key];
                prop_assert_eq!(slot.active as usize, pins);
                prop_assert!(slot.active <= slot.terms.max_conversations);
                let under_way = open.iter().filter(|(_, grant)| grant.key == key).count();
                prop_assert_eq!(slot.in_flight as usize, under_way);
                sent[index].sort();
                let limit = slot.terms.requests_per_minute as usize;
                for (first, last) in sent[index].iter().zip(sent[index].iter().skip(limit)) {
                    prop_assert!(*last - *first >= Duration::from_secs(60));
                }
            }
        }
    }

    /// With equal keys and no failures the conversations are spread as evenly as their number allows.
    #[test]
    fn equal_keys_differ_by_one_at_most(keys in 1_usize..8, conversations in 1_usize..60) {
        let mut rig = Rig::new(vec![terms(1, 60, 60_000); keys]);
        for n in 0..conversations {
            rig.serve(n);
        }
        let active = rig.active();
        prop_assert!(active.iter().max().unwrap() - active.iter().min().unwrap() <= 1, "{:?}", active);
    }
}
