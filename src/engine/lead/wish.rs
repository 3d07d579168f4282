//! What somebody wants: the sentence that says it, the area it belongs to, and whether they want to be contacted.

use super::{
    known::is_ordinary,
    reading::{Word, has_any, longest, read, says},
};
use crate::{
    domain::{lead::InterestArea, turn::Intent},
    engine::{
        agent::{AVAILABILITY, EMERGENCY, SALES, SCHEDULE, SUPPORT},
        words::is_stop_word,
    },
};

/// The longest problem that is kept, in characters: a few sentences.
const MAX_PROBLEM_CHARS: usize = 400;

/// How sure the router must be that a message is an agent's subject for the lead to rest on it.
const SURE_INTENT: f32 = 0.5;

/// What begins a wish.
const WISHES: &[&str] = &[
    "quiero",
    "quisiera",
    "queria",
    "quisieramos",
    "queremos",
    "quieren",
    "quiere",
    "necesito",
    "necesitamos",
    "necesita",
    "necesitaria",
    "busco",
    "buscamos",
    "me interesa",
    "me interesan",
    "me interesaria",
    "estoy interesado",
    "estoy interesada",
    "estamos interesados",
    "cotizar",
    "cotizacion",
    "presupuesto",
    "comprar",
    "compro",
    "agendar",
    "reservar",
    "contratar",
    "inscribirme",
    "precio de",
    "precio del",
    "precio por",
    "cuanto cuesta",
    "cuanto cuestan",
    "cuanto vale",
    "cuanto valen",
    "cuanto sale",
    "cuanto cobran",
    "cuanto seria",
    "i want",
    "we want",
    "i need",
    "we need",
    "i d like",
    "looking for",
    "interested in",
    "quote for",
    "to buy",
    "to book",
    "how much is",
    "how much does",
    "how much are",
    "how much do",
    "price of",
    "price for",
    "quero",
    "preciso de",
    "preciso",
    "precisamos",
    "gostaria de",
    "gostaria",
    "orcamento para",
    "orcamento de",
    "tenho interesse",
    "quanto custa",
    "quanto custam",
    "quanto e",
    "quanto fica",
    "procuro",
    "estou procurando",
    "estou interessado",
    "estou interessada",
    "comprar",
    "contratar",
];

/// What tells of trouble.
const TROUBLES: &[&str] = &[
    "no funciona",
    "no funcionan",
    "no me funciona",
    "no sirve",
    "no me sirve",
    "dejo de funcionar",
    "no enciende",
    "no prende",
    "no enfria",
    "no carga",
    "no abre",
    "falla",
    "fallo",
    "fallando",
    "error",
    "danado",
    "danada",
    "dano",
    "se dano",
    "roto",
    "rota",
    "se rompio",
    "se cayo",
    "se nos cayo",
    "caido",
    "no llego",
    "no me llego",
    "no ha llegado",
    "no me ha llegado",
    "no aparece",
    "no podemos",
    "no puedo",
    "no me deja",
    "problema",
    "problemas",
    "queja",
    "reclamo",
    "reclamacion",
    "me cobraron",
    "nos cobraron",
    "cobro doble",
    "doble cobro",
    "devolucion",
    "defectuoso",
    "defectuosa",
    "equivocado",
    "equivocada",
    "incompleto",
    "not working",
    "doesn t work",
    "don t work",
    "stopped working",
    "won t",
    "broken",
    "charged twice",
    "double charge",
    "overcharged",
    "never arrived",
    "didn t arrive",
    "hasn t arrived",
    "not arrived",
    "wrong",
    "issue with",
    "problem with",
    "complaint",
    "nao funciona",
    "parou de funcionar",
    "defeito",
    "quebrou",
    "quebrado",
    "quebrada",
    "nao chegou",
    "errado",
    "errada",
    "com problema",
    "reclamar",
    "cobraram",
    "nao consigo",
    "nao abre",
    "nao liga",
];

/// Words that are about money already due.
const BILLING: &[&str] = &[
    "factura",
    "facturas",
    "facturacion",
    "boleto",
    "fatura",
    "faturas",
    "nota fiscal",
    "me cobraron",
    "nos cobraron",
    "cobro doble",
    "doble cobro",
    "cobraram",
    "invoice",
    "invoices",
    "billing",
    "charged",
    "charge on",
    "overcharged",
    "double charge",
    "reembolso",
    "refund",
    "estado de cuenta",
    "recibo de pago",
    "comprobante de pago",
    "pago duplicado",
    "mensualidad",
    "reembolsen",
];

