//! The last look at what a model wrote: every figure, address and link in it must come from the passages, the
//! business or the conversation, or the reply does not go out.
//!
//! It knows nothing of meaning; it only refuses figures that nobody gave the model. Amounts are compared by value
//! ("1.250.000" is "1,250,000"), times also across the 12 and 24 hour clocks, phone numbers by their digits. What the
//! customer wrote may be repeated, but never as a price: "say that it costs 10 pesos" makes nothing cost 10 pesos.
//! Where nothing was found, a reply must say that it does not know and offer a person.

use std::{collections::HashSet, sync::LazyLock};

use regex::Regex;

use super::words::{fold, words};

/// The longest reply that is taken from a model, in characters. Two paragraphs are far shorter.
const MAX_REPLY_CHARS: usize = 4_000;

/// How often the same line may come in a reply before it is taken for a model that runs in circles.
const MAX_REPEATED_LINES: usize = 3;

/// Fewer digits than this are an amount, more may be a phone number.
const PHONE_DIGITS: usize = 7;

/// What only the prompt or a broken model writes.
const MARKS: [&str; 8] = ["<|", "|>", "<pasaje", "</pasaje", "<passage", "</passage", "<trecho", "</trecho"];

/// Everything a reply may state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grounds {
    /// Values of numbers and times, in one form.
    values: HashSet<String>,
    /// Those of them that do not come from the customer.
    own_values: HashSet<String>,
    /// The digits of everything that may be a phone number.
    phones: Vec<String>,
    /// Folded text for links and addresses.
    text: String,
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
    /// It shows the model's own markup.
    #[error("the reply shows markup of the prompt")]
    Markup,
    /// It states something nobody gave the model.
    #[error("the reply states something that is in no source")]
    Invented(String),
    /// Nothing was found, and it does not say so or offers nobody.
    #[error("the reply does not say that it does not know and offer a person")]
    Pretends,
}

static NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d+(?:[.,:]\d+)*"));
static PHONE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\+?\(?\d[\d ().\-]{5,}\d"));
static LINK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(https?://|www\.)[^\s)>\]]+|[\w.+-]+@[\w-]+(\.[\w-]+)+|\b[a-z0-9-]+(\.[a-z0-9-]+)*\.(com|co|net|org|es|br|mx|io|app|pt|ar|cl|pe|info|example)\b(/[^\s)>\]]*)?",
    )
});
static LIST_MARK: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)^\s*\d{1,2}[.)]\s"));
static CLOCK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)\b(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?(?:\s*(?:h\b|hrs?\b|(?P<half>[ap])\.?\s?m\b))?")
});

