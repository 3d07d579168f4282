//! Appointments within a turn: a message that belongs to a talk about one is answered by code over the real calendar,
//! whether there is a model or not.

use serde_json::{Value, json};

use super::{Call, State, Step, Turn, reply::Spoken};
use crate::{
    domain::{
        appointment::{Appointment, AppointmentRecord, AppointmentStatus, BookingChange, rfc3339},
        conversation::{ChannelKind, ConversationId},
        effect::{AppointmentNotice, AuditEntry, DeliveryEvent, Effect},
        lead::{LeadDraft, LeadField},
    },
    engine::{
        agent,
        booking::{
            proposal::Proposals,
            rules::BookingRules,
            slots::bookable_days,
            talk::{self, Act, Calendar, Plan, Scene, Touched},
            words::BookingWords,
        },
        builtin::Answer,
        question::{self, Facet},
        sentences, smalltalk,
    },
    prompts::Text,
    text::words,
};

/// What a turn knows of appointments.
#[derive(Debug, Clone, Default)]
pub(super) struct Booking {
    /// What the message wants, until the calendar was looked at.
    act: Option<Act>,
    /// What it leads to.
    pub(super) plan: Option<Plan>,
    /// Whether the message asks for something else too.
    pub(super) mixed: bool,
    /// The calendar, once it was looked at.
    pub(super) calendar: Option<Calendar>,
    /// Whether a model proposed the plan.
    pub(super) proposed: bool,
}

impl Turn {
    /// Looks into the calendar if the message belongs to a talk about an appointment.
    pub(super) fn begin_booking(&mut self) -> Option<Step> {
        let rules = self.input.desk.booking.clone()?;
        let act = self.with_scene(&rules, talk::read);
        // For the agents of appointments a model may look into the calendar too.
        let served = [agent::SCHEDULE, agent::AVAILABILITY];
        let routed = self.sight.chosen().iter().any(|intent| served.contains(&intent.agent.as_str()));
        if act.is_none() && !(routed && self.may_ask()) {
            return None;
        }
        self.booking.act = act;
        let (_, last) = bookable_days(&rules, self.input.now_ms);
        let end = last.tomorrow().ok().and_then(|end| end.to_zoned(rules.zone.clone()).ok());
        let to_ms = end.map_or(i64::MAX, |end| end.timestamp().as_millisecond());
        self.state = State::Consulting;
        Some(Step::Run(Call::CheckCalendar { from_ms: self.input.now_ms, to_ms }))
    }

    /// The calendar was looked at.
    pub(super) fn consulted(&mut self, calendar: &Calendar) -> Step {
        self.booking.calendar = Some(calendar.clone());
        let (Some(rules), Some(act)) = (self.input.desk.booking.clone(), self.booking.act.take()) else {
            return self.answer_otherwise();
        };
        let mut plan = self.with_scene(&rules, |scene| talk::answer(scene, act, calendar));
        // What is given for an appointment does not begin a lead.
        self.ledger.draft.wanted = self.ledger.draft_before.wanted;
        self.ledger.draft.asked.extend(plan.asks);
        let prices = self.prices(&rules, &plan);
        self.booking.mixed = prices.is_empty() && self.asks_something_else();
        if !prices.is_empty() {
            plan.text = format!("{prices}\n{}", plan.text);
        }
        let greets = smalltalk::begins_with_greeting(&self.question.text) && self.input.history.is_empty();
        if greets && !self.booking.mixed {
            let hello = self.builtin().text(Text::Hello, self.question.language);
            plan.text = format!("{hello}{}", plan.text);
        }
        let certain = plan.certain;
        self.booking.plan = Some(plan);
        if self.booking.mixed || (!certain && self.may_ask()) {
            return self.search();
        }
        let spoken = Spoken::builtin(self.plan_text(), Vec::new());
        self.commit(spoken)
    }

    /// The answer with what the talk about an appointment says.
    pub(super) fn with_booking(&self, mut answer: Answer) -> Answer {
        let text = self.plan_text();
        if text.is_empty() {
            return answer;
        }
        if self.booking.mixed && answer.known {
            answer.text = format!("{}\n\n{text}", answer.text.trim_end());
            answer
        } else {
            Answer::said(text)
        }
    }

