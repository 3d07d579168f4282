//! What is said of an appointment outside of a turn: reminders, and what a calendar elsewhere made of it.

use super::{
    rules::BookingRules,
    talk::{Act, Calendar, Plan, Prelude, Scene, Stage, Talk, answer},
    when::{Hours, When},
    words::{BookingWords, money},
};
use crate::{
    domain::{
        appointment::{AppointmentRecord, zoned},
        business::Business,
        language::Language,
        lead::LeadDraft,
    },
    engine::builtin::Builtin,
    prompts::{Prompts, Text},
    store::appointment::{
        BookingContext,
        job::Telling,
        reminder::{DueReminder, Reminding},
    },
};

/// Words notices for a tenant.
#[derive(Debug, Clone, Copy)]
pub struct Notices<'a> {
    /// The business that speaks.
    pub business: &'a Business,
    /// Its sentences.
    pub prompts: &'a Prompts,
    /// Its rules.
    pub rules: &'a BookingRules,
}

/// What a calendar elsewhere did not take.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'a> {
    /// The appointment that was to be.
    pub record: &'a AppointmentRecord,
    /// The one whose place it was to take, which stays.
    pub replaced: Option<&'a AppointmentRecord>,
    /// Whether its time is taken there; if not, the calendar failed.
    pub is_taken: bool,
}

impl Notices<'_> {
    fn words(&self, language: Option<Language>) -> BookingWords<'_> {
        let builtin = Builtin { business: self.business, prompts: self.prompts, contact_name: None };
        let language = language.unwrap_or(self.business.language);
        BookingWords { builtin, zone: &self.rules.zone, language, files: self.rules.files.as_deref() }
    }

    /// A reminder, and the talk that waits for its answer.
    pub fn reminder(&self, due: &DueReminder) -> Reminding {
        let words = self.words(due.language);
        let talk = Talk { appointment: Some(due.appointment.id.clone()), ..Talk::new(Stage::Reminder) };
        Reminding {
            telling: Telling {
                text: words.say_of_record(Text::BookingReminder, &due.appointment),
                choices: vec![words.say(Text::ReplyYes), words.say(Text::ReplyCancel)],
            },
            talk: talk.stored().unwrap_or_default(),
        }
    }

    /// A calendar elsewhere agreed.
    pub fn agreed(&self, record: &AppointmentRecord, moved: bool, language: Option<Language>) -> Telling {
        let words = self.words(language);
        let text = if moved { Text::BookingMoved } else { Text::BookingDone };
        let price = self.rules.service(&record.slot.service).and_then(|service| service.price);
        let names = self.rules.names(&record.slot.service, &record.slot.resource);
        let text = words.say_with(text, |facts| {
            facts.name = record.contact_name.clone().unwrap_or_default();
            words.set_slot(facts, &names, record.slot.start_ms);
            facts.price = price.map(|price| money(price, words.language)).unwrap_or_default();
            facts.file = words.file(&record.id);
        });
        Telling { text, choices: Vec::new() }
    }

    /// A calendar elsewhere did not agree: other times, with what is to be stored for the answer.
    pub fn refused(
        &self,
        refusal: &Refusal<'_>,
        calendar: &Calendar,
        language: Option<Language>,
        now_ms: i64,
    ) -> Plan {
        let words = self.words(language);
        let Refusal { record, replaced, is_taken } = refusal;
        let at = zoned(record.slot.start_ms, &self.rules.zone);
        let minute = u16::try_from(i32::from(at.hour()) * 60 + i32::from(at.minute())).unwrap_or_default();
        let talk = Talk {
            services: vec![record.slot.service.clone()],
            wish: When {
                days: vec![(at.date(), at.date())],
                hours: Some(Hours::At(vec![minute])),
                soon: false,
            },
            moving: replaced.is_some(),
            appointment: replaced.map(|record| record.id.clone()),
            ..Talk::new(Stage::Slot)
        };
        let scene = Scene {
            rules: self.rules,
            words,
            text: "",
            now_ms,
            routed_here: true,
            draft: &LeadDraft::default(),
            told: &[],
            declined: &[],
            standing: &BookingContext::default(),
            fresh_id: "",
        };
        let mut plan = answer(&scene, Act::Search(Box::new(talk), Prelude::None), calendar);
        let sorry = if *is_taken { Text::BookingRefused } else { Text::BookingFailed };
        let mut said = words.say_of_record(sorry, record);
        if let Some(replaced) = replaced {
            said = format!("{said} {}", words.say_of_record(Text::BookingUnmoved, replaced));
        }
        plan.text = format!("{said}\n{}", plan.text);
        plan
    }

    /// The business cancelled it.
    pub fn cancelled(&self, record: &AppointmentRecord, language: Option<Language>) -> Telling {
        let text = self.words(language).say_of_record(Text::BookingCancelled, record);
        Telling { text, choices: Vec::new() }
    }
}
