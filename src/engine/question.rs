//! What a question is about: its subject, and the kinds of fact it asks for.

use std::sync::LazyLock;

use regex::Regex;

use super::{smalltalk, words::is_stop_word};
use crate::text::{fold, words};

/// A kind of fact that customers ask for and that can be told by its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Facet {
    /// What it costs.
    Price,
    /// How long it takes or lasts.
    Duration,
    /// When the business is open.
    Hours,
    /// Where it is.
    Address,
    /// The number to call.
    Phone,
}

impl Facet {
    const ALL: [Self; 5] = [Self::Price, Self::Duration, Self::Hours, Self::Address, Self::Phone];

    /// Folded words that ask for it.
    fn cues(self) -> &'static str {
        match self {
            Self::Price => {
                "cuesta cuestan costo costos costaria coste vale valen precio precios cobran cobra tarifa tarifas valor valores \
                 price prices cost costs fee fees preco precos custa custam custo custaria"
            }
            Self::Duration => {
                "dura duran durara duracion demora demoran tarda tardan tiempo last lasts take takes duration duracao leva demoram"
            }
            Self::Hours => {
                "horario horarios abren abre abrir cierran cierra cierre apertura abierto abiertos atienden open opens opening close closes closing \
                 hours abrem aberto abertos fecham fechado funcionamento"
            }
            Self::Address => {
                "direccion ubicacion ubicados ubicada ubicado quedan queda sede address located location endereco localizacao fica ficam"
            }
            Self::Phone => {
                "telefono telefonos celular phone telephone telefone llamar llamarlos numero number ligar"
            }
        }
    }

    /// Folded word sequences that ask for it.
    fn phrases(self) -> &'static [&'static str] {
        match self {
            Self::Price => &["how much", "cuanto es", "quanto e", "cuanto sale", "quanto sai", "a como"],
            Self::Duration => &["how long", "quanto tempo", "cuanto tiempo"],
            Self::Hours => &["que hora", "ke hora", "q hora", "what time", "que horas"],
            Self::Address => &["donde estan", "where are", "onde estao", "como llego", "como chego"],
            Self::Phone => &[],
        }
    }

    /// Whether a text holds a fact of this kind.
    pub(crate) fn is_in(self, text: &str) -> bool {
        match self {
            Self::Price => PRICE.is_match(text),
            Self::Duration => DURATION.is_match(&fold(text)),
            Self::Hours => HOURS.is_match(&fold(text)),
            Self::Address => ADDRESS.is_match(&fold(text)),
            Self::Phone => PHONE.is_match(text),
        }
    }
}

static PRICE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)([$€£]|\b(usd|cop|mxn|pen|clp|ars|eur|brl)|s/\.?)\s?\d|\d\s?[$€£]|\d\s?(pesos|euros?|d[óo]lares|dollars?|reais|cop|mxn|usd|eur|brl)\b|\bgrat(is|uit)|sin costo|grátis|free of charge|sem custo",
    )
});
static DURATION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(\d+|un|una|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|doce|quince|veinte|treinta|one|two|three|four|five|six|um|uma|dois|duas|quatro|media)\s(a\s\d+\s|o\s\w+\s|y\s\w+\s)?(minutos?|min|horas?|dias?|semanas?|mes|meses|anos?|minutes?|hours?|days?|weeks?|months?|years?)\b",
    )
});
static HOURS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b\d{1,2}(:\d{2})\b|\b\d{1,2}\s?(a|p)\.?\s?m\b|\b24 horas\b|\b24 hours\b"));
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(carrera|calle|avenida|av|cra|cll|diagonal|transversal|street|avenue|road|rua|travessa|km|kilometro|local|piso|edificio|consultorio|barrio|colonia)\b",
    )
});
static PHONE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\+?\d[\d ()\-]{6,}\d"));

#[expect(clippy::expect_used, reason = "a constant pattern; the tests compile each")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a valid pattern")
}

/// The kinds of fact a question asks for.
pub fn facets(text: &str) -> Vec<Facet> {
    let words = words(text);
    let joined = format!(" {} ", words.join(" "));
    let asks = |facet: &Facet| {
        let cues = facet.cues();
        words.iter().any(|word| cues.split_ascii_whitespace().any(|cue| cue == word))
            || facet.phrases().iter().any(|phrase| joined.contains(&format!(" {phrase}")))
    };
    Facet::ALL.into_iter().filter(asks).collect()
}

/// Whether somebody asks when something is possible, or to arrange a time.
pub fn asks_when(text: &str) -> bool {
    const BEGINNINGS: [&str; 19] = [
        "cuando",
        "quando",
        "when",
        "disponib",
        "dispon",
        "availab",
        "cupo",
        "turno",
        "vaga",
        "hueco",
        "espacio",
        "slot",
        "hora",
        "agend",
        "cita",
        "reserv",
        "appointment",
        "book",
        "marcar",
    ];
    words(text).iter().any(|word| BEGINNINGS.iter().any(|beginning| word.starts_with(beginning)))
}

