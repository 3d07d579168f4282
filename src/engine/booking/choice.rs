//! What a customer answers to offered times: "el segundo", "la de las 10", "a las 3 está bien", "ninguno, más tarde".
//!
//! A choice is only what the words say. Where they fit two of the offers, or none, it is asked again.

use jiff::{ToSpan, Zoned, tz::TimeZone};

use super::{
    spread::minute_of,
    when::{self, Hours, When},
};
use crate::{
    domain::{
        appointment::{Slot, zoned},
        language::Language,
    },
    engine::words::undrawn,
    text::words,
};

/// The most words of a plain yes or no.
const MAX_PLAIN_WORDS: usize = 9;

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// This one, from 0.
    Slot(usize),
    /// One of these, and it cannot be told which; with what was said of when.
    Several(Vec<usize>, When),
    /// Another time is wished for.
    Other(When),
    /// The same, told from the offers.
    Shift(Shift),
    /// Not then.
    Not(When),
    /// Yes, without saying to what.
    Yes,
    /// No, and nothing else instead.
    No,
    /// The customer does not want an appointment any more.
    GiveUp,
    /// It is no answer to the offers.
    Unclear,
}

/// A wish that is told from the offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// "Más tarde".
    Later,
    /// "Más temprano".
    Earlier,
    /// "Otro día".
    OtherDay,
    /// "Ninguna".
    Others,
    /// "Otra hora", and not which.
    OtherHour,
}

const YES: &str = "si sii sip ya yapo claro dale listo ok okay oki vale perfecto confirmo confirmado confirmada confirmar acuerdo correcto exacto bueno va hagale genial super excelente sirve esa ese eso reservala reservalo reserve reservar reservame agendala agendalo agendar agende agendame tomo quiero \
yes yeah yep yup sure please good great perfect confirm confirmed fine works book absolutely \
sim pode isso beleza claro otimo combinado certo fechado confirmado quero reserva marca marque asistire ire vou";

const FILLERS: &str = "a la el lo esta bien de por favor porfa porfavor gracias me mi que asi es para entonces muy pues po con gusto cita hora horario yo estare alla estaremos asisto asistire ahi voy parece una senor senora mucho \
it that is the for me thanks thank you i ll be there will take this one sounds go ahead \
ser o essa esse bem obrigado obrigada eu vou estar la pra mim tudo com certeza";

const NO: &str = "no nop nope nel nao negativo tampoco todavia aun nada";

/// Phrases that end the talk.
const GIVE_UP: [&str; 28] = [
    "ya no",
    "mejor no",
    "olvidalo",
    "olvidelo",
    "dejalo asi",
    "dejemoslo asi",
    "dejelo asi",
    "no quiero la cita",
    "no quiero cita",
    "no quiero agendar",
    "no quiero reservar",
    "no gracias",
    "otro dia les escribo",
    "despues les escribo",
    "luego les escribo",
    "lo pienso",
    "lo voy a pensar",
    "never mind",
    "nevermind",
    "forget it",
    "no thanks",
    "not anymore",
    "no thank you",
    "deixa pra la",
    "deixa para la",
    "melhor nao",
    "nao quero mais",
    "nao obrigad",
];

const ORDINALS: [(&str, usize); 34] = [
    ("primera", 0),
    ("primero", 0),
    ("primer", 0),
    ("first", 0),
    ("primeira", 0),
    ("primeiro", 0),
    ("1ra", 0),
    ("1era", 0),
    ("1a", 0),
    ("1ro", 0),
    ("1st", 0),
    ("segunda", 1),
    ("segundo", 1),
    ("second", 1),
    ("2da", 1),
    ("2a", 1),
    ("2do", 1),
    ("2nd", 1),
    ("tercera", 2),
    ("tercero", 2),
    ("tercer", 2),
    ("third", 2),
    ("terceira", 2),
    ("terceiro", 2),
    ("3ra", 2),
    ("3era", 2),
    ("3a", 2),
    ("3rd", 2),
    ("cuarta", 3),
    ("cuarto", 3),
    ("fourth", 3),
    ("quarta", 3),
    ("quarto", 3),
    ("4ta", 3),
];

