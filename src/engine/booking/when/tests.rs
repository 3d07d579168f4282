//! What customers write, said on Thursday, 19 November 2026, at 9 in Bogotá.

use jiff::{civil::date, tz::TimeZone};

use super::*;

fn now() -> Zoned {
    date(2026, 11, 19).at(9, 0, 0, 0).to_zoned(TimeZone::get("America/Bogota").unwrap()).unwrap()
}

/// "24 @16:30/04:30", "23-29", "@12:00-19:00": days of November 2026, or with their month.
fn shown(when: &When) -> String {
    let day = |day: Date| {
        if (day.year(), day.month()) == (2026, 11) {
            day.day().to_string()
        } else {
            day.strftime("%Y-%m-%d").to_string()
        }
    };
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let mut parts: Vec<String> = Vec::new();
    let days: Vec<String> = when
        .days
        .iter()
        .map(|(from, to)| if from == to { day(*from) } else { format!("{}..{}", day(*from), day(*to)) })
        .collect();
    if !days.is_empty() {
        parts.push(days.join(","));
    }
    match &when.hours {
        Some(Hours::At(at)) => {
            parts.push(format!("@{}", at.iter().map(|at| clock(*at)).collect::<Vec<_>>().join("/")));
        }
        Some(Hours::Between(from, to)) => parts.push(format!("@{}-{}", clock(*from), clock(*to))),
        None => {}
    }
    if when.soon {
        parts.push("soon".to_owned());
    }
    parts.join(" ")
}

