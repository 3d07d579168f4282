//! What a message wants of the shop: to buy, to ask for something, to change the order, or to hear of it; and the products
//! it names, in the customer's words with their quantities. Pure: whether there are such products is seen later.

use super::quantity;
use crate::{
    catalog::{measure, search::is_noise},
    domain::cart::Wanted,
    text::{fold, words},
};

/// What a message wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// To buy what it names.
    Buy,
    /// To know whether there is what it names, or what it costs.
    Ask,
    /// To take what it names out of the order.
    Remove,
    /// To have the last thing it names in the place of the first.
    Swap,
    /// To hear of the orders there are.
    Orders,
    /// To hear what the open order comes to.
    Total,
    /// To give up an order.
    Cancel,
    /// Nothing that is said in so many words; it may be the bare name of a product.
    Bare,
}

/// A message as the shop hears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    /// What it wants.
    pub(crate) act: Act,
    /// What it names.
    pub(crate) wanted: Vec<Wanted>,
    /// The number of an order that it names.
    pub(crate) order: Option<String>,
}

/// The most things one message may ask for.
const MAX_WANTED: usize = 12;

/// The letters and digits of an order's number.
const ORDER_CHARS: usize = 8;

const SWAP: &[&str] = &[
    "cambia",
    "cambiame",
    "cambiar",
    "cambie",
    "en vez de",
    "en lugar de",
    "instead of",
    "change",
    "swap",
    "replace",
    "troca",
    "trocar",
    "em vez de",
    "no lugar de",
];

const REMOVE: &[&str] = &[
    "quita",
    "quitale",
    "quitame",
    "quitar",
    "quite",
    "saca",
    "sacame",
    "sacale",
    "elimina",
    "eliminar",
    "borra",
    "sin",
    "ya no quiero",
    "remove",
    "take out",
    "take off",
    "without",
    "tira",
    "tire",
    "tirar",
    "retira",
    "retire",
    "sem",
    "nao quero mais",
];

const CANCEL: &[&str] = &[
    "cancela mi pedido",
    "cancela el pedido",
    "cancelar mi pedido",
    "cancelar el pedido",
    "cancelen mi pedido",
    "quiero cancelar",
    "cancele mi pedido",
    "cancelar pedido",
    "cancela la compra",
    "cancelar la compra",
    "cancel my order",
    "cancel the order",
    "cancelar meu pedido",
    "cancela meu pedido",
    "cancelar o pedido",
];

const ORDERS: &[&str] = &[
    "mis pedidos",
    "mis compras",
    "mis ordenes",
    "estado de mi pedido",
    "estado del pedido",
    "estatus de mi pedido",
    "status de mi pedido",
    "estatus del pedido",
    "como va mi pedido",
    "como esta mi pedido",
    "que paso con mi pedido",
    "ver mi pedido",
    "que he comprado",
    "que compre",
    "que pedi",
    "historial",
    "mi ultimo pedido",
    "mi ultima compra",
    "my orders",
    "my order",
    "order status",
    "order history",
    "what did i buy",
    "what did i order",
    "meus pedidos",
    "meu pedido",
    "minhas compras",
    "status do pedido",
    "o que eu comprei",
    "consultar pedido",
    "consultar mi pedido",
    "mi pedido",
    "numero de pedido",
];

const TOTAL: &[&str] = &[
    "cuanto es",
    "cuanto seria",
    "cuanto va",
    "cuanto llevo",
    "cuanto es todo",
    "el total",
    "cual es el total",
    "total",
    "que llevo",
    "cuanto queda",
    "cuanto me sale todo",
    "mi carrito",
    "el carrito",
    "how much is it",
    "the total",
    "what s the total",
    "my cart",
    "quanto fica",
    "quanto da",
    "qual o total",
    "meu carrinho",
];

