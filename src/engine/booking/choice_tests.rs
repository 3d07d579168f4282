//! What customers answer to offered times.

use jiff::civil::date;

use super::*;
use crate::engine::booking::fixture;

/// Friday 20 at 10:00, 13:00 and 15:00, Monday 23 at 10:00.
fn offered() -> Vec<Slot> {
    let zone = fixture::now().time_zone().clone();
    [(20, 10), (20, 13), (20, 15), (23, 10)]
        .into_iter()
        .map(|(day, hour)| {
            let at = date(2026, 11, day).at(hour, 0, 0, 0).to_zoned(zone.clone()).unwrap();
            let start_ms = at.timestamp().as_millisecond();
            Slot {
                service: "s".to_owned(),
                resource: "r".to_owned(),
                start_ms,
                end_ms: start_ms + 1,
                blocked_from_ms: start_ms,
                blocked_to_ms: start_ms + 1,
                capacity: 1,
            }
        })
        .collect()
}

fn chosen(text: &str, language: Language) -> Choice {
    let now = fixture::now();
    let labels = ["vie 20, 10:00 a. m.", "vie 20, 1:00 p. m.", "vie 20, 3:00 p. m.", "lun 23, 10:00 a. m."];
    let labels: Vec<String> = labels.iter().map(|&label| label.to_owned()).collect();
    read(text, language, &now, now.time_zone(), &offered(), &labels)
}

#[test]
fn choices_are_taken_from_the_words() {
    use Language::{En, Es, Pt};
    for (text, language, expected) in [
        ("el segundo", Es, 1),
        ("la segunda", Es, 1),
        ("La segunda por favor", Es, 1),
        ("2", Es, 1),
        ("la 3", Es, 2),
        ("la 2", Es, 1),
        ("el 4", Es, 3),
        ("opción 4", Es, 3),
        ("la última", Es, 3),
        ("la primera está bien", Es, 0),
        ("el viernes a las 3", Es, 2),
        ("a las 3 está bien", Es, 2),
        ("la de la 1", Es, 1),
        ("la de las 3pm", Es, 2),
        ("mañana a la 1", Es, 1),
        ("el lunes", Es, 3),
        ("el lunes a las 10", Es, 3),
        ("vie 20, 3:00 p. m.", Es, 2),
        ("a las quince", Es, 2),
        ("15:00", Es, 2),
        ("13", Es, 1),
        ("the second one", En, 1),
        ("3pm works", En, 2),
        ("Monday please", En, 3),
        ("number 2", En, 1),
        ("a segunda", Pt, 1),
        ("a primeira, por favor", Pt, 0),
        ("na segunda", Pt, 3),
        ("segunda-feira às 10", Pt, 3),
        ("às 15h", Pt, 2),
    ] {
        assert_eq!(chosen(text, language), Choice::Slot(expected), "{text:?}");
    }
}

#[test]
fn a_day_of_the_week_is_the_one_among_the_offers() {
    // It is Thursday 12, and what is offered is of next week.
    let zone = fixture::now().time_zone().clone();
    let now = date(2026, 11, 12).at(9, 0, 0, 0).to_zoned(zone.clone()).unwrap();
    let said = |text: &str| read(text, Language::Es, &now, &zone, &offered(), &[]);
    assert!(
        matches!(said("el viernes"), Choice::Several(at, _) if at == [0, 1, 2]),
        "{:?}",
        said("el viernes")
    );
    assert_eq!(said("el lunes"), Choice::Slot(3));
    let tomorrow = date(2026, 11, 13);
    for text in ["mañana", "el viernes 13", "el 13"] {
        assert!(matches!(said(text), Choice::Other(when) if when.days == [(tomorrow, tomorrow)]), "{text}");
    }
}

#[test]
fn what_fits_several_is_no_choice() {
    for text in ["a las 10", "la de las 10"] {
        assert!(matches!(chosen(text, Language::Es), Choice::Several(these, _) if these == [0, 3]), "{text}");
    }
    assert!(matches!(chosen("la de la mañana del viernes", Language::Es), Choice::Slot(0)));
    for text in ["mañana en la tarde", "el lunes en la mañana", "en la tarde"] {
        assert!(matches!(chosen(text, Language::Es), Choice::Other(_)), "{text}: there may be more");
    }
}

#[test]
fn other_wishes_refusals_and_agreement_are_told_apart() {
    for text in ["a las 5", "el miércoles", "¿y el sábado?", "¿tienes a las 4?"] {
        assert!(
            matches!(chosen(text, Language::Es), Choice::Other(_)),
            "{text:?}: {:?}",
            chosen(text, Language::Es)
        );
    }
    for (text, expected) in [
        ("ninguno, más tarde", Choice::Shift(Shift::Later)),
        ("más temprano", Choice::Shift(Shift::Earlier)),
        ("otro día", Choice::Shift(Shift::OtherDay)),
        ("ninguna me sirve", Choice::Shift(Shift::Others)),
        ("no me sirven", Choice::Shift(Shift::Others)),
        ("otra hora", Choice::Shift(Shift::OtherHour)),
        ("no puedo ese día", Choice::Shift(Shift::OtherDay)),
        ("ya", Choice::Yes),
        ("ya po", Choice::Yes),
        ("sí", Choice::Yes),
        ("Sí, por favor", Choice::Yes),
        ("dale", Choice::Yes),
        ("no", Choice::No),
        ("mejor no", Choice::GiveUp),
        ("ya no quiero la cita", Choice::GiveUp),
        ("¿duele mucho?", Choice::Unclear),
        ("Ana Pérez", Choice::Unclear),
    ] {
        assert_eq!(chosen(text, Language::Es), expected, "{text:?}");
    }
    for text in ["no puedo a las 10", "mañana no puedo", "el lunes no me sirve"] {
        assert!(matches!(chosen(text, Language::Es), Choice::Not(_)), "{text:?}");
    }
    assert!(matches!(chosen("no, mejor el miércoles", Language::Es), Choice::Other(_)));
    assert_eq!(agreement("sí confirmo"), Some(true));
    assert_eq!(agreement("no puedo ir"), Some(false));
    assert_eq!(agreement("¿cuánto cuesta?"), None);
    assert_eq!(agreement("👍"), Some(true));
}
