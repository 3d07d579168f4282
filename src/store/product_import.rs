//! Replacing the catalogue, or parts of it, by the rows of a file: all of them in one transaction, or none.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::{Transaction, params};
use serde::Serialize;
use serde_json::{Value, json};

use super::{StoreError, TenantDb, audit, product_index};
use crate::{
    crash,
    domain::{
        effect::AuditEntry,
        money::Money,
        product::{Product, sku_key},
    },
};

/// The most changes that a report tells one by one.
pub const MAX_TOLD: usize = 200;

/// A product of a file, with what it is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProduct {
    /// The product; what is reserved of it is no business of a file.
    pub product: Product,
    /// A line each for the name, the category and the description.
    pub terms: String,
    /// What its name means, without its sizes.
    pub core: String,
}

/// A word of the catalogue, its stem and how it sounds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CatalogWord {
    /// The word, folded.
    pub word: String,
    /// Its stem.
    pub stem: String,
    /// How it sounds.
    pub sound: String,
}

/// An import, ready to be applied.
#[derive(Debug, Clone)]
pub struct Import {
    /// The products, each number once.
    pub products: Vec<NewProduct>,
    /// Their words.
    pub words: Vec<CatalogWord>,
    /// What happens to products that the file does not have.
    pub missing: Missing,
    /// Whether anything is stored.
    pub mode: Mode,
    /// Who does it, as the audit log names them.
    pub actor: String,
    /// What the file is known by.
    pub digest: String,
}

/// What happens to products that the file does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// They stay.
    Keep,
    /// They are removed, unless that were more than so many percent of the catalogue.
    Remove {
        /// The most that may go, in percent.
        max_pct: u8,
    },
}

/// Whether an import is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is.
    Apply,
    /// It is only told what would be done.
    Preview,
}

/// What an import changed, or would change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportChanges {
    /// Products that were not there.
    pub added: usize,
    /// Products that are different now.
    pub updated: usize,
    /// Products that are as they were.
    pub unchanged: usize,
    /// Products that were taken out.
    pub removed: usize,
    /// The changes one by one, in the order of the file; the first 200.
    pub changes: Vec<ProductChange>,
}

/// A change of one product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProductChange {
    /// The article number.
    pub sku: String,
    /// What happens to it.
    pub change: ChangeKind,
    /// What is different: for each field the value before and after.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<&'static str, [Value; 2]>,
}

/// What happens to a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It was not there.
    Added,
    /// It is different.
    Updated,
    /// It is taken out.
    Removed,
}

/// How an import ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// It was done, or previewed.
    Done(ImportChanges),
    /// Nothing was done: more would be removed than is allowed.
    TooManyRemoved {
        /// The products that would go.
        removed: usize,
        /// The products there are.
        of: usize,
    },
}

impl TenantDb {
    /// Applies an import in one transaction. Blocking, and a second or two for a hundred thousand products.
    pub fn import_products(&self, import: &Import, now_ms: i64) -> Result<Imported, StoreError> {
        match import.mode {
            Mode::Preview => self.read_blocking(|tx| Ok(plan(import, &stored(tx)?).0)),
            Mode::Apply => self.write_blocking(|tx| apply(tx, import, now_ms)),
        }
    }

    /// Whether a file with this digest was ever imported. Blocking.
    pub fn was_imported(&self, digest: &str) -> Result<bool, StoreError> {
        self.read_blocking(|tx| {
            let mut statement = tx.prepare_cached(
                "select exists (select 1 from audit
                                where action = 'catalog.imported' and json_extract(detail, '$.sha256') = ?1)",
            )?;
            Ok(statement.query_row([digest], |row| row.get(0))?)
        })
    }

    /// Whether anything was ever imported. Blocking.
    pub fn has_catalog(&self) -> Result<bool, StoreError> {
        self.read_blocking(|tx| {
            let mut statement =
                tx.prepare_cached("select exists (select 1 from audit where action = 'catalog.imported')")?;
            Ok(statement.query_row([], |row| row.get(0))?)
        })
    }
}

/// A stored product, as far as an import compares it.
struct Stored {
    id: i64,
    sku: String,
    name: String,
    description: String,
    price_minor: i64,
    currency: String,
    stock: u32,
    category: String,
    active: bool,
    image_url: String,
}

fn stored(tx: &Transaction<'_>) -> Result<HashMap<String, Stored>, StoreError> {
    let mut statement = tx.prepare(
        "select sku_key, id, sku, name, description, price_minor, currency, stock, category, active, image_url
         from product",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((
            row.get(0)?,
            Stored {
                id: row.get(1)?,
                sku: row.get(2)?,
                name: row.get(3)?,
                description: row.get(4)?,
                price_minor: row.get(5)?,
                currency: row.get(6)?,
                stock: row.get(7)?,
                category: row.get(8)?,
                active: row.get(9)?,
                image_url: row.get(10)?,
            },
        ))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What is to be done with each row of the file.
enum Todo {
    Add,
    Update(i64),
    Nothing,
}

