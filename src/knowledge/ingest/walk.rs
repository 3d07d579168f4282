//! Which files an ingest looks at. Hidden files, the catalogue and editors' lock files are no documents; a link that
//! leads out of the folder is not followed.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::Failed;
use crate::catalog::source::{DEFAULT_FILE, is_catalog};

/// What operating systems leave in folders.
const JUNK: &[&str] = &["thumbs.db", "desktop.ini"];

/// Folders below folders that are looked into.
const MAX_DEPTH: usize = 32;

/// Files of one ingest.
const MAX_FILES: usize = 200_000;

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Its absolute path, links resolved.
    pub(super) path: PathBuf,
    /// Its path below the folder that was named, with `/`; the file's name when it was named itself.
    pub(super) name: String,
    /// The first sub-folder on the way to it.
    pub(super) folder: Option<String>,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The files, in the order of their paths.
    pub(super) files: Vec<Found>,
    /// What was named, as absolute paths: what is gone from below them is gone.
    pub(super) roots: Vec<PathBuf>,
    /// What could not be looked at.
    pub(super) failed: Vec<Failed>,
    /// Folders that could not be looked into: nothing is known of what is below them.
    pub(super) unknown: Vec<PathBuf>,
}

/// Finds the files at and below the paths. A file called `catalog` is no document, wherever it is.
pub(super) fn walk(paths: &[PathBuf], catalog: Option<&str>) -> Walk {
    let catalog = catalog.unwrap_or(DEFAULT_FILE);
    let mut walk = Walk::default();
    for path in paths {
        match path.canonicalize() {
            Ok(root) if root.is_dir() => {
                folder(&root, &root, 0, catalog, &mut walk);
                walk.roots.push(root);
            }
            // The catalogue is imported, not read as a text.
            Ok(root) if is_catalog(&root, catalog) => {}
            Ok(root) => {
                let name = root.file_name().and_then(|name| name.to_str());
                match name {
                    Some(name) => {
                        let name = name.to_owned();
                        walk.files.push(Found { path: root.clone(), name, folder: None });
                    }
                    None => walk.failed.push(Failed::new(path, "its name is not UTF-8; rename it")),
                }
                walk.roots.push(root);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                walk.failed.push(Failed::new(path, "there is no such file or folder"));
            }
            Err(error) => walk.failed.push(Failed::new(path, &error.to_string())),
        }
    }
    walk.files.sort_by(|a, b| a.path.cmp(&b.path));
    walk.files.dedup_by(|a, b| a.path == b.path);
    walk
}

fn folder(root: &Path, at: &Path, depth: usize, catalog: &str, walk: &mut Walk) {
    let entries = match std::fs::read_dir(at).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
        Ok(entries) => entries,
        Err(error) => {
            walk.failed.push(Failed::new(at, &error.to_string()));
            walk.unknown.push(at.to_owned());
            return;
        }
    };
    for entry in entries {
        let path = entry.path();
        let Some(file_name) = path.file_name().and_then(|name| name.to_str()) else {
            walk.failed.push(Failed::new(&path, "its name is not UTF-8; rename it"));
            continue;
        };
        if is_no_document(file_name) || is_catalog(&path, catalog) {
            continue;
        }
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            if depth == MAX_DEPTH {
                walk.failed.push(Failed::new(&path, "too many folders inside each other; move it up"));
                walk.unknown.push(path);
            } else {
                folder(root, &path, depth + 1, catalog, walk);
            }
        } else if let Some(target) = target_inside(root, &path, kind.is_symlink()) {
            if walk.files.len() == MAX_FILES {
                walk.failed.push(Failed::new(&path, "too many files; ingest the folders one by one"));
                walk.unknown.push(root.to_owned());
                return;
            }
            walk.files.extend(found(root, &path, target));
        }
    }
}

/// The file itself, or the file that a link leads to if that is below the root; `None` for everything else.
fn target_inside(root: &Path, path: &Path, is_link: bool) -> Option<PathBuf> {
    let target = if is_link { path.canonicalize().ok()? } else { path.to_owned() };
    (target.is_file() && target.starts_with(root)).then_some(target)
}

fn found(root: &Path, path: &Path, target: PathBuf) -> Option<Found> {
    let parts: Vec<&str> =
        path.strip_prefix(root).ok()?.iter().map(|part| part.to_str()).collect::<Option<_>>()?;
    let folder = (parts.len() > 1).then(|| parts.first().map(|part| (*part).to_owned())).flatten();
    Some(Found { path: target, name: parts.join("/"), folder })
}

fn is_no_document(file_name: &str) -> bool {
    let name = file_name.to_lowercase();
    name.starts_with('.') || name.starts_with("~$") || JUNK.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_files_the_catalogue_and_links_out_are_no_documents() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("knowledge");
        std::fs::create_dir_all(root.join("precios/2024")).unwrap();
        std::fs::create_dir_all(root.join(".git")).unwrap();
        for file in [
            "b.md",
            "precios/2024/a.md",
            ".git/x.md",
            ".oculto.md",
            "Catalog.csv",
            "productos.csv",
            "~$b.docx",
        ] {
            std::fs::write(root.join(file), "x").unwrap();
        }
        std::fs::write(folder.path().join("secreto.md"), "x").unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(folder.path().join("secreto.md"), root.join("fuera.md")).unwrap();
            std::os::unix::fs::symlink(&root, root.join("bucle")).unwrap();
        }
        let found = walk(&[root.clone(), root.join("b.md"), root.join("Catalog.csv")], Some("Productos.csv"));
        let names: Vec<_> =
            found.files.iter().map(|file| (file.name.as_str(), file.folder.as_deref())).collect();
        assert_eq!(names, [("b.md", None), ("precios/2024/a.md", Some("precios"))]);
        assert!(found.failed.is_empty());
    }

    #[test]
    fn a_path_that_is_not_there_is_told() {
        let found = walk(&[PathBuf::from("/nada/de/esto")], None);
        assert_eq!(found.failed.len(), 1);
        assert!(found.roots.is_empty());
    }
}
