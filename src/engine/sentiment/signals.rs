//! What the words, the signs and the emoji of a message say of its mood, before the weights.

use super::lexicon::longest_at;
use crate::{domain::language::Language, engine::words::undrawn, text::fold};

/// What was seen in a message. Every number is at least 0.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Signals {
    /// Praise, 1 for a "great".
    pub praise: f32,
    /// Blame, 1 for a "bad" or a "does not work".
    pub blame: f32,
    /// Blame that only anger writes: insults, accusations, threats to sue.
    pub anger: f32,
    /// Friendly emoji.
    pub smiles: f32,
    /// Unfriendly emoji.
    pub frowns: f32,
    /// Words in capitals and rows of exclamation marks that stress blame or anger.
    pub loud_blame: f32,
    /// The same with praise.
    pub loud_praise: f32,
}

impl Signals {
    /// How many there are.
    pub const COUNT: usize = 7;

    /// As numbers for the weights, each bent so that ten insults are not ten times one.
    pub fn features(&self) -> [f32; Self::COUNT] {
        [self.praise, self.blame, self.anger, self.smiles, self.frowns, self.loud_blame, self.loud_praise]
            .map(|x| 1.0 - (-1.2 * x).exp())
    }
}

/// The most words that are looked at: a customer's mood is plain long before.
const MAX_WORDS: usize = 400;

/// How many words after a negation it turns.
const NEGATION_REACH: usize = 3;

/// One word with what its spelling says.
struct Word {
    folded: String,
    is_loud: bool,
    /// A sign before it ended the reach of a negation.
    begins_clause: bool,
}

/// Looks at a message.
pub fn read(text: &str, language: Language) -> Signals {
    let mut signals = Signals::default();
    let words = split(text);
    let joined = format!(" {} ", words.iter().map(|word| word.folded.as_str()).collect::<Vec<_>>().join(" "));
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| joined.contains(&format!(" {phrase} ")));
    let is_asked = is_question(text, &joined) && !has(OWN);
    let folded: Vec<&str> = words.iter().map(|word| word.folded.as_str()).collect();
    let mut at = 0;
    while at < folded.len() {
        let Some(found) = longest_at(&folded, at, language) else {
            at += 1;
            continue;
        };
        let before = before(&words, at);
        // One word in a question, or behind an "if", names what is asked about and judges nothing.
        let most = if found.value > 0.0 { 2 } else { 1 };
        let is_subject = is_asked && found.words <= most && found.value > -5.0;
        if !is_subject && !is_supposed(before) {
            let value = found.value * stress(before);
            // What only anger says stays so: "never was I so humiliated".
            let value = match (is_negated(before, found.words), value) {
                (true, 0.0..) => -0.7 * value,
                (true, -4.0..0.0) => -0.4 * value,
                _ => value,
            };
            if value > 0.0 {
                let is_nod =
                    at == 0 && found.words == 1 && words.get(1).is_some_and(|next| next.begins_clause);
                signals.praise += value / if is_nod { 6.0 } else { 3.0 };
            } else if found.value <= -4.0 {
                signals.anger -= value / 5.0;
            } else {
                signals.blame -= value / 2.0;
            }
        }
        at += found.words.max(1);
    }
    let loud = loudness(text, &words);
    if signals.anger + signals.blame > 0.0 {
        signals.loud_blame = loud;
    } else {
        signals.loud_praise = if signals.praise > 0.0 { loud } else { 0.0 };
    }
    let mut ironic = 0.0;
    for c in text.chars().take(8 * MAX_WORDS) {
        match c {
            '🙃' | '🙄' | '😒' | '🤡' => ironic += 1.0,
            _ if SMILES.contains(c) => signals.smiles += 1.0,
            _ if FROWNS.contains(c) => signals.frowns += 1.0,
            _ => {}
        }
    }
    for (face, smiles) in [(":)", true), (":D", true), (":(", false), (":'(", false), ("D:", false)] {
        if text.contains(face) {
            *if smiles { &mut signals.smiles } else { &mut signals.frowns } += 1.0;
        }
    }
    let is_exclaimed = words.get(1..4).is_some_and(|words| words.iter().any(|word| word.begins_clause));
    let is_belied =
        signals.blame + signals.anger > 0.0 || (is_exclaimed && signals.smiles == 0.0 && has(AGAIN));
    if ironic > 0.0 || (is_belied && begins_with_praise(&joined)) {
        // Praise that is meant the other way: "excellent, again no answer 🙃".
        signals.blame += std::mem::take(&mut signals.praise);
        signals.loud_praise = 0.0;
    }
    signals.frowns += ironic;
    signals
}

