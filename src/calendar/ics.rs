//! iCalendar (RFC 5545): appointments as events in UTC, and as much of a calendar as is needed to see which time is
//! taken in it.

use jiff::{
    Span, Timestamp,
    civil::{Date, DateTime},
    tz::{TimeZone, TimeZoneDatabase},
};
use serde_json::Value;

use crate::domain::{
    appointment::{AppointmentRecord, AppointmentStatus},
    effect::AppointmentNotice,
};

/// How the UIDs of our own events end.
pub const UID_DOMAIN: &str = "@iass";

/// The longest line, in bytes without its end (section 3.1).
const MAX_LINE: usize = 75;

/// A calendar of appointments to read, such as a feed: with a name, and with what was cancelled.
pub fn feed<'a>(name: &str, records: impl IntoIterator<Item = &'a AppointmentRecord>) -> String {
    let mut lines = Lines::begin();
    lines.add("METHOD", "PUBLISH");
    lines.text("X-WR-CALNAME", name);
    for record in records {
        event(&mut lines, record);
    }
    lines.end()
}

/// A calendar object with one appointment, as a CalDAV server stores it (RFC 4791, section 4.1).
pub fn object(record: &AppointmentRecord) -> String {
    let mut lines = Lines::begin();
    event(&mut lines, record);
    lines.end()
}

/// The file that goes with a notice of an appointment, for the calendar program of whoever reads it: the event as it is
/// now. Later files take the place of earlier ones of the same appointment; `None` when its times are not understood.
pub fn of_notice(notice: &AppointmentNotice, at: Timestamp) -> Option<String> {
    let moment = |text: &str| text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond);
    let mut lines = Lines::begin();
    lines.add("BEGIN", "VEVENT");
    lines.add("UID", &format!("{}{UID_DOMAIN}", notice.appointment));
    lines.add("DTSTAMP", &stamp(at.as_millisecond()));
    // It only has to grow: minutes do.
    lines.add("SEQUENCE", &(at.as_second() / 60).to_string());
    lines.add("DTSTART", &stamp(moment(&notice.start)?));
    lines.add("DTEND", &stamp(moment(&notice.end)?));
    match &notice.contact_name {
        Some(name) => lines.text("SUMMARY", &format!("{} – {name}", notice.service)),
        None => lines.text("SUMMARY", &notice.service),
    }
    let known = [notice.contact_name.as_deref(), notice.phone.as_deref(), Some(notice.staff.as_str())];
    let known: Vec<&str> = known.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    if !known.is_empty() {
        lines.text("DESCRIPTION", &known.join("\n"));
    }
    let cancelled = notice.status == AppointmentStatus::Cancelled;
    lines.add("STATUS", if cancelled { "CANCELLED" } else { "CONFIRMED" });
    lines.add("TRANSP", if cancelled { "TRANSPARENT" } else { "OPAQUE" });
    lines.add("END", "VEVENT");
    Some(lines.end())
}

/// What an event is called: the service and for whom.
pub fn summary(record: &AppointmentRecord) -> String {
    match &record.contact_name {
        Some(name) => format!("{} – {name}", record.service_name),
        None => record.service_name.clone(),
    }
}

/// What is known of whom it is for, a line each.
pub fn description(record: &AppointmentRecord) -> String {
    let given = ["name", "phone", "email"].into_iter();
    let given = given.filter_map(|key| record.details.get(key).and_then(Value::as_str).map(str::to_owned));
    let with = (!record.resource_name.is_empty()).then(|| record.resource_name.clone());
    given.chain(with).collect::<Vec<_>>().join("\n")
}

fn event(lines: &mut Lines, record: &AppointmentRecord) {
    lines.add("BEGIN", "VEVENT");
    lines.add("UID", &format!("{}{UID_DOMAIN}", record.id));
    lines.add("DTSTAMP", &stamp(record.updated_ms));
    lines.add("CREATED", &stamp(record.created_ms));
    lines.add("LAST-MODIFIED", &stamp(record.updated_ms));
    lines.add("SEQUENCE", &record.sequence.to_string());
    lines.add("DTSTART", &stamp(record.slot.start_ms));
    lines.add("DTEND", &stamp(record.slot.end_ms));
    lines.text("SUMMARY", &summary(record));
    let description = description(record);
    if !description.is_empty() {
        lines.text("DESCRIPTION", &description);
    }
    let status = match record.status {
        AppointmentStatus::Held => "TENTATIVE",
        AppointmentStatus::Booked
        | AppointmentStatus::Confirmed
        | AppointmentStatus::Done
        | AppointmentStatus::NoShow => "CONFIRMED",
        AppointmentStatus::Cancelled => "CANCELLED",
    };
    lines.add("STATUS", status);
    let free = matches!(record.status, AppointmentStatus::Cancelled | AppointmentStatus::NoShow);
    lines.add("TRANSP", if free { "TRANSPARENT" } else { "OPAQUE" });
    lines.add("END", "VEVENT");
}

