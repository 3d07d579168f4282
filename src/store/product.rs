//! Reading the catalogue. It is changed by an import ([`super::product_import`]) and by orders ([`super::order`]).

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{StoreError, TenantDb};
use crate::domain::{
    money::{Currency, Money},
    product::{Product, sku_key},
};

/// What every reading of products begins with; [`product`] reads its columns. `?1` is now, in milliseconds.
pub(super) const SELECT: &str = "\
    select p.sku, p.name, p.description, p.price_minor, p.currency, p.stock, p.category, p.active, p.image_url,
           coalesce((select sum(h.quantity) from stock_hold h
                     where h.product_id = p.id and h.expires_ms > ?1), 0)
    from product p";

/// How many products there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProductCounts {
    /// All of them.
    pub all: u64,
    /// Those that are sold.
    pub active: u64,
}

impl TenantDb {
    /// Products in the order of their article numbers: those behind the key `after`, at most `limit`.
    pub async fn products(
        &self,
        after: Option<String>,
        limit: u32,
        now_ms: i64,
    ) -> Result<Vec<Product>, StoreError> {
        self.read(move |tx| {
            let mut statement = tx.prepare_cached(&format!(
                "{SELECT} where ?2 is null or p.sku_key > ?2 order by p.sku_key limit ?3"
            ))?;
            let rows = statement.query_map(params![now_ms, after, limit], raw)?;
            rows.map(|row| product(row?)).collect()
        })
        .await
    }

    /// A product by its article number.
    pub async fn product(&self, sku: &str, now_ms: i64) -> Result<Option<Product>, StoreError> {
        let sku = sku.to_owned();
        self.read(move |tx| find(tx, &sku, now_ms)).await
    }

    /// The products of some article numbers that there are, in the order of the numbers.
    pub async fn products_of(&self, skus: Vec<String>, now_ms: i64) -> Result<Vec<Product>, StoreError> {
        self.read(move |tx| {
            let found = skus.iter().map(|sku| find(tx, sku, now_ms)).collect::<Result<Vec<_>, _>>()?;
            Ok(found.into_iter().flatten().collect())
        })
        .await
    }

    /// How many products there are.
    pub async fn product_counts(&self) -> Result<ProductCounts, StoreError> {
        self.read(counts).await
    }
}

/// A product by its article number.
pub(super) fn find(tx: &Transaction<'_>, sku: &str, now_ms: i64) -> Result<Option<Product>, StoreError> {
    let mut statement = tx.prepare_cached(&format!("{SELECT} where p.sku_key = ?2"))?;
    statement.query_row(params![now_ms, sku_key(sku)], raw).optional()?.map(product).transpose()
}

/// A product by its row.
pub(super) fn by_id(tx: &Transaction<'_>, id: i64, now_ms: i64) -> Result<Option<Product>, StoreError> {
    let mut statement = tx.prepare_cached(&format!("{SELECT} where p.id = ?2"))?;
    statement.query_row(params![now_ms, id], raw).optional()?.map(product).transpose()
}

/// Whether anything is sold.
pub(super) fn any_active(tx: &Transaction<'_>) -> Result<bool, StoreError> {
    Ok(tx
        .prepare_cached("select exists (select 1 from product where active = 1)")?
        .query_row([], |row| row.get(0))?)
}

fn counts(tx: &Transaction<'_>) -> Result<ProductCounts, StoreError> {
    Ok(tx
        .prepare_cached("select count(*), coalesce(sum(active), 0) from product")?
        .query_row([], |row| Ok(ProductCounts { all: row.get(0)?, active: row.get(1)? }))?)
}

/// A stored product, whose currency is still to be understood.
pub(super) struct RawProduct {
    sku: String,
    name: String,
    description: String,
    price_minor: i64,
    currency: String,
    stock: u32,
    category: String,
    active: bool,
    image_url: String,
    reserved: i64,
}

pub(super) fn raw(row: &Row<'_>) -> rusqlite::Result<RawProduct> {
    Ok(RawProduct {
        sku: row.get(0)?,
        name: row.get(1)?,
        description: row.get(2)?,
        price_minor: row.get(3)?,
        currency: row.get(4)?,
        stock: row.get(5)?,
        category: row.get(6)?,
        active: row.get(7)?,
        image_url: row.get(8)?,
        reserved: row.get(9)?,
    })
}

pub(super) fn product(raw: RawProduct) -> Result<Product, StoreError> {
    Ok(Product {
        sku: raw.sku,
        name: raw.name,
        description: raw.description,
        price: Money { minor: raw.price_minor, currency: currency(&raw.currency)? },
        stock: raw.stock,
        reserved: u32::try_from(raw.reserved).unwrap_or(u32::MAX),
        category: raw.category,
        active: raw.active,
        image_url: raw.image_url,
    })
}

/// A stored currency.
pub(super) fn currency(code: &str) -> Result<Currency, StoreError> {
    Currency::parse(code).map_err(|e| StoreError::value("currency", e))
}
