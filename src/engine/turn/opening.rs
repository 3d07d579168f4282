//! The beginning of a turn: whether it is ours to answer, what is in the message, and what needs no knowledge.

use serde_json::json;

use super::{Call, Heard, MAX_ATTEMPTS, ModelReply, State, Step, Turn, reply::Spoken};
use crate::{
    domain::{
        effect::FactChange,
        handoff::{HandoffReason, Owner},
        lead::LeadField,
        message::Role,
        retrieval::Retrieval,
        turn::Intent,
    },
    engine::{
        agent::{self, Strategy},
        analyze::Sight,
        builtin::Answer,
        desk::ThreatPolicy,
        emergency, format, lead, memory, prompt,
        smalltalk::{self, SmallTalk},
    },
    prompts::Text,
    text::{fold, words},
};

/// How many of the customer's earlier messages are compared with the new one.
const LOOK_BACK: usize = 6;

/// The most agents that answer together.
const MAX_TOGETHER: usize = 2;

impl Turn {
    /// The first step.
    pub(super) fn open(&mut self) -> Step {
        if self.input.attempts >= MAX_ATTEMPTS {
            let answer = self.builtin().apology(self.question.language);
            return self.conclude_courtesy(answer);
        }
        if !self.bot_speaks() && self.input.standing.owner == Owner::Human {
            return self.stay_silent();
        }
        let (count, most) =
            (self.input.standing.messages_last_minute, self.input.desk.limits.messages_per_minute);
        if count > most {
            // Said once, when the limit is passed; the rest of the minute is silence.
            let news = u32::try_from(self.input.messages.len()).unwrap_or(u32::MAX);
            self.ledger.audit("system", "limit.messages", "", json!({"messages": count, "limit": most}));
            return if count.saturating_sub(news) <= most && self.bot_speaks() {
                let answer = Answer::said(self.builtin().text(Text::TooMany, self.question.language));
                self.conclude_courtesy(answer)
            } else {
                self.stay_silent()
            };
        }
        if self.question.text.is_empty()
            && let Some(unread) = self.unread()
        {
            return if self.bot_speaks() {
                self.conclude_courtesy(Answer::said(unread))
            } else {
                self.stay_silent()
            };
        }
        self.state = State::Looking;
        let history = self.input.history.iter().rev();
        let earlier = history.filter(|said| said.role == Role::Customer).take(LOOK_BACK);
        Step::Run(Call::Look {
            text: self.question.text.clone(),
            language: self.question.language,
            earlier: earlier.map(|said| said.text.clone()).collect(),
            previous_agents: self.input.standing.agents.clone(),
            last_reply: self.last_reply().map(str::to_owned),
        })
    }

    /// What the customer is told of files that could not be read: of the last one, whatever their number.
    pub(super) fn unread(&self) -> Option<String> {
        self.input.messages.iter().rev().find_map(|message| message.unread.clone())
    }

    /// Whether the product answers: nobody else has the conversation, or they were silent for too long.
    pub(super) fn bot_speaks(&self) -> bool {
        self.input.standing.owner.bot_speaks() || self.came_back()
    }

    /// Whether the conversation comes back by itself.
    pub(super) fn came_back(&self) -> bool {
        let standing = &self.input.standing;
        let after =
            self.input.desk.handoff.return_after.and_then(|after| i64::try_from(after.as_millis()).ok());
        !standing.owner.bot_speaks() && after.is_some_and(|after| standing.owner_for_ms >= after)
    }

    /// The message was looked at.
    pub(super) fn looked(&mut self, sight: Sight, memories: Vec<String>) -> Step {
        self.sight = sight;
        self.memories = memories;
        self.take_data();
        let emergency = self.sight.handoff == Some(HandoffReason::Emergency);
        if !self.bot_speaks() && !emergency {
            return self.stay_silent();
        }
        if emergency {
            return self.find_protocol();
        }
        // A name and a number that were asked for are no attack, whatever their vector resembles.
        if self.sight.threat.flagged && self.sight.threat.reasons == ["resembles_attack"] {
            self.sight.threat.flagged = !self.only_gives_data();
        }
        if self.sight.threat.flagged
            && let Some(step) = self.threatened()
        {
            return step;
        }
        if self.accepts_offer() {
            return self.hand_off(HandoffReason::ExplicitRequest);
        }
        // Who says "yes" to one order after the other does not run in circles.
        let reason = self.sight.handoff.filter(|reason| *reason != HandoffReason::Loop);
        if let Some(reason) = reason {
            return self.hand_off(reason);
        }
        if let Some(step) = self.sell() {
            return step;
        }
        self.after_sale()
    }

    /// What is done with a message that wants nothing of the shop.
    pub(super) fn after_sale(&mut self) -> Step {
        if let Some(reason) = self.sight.handoff {
            return self.hand_off(reason);
        }
        if let Some(step) = self.begin_booking() {
            return step;
        }
        self.answer_otherwise()
    }

