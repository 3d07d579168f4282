//! The last look at what a model wrote: every figure, address and link in it must come from the passages, the
//! business, a tool or the conversation, or the reply does not go out.
//!
//! It knows nothing of meaning; it only refuses figures that nobody gave the model. Amounts are compared by value
//! ("1.250.000" is "1,250,000" and "1,25 millones"), money only with money, percentages with percentages, times also
//! across the 12 and 24 hour clocks, dates in any spelling, phone numbers by their digits. Sums that follow from what
//! is shown are let pass. What the customer wrote may be repeated, but never as a price: "say that it costs 10 pesos"
//! makes nothing cost 10 pesos. Where nothing was found, a reply must say that it does not know and offer a person.
//! And it never tells the rules of the prompt.

mod dates;
mod figures;
mod folded;
mod leak;
mod links;
mod numbers;
mod report;
mod spelled;
mod sums;
mod times;

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

pub use self::report::{Correction, Finding, FindingKind, correction};
use self::{
    figures::{Date, Figure, Known, Number, Of, Stated},
    leak::Secrets,
    sums::Parts,
};
use crate::text::{fold, words};

/// The longest reply that is taken from a model, in characters. Two paragraphs are far shorter.
const MAX_REPLY_CHARS: usize = 4_000;

/// How often the same line may come in a reply before it is taken for a model that runs in circles.
const MAX_REPEATED_LINES: usize = 3;

/// Up to this number, a count of things is a way of speaking ("tenemos dos opciones") and needs no source.
const SMALL: i64 = 3;

/// With so few words behind it, a figure at the end of a part may still go on: "1 hora y".
const OPEN_WORDS: usize = 2;

/// The most items that a reply may announce before it lists them.
const MAX_LISTED: usize = 12;

/// What only the prompt or a broken model writes.
const MARKS: [&str; 8] = ["<|", "|>", "<pasaje", "</pasaje", "<passage", "</passage", "<trecho", "</trecho"];

/// Everything a reply may state, and what it must not tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grounds {
    /// What the business, its documents, its tools and its earlier replies state.
    own: Known,
    /// What the customer stated.
    said: Known,
    /// The words of the business, its documents and tools, with single spaces between and around.
    own_words: String,
    secrets: Secrets,
    /// Whether nothing was found that answers the question.
    nothing_found: bool,
}

/// Why a reply is not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing was said.
    #[error("the reply is empty")]
    Empty,
    /// It is far longer than an answer, or repeats itself.
    #[error("the reply runs on")]
    RunsOn,
    /// It says once more, word for word, what was said last.
    #[error("the reply repeats the one before")]
    Repeats,
    /// It shows the model's own markup.
    #[error("the reply shows markup of the prompt")]
    Markup,
    /// It states something nobody gave the model.
    #[error("the reply states something that is in no source")]
    Invented(String),
    /// It tells something of the prompt.
    #[error("the reply tells something of the prompt")]
    Leaks(String),
    /// Nothing was found, and it does not say so or offers nobody.
    #[error("the reply does not say that it does not know and offer a person")]
    Pretends,
}

static LIST_MARK: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?m)^\s*\d{1,2}[.)]\s|(?:^|\s)\(?\d{1,2}\)\s|\d\u{fe0f}?\u{20e3}"));
static ADMITS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(no (tengo|tenemos|cuento|contamos|dispongo|disponemos|encuentro|encontre|se|hay|aparece|puedo)|don'?t (have|know)|do not (have|know)|no information|not (available|have|find|found)|can'?t|cannot|nao (tenho|temos|encontr\w+|sei|ha|consta|posso))\b",
    )
});
static OFFERS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(persona|personas|equipo|asesor\w*|colaborador\w*|person|team|someone|agent|representative|staff|pessoa|equipe|atendente|alguem)\b",
    )
});

#[expect(clippy::expect_used, reason = "a constant pattern; the tests compile each")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a valid pattern")
}

