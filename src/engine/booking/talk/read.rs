//! Whether a message belongs to a talk about an appointment, and what it wants.

use super::{
    Act, Prelude, Scene, Stage, Talk,
    cues::{self, Cues, cues},
};
use crate::{
    domain::appointment::{AppointmentRecord, zoned},
    engine::{
        booking::{
            choice::{self, Choice, Shift},
            find,
            spread::minute_of,
            when::{self, Hours, When},
        },
        question::{self, Facet},
    },
    text::words,
};

/// From this many words on a message is no mere answer to a question.
const MAX_ANSWER_WORDS: usize = 12;

/// An appointment that begins sooner is one that a customer may come late to, in milliseconds.
const SOON_MS: i64 = 3 * 3_600_000;

/// The most words of a message that only names an appointment: "una cita, por favor".
const MAX_NOUN_WORDS: usize = 4;

/// The most words of a message that only cancels.
const MAX_CANCEL_WORDS: usize = 6;

/// What the message wants of the appointment book; `None` when it is about something else.
pub fn read(scene: &Scene<'_>) -> Option<Act> {
    let talk = scene.talk();
    let cues = cues(scene.text);
    let now = zoned(scene.now_ms, &scene.rules.zone);
    let wish = when::read(scene.text, scene.words.language, &now);
    if let Some(act) = talk.as_ref().and_then(|talk| in_talk(scene, talk, cues, &wish)) {
        return Some(act);
    }
    if let Some(act) = late_for(scene, cues) {
        return Some(act);
    }
    if cues.about {
        return None;
    }
    if let Some(act) = of_existing(scene, talk.as_ref(), cues, &wish) {
        return Some(act);
    }
    let services = find::services(scene.text, scene.rules);
    let asks = asks_for_one(scene, cues, &wish, !services.is_empty());
    if !asks {
        return None;
    }
    let earlier =
        talk.filter(|talk| matches!(talk.stage, Stage::Service | Stage::Slot | Stage::Data | Stage::Variant));
    let mut next = Talk::new(Stage::Slot);
    let (wish, services) = another(scene, cues, wish, services);
    if let Some(earlier) = earlier.filter(|earlier| services.is_empty() || services == earlier.services) {
        next.services = earlier.services;
        next.resource = earlier.resource;
        next.moving = earlier.moving;
        next.appointment = earlier.appointment;
        next.wish = wish.or(&earlier.wish);
    } else {
        next.services = services;
        next.wish = wish;
    }
    next.resource = find::resource(scene.text, scene.rules).or(next.resource);
    Some(Act::Search(Box::new(next), Prelude::None))
}

/// "Y otra para mi hermana a la misma hora": what was booked last tells what and when.
fn another(scene: &Scene<'_>, cues: Cues, mut wish: When, mut services: Vec<String>) -> (When, Vec<String>) {
    let last = scene.standing.upcoming.iter().max_by_key(|record| record.created_ms);
    if let Some(last) = last.filter(|_| cues.another) {
        if services.is_empty() || scene.rules.services.len() == 1 {
            services = vec![last.slot.service.clone()];
        }
        let at = zoned(last.slot.start_ms, &scene.rules.zone);
        if cues::says_same_hour(scene.text) && wish.hours.is_none() {
            wish.hours = Some(Hours::At(vec![minute_of(&last.slot, &scene.rules.zone)]));
            if wish.days.is_empty() {
                wish.days = vec![(at.date(), at.date())];
            }
        }
        if cues::says_same_day(scene.text) && wish.days.is_empty() {
            wish.days = vec![(at.date(), at.date())];
        }
    }
    (wish, services)
}

/// A customer says to come late: to an appointment that is about to begin, or else they are told when theirs is.
fn late_for(scene: &Scene<'_>, cues: Cues) -> Option<Act> {
    if !cues.late || scene.text.contains('?') || words(scene.text).len() > MAX_ANSWER_WORDS {
        return None;
    }
    let next = scene.standing.upcoming.first()?;
    let is_soon = next.slot.start_ms - scene.now_ms < SOON_MS;
    Some(if is_soon { Act::Late(next.id.clone()) } else { Act::Show })
}

