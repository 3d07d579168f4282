//! Which language a customer writes in. Chat messages are short and typed without accents, so the words that give a
//! language away count first, a trigram model ([`whatlang`]) helps with longer texts, and the language of the
//! conversation decides when the text says nothing ("ok", "👍", a number).

use whatlang::{Detector, Lang};

use super::words;
use crate::domain::language::Language;

/// What the language of the conversation so far is worth, in words that give a language away.
const PRIOR: f32 = 0.75;

/// The most the trigram model is worth; it is reached with texts of [`TRIGRAM_CHARS`] characters.
const TRIGRAM_WEIGHT: f32 = 4.0;

/// The length from which the trigram model is trusted fully.
const TRIGRAM_CHARS: f32 = 60.0;

/// Text beyond this many bytes is not looked at: the language is plain long before.
const MAX_BYTES: usize = 2_000;

/// A lead smaller than this is no evidence, in words that give a language away.
const CLEAR_LEAD: f32 = 0.5;

/// The language of a text; `previous` is that of the conversation, or else of the business.
pub fn detect(text: &str, previous: Language) -> Language {
    let evidence = Evidence::of(text);
    let score =
        |language: Language| evidence.of_language(language) + if language == previous { PRIOR } else { 0.0 };
    // The first of equals wins, so the previous language is asked first.
    Language::ALL
        .into_iter()
        .fold(previous, |best, language| if score(language) > score(best) { language } else { best })
}

/// The language of a text that stands alone; `None` when it does not tell (`"botox"`, `"50 ml"`).
pub fn tell(text: &str) -> Option<Language> {
    let evidence = Evidence::of(text);
    let mut scores = Language::ALL.map(|language| (evidence.of_language(language), language));
    scores.sort_by(|a, b| b.0.total_cmp(&a.0));
    match scores {
        [(first, language), (second, _), _] if first - second >= CLEAR_LEAD => Some(language),
        _ => None,
    }
}

/// What speaks for each language, in words that give it away.
struct Evidence([f32; 3]);

impl Evidence {
    fn of(text: &str) -> Self {
        let text = text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or(text);
        // Addresses and links are in no language.
        let text = text
            .split_whitespace()
            .filter(|word| !word.contains('@') && !word.contains("://") && !word.starts_with("www."))
            .collect::<Vec<_>>()
            .join(" ");
        let mut evidence = Self([0.0; 3]);
        evidence.hear_letters(&text);
        evidence.hear_words(&text);
        evidence.hear_trigrams(&text);
        evidence
    }

    fn of_language(&self, language: Language) -> f32 {
        Language::ALL
            .iter()
            .zip(self.0)
            .find(|(known, _)| **known == language)
            .map_or(0.0, |(_, score)| score)
    }

    fn add(&mut self, language: Language, weight: f32) {
        for (score, known) in self.0.iter_mut().zip(Language::ALL) {
            if known == language {
                *score += weight;
            }
        }
    }

    fn hear_letters(&mut self, text: &str) {
        for c in text.chars() {
            if let Some(language) = letter_language(c) {
                let is_sure = matches!(c, 'ñ' | 'Ñ' | 'ã' | 'õ' | 'Ã' | 'Õ' | 'ç' | 'Ç');
                self.add(language, if is_sure { 2.0 } else { 1.0 });
            }
        }
    }

    fn hear_words(&mut self, text: &str) {
        for word in words(text) {
            for (language, given_away) in GIVE_AWAYS {
                if given_away.split_ascii_whitespace().any(|known| known == word) {
                    self.add(language, 1.0);
                }
            }
            for (language, ending) in ENDINGS {
                if word.len() > ending.len() + 1 && word.ends_with(ending) {
                    self.add(language, 0.6);
                }
            }
        }
    }

