//! Amounts of money: whole minor units of an ISO 4217 currency, so that no sum is ever rounded.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A currency in use, by its ISO 4217 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(iso_currency::Currency);

/// Why a text is not a currency or not an amount of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// No such code in ISO 4217, or one that is not money people pay with.
    #[error("`{0}` is not an ISO 4217 currency code such as COP, USD or EUR")]
    UnknownCurrency(String),
    /// Not a plain decimal number.
    #[error("`{0}` is not an amount such as 180000 or 19.90")]
    NotAnAmount(String),
    /// More decimals than the currency has.
    #[error("`{given}` has more than the {digits} decimals of {currency}")]
    TooPrecise {
        /// What was written.
        given: String,
        /// How many decimals there may be.
        digits: u32,
        /// The currency.
        currency: Currency,
    },
    /// More than fits.
    #[error("`{0}` is too large an amount")]
    TooLarge(String),
}

impl Currency {
    /// The currency of an upper-case ISO 4217 code.
    ///
    /// # Errors
    /// [`MoneyError::UnknownCurrency`], also for funds, metals and test codes.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        iso_currency::Currency::from_code(code)
            .filter(|currency| currency.exponent().is_some() && !currency.is_special() && !currency.is_fund())
            .map(Self)
            .ok_or_else(|| MoneyError::UnknownCurrency(code.chars().take(20).collect()))
    }

    /// The code, such as `COP`.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimals the main unit has: 2 for COP, 0 for CLP, 3 for KWD.
    pub fn minor_digits(self) -> u32 {
        self.0.exponent().map_or(2, u32::from)
    }

    /// How many minor units the main unit has: 100 for COP, 1 for CLP.
    pub fn minor_per_main(self) -> i64 {
        10_i64.pow(self.minor_digits())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;

    fn try_from(code: String) -> Result<Self, Self::Error> {
        Self::parse(&code)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

/// An amount of money. In JSON `{"minor":1250000,"currency":"COP"}`, which is 12,500.00 pesos.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// The amount in the currency's smallest unit.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// Reads a plain decimal number in the main unit, such as `180000` or `19.90`, exactly.
    ///
    /// # Errors
    /// [`MoneyError`] when it is not one, has too many decimals, or does not fit.
    pub fn parse_main(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let not_an_amount = || MoneyError::NotAnAmount(text.chars().take(40).collect());
        let too_large = || MoneyError::TooLarge(text.chars().take(40).collect());
        let (sign, unsigned) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let digits_only = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits_only(whole) || !digits_only(fraction) {
            return Err(not_an_amount());
        }
        let digits = currency.minor_digits();
        let fraction = fraction.trim_end_matches('0');
        let missing = usize::try_from(digits)
            .ok()
            .and_then(|digits| digits.checked_sub(fraction.len()))
            .ok_or_else(|| MoneyError::TooPrecise { given: text.to_owned(), digits, currency })?;
        let minor: i64 =
            format!("{whole}{fraction}{}", "0".repeat(missing)).parse().map_err(|_| too_large())?;
        Ok(Self { minor: sign * minor, currency })
    }

    /// The sum of two amounts. None when they are of different currencies, or it does not fit.
    pub fn plus(self, other: Self) -> Option<Self> {
        let minor = self.minor.checked_add(other.minor).filter(|_| self.currency == other.currency)?;
        Some(Self { minor, currency: self.currency })
    }

    /// The amount so many times. None when it does not fit.
    pub fn times(self, count: u32) -> Option<Self> {
        Some(Self { minor: self.minor.checked_mul(i64::from(count))?, currency: self.currency })
    }

    /// The amount as customers of the currency read it, such as `$1,250.00`, `$180.000` or `R$ 19,90`.
    ///
    /// Where prices are whole in practice, decimals that are zero are left out.
    pub fn to_text(self) -> String {
        let Style { symbol, thousands, decimal, whole } = style(self.currency);
        let main = Self { minor: self.minor.abs(), currency: self.currency }.to_main();
        let (integer, fraction) = main.split_once('.').unwrap_or((&main, ""));
        let mut text = String::from(if self.minor < 0 { "-" } else { "" });
        text.push_str(symbol);
        for (at, digit) in integer.chars().enumerate() {
            if at > 0 && (integer.len() - at).is_multiple_of(3) {
                text.push(thousands);
            }
            text.push(digit);
        }
        let digits = usize::try_from(self.currency.minor_digits()).unwrap_or_default();
        if digits > 0 && !(whole && fraction.is_empty()) {
            text.push(decimal);
            text.push_str(fraction);
            text.extend(std::iter::repeat_n('0', digits.saturating_sub(fraction.len())));
        }
        text
    }

    /// The amount in the main unit as a plain decimal number: the inverse of [`Self::parse_main`].
    pub fn to_main(self) -> String {
        let per_main = self.currency.minor_per_main().unsigned_abs();
        let sign = if self.minor < 0 { "-" } else { "" };
        let (whole, fraction) = (self.minor.unsigned_abs() / per_main, self.minor.unsigned_abs() % per_main);
        let width = usize::try_from(self.currency.minor_digits()).unwrap_or_default();
        if fraction == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction:0width$}") }
    }
}