/// What an import changes; what is to be done with each row; the rows that go.
fn plan(import: &Import, stored: &HashMap<String, Stored>) -> (Imported, Vec<Todo>, Vec<i64>) {
    let mut changes = ImportChanges::default();
    let mut todo = Vec::with_capacity(import.products.len());
    let mut named: HashSet<String> = HashSet::with_capacity(import.products.len());
    for new in &import.products {
        let key = sku_key(&new.product.sku);
        match stored.get(&key) {
            None => {
                changes.added += 1;
                tell(&mut changes, &new.product.sku, ChangeKind::Added, BTreeMap::new());
                todo.push(Todo::Add);
            }
            Some(old) => {
                let fields = difference(old, &new.product);
                if fields.is_empty() {
                    changes.unchanged += 1;
                    todo.push(Todo::Nothing);
                } else {
                    changes.updated += 1;
                    tell(&mut changes, &new.product.sku, ChangeKind::Updated, fields);
                    todo.push(Todo::Update(old.id));
                }
            }
        }
        named.insert(key);
    }
    let Missing::Remove { max_pct } = import.missing else {
        return (Imported::Done(changes), todo, Vec::new());
    };
    let mut gone: Vec<(&String, &Stored)> = stored.iter().filter(|(key, _)| !named.contains(*key)).collect();
    gone.sort_unstable_by_key(|(key, _)| *key);
    changes.removed = gone.len();
    for (_, old) in &gone {
        tell(&mut changes, &old.sku, ChangeKind::Removed, BTreeMap::new());
    }
    if gone.len() * 100 > stored.len() * usize::from(max_pct) {
        return (Imported::TooManyRemoved { removed: gone.len(), of: stored.len() }, Vec::new(), Vec::new());
    }
    let gone = gone.into_iter().map(|(_, old)| old.id).collect();
    (Imported::Done(changes), todo, gone)
}

fn tell(
    changes: &mut ImportChanges,
    sku: &str,
    change: ChangeKind,
    fields: BTreeMap<&'static str, [Value; 2]>,
) {
    if changes.changes.len() < MAX_TOLD {
        changes.changes.push(ProductChange { sku: sku.to_owned(), change, fields });
    }
}

fn difference(old: &Stored, new: &Product) -> BTreeMap<&'static str, [Value; 2]> {
    let mut fields = BTreeMap::new();
    let mut compare = |name, before: Value, after: Value| {
        if before != after {
            fields.insert(name, [before, after]);
        }
    };
    compare("sku", json!(old.sku), json!(new.sku));
    compare("name", json!(old.name), json!(new.name));
    compare("description", json!(old.description), json!(new.description));
    let Money { minor, currency } = new.price;
    compare(
        "price",
        json!({"minor": old.price_minor, "currency": old.currency}),
        json!({"minor": minor, "currency": currency}),
    );
    compare("stock", json!(old.stock), json!(new.stock));
    compare("category", json!(old.category), json!(new.category));
    compare("active", json!(old.active), json!(new.active));
    compare("image_url", json!(old.image_url), json!(new.image_url));
    fields
}

fn apply(tx: &Transaction<'_>, import: &Import, now_ms: i64) -> Result<Imported, StoreError> {
    let (planned, todo, gone) = plan(import, &stored(tx)?);
    let Imported::Done(changes) = &planned else { return Ok(planned) };
    for id in gone {
        product_index::forget(tx, id)?;
        tx.prepare_cached("delete from product where id = ?1")?.execute([id])?;
    }
    crash::point("import.in_commit");
    for (new, todo) in import.products.iter().zip(todo) {
        match todo {
            Todo::Add => insert(tx, new, now_ms)?,
            Todo::Update(id) => update(tx, id, new, now_ms)?,
            Todo::Nothing => {}
        }
    }
    product_index::add_words(tx, &import.words)?;
    tx.execute(
        "delete from product_meaning where not exists (select 1 from product where meaning_id = product_meaning.id)",
        [],
    )?;
    let detail = json!({
        "added": changes.added, "updated": changes.updated,
        "unchanged": changes.unchanged, "removed": changes.removed,
        "sha256": import.digest,
    });
    let entry = AuditEntry {
        actor: import.actor.clone(),
        action: "catalog.imported".to_owned(),
        subject: String::new(),
        detail,
    };
    audit::append(tx, now_ms, &entry)?;
    crash::point("import.before_commit");
    Ok(planned)
}

fn insert(tx: &Transaction<'_>, new: &NewProduct, now_ms: i64) -> Result<(), StoreError> {
    let meaning = product_index::meaning_of(tx, &new.core)?;
    let product = &new.product;
    tx.prepare_cached(
        "insert into product (sku, sku_key, name, description, price_minor, currency, stock, category, active,
                              image_url, terms, meaning_id, updated_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?
    .execute(params![
        product.sku,
        sku_key(&product.sku),
        product.name,
        product.description,
        product.price.minor,
        product.price.currency.code(),
        product.stock,
        product.category,
        product.active,
        product.image_url,
        new.terms,
        meaning,
        now_ms,
    ])?;
    product_index::add(tx, tx.last_insert_rowid(), &new.terms)
}

fn update(tx: &Transaction<'_>, id: i64, new: &NewProduct, now_ms: i64) -> Result<(), StoreError> {
    let meaning = product_index::meaning_of(tx, &new.core)?;
    let product = &new.product;
    tx.prepare_cached(
        "update product set sku = ?2, name = ?3, description = ?4, price_minor = ?5, currency = ?6, stock = ?7,
                            category = ?8, active = ?9, image_url = ?10, terms = ?11, meaning_id = ?12,
                            updated_ms = ?13
         where id = ?1",
    )?
    .execute(params![
        id,
        product.sku,
        product.name,
        product.description,
        product.price.minor,
        product.price.currency.code(),
        product.stock,
        product.category,
        product.active,
        product.image_url,
        new.terms,
        meaning,
        now_ms,
    ])?;
    product_index::forget(tx, id)?;
    product_index::add(tx, id, &new.terms)
}