const BUY: &[&str] = &[
    "quiero comprar",
    "quisiera comprar",
    "quiero pedir",
    "quiero encargar",
    "quiero llevar",
    "quiero",
    "quisiera",
    "kiero",
    "qiero",
    "quiro",
    "querria",
    "me das",
    "me da",
    "me dan",
    "dame",
    "deme",
    "denme",
    "me pones",
    "ponme",
    "pongame",
    "me vendes",
    "me vende",
    "vendeme",
    "vendame",
    "vendanme",
    "necesito",
    "nesesito",
    "nececito",
    "ocupo",
    "me llevo",
    "me llevaria",
    "llevo",
    "llevare",
    "me mandas",
    "mandame",
    "mandeme",
    "me envias",
    "enviame",
    "envieme",
    "me apartas",
    "apartame",
    "aparteme",
    "aparta",
    "comprar",
    "compro",
    "me regalas",
    "regalame",
    "pido",
    "pedir",
    "encargo",
    "voy a querer",
    "voy a llevar",
    "voy a comprar",
    "agrega",
    "agregame",
    "agregue",
    "agregar",
    "anade",
    "anademe",
    "sumale",
    "ponle",
    "adiciona",
    "adicioneme",
    "i want",
    "i need",
    "i d like",
    "i would like",
    "give me",
    "buy",
    "i ll take",
    "i will take",
    "get me",
    "order",
    "purchase",
    "add",
    "can i get",
    "can i have",
    "quero",
    "queria",
    "gostaria de",
    "preciso",
    "me ve",
    "me manda",
    "vou levar",
    "levo",
    "me vende",
    "acrescenta",
    "coloca",
];

const ASK: &[&str] = &[
    "tienen",
    "tienes",
    "tiene",
    "tendran",
    "tendras",
    "hay",
    "habra",
    "venden",
    "vendes",
    "vende",
    "manejan",
    "maneja",
    "trabajan",
    "precio",
    "precios",
    "presio",
    "cuanto cuesta",
    "cuanto cuestan",
    "cuanto vale",
    "cuanto valen",
    "cuanto sale",
    "cuanto salen",
    "cuanto esta",
    "cuanto estan",
    "cuanto es",
    "que precio",
    "a como",
    "en cuanto",
    "cuesta",
    "cuestan",
    "cuanto",
    "costo",
    "disponible",
    "disponibles",
    "existencia",
    "existencias",
    "stock",
    "busco",
    "buscando",
    "que tipos de",
    "que clases de",
    "opciones de",
    "muestrame",
    "do you have",
    "do you sell",
    "have you got",
    "how much",
    "price",
    "prices",
    "in stock",
    "looking for",
    "got any",
    "tem",
    "voces tem",
    "vendem",
    "quanto custa",
    "quanto e",
    "quanto",
    "preco",
    "procuro",
    "em estoque",
];

/// "Two more", "another one".
const MORE: &[&str] = &["mas", "otro", "otra", "otros", "otras", "more", "another", "mais", "outro", "outra"];

/// Reads a message.
pub(crate) fn read(text: &str) -> Reading {
    let folded = format!(" {} ", words(text).join(" "));
    let says = |list: &[&str]| list.iter().any(|phrase| folded.contains(&format!(" {phrase} ")));
    let order = order_number(text);
    let wanted = || wanted(text);
    let act = if says(CANCEL) {
        Act::Cancel
    } else if says(ORDERS) || order.is_some() {
        Act::Orders
    } else if says(SWAP) {
        Act::Swap
    } else if says(REMOVE) {
        Act::Remove
    } else if says(TOTAL) && wanted().iter().all(|wanted| is_empty(&wanted.text)) {
        Act::Total
    } else if says(BUY) {
        Act::Buy
    } else if says(ASK) {
        Act::Ask
    } else {
        Act::Bare
    };
    let wanted = match act {
        Act::Cancel | Act::Orders | Act::Total => Vec::new(),
        Act::Swap => swapped(text),
        _ => wanted(),
    };
    Reading { act, wanted, order }
}

