//! How times, prices and appointments are said to a customer: in the tenant's zone, in the sentences of its prompts.

use jiff::tz::TimeZone;

use super::rules::BookingRules;
use crate::{
    domain::{
        appointment::{AppointmentRecord, Slot, SlotNames, zoned},
        language::Language,
        money::Money,
    },
    engine::builtin::Builtin,
    prompts::{Facts, Text},
};

/// Says things about appointments in a language.
#[derive(Debug, Clone, Copy)]
pub struct BookingWords<'a> {
    /// Who speaks.
    pub builtin: Builtin<'a>,
    /// The zone that times are told in.
    pub zone: &'a TimeZone,
    /// The language.
    pub language: Language,
    /// What the addresses of calendar files begin with, for who can open one.
    pub files: Option<&'a str>,
}

impl BookingWords<'_> {
    /// A sentence with nothing of its own.
    pub fn say(&self, text: Text) -> String {
        self.builtin.text(text, self.language)
    }

    /// A sentence with facts of its own.
    pub fn say_with(&self, text: Text, more: impl FnOnce(&mut Facts)) -> String {
        // "A las 9:00 a. m." ends a sentence as it is.
        self.builtin.text_with(text, self.language, more).replace(". m..", ". m.")
    }

    /// "martes 24 de noviembre a las 4:30 p. m."
    pub fn when(&self, at_ms: i64) -> String {
        self.say_with(Text::SlotWhen, |facts| self.set_when(facts, at_ms))
    }

    /// The same on a button: "mar 24, 4:30 p. m."
    pub fn label(&self, at_ms: i64) -> String {
        self.say_with(Text::SlotLabel, |facts| self.set_when(facts, at_ms))
    }

    /// Where the customer finds the calendar file of an appointment; empty where there is none.
    pub fn file(&self, id: &str) -> String {
        self.files.map(|files| format!("{files}{id}.ics")).unwrap_or_default()
    }

    /// A numbered line for each.
    pub fn numbered(&self, lines: impl IntoIterator<Item = String>) -> String {
        let lines = lines.into_iter().enumerate();
        lines.map(|(at, line)| format!("{}. {line}", at + 1)).collect::<Vec<_>>().join("\n")
    }

    /// A sentence about a slot with its names.
    pub fn say_of(&self, text: Text, names: &SlotNames, start_ms: i64) -> String {
        self.say_with(text, |facts| self.set_slot(facts, names, start_ms))
    }

    /// A sentence about an appointment.
    pub fn say_of_record(&self, text: Text, record: &AppointmentRecord) -> String {
        self.say_with(text, |facts| {
            let names =
                SlotNames { service: record.service_name.clone(), resource: record.resource_name.clone() };
            self.set_slot(facts, &names, record.slot.start_ms);
            if let Some(name) = record.details.get("name").and_then(serde_json::Value::as_str) {
                first_name(name).clone_into(&mut facts.name);
            }
        })
    }

    /// The line that an appointment is listed with.
    pub fn line(&self, record: &AppointmentRecord) -> String {
        format!("{}: {}", record.service_name, self.when(record.slot.start_ms))
    }

    /// Puts an appointment into the facts of a sentence.
    pub fn set_slot(&self, facts: &mut Facts, names: &SlotNames, start_ms: i64) {
        facts.service.clone_from(&names.service);
        facts.staff.clone_from(&names.resource);
        self.set_when(facts, start_ms);
        facts.when = self.say_with(Text::SlotWhen, |inner| self.set_when(inner, start_ms));
        facts.name = first_name(&facts.name).to_owned();
    }

    fn set_when(&self, facts: &mut Facts, at_ms: i64) {
        let at = zoned(at_ms, self.zone);
        let named = |text: Text, index: i8| {
            let names = self.say(text);
            let index = usize::try_from(index).unwrap_or_default();
            names.split(',').nth(index).unwrap_or_default().trim().to_owned()
        };
        facts.weekday = named(Text::Weekdays, at.weekday().to_monday_zero_offset());
        facts.month = named(Text::Months, at.month() - 1);
        facts.day = at.day().to_string();
        facts.hour24 = at.hour().to_string();
        facts.hour12 = (if at.hour() % 12 == 0 { 12 } else { at.hour() % 12 }).to_string();
        facts.minute = format!("{:02}", at.minute());
        facts.pm = at.hour() >= 12;
        let said = facts.clone();
        facts.date = self.builtin.prompts.text(Text::SlotDay, self.language, &said);
        facts.time = self.builtin.prompts.text(Text::SlotTime, self.language, &said);
    }

    /// What a service is called where several may be meant: what their names share, or all of them.
    pub fn service_name(&self, services: &[String], rules: &BookingRules) -> String {
        let names: Vec<&str> =
            services.iter().filter_map(|id| rules.service(id)).map(|service| service.name.as_str()).collect();
        match names.as_slice() {
            [] => String::new(),
            [only] => (*only).to_owned(),
            [first, rest @ ..] => {
                let shared = first
                    .split(' ')
                    .enumerate()
                    .take_while(|(at, word)| rest.iter().all(|name| name.split(' ').nth(*at) == Some(word)))
                    .map(|(_, word)| word);
                let shared = shared.collect::<Vec<_>>().join(" ");
                let shared = shared.trim_end_matches([',', ':', '-', ' ']).trim_end_matches(" de");
                if shared.is_empty() { names.join(" / ") } else { shared.to_owned() }
            }
        }
    }

    /// The line that a service is listed with: its name and what it costs.
    pub fn service_line(&self, id: &str, rules: &BookingRules) -> String {
        let Some(service) = rules.service(id) else { return String::new() };
        match service.price {
            Some(price) => format!("{} ({})", service.name, money(price, self.language)),
            None => service.name.clone(),
        }
    }

    /// What a service costs, in a sentence; empty when it is not told.
    pub fn price(&self, id: &str, rules: &BookingRules) -> String {
        let Some((service, price)) = rules.service(id).and_then(|service| Some((service, service.price?)))
        else {
            return String::new();
        };
        self.say_with(Text::BookingPrice, |facts| {
            facts.service.clone_from(&service.name);
            facts.price = money(price, self.language);
        })
    }

    /// What a service costs and how long it takes.
    pub fn price_and_length(&self, id: &str, rules: &BookingRules) -> String {
        let Some(service) = rules.service(id) else { return String::new() };
        self.say_with(Text::BookingLength, |facts| {
            facts.service.clone_from(&service.name);
            facts.price = service.price.map(|price| money(price, self.language)).unwrap_or_default();
            facts.minute = (service.duration_ms / 60_000).to_string();
        })
    }

    /// Slots as the buttons of a channel say them.
    pub fn labels(&self, slots: &[Slot]) -> Vec<String> {
        slots.iter().map(|slot| self.label(slot.start_ms)).collect()
    }
}