/// The words before a match, up to [`NEGATION_REACH`], not beyond the beginning of the clause.
fn before(words: &[Word], at: usize) -> &[Word] {
    if words.get(at).is_none_or(|word| word.begins_clause) {
        return &[];
    }
    let from = at.saturating_sub(NEGATION_REACH);
    let before = words.get(from..at).unwrap_or_default();
    let begins = before.iter().rposition(|word| word.begins_clause).unwrap_or(0);
    before.get(begins..).unwrap_or_default()
}

/// How much stronger or weaker the words before make a word.
fn stress(before: &[Word]) -> f32 {
    before.iter().fold(1.0, |stress, word| match word.folded.as_str() {
        "muy" | "super" | "re" | "tan" | "demasiado" | "totalmente" | "completamente" | "absolutamente"
        | "mega" | "ultra" | "harto" | "sumamente" | "very" | "so" | "really" | "extremely" | "totally"
        | "absolutely" | "completely" | "such" | "muito" | "demais" | "tao" | "extremamente" => stress * 1.3,
        "poco" | "poquito" | "algo" | "medio" | "ligeramente" | "bit" | "slightly" | "kinda" | "kind"
        | "somewhat" | "pouco" | "pouquinho" | "meio" | "levemente" => stress * 0.7,
        _ => stress,
    })
}

/// Whether the words before make a match a mere possibility: "if I don't like it".
fn is_supposed(before: &[Word]) -> bool {
    before.iter().any(|word| matches!(word.folded.as_str(), "si" | "if" | "caso" | "cuando" | "when"))
}

/// Whether the words before turn a match of so many words. A phrase of several words says itself what is not.
fn is_negated(before: &[Word], length: usize) -> bool {
    length <= 2 && before.iter().any(|word| NEGATIONS.contains(&word.folded.as_str()))
}

const NEGATIONS: &[&str] = &[
    "no", "nunca", "jamas", "ni", "sin", "tampoco", "nada", "ningun", "ninguna", "not", "never", "without",
    "isn", "wasn", "don", "didn", "doesn", "won", "nothing", "hardly", "nao", "nem", "sem", "nenhum",
    "nenhuma", "tampouco",
];

/// What makes praise ironic.
const AGAIN: &[&str] = &[
    "otra vez",
    "de nuevo",
    "tampoco",
    "again",
    "another",
    "mais uma vez",
    "de novo",
    "outra vez",
    "por nada",
    "solo tardo",
    "sin respuesta",
    "me dejaron sin",
    "gracias por nada",
];

/// What a question about one's own trouble has: then the blame in it is meant.
const OWN: &[&str] = &[
    "mi pedido",
    "mi dinero",
    "mi plata",
    "me cobraron",
    "me volvieron",
    "me dijeron",
    "me mandaron",
    "me llego",
    "mi queja",
    "mi reclamo",
    "ustedes",
    "les",
    "my order",
    "my money",
    "you guys",
    "charged me",
    "meu pedido",
    "meu dinheiro",
    "comigo",
];

fn begins_with_praise(joined: &str) -> bool {
    const BRAVO: &[&str] = &[
        " que rapido",
        " que maravilla",
        " que bien",
        " genial ",
        " excelente ",
        " bravo ",
        " felicitaciones",
        " perfecto ",
        " great ",
        " wow ",
        " lovely",
        " oh lovely",
        " nice ",
        " parabens ",
        " que otimo",
        " otimo ",
        " maravilha ",
    ];
    BRAVO.iter().any(|praise| joined.starts_with(praise))
}

/// Whether a message asks: by its signs or by how it begins.
fn is_question(text: &str, joined: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "tienen",
        "tiene",
        "venden",
        "hacen",
        "hay",
        "puedo",
        "se puede",
        "cuanto",
        "cuanta",
        "cuantos",
        "cuantas",
        "cual",
        "cuales",
        "para piel",
        "donde",
        "cuando",
        "desde que edad",
        "a que",
        "atienden",
        "arreglan",
        "tratan",
        "manejan",
        "busco",
        "necesito algo",
        "cambian",
        "recuperan",
        "como se",
        "como pido",
        "se quita",
        "do you",
        "can you",
        "can i",
        "does",
        "how do",
        "how much",
        "how long",
        "what",
        "where",
        "which",
        "tem",
        "voces tem",
        "posso",
        "aceita",
        "quanto",
        "qual",
        "conserta",
        "consertam",
        "serve",
        "como faco",
    ];
    text.contains(['?', '¿'])
        || BEGINNINGS.iter().any(|beginning| joined.trim_start().starts_with(&format!("{beginning} ")))
}