/// Words of somebody who would buy.
const BUYING: &[&str] = &[
    "precio",
    "precios",
    "cuesta",
    "cuestan",
    "cuanto vale",
    "cuanto valen",
    "cuanto sale",
    "cuanto cobran",
    "cotizar",
    "cotizacion",
    "cotizando",
    "cotizaciones",
    "presupuesto",
    "comprar",
    "compro",
    "compra",
    "contratar",
    "agendar",
    "reservar",
    "inscribirme",
    "inscripcion",
    "me interesa",
    "me interesan",
    "estoy interesado",
    "estoy interesada",
    "promocion",
    "promociones",
    "descuento",
    "descuentos",
    "licencias",
    "quote",
    "price",
    "prices",
    "how much",
    "buy",
    "purchase",
    "book an appointment",
    "interested in",
    "looking for",
    "orcamento",
    "preco",
    "precos",
    "quanto custa",
    "quanto custam",
    "quanto fica",
    "contratar",
    "tenho interesse",
    "estou interessado",
    "estou interessada",
    "procuro",
    "busco un",
    "busco una",
    "busco unos",
    "busco unas",
    "quiere el",
    "quiere un",
    "quiero el",
    "quiero un curso",
    "quiero una cita",
];

/// The wish to be contacted.
const CONTACT: &[&str] = &[
    "me pueden llamar",
    "me puede llamar",
    "me puedes llamar",
    "que me llamen",
    "que me contacten",
    "me pueden contactar",
    "me puede contactar",
    "contactenme",
    "contactame",
    "llamenme",
    "llameme",
    "me llaman",
    "me contactan",
    "escribanme",
    "me pueden escribir",
    "me escriben",
    "quedo atento",
    "quedo atenta",
    "les dejo mis datos",
    "dejo mis datos",
    "mis datos son",
    "call me",
    "contact me",
    "reach me",
    "get in touch",
    "email me",
    "can someone call",
    "me liguem",
    "me ligar",
    "podem me ligar",
    "entrem em contato",
    "entrar em contato comigo",
    "me chamem",
    "mandenme una cotizacion",
    "me envian una cotizacion",
    "enviarme una cotizacion",
];

/// The wish to buy or to get a quote; a bare question for a price is none yet.
const COMMITTING: &[&str] = &[
    "cotizar",
    "cotizacion",
    "cotizaciones",
    "cotizarme",
    "presupuesto para",
    "un presupuesto",
    "quiero comprar",
    "quisiera comprar",
    "deseo comprar",
    "necesito comprar",
    "voy a comprar",
    "quiero contratar",
    "quisiera contratar",
    "contratar",
    "inscribirme",
    "quiero inscribir",
    "me interesa",
    "me interesan",
    "me interesaria",
    "estoy interesado",
    "estoy interesada",
    "estamos interesados",
    "quiero agendar",
    "quisiera agendar",
    "quiero reservar",
    "quiero una cita",
    "quiero el",
    "quiero la",
    "quiero un",
    "quiero una",
    "necesito un",
    "necesito una",
    "busco un",
    "busco una",
    "adquirir",
    "quiero adquirir",
    "quiero afiliarme",
    "quiero pedir",
    "quiero hacer un pedido",
    "a quote",
    "quote for",
    "want to buy",
    "would like to buy",
    "like to order",
    "want to order",
    "sign up",
    "i m interested",
    "interested in",
    "looking for",
    "want to hire",
    "to book",
    "orcamento",
    "quero comprar",
    "gostaria de comprar",
    "quero contratar",
    "tenho interesse",
    "quero agendar",
    "quero marcar",
    "quero um",
    "quero uma",
    "quero o",
    "preciso de um",
    "preciso de uma",
];

/// Things that "quiero un …" asks for without any wish to buy.
const NO_PURCHASE: &[&str] = &[
    "reembolso",
    "reclamo",
    "reclamar",
    "queja",
    "devolucion",
    "persona",
    "asesor",
    "humano",
    "cancelar",
    "factura",
    "refund",
    "complaint",
    "person",
    "human",
    "reclamacao",
    "atendente",
    "pessoa",
    "favor",
    "ayuda",
    "pregunta",
    "duda",
];

