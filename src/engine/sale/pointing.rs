//! What a customer points at among the products that were shown: by their places, by the price, by what only one of them has,
//! at all of them; and how many of each. Pure.

use super::{quantity, reading::parts};
use crate::{
    catalog::{measure, search::is_noise, terms},
    domain::{language::Language, product::Product},
};

/// What is pointed at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pointed {
    /// These, by their place among what was shown from 0, each with how many if that was said.
    At(Vec<(usize, Option<u32>)>),
    /// One or some of these, and it cannot be told which; how many, if that was said.
    Among(Vec<usize>, Option<u32>),
    /// So many packages of a kind that nothing shown comes in, in the customer's word for it.
    Packed(u32, String),
    /// Nothing that was shown.
    Nothing,
}

/// How much of what is said must be in a product that is meant by what it has.
const NAMED_SHARE: f32 = 0.5;

/// What one part of a message points at.
enum Target {
    Place(usize),
    Cheapest,
    Dearest,
    Largest,
    Smallest,
    /// All that were shown, when they are so many.
    All(Option<usize>),
    /// "That one".
    That,
}

/// One part of a message: "2 del primero".
#[derive(Default)]
struct Part<'a> {
    target: Option<Target>,
    quantity: Option<u32>,
    /// The words that neither point nor count.
    rest: Vec<&'a str>,
    /// Whether it is a number and nothing else.
    is_bare_number: bool,
}

/// Reads what a text points at. `shown` is not empty.
pub(crate) fn pointed(text: &str, shown: &[Product], language: Language) -> Pointed {
    let asks = text.contains('?');
    let words = parts::split(text);
    let mut at: Vec<(usize, Option<u32>)> = Vec::new();
    let mut among: Option<(Vec<usize>, Option<u32>)> = None;
    for words in segments(&words) {
        let part = read(words, asks, shown.len());
        match meant(&part, shown, language) {
            Meant::Products(places) => {
                // "The first, 3 of them": a number on its own counts what was pointed at before.
                let is_count = part.target.is_none() && part.rest.is_empty() && !part.is_bare_number;
                if matches!(part.target, Some(Target::All(None))) && !at.is_empty() {
                    // "The first and the third, two of each".
                    for (_, count) in &mut at {
                        *count = count.or(part.quantity);
                    }
                    continue;
                }
                match at.last_mut().filter(|_| is_count) {
                    Some((_, count)) if count.is_none() => *count = part.quantity,
                    Some(_) => return Pointed::Among(all(shown), part.quantity),
                    None => {
                        // A number alone is a place of the list, and counts only what there is one of.
                        let is_place = part.is_bare_number && shown.len() > 1;
                        let count = part.quantity.filter(|_| !is_place);
                        at.extend(places.into_iter().map(|place| (place, count)));
                    }
                }
            }
            Meant::OneOf(places) => among = among.or(Some((places, part.quantity))),
            Meant::Packed(word) if at.is_empty() => {
                return Pointed::Packed(part.quantity.unwrap_or(1), word);
            }
            Meant::Silence => {}
            Meant::Packed(_) | Meant::SomethingElse => return Pointed::Nothing,
        }
    }
    if let Some((places, count)) = among {
        // "The first, and 3": of what, if not of the first?
        if let ([(_, known @ None)], Some(_)) = (at.as_mut_slice(), count) {
            *known = count;
        } else {
            return Pointed::Among(places, count);
        }
    }
    at.sort_by_key(|(place, _)| *place);
    at.dedup_by(|later, first| {
        let same = later.0 == first.0;
        if same {
            first.1 = first.1.or(later.1);
        }
        same
    });
    if at.is_empty() { Pointed::Nothing } else { Pointed::At(at) }
}

/// Whether a text asks for another one of what was talked about: "la de 20 kg", "los de madera", "the one with …", "2 pulgadas".
pub(crate) fn is_refinement(text: &str, language: Language) -> bool {
    let words = parts::split(text);
    let said: Vec<&str> =
        words.iter().map(|word| word.folded.as_str()).filter(|word| !is_lead(word)).collect();
    let is_of = |word: Option<&&str>| word.is_some_and(|word| is_of(word));
    let begins = match said.first() {
        Some(&("el" | "la" | "los" | "las" | "lo" | "uno" | "una" | "o" | "os" | "as" | "um" | "uma")) => {
            is_of(said.get(1))
        }
        Some(&("the" | "ones" | "one")) => said.iter().skip(1).take(3).any(|word| is_of(Some(word))),
        first => is_of(first),
    };
    if begins {
        return true;
    }
    let analysed = terms::analyse(text, language);
    analysed.measures.iter().any(|measure| measure.is_size)
        && analysed.words.iter().all(|(word, _)| is_noise(word))
}

