//! The names of the months in three languages.

/// The names of each month from January, folded, as alternatives of a pattern.
const NAMES: [&str; 12] = [
    "enero|ene|january|jan|janeiro",
    "febrero|feb|february|fevereiro|fev",
    "marzo|mar|march|marco",
    "abril|abr|april|apr",
    "mayo|may|maio|mai",
    "junio|jun|june|junho",
    "julio|jul|july|julho",
    "agosto|ago|august|aug",
    "septiembre|setiembre|september|setembro|sept|sep|set",
    "octubre|oct|october|outubro|out",
    "noviembre|nov|november|novembro",
    "diciembre|dic|december|dec|dezembro|dez",
];

/// All names, as alternatives of a pattern that has the end of a word behind them.
pub(super) fn alternatives() -> String {
    NAMES.join("|")
}

/// The number of a month, from 1, by its folded name.
pub(super) fn number(name: &str) -> Option<u8> {
    let at = NAMES.iter().position(|names| names.split('|').any(|known| known == name))?;
    u8::try_from(at + 1).ok()
}