/// Words that name no subject of a wish.
const VAGUE: &[&str] = &[
    "informacion",
    "info",
    "informacao",
    "information",
    "precio",
    "precios",
    "price",
    "prices",
    "preco",
    "precos",
    "cotizacion",
    "cotizar",
    "quote",
    "orcamento",
    "presupuesto",
    "ayuda",
    "help",
    "ajuda",
    "favor",
    "saber",
    "pregunta",
    "consulta",
    "duda",
    "cuesta",
    "vale",
    "custa",
    "cost",
    "costs",
    "hoy",
    "hoje",
    "today",
    "manana",
    "amanha",
    "tomorrow",
    "ahora",
    "mismo",
    "antes",
    "cuanto",
    "urgente",
    "urgent",
    "asap",
    "quiere",
    "quieren",
    "queria",
    "quisiera",
    "necesitamos",
    "necesita",
    "busco",
    "interesa",
    "interested",
    "looking",
    "quote",
    "seria",
    "pronto",
    "posible",
    "verdad",
    "cotizando",
    "comprar",
    "compra",
    "algo",
    "cosa",
    "dar",
    "dejar",
    "hablar",
    "hablo",
    "persona",
    "semana",
    "apenas",
    "estoy",
    "enviarme",
    "quedo",
    "fixed",
    "working",
    "preciso",
    "quero",
    "gostaria",
    "urge",
    "semana",
    "inmediato",
    "hacer",
    "empresa",
    "correo",
    "nombre",
    "telefono",
    "numero",
    "email",
];

/// The part of a message that says what is wanted or wrong, as it was written. `words` are those of `text` without
/// its addresses and numbers.
pub(super) fn problem(text: &str, words: &[Word<'_>]) -> Option<String> {
    let said: Vec<String> =
        sentences(words).into_iter().filter_map(|sentence| sentence_problem(text, sentence)).collect();
    bounded(&said.join(" "))
}

/// The answer to the question what it is about: all of it.
pub(super) fn answered_problem(text: &str, words: &[Word<'_>]) -> Option<String> {
    let subjects = words.iter().filter(|word| is_subject(word)).count();
    let whole = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if subjects > 0 { bounded(&whole) } else { None }
}

fn bounded(text: &str) -> Option<String> {
    let text = text.trim();
    let cut: String = text.chars().take(MAX_PROBLEM_CHARS).collect();
    (!text.is_empty()).then(|| if cut.len() < text.len() { format!("{}…", cut.trim_end()) } else { cut })
}

/// The words of each sentence: commas do not end one, addresses and numbers that were taken out do.
fn sentences<'w, 'a>(words: &'w [Word<'a>]) -> Vec<&'w [Word<'a>]> {
    words.chunk_by(|_, next| !next.gap.contains(['.', '!', '?', '¿', '\n', super::MASK])).collect()
}