/// Words before what is pointed at that say nothing of it.
fn is_lead(word: &str) -> bool {
    let is_article = matches!(
        word,
        "uno" | "una" | "un" | "um" | "uma" | "el" | "la" | "los" | "las" | "lo" | "the" | "o" | "os" | "as"
    );
    let is_around =
        matches!(word, "y" | "e" | "and" | "no" | "si" | "mejor" | "pero" | "but" | "mas" | "entonces");
    !is_article && !is_of(word) && (is_noise(word) || is_around)
}

/// Whether a word says that what follows is what something is like.
fn is_of(word: &str) -> bool {
    matches!(
        word,
        "de" | "del" | "con" | "para" | "sin" | "of" | "with" | "for" | "com" | "sem" | "em" | "en"
    )
}

/// The words of a text, cut where another product may begin.
fn segments<'a, 'b>(words: &'b [parts::Word<'a>]) -> Vec<&'b [parts::Word<'a>]> {
    let mut found = Vec::new();
    let mut begin = 0;
    for (at, word) in words.iter().enumerate() {
        let is_and =
            matches!(word.folded.as_str(), "y" | "e" | "and" | "tambien" | "ademas" | "plus" | "tambem");
        // "Y" may stand inside of a number: "treinta y dos".
        let from = words.get(begin..).unwrap_or_default();
        let said: Vec<&str> = from.iter().map(|word| word.folded.as_str()).collect();
        let inside = (0..at - begin).any(|start| {
            let rest = said.get(start..).unwrap_or_default();
            quantity::leading(rest).is_some_and(|(_, used)| start + used > at - begin + 1)
        });
        if is_and && !inside {
            found.extend(words.get(begin..at));
            begin = at + 1;
        } else if word.ends {
            found.extend(words.get(begin..=at));
            begin = at + 1;
        }
    }
    found.extend(words.get(begin..));
    found.retain(|words| !words.is_empty());
    found
}

fn read<'a>(words: &[parts::Word<'a>], asks: bool, shown: usize) -> Part<'a> {
    let said: Vec<&str> = words.iter().map(|word| word.folded.as_str()).collect();
    let mut part = Part {
        is_bare_number: said.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_digit())),
        ..Part::default()
    };
    let mut at = 0;
    while let (Some(left), Some(word)) = (said.get(at..).filter(|left| !left.is_empty()), words.get(at)) {
        if part.target.is_none()
            && let Some((target, used)) = target(left, asks, shown)
        {
            part.target = Some(target);
            at += used;
            continue;
        }
        // "The second one" is not one of the second.
        if part.target.is_some() && matches!(word.folded.as_str(), "one" | "ones") {
            at += 1;
            continue;
        }
        // "El 5" is a place even where there is none, and "de 12" is what something is like.
        let before = at.checked_sub(1).and_then(|at| said.get(at)).copied().unwrap_or_default();
        let is_place = matches!(before, "el" | "la" | "the");
        let is_kind = at == 1 && matches!(before, "de" | "del" | "of");
        if is_place && word.folded.bytes().all(|byte| byte.is_ascii_digit()) {
            at += 1;
            part.target = part.target.or(Some(Target::That));
            continue;
        }
        if part.quantity.is_none()
            && !is_kind
            && let Some((count, used)) = quantity::leading(left)
            && !is_size(left, used)
        {
            part.quantity = Some(count);
            at += used;
            continue;
        }
        let says_nothing = is_noise(&word.folded) || parts::is_empty(word.raw) || is_lead(&word.folded);
        if !says_nothing {
            part.rest.push(word.raw);
        }
        at += 1;
    }
    part
}

/// Whether the number at the beginning of words is part of a size: "20 kg", "2 1/2 pulgadas", "1/2 x 3".
fn is_size(left: &[&str], used: usize) -> bool {
    let next = left.get(used).copied().unwrap_or_default();
    let starts_fraction = next.contains('/') && next.starts_with(|c: char| c.is_ascii_digit());
    starts_fraction
        || next.starts_with(['"', '”', '\''])
        || (measure::is_unit(next) && next != "a")
        || next == "x"
}