/// The name to call somebody by.
fn first_name(name: &str) -> &str {
    name.split_whitespace().next().unwrap_or_default()
}

/// An amount as customers read it: "$420.000", "R$ 99,90", "$1,250.50".
pub fn money(money: Money, language: Language) -> String {
    let plain = money.to_main();
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let (thousands, decimal) = if language == Language::En { (',', '.') } else { ('.', ',') };
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        let left = whole.len() - at;
        if at > 0 && left.is_multiple_of(3) && digit.is_ascii_digit() && !grouped.ends_with('-') {
            grouped.push(thousands);
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push(decimal);
        grouped.push_str(fraction);
    }
    match money.currency.code() {
        "COP" | "MXN" | "CLP" | "ARS" | "USD" | "UYU" => format!("${grouped}"),
        "BRL" => format!("R$ {grouped}"),
        "EUR" => format!("{grouped} €"),
        "PEN" => format!("S/ {grouped}"),
        code => format!("{code} {grouped}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Currency;

    #[test]
    fn prices_are_written_as_people_read_them() {
        let check = |main: &str, code: &str, language, expected: &str| {
            let amount = Money::parse_main(main, Currency::parse(code).unwrap()).unwrap();
            assert_eq!(money(amount, language), expected);
        };
        check("420000", "COP", Language::Es, "$420.000");
        check("1250000.5", "COP", Language::Es, "$1.250.000,50");
        check("1250.5", "USD", Language::En, "$1,250.50");
        check("99.90", "BRL", Language::Pt, "R$ 99,90");
        check("80", "EUR", Language::Es, "80 €");
        check("990", "PYG", Language::Es, "PYG 990");
    }
}
