//! What somebody's words say of the area they are interested in, and whether they want to be contacted.

use super::{
    problem::{is_about_words, is_subject},
    reading::{Phrases, Word, read},
};
use crate::{
    domain::{lead::InterestArea, turn::Intent},
    engine::agent::{AVAILABILITY, EMERGENCY, SALES, SCHEDULE, SUPPORT},
};

/// How sure the router must be that a message is an agent's subject for the lead to rest on it.
pub(super) const SURE_INTENT: f32 = 0.5;

/// What tells of trouble.
pub(super) static TROUBLES: Phrases = Phrases::of(
    "no funciona, no funcionan, no me funciona, no sirve, no me sirve, dejo de funcionar, no enciende, no \
     prende, no enfria, no carga, no abre, falla, fallo, fallando, error, danado, danada, dano, se dano, \
     roto, rota, se rompio, se cayo, se nos cayo, caido, no llego, no me llego, no ha llegado, no me ha \
     llegado, no aparece, no podemos, no puedo, no puede entrar, no puedo entrar, no me deja, una fuga, fuga \
     de, un problema, problema con, tengo problemas, problemas con, problemas para, queja, reclamo, \
     reclamacion, me cobraron, nos cobraron, cobro doble, doble cobro, devolucion, defectuoso, defectuosa, \
     equivocado, equivocada, incompleto, not working, doesn t work, don t work, stopped working, won t, \
     broken, charged twice, double charge, overcharged, no me han devuelto, no me devuelven, devuelvan, never \
     arrived, didn t arrive, hasn t arrived, not arrived, wrong item, wrong order, wrong size, wrong product, \
     is wrong, issue with, problem with, complaint, nao funciona, parou de funcionar, defeito, quebrou, \
     quebrado, quebrada, nao chegou, errado, errada, com problema, com problemas, reclamar, cobraram, nao \
     consigo, nao abre, nao liga",
);

/// Words that are about money already due.
static BILLING: Phrases = Phrases::of(
    "factura, facturas, facturacion, boleto, fatura, faturas, nota fiscal, me cobraron, nos cobraron, cobro \
     doble, doble cobro, cobraram, invoice, invoices, billing, charged, charge on, overcharged, double \
     charge, reembolso, refund, estado de cuenta, recibo de pago, comprobante de pago, pago duplicado, \
     mensualidad, reembolsen, devuelto la plata, devuelto el dinero, devuelvan la plata, devuelvan el dinero, \
     mi dinero de vuelta, reembolsar",
);

/// Words of somebody who would buy.
static BUYING: Phrases = Phrases::of(
    "quiero la, quiero las, quiero los, el valor de, valor del, pricing, precio, precios, cuesta, cuestan, \
     cuanto vale, cuanto valen, cuanto sale, cuanto cobran, cotizar, cotizacion, cotizando, cotizaciones, \
     presupuesto, comprar, compro, compra, contratar, agendar, reservar, inscribirme, inscripcion, me \
     interesa, me interesan, estoy interesado, estoy interesada, promocion, promociones, descuento, \
     descuentos, licencias, quote, price, prices, how much, buy, purchase, book an appointment, interested \
     in, looking for, orcamento, preco, precos, quanto custa, quanto custam, quanto fica, tenho interesse, \
     estou interessado, estou interessada, procuro, estoy buscando, ando buscando, looking to buy, busco un, \
     busco una, busco unos, busco unas, quiere el, quiere un, quiere una, quiero el, quiero un curso, quiero \
     una cita",
);

/// Help with what somebody has.
static REPAIRS: Phrases = Phrases::of(
    "arreglen, arreglar, reparen, reparar, reparacion, garantia, soporte tecnico, repair, warranty, \
     consertar, conserto",
);

/// The wish to be contacted.
static CONTACT: Phrases = Phrases::of(
    "me pueden llamar, me puede llamar, me puedes llamar, que me llamen, que me contacten, me pueden \
     contactar, me puede contactar, contactenme, contactame, llamenme, llameme, me llaman, me contactan, \
     escribanme, me pueden escribir, me escriben, quedo atento, quedo atenta, les dejo mis datos, dejo mis \
     datos, mis datos son, call me, contact me, reach me, get in touch, email me, can someone call, me \
     liguem, me ligar, podem me ligar, entrem em contato, entrar em contato comigo, me chamem, mandenme una \
     cotizacion, me envian una cotizacion, enviarme una cotizacion",
);

/// The wish to buy or to get a quote; a bare question for a price is none yet.
static COMMITTING: Phrases = Phrases::of(
    "quiero tomar, quisiera tomar, quiero llevar, quiero encargar, quiero ordenar, quiero apuntarme, me \
     apunto, quiero matricularme, me lo llevo, la quiero, lo quiero, los quiero, cotizar, cotizacion, \
     cotizaciones, cotizarme, presupuesto para, un presupuesto, quiero comprar, quisiera comprar, deseo \
     comprar, necesito comprar, voy a comprar, quiero contratar, quisiera contratar, contratar, inscribirme, \
     quiero inscribir, me interesa, me interesan, me interesaria, estoy interesado, estoy interesada, estamos \
     interesados, quiero agendar, quisiera agendar, quiero reservar, quiero una cita, quiero el, quiero la, \
     quiero un, quiero una, necesito un, necesito una, busco un, busco una, adquirir, quiero adquirir, quiero \
     afiliarme, quiero pedir, quiero hacer un pedido, a quote, quote for, want to buy, would like to buy, \
     like to order, want to order, sign up, i m interested, interested in, looking for, want to hire, to \
     book, orcamento, quero comprar, gostaria de comprar, quero contratar, tenho interesse, quero agendar, \
     quero marcar, quero um, quero uma, quero o, preciso de um, preciso de uma",
);