/// The number of an order: eight letters and digits with both among them, in capitals or behind a sign.
fn order_number(text: &str) -> Option<String> {
    text.split(|c: char| c.is_whitespace() || ",.;:¿?¡!()".contains(c)).find_map(|word| {
        let bare = word.trim_start_matches('#');
        let fits = bare.len() == ORDER_CHARS
            && bare.bytes().all(|byte| byte.is_ascii_hexdigit())
            && bare.bytes().any(|byte| byte.is_ascii_digit())
            && bare.bytes().any(|byte| byte.is_ascii_alphabetic());
        fits.then(|| bare.to_uppercase())
    })
}

/// "Cambia los martillos por 2 desarmadores", "en vez de martillos, dame desarmadores": the first and what comes for it.
fn swapped(text: &str) -> Vec<Wanted> {
    let spaced = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let folded = fold(&spaced);
    if folded.len() != spaced.len() {
        // Places in the folded text are not those of the text: the folded one will do.
        return swapped_in(&folded);
    }
    swapped_in(&spaced)
}

fn swapped_in(text: &str) -> Vec<Wanted> {
    for between in [" por ", " for ", " pelo ", " pela "] {
        if let Some((old, new)) = text.split_once(between) {
            return [old, new].into_iter().filter_map(one).collect();
        }
    }
    let mut parts: Vec<Wanted> = text.split(',').filter_map(one).collect();
    parts.truncate(2);
    parts
}

/// A word of a message, as it is written and folded.
#[derive(Debug, Clone)]
struct Word<'a> {
    raw: &'a str,
    folded: String,
    /// Whether a comma, a line or a sentence ends behind it.
    ends: bool,
}

fn split(text: &str) -> Vec<Word<'_>> {
    let mut found: Vec<Word<'_>> = Vec::new();
    for line in text.lines() {
        for raw in line.split_whitespace() {
            let ends = raw.ends_with([',', ';', '.', '!', '?', ':', '…']);
            let bare = raw.trim_matches(|c: char| !c.is_alphanumeric() && !"\"”″'’%/#½¼¾".contains(c));
            if bare.is_empty() {
                // A dash or a bullet stands alone.
                if let Some(last) = found.last_mut() {
                    last.ends |= "-•*·+".contains(raw);
                }
                continue;
            }
            found.push(Word { raw: bare, folded: measure::folded(bare), ends });
        }
        if let Some(last) = found.last_mut() {
            last.ends = true;
        }
    }
    for at in 1..found.len() {
        let text_at = |at: usize| found.get(at).map(|word| word.folded.as_str());
        let is_claw =
            text_at(at).is_some_and(|word| measure::is_claw(word, text_at(at - 1), text_at(at + 1)));
        if let Some(word) = found.get_mut(at).filter(|_| is_claw) {
            word.raw = "uña";
            "unya".clone_into(&mut word.folded);
        }
    }
    found
}

/// The things that a message names.
fn wanted(text: &str) -> Vec<Wanted> {
    let words = split(text);
    let mut parts: Vec<Vec<Word<'_>>> = vec![Vec::new()];
    for (at, word) in words.iter().enumerate() {
        let behind: Vec<&str> = words.iter().skip(at + 1).take(3).map(|word| word.folded.as_str()).collect();
        let begins = |words: &[&str]| {
            quantity::leading(words).is_some_and(|(_, used)| {
                // "y 2 pulgadas" goes on with a size.
                words
                    .get(used)
                    .is_none_or(|next| !measure::is_unit(next) || words.get(used + 1) == Some(&"de"))
            }) || words.first().is_some_and(|word| is_article(word))
        };
        let is_and =
            matches!(word.folded.as_str(), "y" | "e" | "and" | "mas" | "tambien" | "ademas" | "plus");
        if is_and && begins(&behind) && parts.last().is_some_and(|part| !part.is_empty()) {
            parts.push(Vec::new());
            continue;
        }
        if let Some(part) = parts.last_mut() {
            part.push(word.clone());
        }
        if word.ends && begins(&behind) {
            parts.push(Vec::new());
        }
    }
    let mut found: Vec<Wanted> = Vec::new();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        let Some(one) = part_wanted(&part) else { continue };
        // "martillo, 3 piezas": the quantity of what was named before.
        if is_empty(&one.text)
            && let Some(last) = found.last_mut()
        {
            if last.quantity.is_none() {
                last.quantity = one.quantity;
            }
            continue;
        }
        found.push(one);
    }
    found.truncate(MAX_WANTED);
    found
}

