//! What an order is going to be: its products as they are now, and what could not be had. Pure.

use crate::{
    catalog::terms,
    domain::{
        cart::Wanted,
        language::Language,
        order::OrderItem,
        product::{Product, sku_key},
    },
    engine::sale::choice::Choice,
    text::words,
};

/// The products of an order that is being made.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Basket {
    /// Each product once, with how many are wanted.
    lines: Vec<(Product, u32)>,
    /// Whether something was put in or taken out.
    changed: bool,
    /// The names of products that cannot be sold now.
    pub(super) sold_out: Vec<String>,
    /// What is not in the catalogue, in the customer's words.
    pub(super) missed: Vec<String>,
}

/// A basket as far as it can be had.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Filled {
    /// What can be had.
    pub(super) items: Vec<OrderItem>,
    /// The products of which there are fewer than wanted, and how many there are.
    pub(super) reduced: Vec<(String, u32)>,
    /// The names of products that cannot be sold now.
    pub(super) sold_out: Vec<String>,
}

impl Basket {
    /// Puts in so many of the product of a number, as it is now; one that is gone is noted.
    pub(super) fn put(&mut self, known: &[Product], sku: &str, name: &str, count: u32) {
        match known.iter().find(|product| sku_key(&product.sku) == sku_key(sku)) {
            Some(product) => self.want(product, count, false),
            None => self.note_sold_out(name),
        }
        self.changed = true;
    }

    /// Puts in what the order has already.
    pub(super) fn keep(&mut self, known: &[Product], item: &OrderItem) {
        let changed = self.changed;
        self.put(known, &item.sku, &item.name, item.quantity);
        self.changed = changed;
    }

    /// Wants so many of a product; besides those that are wanted already when `more` is said.
    pub(super) fn want(&mut self, product: &Product, count: u32, more: bool) {
        self.changed = true;
        match self.lines.iter_mut().find(|(known, _)| known.sku == product.sku) {
            Some((_, wanted)) if more => *wanted = wanted.saturating_add(count),
            Some((_, wanted)) => *wanted = count,
            None => self.lines.push((product.clone(), count)),
        }
    }

    /// Takes a product out, or so many of it.
    pub(super) fn take_out(&mut self, sku: &str, count: Option<u32>) {
        self.changed = true;
        for (product, wanted) in &mut self.lines {
            if product.sku == sku {
                *wanted = count.map_or(0, |count| wanted.saturating_sub(count));
            }
        }
        self.lines.retain(|(_, wanted)| *wanted > 0);
    }

    pub(super) fn note_sold_out(&mut self, name: &str) {
        if !self.sold_out.iter().any(|known| known == name) {
            self.sold_out.push(name.to_owned());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether nothing was put in or taken out.
    pub(super) fn is_unchanged(&self) -> bool {
        !self.changed
    }

    /// The most of one product that is wanted.
    pub(super) fn most(&self) -> u32 {
        self.lines.iter().map(|(_, wanted)| *wanted).max().unwrap_or_default()
    }

    /// What of it can be had. `held` tells how many pieces of a product the open order has set aside itself.
    pub(super) fn fill(&self, held: impl Fn(&str) -> u32) -> Option<Filled> {
        let mut filled = Filled { sold_out: self.sold_out.clone(), ..Filled::default() };
        for (product, wanted) in &self.lines {
            let own = if product.active { held(&product.sku) } else { 0 };
            let available = product.available().saturating_add(own).min(product.stock);
            let count = (*wanted).min(available);
            if count == 0 {
                filled.sold_out.push(product.name.clone());
                continue;
            }
            if count < *wanted {
                filled.reduced.push((product.name.clone(), count));
            }
            filled.items.push(OrderItem::new(&product.sku, &product.name, count, product.price)?);
        }
        Some(filled)
    }
}

/// How many pieces are wanted of a product; none when it was not said. "4 litros de pintura" is one can of four litres.
pub(super) fn pieces(wanted: &Wanted, product: &Product) -> Option<u32> {
    match &wanted.measure {
        Some(measure) if terms::has_size(&product.name, measure) => Some(1),
        _ => wanted.quantity,
    }
}

/// A choice without the products of another size than the measure that was asked for, if one has just that.
pub(super) fn narrowed(choice: Choice, wanted: &Wanted) -> Choice {
    let (Choice::Which(products), Some(measure)) = (&choice, &wanted.measure) else { return choice };
    // "5 metros de cable" is the one that is sold by the metre, or the piece of five metres.
    let is_by_unit = |product: &Product| is_by_unit_of(product, measure);
    let fits: [&dyn Fn(&Product) -> bool; 2] =
        [&|product| terms::has_size(&product.name, measure), &is_by_unit];
    for fits in fits {
        let fitting: Vec<&Product> = products.iter().filter(|product| fits(product)).collect();
        if let [one] = fitting.as_slice() {
            return Choice::One((*one).clone());
        }
    }
    choice
}

/// Whether a product is sold by the unit of a measure: "5 metros" of cable "por metro".
pub(super) fn is_by_unit_of(product: &Product, measure: &str) -> bool {
    let unit = measure.split(' ').nth(1).unwrap_or_default().trim_end_matches('s');
    let name = words(&product.name).join(" ");
    unit.len() > 1 && [format!("por {unit}"), format!("per {unit}")].iter().any(|by| name.contains(by))
}

/// The number of the product of an order that a text names.
pub(super) fn named_in(items: &[OrderItem], text: &str, language: Language) -> Option<String> {
    let mut scored: Vec<(f32, &OrderItem)> =
        items.iter().map(|item| (terms::share(text, &item.name, language), item)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.first().filter(|(share, _)| *share >= 0.5).map(|(_, item)| item.sku.clone())
}

/// The stems of a text's words, and its numbers.
pub(super) fn stems(text: &str, language: Language) -> Vec<String> {
    let analysed = terms::analyse(text, language);
    let sizes = analysed.measures.iter().filter_map(crate::catalog::measure::Measure::bare_term);
    analysed.words.into_iter().map(|(_, stem)| stem).chain(sizes).collect()
}