/// The folded words that say what a question is about: neither stop words nor those that name a kind of fact.
pub(crate) fn subject(text: &str) -> Vec<String> {
    let is_cue = |word: &str| {
        Facet::ALL.iter().any(|facet| facet.cues().split_ascii_whitespace().any(|cue| cue == word))
            || matches!(word, "much" | "long" | "time" | "hora" | "horas" | "ke")
    };
    words(text).into_iter().filter(|word| word.len() > 1 && !is_stop_word(word) && !is_cue(word)).collect()
}

/// Whether somebody asks what the business offers at all ("¿qué venden?", "what services do you have?") and names nothing
/// in particular. `description` is the business's own: what it does not speak of is asked of the documents.
pub fn asks_overview(text: &str, description: &str) -> bool {
    const SERVICES: &[&str] = &["servicios", "services", "servicos", "productos", "products", "produtos"];
    const GOODS: &[&str] = &[
        "tratamientos",
        "treatments",
        "tratamentos",
        "cursos",
        "courses",
        "programas",
        "programs",
        "articulos",
        "mercancia",
    ];
    const OFFERS: &[&str] = &[
        "ofrecen", "ofrece", "ofreces", "venden", "vende", "vendes", "hacen", "hace", "haces", "manejan",
        "brindan", "prestan", "dedican", "dedica", "offer", "sell", "do", "provide", "oferecem", "oferece",
        "vendem", "fazem", "trabajan",
    ];
    const OTHERS: &[&str] = &[
        "tienen",
        "tiene",
        "tienes",
        "have",
        "tem",
        "hay",
        "dan",
        "cuales",
        "quais",
        "which",
        "todos",
        "todo",
        "all",
        "lista",
        "list",
        "catalogo",
        "ustedes",
        "usted",
        "voces",
        "voce",
        "negocio",
        "empresa",
        "tienda",
        "tipo",
        "tipos",
        "clase",
        "clases",
        "kind",
        "hola",
        "buenas",
        "buenos",
        "dias",
        "tardes",
        "saber",
        "quisiera",
        "quiero",
        "gustaria",
        "informacion",
        "info",
        "me",
        "puede",
        "pueden",
        "decir",
        "dime",
        "exactamente",
        "aqui",
        "ahi",
        "are",
    ];
    let all = words(text);
    let has = |set: &[&str]| all.iter().any(|word| set.contains(&word.as_str()));
    let described = words(description);
    let names_goods = all.iter().any(|word| GOODS.contains(&word.as_str()) && described.contains(word));
    let asks = ["que", "what", "o", "cuales", "quais", "which", "q"]
        .iter()
        .any(|word| all.iter().any(|w| w == word));
    let generic = |word: &String| {
        let word = word.as_str();
        [SERVICES, GOODS, OFFERS, OTHERS].iter().any(|set| set.contains(&word))
    };
    let names_other_goods = has(GOODS) && !names_goods;
    (has(SERVICES) || names_goods || (asks && has(OFFERS)))
        && !names_other_goods
        && subject(text).iter().all(generic)
}

/// How many of the customer's earlier messages are looked at for the subject.
const LOOK_BACK: usize = 4;

/// What to search for: the message itself, or with the earlier message that it leans on ("¿y cuánto cuesta?").
/// `earlier` are the customer's messages before, newest first.
pub fn with_context<'a>(text: &str, earlier: impl Iterator<Item = &'a str>, business: &str) -> String {
    if !leans_on_earlier(text) {
        return text.to_owned();
    }
    let subject_of =
        |earlier: &&str| smalltalk::recognise(earlier, business).is_none() && !subject(earlier).is_empty();
    let mut context: Vec<&str> = Vec::new();
    for message in earlier.take(LOOK_BACK).filter(subject_of) {
        context.push(message);
        if !leans_on_earlier(message) {
            break;
        }
    }
    context.reverse();
    context.push(text);
    context.join(" ")
}

