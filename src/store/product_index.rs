//! What is derived from the products to find them: terms, words and what names mean. All of it can be made again.
//!
//! A search reads everything in one snapshot through [`ProductIndex`], so that what an import stores is found by the next
//! search, and what is sold meanwhile is not offered.

use rusqlite::{OptionalExtension, Transaction, params};

use super::{StoreError, TenantDb, chunk_index::ChunkVectors, product, product_import::CatalogWord};
use crate::domain::product::Product;

/// What the derived parts were made with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatalogStamp {
    /// The version of the code that makes terms.
    pub analyzer: u32,
    /// The code of the language that they were stemmed in.
    pub language: String,
}

/// What several products are called, and its vectors, as far as they are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// Its row.
    pub id: i64,
    /// The words, without sizes: the name, and the description in the line below.
    pub core: String,
}

/// A product as its terms are made from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductText {
    /// Its row.
    pub id: i64,
    /// The article number.
    pub sku: String,
    /// What it is called.
    pub name: String,
    /// The category.
    pub category: String,
    /// What else is to be known of it.
    pub description: String,
}

impl TenantDb {
    /// Runs a search of the catalogue in one snapshot. Blocking.
    pub fn search_products<T>(
        &self,
        now_ms: i64,
        search: impl FnOnce(&ProductIndex<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.read_blocking(|tx| search(&ProductIndex { tx, now_ms }))
    }

    /// What the terms were made with. Blocking, like all of these.
    pub fn catalog_stamp(&self) -> Result<CatalogStamp, StoreError> {
        self.read_blocking(|tx| {
            let mut statement = tx.prepare_cached("select analyzer, language from catalog_stamp")?;
            Ok(statement
                .query_row([], |row| Ok(CatalogStamp { analyzer: row.get(0)?, language: row.get(1)? }))?)
        })
    }

    /// Whether everything that products are found by is made with this, or there are none.
    pub async fn is_catalog_finished(&self, stamp: CatalogStamp, model: String) -> Result<bool, StoreError> {
        self.read(move |tx| is_finished(tx, &stamp, &model)).await
    }

    /// The same, blocking.
    pub fn is_catalog_finished_now(&self, stamp: &CatalogStamp, model: &str) -> Result<bool, StoreError> {
        self.read_blocking(|tx| is_finished(tx, stamp, model))
    }

    /// The products behind the row `after`, to make their terms again.
    pub fn product_texts(&self, after: i64, limit: u32) -> Result<Vec<ProductText>, StoreError> {
        self.read_blocking(|tx| {
            let mut statement = tx.prepare_cached(
                "select id, sku, name, category, description from product where id > ?1 order by id limit ?2",
            )?;
            let rows = statement.query_map(params![after, limit], |row| {
                Ok(ProductText {
                    id: row.get(0)?,
                    sku: row.get(1)?,
                    name: row.get(2)?,
                    category: row.get(3)?,
                    description: row.get(4)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Stores terms that were made again. A product whose words changed meanwhile has its own by now.
    pub fn put_product_terms(
        &self,
        made: &[(ProductText, String)],
        words: &[CatalogWord],
    ) -> Result<(), StoreError> {
        self.write_blocking(|tx| {
            for (text, terms) in made {
                let changed = tx
                    .prepare_cached(
                        "update product set terms = ?2
                         where id = ?1 and sku = ?3 and name = ?4 and category = ?5 and description = ?6",
                    )?
                    .execute(params![text.id, terms, text.sku, text.name, text.category, text.description])?;
                if changed > 0 {
                    forget(tx, text.id)?;
                    add(tx, text.id, terms)?;
                }
            }
            add_words(tx, words)
        })
    }

    /// Notes that all terms are made with this.
    pub fn set_catalog_stamp(&self, stamp: &CatalogStamp) -> Result<(), StoreError> {
        self.write_blocking(|tx| stamp_terms(tx, stamp))
    }

    /// Throws the vectors of another model away; tells how many are to be made.
    pub fn discard_stale_meanings(&self, model: &str) -> Result<u64, StoreError> {
        let read = |tx: &Transaction<'_>| -> Result<(String, u64), StoreError> {
            let model = tx.query_row("select model from catalog_stamp", [], |row| row.get(0))?;
            let mut count =
                tx.prepare_cached("select count(*) from product_meaning where vectors is null")?;
            Ok((model, count.query_row([], |row| row.get(0))?))
        };
        let (found, missing) = self.read_blocking(read)?;
        if found == model {
            return Ok(missing);
        }
        self.write_blocking(|tx| {
            tx.execute("update product_meaning set sketch = null, vectors = null", [])?;
            tx.execute("update catalog_stamp set model = ?1", [model])?;
            Ok(read(tx)?.1)
        })
    }

    /// Some names whose vectors are missing; empty when all are there.
    pub fn meanings_to_make(&self, limit: usize) -> Result<Vec<Meaning>, StoreError> {
        self.read_blocking(|tx| {
            let mut statement = tx.prepare_cached(
                "select id, core from product_meaning where vectors is null order by id limit ?1",
            )?;
            let rows =
                statement.query_map([limit], |row| Ok(Meaning { id: row.get(0)?, core: row.get(1)? }))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Stores vectors made with `model`; does nothing when another model is in use by now.
    pub fn put_meanings(&self, made: &[(Meaning, ChunkVectors)], model: &str) -> Result<(), StoreError> {
        self.write_blocking(|tx| {
            let current: String = tx.query_row("select model from catalog_stamp", [], |row| row.get(0))?;
            if current != model {
                return Ok(());
            }
            for (meaning, vectors) in made {
                tx.prepare_cached(
                    "update product_meaning set sketch = ?3, vectors = ?4 where id = ?1 and core = ?2",
                )?
                .execute(params![
                    meaning.id,
                    meaning.core,
                    vectors.sketch,
                    vectors.sentences
                ])?;
            }
            Ok(())
        })
    }
}

fn is_finished(tx: &Transaction<'_>, stamp: &CatalogStamp, model: &str) -> Result<bool, StoreError> {
    let mut statement = tx.prepare_cached(
        "select not exists (select 1 from product)
                or (analyzer = ?1 and language = ?2 and model = ?3
                    and not exists (select 1 from product_meaning where vectors is null))
         from catalog_stamp",
    )?;
    Ok(statement.query_row(params![stamp.analyzer, stamp.language, model], |row| row.get(0))?)
}

/// One search's view of the catalogue.
pub struct ProductIndex<'tx> {
    tx: &'tx Transaction<'tx>,
    now_ms: i64,
}

impl ProductIndex<'_> {
    /// How many products there are.
    pub fn count(&self) -> Result<u64, StoreError> {
        let mut statement = self.tx.prepare_cached("select count(*) from product")?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }

    /// The model that the vectors are of.
    pub fn model(&self) -> Result<String, StoreError> {
        let mut statement = self.tx.prepare_cached("select model from catalog_stamp")?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }

    /// The products that have a term, in the order of their rows.
    pub fn with_term(&self, term: &str) -> Result<Vec<i64>, StoreError> {
        self.with_terms(&[term.to_owned()])
    }

    /// The products that have all of some terms, in the order of their rows.
    pub fn with_terms(&self, terms: &[String]) -> Result<Vec<i64>, StoreError> {
        let mut statement =
            self.tx.prepare_cached("select rowid from product_fts where product_fts match ?1")?;
        let all: Vec<String> =
            terms.iter().map(|term| format!("\"{}\"", term.replace('"', "\"\""))).collect();
        let rows = statement.query_map([all.join(" ")], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The stem of a word of the catalogue.
    pub fn stem_of(&self, word: &str) -> Result<Option<String>, StoreError> {
        let mut statement = self.tx.prepare_cached("select stem from product_word where word = ?1")?;
        Ok(statement.query_row([word], |row| row.get(0)).optional()?)
    }

    /// The stems of the words that sound so.
    pub fn stems_sounding(&self, sound: &str) -> Result<Vec<String>, StoreError> {
        let mut statement =
            self.tx.prepare_cached("select distinct stem from product_word where sound = ?1")?;
        let rows = statement.query_map([sound], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Calls `visit` with the sound and the stem of every word whose sound begins with `prefix`.
    pub fn sounds_with_prefix(
        &self,
        prefix: &str,
        mut visit: impl FnMut(&str, &str),
    ) -> Result<(), StoreError> {
        // The last code point there is ends the range.
        let mut statement = self
            .tx
            .prepare_cached("select sound, stem from product_word where sound >= ?1 and sound < ?2")?;
        let mut rows = statement.query([prefix, &format!("{prefix}\u{10ffff}")])?;
        while let Some(row) = rows.next()? {
            visit(
                row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?,
                row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?,
            );
        }
        Ok(())
    }

    /// Calls `visit` with the sketch of what every name means.
    pub fn sketches(&self, mut visit: impl FnMut(i64, &[u8])) -> Result<(), StoreError> {
        let mut statement = self.tx.prepare_cached(
            "select id, sketch from product_meaning indexed by product_meaning_by_sketch where sketch is not null",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(row.get(0)?, row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?);
        }
        Ok(())
    }

    /// Calls `read` with the packed vectors of what a name means; `None` when they are not made yet.
    pub fn read_meaning<T>(&self, id: i64, read: impl FnOnce(&[u8]) -> T) -> Result<Option<T>, StoreError> {
        let mut statement = self
            .tx
            .prepare_cached("select vectors from product_meaning where id = ?1 and vectors is not null")?;
        Ok(statement.query_row([id], |row| Ok(read(row.get_ref(0)?.as_blob()?))).optional()?)
    }

    /// Products of a meaning, at most `limit`.
    pub fn of_meaning(&self, id: i64, limit: usize) -> Result<Vec<i64>, StoreError> {
        let mut statement =
            self.tx.prepare_cached("select id from product where meaning_id = ?1 order by id limit ?2")?;
        let rows = statement.query_map(params![id, limit], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Calls `read` with the terms and the meaning of a product.
    pub fn read_terms<T>(
        &self,
        id: i64,
        read: impl FnOnce(&str, Option<i64>) -> T,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.tx.prepare_cached("select terms, meaning_id from product where id = ?1")?;
        Ok(statement.query_row([id], |row| Ok(read(row.get_ref(0)?.as_str()?, row.get(1)?))).optional()?)
    }

    /// A product by its row.
    pub fn product(&self, id: i64) -> Result<Option<Product>, StoreError> {
        product::by_id(self.tx, id, self.now_ms)
    }

    /// The article numbers that begin with `key`, at most `limit`.
    pub fn skus_beginning(&self, key: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let mut statement = self.tx.prepare_cached(
            "select sku from product where sku_key >= ?1 and sku_key < ?2 order by sku_key limit ?3",
        )?;
        let rows = statement.query_map(params![key, format!("{key}\u{10ffff}"), limit], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The stems of the words that begin with `prefix`, at most `limit`.
    pub fn stems_beginning(&self, prefix: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let mut statement = self.tx.prepare_cached(
            "select distinct stem from product_word where word >= ?1 and word < ?2 limit ?3",
        )?;
        let rows =
            statement.query_map(params![prefix, format!("{prefix}\u{10ffff}"), limit], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The row of an article number.
    pub fn by_sku(&self, key: &str) -> Result<Option<i64>, StoreError> {
        let mut statement = self.tx.prepare_cached("select id from product where sku_key = ?1")?;
        Ok(statement.query_row([key], |row| row.get(0)).optional()?)
    }
}

/// Takes a product into the full-text index.
pub(super) fn add(tx: &Transaction<'_>, id: i64, terms: &str) -> Result<(), StoreError> {
    tx.prepare_cached("insert into product_fts (rowid, terms) values (?1, ?2)")?
        .execute(params![id, terms])?;
    Ok(())
}

/// Takes a product out of the full-text index.
pub(super) fn forget(tx: &Transaction<'_>, id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("delete from product_fts where rowid = ?1")?.execute([id])?;
    Ok(())
}

/// Remembers words.
pub(super) fn add_words(tx: &Transaction<'_>, words: &[CatalogWord]) -> Result<(), StoreError> {
    let mut statement =
        tx.prepare_cached("insert or replace into product_word (word, stem, sound) values (?1, ?2, ?3)")?;
    for word in words {
        statement.execute(params![word.word, word.stem, word.sound])?;
    }
    Ok(())
}

/// The row of what a name means.
pub(super) fn meaning_of(tx: &Transaction<'_>, core: &str) -> Result<i64, StoreError> {
    let known: Option<i64> = tx
        .prepare_cached("select id from product_meaning where core = ?1")?
        .query_row([core], |row| row.get(0))
        .optional()?;
    if let Some(known) = known {
        return Ok(known);
    }
    tx.prepare_cached("insert into product_meaning (core) values (?1)")?.execute([core])?;
    Ok(tx.last_insert_rowid())
}

/// Notes what the terms were made with. The first import of an empty catalogue decides; later ones use the same.
pub(super) fn stamp_terms(tx: &Transaction<'_>, stamp: &CatalogStamp) -> Result<(), StoreError> {
    tx.execute(
        "update catalog_stamp set analyzer = ?1, language = ?2",
        params![stamp.analyzer, stamp.language],
    )?;
    Ok(())
}

/// Fills the full-text index from the terms, whatever state it is in.
pub(super) fn rebuild_fts(tx: &Transaction<'_>) -> Result<(), StoreError> {
    if tx.execute("insert into product_fts (product_fts) values ('delete-all')", []).is_err() {
        // Too damaged to be asked: the tables behind it are made anew.
        tx.execute_batch(
            "drop table if exists product_fts;
             create virtual table product_fts using fts5 (
                 terms, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
             );",
        )?;
    }
    tx.execute_batch("insert into product_fts (rowid, terms) select id, terms from product")?;
    Ok(())
}
