//! The tenants on disk: a folder `tenants/<id>` with a `tenant.toml` each.
//!
//! Files are replaced whole, so that a reader sees the old or the new one. A broken file is an error of its tenant
//! and never hides the others. Databases are not touched here, but for [`TenantDirectory::remove`].

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    config::{
        ConfigErrors, daemon::Paths, env::Env, errors::ConfigError, read_file, reader::nearest,
        tenant::TenantConfig,
    },
    domain::tenant::TenantId,
};

/// The name of the file in a tenant's folder.
pub const TENANT_FILE: &str = "tenant.toml";

/// The folder that holds the tenants' folders.
#[derive(Debug, Clone)]
pub struct TenantDirectory {
    root: PathBuf,
}

/// Why something could not be done with a tenant's files.
#[derive(Debug, thiserror::Error)]
pub enum TenantFileError {
    /// There is no such tenant.
    #[error("there is no tenant `{id}` in {}", root.display())]
    Unknown {
        /// The tenant asked for.
        id: TenantId,
        /// The folder of tenants.
        root: PathBuf,
        /// A tenant whose name is much alike.
        alike: Option<TenantId>,
    },
    /// There is such a tenant already.
    #[error("there is a tenant `{id}` already: {}", file.display())]
    Exists {
        /// The tenant.
        id: TenantId,
        /// Its file.
        file: PathBuf,
    },
    /// Its file is wrong.
    #[error("{0}")]
    Wrong(#[source] ConfigErrors),
    /// The disk refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl TenantFileError {
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

impl TenantDirectory {
    /// The tenants under `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder of tenants.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of a tenant.
    pub fn path(&self, id: &TenantId) -> PathBuf {
        self.root.join(id.as_str())
    }

    /// The `tenant.toml` of a tenant.
    pub fn file(&self, id: &TenantId) -> PathBuf {
        self.path(id).join(TENANT_FILE)
    }

    /// The tenants that have a `tenant.toml`, in order.
    ///
    /// # Errors
    /// [`TenantFileError::Io`] when the folder cannot be listed; a folder that is not there holds no tenants.
    pub fn ids(&self) -> Result<Vec<TenantId>, TenantFileError> {
        Ok(self.folders()?.iter().filter_map(|name| TenantId::parse(name).ok()).collect())
    }

    /// What is wrong with the names of folders that hold a `tenant.toml` but can be no tenants.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn misnamed(&self) -> Result<Vec<ConfigError>, TenantFileError> {
        let problem = |name: &String| {
            let error = TenantId::parse(name).err()?;
            let file = Some(self.root.join(name).join(TENANT_FILE));
            let message = format!("the folder's name is wrong: {error}");
            Some(ConfigError { file, line: None, column: None, key: String::new(), message })
        };
        Ok(self.folders()?.iter().filter_map(problem).collect())
    }

    /// Reads and checks one tenant.
    ///
    /// # Errors
    /// [`TenantFileError::Unknown`] or [`TenantFileError::Wrong`].
    pub fn load(&self, id: &TenantId, env: &Env) -> Result<TenantConfig, TenantFileError> {
        TenantConfig::load(&self.existing(id)?, env).map_err(TenantFileError::Wrong)
    }

    /// Reads and checks all tenants; each has its own result.
    ///
    /// # Errors
    /// As [`Self::ids`].
    #[expect(clippy::type_complexity, reason = "a list of named results needs no name of its own")]
    pub fn load_all(
        &self,
        env: &Env,
    ) -> Result<Vec<(TenantId, Result<TenantConfig, TenantFileError>)>, TenantFileError> {
        let load = |id: TenantId| {
            let config = self.load(&id, env);
            (id, config)
        };
        Ok(self.ids()?.into_iter().map(load).collect())
    }

    /// Makes a tenant whose `tenant.toml` is `text`. It is there whole or not at all.
    ///
    /// # Errors
    /// [`TenantFileError::Wrong`] when the text is, [`TenantFileError::Exists`], [`TenantFileError::Io`].
    pub fn create(&self, id: &TenantId, text: &str, env: &Env) -> Result<PathBuf, TenantFileError> {
        let (folder, file) = (self.path(id), self.file(id));
        TenantConfig::parse(text, &file, env).map_err(TenantFileError::Wrong)?;
        fs::create_dir_all(&folder).map_err(TenantFileError::io("make the folder", &folder))?;
        let new = new_file(&folder, text).map_err(TenantFileError::io("write in", &folder))?;
        match new.persist_noclobber(&file) {
            Ok(_) => {}
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(TenantFileError::Exists { id: id.clone(), file });
            }
            Err(error) => return Err(TenantFileError::io("write", &file)(error.error)),
        }
        sync_folder(&folder).map_err(TenantFileError::io("write", &folder))?;
        sync_folder(&self.root).map_err(TenantFileError::io("write", &self.root))?;
        Ok(file)
    }

