//! What a message wants of the shop: to buy, to ask for something, to change the order, or to hear of it; and the products
//! it names, in the customer's words with their quantities. Pure: whether there are such products is seen later.

pub(crate) mod parts;
mod phrases;

use self::{
    parts::{is_empty, one, wanted},
    phrases::{ASK, BUY, CANCEL, IF, MY_ORDER, ORDERS, REGRET, REMOVE, SUPPOSE, SWAP, TOTAL},
};
use crate::{
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
    /// To know what so many of what it names, or of what was talked about, would come to.
    Suppose,
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

/// The letters and digits of an order's number.
const ORDER_CHARS: usize = 8;

/// Reads a message.
pub(crate) fn read(text: &str) -> Reading {
    let said: Vec<String> = words(text).into_iter().map(written_out).collect();
    let folded = format!(" {} ", said.join(" "));
    let says = |list: &[&str]| list.iter().any(|phrase| folded.contains(&format!(" {phrase} ")));
    let order = order_number(text);
    let wanted = || wanted(text);
    let names_nothing = || wanted().iter().all(|wanted| is_empty(&wanted.text));
    let counts = || wanted().iter().any(|wanted| wanted.quantity.is_some());
    let act = if says(CANCEL) {
        Act::Cancel
    } else if says(ORDERS) || order.is_some() {
        Act::Orders
    } else if says(SWAP) {
        Act::Swap
    } else if says(REMOVE) {
        Act::Remove
    } else if (says(SUPPOSE) || (text.contains('?') && says(IF))) && counts() {
        Act::Suppose
    } else if says(TOTAL) && names_nothing() {
        Act::Total
    } else if says(BUY) {
        Act::Buy
    } else if says(MY_ORDER) && names_nothing() {
        Act::Orders
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

/// A word as it is written when there is time.
fn written_out(word: String) -> String {
    match word.as_str() {
        "q" | "k" | "ke" => "que".to_owned(),
        "kiero" | "qiero" | "quiro" => "quiero".to_owned(),
        "tb" | "tmb" | "tbn" => "tambien".to_owned(),
        "cto" | "cuant" | "cuanto" => "cuanto".to_owned(),
        _ => word,
    }
}

/// Whether a text supposes something: "¿y si llevo 20?" neither agrees nor orders.
pub(crate) fn supposes(text: &str) -> bool {
    read(text).act == Act::Suppose
}

/// Whether a refusal takes back what was agreed to, rather than declining anything more.
pub(crate) fn regrets(text: &str) -> bool {
    let folded = format!(" {} ", words(text).join(" "));
    REGRET.iter().any(|phrase| folded.contains(&format!(" {phrase} ")))
}

/// Whether a number in a text comes on top of what there is: "agrega 3", "tres más".
pub(crate) fn adds(text: &str) -> bool {
    words(text).iter().any(|word| {
        matches!(
            word.as_str(),
            "agrega"
                | "agregame"
                | "agregue"
                | "agregar"
                | "anade"
                | "anademe"
                | "suma"
                | "sumale"
                | "sumame"
                | "add"
                | "acrescenta"
                | "acrescente"
                | "adiciona"
        )
    })
}

/// Whether a text speaks of what is being carried: "¿cuánto llevo?".
pub(crate) fn names_a_cart(text: &str) -> bool {
    let said = words(text);
    said.iter().any(|word| matches!(word.as_str(), "llevo" | "carrito" | "cart" | "carrinho" | "levando"))
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
    for between in [" por ", " for ", " pelo ", " pela ", " with ", " to "] {
        if let Some((old, new)) = text.split_once(between) {
            return [old, new].into_iter().filter_map(one).collect();
        }
    }
    let mut parts: Vec<Wanted> = text.split(',').filter_map(one).collect();
    parts.truncate(2);
    parts
}

#[cfg(test)]
mod tests;