    /// The product's own answer to a message that the talk about an appointment could not place. What its services cost
    /// and how long they take is told from the rules when the documents do not tell; a talk that waits for an answer asks
    /// again, instead of an "I do not know" or a passage that happens to hold the same word.
    pub(super) fn after_interruption(&mut self, mut answer: Answer) -> Answer {
        let Some(rules) = self.input.desk.booking.clone() else { return answer };
        if self.booking.plan.is_some() {
            return answer;
        }
        let again = self.with_scene(&rules, talk::again);
        let (told, about) = self.told_of_services(&rules, answer.known, again.is_some());
        let words = self.booking_words(&rules);
        let plan = match (told.is_empty(), again) {
            (true, None) => return answer,
            (true, Some(again)) if answer.known && !self.is_stray_answer() => {
                // The question that was left open follows the answer.
                if again.asks.is_none() {
                    return answer;
                }
                answer.text = format!("{}\n\n{}", answer.text.trim_end(), again.text);
                again
            }
            (true, Some(again)) => {
                answer = Answer::said(format!("{} {}", words.say(Text::BookingAgain), again.text));
                again
            }
            (false, Some(again)) => {
                answer = Answer::said(format!("{told}\n{}", again.text));
                again
            }
            (false, None) => {
                answer = Answer::said(format!("{told} {}", words.say(Text::BookingLook)));
                let next = talk::Talk { services: about, ..talk::Talk::new(talk::Stage::Slot) };
                let changes = vec![BookingChange::Offer(Vec::new()), BookingChange::Talk(next.stored())];
                Plan { changes, ..Plan::default() }
            }
        };
        self.ledger.draft.wanted = self.ledger.draft_before.wanted;
        self.ledger.draft.asked.extend(plan.asks);
        self.booking.plan = Some(Plan { text: answer.text.clone(), ..plan });
        answer
    }

    /// What the services that are asked about cost and how long they take, with which they are. Those that the message
    /// names, or else those of the talk.
    fn told_of_services(&self, rules: &BookingRules, known: bool, talking: bool) -> (String, Vec<String>) {
        const MAX_TOLD: usize = 4;
        let facets = question::facets(&self.question.text);
        if !facets.iter().any(|facet| matches!(facet, Facet::Price | Facet::Duration)) {
            return (String::new(), Vec::new());
        }
        let named = crate::engine::booking::find::services(&self.question.text, rules);
        let names_none = named.is_empty() || rules.services.len() == 1;
        let about = if names_none && talking {
            self.with_scene(rules, |scene| scene.talk().map(|talk| talk.services)).unwrap_or_default()
        } else if known {
            // The documents tell more.
            Vec::new()
        } else {
            named
        };
        if about.len() > MAX_TOLD {
            return (String::new(), Vec::new());
        }
        let says = self.booking_words(rules);
        let lines: Vec<String> = about.iter().map(|id| says.price_and_length(id, rules)).collect();
        (lines.join("\n"), about)
    }

    /// Whether the message is a few words that ask nothing: an answer to what was asked, and not a question of its own.
    fn is_stray_answer(&self) -> bool {
        const MAX_WORDS: usize = 3;
        let text = &self.question.text;
        !text.contains(['?', '¿']) && question::facets(text).is_empty() && words(text).len() <= MAX_WORDS
    }

    /// A model's words with what the talk about an appointment says; what the model did itself is not said twice.
    pub(super) fn with_booking_words(&self, text: String) -> String {
        match &self.booking.plan {
            Some(plan) if plan.certain => format!("{}\n\n{}", text.trim_end(), plan.text),
            _ => text,
        }
    }