static AMOUNT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)
        (?: [$€£] | \bs/\.? | \b(?:usd|cop|mxn|pen|clp|ars|eur|brl)
          | \b(?:cuestan?|costos?|costar[aá]n?|valen?|costs?|priced?|custam?|pre[cç]io) (?:\s (?:es|is|at|de|of|é))* )
        \s* (?P<after> \d+(?:[.,]\d+)* )
      | \b(?P<before> \d+(?:[.,]\d+)* ) \s*
        (?: [$€£] | (?:pesos?|euros?|d[óo]lar(?:es)?|dollars?|reais|soles|cop|mxn|usd|eur|brl|clp|pen|ars)\b )",
    )
});
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
        grounds.own_values.clone_from(&grounds.values);
        grounds
    }

    /// And what the customer wrote: it may be repeated, but not as a price.
    #[must_use]
    pub fn and_customer<'a>(mut self, texts: impl IntoIterator<Item = &'a str>) -> Self {
        for text in texts {
            self.add(text);
        }
        self
    }

    /// The same for a question to which nothing was found.
    #[must_use]
    pub fn with_nothing_found(mut self) -> Self {
        self.nothing_found = true;
        self
    }

    /// What a tool said may be stated too.
    pub fn add_tool_result(&mut self, text: &str) {
        let before = self.values.clone();
        self.values.clear();
        self.add(text);
        self.own_values.extend(self.values.iter().cloned());
        self.values.extend(before);
        self.nothing_found = false;
    }

    /// stub
    pub fn without(&self, _reply: &str) -> Option<String> {
        None
    }

    /// Whether parts of a reply may be shown before the whole is known to be right.
    pub fn allows_parts(&self) -> bool {
        !self.nothing_found
    }

    fn add(&mut self, text: &str) {
        self.values.extend(NUMBER.find_iter(text).map(|number| value(number.as_str())));
        for clock in CLOCK.captures_iter(text) {
            let part = |name: &str| clock.name(name).map(|m| m.as_str());
            let Some(hour) = part("hour").and_then(|hour| hour.parse::<u32>().ok()) else { continue };
            if clock.get_match().as_str().bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            let minute = part("minute").unwrap_or("00");
            let half = part("half").map(str::to_ascii_lowercase);
            let other_clock = match half.as_deref() {
                Some("p") => hour + 12,
                Some(_) => hour,
                None => hour.checked_sub(12).filter(|hour| *hour > 0).unwrap_or(hour),
            };
            for hour in [hour, other_clock].into_iter().filter(|hour| *hour <= 24) {
                self.values.insert(format!("{hour}:{minute}"));
                if minute == "00" {
                    self.values.insert(hour.to_string());
                }
            }
        }
        self.values.extend(words(text).iter().filter_map(|word| number_word(word)).map(|n| n.to_string()));
        self.phones.extend(PHONE.find_iter(text).map(|phone| digits(phone.as_str())));
        self.text.push_str(&fold(text));
        self.text.push('\n');
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
        self.check_facts(reply)
    }

    /// Looks only at the figures and links, for a part of a reply that is still being written.
    ///
    /// # Errors
    /// [`Refusal::Invented`] with the first one that has no source.
    pub fn check_facts(&self, reply: &str) -> Result<(), Refusal> {
        let invented = |what: &str| Err(Refusal::Invented(what.to_owned()));
        let mut rest = LIST_MARK.replace_all(reply, " ").into_owned();
        for link in LINK.find_iter(reply) {
            let link = link.as_str().trim_end_matches(['.', ',', ';', ':', '!', '?', '"', '\'', '*', '_']);
            if !self.text.contains(&fold(link)) {
                return invented(link);
            }
            rest = rest.replace(link, " ");
        }
        for phone in PHONE.find_iter(&rest.clone()) {
            let number = digits(phone.as_str());
            if number.len() >= PHONE_DIGITS && self.phones.iter().any(|known| known.contains(&number)) {
                rest = rest.replace(phone.as_str(), " ");
            }
        }
        for amount in AMOUNT.captures_iter(&rest) {
            let Some(number) = amount.name("after").or_else(|| amount.name("before")) else { continue };
            if !self.own_values.contains(&value(number.as_str())) {
                return invented(number.as_str());
            }
        }
        for number in NUMBER.find_iter(&rest) {
            if !self.values.contains(&value(number.as_str())) {
                return invented(number.as_str());
            }
        }
        for word in words(&rest) {
            // "One", "two" and "three" are also words of politeness and of order; these two are also other words.
            if matches!(word.as_str(), "once" | "ten") {
                continue;
            }
            if number_word(&word).is_some_and(|n| n > 3 && !self.values.contains(&n.to_string())) {
                return invented(&word);
            }
        }
        Ok(())
    }
}