impl Grounds {
    /// What the business, its documents and its earlier replies say.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut grounds = Self::default();
        for text in texts {
            grounds.add(text);
        }
        grounds
    }

    /// And what the customer wrote: it may be repeated, but not as a price.
    #[must_use]
    pub fn and_customer<'a>(mut self, texts: impl IntoIterator<Item = &'a str>) -> Self {
        for text in texts {
            self.said.add(text);
        }
        self
    }

    /// And what a tool gave back: it counts as the business's own word.
    #[must_use]
    pub fn and_tool_result(mut self, text: &str) -> Self {
        self.add(text);
        self
    }

    /// And the rules of the prompt, which must not be told. Words of them that also stand in the business's own texts
    /// are no secret.
    #[must_use]
    pub fn and_system_rules(mut self, text: &str) -> Self {
        self.secrets.add_rules(text);
        self
    }

    /// And the names of the tools that are offered, which are not for the customer.
    #[must_use]
    pub fn and_tools<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        for name in names {
            self.secrets.add_tool(name);
        }
        self
    }

    /// The same for a question to which nothing was found.
    #[must_use]
    pub fn with_nothing_found(mut self) -> Self {
        self.nothing_found = true;
        self
    }

    /// What a tool found may be stated too.
    pub fn add_tool_result(&mut self, text: &str) {
        self.add(text);
        self.nothing_found = false;
    }

    /// Whether parts of a reply may be shown before the whole is known to be right.
    pub fn allows_parts(&self) -> bool {
        !self.nothing_found
    }

    fn add(&mut self, text: &str) {
        self.own.add(text);
        self.own_words.push(' ');
        self.own_words.push_str(&words(text).join(" "));
        self.own_words.push(' ');
    }

    /// Looks at a whole reply.
    ///
    /// # Errors
    /// Why it must not be sent.
    pub fn check(&self, reply: &str) -> Result<(), Refusal> {
        if !reply.chars().any(char::is_alphanumeric) {
            return Err(Refusal::Empty);
        }
        let lines: Vec<&str> = reply.lines().map(str::trim).filter(|line| line.len() > 3).collect();
        let repeated = |line: &&str| lines.iter().filter(|other| *other == line).count() > MAX_REPEATED_LINES;
        if reply.chars().count() > MAX_REPLY_CHARS || lines.iter().any(repeated) {
            return Err(Refusal::RunsOn);
        }
        if MARKS.iter().any(|mark| reply.contains(mark)) {
            return Err(Refusal::Markup);
        }
        let folded = fold(reply).replace('’', "'");
        if self.nothing_found && !(ADMITS.is_match(&folded) && OFFERS.is_match(&folded)) {
            return Err(Refusal::Pretends);
        }
        refuse_first(&self.findings(reply))
    }

    /// Looks only at the figures, links and secrets, for a part of a reply that is still being written: what may yet
    /// go on at its end is given time.
    ///
    /// # Errors
    /// [`Refusal::Invented`] or [`Refusal::Leaks`] with the first thing that has no source.
    pub fn check_facts(&self, part: &str) -> Result<(), Refusal> {
        refuse_first(&self.look(part, Ending::Open))
    }

    /// Everything in a whole reply that has no source or must not be told, in the order of the sentences.
    pub fn findings(&self, reply: &str) -> Vec<Finding> {
        self.look(reply, Ending::Closed)
    }

    /// The reply without the sentences that hold a finding, when what is left is still an answer by itself and would
    /// pass [`Self::check`]. `None` if not.
    pub fn without(&self, reply: &str) -> Option<String> {
        report::without(self, reply, &self.findings(reply))
    }

    fn look(&self, reply: &str, ending: Ending) -> Vec<Finding> {
        let ranges = report::sentence_ranges(reply);
        let text_of = |range: &Range<usize>| reply.get(range.clone()).unwrap_or_default();
        let read: Vec<Vec<Figure>> =
            ranges.iter().map(|range| figures::read(&without_list_marks(text_of(range)))).collect();
        let items = report::count_items(reply);
        let parts = self.parts(&read);
        let mut findings = Vec::new();
        for (range, figures) in ranges.iter().zip(&read) {
            let sentence = text_of(range);
            if let Some(what) = self.secrets.find(sentence, &self.own_words) {
                findings.push(Finding { sentence: range.clone(), what, kind: FindingKind::Leak });
            }
            for figure in figures {
                let behind = sentence.get(figure.range.end..).unwrap_or_default();
                let is_last = range.end == reply.trim_end().len() && words(behind).len() <= OPEN_WORDS;
                let follows = || is_sum(&figure.stated, &parts) || is_count_of(&figure.stated, items);
                let may_go_on = || ending == Ending::Open && is_last && self.may_go_on(&figure.stated);
                if self.states(figure, sentence) || follows() || may_go_on() {
                    continue;
                }
                let what = sentence.get(figure.range.clone()).unwrap_or_default().to_owned();
                findings.push(Finding { sentence: range.clone(), what, kind: kind_of(&figure.stated) });
            }
        }
        findings
    }

    /// Whether something is stated by a source.
    fn states(&self, figure: &Figure, sentence: &str) -> bool {
        let (own, said) = (&self.own, &self.said);
        match &figure.stated {
            Stated::Link(link) => {
                [own, said].iter().any(|known| known.links.iter().any(|known| is_part_of(link, known)))
            }
            Stated::Email(address) | Stated::Handle(address) => {
                [own, said].iter().any(|known| known.links.contains(address))
            }
            Stated::Phone(digits) => self.knows_phone(digits),
            Stated::Date(day) => self.states_day(*day),
            Stated::Slashed(written, days) => {
                [own, said].iter().any(|known| known.links.contains(written))
                    || days.iter().any(|day| self.states_day(*day))
            }
            Stated::Weekdays(days) => days & !(own.weekdays | said.weekdays) == 0,
            Stated::Month(month) => (own.months | said.months) & (1 << month) != 0,
            Stated::Time(minutes) => {
                let bare_hour = |minutes: &u16| {
                    let hour = minutes / 60;
                    minutes.is_multiple_of(60) && own.numbers.contains(&(hour.to_string(), Of::Bare))
                };
                minutes
                    .iter()
                    .any(|time| own.times.contains(time) || said.times.contains(time) || bare_hour(time))
            }
            Stated::Number(number) => self.states_number(number, sentence, figure.range.start),
        }
    }

    fn knows_phone(&self, digits: &str) -> bool {
        self.own.phones.iter().chain(&self.said.phones).any(|known| known.contains(digits))
            || self.own.values.contains(&numbers::value(digits))
    }

    fn states_day(&self, day: Date) -> bool {
        let known = || self.own.dates.iter().chain(&self.said.dates);
        let years: Vec<i16> = known().filter_map(|known| known.year).collect();
        known().filter(|known| (known.month, known.day) == (day.month, day.day)).any(|known| {
            let same_year = day.year.is_none() || known.year.is_none() || day.year == known.year;
            let told = known.of_week().or_else(|| day.year.and_then(|year| known.weekday_in(year)));
            // Where no source tells the day of the week, the calendar of the years at hand does.
            let same_weekday = day.weekday.is_none()
                || told == day.weekday
                || (told.is_none() && years.iter().any(|year| known.weekday_in(*year) == day.weekday));
            same_year && same_weekday
        })
    }

    fn states_number(&self, number: &Number, sentence: &str, start: usize) -> bool {
        let value = &number.value;
        let (own, said) = (&self.own, &self.said);
        let is = |of: Of| own.numbers.contains(&(value.clone(), of));
        let amount = numbers::thousandths(value);
        let anywhere = || own.values.contains(value) || said.values.contains(value);
        match number.of {
            Of::Money => {
                // Thousands are money wherever they stand; few things are counted in them.
                let is_large = amount.is_some_and(|amount| amount >= 1_000_000) && own.values.contains(value);
                let is_budget = || said.values.contains(value) && numbers::is_budget(&fold(sentence), start);
                is(Of::Money) || is(Of::Bare) || is_large || is_budget()
            }
            Of::Percent => is(Of::Percent) || is(Of::Bare),
            Of::Minutes(factor) => {
                let total = amount.map(|amount| amount.saturating_mul(i64::from(factor)));
                is(Of::Bare)
                    || total
                        .is_some_and(|total| own.minutes.contains(&total) || said.minutes.contains(&total))
            }
            Of::Months(factor) => {
                let total = amount.map(|amount| amount.saturating_mul(i64::from(factor)));
                let known =
                    |total| own.lengths_in_months.contains(&total) || said.lengths_in_months.contains(&total);
                is(Of::Bare) || total.is_some_and(known)
            }
            Of::Size => anywhere(),
            Of::Place | Of::Things | Of::Bare => {
                let is_small = amount.is_some_and(|amount| amount % 1000 == 0 && amount <= SMALL * 1000);
                let is_phone = || value.len() >= 7 && self.knows_phone(value);
                is_small || anywhere() || is_phone()
            }
        }
    }

    /// Whether what stands at the end of a part may be the beginning of something that has a source: "180" of "180
    /// mil", "a las 10" of "a las 10 de la noche", "ciento" of "ciento ochenta mil".
    fn may_go_on(&self, stated: &Stated) -> bool {
        match stated {
            Stated::Number(number) if number.in_words => true,
            // "1 hora" of "1 hora y 30 minutos".
            Stated::Number(Number { value, of: Of::Minutes(60), .. }) => {
                let hours = numbers::thousandths(value).map(|hours| hours / 1000);
                self.own.minutes.iter().any(|minutes| Some(minutes / 60_000) == hours)
            }
            // "Tenemos 5 opciones:", and the list comes.
            Stated::Number(Number { value, of: Of::Things | Of::Bare, .. })
                if value.parse().is_ok_and(|count: usize| count <= MAX_LISTED) =>
            {
                true
            }
            // "601" of "601 555 0142".
            Stated::Number(number) if number.of == Of::Bare && self.knows_phone(&number.value) => true,
            Stated::Number(number) => [1_000_i64, 1_000_000].into_iter().any(|scale| {
                let scaled = numbers::thousandths(&number.value).and_then(|amount| amount.checked_mul(scale));
                scaled.is_some_and(|amount| self.own.values.contains(&numbers::of_thousandths(amount)))
            }),
            Stated::Time(minutes) => minutes.iter().any(|time| {
                let (evening, hour) = (time + 12 * 60, (time / 60).to_string());
                // "Las 3" may become "las 3 limpiezas".
                let is_number =
                    time.is_multiple_of(60) && (time / 60 <= 3 || self.own.values.contains(&hour));
                is_number || self.own.times.contains(&evening) || self.said.times.contains(&evening)
            }),
            _ => false,
        }
    }

    /// What the sums of a reply may be made from.
    fn parts(&self, read: &[Vec<Figure>]) -> Parts {
        let mut parts = Parts::default();
        for (value, of) in &self.own.numbers {
            let amount =
                numbers::thousandths(value).filter(|amount| *of == Of::Money || is_priced(*of, *amount));
            parts.prices.extend(amount);
        }
        for value in &self.said.values {
            parts.counts.extend(value.parse::<i64>().ok());
        }
        for figure in read.iter().flatten() {
            let Stated::Number(number) = &figure.stated else { continue };
            let amount = numbers::thousandths(&number.value);
            let known = |of: Of| self.own.numbers.contains(&(number.value.clone(), of));
            match number.of {
                Of::Money if known(Of::Money) || known(Of::Bare) => parts.shown.extend(amount),
                Of::Percent if known(Of::Percent) || known(Of::Bare) => parts.percents.extend(amount),
                Of::Things | Of::Bare => parts.counts.extend(number.value.parse::<i64>().ok()),
                _ => {}
            }
        }
        parts
    }
}

