//! What a lead is worth: somebody who would buy, who needs help, who looks around, or who sells something to us.

use super::{
    known::is_pronounceable,
    reading::{Phrases, Word, read},
    wish::{SURE_INTENT, only_looks, shows_interest},
};
use crate::{
    domain::{
        lead::{InterestArea, LeadDraft, Qualification, Urgency},
        turn::Intent,
    },
    engine::agent::{EMERGENCY, SALES, SCHEDULE, SUPPORT},
};

/// The mood from which on somebody needs help before they need an offer.
const UPSET: f32 = -0.5;

/// What somebody who sells says: "we offer".
static OFFERS: Phrases = Phrases::of(
    "ofrecemos, ofrezco, le ofrezco, les ofrezco, te ofrezco, quiero ofrecerle, quiero ofrecerles, quisiera \
     ofrecerle, quisiera ofrecerles, quiero ofrecer, queremos ofrecer, para ofrecerles, para ofrecerle, somos \
     una agencia, somos agencia, nuestra agencia, nuestros servicios de, somos expertos en, somos \
     especialistas en, les presento nuestro, le presento nuestro, ponemos a su disposicion, we offer, i \
     offer, we provide, we are an agency, our agency, our services include, i can help you rank, we can help \
     you, i help businesses, oferecemos, ofereco, quero oferecer, somos uma agencia, nossa agencia, gostaria \
     de oferecer, prestamos servicos",
);

/// What is sold to businesses unasked.
static WARES: Phrases = Phrases::of(
    "seo, posicionamiento web, posicionamiento en google, primera pagina de google, first page of google, \
     backlinks, guest post, trafico web, seguidores, followers, seguidores reales, marketing digital, \
     publicidad en, redes sociales, social media, diseno web, pagina web para, paginas web, web design, \
     website design, desarrollo web, base de datos de, bases de datos, leads calificados, qualified leads, \
     prestamos, prestamo, creditos, credito, loan, loans, emprestimo, emprestimos, bitcoin, cripto, \
     criptomonedas, crypto, forex, trading, inversion, inversiones, invertir, investment, investimento, call \
     center, software para su empresa, aumentar sus ventas, aumentar tus ventas, increase your sales, \
     aumentar suas vendas, consultoria para su empresa, trafego pago",
);

/// Whole pitches: nobody says them who wants something of a business.
static PITCHES: Phrases = Phrases::of(
    "gane dinero, gana dinero, ganar dinero desde casa, ganhe dinheiro, renda extra, ingresos extra desde \
     casa, make money, earn money, earn up to, trabaje desde casa, trabaja desde casa, trabalhe de casa, work \
     from home, ganancias garantizadas, rentabilidad garantizada, lucro garantido, guaranteed returns, \
     guaranteed profit, duplica tu dinero, duplique su dinero, double your money, prestamo inmediato, \
     prestamos inmediatos, credito inmediato, creditos inmediatos, sin consultar centrales, sin importar su \
     historial, sin buro, emprestimo rapido, dinheiro na hora, haz clic aqui, haga clic aqui, da clic aqui, \
     click here, clique aqui, felicidades ha ganado, felicidades has ganado, you have won, you have been \
     selected, voce ganhou, has sido seleccionado, ha sido seleccionado, rank your website, rank 1 on google, \
     your website on google, increase your traffic, aumente sus ventas, aumenta tus ventas, aumente suas \
     vendas, compra seguidores, comprar seguidores, unete a mi grupo, entra a mi grupo, join my group, \
     reenvia este mensaje, comparte este mensaje, inversion minima, multiplica tu inversion, multiplique su \
     inversion",
);

/// What a lead is worth. `intents` are those of the last message, `messages` what the customer said, oldest first.
pub fn qualify(draft: &LeadDraft, intents: &[Intent], sentiment: f32, messages: &[&str]) -> Qualification {
    if is_spam(messages) {
        return Qualification::Spam;
    }
    let top = intents.iter().find(|intent| intent.score >= SURE_INTENT).map(|intent| intent.agent.as_str());
    let needs_help = matches!(draft.interest, Some(InterestArea::Soporte | InterestArea::Facturacion))
        || (draft.interest.is_none() && matches!(top, Some(SUPPORT | EMERGENCY)))
        || sentiment <= UPSET;
    if needs_help {
        return Qualification::Support;
    }
    let words: Vec<Vec<Word<'_>>> = messages.iter().map(|message| read(message)).collect();
    let looks = words.iter().any(|words| only_looks(words));
    let wants = messages.iter().any(|message| shows_interest(message, &[])) || matches!(top, Some(SCHEDULE));
    // Somebody who asks for prices and leaves an address or says it must be soon is about to buy.
    let follows_up = matches!(draft.interest, Some(InterestArea::Ventas)) || top == Some(SALES);
    let reachable = draft.email.is_some();
    let soon = matches!(draft.urgency, Some(Urgency::Alto | Urgency::Medio));
    let later = draft.urgency == Some(Urgency::Bajo);
    if (wants && !later && !looks) || (follows_up && (reachable || soon) && !looks && !later) {
        Qualification::Hot
    } else {
        Qualification::Cold
    }
}

/// Whether all that somebody said is an offer to the business, links or nonsense.
fn is_spam(messages: &[&str]) -> bool {
    let said: Vec<Vec<Word<'_>>> = messages.iter().map(|message| read(message)).collect();
    let pitches = |words: &Vec<Word<'_>>| PITCHES.is_in(words) || (OFFERS.is_in(words) && WARES.is_in(words));
    if said.iter().any(pitches) {
        return true;
    }
    let with_words: Vec<&str> =
        messages.iter().copied().filter(|message| message.chars().any(char::is_alphanumeric)).collect();
    !with_words.is_empty()
        && (with_words.iter().all(|message| is_only_links(message))
            || with_words.iter().all(|message| is_gibberish(message)))
}

fn is_only_links(message: &str) -> bool {
    let is_link = |part: &str| {
        let part = part.to_lowercase();
        part.contains("://")
            || part.starts_with("www.")
            || part.starts_with("t.me/")
            || part.starts_with("bit.ly/")
            || part.starts_with("wa.me/")
    };
    let mut parts =
        message.split_whitespace().filter(|part| part.chars().any(char::is_alphanumeric)).peekable();
    parts.peek().is_some() && parts.all(is_link)
}

/// Rows of keys and letters without a vowel.
fn is_gibberish(message: &str) -> bool {
    /// Shorter ones are abbreviations: "ok", "tqm", "xfa".
    const MIN_LETTERS: usize = 5;
    let words = read(message);
    let long: Vec<&Word<'_>> =
        words.iter().filter(|word| word.is_letters() && word.folded.len() >= MIN_LETTERS).collect();
    let letters: usize =
        words.iter().map(|word| word.text.chars().filter(|c| c.is_alphabetic()).count()).sum();
    !long.is_empty()
        && long.iter().all(|word| !is_pronounceable(&word.folded) && !is_laughter(&word.folded))
        && letters < 80
}

/// "jajajaja", "kkkkk", "hahaha", "holaaaa", "siiii", "mmmm": drawn out, and yet somebody speaks.
fn is_laughter(folded: &str) -> bool {
    let mut letters: Vec<char> = folded.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    letters.len() <= 4 && !folded.contains("asd")
}