/// How a currency is written where it is used (<https://cldr.unicode.org>, the countries' main locales).
struct Style {
    /// What stands before the digits.
    symbol: &'static str,
    thousands: char,
    decimal: char,
    /// Whether prices are whole in practice.
    whole: bool,
}

fn style(currency: Currency) -> Style {
    let commas = |symbol| Style { symbol, thousands: ',', decimal: '.', whole: false };
    let points = |symbol, whole| Style { symbol, thousands: '.', decimal: ',', whole };
    match currency.code() {
        "COP" | "CLP" | "ARS" => points("$", true),
        "UYU" => points("$", false),
        "PYG" => points("₲", true),
        "CRC" => points("₡", true),
        "BRL" => points("R$ ", false),
        "EUR" => points("€", false),
        "BOB" => points("Bs ", false),
        "VES" => points("Bs. ", false),
        "MXN" | "USD" | "CAD" => commas("$"),
        "DOP" => commas("RD$"),
        "PEN" => commas("S/ "),
        "GTQ" => commas("Q"),
        "HNL" => commas("L "),
        "NIO" => commas("C$"),
        "PAB" => commas("B/. "),
        "GBP" => commas("£"),
        // The code reads as well as a sign.
        code => commas(code),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(text: &str, code: &str) -> Result<i64, MoneyError> {
        Money::parse_main(text, Currency::parse(code)?).map(|money| money.minor)
    }

    #[test]
    fn amounts_are_exact_in_the_currencys_own_decimals() {
        assert_eq!(money("180000", "COP"), Ok(18_000_000));
        assert_eq!(money("19.90", "USD"), Ok(1990));
        assert_eq!(money("19.9", "USD"), Ok(1990));
        assert_eq!(money("-0.05", "EUR"), Ok(-5));
        assert_eq!(money("990", "CLP"), Ok(990));
        assert_eq!(money("990.00", "CLP"), Ok(990));
        assert!(matches!(money("9.5", "CLP"), Err(MoneyError::TooPrecise { .. })));
        assert!(matches!(money("0.001", "USD"), Err(MoneyError::TooPrecise { .. })));
        assert!(matches!(money("92233720368547758080", "USD"), Err(MoneyError::TooLarge(_))));
        for bad in ["", ".", "1.", ".5", "1e3", "1,5", "+1", "--1", "１"] {
            assert!(matches!(money(bad, "USD"), Err(MoneyError::NotAnAmount(_))), "{bad:?} was accepted");
        }
    }

    #[test]
    fn amounts_are_written_as_their_customers_read_them() {
        let text = |main: &str, code: &str| {
            Money::parse_main(main, Currency::parse(code).unwrap()).unwrap().to_text()
        };
        assert_eq!(text("189", "MXN"), "$189.00");
        assert_eq!(text("1790.5", "MXN"), "$1,790.50");
        assert_eq!(text("1250000", "COP"), "$1.250.000");
        assert_eq!(text("180000.50", "COP"), "$180.000,50");
        assert_eq!(text("990", "CLP"), "$990");
        assert_eq!(text("19.9", "BRL"), "R$ 19,90");
        assert_eq!(text("-0.05", "EUR"), "-€0,05");
        assert_eq!(text("1234567.891", "KWD"), "KWD1,234,567.891");
    }

    #[test]
    fn only_money_that_people_pay_with_is_a_currency() {
        for good in ["COP", "MXN", "BRL", "USD", "EUR", "CLP", "PEN", "ARS", "UYU", "BOB", "PYG", "KWD"] {
            assert_eq!(Currency::parse(good).map(Currency::code), Ok(good));
        }
        for bad in ["", "cop", "XYZ", "XXX", "XTS", "XAU", "$", "COPX"] {
            assert!(Currency::parse(bad).is_err(), "{bad:?} was accepted");
        }
    }

    proptest! {
        #[test]
        fn an_amount_survives_writing_and_reading(minor in -(1_i64 << 60)..(1_i64 << 60), code in 0..3_usize) {
            let currency = Currency::parse(["USD", "CLP", "KWD"][code]).unwrap();
            let money = Money { minor, currency };
            prop_assert_eq!(Money::parse_main(&money.to_main(), currency), Ok(money));
        }
    }
}