/// Reads an answer to offers of which each has its label, as a button may have sent it back.
pub fn read(
    text: &str,
    language: Language,
    now: &Zoned,
    zone: &TimeZone,
    offered: &[Slot],
    labels: &[String],
) -> Choice {
    let said = plain(text);
    if let Some(at) = labels.iter().position(|label| plain(label) == said) {
        return Choice::Slot(at);
    }
    let joined = said.join(" ");
    if gives_up(text) {
        return Choice::GiveUp;
    }
    let shift = shift(&joined);
    // "La 2" is the second one; "las 2" is a time.
    if let Some(at) = place(text, language, offered.len()).filter(|_| said.len() <= 2) {
        return Choice::Slot(at);
    }
    let words = without_ordinals(text, &said, language, offered.len());
    let wish = when::read(&words, language, now);
    let wish = weekday_among(&wish, offered, zone, |now| when::read(&words, language, now)).unwrap_or(wish);
    let refuses =
        said.iter().any(|word| NO.split(' ').any(|no| no == word)) && !joined.contains("no hay problema");
    // "Mañana no puedo" names a time to say that it does not do.
    if !wish.is_empty() && wish.days.len() < 2 && cannot(&joined) {
        return Choice::Not(wish);
    }
    if !refuses && shift.is_none() {
        if let Some(at) = ordinal(&said, &joined, language, offered.len()) {
            return Choice::Slot(at);
        }
        if !wish.is_empty() {
            let fits = fitting(&wish, offered, zone);
            // "El martes en la mañana" names a part of a day, and not the one time of it that was offered.
            // "La de la tarde" does name it.
            let refers = matches!(
                (said.first().map(String::as_str), said.get(1).map(String::as_str)),
                (Some("la" | "el" | "las" | "los" | "a" | "o"), Some("de" | "del" | "da" | "do"))
                    | (Some("the"), _)
            );
            let part_of_day = !refers && matches!(wish.hours, Some(Hours::Between(..)));
            return match fits.as_slice() {
                [] => Choice::Other(wish),
                _ if part_of_day => Choice::Other(wish),
                [only] => Choice::Slot(*only),
                // "Mañana" of offers that are all of tomorrow chooses nothing, and "a las 4" of one does.
                _ if matches!(wish.hours, Some(Hours::At(_))) || fits.len() < offered.len() => {
                    Choice::Several(fits, wish)
                }
                _ => Choice::Other(wish),
            };
        }
        if let Some(at) = bare_number(&said, offered, zone) {
            return at;
        }
    }
    if let Some(shift) = shift {
        return if wish.is_empty() { Choice::Shift(shift) } else { Choice::Other(wish) };
    }
    match agreement(text) {
        // "No, mejor el miércoles."
        _ if refuses && !wish.is_empty() => Choice::Other(wish),
        Some(true) => Choice::Yes,
        Some(false) => Choice::No,
        None => Choice::Unclear,
    }
}

/// Whether a message is a plain yes or a plain no.
pub fn agreement(text: &str) -> Option<bool> {
    let said = plain(text);
    if said.is_empty() {
        return text.contains(['👍', '👌', '✅', '🙌']).then_some(true);
    }
    if said.len() > MAX_PLAIN_WORDS {
        return None;
    }
    let is = |list: &str, word: &String| list.split_ascii_whitespace().any(|one| one == word);
    let no = said.iter().any(|word| is(NO, word));
    let yes = said.iter().any(|word| is(YES, word));
    let known = |word: &String| is(YES, word) || is(NO, word) || is(FILLERS, word);
    let joined = said.join(" ");
    if no && said.first().is_some_and(|first| is(NO, first)) && said.len() <= 3 {
        return Some(false);
    }
    if gives_up(text) {
        return Some(false);
    }
    if joined.contains("no puedo") || joined.contains("nao posso") || joined.contains("can t") {
        return Some(false);
    }
    (said.iter().all(known) && (yes || no)).then_some(!no)
}

/// Whether a message begins with a yes: "sí, soy Ana Pérez".
pub fn begins_with_yes(text: &str) -> bool {
    const BEGINNINGS: [&str; 14] = [
        "si", "sip", "claro", "dale", "listo", "ok", "vale", "perfecto", "bueno", "yes", "sure", "yeah",
        "sim", "pode",
    ];
    plain(text).first().is_some_and(|first| BEGINNINGS.contains(&first.as_str()))
}