    /// Sets `enabled` in the file and keeps everything else in it, comments too. Says whether it was different.
    ///
    /// # Errors
    /// [`TenantFileError::Unknown`]; [`TenantFileError::Wrong`] when the file is not TOML, or when it is to be
    /// enabled with errors in it; [`TenantFileError::Io`].
    pub fn set_enabled(&self, id: &TenantId, enabled: bool, env: &Env) -> Result<bool, TenantFileError> {
        let file = self.existing(id)?;
        let text = read_file(&file).map_err(TenantFileError::Wrong)?;
        let Ok(mut document) = text.parse::<toml_edit::DocumentMut>() else {
            // Checking it says what is wrong, and where.
            return TenantConfig::parse(&text, &file, env).map(|_| false).map_err(TenantFileError::Wrong);
        };
        let old = document.get("enabled").and_then(toml_edit::Item::as_bool).or_else(|| {
            // Not there means enabled; there but not a boolean must be replaced.
            (!document.contains_key("enabled")).then_some(true)
        });
        if old == Some(enabled) {
            return Ok(false);
        }
        match document.get_mut("enabled").and_then(toml_edit::Item::as_value_mut) {
            Some(value) => {
                let decor = value.decor().clone();
                *value = toml_edit::Value::from(enabled);
                *value.decor_mut() = decor;
            }
            None => drop(document.insert("enabled", toml_edit::value(enabled))),
        }
        let text = document.to_string();
        if enabled {
            TenantConfig::parse(&text, &file, env).map_err(TenantFileError::Wrong)?;
        }
        replace(&file, &text).map_err(TenantFileError::io("write", &file))?;
        Ok(true)
    }

    /// Deletes the tenant's folder and then its database. The documents in `knowledge/<id>` are kept.
    ///
    /// # Errors
    /// [`TenantFileError::Unknown`] when there is neither; [`TenantFileError::Io`].
    pub fn remove(&self, id: &TenantId, paths: &Paths) -> Result<(), TenantFileError> {
        let folder = self.path(id);
        let databases = database_files(id, paths)?;
        if !folder.is_dir() && databases.is_empty() {
            return Err(self.unknown(id));
        }
        if folder.is_dir() {
            // The file goes first: whatever fails after that, the tenant is gone and no longer answers.
            match fs::remove_file(self.file(id)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(TenantFileError::io("delete", &self.file(id))(error));
                }
                _ => {}
            }
            fs::remove_dir_all(&folder).map_err(TenantFileError::io("delete", &folder))?;
        }
        for file in databases {
            fs::remove_file(&file).map_err(TenantFileError::io("delete", &file))?;
        }
        Ok(())
    }

    /// The file of a tenant that is there.
    pub(crate) fn existing(&self, id: &TenantId) -> Result<PathBuf, TenantFileError> {
        let file = self.file(id);
        if file.exists() { Ok(file) } else { Err(self.unknown(id)) }
    }

    fn unknown(&self, id: &TenantId) -> TenantFileError {
        let ids = self.ids().unwrap_or_default();
        let alike = nearest(id.as_str(), ids.iter().map(TenantId::as_str));
        let alike = alike.and_then(|name| TenantId::parse(name).ok());
        TenantFileError::Unknown { id: id.clone(), root: self.root.clone(), alike }
    }

    /// The names of the folders with a `tenant.toml`, in order.
    fn folders(&self) -> Result<Vec<String>, TenantFileError> {
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(TenantFileError::io("list", &self.root)(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(TenantFileError::io("list", &self.root))?;
            if entry.path().join(TENANT_FILE).is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort_unstable();
        Ok(names)
    }
}

/// The database of a tenant and the files SQLite keeps beside it.
fn database_files(id: &TenantId, paths: &Paths) -> Result<Vec<PathBuf>, TenantFileError> {
    let database = paths.tenant_database(id);
    let Some(folder) = database.parent() else { return Ok(Vec::new()) };
    // No tenant's name holds a dot, so nobody else's file begins like this.
    let prefix = format!("{id}.db");
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(TenantFileError::io("list", folder)(error)),
    };
    let names = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix));
    Ok(names.map(|entry| entry.path()).collect())
}