fn one(text: &str) -> Option<Wanted> {
    part_wanted(&split(text)).filter(|wanted| !is_empty(&wanted.text))
}

/// Whether nothing of a text names a product.
pub(crate) fn is_empty(text: &str) -> bool {
    split(text).iter().all(|word| {
        let word = word.folded.as_str();
        is_noise(word)
            || is_article(word)
            || matches!(
                word,
                "y" | "o"
                    | "e"
                    | "de"
                    | "en"
                    | "que"
                    | "con"
                    | "por"
                    | "para"
                    | "pero"
                    | "a"
                    | "no"
                    | "si"
                    | "of"
                    | "mi"
                    | "ok"
                    | "sim"
                    | "nao"
                    | "do"
                    | "da"
                    | "eso"
                    | "todo"
                    | "total"
                    | "vez"
                    | "lugar"
                    | "sin"
                    | "quiza"
                    | "mejor"
                    | "otro"
                    | "otra"
                    | "otros"
                    | "otras"
                    | "cambia"
                    | "cambiame"
                    | "cambiar"
                    | "es"
                    | "seria"
                    | "sera"
                    | "queda"
                    | "va"
                    | "llevo"
                    | "fica"
                    | "cual"
                    | "carrito"
                    | "is"
                    | "it"
                    | "the"
                    | "what"
            )
    })
}

fn is_article(word: &str) -> bool {
    matches!(
        word,
        "un" | "una"
            | "unos"
            | "unas"
            | "el"
            | "la"
            | "los"
            | "las"
            | "um"
            | "uma"
            | "the"
            | "an"
            | "os"
            | "as"
    )
}

/// Units in which things are sold by the piece.
fn is_piece(word: &str) -> bool {
    matches!(
        word,
        "pieza"
            | "piezas"
            | "pza"
            | "pzas"
            | "pz"
            | "unidad"
            | "unidades"
            | "und"
            | "unds"
            | "units"
            | "unit"
            | "pieces"
            | "piece"
            | "pecas"
            | "peca"
            | "unidade"
            | "u"
    )
}

