//! The things that a message names, each with its quantity. Pure.

use super::phrases::{MORE, REMOVE, SWAP};
use crate::{
    catalog::{measure, search::is_noise},
    domain::cart::Wanted,
    engine::sale::quantity,
};

/// The most things one message may ask for.
const MAX_WANTED: usize = 12;

/// A word of a message, as it is written and folded.
#[derive(Debug, Clone)]
pub(in crate::engine::sale) struct Word<'a> {
    pub(in crate::engine::sale) raw: &'a str,
    pub(in crate::engine::sale) folded: String,
    /// Whether a comma, a line or a sentence ends behind it.
    pub(in crate::engine::sale) ends: bool,
    /// Whether its line ends behind it.
    closes: bool,
}

pub(in crate::engine::sale) fn split(text: &str) -> Vec<Word<'_>> {
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
            found.push(Word { raw: bare, folded: measure::folded(bare), ends, closes: false });
        }
        if let Some(last) = found.last_mut() {
            last.ends = true;
            last.closes = true;
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
pub(super) fn wanted(text: &str) -> Vec<Wanted> {
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
            }) || words.first().is_some_and(|word| is_article(word) || asks_anew(word))
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
        // "Martillos" and, in the next line, "de goma" is one thing.
        let goes_on = matches!(
            behind.first(),
            Some(&("de" | "del" | "con" | "para" | "sin" | "of" | "with" | "com" | "sem"))
        );
        if word.ends && (begins(&behind) || (word.closes && !goes_on)) {
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

pub(super) fn one(text: &str) -> Option<Wanted> {
    part_wanted(&split(text)).filter(|wanted| !is_empty(&wanted.text))
}

/// Whether nothing of a text names a product.
pub(crate) fn is_empty(text: &str) -> bool {
    split(text).iter().all(|word| says_nothing(&word.folded))
}

/// Whether a folded word names no product.
fn says_nothing(word: &str) -> bool {
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
                | "if"
                | "se"
                | "serian"
                | "llevara"
                | "llevar"
                | "compro"
                | "take"
                | "levar"
                | "about"
                | "for"
        )
}

/// Whether a word begins another wish: "… y tienen brocas".
fn asks_anew(word: &str) -> bool {
    matches!(
        word,
        "tienes"
            | "tienen"
            | "tiene"
            | "hay"
            | "venden"
            | "manejan"
            | "dame"
            | "deme"
            | "quiero"
            | "necesito"
            | "cuanto"
            | "do"
            | "tem"
    )
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
        let names_a_number =
            at.checked_sub(1).and_then(|at| folded.get(at)).is_some_and(|word| is_naming(word));
        if wanted.quantity.is_none()
            && !names_a_number
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
        named |= !says_nothing(&word.folded);
        kept.push(word.raw);
        at += 1;
    }
    wanted.text = trimmed(&kept);
    (!wanted.text.is_empty() || wanted.quantity.is_some()).then_some(wanted)
}

/// Words behind which a number is a name: "modelo 500", "calibre 12".
const NAMING: &str = "modelo model mod referencia reference ref codigo code clave sku serie series tipo type calibre cal \
                      gauge talla size tamanho tamano numero number num nro parte part grado grade version";

fn is_naming(word: &str) -> bool {
    NAMING.split_ascii_whitespace().any(|known| known == word)
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
                let names_a_number =
                    at.checked_sub(1).and_then(|at| folded.get(at)).is_some_and(|word| is_naming(word));
                if !names_a_number && kind_of(left, used, false).is_some() {
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
