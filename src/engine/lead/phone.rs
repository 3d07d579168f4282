//! Phone numbers in what people write: told from prices, dates, orders and identity numbers by their form and by the
//! words around them.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use super::reading::{Phrases, Word, read};

/// Digits of the shortest number that is dialled in a country of the product (Uruguay, Central America have 7 or 8).
const MIN_DIGITS: usize = 7;
/// Digits of the longest number (ITU-T E.164).
const MAX_DIGITS: usize = 15;
/// From this many digits on a number may be a phone number by its form alone.
const PLAIN_DIGITS: usize = 9;

/// A phone number in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Where it stands, in bytes.
    pub(super) range: Range<usize>,
    /// The number as it was written.
    pub(super) number: String,
    /// Whether it is named as the one that is not right: "no 3105550102".
    pub(super) denied: bool,
}

static CANDIDATE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\+?\(?\d[\d().\-\u{a0} ]{5,}\d"));
/// Dates, amounts with thousands, and identity numbers that are written in groups of their own.
static NO_PHONE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:\d{1,2}[-.]\d{1,2}[-.](?:\d{2}|\d{4})|(?:19|20)\d{2}[-.]\d{1,2}[-.]\d{1,2}|\d{1,3}(?:[.,]\d{3})+(?:[.,]\d{1,2})?|\d{3}\.\d{3}\.\d{3}-\d{2}|\d{1,2}\.\d{3}\.\d{3}-[\dkK]|(?:19|20)\d{2}\s*-\s*(?:19|20)\d{2})$",
    )
});

#[expect(clippy::expect_used, reason = "a constant pattern; the tests compile each")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a valid pattern")
}

/// Words that name a phone number.
static NAMED: Phrases = Phrases::of(
    "tel, tels, telefono, telefonico, fono, fone, telefone, celular, cel, celu, movil, whatsapp, whatsap, \
     wasap, wsp, wpp, wa, zap, zapzap, llamar, llamarme, llame, llamame, llamenme, llameme, llamen, marcar, \
     marque, contacto, contactarme, phone, mobile, cell, call, reach, text, ligar, liga, ligue, fijo",
);

/// Words that name any number.
static NUMBERS: Phrases = Phrases::of("numero, num, nro, number");

/// Words that name another kind of number.
static OTHER: Phrases = Phrases::of(
    "cedula, cc, nit, rut, dni, cpf, cnpj, rfc, curp, cuit, cuil, rg, ssn, pasaporte, passport, documento, \
     identificacion, factura, fatura, invoice, boleta, recibo, pedido, orden, order, guia, tracking, rastreo, \
     rastreio, codigo, code, ticket, caso, case, radicado, cuenta, conta, account, iban, clabe, referencia, \
     ref, reference, serial, serie, poliza, tarjeta, card, contrato, matricula, imei, sku, lote, reserva, \
     booking, cliente, customer, socio, usuario, protocolo, id, folio, nota",
);

/// Words right after a number that make it an amount.
static UNITS: Phrases =
    Phrases::of("pesos, dolares, euros, reais, soles, usd, cop, mxn, unidades, mil, dollars");

/// The phone numbers of a message, in order. `is_asked`: whether the customer was asked for theirs.
pub(super) fn find(text: &str, is_asked: bool) -> Vec<Found> {
    let words = read(text);
    let mut found = Vec::new();
    for candidate in CANDIDATE.find_iter(text) {
        for range in numbers(candidate.as_str(), candidate.start()) {
            let written = text.get(range.clone()).unwrap_or_default();
            if let Some(denied) = judge(text, &words, &range, written, is_asked) {
                let number = written.split_whitespace().collect::<Vec<_>>().join(" ");
                found.push(Found { range, number, denied });
            }
        }
    }
    found
}

/// The digits of a number.
pub(super) fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// The run of digits as one number, or as several when it is too long for one.
fn numbers(candidate: &str, start: usize) -> Vec<Range<usize>> {
    if digits(candidate).len() <= MAX_DIGITS {
        return vec![start..start + candidate.len()];
    }
    let mut at = start;
    candidate
        .split(' ')
        .map(|part| {
            let begin = at;
            at += part.len() + 1;
            begin..begin + part.len()
        })
        .collect()
}