/// What the first of some folded words point at, and how many of them do.
fn target(left: &[&str], asks: bool, shown: usize) -> Option<(Target, usize)> {
    let word = left.first().copied()?;
    let next = left.get(1).copied().unwrap_or_default();
    if let Some(place) = ORDINALS.iter().position(|words| words.contains(&word)) {
        return Some((Target::Place(place), 1));
    }
    if matches!(word, "ultimo" | "ultima" | "last") {
        return Some((Target::Place(shown.saturating_sub(1)), 1));
    }
    let place = |text: &str| {
        let place = text.trim_start_matches('#').parse::<usize>().ok()?.checked_sub(1)?;
        (place < shown).then_some(Target::Place(place))
    };
    let is_one = matches!(word, "el" | "la" | "del" | "o" | "a" | "the" | "do" | "da");
    let is_option = matches!(word, "opcion" | "numero" | "num" | "nro" | "option" | "number" | "opcao" | "#");
    if (is_option || (is_one && shown > 1))
        && !is_size(left, 2)
        && let Some(place) = place(next)
    {
        return Some((place, 2));
    }
    if word.starts_with('#')
        && let Some(place) = place(word)
    {
        return Some((place, 1));
    }
    let is_more = matches!(word, "mas" | "mais" | "most");
    if is_more
        && matches!(next, "barato" | "barata" | "baratos" | "baratas" | "economico" | "economica" | "bara")
    {
        return Some((Target::Cheapest, 2));
    }
    if is_more && matches!(next, "caro" | "cara" | "caros" | "caras" | "expensive") {
        return Some((Target::Dearest, 2));
    }
    if word == "cheapest"
        || (matches!(word, "menor" | "lowest") && matches!(next, "precio" | "preco" | "price"))
    {
        return Some((Target::Cheapest, if word == "cheapest" { 1 } else { 2 }));
    }
    if let Some((target, used)) = by_size_word(if is_more { next } else { word }) {
        return Some((target, used + usize::from(is_more)));
    }
    if matches!(word, "ambos" | "ambas" | "both") {
        return Some((Target::All(Some(2)), 1));
    }
    if matches!(word, "todos" | "todas" | "all") || (matches!(word, "cada" | "each") && shown > 1) {
        return Some((Target::All(None), if matches!(next, "uno" | "una" | "um" | "one") { 2 } else { 1 }));
    }
    let is_several = matches!(word, "los" | "las" | "os" | "as" | "the");
    if is_several
        && shown > 1
        && let Some((count, used)) = quantity::leading(left.get(1..).unwrap_or_default())
        && (2..=5).contains(&count)
        && !is_size(left.get(1..).unwrap_or_default(), used)
    {
        return Some((Target::All(usize::try_from(count).ok()), 1 + used));
    }
    let is_that = matches!(
        word,
        "ese"
            | "esa"
            | "eso"
            | "esos"
            | "esas"
            | "este"
            | "estos"
            | "estas"
            | "esse"
            | "essa"
            | "isso"
            | "that"
            | "those"
            | "this"
    );
    (is_that && !asks).then_some((Target::That, 1))
}

fn by_size_word(word: &str) -> Option<(Target, usize)> {
    match word {
        "grande" | "grandes" | "grandota" | "biggest" | "largest" | "bigger" | "larger" | "big" | "large" => {
            Some((Target::Largest, 1))
        }
        "chico" | "chica" | "chiquito" | "chiquita" | "pequeno" | "pequena" | "pequenyo" | "pequenya"
        | "smallest" | "smaller" | "small" => Some((Target::Smallest, 1)),
        _ => None,
    }
}

/// What a part means.
enum Meant {
    Products(Vec<usize>),
    OneOf(Vec<usize>),
    Packed(String),
    /// It says nothing of any product.
    Silence,
    SomethingElse,
}

