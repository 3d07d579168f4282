//! What a model may propose of orders: products that are rows, and quantities that the customer said. Code words the
//! proposal, and only the customer's own yes sells it. Pure.

use serde_json::{Value, json};

use super::reading::parts;
use crate::{
    catalog::terms,
    domain::{
        language::Language,
        order::{OrderItem, OrderRecord},
        product::{Product, ProductSearch, sku_key},
    },
};

/// The most products of a search that a model is shown.
const MAX_SHOWN: usize = 8;

/// How much of what was said must be in the name of a product that is taken out.
const NAMED_SHARE: f32 = 0.5;

/// What a model's proposal is made against.
#[derive(Debug, Clone, Copy)]
pub struct Counter<'a> {
    /// The rows that the catalogue was asked for in this turn.
    pub seen: &'a [Product],
    /// The article numbers of what the customer was shown last.
    pub shown: &'a [String],
    /// The order that waits for the customer's word.
    pub open: Option<&'a OrderRecord>,
    /// The contact's orders, the open one first, then the newest.
    pub orders: &'a [&'a OrderRecord],
}

/// What is to be read from the catalogue for a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The products that fit these words.
    Search(String),
    /// The product of this article number.
    Price(String),
    /// The products that an order is to have so many of, as they are now.
    Order(Vec<Line>),
}

/// How many of a product an order is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The article number.
    pub sku: String,
    /// What the product is called; its number while no row of it was read.
    pub name: String,
    /// How many; none takes it out.
    pub quantity: u32,
}

impl Counter<'_> {
    /// Products that are wanted besides what the open order has.
    ///
    /// # Errors
    /// What is wrong, in words for the model.
    pub fn propose(&self, items: &Value, said: &[&str]) -> Result<Request, String> {
        let lines = self.lines(items)?;
        for line in &lines {
            if self.in_order(&line.sku).is_some() {
                return Err(format!("{} is in the open order already; use change_order", line.sku));
            }
            if line.quantity == 0 || !is_said(line.quantity, said) {
                return Err(unsaid(line));
            }
        }
        Ok(Request::Order(lines))
    }

    /// Other quantities of what the open order has, or something else in its place.
    ///
    /// # Errors
    /// As [`Self::propose`].
    pub fn change(&self, items: &Value, said: &[&str], language: Language) -> Result<Request, String> {
        let open = self.open.ok_or("no order is open; use propose_order")?;
        let lines = self.lines(items)?;
        for line in &lines {
            let before = self.in_order(&line.sku).map_or(0, |item| item.quantity);
            if line.quantity == 0 {
                let last = said.last().copied().unwrap_or_default();
                if before == 0 {
                    return Err(format!("{} is not in the open order", line.sku));
                }
                if terms::share(last, &line.name, language) < NAMED_SHARE {
                    return Err(format!("the customer did not ask to take out {:?}", line.name));
                }
            } else if !is_said(line.quantity, said) && !is_said(line.quantity.abs_diff(before), said) {
                // "Two more" and "two less" are said as the difference.
                return Err(unsaid(line));
            }
        }
        let stays = |item: &OrderItem| {
            !lines.iter().any(|line| line.quantity == 0 && sku_key(&line.sku) == sku_key(&item.sku))
        };
        if !open.items.iter().any(stays) && lines.iter().all(|line| line.quantity == 0) {
            return Err("nothing would be left; the customer cancels an order in their own words".to_owned());
        }
        Ok(Request::Order(lines))
    }

    /// How the contact's orders are: the one of a number, or the last ones.
    ///
    /// # Errors
    /// As [`Self::propose`].
    pub fn status(&self, order: Option<&str>) -> Result<Value, String> {
        let bare = order.map(|order| order.trim_start_matches('#'));
        let told: Vec<Value> = self
            .orders
            .iter()
            .filter(|order| bare.is_none_or(|id| order.id.eq_ignore_ascii_case(id)))
            .take(MAX_SHOWN)
            .map(|order| told(order))
            .collect();
        match bare {
            Some(id) if told.is_empty() => Err(format!("this customer has no order {id}")),
            _ => Ok(json!({"orders": told})),
        }
    }

    /// The lines that are asked for, each of a product that there is.
    fn lines(&self, items: &Value) -> Result<Vec<Line>, String> {
        let items = items.as_array().filter(|items| !items.is_empty()).ok_or("`items` is empty")?;
        let mut lines: Vec<Line> = Vec::new();
        for item in items {
            let sku = item.get("sku").and_then(Value::as_str).map(str::trim).unwrap_or_default();
            let quantity = item.get("quantity").and_then(Value::as_u64);
            let quantity =
                quantity.and_then(|count| u32::try_from(count).ok()).ok_or("`quantity` is wrong")?;
            let line = self
                .known(sku, quantity)
                .ok_or_else(|| format!("no product {sku:?} was found; call search_products first"))?;
            if lines.iter().any(|known| sku_key(&known.sku) == sku_key(sku)) {
                return Err(format!("{sku:?} is there twice"));
            }
            lines.push(line);
        }
        Ok(lines)
    }

    fn known(&self, sku: &str, quantity: u32) -> Option<Line> {
        let same = |known: &str| sku_key(known) == sku_key(sku);
        let line = |sku: &str, name: &str| Line { sku: sku.to_owned(), name: name.to_owned(), quantity };
        let seen = self.seen.iter().find(|product| same(&product.sku));
        let shown = self.shown.iter().find(|known| same(known));
        seen.map(|product| line(&product.sku, &product.name))
            .or_else(|| self.in_order(sku).map(|item| line(&item.sku, &item.name)))
            .or_else(|| shown.map(|known| line(known, known)))
    }

    fn in_order(&self, sku: &str) -> Option<&OrderItem> {
        self.open?.items.iter().find(|item| sku_key(&item.sku) == sku_key(sku))
    }
}