/// Whether somebody asks for an appointment, or for when one is possible.
fn asks_for_one(scene: &Scene<'_>, cues: Cues, wish: &When, names_service: bool) -> bool {
    let facets = question::facets(scene.text);
    let named = names_service && scene.rules.services.len() > 1;
    // "¿Cuánto dura la cita?" asks for no time.
    let informs = facets.iter().any(|facet| matches!(facet, Facet::Duration | Facet::Address | Facet::Phone));
    if cues.wish || (cues.another && !scene.standing.upcoming.is_empty()) {
        return true;
    }
    let bare = words(scene.text).len() <= MAX_NOUN_WORDS && !scene.text.contains('?') && !cues.mine;
    if cues.noun && bare && facets.is_empty() && !cues.cancel && !cues.moves {
        return true;
    }
    if cues.room && (named || !wish.is_empty() || cues.noun || scene.routed_here) && !informs {
        return true;
    }
    if cues.noun && !wish.is_empty() && !informs {
        return true;
    }
    if named && facets.is_empty() && !scene.text.contains('?') && cues::wants(scene.text) {
        return words(scene.text).len() <= MAX_ANSWER_WORDS;
    }
    named && !wish.days.is_empty() && scene.routed_here && !informs
}

/// What is wanted with an appointment that is made: to see, to move or to cancel it.
fn of_existing(scene: &Scene<'_>, talk: Option<&Talk>, cues: Cues, wish: &When) -> Option<Act> {
    let has = !scene.standing.upcoming.is_empty();
    let short = words(scene.text).len() <= MAX_CANCEL_WORDS;
    let asks_how = scene.text.contains('?') && question::facets(scene.text).contains(&Facet::Price);
    if asks_how {
        return None;
    }
    if cues.moves && (cues.noun || (has && (short || !wish.is_empty()))) {
        let only = named_appointment(scene);
        return Some(Act::Move(only, later_wish(scene, wish)));
    }
    if cues.cancel && (cues.noun || (has && short)) {
        return Some(match talk.filter(|talk| talk.stage == Stage::Reminder) {
            Some(Talk { appointment: Some(id), .. }) => Act::CancelNow(id.clone()),
            _ => Act::Cancel(named_appointment(scene)),
        });
    }
    if cues.mine && !cues.wish && wish.hours.is_none() {
        return Some(Act::Show);
    }
    None
}

/// The appointment that a message names, by its place, its service or its day, where there are several; the only one if
/// there is one.
fn named_appointment(scene: &Scene<'_>) -> Option<String> {
    let several = match scene.standing.upcoming.as_slice() {
        [only] => return Some(only.id.clone()),
        several => several,
    };
    if let Some(record) =
        choice::place(scene.text, scene.words.language, several.len()).and_then(|at| several.get(at))
    {
        return Some(record.id.clone());
    }
    let now = zoned(scene.now_ms, &scene.rules.zone);
    let wish = when::read(scene.text, scene.words.language, &now);
    let named = find::services(scene.text, scene.rules);
    let on_day = |record: &AppointmentRecord| {
        !wish.days.is_empty() && wish.has_day(zoned(record.slot.start_ms, &scene.rules.zone).date())
    };
    let by_service = |record: &AppointmentRecord| named.contains(&record.slot.service);
    let only = |fits: &dyn Fn(&AppointmentRecord) -> bool| {
        let mut fitting = several.iter().filter(|record| fits(record));
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Some(only.id.clone()),
            _ => None,
        }
    };
    only(&by_service).or_else(|| only(&on_day))
}

/// "Cambiar la cita del martes para el jueves": the day of the appointment itself is no wish.
fn later_wish(scene: &Scene<'_>, wish: &When) -> When {
    let mut wish = wish.clone();
    if wish.days.len() > 1 {
        let theirs: Vec<_> = scene
            .standing
            .upcoming
            .iter()
            .map(|record| zoned(record.slot.start_ms, &scene.rules.zone).date())
            .collect();
        wish.days.retain(|(from, to)| from != to || !theirs.contains(from));
    }
    // "El mismo día, pero a las 6": the day of the appointment itself.
    if let [only] = scene.standing.upcoming.as_slice()
        && wish.days.is_empty()
        && cues::says_same_day(scene.text)
    {
        let day = zoned(only.slot.start_ms, &scene.rules.zone).date();
        wish.days = vec![(day, day)];
    }
    if let [only] = scene.standing.upcoming.as_slice()
        && wish.hours.is_none()
        && cues::says_same_hour(scene.text)
    {
        wish.hours = Some(Hours::At(vec![minute_of(&only.slot, &scene.rules.zone)]));
    }
    wish
}