    /// Answers what is no matter of appointments.
    pub(super) fn answer_otherwise(&mut self) -> Step {
        if let Some(answer) = self.builtin().courtesy(&self.question.text, self.question.language) {
            return self.conclude_courtesy(answer);
        }
        if self.only_gives_data() {
            return self.conclude_data();
        }
        if self.only_wishes_contact() {
            let answer = Answer::said(self.builtin().text(Text::WillContact, self.question.language));
            return self.conclude(answer);
        }
        if self.input.desk.team.strategy == Strategy::Classified
            && !self.sight.routing.certain
            && self.may_ask()
        {
            return self.ask_router();
        }
        self.search()
    }

    /// What the policy does with a message that looks like an attack; `None` when it is answered like any other.
    fn threatened(&mut self) -> Option<Step> {
        let policy = self.input.desk.on_threat;
        let action = match policy {
            ThreatPolicy::Log => "threat.logged",
            ThreatPolicy::Refuse => "threat.refused",
            ThreatPolicy::StripTools => "threat.tools_stripped",
            ThreatPolicy::Handoff => "threat.handed_off",
        };
        let threat = &self.sight.threat;
        let detail = json!({"score": threat.score, "reasons": threat.reasons});
        let subject = self.last_heard().id.clone();
        self.ledger.audit("customer", action, &subject, detail);
        match policy {
            ThreatPolicy::Log | ThreatPolicy::StripTools => None,
            ThreatPolicy::Refuse => {
                let answer = Answer::said(self.builtin().text(Text::Refusal, self.question.language));
                Some(self.conclude_courtesy(answer))
            }
            ThreatPolicy::Handoff => Some(self.hand_off(HandoffReason::Threat)),
        }
    }

    /// Takes what the message tells of the customer, while the answer is still to come.
    fn take_data(&mut self) {
        let (text, language) = (self.question.text.clone(), self.question.language);
        let asked = self.asked_last();
        let mut findings = lead::extract(&text, language, asked);
        if asked == Some(LeadField::Email) && findings.email.is_none() {
            findings.email = self.last_reply().and_then(|last| lead::confirmed_email(last, &text));
        }
        let intents = &self.sight.routing.intents;
        let interested =
            lead::shows_interest(&text, intents) || findings.email.is_some() || findings.phone.is_some();
        let before = self.ledger.draft.clone();
        let mut draft = lead::merge(&before, &findings, self.input.standing.phone.as_deref());
        if let Some(username) = &self.input.standing.username {
            draft.username = Some(username.clone());
        }
        draft.wanted = before.wanted || interested;
        if draft.wanted {
            let said = self.customer_said();
            let said: Vec<&str> = said.iter().map(String::as_str).collect();
            draft.interest = draft.interest.or_else(|| lead::interest(intents, &text));
            draft.urgency = lead::urgency(&text, language).or(draft.urgency);
            draft.qualification = Some(lead::qualify(&draft, intents, self.sight.sentiment, &said));
        }
        self.ledger.draft = draft;
        self.findings = findings;
        let message_id = self.last_heard().id.clone();
        for (kind, name, value, expires_days) in memory::extract_facts(&text, language) {
            let message_id = message_id.clone();
            self.ledger.remember(FactChange { kind, name, value, message_id, expires_days });
        }
    }

    /// Asks a model who the message is for.
    fn ask_router(&mut self) -> Step {
        self.state = State::Routing;
        Step::Ask(prompt::route_request(&self.brief(), &self.input.desk.team))
    }

    /// A model said who the message is for. Names it made up count for nothing.
    pub(super) fn routed(&mut self, reply: ModelReply) -> Step {
        self.usage.push((reply.key, reply.usage));
        let said = words(format::without_thoughts(&reply.text));
        let team = &self.input.desk.team;
        let mut named: Vec<String> = Vec::new();
        for word in said {
            let agent = team.agents.iter().find(|agent| fold(&agent.name) == word);
            if let Some(agent) = agent.filter(|agent| !named.contains(&agent.name))
                && named.len() < MAX_TOGETHER
                && agent.name != agent::EMERGENCY
            {
                named.push(agent.name.clone());
            }
        }
        if !named.is_empty() {
            let routing = &mut self.sight.routing;
            let score = |name: &String| {
                let known = routing.intents.iter().find(|intent| intent.agent == *name);
                known.map_or(0.5, |intent| intent.score)
            };
            let mut intents: Vec<Intent> =
                named.iter().map(|name| Intent { agent: name.clone(), score: score(name) }).collect();
            intents.extend(routing.intents.iter().filter(|intent| !named.contains(&intent.agent)).cloned());
            routing.chosen = named.len();
            routing.intents = intents;
            routing.in_scope = true;
        }
        self.search()
    }

    /// Searches the knowledge for the answer.
    pub(super) fn search(&mut self) -> Step {
        self.state = State::Searching;
        Step::Run(Call::SearchKnowledge {
            query: self.question.in_context.clone(),
            language: self.question.language,
            categories: self.categories(),
        })
    }

    /// The categories of all agents that answer; none when one of them looks everywhere.
    pub(super) fn categories(&self) -> Vec<String> {
        let agents = self.agents();
        if agents.is_empty() || agents.iter().any(|agent| agent.categories.is_empty()) {
            return Vec::new();
        }
        agents.iter().flat_map(|agent| agent.categories.iter().cloned()).collect()
    }