/// Whether a message cannot be understood alone: it begins with "and", points back with a pronoun, or names no
/// subject.
pub(super) fn leans_on_earlier(text: &str) -> bool {
    const FOLLOW_UPS: &[&str] =
        &["y", "e", "and", "pero", "but", "mas", "tambien", "tambem", "also", "entonces"];
    const POINTERS: &[&str] = &[
        "eso", "esa", "ese", "esas", "esos", "ella", "ellos", "mismo", "misma", "it", "that", "those",
        "them", "one", "isso", "essa", "esse", "ela", "ele", "dela", "dele", "mesmo", "mesma", "ahi", "ello",
    ];
    /// A message that points back and has more words than this explains itself.
    const MAX_POINTING_WORDS: usize = 9;
    let words = words(text);
    let mut without_courtesy = words.iter().skip_while(|word| {
        matches!(
            word.as_str(),
            "hola" | "ok" | "gracias" | "vale" | "listo" | "hi" | "thanks" | "oi" | "ola" | "perfecto"
        )
    });
    let first = without_courtesy.next().map(String::as_str).unwrap_or_default();
    let subject = subject(text);
    let points =
        words.len() <= MAX_POINTING_WORDS && words.iter().any(|word| POINTERS.contains(&word.as_str()));
    // The hours, the address and the phone number are the business's own: "¿a qué hora abren?" needs no subject.
    let about_business =
        facets(text).iter().any(|facet| matches!(facet, Facet::Hours | Facet::Address | Facet::Phone));
    FOLLOW_UPS.contains(&first) || points || (subject.is_empty() && !about_business)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_for_the_whole_offer_are_told_from_those_for_a_part_of_it() {
        let clinic = "Clínica de medicina estética: tratamientos faciales, inyectables y masajes.";
        for text in [
            "¿Qué servicios ofrecen y cuánto cuestan?",
            "que venden?",
            "¿Qué tratamientos hacen?",
            "hola, me gustaría saber qué servicios tienen",
            "what do you sell?",
            "what services do you offer",
            "quais tratamentos vocês fazem?",
            "a qué se dedican",
        ] {
            let is_foreign = text.starts_with("quais");
            assert_eq!(asks_overview(text, clinic), !is_foreign, "{text}");
        }
        for text in [
            "¿qué hacen si no quedo contenta?",
            "¿qué cursos tienen?",
            "¿cuánto cuesta el bótox?",
            "¿qué servicios tienen para novias?",
            "¿venden gift cards?",
            "hola",
            "¿cuánto cuestan?",
        ] {
            assert!(!asks_overview(text, clinic), "{text}");
        }
    }

    #[test]
    fn the_kinds_of_fact_are_told_in_three_languages() {
        let check = |text: &str, expected: &[Facet]| assert_eq!(facets(text), expected, "{text:?}");
        check("¿Cuánto dura la limpieza facial y cuánto cuesta?", &[Facet::Price, Facet::Duration]);
        check("How much does a lip filler cost and how long does it take?", &[Facet::Price, Facet::Duration]);
        check("Quanto tempo dura a drenagem e qual é o preço?", &[Facet::Price, Facet::Duration]);
        check("a ke hora abren el sabado", &[Facet::Hours]);
        check("where are you located?", &[Facet::Address]);
        check("¿me da el teléfono?", &[Facet::Phone]);
        check("¿Atienden hombres?", &[Facet::Hours]);
        check("¿Puedo ir maquillada?", &[]);
    }

    #[test]
    fn facts_are_told_by_their_form() {
        let holds = |facet: Facet, text: &str| assert!(facet.is_in(text), "{facet:?} {text:?}");
        let lacks = |facet: Facet, text: &str| assert!(!facet.is_in(text), "{facet:?} {text:?}");
        for text in ["cuesta $180.000", "R$ 50", "30 €", "es gratis", "50.000 pesos", "sin costo"] {
            holds(Facet::Price, text);
        }
        lacks(Facet::Price, "dura 90 minutos");
        for text in
            ["dura 90 minutos", "entre cuatro y seis meses", "2 a 24 horas", "three weeks", "una hora"]
        {
            holds(Facet::Duration, text);
        }
        lacks(Facet::Duration, "cuesta $180.000");
        for text in ["de 8:00 a. m. a 7:00 p. m.", "9 am", "16:00"] {
            holds(Facet::Hours, text);
        }
        holds(Facet::Phone, "+57 601 555 0142");
        holds(Facet::Address, "Carrera 14 # 93-40");
    }

    #[test]
    fn a_follow_up_takes_its_subject_from_before() {
        let earlier = ["¿Qué es la limpieza facial profunda?"];
        let search = |text: &str| with_context(text, earlier.into_iter(), "Benova");
        for text in [
            "¿y cuánto cuesta?",
            "y cuanto dura",
            "cuanto cuesta?",
            "how much is it?",
            "¿eso duele?",
            "precio",
        ] {
            assert_eq!(search(text), format!("{} {text}", earlier[0]));
        }
        for text in ["¿Cuánto cuesta el bótox?", "¿A qué hora abren?", "precio botox", "Do you have parking?"]
        {
            assert_eq!(search(text), text);
        }
    }

    #[test]
    fn the_subject_is_found_over_courtesies_and_other_follow_ups() {
        let newest_first = ["¿y cuánto dura?", "gracias", "Quiero saber de la depilación láser", "hola"];
        let search = with_context("¿y el precio?", newest_first.into_iter(), "Benova");
        assert!(search.contains("depilación láser") && !search.contains("gracias"), "{search}");
        assert_eq!(with_context("¿y el precio?", std::iter::empty(), "Benova"), "¿y el precio?");
    }
}