/// What a message says to the last question of the talk; `None` when it is about something else.
fn in_talk(scene: &Scene<'_>, talk: &Talk, cues: Cues, wish: &When) -> Option<Act> {
    let text = scene.text;
    let language = scene.words.language;
    match talk.stage {
        Stage::Reminder | Stage::Cancel => {
            let id = talk.appointment.clone()?;
            let agreed = choice::agreement(text);
            let cancels = cues.cancel && words(text).len() <= MAX_ANSWER_WORDS && !cues.about && !cues.moves;
            // "Sí, nos vemos mañana": a yes and more, but no question and no other time.
            let more = words(text).len() > MAX_ANSWER_WORDS || text.contains('?') || cues.moves || cancels;
            let agreed = agreed.or_else(|| (choice::begins_with_yes(text) && !more).then_some(true));
            match (talk.stage, agreed) {
                (Stage::Reminder, Some(true)) => Some(Act::Confirm(id)),
                (Stage::Reminder, _) if cancels => Some(Act::CancelNow(id)),
                (Stage::Reminder, Some(false)) => Some(Act::Cancel(Some(id))),
                (_, Some(true)) => Some(Act::CancelNow(id)),
                (Stage::Cancel, _) if cancels && agreed != Some(false) => Some(Act::CancelNow(id)),
                (Stage::Cancel, Some(false)) => Some(Act::Keep(id)),
                _ => None,
            }
        }
        Stage::WhichCancel | Stage::WhichMove => {
            let records = &scene.standing.upcoming;
            let slots: Vec<_> = records.iter().map(|record| record.slot.clone()).collect();
            let at = choice::place(text, language, records.len()).or_else(|| {
                let now = zoned(scene.now_ms, &scene.rules.zone);
                let lines: Vec<String> = records.iter().map(|record| scene.words.line(record)).collect();
                match choice::read(text, language, &now, &scene.rules.zone, &slots, &lines) {
                    Choice::Slot(at) => Some(at),
                    _ => None,
                }
            });
            let by_name = || named_appointment(scene);
            if at.is_none() && choice::agreement(text) == Some(true) {
                // Yes to which? It is asked again.
                return Some(if talk.stage == Stage::WhichCancel {
                    Act::Cancel(None)
                } else {
                    Act::Move(None, talk.wish.clone())
                });
            }
            let id = at.and_then(|at| records.get(at)).map(|record| record.id.clone()).or_else(by_name)?;
            if talk.stage == Stage::WhichCancel {
                // Which one was asked, and so it is said twice.
                Some(Act::CancelNow(id))
            } else {
                Some(Act::Move(Some(id), talk.wish.clone()))
            }
        }
        Stage::Service => {
            if choice::gives_up(text) {
                return Some(Act::GiveUp);
            }
            if cues.about {
                return None;
            }
            let asked = if talk.services.is_empty() { &talk.listed } else { &talk.services };
            let chosen = choice::place(text, language, asked.len())
                .and_then(|at| asked.get(at).cloned().map(|id| vec![id]))
                .or_else(|| Some(find::among(text, asked, scene.rules)).filter(|found| !found.is_empty()))
                .unwrap_or_else(|| find::services(text, scene.rules));
            let answers = !text.contains('?') && words(text).len() <= MAX_ANSWER_WORDS;
            let goes_on = !wish.is_empty() || (!scene.told.is_empty() && !text.contains('?'));
            if chosen.is_empty() && !(goes_on && words(text).len() <= MAX_ANSWER_WORDS) {
                return None;
            }
            let mut next = talk.clone();
            if !chosen.is_empty() {
                next.services = chosen;
            }
            if answers {
                next.resource = find::resource(text, scene.rules).or(next.resource);
            }
            next.wish = wish.or(&talk.wish);
            next.stage = Stage::Slot;
            Some(Act::Search(Box::new(next), Prelude::None))
        }
        Stage::Slot => at_slots(scene, talk, cues),
        Stage::Variant => {
            if choice::gives_up(text) {
                return Some(Act::GiveUp);
            }
            let chosen = choice::place(text, language, talk.services.len())
                .and_then(|at| talk.services.get(at).cloned().map(|id| vec![id]))
                .unwrap_or_else(|| find::among(text, &talk.services, scene.rules));
            let mut next = with_declined(scene, talk);
            match chosen.as_slice() {
                [only] => {
                    next.services = vec![only.clone()];
                    Some(Act::GoOn(Box::new(next)))
                }
                // Their name and number may come before the answer.
                _ if !scene.told.is_empty() && !text.contains('?') => Some(Act::GoOn(Box::new(next))),
                _ => None,
            }
        }
        Stage::Data => {
            let asks = text.contains('?') || cues.about;
            if choice::gives_up(text) || (cues.cancel && !asks && words(text).len() <= MAX_CANCEL_WORDS) {
                return Some(Act::GiveUp);
            }
            // A mere no to "¿me dice su nombre?" is no appointment without a name.
            if choice::agreement(text) == Some(false) && words(text).len() == 1 {
                return Some(Act::GiveUp);
            }
            let next = with_declined(scene, talk);
            let gives = !scene.told.is_empty() || !scene.declined.is_empty();
            if gives {
                return Some(Act::GoOn(Box::new(next)));
            }
            // "Mejor la tercera": the offers still stand.
            if let Some(act @ (Act::Take(..) | Act::Search(..))) = at_slots(scene, talk, cues)
                && words(text).len() <= MAX_ANSWER_WORDS
            {
                return Some(act);
            }
            let answers = !text.contains('?') && words(text).len() <= MAX_ANSWER_WORDS && !cues.about;
            (answers && choice::agreement(text).is_some()).then(|| Act::GoOn(Box::new(next)))
        }
    }
}