/// Whether a run of digits is a phone number; inside, whether it is denied.
fn judge(
    text: &str,
    words: &[Word<'_>],
    range: &Range<usize>,
    written: &str,
    is_asked: bool,
) -> Option<bool> {
    let count = digits(written).len();
    if digits(written).bytes().all(|digit| digit <= b'1') {
        return None;
    }
    if !(MIN_DIGITS..=MAX_DIGITS).contains(&count) || NO_PHONE.is_match(written.trim()) {
        return None;
    }
    let before = text.get(..range.start).unwrap_or_default();
    let after = text.get(range.end..).unwrap_or_default();
    if before.trim_end().ends_with(['$', '€', '#'])
        || after.starts_with(['%', '/', ','])
            && after.get(1..2).is_some_and(|c| c.bytes().all(|b| b.is_ascii_digit()))
    {
        return None;
    }
    let (named, other) = named(words, range.start);
    let follows = words.iter().find(|word| word.start >= range.end).map(|word| word.folded.as_str());
    if other > named || follows.is_some_and(|word| UNITS.has_word(word)) {
        return None;
    }
    let is_phone = named > 0 || is_asked || (count >= PLAIN_DIGITS && has_form(written));
    let denied = words.iter().rev().find(|word| word.end <= range.start).is_some_and(|word| {
        matches!(word.folded.as_str(), "no" | "not" | "nao") && !before.trim_end().ends_with(['.', ':'])
    });
    is_phone.then_some(denied)
}

/// How near a word stands that names the number at `start`: as a phone number, and as another kind. 0: none does.
fn named(words: &[Word<'_>], start: usize) -> (usize, usize) {
    /// How many words before a number may name it.
    const REACH: usize = 5;
    let mut before: Vec<&Word<'_>> = Vec::new();
    for word in words.iter().rev().skip_while(|word| word.end > start).take(REACH) {
        before.push(word);
        if word.gap.contains([',', ';', '!', '?', '\n', super::MASK]) {
            break;
        }
    }
    let nearest = |names: &Phrases| {
        before.iter().position(|word| names.has_word(&word.folded)).map_or(0, |distance| REACH - distance)
    };
    let other = nearest(&OTHER);
    // "Número de cliente 1045", "my order number is 1045": a number of something else, whatever stands nearer.
    let named = if other > 0 { nearest(&NAMED) } else { nearest(&NAMED).max(nearest(&NUMBERS)) };
    (named, other)
}

/// Whether digits are written as people write phone numbers: with a country, in groups, or as a mobile number.
fn has_form(written: &str) -> bool {
    let digits = digits(written);
    let grouped = written.trim().contains([' ', '-', '(', '\u{a0}']);
    let mobile = match digits.len() {
        9 => digits.starts_with(['9', '6', '7']),
        10 => digits.starts_with('3'),
        11..=13 => {
            ["57", "52", "54", "55", "56", "51", "34"].iter().any(|country| digits.starts_with(country))
        }
        _ => false,
    };
    written.starts_with('+') || grouped || mobile
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers_of(text: &str, is_asked: bool) -> Vec<String> {
        find(text, is_asked).into_iter().filter(|found| !found.denied).map(|found| found.number).collect()
    }

    #[test]
    fn numbers_are_found_as_people_write_them() {
        for (text, number) in [
            ("mi cel es 300 555 0102", "300 555 0102"),
            ("+57 3005550102", "+57 3005550102"),
            ("3005550102", "3005550102"),
            ("Tel. (601) 555-0142 ext 3", "(601) 555-0142"),
            ("whatsapp 55 1234 5678", "55 1234 5678"),
            ("+54 9 11 5555-0134", "+54 9 11 5555-0134"),
            ("me llaman al 612 34 56 78", "612 34 56 78"),
            ("912345678", "912345678"),
            ("(11) 95555-0187", "(11) 95555-0187"),
            ("call me: 305.555.0142", "305.555.0142"),
            ("es 3105550101, no 3105550102", "3105550101"),
        ] {
            assert_eq!(numbers_of(text, false), [number], "{text:?}");
        }
        assert_eq!(numbers_of("2222 0199", true), ["2222 0199"]);
    }

    #[test]
    fn other_numbers_are_not_taken() {
        for text in [
            "cuesta $1.250.000",
            "pagué 1.250.000 pesos",
            "mi cédula es 1032456789",
            "el número de pedido es 3104552339",
            "guía 9876543210",
            "12/05/1988",
            "12-05-1988",
            "2024-11-24",
            "NIT 900.123.456-7",
            "CPF 123.456.789-09",
            "RUT 12.345.678-9",
            "3000000 pesos",
            "4500000",
            "tarjeta 4111 1111 1111 1111",
            "de 8:00 a 19:00",
        ] {
            assert_eq!(numbers_of(text, false), Vec::<String>::new(), "{text:?}");
        }
    }
}
