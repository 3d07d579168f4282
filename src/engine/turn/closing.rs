//! The end of a turn: what is asked of the customer, what else happens, and the reply put together.

use serde_json::{Value, json};

use super::{LeadTouched, MAX_CONFLICTS, Outcome, Said, State, Step, Turn, reply::Spoken};
use crate::{
    domain::{
        effect::{AuditEntry, Delivery, DeliveryEvent, DeliveryTarget, Effect, HandoffNotice, TicketNotice},
        handoff::{Brief, BriefLine, HandoffReason},
        lead::{LeadField, LeadRecord},
        message::Role,
    },
    engine::{
        agent, builtin::Answer, desk::ThreatPolicy, format, lead, lead::EmailProblem, memory, question, words,
    },
    prompts::Text,
    store::turn::Newer,
};

/// How many of the last messages a person sees at once.
const BRIEF_MESSAGES: usize = 8;

/// How many characters of a message a brief shows.
const BRIEF_CHARS: usize = 500;

/// How many letters of an id make the number of a case that is told to a customer.
const CASE_CHARS: usize = 8;

impl Turn {
    /// Ends the turn with a courtesy: nothing is asked and nothing counts as an answer.
    pub(super) fn conclude_courtesy(&mut self, answer: Answer) -> Step {
        let spoken = Spoken::answer(&answer);
        self.commit(spoken)
    }

    /// Ends the turn with the product's own answer.
    pub(super) fn conclude(&mut self, answer: Answer) -> Step {
        let spoken = Spoken::answer(&answer);
        self.conclude_spoken(spoken)
    }

    /// Ends a turn that only took data.
    pub(super) fn conclude_data(&mut self) -> Step {
        let spoken = self.noted();
        self.conclude_spoken(spoken)
    }

    /// What is said when data were taken.
    fn noted(&self) -> Spoken {
        let corrected = self.ledger.draft.corrects(&self.ledger.draft_before);
        let text = if corrected { Text::Corrected } else { Text::Noted };
        Spoken::builtin(self.builtin().text(text, self.question.language), Vec::new())
    }

    /// Whether the customer said who they are or what they want, and asked nothing: there is nothing not to know.
    fn only_told_of_themselves(&self) -> bool {
        let text = &self.question.text;
        self.ledger.lead_changed()
            && self.ledger.draft.wanted
            && !text.contains('?')
            && !text.contains('¿')
            && question::facets(text).is_empty()
    }

    /// Ends the turn with an answer: after too many "I do not know" a person is called instead, and what is missing
    /// of a lead is asked for.
    pub(super) fn conclude_spoken(&mut self, mut spoken: Spoken) -> Step {
        if !spoken.known && self.only_told_of_themselves() {
            spoken = Spoken { refused: spoken.refused, ..self.noted() };
        }
        if !spoken.known {
            if self.is_out_of_scope() {
                spoken.text = self.builtin().text(Text::OutOfScope, self.question.language);
            } else if self.only_asks_for_help() {
                spoken = Spoken::builtin(
                    self.builtin().text(Text::WhatHappened, self.question.language),
                    Vec::new(),
                );
            } else if self.input.standing.fallbacks + 1 > self.input.desk.handoff.max_fallbacks {
                return self.hand_off(HandoffReason::RepeatedFallbacks);
            }
        }
        self.commit(spoken)
    }

    /// Whether the customer wants help and does not say with what.
    fn only_asks_for_help(&self) -> bool {
        const MAX_WORDS: usize = 2;
        let [intent] = self.sight.chosen() else { return false };
        intent.agent == agent::SUPPORT && question::subject(&self.question.text).len() <= MAX_WORDS
    }

    /// Ends the turn by calling a person.
    pub(super) fn hand_off(&mut self, reason: HandoffReason) -> Step {
        self.ledger.handoff = Some(reason);
        let spoken = self.handoff_words(reason);
        self.commit(spoken)
    }

    /// What is said when a person is called.
    pub(super) fn handoff_words(&self, reason: HandoffReason) -> Spoken {
        let text = match reason {
            // Nobody answers "here" when the caller has hung up.
            _ if self.is_spoken() => Text::CallPerson,
            HandoffReason::NegativeSentiment => Text::HandoffUpset,
            HandoffReason::RepeatedFallbacks => Text::HandoffUnknown,
            HandoffReason::Loop => Text::HandoffLoop,
            HandoffReason::Emergency
            | HandoffReason::ExplicitRequest
            | HandoffReason::AgentRequest
            | HandoffReason::Threat
            | HandoffReason::Takeover => Text::Person,
        };
        Spoken::builtin(self.builtin().text(text, self.question.language), Vec::new())
    }

