//! What is replied about appointments that are made: shown, moved, cancelled, confirmed, come late to.

use super::{Plan, Planner, Scene, Stage, Talk};
use crate::{
    domain::appointment::{AppointmentRecord, AppointmentStatus, BookingChange},
    engine::booking::{
        talk::{Prelude, Touched},
        when::When,
    },
    prompts::Text,
};

impl Planner<'_> {
    pub(super) fn show(&self) -> Plan {
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

    pub(super) fn ask_to_cancel(&self, id: Option<&str>) -> Plan {
        let words = self.scene.words;
        let upcoming = self.scene.standing.upcoming.as_slice();
        match self.record(id).map_or(upcoming, std::slice::from_ref) {
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

    pub(super) fn nothing(&self) -> Plan {
        Plan { text: self.scene.words.say(Text::BookingNothing), certain: true, ..Plan::default() }
    }

    pub(super) fn which_one(&self, several: &[AppointmentRecord], talk: Talk) -> Plan {
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

    pub(super) fn cancel(&self, id: &str) -> Plan {
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
    pub(super) fn over(&self) -> Plan {
        Plan { changes: vec![BookingChange::Talk(None)], ..self.nothing() }
    }

    pub(super) fn keep(&self, id: &str) -> Plan {
        let Some(record) = self.record(Some(id)) else { return self.over() };
        Plan {
            text: self.scene.words.say_of_record(Text::BookingStays, record),
            changes: vec![BookingChange::Talk(None)],
            certain: true,
            ..Plan::default()
        }
    }

    pub(super) fn confirm(&self, id: &str) -> Plan {
        let Some(record) = self.record(Some(id)) else { return self.over() };
        Plan {
            text: self.scene.words.say_of_record(Text::BookingConfirmed, record),
            changes: vec![BookingChange::Confirm { id: id.to_owned() }, BookingChange::Talk(None)],
            touched: Some(touched_of(record, "confirmed", AppointmentStatus::Confirmed)),
            certain: true,
            ..Plan::default()
        }
    }

    pub(super) fn begin_move(&self, id: Option<&str>, wish: When) -> Plan {
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

    /// The customer comes late: the business hears of it.
    pub(super) fn late(&self, id: &str) -> Plan {
        let Some(record) = self.record(Some(id)) else { return self.nothing() };
        Plan {
            text: self.scene.words.say_of_record(Text::BookingLate, record),
            touched: Some(touched_of(record, "late", record.status)),
            certain: true,
            ..Plan::default()
        }
    }
}

pub(super) fn touched_of(
    record: &AppointmentRecord,
    change: &'static str,
    status: AppointmentStatus,
) -> Touched {
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