/// Things that "quiero un …" asks for without any wish to buy.
static NO_PURCHASE: Phrases = Phrases::of(
    "reembolso, reclamo, reclamar, queja, devolucion, persona, asesor, humano, cancelar, factura, refund, \
     complaint, person, human, reclamacao, atendente, pessoa, favor, ayuda, pregunta, duda",
);

/// Somebody takes back what was booked.
static CANCELS: Phrases = Phrases::of("cancelar, cancelo, cancel, cancele, desmarcar, anular");

/// A wish before a number of things.
static WANTS: Phrases = Phrases::of(
    "necesito, necesitamos, quiero, quisiera, busco, buscamos, i need, we need, i want, preciso de, quero, \
     precisamos de",
);

static ONLY_LOOKS: Phrases = Phrases::of(
    "solo estoy mirando, solo miro, solo mirando, solo averiguando, solo era curiosidad, por curiosidad, solo \
     pregunto, solo preguntaba, solo quiero saber, just looking, just browsing, just curious, so olhando, so \
     pesquisando, so estou pesquisando, so curiosidade",
);

/// What somebody is interested in, from their words and else from the router's verdict.
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
    if BILLING.is_in(words) {
        Some(InterestArea::Facturacion)
    } else if TROUBLES.is_in(words) || REPAIRS.is_in(words) {
        Some(InterestArea::Soporte)
    } else if BUYING.is_in(words) || wants_things(words) {
        Some(InterestArea::Ventas)
    } else {
        None
    }
}

/// "Necesito 30 galones de pintura": a wish with a number and a thing.
fn wants_things(words: &[Word<'_>]) -> bool {
    (0..words.len()).any(|at| {
        let Some(length) = WANTS.longest(words, at) else { return false };
        let number =
            words.get(at + length).is_some_and(|word| word.text.bytes().all(|byte| byte.is_ascii_digit()));
        number && words.get(at + length + 1..).unwrap_or_default().iter().take(2).any(is_subject)
    })
}

/// Whether the customer shows the wish to be contacted, to buy or to get a quote: only then are their data collected.
pub fn shows_interest(text: &str, intents: &[Intent]) -> bool {
    let words = read(text);
    if CONTACT.is_in(&words) {
        return true;
    }
    if NO_PURCHASE.is_in(&words) || TROUBLES.is_in(&words) {
        return false;
    }
    let books = intents.first().is_some_and(|best| best.agent == SCHEDULE && best.score >= SURE_INTENT);
    let is_denied = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| words.get(before));
        before.is_some_and(|word| matches!(word.folded.as_str(), "no" | "not" | "nao"))
    };
    let commits = (0..words.len())
        .any(|at| COMMITTING.longest(&words, at).is_some() && !is_about_words(&words, at) && !is_denied(at));
    commits || wants_things(&words) || (books && !CANCELS.is_in(&words))
}

/// Whether the customer only looks around, in so many words.
pub(super) fn only_looks(words: &[Word<'_>]) -> bool {
    ONLY_LOOKS.is_in(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intent(agent: &str, score: f32) -> Vec<Intent> {
        vec![Intent { agent: agent.to_owned(), score }]
    }

    #[test]
    fn data_are_collected_of_those_who_want_something() {
        for text in [
            "me pueden llamar?",
            "quiero cotizar 20 sillas",
            "me interesa el curso",
            "necesito 500 bloques",
            "quisiera comprar un taladro",
            "I'd like a quote for 10 licenses",
            "looking for a plan for my company",
            "queria um orçamento",
            "quiero una cita para mañana",
        ] {
            assert!(shows_interest(text, &[]), "{text:?}");
        }
        for text in [
            "hola",
            "¿a qué hora abren?",
            "¿cuánto cuesta?",
            "quiero un reembolso",
            "quiero hablar con un asesor",
            "no me interesa",
            "quiero saber el horario",
            "I want to talk to a person",
            "necesito ayuda, no funciona",
            "gracias",
        ] {
            assert!(!shows_interest(text, &[]), "{text:?}");
        }
        assert!(shows_interest("para el martes a las 3", &intent(SCHEDULE, 0.9)));
        assert!(!shows_interest("necesito cancelar la cita", &intent(SCHEDULE, 0.9)));
        assert!(!shows_interest("para el martes a las 3", &intent(SCHEDULE, 0.2)));
    }

    #[test]
    fn words_tell_the_area_before_the_router_does() {
        let check = |text: &str, agent: &str, expected: Option<InterestArea>| {
            assert_eq!(interest(&intent(agent, 0.9), text), expected, "{text:?} {agent}");
        };
        check("me cobraron doble", SALES, Some(InterestArea::Facturacion));
        check("el taladro no funciona", SALES, Some(InterestArea::Soporte));
        check("¿tienen el curso?", SALES, Some(InterestArea::Ventas));
        check("¿dónde queda?", SUPPORT, Some(InterestArea::Soporte));
        check("hola", "lead", None);
        assert_eq!(interest(&intent(SALES, 0.3), "¿tienen el curso?"), None);
    }
}