/// The answer to offered times.
fn at_slots(scene: &Scene<'_>, talk: &Talk, cues: Cues) -> Option<Act> {
    let offered = scene.offered();
    let facets = question::facets(scene.text);
    let asks_else =
        scene.text.contains('?') && facets.iter().any(|facet| !matches!(facet, Facet::Hours)) && !cues.room;
    if cues.about || asks_else {
        return None;
    }
    let language = scene.words.language;
    let now = zoned(scene.now_ms, &scene.rules.zone);
    let labels = scene.words.labels(&offered);
    let choice = choice::read(scene.text, language, &now, &scene.rules.zone, &offered, &labels);
    let named = find::services(scene.text, scene.rules);
    let mut next = with_declined(scene, talk);
    next.resource = find::resource(scene.text, scene.rules).or(next.resource);
    // "Mejor para la limpieza": another service, at the time that was spoken of.
    let among = find::among(scene.text, &talk.services, scene.rules);
    if let [_] = among.as_slice() {
        next.services = among;
    } else if !named.is_empty() && named != talk.services && scene.rules.services.len() > 1 {
        next.services = named;
        if let Choice::Other(wish) = &choice {
            next.wish = wish.or(&talk.wish);
        }
        return Some(Act::Search(Box::new(next), Prelude::None));
    }
    let start = |at: usize| offered.get(at).map(|slot| slot.start_ms);
    let narrowed = next.services != talk.services || next.resource != talk.resource;
    // Who gives their name and number instead of a yes means yes, as does who says it and more.
    let gives_data = !scene.told.is_empty() && !scene.text.contains('?');
    match choice {
        Choice::Unclear if gives_data && offered.len() == 1 => Some(Act::Take(Box::new(next), start(0)?)),
        Choice::Unclear if narrowed => Some(Act::Search(Box::new(next), Prelude::None)),
        // They name what they have already.
        Choice::Unclear if !named.is_empty() && scene.rules.services.len() > 1 && !offered.is_empty() => {
            Some(Act::WhichOffer(Box::new(next), offered.iter().map(|slot| slot.start_ms).collect()))
        }
        Choice::Unclear if cues::says_any_day(scene.text) => {
            next.wish.days.clear();
            Some(Act::Search(Box::new(next), Prelude::None))
        }
        Choice::Unclear if cues.moves && talk.appointment.is_none() => Some(Act::AskWhen(Box::new(next))),
        Choice::Unclear if gives_data && !offered.is_empty() => {
            Some(Act::WhichOffer(Box::new(next), offered.iter().map(|slot| slot.start_ms).collect()))
        }
        Choice::Slot(at) => Some(Act::Take(Box::new(next), start(at)?)),
        Choice::Yes if offered.len() == 1 => Some(Act::Take(Box::new(next), start(0)?)),
        Choice::Yes if offered.is_empty() => {
            next.wish.days.clear();
            next.wish.hours = None;
            Some(Act::Search(Box::new(next), Prelude::None))
        }
        Choice::Yes => {
            Some(Act::WhichOffer(Box::new(next), offered.iter().map(|slot| slot.start_ms).collect()))
        }
        Choice::Several(these, wish) => {
            next.wish = wish.or(&talk.wish);
            Some(Act::WhichOffer(Box::new(next), these.into_iter().filter_map(start).collect()))
        }
        Choice::Other(mut wish) => {
            if cues::says_same_hour(scene.text)
                && wish.hours.is_none()
                && let Some(before) = reference(scene, talk)
            {
                wish.hours = Some(Hours::At(vec![minute_of(&before.slot, &scene.rules.zone)]));
            }
            next.wish = wish.or(&talk.wish);
            if wish.days.is_empty() && cues::says_any_day(scene.text) {
                next.wish.days.clear();
            }
            // A new day with a part of the day that does not hold the new hour is no contradiction.
            Some(Act::Search(Box::new(next), Prelude::None))
        }
        Choice::Not(wish) => {
            next.wish = without(scene, talk, &wish);
            Some(Act::Search(Box::new(next), Prelude::None))
        }
        Choice::Shift(Shift::OtherHour) => Some(Act::AskWhen(Box::new(next))),
        Choice::Shift(shift) => {
            next.wish = shifted(scene, talk, shift);
            Some(Act::Search(Box::new(next), Prelude::None))
        }
        Choice::GiveUp => Some(Act::GiveUp),
        // Nothing of what was offered; a second no is one to everything.
        Choice::No if offered.is_empty() => Some(Act::GiveUp),
        Choice::No => Some(Act::AskWhen(Box::new(next))),
        Choice::Unclear => None,
    }
}