fn check(language: Language, cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(text, expected)| {
            let found = shown(&read(text, language, &now()));
            (found != *expected).then(|| format!("{text:?}: {found:?}, not {expected:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn spanish() {
    check(
        Language::Es,
        &[
            ("hoy", "19"),
            ("¿tienen para hoy mismo?", "19"),
            ("mañana", "20"),
            ("MAÑANA", "20"),
            ("pasado mañana", "21"),
            ("mañana en la tarde", "20 @12:00-19:00"),
            ("mañana dps de almuerzo", "20 @13:00-24:00"),
            ("mañana dps del almuerzo", "20 @13:00-24:00"),
            ("mañana por la mañana", "20 @00:00-12:00"),
            ("mañana a la mañana", "20 @00:00-12:00"),
            ("mañana en la noche", "20 @18:00-24:00"),
            ("mañana temprano", "20 @00:00-10:00"),
            ("mañana a primera hora", "20 @00:00-10:00"),
            ("mañana al mediodía", "20 @11:30-14:00"),
            ("hoy en la tarde", "19 @12:00-19:00"),
            ("esta tarde", "19 @12:00-19:00"),
            ("esta noche", "19 @18:00-24:00"),
            ("en la mañana", "@00:00-12:00"),
            ("por la tarde", "@12:00-19:00"),
            ("el martes", "24"),
            ("el jueves", "26"),
            ("este jueves", "19"),
            ("este viernes", "20"),
            ("el viernes en la tarde", "20 @12:00-19:00"),
            ("el próximo martes a las 4 y media", "24 @16:30/04:30"),
            ("el martes que viene a las 3pm", "24 @15:00"),
            ("el martes próximo", "24"),
            ("el martes de la semana que viene", "24"),
            ("el viernes de la próxima semana", "27"),
            ("la semana que viene", "23..29"),
            ("la próxima semana", "23..29"),
            ("la otra semana", "23..29"),
            ("la semana que viene el miércoles", "25"),
            ("esta semana", "19..22"),
            ("el fin de semana", "21..22"),
            ("este finde", "21..22"),
            ("el sábado", "21"),
            ("sabado a las 10", "21 @10:00/22:00"),
            ("domingo", "22"),
            ("martes o jueves", "24,26"),
            ("de lunes a miércoles", "23..25"),
            ("el 15", "2026-12-15"),
            ("el 25", "25"),
            ("el día 30", "30"),
            ("el 15 de enero", "2027-01-15"),
            ("15 de enero de 2027", "2027-01-15"),
            ("el 1 de diciembre", "2026-12-01"),
            ("el primero de diciembre", "2026-12-01"),
            ("el 3 de dic", "2026-12-03"),
            ("24/11", "24"),
            ("24/11/2026", "24"),
            ("24-11-26", "24"),
            ("el martes 24", "24"),
            ("martes 24 de noviembre a las 4", "24 @16:00/04:00"),
            ("el 29 de febrero", "2028-02-29"),
            ("en dos semanas", "2026-12-03"),
            ("dentro de 3 días", "22"),
            ("en un mes", "2026-12-19"),
            ("en 15 dias", "2026-12-04"),
            ("el mes que viene", "2026-12-01..2026-12-31"),
            ("este mes", "19..30"),
            ("a finales de mes", "21..30"),
            ("a principios de diciembre", "2026-12-01..2026-12-10"),
            ("a mediados de enero", "2027-01-11..2027-01-20"),
            ("en diciembre", "2026-12-01..2026-12-31"),
            ("a las 4", "@16:00/04:00"),
            ("a las 4 de la tarde", "@16:00"),
            ("a las 9 de la mañana", "@09:00"),
            ("a las 8 de la noche", "@20:00"),
            ("a las 12", "@12:00"),
            ("a las 12 del día", "@12:00"),
            ("a las cuatro y media", "@16:30/04:30"),
            ("a las 3 y cuarto", "@15:15/03:15"),
            ("a las 5 menos cuarto", "@16:45/04:45"),
            ("cuarto para las cinco", "@16:45/04:45"),
            ("a la una", "@13:00/01:00"),
            ("a las 10:30", "@10:30/22:30"),
            ("a las 16:00", "@16:00"),
            ("15h", "@15:00"),
            ("15:30 hs", "@15:30"),
            ("3pm", "@15:00"),
            ("3 p.m.", "@15:00"),
            ("3 p. m.", "@15:00"),
            ("10am", "@10:00"),
            ("10 a. m.", "@10:00"),
            ("la de las 10", "@10:00/22:00"),
            ("tipo 5", "@17:00/05:00"),
            ("después de las 5", "@17:00-24:00"),
            ("a partir de las 2", "@14:00-24:00"),
            ("antes de las 11", "@00:00-11:00"),
            ("entre las 3 y las 5", "@15:00-17:00"),
            ("de 3 a 5 de la tarde", "@15:00-17:00"),
            ("entre 10 y 12", "@10:00-12:00"),
            ("de 10 a 1", "@10:00-13:00"),
            ("después del almuerzo", "@13:00-24:00"),
            ("después del trabajo", "@17:00-24:00"),
            ("a última hora", "@16:00-24:00"),
            ("el lunes en la mañana después de las 9", "23 @09:00-12:00"),
            ("lo antes posible", "soon"),
            ("cuanto antes", "soon"),
            ("buenas tardes, ¿tienen cita para mañana?", "20"),
            ("Buenos días", ""),
            ("más tarde", ""),
            ("la segunda", ""),
            ("quiero 2 zonas", ""),
            ("¿cuánto cuesta?", ""),
            ("somos 3 personas", ""),
            ("hace 3 días que me duele", ""),
            ("las 2 sesiones", ""),
            ("viernes 4pm porfa", "20 @16:00"),
            ("el lunes 10am", "23 @10:00"),
            ("pa mañana x la tarde", "20 @12:00-19:00"),
        ],
    );
}

#[test]
fn english() {
    check(
        Language::En,
        &[
            ("today", "19"),
            ("tomorrow", "20"),
            ("tomorrow morning", "20 @00:00-12:00"),
            ("tomorrow at 3", "20 @15:00/03:00"),
            ("the day after tomorrow", "21"),
            ("tonight", "19 @18:00-24:00"),
            ("this afternoon", "19 @12:00-19:00"),
            ("this morning", "19 @00:00-12:00"),
            ("on Monday", "23"),
            ("this Friday", "20"),
            ("next Friday at 10", "27 @10:00/22:00"),
            ("next Tuesday", "24"),
            ("next week", "23..29"),
            ("Tuesday next week", "24"),
            ("this weekend", "21..22"),
            ("next weekend", "28..29"),
            ("in two weeks", "2026-12-03"),
            ("in 3 days", "22"),
            ("January 15", "2027-01-15"),
            ("Jan 15th at 4pm", "2027-01-15 @16:00"),
            ("the 3rd of December", "2026-12-03"),
            ("the 25th", "25"),
            ("12/1", "2026-12-01"),
            ("2026-12-05", "2026-12-05"),
            ("next month", "2026-12-01..2026-12-31"),
            ("half past four", "@16:30/04:30"),
            ("quarter to five", "@16:45/04:45"),
            ("at noon", "@11:30-14:00"),
            ("4:30 pm", "@16:30"),
            ("after 4", "@16:00-24:00"),
            ("before 11am", "@00:00-11:00"),
            ("between 2 and 4", "@14:00-16:00"),
            ("from 2 to 4 pm", "@14:00-16:00"),
            ("in the evening", "@18:00-24:00"),
            ("Monday or Wednesday", "23,25"),
            ("asap", "soon"),
            ("Good morning, do you have anything on Saturday?", "21"),
            ("Is it open?", ""),
        ],
    );
}

#[test]
fn portuguese() {
    check(
        Language::Pt,
        &[
            ("hoje", "19"),
            ("amanhã", "20"),
            ("amanhã de manhã", "20 @00:00-12:00"),
            ("amanhã à tarde", "20 @12:00-19:00"),
            ("depois de amanhã", "21"),
            ("hoje à noite", "19 @18:00-24:00"),
            ("na segunda", "23"),
            ("segunda-feira às 10", "23 @10:00/22:00"),
            ("terça que vem", "24"),
            ("na próxima quarta", "25"),
            ("quinta-feira", "26"),
            ("sexta de manhã", "20 @00:00-12:00"),
            ("sábado", "21"),
            ("domingo", "22"),
            ("semana que vem", "23..29"),
            ("na próxima semana", "23..29"),
            ("esta semana", "19..22"),
            ("no fim de semana", "21..22"),
            ("dia 15", "2026-12-15"),
            ("15 de janeiro", "2027-01-15"),
            ("no dia 3 de dezembro", "2026-12-03"),
            ("daqui a dois dias", "21"),
            ("mês que vem", "2026-12-01..2026-12-31"),
            ("às 4 e meia", "@16:30/04:30"),
            ("às 15h", "@15:00"),
            ("15h30", "@15:30"),
            ("às 9 da manhã", "@09:00"),
            ("às 8 da noite", "@20:00"),
            ("ao meio-dia", "@11:30-14:00"),
            ("depois das 4", "@16:00-24:00"),
            ("a partir das 14h", "@14:00-24:00"),
            ("antes das 11", "@00:00-11:00"),
            ("entre as 2 e as 4", "@14:00-16:00"),
            ("das 14h às 16h", "@14:00-16:00"),
            ("terça ou quinta", "24,26"),
            ("o quanto antes", "soon"),
            ("boa tarde, tem horário amanhã?", "20"),
            ("boa noite", ""),
        ],
    );
}

#[test]
fn nothing_panics_and_no_day_is_past() {
    let pieces = [
        "el",
        "15",
        "de",
        "enero",
        "99",
        "a las",
        "próximo",
        "martes",
        "31/02",
        "0",
        "menos cuarto",
        "y",
        "en 99 meses",
        "24:00",
    ];
    for a in pieces {
        for b in pieces {
            for c in pieces {
                for language in Language::ALL {
                    let when = read(&format!("{a} {b} {c}"), language, &now());
                    assert!(
                        when.days.iter().all(|(from, to)| from <= to && *from >= now().date()),
                        "{a} {b} {c}"
                    );
                }
            }
        }
    }
}
