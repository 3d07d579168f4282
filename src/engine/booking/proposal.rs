//! What a model may propose with appointments. It only starts what code finishes: times come from the calendar, and what
//! is booked, moved or cancelled is what the customer says themselves.

use super::{
    choice::{self, Choice},
    find,
    talk::{Act, Calendar, Plan, Prelude, Scene, Stage, Talk, answer},
    when::{self, When},
};
use crate::domain::appointment::zoned;

/// What a model's proposal is made against.
#[derive(Debug, Clone, Copy)]
pub struct Proposals<'a> {
    /// The message and how things stand.
    pub scene: Scene<'a>,
    /// The calendar as it was looked at in this turn; `None` when it was not.
    pub calendar: Option<&'a Calendar>,
}

impl Proposals<'_> {
    /// Free times of a service.
    ///
    /// # Errors
    /// What is wrong, in words for the model.
    pub fn search(&self, service: &str, when: &str) -> Result<Plan, String> {
        let services = find::services(service, self.scene.rules);
        if services.is_empty() {
            let known: Vec<&str> =
                self.scene.rules.services.iter().map(|service| service.name.as_str()).collect();
            return Err(format!("there is no such service; there are: {}", known.join("; ")));
        }
        let talk = Talk { services, wish: self.wish(when), ..Talk::new(Stage::Slot) };
        self.answer(Act::Search(Box::new(talk), Prelude::None))
    }

    /// Takes an offered time, which the customer must have chosen in their last message.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn book(&self, option: u64) -> Result<Plan, String> {
        let Scene { rules, words, now_ms, text, .. } = self.scene;
        let offered = self.scene.offered();
        let at = usize::try_from(option).ok().and_then(|option| option.checked_sub(1));
        let slot = at
            .and_then(|at| offered.get(at))
            .ok_or("no such time was offered; call check_availability first and let the customer choose")?;
        let labels = words.labels(&offered);
        let now = zoned(now_ms, &rules.zone);
        let chosen = match choice::read(text, words.language, &now, &rules.zone, &offered, &labels) {
            Choice::Slot(chosen) => Some(chosen),
            Choice::Yes if offered.len() == 1 => Some(0),
            _ => None,
        };
        if chosen != at {
            return Err("the customer has not chosen this time in their last message; ask them".to_owned());
        }
        let talk = self.scene.talk().ok_or("nothing was offered in this conversation")?;
        self.answer(Act::Take(Box::new(talk), slot.start_ms))
    }

    /// Other times for an appointment.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn begin_move(&self, when: &str) -> Result<Plan, String> {
        let only = match self.scene.standing.upcoming.as_slice() {
            [] => return Err("the customer has no appointment".to_owned()),
            [only] => Some(only.id.clone()),
            _ => None,
        };
        self.answer(Act::Move(only, self.wish(when)))
    }

    /// The question whether an appointment is to be cancelled.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn ask_to_cancel(&self) -> Result<Plan, String> {
        if self.scene.standing.upcoming.is_empty() {
            return Err("the customer has no appointment".to_owned());
        }
        self.answer(Act::Cancel(None))
    }

    /// When the customer would like to come: as the model repeats it, and what their own last message says.
    fn wish(&self, when: &str) -> When {
        let Scene { rules, words, now_ms, text, .. } = self.scene;
        let now = zoned(now_ms, &rules.zone);
        when::read(text, words.language, &now).or(&when::read(when, words.language, &now))
    }

    fn answer(&self, act: Act) -> Result<Plan, String> {
        let calendar = self.calendar.ok_or("the calendar cannot be looked at now")?;
        Ok(answer(&self.scene, act, calendar))
    }
}