/// The appointment that "a la misma hora" speaks of: the one that is moved, or the last that was made.
fn reference<'a>(scene: &'a Scene<'_>, talk: &Talk) -> Option<&'a AppointmentRecord> {
    let upcoming = &scene.standing.upcoming;
    let moved = upcoming.iter().find(|record| Some(&record.id) == talk.appointment.as_ref());
    moved.or_else(|| upcoming.iter().max_by_key(|record| record.created_ms))
}

/// "Mañana no puedo": the days after the one that does not do, or another time of the day.
fn without(scene: &Scene<'_>, talk: &Talk, not: &When) -> When {
    let Some((_, refused)) = not.days.last() else { return shifted(scene, talk, Shift::Others) };
    let (_, horizon) = crate::engine::booking::slots::bookable_days(scene.rules, scene.now_ms);
    let next = refused.tomorrow().ok().filter(|next| *next <= horizon);
    let mut wish = talk.wish.clone();
    wish.days = next.map(|next| (next, horizon)).into_iter().collect();
    wish.soon = false;
    wish
}

fn with_declined(scene: &Scene<'_>, talk: &Talk) -> Talk {
    let mut next = talk.clone();
    next.declined.extend(scene.declined.iter().copied());
    next.declined.dedup();
    next
}

/// "Más tarde", "otro día": the wish that follows from the offers.
fn shifted(scene: &Scene<'_>, talk: &Talk, shift: Shift) -> When {
    let offered = scene.offered();
    let zone = &scene.rules.zone;
    let minutes = || offered.iter().map(|slot| minute_of(slot, zone));
    let mut wish = talk.wish.clone();
    match shift {
        Shift::Later => {
            wish.hours = minutes().max().map(|last| Hours::Between((last + 1).min(1439), 1440));
        }
        Shift::Earlier => {
            wish.hours = minutes().min().map(|first| Hours::Between(0, first.max(1)));
        }
        Shift::OtherDay | Shift::Others | Shift::OtherHour => {
            let last = offered.iter().map(|slot| zoned(slot.start_ms, zone).date()).max();
            let next = last.and_then(|last| last.tomorrow().ok());
            let (_, horizon) = crate::engine::booking::slots::bookable_days(scene.rules, scene.now_ms);
            wish.days =
                next.filter(|next| *next <= horizon).map(|next| (next, horizon)).into_iter().collect();
            // A part of the day still counts; one hour, or what followed from the last offers, does not.
            let part = matches!(wish.hours, Some(Hours::Between(from, to)) if from % 60 == 0 && to % 60 == 0);
            if !part {
                wish.hours = None;
            }
        }
    }
    wish.soon = false;
    wish
}
