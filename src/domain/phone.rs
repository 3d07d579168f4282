//! Phone numbers as networks write them.

/// The other way to write a number of a country in which mobile numbers are written in two: Mexico (`52` or `521`) and
/// Argentina (`54` or `549`). WhatsApp and phone companies use either for the same line, and no other line has the other
/// one: <https://developers.facebook.com/docs/whatsapp/cloud-api/reference/phone-numbers>,
/// <https://faq.whatsapp.com/1294841057948784>. With or without its plus, as it was.
pub fn twin(number: &str) -> Option<String> {
    let digits = number.strip_prefix('+').unwrap_or(number);
    let plus = if digits.len() < number.len() { "+" } else { "" };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    for (country, mobile, area_codes) in [("52", "1", '2'..='9'), ("54", "9", '1'..='3')] {
        let Some(national) = digits.strip_prefix(country) else { continue };
        let is_number = |number: &&str| number.len() == 10 && number.starts_with(|c| area_codes.contains(&c));
        if let Some(short) = national.strip_prefix(mobile).filter(is_number) {
            return Some(format!("{plus}{country}{short}"));
        }
        if is_number(&national) {
            return Some(format!("{plus}{country}{mobile}{national}"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mexican_and_argentinian_mobile_numbers_are_written_in_two_ways() {
        for (one, other) in [
            ("5215512345678", "525512345678"),
            ("+5215512345678", "+525512345678"),
            ("5491123456789", "541123456789"),
            ("+5493511234567", "+543511234567"),
        ] {
            assert_eq!(twin(one).as_deref(), Some(other), "{one}");
            assert_eq!(twin(other).as_deref(), Some(one), "{other}");
        }
        // Other countries, other lengths, what cannot be a number there, and what is no number.
        for other in [
            "573001112233",
            "+14155238886",
            "521234567",
            "52155123456789",
            "521123456789",
            "549912345678",
            "CO.521",
            "",
        ] {
            assert_eq!(twin(other), None, "{other}");
        }
    }
}