/// Whether the end of a text is its end, or more may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Closed,
    Open,
}

fn refuse_first(findings: &[Finding]) -> Result<(), Refusal> {
    match findings.first() {
        None => Ok(()),
        Some(finding) if finding.kind == FindingKind::Leak => Err(Refusal::Leaks(finding.what.clone())),
        Some(finding) => Err(Refusal::Invented(finding.what.clone())),
    }
}

/// The text with the numbers of lists blanked out; every letter stays where it is.
fn without_list_marks(text: &str) -> String {
    let blank = |captures: &regex::Captures<'_>| " ".repeat(captures.get(0).map_or(0, |mark| mark.len()));
    LIST_MARK.replace_all(text, blank).into_owned()
}

/// Whether a link is a known one or its beginning: "benova.example" of "benova.example/reservas".
fn is_part_of(link: &str, known: &str) -> bool {
    let link = link.trim_end_matches('/');
    known.strip_prefix(link).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
}

/// Whether a bare number looks like a price: thousands, or cents.
fn is_priced(of: Of, amount: i64) -> bool {
    of == Of::Bare && (amount >= 1_000_000 || amount % 1000 != 0)
}

fn is_sum(stated: &Stated, parts: &Parts) -> bool {
    let Stated::Number(number) = stated else { return false };
    let amount = numbers::thousandths(&number.value).unwrap_or_default();
    (number.of == Of::Money || is_priced(number.of, amount)) && parts.give(&number.value)
}

/// Whether the number says how many items the reply's own list has.
fn is_count_of(stated: &Stated, items: usize) -> bool {
    let Stated::Number(number) = stated else { return false };
    items > 1 && matches!(number.of, Of::Things | Of::Bare) && number.value == items.to_string()
}

fn kind_of(stated: &Stated) -> FindingKind {
    match stated {
        Stated::Link(_) | Stated::Handle(_) => FindingKind::Link,
        Stated::Email(_) => FindingKind::Email,
        Stated::Phone(_) => FindingKind::Phone,
        Stated::Date(_) | Stated::Slashed(..) | Stated::Weekdays(_) | Stated::Month(_) => FindingKind::Date,
        Stated::Time(_) => FindingKind::Hour,
        Stated::Number(number) if number.of == Of::Money => FindingKind::Price,
        Stated::Number(number) if number.of == Of::Percent => FindingKind::Percent,
        Stated::Number(_) => FindingKind::Number,
    }
}

#[cfg(test)]
#[path = "guard/tests.rs"]
mod tests;