/// Whether a customer does not want to go on with an appointment.
pub fn gives_up(text: &str) -> bool {
    let joined = format!(" {} ", plain(text).join(" "));
    GIVE_UP.iter().any(|phrase| joined.contains(&format!(" {phrase}")))
}

/// The place in a list of `count` that is named: "el segundo", "2", "opción 3", "la última".
pub fn place(text: &str, language: Language, count: usize) -> Option<usize> {
    let said = plain(text);
    let bare = || match said.as_slice() {
        [number] => number.parse::<usize>().ok(),
        [article, number] if ["la", "el", "a", "o", "the"].contains(&article.as_str()) => number.parse().ok(),
        _ => None,
    };
    ordinal(&said, &said.join(" "), language, count)
        .or_else(|| bare().and_then(|number| number.checked_sub(1)).filter(|at| *at < count))
}

fn plain(text: &str) -> Vec<String> {
    words(text).iter().map(|word| undrawn(word)).collect()
}

/// The offers that a wish fits.
fn fitting(wish: &When, offered: &[Slot], zone: &TimeZone) -> Vec<usize> {
    let fits = |slot: &Slot| {
        wish.has_day(zoned(slot.start_ms, zone).date())
            && wish.hours.as_ref().is_none_or(|hours| hours.hold(minute_of(slot, zone)))
    };
    (0..offered.len()).filter(|at| offered.get(*at).is_some_and(fits)).collect()
}

/// "El martes" beside offers of next week is the Tuesday among them, though another one is nearer. `read` reads the words as
/// if they had been said at another time: a day of the week stays the same then, and "mañana" does not.
fn weekday_among(
    wish: &When,
    offered: &[Slot],
    zone: &TimeZone,
    read: impl Fn(&Zoned) -> When,
) -> Option<When> {
    let [(day, last)] = wish.days.as_slice() else { return None };
    let first = offered.iter().map(|slot| zoned(slot.start_ms, zone).date()).min()?;
    if day != last || !fitting(wish, offered, zone).is_empty() || *day >= first {
        return None;
    }
    let said = |days: i32| Some(read(&first.checked_sub(days.days()).ok()?.to_zoned(zone.clone()).ok()?));
    let (before, earlier) = (said(1)?, said(2)?);
    let is_weekday = before.days == earlier.days
        && before.days.first().is_some_and(|(at, _)| at.weekday() == day.weekday());
    (is_weekday && !fitting(&before, offered, zone).is_empty()).then_some(before)
}

/// "El segundo", "la última", "la opción 2".
fn ordinal(said: &[String], joined: &str, language: Language, count: usize) -> Option<usize> {
    let last = ["ultima", "ultimo", "last"].iter().any(|word| said.iter().any(|one| one == word));
    if last && !joined.contains("ultima hora") {
        return count.checked_sub(1);
    }
    let earliest = ["mas temprana", "mas temprano de", "mas pronto", "earliest", "mais cedo"];
    if earliest.iter().any(|phrase| joined.contains(phrase)) {
        return (count > 0).then_some(0);
    }
    for marker in ["opcion", "option", "opcao", "numero", "number", "numeral"] {
        let Some(at) = said.iter().position(|word| word == marker) else { continue };
        if let Some(number) = said.get(at + 1).and_then(|word| word.parse::<usize>().ok()) {
            return number.checked_sub(1).filter(|at| *at < count);
        }
    }
    if joined.contains("hora de la manana") || joined.contains("primera hora") {
        return None;
    }
    let at = said.iter().position(|word| ORDINALS.iter().any(|(name, _)| name == word))?;
    let word = said.get(at)?;
    // "Na segunda", "segunda-feira", "segunda às 10" are Monday in Portuguese.
    if language == Language::Pt && ["segunda", "quarta"].contains(&word.as_str()) {
        let before = at.checked_sub(1).and_then(|at| said.get(at)).map_or("", String::as_str);
        let after = said.get(at + 1).map_or("", String::as_str);
        let counts = ["a", "essa", ""].contains(&before)
            && ["", "opcao", "por", "obrigado", "pode", "esta"].contains(&after);
        if !counts || before == "na" {
            return None;
        }
    }
    // "Tres y cuarto" and "cuarto para las cinco" are times.
    if ["cuarto", "quarto"].contains(&word.as_str())
        && said.iter().any(|word| ["y", "para", "menos", "e"].contains(&word.as_str()))
    {
        return None;
    }
    ORDINALS.iter().find(|(name, _)| name == word).map(|(_, at)| *at).filter(|at| *at < count)
}

