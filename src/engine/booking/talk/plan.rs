//! What is replied in a talk about an appointment, and what happens.

mod existing;
mod finding;

use serde_json::json;

use self::existing::touched_of;
use super::{Act, Calendar, Plan, Prelude, Scene, Stage, Talk, Touched};
use crate::{
    domain::appointment::{AppointmentRecord, AppointmentStatus, BookingChange, OfferedSlot, Slot},
    engine::{
        booking::{
            slots::{Search, free, is_free, slot_at},
            when::{Hours, When},
        },
        words::{capitalised, lower_first},
    },
    prompts::Text,
};

/// The most services that are listed when it is asked which.
const MAX_LISTED: usize = 20;

/// The most services that may be meant at once when free times are looked for.
const MAX_MEANT: usize = 4;

/// What is replied to a message and what happens.
pub fn answer(scene: &Scene<'_>, act: Act, calendar: &Calendar) -> Plan {
    let needs_calendar =
        matches!(act, Act::Search(..) | Act::Take(..) | Act::GoOn(..) | Act::Move(Some(_), _));
    if calendar.unreachable && needs_calendar {
        return Plan { text: scene.words.say(Text::BookingNowhere), certain: true, ..Plan::default() };
    }
    let planner = Planner { scene, calendar };
    match act {
        Act::Search(talk, prelude) => planner.search(*talk, prelude),
        Act::Take(talk, start_ms) => planner.take(*talk, start_ms),
        Act::WhichOffer(talk, starts) => planner.which_offer(*talk, &starts),
        Act::AskWhen(talk) => planner.ask_when(*talk),
        Act::GoOn(talk) => planner.go_on(*talk),
        Act::Show => planner.show(),
        Act::Cancel(id) => planner.ask_to_cancel(id.as_deref()),
        Act::CancelNow(id) => planner.cancel(&id),
        Act::Keep(id) => planner.keep(&id),
        Act::Move(id, wish) => planner.begin_move(id.as_deref(), wish),
        Act::Confirm(id) => planner.confirm(&id),
        Act::Late(id) => planner.late(&id),
        Act::GiveUp => planner.give_up(),
    }
}

/// The question that a talk waits for an answer to, said once more; `None` where none does.
pub fn again(scene: &Scene<'_>) -> Option<Plan> {
    let talk = scene.talk()?;
    let words = scene.words;
    let said = |text: String| Plan { text, certain: true, ..Plan::default() };
    Some(match talk.stage {
        Stage::Service => {
            let listed = if talk.services.is_empty() { &talk.listed } else { &talk.services };
            let options = words.numbered(listed.iter().map(|id| words.service_line(id, scene.rules)));
            said(words.say_with(Text::BookingWhichVariant, |facts| facts.options = options))
        }
        Stage::Slot => match scene.offered().as_slice() {
            [] => said(words.say(Text::BookingAskWhen)),
            [only] => {
                let mut names = scene.rules.names(&only.service, &only.resource);
                names.service = words.service_name(&talk.services, scene.rules);
                Plan {
                    choices: vec![words.say(Text::ReplyYes), words.say(Text::ReplyNo)],
                    ..said(words.say_of(Text::BookingOneAgain, &names, only.start_ms))
                }
            }
            slots => {
                let lines = words.numbered(slots.iter().map(|slot| words.when(slot.start_ms)));
                Plan {
                    choices: words.labels(slots),
                    ..said(words.say_with(Text::BookingWhichTime, |facts| facts.options = lines))
                }
            }
        },
        Stage::Variant => {
            let options = words.numbered(talk.services.iter().map(|id| words.service_line(id, scene.rules)));
            said(words.say_with(Text::BookingWhichVariant, |facts| facts.options = options))
        }
        Stage::Data => {
            let field = talk.services.first().and_then(|service| scene.missing(&talk, service))?;
            Plan { asks: Some(field), ..said(capitalised(&words.say(Text::asking_for(field)))) }
        }
        Stage::WhichCancel | Stage::WhichMove | Stage::Cancel | Stage::Reminder => return None,
    })
}

struct Planner<'a> {
    scene: &'a Scene<'a>,
    calendar: &'a Calendar,
}

