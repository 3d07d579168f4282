//! A table of a configuration file, in which a module asks for its keys.

use std::{cell::RefCell, collections::BTreeSet};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::config::{
    leaf::{Leaf, Value},
    reader::{Document, Place, nearest, read_bounded, variables_of},
    secret::Secret,
};

/// The largest file a `*_file` key may name, in bytes.
const MAX_SECRET_BYTES: u64 = 64 << 10;

/// A table of the file: the place where a module asks for its keys.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    document: &'a Document<'a>,
    /// The dotted key of the table; empty for the root.
    path: String,
    table: Option<&'a DeTable<'a>>,
    place: Place,
    /// Whether it is one of several in an array, and so cannot be set by a variable.
    indexed: bool,
    asked: RefCell<Vec<String>>,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub(super) fn root(document: &'a Document<'a>, table: &'a DeTable<'a>) -> Self {
        Self {
            document,
            path: String::new(),
            table: Some(table),
            place: Place::File(0..0),
            indexed: false,
            asked: RefCell::default(),
        }
    }

    /// The value of `key`, if there is one and it is right.
    pub(crate) fn read<T>(&self, key: &str, parse: impl FnOnce(&Leaf<'a>) -> Result<T, String>) -> Option<T> {
        let leaf = self.leaf(key)?;
        match parse(&leaf) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.document.error(&leaf.place, &leaf.key, &format!("`{}` {problem}", leaf.key));
                None
            }
        }
    }

    /// The value of `key`, which must be there.
    pub(crate) fn require<T>(
        &self,
        key: &str,
        parse: impl FnOnce(&Leaf<'a>) -> Result<T, String>,
    ) -> Option<T> {
        if self.leaf(key).is_none() {
            self.missing(key, "");
        }
        self.read(key, parse)
    }

    /// The values of the list `key`; none when there is no such key. A wrong item is noted and left out.
    pub(crate) fn list<T>(
        &self,
        key: &str,
        parse: impl Fn(&Leaf<'a>) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let items = self.read(key, Leaf::items)?;
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            match parse(&item) {
                Ok(value) => values.push(value),
                Err(problem) => {
                    self.document.error(&item.place, &item.key, &format!("`{}` {problem}", item.key));
                }
            }
        }
        Some(values)
    }

    /// The secret in `key`, or in the file that `<key>_file` names.
    pub(crate) fn secret(&self, key: &str) -> Option<Secret> {
        let file_key = format!("{key}_file");
        let literal = self.leaf(key);
        let Some(in_file) = self.leaf(&file_key) else {
            return self.read(key, |leaf| leaf.setting().and_then(filled).map(Secret::from));
        };
        if literal.is_some() {
            let message =
                format!("`{}` and `{}` are both set: remove one", self.full(key), self.full(&file_key));
            self.document.error(&in_file.place, &self.full(&file_key), &message);
        }
        self.read(&file_key, |leaf| {
            let path = leaf.path()?;
            let text = read_bounded(&path, MAX_SECRET_BYTES)
                .map_err(|problem| format!("names {}, which {problem}", path.display()))?;
            filled(text.trim_end_matches(['\r', '\n']).to_owned())
                .map(Secret::from)
                .map_err(|_| format!("names {}, which is empty", path.display()))
        })
    }

    /// The secret in `key` or `<key>_file`, one of which must be there.
    pub(crate) fn require_secret(&self, key: &str) -> Option<Secret> {
        if self.leaf(key).is_none() && self.leaf(&format!("{key}_file")).is_none() {
            self.missing(key, &format!("; set it to \"${{VARIABLE}}\" or use `{key}_file`"));
        }
        self.secret(key)
    }

    /// The table `key`; one that is not there is empty, so that variables can still set its keys.
    pub(crate) fn section(&self, key: &str) -> Section<'a> {
        self.optional_section(key).unwrap_or_else(|| self.child(key, None, self.place.clone(), self.indexed))
    }

    /// The table `key`, if it is there.
    pub(crate) fn optional_section(&self, key: &str) -> Option<Section<'a>> {
        self.ask(key);
        let value = self.table?.get(key)?;
        let place = Place::File(value.span());
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(key, value, "must be a table");
            return None;
        };
        Some(self.child(key, Some(table), place, self.indexed))
    }

    /// The tables of the array of tables `key`; none when it is not there.
    pub(crate) fn sections(&self, key: &str) -> Vec<Section<'a>> {
        self.ask(key);
        let Some(value) = self.table.and_then(|table| table.get(key)) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, value, &format!("must be written as [[{}]]", self.full(key)));
            return Vec::new();
        };
        let mut sections = Vec::with_capacity(array.len());
        for item in array {
            match item.get_ref().as_table() {
                Some(table) => {
                    sections.push(self.child(key, Some(table), Place::File(item.span()), true));
                }
                None => self.wrong_type(key, item, "must hold tables only"),
            }
        }
        sections
    }

    /// Every table in this one whose key is not asked for by name, with its key: the open part of a file.
    pub(crate) fn named_sections(&self, asked_by_name: &[&str]) -> Vec<(String, Section<'a>)> {
        let Some(table) = self.table else { return Vec::new() };
        let mut sections = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if let (false, Some(inner)) = (asked_by_name.contains(&name), value.get_ref().as_table()) {
                self.asked.borrow_mut().push(name.to_owned());
                sections
                    .push((name.to_owned(), self.child(name, Some(inner), Place::File(key.span()), true)));
            }
        }
        sections
    }

    /// Every key of this table with its value: for tables whose keys are the owner's own words.
    pub(crate) fn entries(&self) -> Vec<Leaf<'a>> {
        let Some(table) = self.table else { return Vec::new() };
        let keys = table.keys().map(|key| key.get_ref().to_string()).collect::<Vec<_>>();
        self.asked.borrow_mut().extend(keys);
        table.iter().map(|(key, value)| self.in_file(key.get_ref(), value)).collect()
    }

    /// The name of the key under its table.
    pub(crate) fn full(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Notes something wrong with the value of `key`, or with the table when the key is not there.
    pub(crate) fn error(&self, key: &str, message: &str) {
        let place = self.leaf(key).map_or_else(|| self.place.clone(), |leaf| leaf.place);
        let full = self.full(key);
        self.document.error(&place, &full, &format!("`{full}` {message}"));
    }

    /// Whether there is such a key, right or wrong.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.leaf(key).is_some()
    }

    /// Notes something odd but not wrong.
    pub(crate) fn warn(&self, message: String) {
        let file = self.document.file.map(|file| format!("{}: ", file.display())).unwrap_or_default();
        self.document.warnings.borrow_mut().push(format!("{file}{message}"));
    }

    fn missing(&self, key: &str, advice: &str) {
        let full = self.full(key);
        self.document.error(&self.place, &full, &format!("`{full}` is missing{advice}"));
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, problem: &str) {
        let full = self.full(key);
        let found = value.get_ref().type_str();
        self.document.error(
            &Place::File(value.span()),
            &full,
            &format!("`{full}` {problem}, not a value of type {found}"),
        );
    }

    fn child(&self, key: &str, table: Option<&'a DeTable<'a>>, place: Place, indexed: bool) -> Section<'a> {
        Section {
            document: self.document,
            path: self.full(key),
            table,
            place,
            indexed,
            asked: RefCell::default(),
        }
    }

    fn ask(&self, key: &str) {
        let mut asked = self.asked.borrow_mut();
        if !asked.iter().any(|known| known == key) {
            asked.push(key.to_owned());
            self.document.known.borrow_mut().insert(self.full(key));
        }
    }

    /// Finds the value of a key: flag, then variable, then file.
    fn leaf(&self, key: &str) -> Option<Leaf<'a>> {
        self.ask(key);
        let full = self.full(key);
        let outside = |text: &str, place| Leaf {
            document: self.document,
            key: full.clone(),
            place,
            value: Value::Outside(text.to_owned()),
        };
        if let Some(flag) = self.document.flags.iter().find(|flag| flag.key == full) {
            return Some(outside(&flag.value, Place::Flag(flag.name)));
        }
        if self.document.variables_set_keys && !self.indexed {
            let variables = variables_of(&full);
            let set = variables.iter().find_map(|name| Some((name, self.document.env.get(name)?)));
            if let Some((name, text)) = set {
                return Some(outside(text, Place::Variable(name.clone())));
            }
        }
        self.table?.get(key).map(|value| self.in_file(key, value))
    }

    fn in_file(&self, key: &str, value: &'a Spanned<DeValue<'a>>) -> Leaf<'a> {
        Leaf {
            document: self.document,
            key: self.full(key),
            place: Place::File(value.span()),
            value: Value::Toml(value.get_ref()),
        }
    }
}

