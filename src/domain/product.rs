//! What a tenant sells: one row of its catalogue.

use serde::{Deserialize, Serialize};

use super::money::Money;

/// The longest article number, in characters.
pub const MAX_SKU_CHARS: usize = 64;

/// A product as the catalogue has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// The article number, unique in the tenant whatever its case.
    pub sku: String,
    /// What it is called.
    pub name: String,
    /// What else is to be known of it; may be empty.
    pub description: String,
    /// What one costs.
    pub price: Money,
    /// How many there are, those that are set aside included. Never negative.
    pub stock: u32,
    /// How many of them are set aside for orders that wait for the customer's word.
    pub reserved: u32,
    /// The category; may be empty.
    pub category: String,
    /// Whether it is sold at all.
    pub active: bool,
    /// A picture; may be empty.
    pub image_url: String,
}

impl Product {
    /// How many can be sold now.
    pub fn available(&self) -> u32 {
        if self.active { self.stock.saturating_sub(self.reserved) } else { 0 }
    }
}

/// The form in which article numbers are compared: people write them in any case, with stray spaces.
pub fn sku_key(sku: &str) -> String {
    sku.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A product that a search found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProductHit {
    /// The product.
    pub product: Product,
    /// How well it fits, about 0 to 1; comparable within one search.
    pub score: f32,
    /// How much of what was asked for the product's own words and sizes say, 0 to 1.
    pub coverage: f32,
    /// Whether every word and size that was asked for is in the product.
    pub complete: bool,
    /// Whether every word of the product's name was asked for.
    pub exact: bool,
}

/// What a search of the catalogue found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ProductSearch {
    /// What can be sold now, best first.
    pub offered: Vec<ProductHit>,
    /// What fits better than anything offered and cannot be sold now, best first. Never to be offered.
    pub sold_out: Vec<ProductHit>,
}