/// A file beside the one it will become, already on disk.
fn new_file(folder: &Path, text: &str) -> io::Result<tempfile::NamedTempFile> {
    use std::io::Write;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".new-").suffix(".toml");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file: the umask takes away what others may not do.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Replaces a file whole, keeping its permissions, and the link to it if it is one.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let file = file.canonicalize()?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let new = new_file(folder, text)?;
    new.as_file().set_permissions(fs::metadata(&file)?.permissions())?;
    new.persist(&file).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// Makes the names in a folder durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# ours\nname = \"Acme\"  # the name\nenabled = true  # on\n\n[memory]\nwindow = 5\n";

    fn directory() -> (tempfile::TempDir, TenantDirectory, TenantId) {
        let dir = tempfile::tempdir().unwrap();
        let tenants = TenantDirectory::new(dir.path().join("tenants"));
        (dir, tenants, TenantId::parse("acme").unwrap())
    }

    fn paths(root: &Path) -> Paths {
        let path = |name: &str| root.join(name);
        Paths {
            data: path("data"),
            tenants: path("tenants"),
            prompts: path("prompts"),
            knowledge: path("knowledge"),
        }
    }

    #[test]
    fn a_tenant_is_created_once_and_nothing_is_left_beside_it() {
        let (_dir, tenants, id) = directory();
        assert!(tenants.ids().unwrap().is_empty());
        let file = tenants.create(&id, TEXT, &Env::default()).unwrap();
        let again = tenants.create(&id, "name = \"Other\"", &Env::default());
        assert!(matches!(again, Err(TenantFileError::Exists { .. })), "{again:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), TEXT);
        assert_eq!(fs::read_dir(tenants.path(&id)).unwrap().count(), 1);
        assert_eq!(tenants.ids().unwrap(), [id]);
    }

    #[test]
    fn a_wrong_text_makes_no_tenant() {
        let (_dir, tenants, id) = directory();
        let result = tenants.create(&id, "nam = \"Acme\"", &Env::default());
        assert!(matches!(result, Err(TenantFileError::Wrong(_))), "{result:?}");
        assert!(!tenants.path(&id).exists());
    }

    #[test]
    fn disabling_keeps_every_comment() {
        let (_dir, tenants, id) = directory();
        let env = Env::default();
        let file = tenants.create(&id, TEXT, &env).unwrap();
        assert!(tenants.set_enabled(&id, false, &env).unwrap());
        assert_eq!(fs::read_to_string(&file).unwrap(), TEXT.replace("enabled = true", "enabled = false"));
        assert!(!tenants.set_enabled(&id, false, &env).unwrap());
        assert!(tenants.set_enabled(&id, true, &env).unwrap());
        assert_eq!(fs::read_to_string(&file).unwrap(), TEXT);
    }

    #[test]
    fn a_tenant_without_the_key_is_enabled_and_can_be_disabled() {
        let (_dir, tenants, id) = directory();
        let env = Env::default();
        tenants.create(&id, "name = \"Acme\"\n\n[memory]\nwindow = 5\n", &env).unwrap();
        assert!(!tenants.set_enabled(&id, true, &env).unwrap());
        assert!(tenants.set_enabled(&id, false, &env).unwrap());
        let config = tenants.load(&id, &env).unwrap();
        assert!(!config.enabled);
        assert_eq!(config.memory.window, 5);
    }

    #[test]
    fn a_broken_tenant_can_be_disabled_but_not_enabled_and_hides_no_other() {
        let (_dir, tenants, id) = directory();
        let env = Env::default();
        tenants.create(&TenantId::parse("other").unwrap(), TEXT, &env).unwrap();
        let file = tenants.create(&id, TEXT, &env).unwrap();
        fs::write(&file, "name = \"Acme\"\nenabled = false\nunknown = 1\n").unwrap();
        let enabled = tenants.set_enabled(&id, true, &env);
        assert!(matches!(enabled, Err(TenantFileError::Wrong(_))), "{enabled:?}");
        fs::write(&file, "name = \"Acme\"\nunknown = 1\n").unwrap();
        assert!(tenants.set_enabled(&id, false, &env).unwrap());
        let all = tenants.load_all(&env).unwrap();
        let states: Vec<_> = all.iter().map(|(id, config)| (id.as_str(), config.is_ok())).collect();
        assert_eq!(states, [("acme", false), ("other", true)]);
    }

    #[test]
    fn an_unknown_tenant_is_named_with_the_one_most_alike() {
        let (_dir, tenants, id) = directory();
        tenants.create(&id, TEXT, &Env::default()).unwrap();
        let error = tenants.load(&TenantId::parse("acmee").unwrap(), &Env::default()).unwrap_err();
        assert!(matches!(error, TenantFileError::Unknown { alike: Some(alike), .. } if alike == id));
    }

    #[test]
    fn removing_takes_the_folder_and_the_database_and_nobody_elses() {
        let (dir, tenants, id) = directory();
        let paths = paths(dir.path());
        tenants.create(&id, TEXT, &Env::default()).unwrap();
        let databases = dir.path().join("data/tenants");
        fs::create_dir_all(&databases).unwrap();
        for name in ["acme.db", "acme.db-wal", "acme.db-shm", "acme-2.db", "acme2.db"] {
            fs::write(databases.join(name), "").unwrap();
        }
        tenants.remove(&id, &paths).unwrap();
        assert!(!tenants.path(&id).exists());
        let mut left: Vec<_> = fs::read_dir(&databases)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["acme-2.db", "acme2.db"]);
        let again = tenants.remove(&id, &paths);
        assert!(matches!(again, Err(TenantFileError::Unknown { .. })), "{again:?}");
    }

    #[test]
    fn a_folder_that_can_be_no_tenant_is_told() {
        let (_dir, tenants, _) = directory();
        let folder = tenants.root().join("Mi Tienda");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(TENANT_FILE), TEXT).unwrap();
        assert!(tenants.ids().unwrap().is_empty());
        assert!(tenants.misnamed().unwrap()[0].message.contains("`Mi Tienda` is not a tenant id"));
    }
}