    /// Ends the turn without a word: somebody else has the conversation, or the customer wrote too much.
    pub(super) fn stay_silent(&mut self) -> Step {
        let effects = self.effects();
        self.end(Outcome { effects, ..self.outcome(Spoken::default(), String::new()) })
    }

    /// Puts the reply and its effects together.
    pub(super) fn commit(&mut self, spoken: Spoken) -> Step {
        let after = self.afterword(&spoken);
        let mut reply = spoken.text.clone();
        if !spoken.source_line.is_empty() && !self.is_spoken() {
            // Under an afterword the source keeps to its answer, so that there are two paragraphs at most.
            reply.push_str(if after.is_empty() { "\n\n" } else { "\n" });
            reply.push_str(&spoken.source_line);
        }
        if !after.is_empty() {
            let short = reply.contains("\n\n");
            reply.push_str(if short { "\n" } else { "\n\n" });
            reply.push_str(&after);
        }
        if let Some(unread) = self.unread()
            && !self.question.text.is_empty()
        {
            reply = format!("{unread}\n\n{reply}");
        }
        if self.is_spoken() {
            let link = self.builtin().text(Text::SpokenLink, self.question.language);
            reply = format::spoken(&reply, &link);
        }
        let effects = self.effects();
        let outcome = Outcome { effects, ..self.outcome(spoken, reply.trim().to_owned()) };
        self.end(outcome)
    }

    /// What the product says after the answer: one thing at most.
    fn afterword(&mut self, spoken: &Spoken) -> String {
        let language = self.question.language;
        if self.ledger.handoff.is_some() || self.refused_threat() || self.booking.plan.is_some() {
            return String::new();
        }
        if self.sale.spoke {
            return String::new();
        }
        let mut parts = Vec::new();
        if self.ledger.ticket.is_some() {
            parts.push(self.case_text(Text::TicketOpened, &self.input.fresh.ticket));
        }
        let required = &self.input.desk.leads.required;
        // Who is about to buy is asked for that, and not for an address.
        let is_buying = self.open_order().is_some();
        if self.ledger.draft.wanted && !self.ledger.was_complete && !is_buying {
            if lead::is_complete(&self.ledger.draft, required) {
                parts.push(self.case_text(Text::LeadRegistered, &self.lead_id()));
            } else if let Some(question) = self.next_question() {
                parts.push(question);
            }
        }
        if parts.is_empty()
            && !spoken.text.is_empty()
            && let Some(reminder) = self.order_reminder()
        {
            parts.push(reminder);
        }
        if parts.is_empty()
            && self.input.desk.closing_question
            && spoken.known
            && !spoken.text.is_empty()
            && !spoken.text.contains('?')
        {
            parts.push(self.builtin().text(Text::AnythingElse, language));
        }
        parts.join(" ")
    }

    /// The question for what is missing of the lead; `None` when all was asked.
    fn next_question(&mut self) -> Option<String> {
        let language = self.question.language;
        if let Some(problem) = &self.findings.doubtful_email
            && !self.ledger.draft.has(LeadField::Email)
            && !self.email_was_questioned()
        {
            // The question that is asked now is the one for the address.
            if !self.ledger.draft.asked.contains(&LeadField::Email) {
                self.ledger.draft.asked.push(LeadField::Email);
            }
            return Some(match problem {
                EmailProblem::Typo { suggestion } => {
                    self.builtin()
                        .text_with(Text::EmailTypo, language, |facts| facts.suggestion.clone_from(suggestion))
                }
                _ => self.builtin().text(Text::EmailWrong, language),
            });
        }
        let field = lead::missing(&self.ledger.draft, &self.input.desk.leads.required)?;
        let first = self.ledger.draft.asked.is_empty();
        self.ledger.draft.asked.push(field);
        let question = self.builtin().text(Text::asking_for(field), language);
        let intro = if first { self.builtin().text(Text::AskIntro, language) } else { String::new() };
        Some(words::capitalised(&format!("{intro}{question}")))
    }

    /// Which part of the lead the last reply asked for.
    pub(super) fn asked_last(&self) -> Option<LeadField> {
        let last = self.last_reply()?;
        let field = *self.ledger.draft_before.asked.last()?;
        let builtin = self.builtin();
        let asks = |text| {
            crate::domain::language::Language::ALL.into_iter().any(|language| {
                let words = builtin.text(text, language);
                // The first letter may have been written large.
                let rest = words.trim_start_matches(['¿', '¡']).chars().skip(1).collect::<String>();
                last.contains(&rest)
            })
        };
        let again = field == LeadField::Email && self.email_was_questioned();
        (asks(Text::asking_for(field)) || again).then_some(field)
    }