impl Planner<'_> {
    fn search(&self, mut talk: Talk, prelude: Prelude) -> Plan {
        let Scene { rules, words, .. } = self.scene;
        if talk.services.is_empty() || talk.services.len() > MAX_MEANT {
            return self.ask_service(talk);
        }
        let shared = rules
            .resources
            .iter()
            .any(|resource| talk.services.iter().all(|service| resource.gives(service)));
        if !shared {
            return self.ask_service(talk);
        }
        talk.stage = Stage::Slot;
        let found = self.find(&talk);
        let mut plan = self.offer(talk, &found.slots);
        let service = words.service_name(&talked_of(&plan), rules);
        let taken = match prelude {
            Prelude::Taken => format!("{} ", words.say(Text::BookingTaken)),
            Prelude::None => String::new(),
        };
        let text = match found.slots.as_slice() {
            [] => words.say_with(Text::BookingNone, |facts| facts.service = service),
            [only] if found.exact => {
                let mut names = rules.names(&only.service, &only.resource);
                names.service = service;
                words.say_of(Text::BookingOne, &names, only.start_ms)
            }
            slots => {
                let text = if found.fits { Text::BookingOptions } else { Text::BookingNear };
                words.say_with(text, |facts| {
                    facts.service = service;
                    facts.options = words.numbered(slots.iter().map(|slot| words.when(slot.start_ms)));
                })
            }
        };
        let several = if super::cues::is_for_several(self.scene.text) {
            format!("{}\n", words.say(Text::BookingOneByOne))
        } else {
            String::new()
        };
        plan.text = format!("{taken}{several}{text}");
        plan.choices = match found.slots.as_slice() {
            [_] if found.exact => vec![words.say(Text::ReplyYes), words.say(Text::ReplyNo)],
            slots => words.labels(slots),
        };
        plan
    }

    fn ask_service(&self, mut talk: Talk) -> Plan {
        let Scene { rules, words, .. } = self.scene;
        talk.stage = Stage::Service;
        let several = !talk.services.is_empty() && talk.services.len() <= MAX_LISTED;
        let listed: Vec<String> = if several {
            talk.services.clone()
        } else if rules.services.len() <= MAX_LISTED {
            rules.services.iter().map(|service| service.id.clone()).collect()
        } else {
            Vec::new()
        };
        let options = words.numbered(listed.iter().map(|id| words.service_line(id, rules)));
        let text = if several { Text::BookingWhichVariant } else { Text::BookingWhichService };
        if several {
            talk.services.clone_from(&listed);
        } else {
            talk.services.clear();
        }
        talk.listed = listed;
        Plan {
            text: words.say_with(text, |facts| facts.options = options),
            changes: vec![BookingChange::Talk(talk.stored())],
            certain: several,
            ..Plan::default()
        }
    }

    /// Offers slots: each for every service that may be meant.
    fn offer(&self, mut talk: Talk, slots: &[Slot]) -> Plan {
        let rules = self.scene.rules;
        let mut offered = Vec::new();
        for (slot, place) in slots.iter().zip(1..) {
            for service in &talk.services {
                if let Some(slot) = slot_at(rules, service, &slot.resource, slot.start_ms) {
                    offered.push(OfferedSlot { place, slot });
                }
            }
        }
        (talk.chosen_ms, talk.held) = (None, None);
        Plan {
            changes: vec![
                BookingChange::Release,
                BookingChange::Offer(offered),
                BookingChange::Talk(talk.stored()),
            ],
            certain: true,
            ..Plan::default()
        }
    }

    /// The customer chose an offered time.
    fn take(&self, mut talk: Talk, start_ms: i64) -> Plan {
        let offered = self.scene.standing.offered.iter().filter(|offered| offered.slot.start_ms == start_ms);
        let meant: Vec<&OfferedSlot> =
            offered.filter(|offered| talk.services.contains(&offered.slot.service)).collect();
        talk.chosen_ms = Some(start_ms);
        if meant.is_empty() {
            return self.search(talk, Prelude::None);
        }
        self.go_on(talk)
    }

    /// A time is chosen: what is still to be known is asked, and then it is booked.
    fn go_on(&self, mut talk: Talk) -> Plan {
        let Scene { rules, words, .. } = self.scene;
        let Some(start_ms) = talk.chosen_ms else { return self.search(talk, Prelude::None) };
        let longest =
            talk.services.iter().max_by_key(|id| rules.service(id).map(|service| service.duration_ms));
        let Some(slot) = longest.and_then(|service| self.chosen_slot(&talk, service, start_ms)) else {
            return self.alternatives(talk, start_ms);
        };
        let Some(service) = talk.services.first().cloned() else { return self.search(talk, Prelude::None) };
        let (stage, asks, question) = if talk.services.len() > 1 {
            let options = words.numbered(talk.services.iter().map(|id| words.service_line(id, rules)));
            let question = words.say_with(Text::BookingWhichVariant, |facts| facts.options = options);
            (Stage::Variant, None, question)
        } else if let Some(field) = self.scene.missing(&talk, &service).filter(|_| !talk.moving) {
            (Stage::Data, Some(field), words.say(Text::asking_for(field)))
        } else {
            return self.book(&talk, slot);
        };
        // What is kept is told whenever it is another time than before.
        let before = self.scene.talk().filter(|before| before.held.is_some());
        let first = !talk.moving && before.is_none_or(|before| before.chosen_ms != talk.chosen_ms);
        let names = rules.names(&slot.service, &slot.resource);
        talk.stage = stage;
        let mut changes = Vec::new();
        if talk.moving {
            talk.held = None;
        } else {
            // What was kept before gives way to what is kept now.
            let (id, until_ms) = (self.scene.fresh_id.to_owned(), self.scene.now_ms + rules.hold_ms);
            talk.held = Some(id.clone());
            changes.push(BookingChange::Hold { id, slot, names: names.clone(), until_ms });
        }
        changes.push(BookingChange::Talk(talk.stored()));
        let service = words.service_name(&talk.services, rules);
        let intro = if first {
            words.say_of(
                Text::BookingKept,
                &crate::domain::appointment::SlotNames { service, ..names },
                start_ms,
            )
        } else {
            String::new()
        };
        let text = if intro.is_empty() {
            capitalised(&question)
        } else {
            format!("{intro}{}", lower_first(&question))
        };
        let choices = if stage == Stage::Variant {
            talk.services
                .iter()
                .filter_map(|id| rules.service(id))
                .map(|service| service.name.clone())
                .collect()
        } else {
            Vec::new()
        };
        Plan { text, choices, changes, asks, certain: true, ..Plan::default() }
    }

    /// The slot of a service at the chosen time: with who was offered, or else with somebody who is free then.
    fn chosen_slot(&self, talk: &Talk, service: &str, start_ms: i64) -> Option<Slot> {
        let busy = self.others(talk);
        let offered = self.scene.standing.offered.iter().map(|offered| &offered.slot);
        let offered = offered.filter(|slot| slot.start_ms == start_ms && slot.service == service);
        let resources = self.scene.rules.resources.iter().filter(|resource| {
            resource.gives(service) && talk.resource.as_ref().is_none_or(|wanted| *wanted == resource.id)
        });
        let day = crate::domain::appointment::zoned(start_ms, &self.scene.rules.zone).date();
        let services = [service.to_owned()];
        let search = Search {
            services: &services,
            resource: None,
            from: day,
            to: day,
            now_ms: self.scene.now_ms - self.scene.rules.lead_time_ms,
        };
        let open = free(self.scene.rules, &search, &busy);
        let offered: Vec<Slot> = offered.cloned().collect();
        if offered.is_empty() {
            return None;
        }
        let others = resources.filter_map(|resource| {
            open.iter().find(|slot| slot.start_ms == start_ms && slot.resource == resource.id).cloned()
        });
        offered.into_iter().filter(|slot| is_free(slot, &busy)).chain(others).next()
    }

    /// The chosen time is gone: others near it.
    fn alternatives(&self, mut talk: Talk, start_ms: i64) -> Plan {
        let at = crate::domain::appointment::zoned(start_ms, &self.scene.rules.zone);
        let minute = u16::try_from(i32::from(at.hour()) * 60 + i32::from(at.minute())).unwrap_or_default();
        talk.wish =
            When { days: vec![(at.date(), at.date())], hours: Some(Hours::At(vec![minute])), soon: false };
        self.search(talk, Prelude::Taken)
    }

    fn book(&self, talk: &Talk, slot: Slot) -> Plan {
        let Scene { rules, words, draft, now_ms, .. } = self.scene;
        let Some(service) = talk.services.first() else { return Plan::default() };
        let slot = slot_at(rules, service, &slot.resource, slot.start_ms).unwrap_or(slot);
        let names = rules.names(&slot.service, &slot.resource);
        let reminders_ms = rules.reminders(slot.start_ms, *now_ms);
        if talk.moving
            && let Some(record) = self.record(talk.appointment.as_deref())
        {
            return self.moved(record, slot, reminders_ms);
        }
        let mut details = serde_json::Map::new();
        for (key, value) in [("name", &draft.name), ("phone", &draft.phone), ("email", &draft.email)] {
            if let Some(value) = value {
                details.insert(key.to_owned(), json!(value));
            }
        }
        let details = serde_json::Value::Object(details);
        let id = talk.held.clone().unwrap_or_else(|| self.scene.fresh_id.to_owned());
        let price = rules.service(service).and_then(|service| service.price);
        let text = if rules.remote { Text::BookingPending } else { Text::BookingDone };
        let text = words.say_with(text, |facts| {
            if let Some(name) = &draft.name {
                facts.name.clone_from(name);
            }
            words.set_slot(facts, &names, slot.start_ms);
            facts.price = price
                .map(|price| crate::engine::booking::words::money(price, words.language))
                .unwrap_or_default();
            facts.file = words.file(&id);
        });
        let status = if rules.remote { AppointmentStatus::Held } else { AppointmentStatus::Booked };
        let touched = Touched {
            id: id.clone(),
            change: "booked",
            slot: slot.clone(),
            service_name: names.service.clone(),
            resource_name: names.resource.clone(),
            status,
            details: details.clone(),
        };
        let book = BookingChange::Book { id, slot, names, details, reminders_ms, remote: rules.remote };
        Plan {
            text,
            changes: vec![book, BookingChange::Talk(None)],
            touched: Some(touched),
            certain: true,
            ..Plan::default()
        }
    }

    fn moved(&self, record: &AppointmentRecord, slot: Slot, reminders_ms: Vec<i64>) -> Plan {
        let Scene { rules, words, .. } = self.scene;
        let names = rules.names(&slot.service, &slot.resource);
        let text = if rules.remote { Text::BookingPending } else { Text::BookingMoved };
        let status = if rules.remote { AppointmentStatus::Held } else { AppointmentStatus::Booked };
        let mut touched = touched_of(record, "moved", status);
        touched.slot = slot.clone();
        touched.resource_name.clone_from(&names.resource);
        let change = BookingChange::Move {
            id: record.id.clone(),
            from_ms: record.slot.start_ms,
            slot: slot.clone(),
            names: names.clone(),
            reminders_ms,
            remote: rules.remote,
        };
        Plan {
            text: words.say_with(text, |facts| {
                words.set_slot(facts, &names, slot.start_ms);
                facts.file = words.file(&record.id);
            }),
            changes: vec![change, BookingChange::Talk(None)],
            touched: Some(touched),
            certain: true,
            ..Plan::default()
        }
    }

    /// Asks which of some offers; the others are off the table, and the numbers are those of what is shown.
    fn which_offer(&self, mut talk: Talk, starts: &[i64]) -> Plan {
        let words = self.scene.words;
        let offered = self.scene.offered();
        let slots: Vec<Slot> = offered.into_iter().filter(|slot| starts.contains(&slot.start_ms)).collect();
        talk.stage = Stage::Slot;
        let lines = words.numbered(slots.iter().map(|slot| words.when(slot.start_ms)));
        Plan {
            text: words.say_with(Text::BookingWhichTime, |facts| facts.options = lines),
            choices: words.labels(&slots),
            ..self.offer(talk, &slots)
        }
    }

    /// Nothing of what was offered: what else would do.
    fn ask_when(&self, mut talk: Talk) -> Plan {
        talk.stage = Stage::Slot;
        (talk.wish.days, talk.wish.hours) = (Vec::new(), None);
        Plan { text: self.scene.words.say(Text::BookingAskWhen), ..self.offer(talk, &[]) }
    }

    fn give_up(&self) -> Plan {
        let talk = self.scene.talk().filter(|talk| talk.moving);
        if let Some(record) = self.record(talk.and_then(|talk| talk.appointment).as_deref()) {
            return self.keep(&record.id);
        }
        Plan {
            text: self.scene.words.say(Text::BookingGivenUp),
            changes: vec![
                BookingChange::Release,
                BookingChange::Offer(Vec::new()),
                BookingChange::Talk(None),
            ],
            certain: true,
            ..Plan::default()
        }
    }

    fn record(&self, id: Option<&str>) -> Option<&AppointmentRecord> {
        let id = id?;
        self.scene.standing.upcoming.iter().find(|record| record.id == id)
    }
}

/// The services of the talk that a plan stores.
fn talked_of(plan: &Plan) -> Vec<String> {
    let talk = plan.changes.iter().find_map(|change| match change {
        BookingChange::Talk(Some(talk)) => serde_json::from_value::<Talk>(talk.clone()).ok(),
        _ => None,
    });
    talk.map(|talk| talk.services).unwrap_or_default()
}
