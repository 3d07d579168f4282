use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation as _;

use super::*;

#[test]
fn a_short_text_stays_whole_and_an_empty_one_is_nothing() {
    assert_eq!(split("Hola", 4), ["Hola"]);
    assert!(split("  ", 4).is_empty());
}

#[test]
fn a_text_is_cut_where_a_reader_pauses_longest() {
    let check =
        |text: &str, limit: usize, expected: &[&str]| assert_eq!(split(text, limit), expected, "{text:?}");
    check("Abrimos a las ocho. Cerramos a las seis.", 25, &["Abrimos a las ocho.", "Cerramos a las seis."]);
    check("Uno dos. Tres\n\ncuatro cinco. Seis", 26, &["Uno dos. Tres", "cuatro cinco. Seis"]);
    check("Uno dos. Tres\ncuatro cinco. Seis", 26, &["Uno dos. Tres", "cuatro cinco. Seis"]);
    check("¿Vienes hoy? Te espera la Dra. Vega", 24, &["¿Vienes hoy?", "Te espera la Dra. Vega"]);
    check("uno dos tres cuatro", 9, &["uno dos", "tres", "cuatro"]);
    // The pause is too early to be worth a message of its own.
    check("Sí. Tenemos tres sedes en la ciudad", 20, &["Sí. Tenemos tres", "sedes en la ciudad"]);
}

#[test]
fn what_belongs_together_stays_together() {
    let check =
        |text: &str, limit: usize, expected: &[&str]| assert_eq!(split(text, limit), expected, "{text:?}");
    check("vea https://acme.example/catalogo hoy", 30, &["vea", "https://acme.example/catalogo", "hoy"]);
    check("cuesta 1\u{a0}200\u{a0}000 pesos", 15, &["cuesta", "1\u{a0}200\u{a0}000 pesos"]);
    check("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 11, &["👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"]);
    check("🇨🇴🇲🇽🇧🇷", 6, &["🇨🇴", "🇲🇽", "🇧🇷"]);
    check("नमस्ते", 4, &["नम", "स्ते"]);
    check("مرحبا بكم. كيف حالكم؟ نحن هنا", 22, &["مرحبا بكم. كيف حالكم؟", "نحن هنا"]);
    check("今日は休みです。明日は開きます。", 10, &["今日は休みです。", "明日は開きます。"]);
}

#[test]
fn bold_is_closed_and_opened_again_only_when_it_has_to_be() {
    let check =
        |text: &str, limit: usize, expected: &[&str]| assert_eq!(split(text, limit), expected, "{text:?}");
    check("El precio es *cien mil* hoy", 18, &["El precio es", "*cien mil* hoy"]);
    check("*uno dos tres cuatro cinco*", 16, &["*uno dos tres*", "*cuatro cinco*"]);
    check("*supercalifragilistico*", 16, &["*supercalifragi*", "*listico*"]);
}

#[test]
fn what_is_shortened_ends_between_characters() {
    assert_eq!(shorten("Hola", 4), "Hola");
    assert_eq!(shorten("Limpieza facial", 10), "Limpieza…");
    assert_eq!(shorten("sí 👨‍👩‍👧‍👦", 8), "sí…");
}

/// Words of all kinds, none longer than 24 characters.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-záéíñü]{1,9}[.,!?]?",
        1 => Just("👨‍👩‍👧‍👦".to_owned()),
        1 => Just("🇨🇴🇲🇽".to_owned()),
        1 => Just("👍🏽".to_owned()),
        1 => "[א-ת]{2,8}",
        1 => "[ء-ي]{2,8}؟?",
        1 => Just("e\u{301}n\u{303}e".to_owned()),
        1 => Just("https://a.co/x?y=1".to_owned()),
        1 => Just("$1\u{a0}200\u{a0}000".to_owned()),
    ]
}

/// Words, some of them together in bold, with all kinds of white space between.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        3 => word(),
        1 => prop::collection::vec(word(), 1..12).prop_map(|words| format!("*{}*", words.join(" "))),
    ];
    let white = prop_oneof![6 => Just(" "), 1 => Just("\n"), 1 => Just("\n\n"), 1 => Just("  ")];
    prop::collection::vec((part, white), 0..60)
        .prop_map(|parts| parts.into_iter().map(|(part, white)| part + white).collect())
}

fn plain_words(text: &str) -> Vec<String> {
    text.replace('*', "").split_whitespace().map(str::to_owned).collect()
}

fn characters(text: &str) -> Vec<String> {
    let plain = text.replace('*', "");
    plain.graphemes(true).filter(|g| !g.trim().is_empty()).map(str::to_owned).collect()
}

proptest! {
    #[test]
    fn every_word_arrives_whole_and_in_order(text in text(), limit in 26_usize..200) {
        let pieces = split(&text, limit);
        for piece in &pieces {
            prop_assert!(length(piece) <= limit, "{piece:?}");
            prop_assert!(!piece.is_empty() && piece.trim() == piece, "{piece:?}");
            prop_assert!(piece.matches('*').count() % 2 == 0 && !piece.contains("**"), "{piece:?}");
        }
        let arrived: Vec<String> = pieces.iter().flat_map(|piece| plain_words(piece)).collect();
        prop_assert_eq!(arrived, plain_words(&text));
    }

    #[test]
    fn no_character_is_cut_however_short_a_message_is(text in text(), limit in 16_usize..40) {
        let arrived: Vec<String> = split(&text, limit).iter().flat_map(|piece| characters(piece)).collect();
        prop_assert_eq!(arrived, characters(&text));
    }

    #[test]
    fn whatever_the_text_nothing_is_lost(text in any::<String>(), limit in 1_usize..40) {
        let pieces = split(&text, limit);
        let without_white = |text: &str| text.replace(|c: char| c.is_whitespace() || c == '*', "");
        prop_assert_eq!(without_white(&pieces.concat()), without_white(&text));
        for piece in &pieces {
            // A single scalar value of two code units is not cut.
            prop_assert!(length(piece) <= limit.max(2) && !piece.is_empty(), "{piece:?}");
        }
    }
}
