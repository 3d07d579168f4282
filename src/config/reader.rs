//! Reads one TOML file key by key, and keeps everything that is wrong with it.
//!
//! Why not `derive(Deserialize)`: it stops at the first error. Here a wrong value is noted with its place and
//! reading goes on, and a [`Section`] that goes out of scope notes the keys nobody asked for. What is known is
//! therefore exactly what is read. Nothing here knows what the keys mean.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    ops::Range,
    path::{Path, PathBuf},
};

use toml::de::DeTable;

use crate::config::{
    env::Env,
    errors::{ConfigError, ConfigErrors},
    section::Section,
};

/// The largest configuration file, in bytes. A larger one is not a configuration.
pub(crate) const MAX_FILE_BYTES: u64 = 1 << 20;

/// How alike, from 0 to 1, a known key must be to be offered for an unknown one.
const ALIKE: f64 = 0.55;

/// A value given by a flag, which wins over everything.
#[derive(Debug, Clone)]
pub(crate) struct Flag {
    /// The key it sets, such as `paths.data`.
    pub key: &'static str,
    /// The flag, such as `--data-dir`.
    pub name: &'static str,
    /// The value.
    pub value: String,
}

/// A file being read, and what was found wrong with it.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    /// The file's name for messages; none when there is no file.
    pub file: Option<&'a Path>,
    /// The file's text.
    pub text: &'a str,
    /// The environment.
    pub env: &'a Env,
    /// Values from flags.
    pub flags: &'a [Flag],
    /// Whether `IASS_<SECTION>_<KEY>` variables set keys of this file.
    pub variables_set_keys: bool,
    /// What is wrong.
    pub errors: RefCell<Vec<ConfigError>>,
    /// What is odd but not wrong.
    pub warnings: RefCell<Vec<String>>,
    /// Every key that was asked for, without the positions in arrays.
    pub known: RefCell<BTreeSet<String>>,
}

/// Where a value stands.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// These bytes of the file.
    File(Range<usize>),
    /// An environment variable.
    Variable(String),
    /// A flag.
    Flag(&'static str),
}

impl<'a> Document<'a> {
    /// A file to read.
    pub(crate) fn new(file: Option<&'a Path>, text: &'a str, env: &'a Env) -> Self {
        Self {
            file,
            text,
            env,
            flags: &[],
            variables_set_keys: false,
            errors: RefCell::default(),
            warnings: RefCell::default(),
            known: RefCell::default(),
        }
    }

    /// Reads the file with `read`; what it returns counts only when nothing was wrong.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Section<'_>) -> Option<T>) -> Result<T, ConfigErrors> {
        let (root, syntax) = DeTable::parse_recoverable(self.text);
        for error in &syntax {
            self.error(
                &Place::File(error.span().unwrap_or(0..0)),
                "",
                &format!("not TOML: {}", error.message()),
            );
        }
        let value = if syntax.is_empty() { read(&Section::root(self, root.get_ref())) } else { None };
        match (ConfigErrors::new(self.errors.take()), value) {
            (None, Some(value)) => Ok(value),
            (Some(errors), _) => Err(errors),
            (None, None) => Err(ConfigErrors::one(ConfigError {
                file: self.file.map(Path::to_owned),
                line: None,
                column: None,
                key: String::new(),
                message: "the file is incomplete".to_owned(),
            })),
        }
    }

    /// Notes something wrong.
    pub(crate) fn error(&self, place: &Place, key: &str, message: &str) {
        let (file, line, column, message) = match place {
            Place::File(span) => {
                let before = self.text.get(..span.start).unwrap_or(self.text);
                let line_start = before.rfind('\n').map_or(0, |at| at + 1);
                let line = before.matches('\n').count() + 1;
                let column = before.get(line_start..).map_or(0, |text| text.chars().count()) + 1;
                let at = self.file.is_some();
                (self.file.map(Path::to_owned), at.then_some(line), at.then_some(column), message.to_owned())
            }
            Place::Variable(name) => (None, None, None, format!("environment variable {name}: {message}")),
            Place::Flag(name) => (None, None, None, format!("{name}: {message}")),
        };
        self.errors.borrow_mut().push(ConfigError { file, line, column, key: key.to_owned(), message });
    }

    /// The folder that relative paths in the file are relative to.
    pub(crate) fn folder(&self) -> PathBuf {
        self.file.and_then(Path::parent).map(Path::to_owned).unwrap_or_default()
    }
}

/// The variables that set a key, the first that is set wins.
pub(crate) fn variables_of(key: &str) -> Vec<String> {
    let own = format!("IASS_{}", key.replace('.', "_").to_uppercase());
    match key {
        "paths.data" => vec!["IASS_DATA_DIR".to_owned(), own],
        "paths.tenants" => vec!["IASS_TENANTS_DIR".to_owned(), own],
        "embeddings.hf_endpoint" => vec![own, "HF_ENDPOINT".to_owned()],
        _ => vec![own],
    }
}

/// The known word most like `word`, if any is.
pub(crate) fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    known
        .map(|candidate| (strsim::normalized_damerau_levenshtein(word, candidate), candidate))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Reads a text file, but never more than `limit` bytes. The error completes "the file …".
pub(crate) fn read_bounded(path: &Path, limit: u64) -> Result<String, String> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)).map_err(
        |error| match error.kind() {
            std::io::ErrorKind::NotFound => "does not exist".to_owned(),
            std::io::ErrorKind::PermissionDenied => "may not be read by this user".to_owned(),
            std::io::ErrorKind::IsADirectory => "is a folder, not a file".to_owned(),
            _ => format!("cannot be read: {error}"),
        },
    )?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(format!("is larger than {} kB", limit >> 10));
    }
    String::from_utf8(bytes).map_err(|error| {
        format!("is not UTF-8 text (byte {}); save it as UTF-8", error.utf8_error().valid_up_to() + 1)
    })
}
