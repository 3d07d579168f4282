//! What is replied in a talk about an appointment, and what happens.

use jiff::{ToSpan, civil::Date};
use serde_json::json;

use super::{Act, Calendar, Plan, Prelude, Scene, Stage, Talk, Touched};
use crate::{
    domain::appointment::{AppointmentRecord, AppointmentStatus, BookingChange, Busy, OfferedSlot, Slot},
    engine::{
        booking::{
            slots::{Search, bookable_days, free, is_free, slot_at},
            spread::{MAX_OFFERED, choose, minute_of},
            when::{Hours, When},
        },
        words::{capitalised, lower_first},
    },
    prompts::Text,
};

/// The most services that are listed when it is asked which.
const MAX_LISTED: usize = 8;

/// The most services that may be meant at once when free times are looked for.
const MAX_MEANT: usize = 4;

/// How many days are looked at when no day was named.
const DAYS_AHEAD: i64 = 10;

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
        Act::WhichOffer(talk, starts) => planner.which_offer(&talk, &starts),
        Act::GoOn(talk) => planner.go_on(*talk),
        Act::Show => planner.show(),
        Act::Cancel => planner.ask_to_cancel(),
        Act::CancelNow(id) => planner.cancel(&id),
        Act::Keep(id) => planner.keep(&id),
        Act::Move(id, wish) => planner.begin_move(id.as_deref(), wish),
        Act::Confirm(id) => planner.confirm(&id),
        Act::GiveUp => planner.give_up(),
    }
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
        plan.text = format!("{taken}{text}");
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
        talk.services.clone_from(&listed);
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

    /// Free times as near to the wish as there are.
    fn find(&self, talk: &Talk) -> Found {
        let (today, horizon) = bookable_days(self.scene.rules, self.scene.now_ms);
        let wish = &talk.wish;
        let in_days = |days: &[(Date, Date)]| -> Vec<Slot> {
            days.iter().flat_map(|(from, to)| self.free(talk, *from, *to)).collect()
        };
        let zone = &self.scene.rules.zone;
        let most = if wish.soon { 2 } else { MAX_OFFERED };
        let hours = wish.hours.as_ref();
        let near = today.checked_add(DAYS_AHEAD.days()).unwrap_or(horizon).min(horizon);
        let wished = if wish.days.is_empty() { vec![(today, near)] } else { wish.days.clone() };
        let slots = in_days(&wished);
        let chosen = if wish.soon {
            let mut first = slots.clone();
            first.dedup_by_key(|slot| slot.start_ms);
            first
                .into_iter()
                .filter(|slot| hours.is_none_or(|hours| hours.hold(minute_of(slot, zone))))
                .take(most)
                .collect()
        } else {
            choose(&slots, hours, zone, most)
        };
        let exact_hour = |slot: &Slot| match hours {
            Some(Hours::At(minutes)) => minutes.contains(&minute_of(slot, zone)),
            _ => false,
        };
        if !chosen.is_empty() {
            let asked_hour = matches!(hours, Some(Hours::At(_)));
            let exact = chosen.len() == 1 && chosen.iter().all(exact_hour);
            let fits = !asked_hour || chosen.iter().all(exact_hour);
            return Found { slots: chosen, exact, fits };
        }
        // Nothing then: the same time of day on other days, then any time near the wished day.
        let after = wished.iter().map(|(from, _)| *from).min().unwrap_or(today);
        let to = after.checked_add((DAYS_AHEAD * 2).days()).unwrap_or(horizon).min(horizon);
        let around = in_days(&[(after.min(to), to)]);
        let same_hours = choose(&around, hours, zone, MAX_OFFERED);
        let slots = if same_hours.is_empty() { choose(&around, None, zone, MAX_OFFERED) } else { same_hours };
        let slots = if slots.is_empty() {
            choose(&in_days(&[(today, horizon)]), None, zone, MAX_OFFERED)
        } else {
            slots
        };
        Found { slots, exact: false, fits: false }
    }

    fn free(&self, talk: &Talk, from: Date, to: Date) -> Vec<Slot> {
        let busy = self.others(talk);
        let search = Search {
            services: &talk.services,
            resource: talk.resource.as_deref(),
            from,
            to,
            now_ms: self.scene.now_ms,
        };
        let mut slots = free(self.scene.rules, &search, &busy);
        if let Some(open) = &self.calendar.open {
            let is_open = |slot: &Slot| {
                talk.services.iter().all(|service| {
                    open.iter().any(|(id, start_ms)| id == service && *start_ms == slot.start_ms)
                })
            };
            slots.retain(is_open);
        }
        slots
    }

    /// The time that is taken by others: not by what is kept for this customer, nor by what is to be moved.
    fn others(&self, talk: &Talk) -> Vec<Busy> {
        let own = |busy: &&Busy| {
            let id = busy.appointment.as_ref();
            id.is_none() || (id != talk.held.as_ref() && !(talk.moving && id == talk.appointment.as_ref()))
        };
        self.calendar.busy.iter().filter(own).cloned().collect()
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
        let first = talk.held.is_none() && !talk.moving;
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
            text: words.say_of(text, &names, slot.start_ms),
            changes: vec![change, BookingChange::Talk(None)],
            touched: Some(touched),
            certain: true,
            ..Plan::default()
        }
    }

    fn which_offer(&self, talk: &Talk, starts: &[i64]) -> Plan {
        let words = self.scene.words;
        let offered = self.scene.offered();
        // The numbers stay those that the customer saw.
        let lines = offered.iter().enumerate().filter(|(_, slot)| starts.contains(&slot.start_ms));
        let lines: Vec<String> =
            lines.map(|(at, slot)| format!("{}. {}", at + 1, words.when(slot.start_ms))).collect();
        let mut talk = talk.clone();
        talk.stage = Stage::Slot;
        Plan {
            text: words.say_with(Text::BookingWhichTime, |facts| facts.options = lines.join("\n")),
            choices: starts.iter().map(|start_ms| words.label(*start_ms)).collect(),
            changes: vec![BookingChange::Talk(talk.stored())],
            certain: true,
            ..Plan::default()
        }
    }

    fn show(&self) -> Plan {
        let words = self.scene.words;
        let text = match self.scene.standing.upcoming.as_slice() {
            [] => words.say(Text::BookingNothing),
            // A calendar elsewhere has not agreed yet.
            [only] if only.status == AppointmentStatus::Held => {
                words.say_of_record(Text::BookingPending, only)
            }
            [only] => words.say_of_record(Text::BookingYours, only),
            several => words.say_with(Text::BookingYours, |facts| {
                facts.options = words.numbered(several.iter().map(|record| words.line(record)));
            }),
        };
        Plan { text, certain: true, ..Plan::default() }
    }

    fn ask_to_cancel(&self) -> Plan {
        let words = self.scene.words;
        match self.scene.standing.upcoming.as_slice() {
            [] => self.nothing(),
            [only] => {
                let talk = Talk { appointment: Some(only.id.clone()), ..Talk::new(Stage::Cancel) };
                Plan {
                    text: words.say_of_record(Text::BookingWhichCancel, only),
                    choices: vec![words.say(Text::ReplyYes), words.say(Text::ReplyNo)],
                    changes: vec![BookingChange::Talk(talk.stored())],
                    certain: true,
                    ..Plan::default()
                }
            }
            several => self.which_one(several, Talk::new(Stage::WhichCancel)),
        }
    }

    fn nothing(&self) -> Plan {
        Plan { text: self.scene.words.say(Text::BookingNothing), certain: true, ..Plan::default() }
    }

    fn which_one(&self, several: &[AppointmentRecord], talk: Talk) -> Plan {
        let words = self.scene.words;
        Plan {
            text: words.say_with(Text::BookingWhichOne, |facts| {
                facts.options = words.numbered(several.iter().map(|record| words.line(record)));
            }),
            choices: several.iter().map(|record| words.label(record.slot.start_ms)).collect(),
            changes: vec![BookingChange::Talk(talk.stored())],
            certain: true,
            ..Plan::default()
        }
    }

    fn cancel(&self, id: &str) -> Plan {
        let Scene { rules, words, .. } = self.scene;
        let Some(record) = self.record(Some(id)) else { return self.over() };
        Plan {
            text: words.say_of_record(Text::BookingCancelled, record),
            changes: vec![
                BookingChange::Cancel { id: id.to_owned(), remote: rules.remote },
                BookingChange::Talk(None),
            ],
            touched: Some(touched_of(record, "cancelled", AppointmentStatus::Cancelled)),
            certain: true,
            ..Plan::default()
        }
    }

    /// The appointment that was spoken of is no more.
    fn over(&self) -> Plan {
        Plan { changes: vec![BookingChange::Talk(None)], ..self.nothing() }
    }

    fn keep(&self, id: &str) -> Plan {
        let Some(record) = self.record(Some(id)) else { return self.over() };
        Plan {
            text: self.scene.words.say_of_record(Text::BookingStays, record),
            changes: vec![BookingChange::Talk(None)],
            certain: true,
            ..Plan::default()
        }
    }

    fn confirm(&self, id: &str) -> Plan {
        let Some(record) = self.record(Some(id)) else { return self.over() };
        Plan {
            text: self.scene.words.say_of_record(Text::BookingConfirmed, record),
            changes: vec![BookingChange::Confirm { id: id.to_owned() }, BookingChange::Talk(None)],
            touched: Some(touched_of(record, "confirmed", AppointmentStatus::Confirmed)),
            certain: true,
            ..Plan::default()
        }
    }

    fn begin_move(&self, id: Option<&str>, wish: When) -> Plan {
        let several = &self.scene.standing.upcoming;
        if several.is_empty() {
            return self.nothing();
        }
        let Some(record) = self.record(id) else {
            return self.which_one(several, Talk { wish, ..Talk::new(Stage::WhichMove) });
        };
        let talk = Talk {
            services: vec![record.slot.service.clone()],
            appointment: Some(record.id.clone()),
            moving: true,
            wish,
            ..Talk::new(Stage::Slot)
        };
        if self.scene.rules.service(&record.slot.service).is_none() {
            return Plan {
                text: self.scene.words.say(Text::BookingNowhere),
                certain: true,
                ..Plan::default()
            };
        }
        self.search(talk, Prelude::None)
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

/// Times that were found.
struct Found {
    slots: Vec<Slot>,
    /// Whether it is the very time that was asked for.
    exact: bool,
    /// Whether they are within the wish.
    fits: bool,
}

/// The services of the talk that a plan stores.
fn talked_of(plan: &Plan) -> Vec<String> {
    let talk = plan.changes.iter().find_map(|change| match change {
        BookingChange::Talk(Some(talk)) => serde_json::from_value::<Talk>(talk.clone()).ok(),
        _ => None,
    });
    talk.map(|talk| talk.services).unwrap_or_default()
}

fn touched_of(record: &AppointmentRecord, change: &'static str, status: AppointmentStatus) -> Touched {
    Touched {
        id: record.id.clone(),
        change,
        slot: record.slot.clone(),
        service_name: record.service_name.clone(),
        resource_name: record.resource_name.clone(),
        status,
        details: record.details.clone(),
    }
}