/// The text without what is an ordinal of the offers, so that "a segunda" is no Monday.
fn without_ordinals(text: &str, said: &[String], language: Language, count: usize) -> String {
    if ordinal(said, &said.join(" "), language, count).is_some() { String::new() } else { text.to_owned() }
}

/// Whether somebody says that a time does not do.
fn cannot(joined: &str) -> bool {
    const PHRASES: [&str; 14] = [
        "no puedo",
        "no podria",
        "no podre",
        "no me sirve",
        "no me queda",
        "no alcanzo",
        "no me da",
        "trabajo",
        "nao posso",
        "nao da",
        "nao serve",
        "can t",
        "cannot",
        "doesn t work",
    ];
    PHRASES.iter().any(|phrase| format!(" {joined} ").contains(&format!(" {phrase} ")))
}

/// A number alone: the place of an offer, or an hour of one.
fn bare_number(said: &[String], offered: &[Slot], zone: &TimeZone) -> Option<Choice> {
    let is_filler =
        |word: &&String| !FILLERS.split(' ').chain(YES.split(' ')).any(|filler| filler == word.as_str());
    let rest: Vec<&String> = said.iter().filter(is_filler).collect();
    let [number] = rest.as_slice() else { return None };
    let number: usize = number.parse().ok()?;
    if (1..=offered.len()).contains(&number) {
        return Some(Choice::Slot(number - 1));
    }
    let hour = u16::try_from(number).ok().filter(|hour| *hour <= 24)?;
    let wish =
        When { hours: Some(Hours::At(vec![hour % 24 * 60, (hour + 12) % 24 * 60])), ..When::default() };
    match fitting(&wish, offered, zone).as_slice() {
        [only] => Some(Choice::Slot(*only)),
        [] => Some(Choice::Other(wish)),
        several => Some(Choice::Several(several.to_vec(), wish)),
    }
}

/// A wish that is told from the offers.
fn shift(joined: &str) -> Option<Shift> {
    let has = |phrases: &[&str]| {
        phrases.iter().any(|phrase| format!(" {joined} ").contains(&format!(" {phrase} ")))
    };
    if has(&["mas tarde", "mas tardecito", "later", "mais tarde", "mas adelante"]) {
        Some(Shift::Later)
    } else if has(&["mas temprano", "mas tempranito", "earlier", "mais cedo", "antes de eso", "algo antes"]) {
        Some(Shift::Earlier)
    } else if has(&[
        "otro dia",
        "otra fecha",
        "otros dias",
        "another day",
        "other day",
        "different day",
        "outro dia",
        "outra data",
        "otra semana dia",
        "no puedo ese dia",
        "ese dia no",
        "ese dia no puedo",
        "esse dia nao",
        "not that day",
        "can t that day",
    ]) {
        Some(Shift::OtherDay)
    } else if has(&[
        "otra hora",
        "otro horario",
        "another time",
        "different time",
        "outra hora",
        "outro horario",
    ]) {
        Some(Shift::OtherHour)
    } else if has(&[
        "ninguna",
        "ninguno",
        "otros horarios",
        "otras horas",
        "mas opciones",
        "otras opciones",
        "otra opcion",
        "none",
        "none of those",
        "other times",
        "more options",
        "nenhum",
        "nenhuma",
        "outros horarios",
        "mais opcoes",
        "no me sirve",
        "no me sirven",
        "nao serve",
        "no me queda",
        "no me quedan",
        "no puedo a esa hora",
        "que otra",
        "que otros",
        "que mas",
    ]) {
        Some(Shift::Others)
    } else {
        None
    }
}

#[cfg(test)]
#[path = "choice_tests.rs"]
mod tests;