impl Drop for Section<'_> {
    /// Notes the keys that nobody asked for.
    fn drop(&mut self) {
        let asked = self.asked.take();
        for (key, _) in self.table.into_iter().flatten() {
            let name = key.get_ref().as_ref();
            if asked.iter().any(|known| known == name) {
                continue;
            }
            let full = self.full(name);
            let advice = match nearest(name, asked.iter().map(String::as_str)) {
                Some(known) => format!("did you mean `{known}`?"),
                None if asked.is_empty() => "no keys are known here".to_owned(),
                None => format!("known here: {}", asked.join(", ")),
            };
            self.document.error(&Place::File(key.span()), &full, &format!("unknown key `{full}`; {advice}"));
        }
    }
}

/// The values of the text `key` of several tables. One that comes a second time is noted.
pub(crate) fn unique(tables: &[Section<'_>], key: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for table in tables {
        // What is no text at all is noted by whoever reads the table.
        let Some(value) = table.leaf(key).and_then(|leaf| leaf.setting().ok()) else { continue };
        if !seen.insert(value.clone()) {
            table.error(key, &format!("is {value:?} a second time; each needs its own"));
        }
    }
    seen
}

/// Refuses an empty text, which for a secret means that a variable was exported without a value.
fn filled(text: String) -> Result<String, String> {
    if text.is_empty() { Err("is empty".to_owned()) } else { Ok(text) }
}