/// A moment in UTC (section 3.3.5, form 2).
fn stamp(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Content lines under way.
struct Lines(String);

impl Lines {
    fn begin() -> Self {
        let mut lines = Self(String::new());
        lines.add("BEGIN", "VCALENDAR");
        lines.add("VERSION", "2.0");
        lines.add("PRODID", "-//iass//appointments//EN");
        lines.add("CALSCALE", "GREGORIAN");
        lines
    }

    fn end(mut self) -> String {
        self.add("END", "VCALENDAR");
        self.0
    }

    /// A property whose value is a text: escaped (section 3.3.11).
    fn text(&mut self, name: &str, value: &str) {
        let mut escaped = String::with_capacity(value.len());
        for c in value.chars() {
            match c {
                '\\' | ';' | ',' => escaped.extend(['\\', c]),
                '\n' => escaped.push_str("\\n"),
                c if c.is_control() => {}
                c => escaped.push(c),
            }
        }
        self.add(name, &escaped);
    }

    /// A line, folded where it is too long (section 3.1), never within a character.
    fn add(&mut self, name: &str, value: &str) {
        let line = format!("{name}:{value}");
        let mut length = 0;
        for c in line.chars() {
            if length + c.len_utf8() > MAX_LINE {
                self.0.push_str("\r\n ");
                length = 1;
            }
            self.0.push(c);
            length += c.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

/// An event of somebody's calendar, as far as it tells which time is taken.
#[derive(Debug, Clone, Default)]
pub struct ForeignEvent {
    /// Its id.
    pub uid: Option<String>,
    /// When it begins, as it was written.
    start: Option<Moment>,
    /// When it ends.
    end: Option<Moment>,
    /// How long it takes, where no end is told.
    duration: Option<Span>,
    /// Whether its time is taken: it is neither cancelled nor transparent.
    pub takes_time: bool,
}

/// A moment as iCalendar writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Moment {
    Utc(DateTime),
    /// In a zone, or in that of whoever reads it.
    Local(DateTime, Option<String>),
    /// A whole day.
    Day(Date),
}

impl ForeignEvent {
    /// From when until when it is, in milliseconds since 1970. Times without a zone are in `zone`.
    pub fn span(&self, zone: &TimeZone) -> Option<(i64, i64)> {
        let start = self.start.as_ref()?;
        let begins = start.instant(zone)?;
        let ends = match (&self.end, self.duration) {
            (Some(end), _) => end.instant(zone)?,
            (None, Some(duration)) => begins.to_zoned(zone.clone()).checked_add(duration).ok()?.timestamp(),
            (None, None) => match start {
                Moment::Day(day) => Moment::Day(day.tomorrow().ok()?).instant(zone)?,
                Moment::Utc(_) | Moment::Local(..) => begins,
            },
        };
        Some((begins.as_millisecond(), ends.as_millisecond()))
    }
}

impl Moment {
    fn read(parameters: &str, value: &str) -> Option<Self> {
        let value = value.trim();
        if value.len() == 8 {
            return Date::strptime("%Y%m%d", value).ok().map(Self::Day);
        }
        if let Some(utc) = value.strip_suffix('Z') {
            return DateTime::strptime("%Y%m%dT%H%M%S", utc).ok().map(Self::Utc);
        }
        let zone = parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.eq_ignore_ascii_case("TZID").then(|| value.trim_matches('"').to_owned())
        });
        DateTime::strptime("%Y%m%dT%H%M%S", value).ok().map(|at| Self::Local(at, zone))
    }

    fn instant(&self, floating: &TimeZone) -> Option<Timestamp> {
        let (at, zone) = match self {
            Self::Utc(at) => (*at, TimeZone::UTC),
            Self::Local(at, None) => (*at, floating.clone()),
            Self::Local(at, Some(name)) => {
                (*at, TimeZoneDatabase::bundled().get(name).unwrap_or_else(|_| floating.clone()))
            }
            Self::Day(day) => (day.at(0, 0, 0, 0), floating.clone()),
        };
        Some(zone.to_ambiguous_zoned(at).compatible().ok()?.timestamp())
    }
}

/// The events of a calendar. What cannot be understood is left out.
pub fn events(calendar: &str) -> Vec<ForeignEvent> {
    let unfolded = calendar.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    let mut found = Vec::new();
    let mut current: Option<ForeignEvent> = None;
    let mut nested = 0_u32;
    for line in unfolded.lines() {
        let Some((head, value)) = split_line(line) else { continue };
        let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
        match (name.to_ascii_uppercase().as_str(), current.as_mut()) {
            ("BEGIN", None) if value.eq_ignore_ascii_case("VEVENT") => {
                current = Some(ForeignEvent { takes_time: true, ..ForeignEvent::default() });
            }
            // An alarm has times of its own.
            ("BEGIN", Some(_)) => nested += 1,
            ("END", Some(_)) if nested > 0 => nested -= 1,
            ("END", Some(_)) => found.extend(current.take()),
            (_, Some(_)) if nested > 0 => {}
            ("UID", Some(event)) => event.uid = Some(value.trim().to_owned()),
            ("DTSTART", Some(event)) => event.start = Moment::read(parameters, value),
            ("DTEND", Some(event)) => event.end = Moment::read(parameters, value),
            ("DURATION", Some(event)) => event.duration = value.trim().parse().ok(),
            ("STATUS", Some(event)) if value.trim().eq_ignore_ascii_case("CANCELLED") => {
                event.takes_time = false;
            }
            ("TRANSP", Some(event)) if value.trim().eq_ignore_ascii_case("TRANSPARENT") => {
                event.takes_time = false;
            }
            _ => {}
        }
    }
    found
}

/// Name with parameters, and value: parted by the first colon outside of quotes.
fn split_line(line: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let at = line.char_indices().find_map(|(at, c)| {
        if c == '"' {
            quoted = !quoted;
        }
        (c == ':' && !quoted).then_some(at)
    })?;
    Some((line.get(..at)?, line.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{
        appointment::Slot,
        conversation::{ChannelKind, ConversationId},
    };

    pub(super) fn record() -> AppointmentRecord {
        let start_ms = 1_795_000_000_000;
        AppointmentRecord {
            id: "appointment_1".to_owned(),
            conversation: ConversationId::new("c"),
            channel: ChannelKind::Api,
            contact: "ana".to_owned(),
            contact_name: Some("Ana Pérez; hija, nieta".to_owned()),
            slot: Slot {
                service: "s".to_owned(),
                resource: "r".to_owned(),
                start_ms,
                end_ms: start_ms + 3_600_000,
                blocked_from_ms: start_ms,
                blocked_to_ms: start_ms + 3_600_000,
                capacity: 1,
            },
            service_name: "Depilación láser de piernas completas con gel de aloe y crema, sesión 3"
                .to_owned(),
            resource_name: "Natalia\\Vega".to_owned(),
            status: AppointmentStatus::Booked,
            held_until_ms: None,
            details: json!({"name": "Ana", "phone": "+57 300"}),
            sequence: 2,
            created_ms: start_ms - 1000,
            updated_ms: start_ms - 500,
        }
    }

    #[test]
    fn lines_are_folded_escaped_and_end_as_they_must() {
        let text = feed("Clínica, Bogotá", [&record()]);
        assert!(text.ends_with("END:VCALENDAR\r\n"));
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
        let unfolded = text.replace("\r\n ", "");
        assert!(unfolded.contains(
            "SUMMARY:Depilación láser de piernas completas con gel de aloe y crema\\, sesión 3 – Ana Pérez\\; hija\\, nieta\r\n"
        ));
        assert!(unfolded.contains("DESCRIPTION:Ana\\n+57 300\\nNatalia\\\\Vega\r\n"));
        for line in
            ["UID:appointment_1@iass", "SEQUENCE:2", "STATUS:CONFIRMED", "X-WR-CALNAME:Clínica\\, Bogotá"]
        {
            assert!(unfolded.contains(&format!("{line}\r\n")), "{line}");
        }
    }

    #[test]
    fn what_was_written_is_read_again() {
        let written = object(&record());
        let read = events(&written);
        let slot = record().slot;
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].span(&TimeZone::UTC), Some((slot.start_ms, slot.end_ms)));
        assert_eq!(read[0].uid.as_deref(), Some("appointment_1@iass"));
        let cancelled = AppointmentRecord { status: AppointmentStatus::Cancelled, ..record() };
        assert!(!events(&object(&cancelled))[0].takes_time);
    }

    #[test]
    fn zones_days_durations_and_alarms_are_understood() {
        let text = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART;TZID=\"America/Bogota\":20261124T100000\nDURATION:PT90M\n\
                    BEGIN:VALARM\nDTSTART:20200101T000000Z\nEND:VALARM\nEND:VEVENT\nBEGIN:VEVENT\nUID:b\n\
                    DTSTART;VALUE=DATE:20261125\nEND:VEVENT\nEND:VCALENDAR\n";
        let bogota = TimeZone::get("America/Bogota").unwrap();
        let spans: Vec<String> = events(text)
            .iter()
            .map(|event| {
                let (from, to) = event.span(&bogota).unwrap();
                format!("{} {}", stamp(from), (to - from) / 60_000)
            })
            .collect();
        assert_eq!(spans, ["20261124T150000Z 90", "20261125T050000Z 1440"]);
        assert!(
            events("BEGIN:VEVENT\nDTSTART:x\nEND:VEVENT").iter().all(|event| event.span(&bogota).is_none())
        );
    }
}