    fn hear_trigrams(&mut self, text: &str) {
        let detector = Detector::with_allowlist(vec![Lang::Spa, Lang::Eng, Lang::Por]);
        let Some(info) = detector.detect(text) else { return };
        let language = match info.lang() {
            Lang::Eng => Language::En,
            Lang::Por => Language::Pt,
            _ => Language::Es,
        };
        #[expect(clippy::cast_precision_loss, reason = "a length of at most a few thousand")]
        let length = (text.chars().count() as f32 / TRIGRAM_CHARS).min(1.0);
        #[expect(clippy::cast_possible_truncation, reason = "a confidence between 0 and 1")]
        self.add(language, TRIGRAM_WEIGHT * length * info.confidence() as f32);
    }
}

/// Letters and signs that only one of the three languages has.
fn letter_language(c: char) -> Option<Language> {
    match c {
        'ñ' | 'Ñ' | '¿' | '¡' => Some(Language::Es),
        'ã' | 'õ' | 'Ã' | 'Õ' | 'ç' | 'Ç' | 'â' | 'ê' | 'ô' | 'à' | 'Â' | 'Ê' | 'Ô' | 'À' => {
            Some(Language::Pt)
        }
        _ => None,
    }
}

/// Endings of folded words that only one of the languages has.
const ENDINGS: [(Language, &str); 9] = [
    (Language::Es, "cion"),
    (Language::Es, "ciones"),
    (Language::Es, "dad"),
    (Language::Pt, "cao"),
    (Language::Pt, "coes"),
    (Language::Pt, "dade"),
    (Language::Pt, "agem"),
    (Language::En, "ing"),
    (Language::En, "tion"),
];

/// Folded words that give a language away in chat: those that the other two do not have, or hardly.
const GIVE_AWAYS: [(Language, &str); 3] = [
    (
        Language::Es,
        "el los las del y una unos unas en cual cuanto cuanta cuantos cuantas cuesta cuestan precio precios hola gracias buenos buenas dias \
         tardes noches donde cuando quiero puedo pueden tienen tiene hay necesito cita citas estan soy mi es son hacen hace abren cierran ustedes usted \
         muy tambien pero con sin tengo quisiera adios luego despues manana hoy ayer lo le les nos yo ella ellos eso ese esa este esto ahora aqui \
         ahi bien mal si dia tal hasta nada mas algo alguna alguno fue ser estoy estas esta llamar hablar persona ayuda quedan queda ubicados venden vende \
         envian envios envio tarjeta pagar pago efectivo factura domicilio vale agendar reservar cuenta podria podrian mucho dura duran demora \
         direccion telefono correo entonces ok listo claro perfecto seria cuales tarda cobran ofrecen hacer todavia q xq pq toca ke aceptan festivos jueves \
         miercoles lunes martes viernes domingo domingos sabados muchas dame deme denme ponme pongame mandame pieza piezas blanca blanco busco ocupo llego llegare llegando voy",
    ),
    (
        Language::En,
        "the is are do does how much many what when where can could would i you your my it its hello hi hey thanks thank please price prices cost costs \
         open close opening hours book booking appointment need want have has yes bye goodbye good morning afternoon evening and for of in on to with an \
         there which who why we they be not at this that these those from about any some am was were will if or but so okay great ok nice \
         delivery pay card cash sell buy order return refund address phone call talk speak person someone help tomorrow today later see \
         parking free available long last take",
    ),
    (
        Language::Pt,
        "os as do na nas em um uma nao voce voces quanto quanta quantos quantas qual quais preco precos ola oi obrigado obrigada bom boa \
         noite onde quando quero posso tem preciso sao fazem faz muito tambem com sem meu minha eu ele ela eles depois amanha hoje ontem tchau ate isso \
         esse essa esses aceitam cartao estou custa custam valor pra pro vcs vc pix dinheiro falar pessoa alguem ajuda \
         gostaria tudo bem legal beleza certo sim entrega entregam endereco fica ficam abrem fecham dura tempo marcar consulta \
         e o ao aos pela pelo voceis mais atendem dia tarde voltar pagar posso seria quem fecha abre",
    ),
];

#[cfg(test)]
#[path = "language_tests.rs"]
mod tests;