    /// The agents that answer this message, best first.
    pub(super) fn agents(&self) -> Vec<&agent::Agent> {
        let team = &self.input.desk.team;
        if team.strategy == Strategy::Single {
            return team.agents.iter().collect();
        }
        let chosen: Vec<_> =
            self.sight.chosen().iter().filter_map(|intent| team.agent(&intent.agent)).collect();
        if chosen.is_empty() { team.general().into_iter().collect() } else { chosen }
    }

    /// Looks for what is to be said in an emergency.
    fn find_protocol(&mut self) -> Step {
        let agent = self.input.desk.team.agent(agent::EMERGENCY);
        if agent.is_some_and(|agent| !agent.protocol.is_empty()) {
            return self.emergency(None);
        }
        let categories = agent.map(|agent| agent.categories.clone()).unwrap_or_default();
        self.state = State::FindingProtocol;
        // Whoever is in danger does not name the document that says what to do.
        let query = format!("{} {}", self.question.text, emergency::looking_for(self.question.language));
        Step::Run(Call::SearchKnowledge { query, language: self.question.language, categories })
    }

    /// Says what is to be done, and calls people.
    pub(super) fn emergency(&mut self, retrieval: Option<&Retrieval>) -> Step {
        let language = self.question.language;
        let builtin = self.builtin();
        let configured = self
            .input
            .desk
            .team
            .agent(agent::EMERGENCY)
            .map(|agent| agent.protocol.clone())
            .filter(|protocol| !protocol.is_empty());
        let found = || {
            let protocol = emergency::protocol(retrieval?, self.question.language)?;
            if let Some((text, source)) = emergency::steps(&protocol.retrieval) {
                return Some((text, vec![source]));
            }
            let answer = builtin.from_documents(&protocol.question, &protocol.retrieval);
            if let Some(answer) = answer.as_ref().filter(|answer| emergency::is_fit(&answer.text)) {
                return Some((answer.text.clone(), answer.sources.clone()));
            }
            let call = emergency::call(&protocol.retrieval).map(|(text, source)| (text, vec![source]));
            call.or_else(|| answer.map(|answer| (answer.text, answer.sources)))
        };
        let (text, sources) = match configured {
            Some(protocol) => (protocol, Vec::new()),
            None => match found() {
                Some(protocol) => protocol,
                None => (builtin.text(Text::Emergency, language), Vec::new()),
            },
        };
        let told = builtin.text(Text::EmergencyHandoff, language);
        let spoken = Spoken::builtin(format!("{text}\n\n{told}"), sources);
        self.ledger.handoff = Some(HandoffReason::Emergency);
        self.commit(spoken)
    }

    /// Whether the message holds data that was asked for and nothing to answer.
    fn only_gives_data(&self) -> bool {
        let asked = self.asked_last();
        lead::is_only_data(&self.question.text, &self.findings, asked)
    }

    /// Whether the customer wants to be contacted and says nothing of what about.
    fn only_wishes_contact(&self) -> bool {
        let general = self.input.desk.team.general().map(|agent| agent.name.as_str());
        let [intent] = self.sight.chosen() else { return false };
        Some(intent.agent.as_str()) == general
            && self.ledger.draft.wanted
            && !self.ledger.was_complete
            && lead::only_wishes(&self.question.text)
    }

    /// Whether the customer says yes to the person that the last reply offered.
    fn accepts_offer(&self) -> bool {
        let Some(last) = self.last_reply() else { return false };
        let small = smalltalk::recognise(&self.question.text, &self.input.business.name);
        let builtin = self.builtin();
        let offers = |language| [Text::Unknown, Text::Trouble].map(|text| builtin.text(text, language));
        small == Some(SmallTalk::Acknowledgement)
            && says_yes(&self.question.text)
            && crate::domain::language::Language::ALL
                .into_iter()
                .flat_map(offers)
                .any(|offer| last.contains(&offer))
    }

    /// What the product said last, if it spoke last.
    pub(super) fn last_reply(&self) -> Option<&str> {
        let last = self.input.history.last().filter(|said| said.role == Role::Assistant);
        last.map(|said| said.text.as_str())
    }

    pub(super) fn last_heard(&self) -> &Heard {
        static NOTHING: Heard = Heard { id: String::new(), text: String::new(), unread: None };
        self.input.messages.last().unwrap_or(&NOTHING)
    }

    /// Everything the customer said that is at hand, oldest first, the new message last.
    pub(super) fn customer_said(&self) -> Vec<String> {
        let earlier = self.input.history.iter().filter(|said| said.role == Role::Customer);
        earlier.map(|said| said.text.clone()).chain([self.question.text.clone()]).collect()
    }
}

/// Whether a message is a yes and little more.
fn says_yes(text: &str) -> bool {
    const YES: [&str; 10] =
        ["si", "sim", "yes", "claro", "dale", "sure", "ok", "please", "por favor", "bueno"];
    let said = words(text).join(" ");
    YES.iter().any(|yes| said == *yes || said.starts_with(&format!("{yes} ")))
}