/// Words in capitals that are not a whole message of one word, and rows of exclamation marks.
fn loudness(text: &str, words: &[Word]) -> f32 {
    let loud = words.iter().filter(|word| word.is_loud).count();
    let capitals = match (loud, words.len()) {
        (0, _) | (_, 0) => 0.0,
        (1, _) => 0.5,
        (2.., _) => 1.0,
    };
    let marks = text.chars().filter(|c| *c == '!').count();
    let marks = match marks {
        0 => 0.0,
        1 => 0.2,
        2 => 0.6,
        _ => 1.0,
    };
    capitals + marks
}

/// The words with what their spelling says.
fn split(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut begins_clause = true;
    let mut rest = text;
    while words.len() < MAX_WORDS {
        let Some(start) = rest.find(char::is_alphanumeric) else { break };
        let (signs, from) = rest.split_at(start);
        begins_clause |= signs.contains(['.', ',', ';', ':', '!', '?', '¿', '¡', '\n', '(', ')', '"']);
        let end = from.find(|c: char| !c.is_alphanumeric()).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        let letters = word.chars().filter(|c| c.is_alphabetic()).count();
        let is_loud = letters >= 3 && !word.chars().any(char::is_lowercase);
        let folded = undrawn(&fold(word));
        begins_clause |= matches!(folded.as_str(), "pero" | "but" | "mas" | "porem" | "aunque" | "although");
        words.push(Word { folded, is_loud, begins_clause });
        begins_clause = false;
        rest = after;
    }
    words
}

const SMILES: &str = "😀😃😄😁😊😍🥰😘🤩😎👍👏🙌💯❤💕💖💗💜💙💚🧡💛🤗😻🎉✨⭐🌟🥳😋🙏💪👌🫶☺😇🔥";
const FROWNS: &str = "😠😡🤬😤😞😔😟😕🙁☹😣😖😫😩😢😭👎💩🤮🤢😾💔😑😐😪😓🖕👿";

#[cfg(test)]
mod tests {
    use super::*;

    fn es(text: &str) -> Signals {
        read(text, Language::Es)
    }

    #[test]
    fn a_negation_turns_what_follows_and_not_what_stands_behind_a_sign() {
        assert!(es("no está nada mal").praise > 0.0 && es("no está nada mal").blame == 0.0);
        assert!(es("no es bueno").blame > 0.0 && es("no es bueno").praise == 0.0);
        assert!(es("no, muy bueno").praise > 0.0);
        assert!(read("isn't good", Language::En).blame > 0.0);
        assert!(read("sem problemas", Language::Pt).praise > 0.0);
    }

    #[test]
    fn stress_and_capitals_and_marks_count() {
        assert!(es("muy muy mala").blame + es("muy muy mala").anger > es("mala").blame);
        assert!(es("un poco demorado").blame < es("demorado").blame);
        assert!(es("PÉSIMO SERVICIO!!!").loud_blame > es("pésimo servicio").loud_blame);
        assert!(es("péeeesimo").anger > 0.0);
    }

    #[test]
    fn trouble_that_is_asked_about_is_not_blame() {
        for text in ["¿Arreglan pantallas rotas?", "tienen algo para la caída del cabello"] {
            let signals = es(text);
            assert!(signals.blame == 0.0 && signals.anger == 0.0, "{text:?}: {signals:?}");
        }
        assert!(es("¿Por qué me cobraron doble?").blame > 0.0);
    }

    #[test]
    fn praise_can_be_meant_the_other_way() {
        for text in [
            "excelente, otra vez sin respuesta 🙃",
            "qué rápido su envío, todavía no llega",
            "gracias por nada",
        ] {
            let signals = es(text);
            assert!(signals.blame > 0.0 && signals.praise == 0.0, "{text:?}: {signals:?}");
        }
        let meant = es("excelente servicio 😍, volveré otra vez");
        assert!(meant.blame == 0.0 && meant.praise > 0.0, "{meant:?}");
    }

    #[test]
    fn endless_messages_are_read_in_part() {
        assert_eq!(es(&"malo ".repeat(400)), es(&"malo ".repeat(40_000)));
    }
}