/// One thing with its quantity.
fn part_wanted(part: &[Word<'_>]) -> Option<Wanted> {
    let folded: Vec<&str> = part.iter().map(|word| word.folded.as_str()).collect();
    let mut wanted = Wanted::default();
    let mut kept: Vec<&str> = Vec::new();
    let mut at = 0;
    let mut named = false;
    while let Some(word) = part.get(at) {
        let left = folded.get(at..).unwrap_or_default();
        if wanted.quantity.is_none()
            && let Some((count, used)) = quantity::leading(left)
            && let Some(kind) = kind_of(left, used, named)
        {
            match kind {
                Counted::Pieces(skip) => {
                    wanted.quantity = Some(count);
                    at += used + skip;
                    continue;
                }
                Counted::Measured => {
                    wanted.quantity = Some(count);
                    let unit = left.get(used).copied().unwrap_or_default();
                    wanted.measure = Some(format!("{count} {unit}"));
                    at += used + 2;
                    continue;
                }
                Counted::Article => {
                    wanted.quantity = Some(1);
                    at += used;
                    continue;
                }
            }
        }
        wanted.more |= MORE.contains(&word.folded.as_str());
        named |= !is_noise(&word.folded) && !is_article(&word.folded);
        kept.push(word.raw);
        at += 1;
    }
    wanted.text = trimmed(&kept);
    (!wanted.text.is_empty() || wanted.quantity.is_some()).then_some(wanted)
}

/// What a number counts.
enum Counted {
    /// Pieces; so many words behind it say so.
    Pieces(usize),
    /// A measure of the product: "2 kg de".
    Measured,
    /// "Un martillo".
    Article,
}

/// What the number at the beginning of these words counts; none when it is a size or a part of a name.
fn kind_of(left: &[&str], used: usize, named: bool) -> Option<Counted> {
    let first = left.first().copied().unwrap_or_default();
    let next = left.get(used).copied().unwrap_or_default();
    let after = left.get(used + 1).copied().unwrap_or_default();
    if is_piece(next) {
        let skip = if matches!(after, "de" | "del" | "of") { 2 } else { 1 };
        return Some(Counted::Pieces(skip));
    }
    // "x 3" at the end, "x3"
    let is_times = first.len() > 1 && (first.starts_with('x') || first.ends_with('x'));
    if named && !is_times {
        return None;
    }
    if measure::is_unit(next) && next.len() > 1 || matches!(next, "m" | "l" | "g") {
        return matches!(after, "de" | "del" | "of").then_some(Counted::Measured);
    }
    if matches!(next, "\"" | "x" | "por") && !next.is_empty() || next.starts_with(['"', '”', '\'']) {
        return None;
    }
    let is_article = matches!(first, "un" | "una" | "um" | "uma" | "uno");
    if is_article && used == 1 { Some(Counted::Article) } else { Some(Counted::Pieces(0)) }
}

/// Every number of pieces that a text says: no sizes, and no numbers of a name.
pub(crate) fn counts(text: &str) -> Vec<u32> {
    let words = split(text);
    let folded: Vec<&str> = words.iter().map(|word| word.folded.as_str()).collect();
    let mut counts = Vec::new();
    let mut at = 0;
    while let Some(left) = folded.get(at..).filter(|left| !left.is_empty()) {
        match quantity::leading(left) {
            Some((count, used)) => {
                if kind_of(left, used, false).is_some() {
                    counts.push(count);
                }
                at += used;
            }
            None => at += 1,
        }
    }
    counts
}

/// The words of a product without what is only said before and behind them.
fn trimmed(kept: &[&str]) -> String {
    let is_around = |word: &&str| {
        let folded = measure::folded(word);
        is_noise(&folded)
            || is_article(&folded)
            || matches!(
                folded.as_str(),
                "de" | "del"
                    | "y"
                    | "e"
                    | "and"
                    | "of"
                    | "que"
                    | "a"
                    | "en"
                    | "si"
                    | "no"
                    | "por"
                    | "para"
                    | "con"
                    | "mejor"
                    | "entonces"
                    | "pues"
                    | "ok"
                    | "bueno"
                    | "lo"
                    | "vez"
                    | "lugar"
                    | "do"
                    | "da"
                    | "sim"
                    | "is"
                    | "are"
            )
            || SWAP.contains(&folded.as_str())
            || REMOVE.contains(&folded.as_str())
    };
    let start = kept.iter().position(|word| !is_around(word)).unwrap_or(kept.len());
    let end = kept.iter().rposition(|word| !is_around(word)).map_or(start, |last| last + 1);
    kept.get(start..end).unwrap_or_default().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_pieces_is_heard_and_no_size() {
        let check = |text: &str, expected: &[u32]| assert_eq!(counts(text), expected, "{text}");
        check("necesitamos tres de esos, y 2 docenas de clavos de 2 pulgadas", &[3, 24]);
        check("treinta y dos martillos de 16 oz", &[32]);
        check("mándame el martillo", &[]);
    }

    fn check(text: &str, act: Act, expected: &[(Option<u32>, &str)]) {
        let reading = read(text);
        let wanted: Vec<(Option<u32>, &str)> =
            reading.wanted.iter().map(|wanted| (wanted.quantity, wanted.text.as_str())).collect();
        assert_eq!((reading.act, wanted.as_slice()), (act, expected), "{text}");
    }

    #[test]
    fn purchases_are_read_with_their_quantities() {
        check("Quiero comprar 10 martillos", Act::Buy, &[(Some(10), "martillos")]);
        check(
            "Quiero comprar 10 martillos de uña de 16 oz",
            Act::Buy,
            &[(Some(10), "martillos de uña de 16 oz")],
        );
        check(
            "me das una docena de tornillos de 2 pulgadas",
            Act::Buy,
            &[(Some(12), "tornillos de 2 pulgadas")],
        );
        check("dame un martillo", Act::Buy, &[(Some(1), "martillo")]);
        check("necesito tornillos de 2\"", Act::Buy, &[(None, "tornillos de 2\"")]);
        check(
            "quiero 3 martillos de uña y 2 kg de clavos de 2 pulgadas",
            Act::Buy,
            &[(Some(3), "martillos de uña"), (Some(2), "clavos de 2 pulgadas")],
        );
        check("hola buenas, me vende martillo de bola x3 porfa", Act::Buy, &[(Some(3), "martillo de bola")]);
        check("quiero martillo de bola, 3 piezas", Act::Buy, &[(Some(3), "martillo de bola")]);
        check(
            "necesito:\n- 2 brochas de 4 pulgadas\n- 1 rodillo",
            Act::Buy,
            &[(Some(2), "brochas de 4 pulgadas"), (Some(1), "rodillo")],
        );
        check("I want to buy 2 hammers and 1 ladder", Act::Buy, &[(Some(2), "hammers"), (Some(1), "ladder")]);
        check("dame 2 martillos de una de 16 oz", Act::Buy, &[(Some(2), "martillos de uña de 16 oz")]);
        check("quero 5 parafusos", Act::Buy, &[(Some(5), "parafusos")]);
        check("Quiero comprar", Act::Buy, &[]);
    }

    #[test]
    fn questions_are_read() {
        check("¿Tienen martillos?", Act::Ask, &[(None, "martillos")]);
        check("¿cuánto cuesta el saco de cemento?", Act::Ask, &[(None, "saco de cemento")]);
        check("martillo de uña", Act::Bare, &[(None, "martillo de uña")]);
        check("do you have hammers?", Act::Ask, &[(None, "hammers")]);
        check("busco algo para pegar azulejo", Act::Ask, &[(None, "pegar azulejo")]);
        check("how much is the hammer?", Act::Ask, &[(None, "hammer")]);
    }

    #[test]
    fn changes_and_orders_are_read() {
        check("quita los clavos", Act::Remove, &[(None, "clavos")]);
        check(
            "cambia los martillos por 2 desarmadores",
            Act::Swap,
            &[(None, "martillos"), (Some(2), "desarmadores")],
        );
        check("¿cómo va mi pedido?", Act::Orders, &[]);
        check("¿cuánto sería?", Act::Total, &[]);
        check("quiero cancelar mi pedido", Act::Cancel, &[]);
        assert_eq!(read("qué pasó con el 3f9a21bc").order.as_deref(), Some("3F9A21BC"));
        assert!(read("dame 2 martillos más").wanted[0].more);
    }

    #[test]
    fn a_measure_before_the_product_is_remembered() {
        let reading = read("quiero 4 litros de pintura blanca");
        assert_eq!(reading.wanted[0].measure.as_deref(), Some("4 litros"));
        assert_eq!(reading.wanted[0].quantity, Some(4));
        assert_eq!(reading.wanted[0].text, "pintura blanca");
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,80}") {
            let _reading = read(&text);
        }
    }
}
