//! Everything that is kept of a contact, as one JSON object.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rusqlite::{Transaction, types::ValueRef};
use serde_json::{Map, Value, json};

use super::{
    find,
    holdings::HOLDINGS,
    quotes::{Quotes, gaps_that_quote},
};
use crate::{
    domain::contact::ContactMatch,
    store::{StoreError, TenantDb, conversation::timestamp},
};

/// Columns whose text is JSON.
const JSON_COLUMNS: [&str; 8] =
    ["details", "talk", "report", "draft", "brief", "payload", "agents", "content"];

/// How columns of instants end in the database.
const MILLISECONDS: &str = "_ms";

impl TenantDb {
    /// Everything that is kept of a contact: a list for each table, named as `iass contact export` shows them. Times
    /// are RFC 3339, vectors base64. None if there is no contact with this id.
    pub async fn export_contact(&self, id: &str) -> Result<Option<Value>, StoreError> {
        let id = id.to_owned();
        self.read(move |tx| export(tx, &id)).await
    }
}

fn export(tx: &Transaction<'_>, id: &str) -> Result<Option<Value>, StoreError> {
    let ContactMatch::One(contact) = find(tx, id)? else { return Ok(None) };
    let mut all = Map::new();
    all.insert("contact".to_owned(), json!(contact));
    for holding in HOLDINGS.iter().rev().filter(|holding| holding.table != "contact") {
        let sql =
            format!("select {} from {} where {} order by 1", holding.columns, holding.table, holding.whose);
        all.insert(holding.name.to_owned(), Value::Array(rows(tx, &sql, id)?));
    }
    let gaps = gaps_that_quote(tx, &Quotes::of(tx, id)?)?;
    all.insert(
        "knowledge_gaps".to_owned(),
        gaps.into_iter().map(|gap| json!({"question": gap.question})).collect(),
    );
    Ok(Some(Value::Object(all)))
}

fn rows(tx: &Transaction<'_>, sql: &str, id: &str) -> Result<Vec<Value>, StoreError> {
    let mut statement = tx.prepare(sql)?;
    let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let mut rows = statement.query([id])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut object = Map::new();
        for (column, name) in names.iter().enumerate() {
            let (name, value) = shown(name, row.get_ref(column)?)?;
            object.insert(name, value);
        }
        found.push(Value::Object(object));
    }
    Ok(found)
}

/// A column as an export shows it.
fn shown(name: &str, value: ValueRef<'_>) -> Result<(String, Value), StoreError> {
    let instant = name.strip_suffix(MILLISECONDS);
    let shown = match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(ms) if instant.is_some() => {
            if ms == 0 {
                Value::Null
            } else {
                json!(timestamp(ms)?)
            }
        }
        ValueRef::Integer(number) => json!(number),
        ValueRef::Real(number) => json!(number),
        ValueRef::Blob(bytes) => json!(STANDARD.encode(bytes)),
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let parsed = JSON_COLUMNS.contains(&name).then(|| serde_json::from_str(&text).ok()).flatten();
            parsed.unwrap_or(Value::String(text))
        }
    };
    Ok((instant.map_or_else(|| name.to_owned(), |stem| format!("{stem}_at")), shown))
}