    /// Whether the last reply said that the e-mail address looks wrong.
    fn email_was_questioned(&self) -> bool {
        let Some(last) = self.last_reply() else { return false };
        let builtin = self.builtin();
        crate::domain::language::Language::ALL.into_iter().any(|language| {
            let typo = builtin.text(Text::EmailTypo, language);
            let tail = typo.rsplit('?').next().unwrap_or_default().trim().to_owned();
            last.contains(&builtin.text(Text::EmailWrong, language))
                || (!tail.is_empty() && last.contains(&tail))
        })
    }

    /// Whether the message was refused as an attack.
    fn refused_threat(&self) -> bool {
        self.sight.threat.flagged && self.input.desk.on_threat == ThreatPolicy::Refuse
    }

    /// Whether nobody of the team serves what was asked.
    fn is_out_of_scope(&self) -> bool {
        !self.sight.routing.in_scope && !self.sight.routing.intents.is_empty()
    }

    fn case_text(&self, text: Text, id: &str) -> String {
        let case = case_number(id);
        self.builtin().text_with(text, self.question.language, |facts| facts.case = case)
    }

    fn lead_id(&self) -> String {
        let known = self.input.standing.lead.as_ref().map(|lead| lead.id.clone());
        known.unwrap_or_else(|| self.input.fresh.lead.clone())
    }