fn meant(part: &Part<'_>, shown: &[Product], language: Language) -> Meant {
    let rest = part.rest.join(" ");
    if let Some(target) = &part.target {
        let places = match target {
            Target::Place(place) => vec![*place],
            Target::Cheapest => by_price(shown, |prices| prices.min()),
            Target::Dearest => by_price(shown, |prices| prices.max()),
            Target::Largest | Target::Smallest => match by_size(shown, matches!(target, Target::Largest)) {
                Some(place) => vec![place],
                None => return narrowed(&rest, shown, language),
            },
            Target::All(count) if count.is_none_or(|count| count == shown.len()) => all(shown),
            Target::That if shown.len() == 1 => vec![0],
            Target::All(_) | Target::That => return narrowed(&rest, shown, language),
        };
        let fits = |place: &usize| shown.get(*place).is_some_and(|product| has(&rest, product, language));
        // "El primero de los rojos": of something that was not shown.
        return if rest.is_empty() || places.iter().all(fits) {
            Meant::Products(places)
        } else {
            Meant::SomethingElse
        };
    }
    if !rest.is_empty() {
        return named(part, &rest, shown, language);
    }
    match part.quantity {
        None => Meant::Silence,
        Some(_) if shown.len() == 1 => Meant::Products(vec![0]),
        Some(place) if part.is_bare_number => {
            match usize::try_from(place)
                .ok()
                .and_then(|place| place.checked_sub(1))
                .filter(|at| *at < shown.len())
            {
                Some(at) => Meant::Products(vec![at]),
                None => Meant::OneOf(all(shown)),
            }
        }
        Some(_) => Meant::OneOf(all(shown)),
    }
}

/// What is meant by words that a product has: its kind, its size, or how it is packed.
fn named(part: &Part<'_>, rest: &str, shown: &[Product], language: Language) -> Meant {
    let mut scored: Vec<(f32, usize)> = shown
        .iter()
        .enumerate()
        .map(|(at, product)| (terms::share(rest, &product.name, language), at))
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let best = scored.first().map_or(0.0, |(share, _)| *share);
    if best >= NAMED_SHARE {
        let places: Vec<usize> =
            scored.iter().take_while(|(share, _)| *share >= best).map(|(_, at)| *at).collect();
        return if places.len() == 1 { Meant::Products(places) } else { Meant::OneOf(places) };
    }
    let is_package = part.rest.iter().all(|word| terms::is_packing(&measure::folded(word)));
    if is_package && part.quantity.is_some() { Meant::Packed(rest.to_owned()) } else { Meant::SomethingElse }
}

fn narrowed(rest: &str, shown: &[Product], language: Language) -> Meant {
    let fitting: Vec<usize> = all(shown)
        .into_iter()
        .filter(|at| shown.get(*at).is_some_and(|product| has(rest, product, language)))
        .collect();
    if rest.is_empty() {
        Meant::OneOf(all(shown))
    } else if fitting.is_empty() {
        Meant::SomethingElse
    } else {
        Meant::OneOf(fitting)
    }
}

fn has(words: &str, product: &Product, language: Language) -> bool {
    terms::share(words, &product.name, language) >= NAMED_SHARE
}

fn by_price(shown: &[Product], best: impl Fn(&mut dyn Iterator<Item = i64>) -> Option<i64>) -> Vec<usize> {
    let wanted = best(&mut shown.iter().map(|product| product.price.minor));
    let found = shown.iter().position(|product| Some(product.price.minor) == wanted);
    found.into_iter().collect()
}

/// The largest or smallest of what was shown; `None` when their sizes cannot be compared.
fn by_size(shown: &[Product], largest: bool) -> Option<usize> {
    let sizes: Vec<measure::Measure> = shown
        .iter()
        .map(|product| {
            measure::measures(&measure::folded(&product.name)).into_iter().rfind(|size| size.unit.is_some())
        })
        .collect::<Option<_>>()?;
    let unit = sizes.first()?.unit;
    if sizes.iter().any(|size| size.unit != unit) {
        return None;
    }
    let values = || sizes.iter().map(|size| size.value);
    let wanted = if largest { values().max() } else { values().min() }?;
    let mut places =
        (0..sizes.len()).filter(|place| sizes.get(*place).is_some_and(|size| size.value == wanted));
    // Two that are as large are not told apart.
    places.next().filter(|_| places.next().is_none())
}

fn all(shown: &[Product]) -> Vec<usize> {
    (0..shown.len()).collect()
}

/// "The first", "the second" …
const ORDINALS: [&[&str]; 5] = [
    &["primero", "primera", "primer", "first", "primeiro", "primeira", "1ro", "1ra", "1er", "1st"],
    &["segundo", "segunda", "second", "2do", "2da", "2nd"],
    &["tercero", "tercera", "tercer", "third", "terceiro", "terceira", "3ro", "3ra", "3er", "3rd"],
    &["cuarto", "cuarta", "fourth", "quarto", "4to", "4ta", "4th"],
    &["quinto", "quinta", "fifth", "5to", "5ta", "5th"],
];

#[cfg(test)]
mod tests;