/// What a search found, for a model: only what can be sold now has a number and a price.
pub(crate) fn found_result(found: &ProductSearch) -> Value {
    let offered: Vec<Value> = shown(found).map(row).collect();
    let gone: Vec<&str> =
        found.sold_out.iter().take(MAX_SHOWN).map(|hit| hit.product.name.as_str()).collect();
    json!({"products": offered, "sold_out": gone})
}

/// The products of a search that a model is shown.
pub(crate) fn shown(found: &ProductSearch) -> impl Iterator<Item = &Product> {
    found.offered.iter().take(MAX_SHOWN).map(|hit| &hit.product)
}

/// A product for a model, as its row is.
pub(crate) fn row(product: &Product) -> Value {
    json!({
        "sku": product.sku,
        "name": product.name,
        "price": product.price.to_text(),
        "available": product.available(),
    })
}

/// What a result states of rows, for the guard: a number of pieces is no price, article numbers are neither, and an error
/// repeats what the model wrote.
pub(crate) fn stated(result: &Value) -> String {
    match result {
        Value::Object(fields) => {
            let parts = fields.iter().map(|(name, value)| match (name.as_str(), value) {
                ("sku" | "error", _) => String::new(),
                (_, Value::Number(pieces)) => format!("{pieces} unidades\n"),
                _ => stated(value),
            });
            parts.collect()
        }
        Value::Array(values) => values.iter().map(stated).collect(),
        Value::String(text) => format!("{text}\n"),
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}

fn told(order: &OrderRecord) -> Value {
    let items: Vec<Value> = order
        .items
        .iter()
        .map(|item| {
            json!({"sku": item.sku, "name": item.name, "quantity": item.quantity,
                   "price": item.unit_price.to_text(), "total": item.total.to_text()})
        })
        .collect();
    json!({"order": order.id, "status": order.status, "items": items, "total": order.total.to_text()})
}

/// Whether a customer said this number of pieces.
fn is_said(quantity: u32, said: &[&str]) -> bool {
    quantity > 0 && said.iter().any(|text| parts::counts(text).contains(&quantity))
}

fn unsaid(line: &Line) -> String {
    format!("the customer did not say {} of {:?}; ask how many they want", line.quantity, line.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::guard::Grounds;

    #[test]
    fn only_the_prices_of_rows_are_prices() {
        let result =
            json!({"products": [{"sku": "MAR-25", "name": "Martillo", "price": "$189.00", "available": 7}]});
        let mut grounds = Grounds::default();
        grounds.add_tool_result(&stated(&result));
        grounds.check("El martillo cuesta $189.00 y tenemos 7 unidades.").unwrap();
        for invented in ["El martillo cuesta $7.00.", "El martillo cuesta $25.", "El martillo cuesta $1.00."]
        {
            grounds.check(invented).unwrap_err();
        }
        assert_eq!(stated(&json!({"error": "there is no product \"$1.00\""})), "");
        assert_eq!(stated(&json!({"products": [], "sold_out": []})), "", "nothing was learned");
    }
}