    /// What else happens, in the order in which it is applied.
    fn effects(&self) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.lead_effects(&mut effects);
        self.ticket_effects(&mut effects);
        effects.extend(self.sale.effects.iter().cloned());
        self.booking_effects(&mut effects);
        effects.extend(self.ledger.facts.iter().cloned().map(Effect::Remember));
        if let Some(reason) = self.ledger.handoff {
            self.handoff_effects(reason, &mut effects);
        }
        effects.extend(self.ledger.audit.iter().cloned().map(Effect::Audit));
        effects
    }

    fn lead_effects(&self, effects: &mut Vec<Effect>) {
        let draft = &self.ledger.draft;
        if !self.ledger.lead_changed() {
            return;
        }
        let complete = draft.wanted && lead::is_complete(draft, &self.input.desk.leads.required);
        let id = self.lead_id();
        effects.push(Effect::SaveLead { id: id.clone(), draft: draft.clone(), complete });
        let known: Vec<LeadField> = LeadField::ALL.into_iter().filter(|field| draft.has(*field)).collect();
        effects.push(audit("lead.saved", &id, json!({"known": known, "complete": complete})));
        let again = self.ledger.was_complete;
        if !complete || (again && draft.tells_the_same(&self.ledger.draft_before)) {
            return;
        }
        // The first time it is the lead; a complete lead that changes is told again, as another delivery.
        let subject =
            if self.ledger.was_complete { format!("{id}#{}", self.last_heard().id) } else { id.clone() };
        let record = self.lead_record(&id, complete);
        deliver(&self.input.desk.leads.targets, DeliveryEvent::Lead, &subject, &record, false, effects);
    }

    fn ticket_effects(&self, effects: &mut Vec<Effect>) {
        let Some(ticket) = &self.ledger.ticket else { return };
        let id = &self.input.fresh.ticket;
        effects.push(Effect::OpenTicket {
            id: id.clone(),
            subject: ticket.subject.clone(),
            detail: ticket.detail.clone(),
            urgency: ticket.urgency,
        });
        effects.push(audit("ticket.opened", id, json!({"urgency": ticket.urgency})));
        let notice = json!(TicketNotice {
            ticket: id.clone(),
            conversation: self.input.standing.conversation.clone(),
            contact: self.input.standing.contact.clone(),
            subject: ticket.subject.clone(),
            detail: ticket.detail.clone(),
            urgency: ticket.urgency,
        });
        deliver(&self.input.desk.ticket_targets, DeliveryEvent::Ticket, id, &notice, false, effects);
    }

    fn handoff_effects(&self, reason: HandoffReason, effects: &mut Vec<Effect>) {
        let id = &self.input.fresh.handoff;
        let brief = self.handoff_brief();
        effects.push(Effect::Handoff { id: id.clone(), reason, brief: brief.clone() });
        effects.push(audit("handoff.opened", id, json!({"reason": reason})));
        let standing = &self.input.standing;
        let notice = json!(HandoffNotice {
            handoff: id.clone(),
            conversation: standing.conversation.clone(),
            channel: standing.channel.clone(),
            contact: standing.contact.clone(),
            contact_name: self.contact_name().map(str::to_owned),
            reason,
            brief,
        });
        let targets = &self.input.desk.handoff.targets;
        deliver(targets, DeliveryEvent::Handoff, id, &notice, reason.is_urgent(), effects);
    }

    /// What a person needs to know.
    fn handoff_brief(&self) -> Brief {
        let mut said: Vec<Said> = self.input.history.clone();
        said.extend(
            self.input.messages.iter().map(|heard| Said { role: Role::Customer, text: heard.text.clone() }),
        );
        let lead = (self.ledger.draft != crate::domain::lead::LeadDraft::default())
            .then(|| self.lead_record(&self.lead_id(), false));
        let last = said.iter().skip(said.len().saturating_sub(BRIEF_MESSAGES));
        Brief {
            summary: memory::summarise(&said),
            lead,
            last_messages: last
                .map(|said| BriefLine {
                    role: said.role.as_str().to_owned(),
                    text: said.text.chars().take(BRIEF_CHARS).collect(),
                })
                .collect(),
        }
    }

    /// The lead in the contract's shape.
    fn lead_record(&self, id: &str, complete: bool) -> Value {
        let record = LeadRecord {
            id: id.to_owned(),
            contact_id: String::new(),
            conversation: crate::domain::conversation::ConversationId::new(
                self.input.standing.conversation.clone(),
            ),
            draft: self.ledger.draft.clone(),
            completed_ms: complete.then_some(self.input.now_ms),
            created_ms: self.input.standing.lead.as_ref().map_or(self.input.now_ms, |lead| lead.created_ms),
            updated_ms: self.input.now_ms,
        };
        json!(record.public(&self.input.tenant))
    }

    fn outcome(&self, spoken: Spoken, reply: String) -> Outcome {
        let gap = (!spoken.known && !spoken.in_trouble && !self.is_out_of_scope())
            .then(|| self.question.in_context.clone());
        let fallbacks = match (reply.is_empty(), spoken.known) {
            (true, _) => self.input.standing.fallbacks,
            (false, true) => 0,
            (false, false) => self.input.standing.fallbacks + 1,
        };
        let lead = self.ledger.lead_changed().then(|| LeadTouched {
            id: self.lead_id(),
            draft: self.ledger.draft.clone(),
            complete: self.ledger.draft.wanted
                && lead::is_complete(&self.ledger.draft, &self.input.desk.leads.required),
        });
        Outcome {
            agents: self.took_part(),
            reply,
            choices: self.choices(),
            appointment: self.touched_appointment(),
            language: self.question.language,
            sources: spoken.sources,
            answered_by: spoken.answered_by,
            sight: self.sight.clone(),
            tools: self.ledger.runs.clone(),
            handoff: self.ledger.handoff,
            effects: Vec::new(),
            lead,
            order: self.sale.order.clone(),
            returned: self.came_back(),
            fallbacks,
            usage: self.usage.clone(),
            gap,
            refused: spoken.refused,
            newer: if self.conflicts < MAX_CONFLICTS { Newer::Supersede } else { Newer::Leave },
        }
    }

    /// The agents that took part. Where a talk about an order or an appointment was carried on it is theirs, whatever a bare
    /// "sí" or a name looks like by itself.
    fn took_part(&self) -> Vec<String> {
        let routed: Vec<String> = self.agents().iter().map(|agent| agent.name.clone()).collect();
        let served: &[&str] = if self.sale.spoke {
            &[agent::SALES]
        } else if self.booking.plan.is_some() {
            &[agent::SCHEDULE, agent::AVAILABILITY]
        } else {
            return routed;
        };
        let its = served.first().and_then(|name| self.input.desk.team.agent(name));
        let Some(its) = its.filter(|_| !routed.iter().any(|name| served.contains(&name.as_str()))) else {
            return routed;
        };
        let others = if self.booking.mixed { routed } else { Vec::new() };
        std::iter::once(its.name.clone()).chain(others).collect()
    }

    /// Answers to choose from: those of the sale, else those of the calendar.
    fn choices(&self) -> Vec<String> {
        if !self.sale.choices.is_empty() {
            return self.sale.choices.clone();
        }
        self.booking.plan.as_ref().map(|plan| plan.choices.clone()).unwrap_or_default()
    }

    fn end(&mut self, outcome: Outcome) -> Step {
        let outcome = Box::new(outcome);
        self.state = State::Committing(outcome.clone());
        Step::Commit(outcome)
    }
}

pub(super) fn deliver(
    targets: &[DeliveryTarget],
    event: DeliveryEvent,
    subject: &str,
    payload: &Value,
    urgent: bool,
    effects: &mut Vec<Effect>,
) {
    effects.extend(targets.iter().map(|target| {
        Effect::Deliver(Delivery {
            target: *target,
            event,
            subject: subject.to_owned(),
            payload: payload.clone(),
            urgent,
        })
    }));
}

pub(super) fn audit(action: &str, subject: &str, detail: Value) -> Effect {
    Effect::Audit(AuditEntry {
        actor: "bot".to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        detail,
    })
}

/// The number of a case as it is told: the end of its id, which no two cases share in practice.
pub(crate) fn case_number(id: &str) -> String {
    let letters: Vec<char> = id.chars().filter(char::is_ascii_alphanumeric).collect();
    letters.iter().skip(letters.len().saturating_sub(CASE_CHARS)).collect::<String>().to_uppercase()
}
