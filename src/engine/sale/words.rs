//! How products are said with their number: "7 martillos de uña 16 oz". Pure.

use crate::{
    domain::{language::Language, order::OrderItem},
    text::fold,
};

/// Words from which on a name is not put into the plural.
const STOPS: [&str; 22] = [
    "de", "del", "para", "con", "sin", "a", "en", "y", "por", "tipo", "of", "for", "with", "em", "com",
    "sem", "e", "da", "do", "x", "p", "c",
];

/// A product with its quantity, in a sentence.
pub(crate) fn counted(quantity: u32, name: &str, language: Language) -> String {
    if quantity == 1 {
        return format!("1 {}", lower_first(name));
    }
    format!("{quantity} {}", plural(name, language))
}

/// Several products with their quantities, in a sentence.
pub(crate) fn listed(items: &[OrderItem], language: Language) -> String {
    let parts: Vec<String> = items.iter().map(|item| counted(item.quantity, &item.name, language)).collect();
    let and = match language {
        Language::Es => " y ",
        Language::En => " and ",
        Language::Pt => " e ",
    };
    match parts.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{}{and}{last}", before.join(", ")),
        _ => parts.concat(),
    }
}

/// The name in the plural: its first words up to the first that only adds to it.
fn plural(name: &str, language: Language) -> String {
    // What the catalogue is written in cannot be told from a name; only Romance names are changed by rule.
    if language == Language::En {
        return lower_first(name);
    }
    let name = lower_first(name);
    let mut done = false;
    let words: Vec<String> = name
        .split(' ')
        .enumerate()
        .map(|(place, word)| {
            let is_plain = word.chars().all(|c| c.is_alphabetic() && (place == 0 || c.is_lowercase()));
            done |= !is_plain || STOPS.contains(&fold(word).as_str());
            // A comma ends the words that change, and the word before it still does.
            let bare = word.trim_end_matches(',');
            if done && bare != word && bare.chars().all(char::is_lowercase) && place < 2 {
                return format!("{},", plural_word(bare));
            }
            if done { word.to_owned() } else { plural_word(word) }
        })
        .collect();
    words.join(" ")
}

fn plural_word(word: &str) -> String {
    let last = word.chars().next_back().unwrap_or(' ');
    let without = |count: usize| word.chars().take(word.chars().count() - count).collect::<String>();
    match last {
        's' if word == "gris" => "grises".to_owned(),
        'a' | 'e' | 'i' | 'o' | 'u' | 'á' | 'é' | 'ó' => format!("{word}s"),
        'z' => format!("{}ces", without(1)),
        _ if word.ends_with("ión") => format!("{}iones", without(3)),
        _ if word.ends_with("ón") => format!("{}ones", without(2)),
        _ if word.ends_with("ín") => format!("{}ines", without(2)),
        _ if word.ends_with("és") => format!("{}eses", without(2)),
        'l' | 'r' | 'n' | 'd' | 'j' | 'y' => format!("{word}es"),
        _ => word.to_owned(),
    }
}

/// The name with a small first letter, unless its first word is an abbreviation.
fn lower_first(name: &str) -> String {
    let first = name.split(' ').next().unwrap_or_default();
    if first.chars().skip(1).any(char::is_uppercase) || first.chars().count() < 2 {
        return name.to_owned();
    }
    let mut letters = name.chars();
    letters.next().map_or(String::new(), |c| c.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_as_people_count_them() {
        let check = |quantity, name: &str, expected: &str| {
            assert_eq!(counted(quantity, name, Language::Es), expected);
        };
        check(7, "Martillo", "7 martillos");
        check(1, "Martillo de uña 16 oz", "1 martillo de uña 16 oz");
        check(
            7,
            "Martillo de uña 16 oz mango de fibra de vidrio",
            "7 martillos de uña 16 oz mango de fibra de vidrio",
        );
        check(2, "Llave ajustable (perico) 10 pulgadas", "2 llaves ajustables (perico) 10 pulgadas");
        check(3, "Foco LED 9 W luz cálida", "3 focos LED 9 W luz cálida");
        check(2, "Taladro percutor 1/2 pulgada", "2 taladros percutores 1/2 pulgada");
        check(2, "Nivel láser de línea", "2 niveles láseres de línea");
        check(2, "Silicón transparente 280 ml", "2 silicones transparentes 280 ml");
        check(5, "Cemento gris, saco de 50 kg", "5 cementos grises, saco de 50 kg");
        check(2, "PVC sanitario", "2 PVC sanitarios");
    }
}