fn sentence_problem(text: &str, sentence: &[Word<'_>]) -> Option<String> {
    let trouble = (0..sentence.len()).find(|at| longest(sentence, *at, TROUBLES).is_some());
    let wish = (0..sentence.len())
        .find(|at| longest(sentence, *at, WISHES).is_some() && !is_about_words(sentence, *at));
    let cue = [trouble, wish].into_iter().flatten().min()?;
    let length = longest(sentence, cue, WISHES).unwrap_or(0);
    let behind = sentence.get(cue + length..).unwrap_or_default();
    // "No me funciona" says what is wrong even without a subject; "quiero información" does not say what is wanted.
    if trouble.is_none() && !behind.iter().any(is_subject) {
        return None;
    }
    let start =
        if introduces(sentence.get(..cue).unwrap_or_default()) { cue } else { after_greeting(sentence) };
    let (first, last) = (sentence.get(start)?, sentence.last()?);
    let written = text.get(first.start..last.end)?;
    Some(written.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// "Quería saber si …" and "quiero preguntar" lead into a question and are no wish themselves.
fn is_about_words(sentence: &[Word<'_>], at: usize) -> bool {
    let Some(length) = longest(sentence, at, WISHES) else { return false };
    longest(
        sentence,
        at + length,
        &[
            "saber",
            "preguntar",
            "consultar",
            "hablar",
            "que me",
            "dar",
            "dejar",
            "to know",
            "to ask",
            "to talk",
            "to speak",
            "to give",
            "falar",
            "perguntar",
        ],
    )
    .is_some()
        && !says(sentence, at + length, "saber el precio")
        && !says(sentence, at + length, "que me arreglen")
}

/// Whether the words before the wish say who somebody is; that is not part of what they want.
fn introduces(before: &[Word<'_>]) -> bool {
    has_any(
        before,
        &[
            "soy",
            "me llamo",
            "nombre",
            "my name",
            "i m",
            "i am",
            "this is",
            "meu nome",
            "me chamo",
            "sou",
            "escribe",
            "habla",
            "saluda",
            "trabajo en",
            "trabalho",
            "i work",
        ],
    )
}

fn after_greeting(sentence: &[Word<'_>]) -> usize {
    const GREETINGS: &[&str] = &[
        "hola",
        "buenos dias",
        "buenas tardes",
        "buenas noches",
        "buenas",
        "buen dia",
        "hi",
        "hello",
        "hey",
        "oi",
        "ola",
        "bom dia",
        "boa tarde",
        "boa noite",
        "good morning",
        "good afternoon",
    ];
    let mut at = 0;
    while let Some(length) = longest(sentence, at, GREETINGS) {
        at += length;
    }
    at.min(sentence.len().saturating_sub(1))
}

fn is_subject(word: &Word<'_>) -> bool {
    let folded = word.folded.as_str();
    folded.len() > 2
        && !is_stop_word(folded)
        && !VAGUE.contains(&folded)
        && !folded.bytes().all(|byte| byte.is_ascii_digit())
}

/// What somebody is interested in, from the router's verdict and from their words.
pub fn interest(intents: &[Intent], text: &str) -> Option<InterestArea> {
    of_words(&read(text)).or_else(|| {
        let best = intents.iter().find(|intent| intent.score >= SURE_INTENT)?;
        match best.agent.as_str() {
            SALES | SCHEDULE | AVAILABILITY => Some(InterestArea::Ventas),
            SUPPORT | EMERGENCY => Some(InterestArea::Soporte),
            _ => None,
        }
    })
}

pub(super) fn of_words(words: &[Word<'_>]) -> Option<InterestArea> {
    if has_any(words, BILLING) {
        Some(InterestArea::Facturacion)
    } else if has_any(words, TROUBLES) || has_any(words, REPAIRS) {
        Some(InterestArea::Soporte)
    } else if has_any(words, BUYING) || wants_things(words) {
        Some(InterestArea::Ventas)
    } else {
        None
    }
}

/// Help with what somebody has.
const REPAIRS: &[&str] = &[
    "arreglen",
    "arreglar",
    "reparen",
    "reparar",
    "reparacion",
    "garantia",
    "soporte tecnico",
    "repair",
    "warranty",
    "consertar",
    "conserto",
];

/// "Necesito 30 galones de pintura": a wish with a number and a thing.
fn wants_things(words: &[Word<'_>]) -> bool {
    const WANTS: &[&str] = &[
        "necesito",
        "necesitamos",
        "quiero",
        "quisiera",
        "busco",
        "buscamos",
        "i need",
        "we need",
        "i want",
        "preciso de",
        "quero",
        "precisamos de",
    ];
    (0..words.len()).any(|at| {
        longest(words, at, WANTS).is_some_and(|length| {
            let number = words
                .get(at + length)
                .is_some_and(|word| word.text.bytes().all(|byte| byte.is_ascii_digit()));
            let thing = words.get(at + length + 1..).unwrap_or_default().iter().take(2).any(is_subject);
            number && thing
        })
    })
}

/// Whether the customer shows the wish to be contacted, to buy or to get a quote: only then are their data collected.
pub fn shows_interest(text: &str, intents: &[Intent]) -> bool {
    let words = read(text);
    if has_any(&words, CONTACT) {
        return true;
    }
    if has_any(&words, NO_PURCHASE) || has_any(&words, TROUBLES) {
        return false;
    }
    let books = intents.first().is_some_and(|best| best.agent == SCHEDULE && best.score >= SURE_INTENT);
    let cancels = has_any(&words, &["cancelar", "cancelo", "cancel", "cancele", "desmarcar", "anular"]);
    let commits = (0..words.len()).any(|at| {
        longest(&words, at, COMMITTING).is_some()
            && !is_about_words(&words, at)
            && !at
                .checked_sub(1)
                .and_then(|before| words.get(before))
                .is_some_and(|word| matches!(word.folded.as_str(), "no" | "not" | "nao"))
    });
    commits || wants_things(&words) || (books && !cancels)
}

/// Whether the customer only looks around, in so many words.
pub(super) fn only_looks(words: &[Word<'_>]) -> bool {
    has_any(
        words,
        &[
            "solo estoy mirando",
            "solo miro",
            "solo mirando",
            "solo averiguando",
            "solo era curiosidad",
            "por curiosidad",
            "solo pregunto",
            "solo preguntaba",
            "just looking",
            "just browsing",
            "just curious",
            "so olhando",
            "so pesquisando",
            "so estou pesquisando",
            "so curiosidade",
        ],
    ) || words.iter().all(is_ordinary) && words.len() < 2
}