    /// Plans over what a model proposes, where there is a calendar.
    pub(super) fn with_proposals<T>(
        &self,
        draft: &LeadDraft,
        plan: impl FnOnce(Option<&Proposals<'_>>) -> T,
    ) -> T {
        let Some(rules) = self.input.desk.booking.clone() else { return plan(None) };
        self.with_scene_of(&rules, draft, |scene| {
            plan(Some(&Proposals { scene: *scene, calendar: self.booking.calendar.as_ref() }))
        })
    }

    /// Takes what a model proposed and code planned.
    pub(super) fn take_proposal(&mut self, plan: Plan) {
        self.ledger.draft.wanted = self.ledger.draft_before.wanted;
        self.ledger.draft.asked.extend(plan.asks);
        self.booking.plan = Some(plan);
        self.booking.proposed = true;
    }

    /// What is said of an appointment; empty when nothing is.
    pub(super) fn plan_text(&self) -> String {
        self.booking.plan.as_ref().map(|plan| plan.text.clone()).unwrap_or_default()
    }

    pub(super) fn booking_effects(&self, effects: &mut Vec<Effect>) {
        let (Some(plan), Some(rules)) = (&self.booking.plan, &self.input.desk.booking) else { return };
        effects.extend(plan.changes.iter().cloned().map(Effect::Booking));
        let Some(touched) = &plan.touched else { return };
        let detail = json!({
            "service": touched.slot.service,
            "resource": touched.slot.resource,
            "start": rfc3339(touched.slot.start_ms, &rules.zone),
        });
        effects.push(Effect::Audit(AuditEntry {
            actor: "customer".to_owned(),
            action: format!("appointment.{}", touched.change),
            subject: touched.id.clone(),
            detail,
        }));
        // A calendar elsewhere has not agreed yet: then it is told when it has.
        if touched.status == AppointmentStatus::Held {
            return;
        }
        let standing = &self.input.standing;
        let text = |key: &str| touched.details.get(key).and_then(Value::as_str).map(str::to_owned);
        let notice = json!(AppointmentNotice {
            appointment: touched.id.clone(),
            change: touched.change.to_owned(),
            conversation: standing.conversation.clone(),
            contact: standing.contact.clone(),
            contact_name: text("name").or_else(|| self.contact_name().map(str::to_owned)),
            phone: text("phone").or_else(|| standing.phone.clone()),
            service: touched.service_name.clone(),
            staff: touched.resource_name.clone(),
            start: rfc3339(touched.slot.start_ms, &rules.zone),
            end: rfc3339(touched.slot.end_ms, &rules.zone),
            status: touched.status,
        });
        let subject = format!("{}#{}-{}", touched.id, touched.change, self.last_heard().id);
        let targets = &self.input.desk.appointment_targets;
        super::closing::deliver(targets, DeliveryEvent::Appointment, &subject, &notice, false, effects);
    }

    /// The appointment that was made or changed, in the contract's shape.
    pub(super) fn touched_appointment(&self) -> Option<Appointment> {
        let rules = self.input.desk.booking.as_ref()?;
        let Touched { id, slot, service_name, resource_name, status, details, .. } =
            self.booking.plan.as_ref()?.touched.clone()?;
        let standing = &self.input.standing;
        let record = AppointmentRecord {
            id,
            conversation: ConversationId::new(standing.conversation.clone()),
            channel: ChannelKind::from_name(&standing.channel).unwrap_or(ChannelKind::Api),
            contact: standing.contact.clone(),
            contact_name: details.get("name").and_then(Value::as_str).map(str::to_owned),
            slot,
            service_name,
            resource_name,
            status,
            held_until_ms: None,
            details,
            sequence: 0,
            created_ms: self.input.now_ms,
            updated_ms: self.input.now_ms,
        };
        Some(record.public(&rules.zone))
    }

    /// What the services of the talk cost, when that is asked for too.
    fn prices(&self, rules: &BookingRules, plan: &Plan) -> String {
        if !question::facets(&self.question.text).contains(&Facet::Price) {
            return String::new();
        }
        let words = self.booking_words(rules);
        let services = plan.changes.iter().find_map(|change| match change {
            BookingChange::Talk(Some(talk)) => {
                serde_json::from_value::<talk::Talk>(talk.clone()).ok().map(|talk| talk.services)
            }
            _ => None,
        });
        let named = crate::engine::booking::find::services(&self.question.text, rules);
        let services =
            services.filter(|services| !named.is_empty() && services.len() <= 3).unwrap_or_default();
        let lines: Vec<String> =
            services.iter().map(|id| words.price(id, rules)).filter(|line| !line.is_empty()).collect();
        lines.join("\n")
    }

    /// Whether a sentence of the message asks for something that is no matter of appointments.
    fn asks_something_else(&self) -> bool {
        let facets = question::facets(&self.question.text);
        let other = [Facet::Price, Facet::Duration, Facet::Address, Facet::Phone];
        if facets.iter().any(|facet| other.contains(facet)) && self.question.text.contains(['?', '¿']) {
            return true;
        }
        let rules = self.input.desk.booking.as_ref();
        let questions =
            sentences::sentences(&self.question.text).into_iter().filter(|part| part.contains('?'));
        questions.count() > 1
            && sentences::sentences(&self.question.text).into_iter().any(|part| {
                part.contains('?')
                    && words(part).len() > 2
                    && rules.is_some_and(|rules| {
                        self.with_scene(rules, |scene| talk::read(&Scene { text: part, ..*scene }).is_none())
                    })
            })
    }

    fn booking_words<'a>(&'a self, rules: &'a BookingRules) -> BookingWords<'a> {
        // Who is on the phone opens no link.
        let speaks = self.input.standing.channel == ChannelKind::Voice.as_str();
        let files = rules.files.as_deref().filter(|_| !speaks);
        BookingWords { builtin: self.builtin(), zone: &rules.zone, language: self.question.language, files }
    }

    fn with_scene<T>(&self, rules: &BookingRules, look: impl FnOnce(&Scene<'_>) -> T) -> T {
        self.with_scene_of(rules, &self.ledger.draft, look)
    }

    fn with_scene_of<T>(
        &self,
        rules: &BookingRules,
        draft: &LeadDraft,
        look: impl FnOnce(&Scene<'_>) -> T,
    ) -> T {
        let findings = &self.findings;
        let given = [
            (LeadField::Name, findings.name.is_some()),
            (LeadField::Email, findings.email.is_some() || findings.doubtful_email.is_some()),
            (LeadField::Phone, findings.phone.is_some()),
            (LeadField::Company, findings.company.is_some()),
        ];
        let told: Vec<LeadField> =
            given.into_iter().filter(|(_, given)| *given).map(|(field, _)| field).collect();
        let served = [agent::SCHEDULE, agent::AVAILABILITY];
        let scene = Scene {
            rules,
            words: self.booking_words(rules),
            text: &self.question.text,
            now_ms: self.input.now_ms,
            routed_here: self.sight.chosen().iter().any(|intent| served.contains(&intent.agent.as_str())),
            draft,
            told: &told,
            declined: &findings.declined,
            standing: &self.input.standing.booking,
            fresh_id: &self.input.fresh.appointment,
        };
        look(&scene)
    }
}