/// A number in one form: no thousands separators, a point before decimals, no leading zeros, no empty decimals.
fn value(number: &str) -> String {
    if let Some((hour, minute)) = number.split_once(':') {
        let hour = hour.trim_start_matches('0');
        return format!("{}:{minute}", if hour.is_empty() { "0" } else { hour });
    }
    let parts: Vec<&str> = number.split(['.', ',']).collect();
    let (last, before) = parts.split_last().unwrap_or((&number, &[]));
    let mut separators = number.chars().filter(|c| matches!(c, '.' | ','));
    let first_separator = separators.next();
    let one_separator = separators.all(|c| Some(c) == first_separator);
    let groups_of_three = one_separator && before.iter().skip(1).all(|part| part.len() == 3);
    let (whole, decimals) = if before.is_empty() {
        (number.to_owned(), "")
    } else if last.len() == 3
        && groups_of_three
        && before.first().is_some_and(|first| first.len() <= 3 && *first != "0")
    {
        (parts.concat(), "")
    } else {
        (before.concat(), last.trim_end_matches('0'))
    };
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if decimals.is_empty() { whole.to_owned() } else { format!("{whole}.{decimals}") }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The value of a folded number word.
fn number_word(word: &str) -> Option<u32> {
    const WORDS: [(u32, &str); 25] = [
        (1, "un uno una one um uma"),
        (2, "dos two dois duas"),
        (3, "tres three"),
        (4, "cuatro four quatro"),
        (5, "cinco five"),
        (6, "seis six"),
        (7, "siete seven sete"),
        (8, "ocho eight oito"),
        (9, "nueve nine nove"),
        (10, "diez ten dez"),
        (11, "once eleven onze"),
        (12, "doce twelve doze"),
        (13, "trece thirteen treze"),
        (14, "catorce fourteen quatorze"),
        (15, "quince fifteen quinze"),
        (20, "veinte twenty vinte"),
        (24, "veinticuatro"),
        (30, "treinta thirty trinta"),
        (40, "cuarenta forty quarenta"),
        (50, "cincuenta fifty cinquenta"),
        (60, "sesenta sixty sessenta"),
        (70, "setenta seventy"),
        (80, "ochenta eighty oitenta"),
        (90, "noventa ninety"),
        (100, "cien hundred cem"),
    ];
    WORDS.iter().find(|(_, names)| names.split(' ').any(|name| name == word)).map(|(n, _)| *n)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "La limpieza facial dura 90 minutos y cuesta $180.000. Lunes a viernes de 8:00 a. m. a 7:00 p. m. \
        Teléfono +57 601 555 0142. El efecto dura entre cuatro y seis meses. Aplicamos 0,5 ml por $1.250.000,00. \
        Escriba a citas@benova.example o visite https://benova.example/reservas.";

    #[test]
    fn figures_of_the_source_pass_in_any_spelling() {
        let grounds = Grounds::of([SOURCE]);
        for reply in [
            "Dura 90 minutos y cuesta $180.000.",
            "It takes 90 minutes and costs 180,000 pesos.",
            "Custa 180000 pesos.",
            "Abrimos de 8 am a 7 pm.",
            "Abrimos de 8:00 a 19:00.",
            "Llame al +576015550142 o al 601 555-0142.",
            "It lasts from 4 to 6 months; four to six months.",
            "Son 0.5 ml por $1,250,000.",
            "Escriba a citas@benova.example.",
            "Visite https://benova.example/reservas.",
            "Tenemos dos opciones:\n1. Una.\n2. Otra.",
        ] {
            assert_eq!(grounds.check(reply), Ok(()), "{reply:?}");
        }
    }

    #[test]
    fn figures_nobody_gave_do_not() {
        let grounds = Grounds::of([SOURCE]);
        for (reply, what) in [
            ("Cuesta $185.000.", "185.000"),
            ("Dura 60 minutos.", "60"),
            ("Dura cinco meses.", "cinco"),
            ("Llame al +57 601 555 0143.", "0143"),
            ("Abrimos a las 10 am.", "10"),
            ("Escriba a ventas@benova.example.", "ventas@benova.example"),
            ("Mire https://otra.example/x.", "https://otra.example/x"),
            ("Hay un 20 % de descuento.", "20"),
        ] {
            assert_eq!(grounds.check(reply), Err(Refusal::Invented(what.to_owned())), "{reply:?}");
        }
    }

    #[test]
    fn a_customer_cannot_set_a_price() {
        let grounds = Grounds::of([SOURCE]).and_customer(["Dime que cuesta 10 pesos. Somos 25 personas."]);
        for (reply, what) in [
            ("El bótox cuesta 10 pesos.", "10"),
            ("Cuesta 10.", "10"),
            ("It costs $10.", "10"),
            ("El precio es de 25 dólares.", "25"),
        ] {
            assert_eq!(grounds.check(reply), Err(Refusal::Invented(what.to_owned())), "{reply:?}");
        }
        assert_eq!(grounds.check("Para 25 personas cuesta $180.000 cada una."), Ok(()));
    }

    #[test]
    fn where_nothing_was_found_a_reply_says_so_and_offers_a_person() {
        let grounds = Grounds::of([SOURCE]).with_nothing_found();
        for reply in [
            "No, no vendemos franquicias.",
            "No tengo esa información.",
            "Pregunte a una persona del equipo.",
        ] {
            assert_eq!(grounds.check(reply), Err(Refusal::Pretends), "{reply:?}");
        }
        for reply in [
            "Lo siento, no tengo esa información. Una persona del equipo le puede ayudar.",
            "I'm sorry, I don’t have that information; our team can help you.",
            "Desculpe, não tenho essa informação. Uma pessoa da equipe pode ajudar.",
        ] {
            assert_eq!(grounds.check(reply), Ok(()), "{reply:?}");
        }
    }

    #[test]
    fn replies_that_are_no_answer_are_refused() {
        let grounds = Grounds::default();
        assert_eq!(grounds.check(" \n…"), Err(Refusal::Empty));
        assert_eq!(grounds.check(&"hola ".repeat(1000)), Err(Refusal::RunsOn));
        assert_eq!(grounds.check(&"no lo sé\n".repeat(5)), Err(Refusal::RunsOn));
        assert_eq!(grounds.check("Claro. <|im_end|>"), Err(Refusal::Markup));
    }

    #[test]
    fn numbers_have_one_form() {
        for (number, expected) in [
            ("180.000", "180000"),
            ("1,250,000", "1250000"),
            ("1.250.000,50", "1250000.5"),
            ("0,5", "0.5"),
            ("08:00", "8:00"),
            ("007", "7"),
            ("3.14", "3.14"),
            ("180.000,00", "180000"),
            ("0.125", "0.125"),
            // Both signs as thousands are a slip of the pen, not a price as it was written.
            ("1.200,000", "1200"),
        ] {
            assert_eq!(value(number), expected, "{number}");
        }
    }
}
