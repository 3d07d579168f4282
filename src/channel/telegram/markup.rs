//! A reply as Telegram shows it: HTML with *bold* (<https://core.telegram.org/bots/api#html-style>), and buttons.

use teloxide_core::types::{InlineKeyboardButton, InlineKeyboardMarkup};

/// The most bytes of a button's data (<https://core.telegram.org/bots/api#inlinekeyboardbutton>).
const MAX_DATA_BYTES: usize = 64;

/// What stands between a button's place and its words in the data.
const DATA_MARK: char = '|';

/// The longest words of buttons that stand side by side, in characters: two fit on a phone.
const SHORT_CHARS: usize = 16;

/// The text as HTML: everything escaped, and what stands between two asterisks bold.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        bold_line(line, &mut out);
    }
    out
}

/// Writes one line: a pair of asterisks makes bold if it hugs its words and stands free outside, as WhatsApp has it.
fn bold_line(line: &str, out: &mut String) {
    let mut rest = line;
    let mut before = None;
    while let Some((start, end)) = next_pair(rest, before) {
        let (plain, from) = rest.split_at(start);
        escape(plain, out);
        let inner = from.get(1..end).unwrap_or_default();
        out.push_str("<b>");
        escape(inner, out);
        out.push_str("</b>");
        before = Some('*');
        rest = from.get(end + 1..).unwrap_or_default();
    }
    escape(rest, out);
}

/// Where the next pair opens, and where it closes counted from there, in bytes.
fn next_pair(text: &str, before: Option<char>) -> Option<(usize, usize)> {
    let free = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '*');
    let hugs = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace() && c != '*');
    for (start, _) in text.match_indices('*') {
        let (head, tail) = text.split_at(start);
        let inside = tail.get(1..).unwrap_or_default();
        // Right after a bold word another may not begin: "*a**b*" is not two.
        let previous = head.chars().next_back().or(before);
        let is_in_link = head.rsplit(char::is_whitespace).next().is_some_and(|word| word.contains("://"));
        if is_in_link || !free(previous) || !hugs(inside.chars().next()) {
            continue;
        }
        let end = inside.match_indices('*').find(|(end, _)| {
            let (word, after) = inside.split_at(*end);
            hugs(word.chars().next_back()) && free(after.chars().nth(1))
        });
        if let Some((end, _)) = end {
            return Some((start, end + 1));
        }
    }
    None
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}

/// The answers to choose from as buttons under a message; none without answers.
pub(super) fn keyboard(choices: &[String]) -> Option<InlineKeyboardMarkup> {
    if choices.is_empty() {
        return None;
    }
    let are_short = choices.iter().all(|choice| choice.chars().count() <= SHORT_CHARS);
    let buttons: Vec<_> = choices
        .iter()
        .enumerate()
        .map(|(place, words)| InlineKeyboardButton::callback(words, data(place, words)))
        .collect();
    let rows = buttons.chunks(if are_short { 2 } else { 1 }).map(<[_]>::to_vec);
    Some(InlineKeyboardMarkup::new(rows))
}

/// What a button sends when it is tapped: its place, so that no two are the same, and as much of its words as fit.
fn data(place: usize, words: &str) -> String {
    let mut data = format!("{place}{DATA_MARK}");
    for c in words.chars() {
        if data.len() + c.len_utf8() > MAX_DATA_BYTES {
            break;
        }
        data.push(c);
    }
    data
}

/// The words of a tapped button: those on it if its message is still there, else those that its data kept.
pub(super) fn tapped(keyboard: Option<&InlineKeyboardMarkup>, data: &str) -> String {
    use teloxide_core::types::InlineKeyboardButtonKind::CallbackData;
    let mut buttons = keyboard.into_iter().flat_map(|keyboard| keyboard.inline_keyboard.iter().flatten());
    let button = buttons.find(|button| matches!(&button.kind, CallbackData(of) if of == data));
    if let Some(button) = button {
        return button.text.clone();
    }
    match data.split_once(DATA_MARK) {
        Some((place, words)) if !place.is_empty() && place.bytes().all(|b| b.is_ascii_digit()) => words,
        _ => data,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_escaped_and_bold_where_it_says_so() {
        let cases = [
            ("Cuesta *$420.000* y dura *20 min*.", "Cuesta <b>$420.000</b> y dura <b>20 min</b>."),
            ("a < b & c > \"d\"", "a &lt; b &amp; c &gt; &quot;d&quot;"),
            ("*<script>*", "<b>&lt;script&gt;</b>"),
            ("2*3*4 = 24", "2*3*4 = 24"),
            ("* uno\n* dos", "* uno\n* dos"),
            ("*uno\ndos*", "*uno\ndos*"),
            ("un * suelto y *otro", "un * suelto y *otro"),
            ("(*sí*), ¡*no*!", "(<b>sí</b>), ¡<b>no</b>!"),
            ("**doble**", "**doble**"),
            ("*a**b*", "<b>a**b</b>"),
            ("https://a.co/?x=1&y=*2*", "https://a.co/?x=1&amp;y=*2*"),
            ("*👩‍👩‍👧 مرحبا*", "<b>👩‍👩‍👧 مرحبا</b>"),
            ("*", "*"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(html(text), expected, "{text}");
        }
    }

    #[test]
    fn a_button_says_its_own_words_however_long() {
        let long = "Limpieza facial profunda con hidratación y masaje de cuello, piel sensible";
        let choices = [long.to_owned(), format!("{long} y manos"), "10:00".to_owned()];
        let keyboard = keyboard(&choices).unwrap();
        assert_eq!(keyboard.inline_keyboard.len(), 3, "long ones stand alone");
        for (row, choice) in keyboard.inline_keyboard.iter().zip(&choices) {
            let button = serde_json::to_value(&row[0]).unwrap();
            let data = button["callback_data"].as_str().unwrap();
            assert!(data.len() <= MAX_DATA_BYTES, "{data}");
            assert_eq!(tapped(Some(&keyboard), data), *choice);
            assert!(choice.starts_with(&tapped(None, data)), "without the message, as much as was kept");
        }
        assert_eq!(tapped(None, "slot:2026-01-07T10:00"), "slot:2026-01-07T10:00");
        assert_eq!(tapped(None, "2|10:00"), "10:00");
    }

    #[test]
    fn short_answers_stand_side_by_side() {
        let choices = ["9:00", "10:00", "11:00"].map(str::to_owned);
        assert_eq!(keyboard(&choices).unwrap().inline_keyboard.len(), 2);
        assert!(keyboard(&[]).is_none());
    }
}
