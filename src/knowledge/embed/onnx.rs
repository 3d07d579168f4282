//! Embedding models in ONNX files, for owners who want a larger one than the built-in.
//!
//! The models run in the ONNX Runtime, a library that is not part of iass: it is loaded when such a model is configured
//! and only then. Everything that can be wrong with it or with the folder is checked before the model library sees it,
//! because that one panics.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use fastembed::{InitOptionsUserDefined, TextEmbedding, TokenizerFiles, UserDefinedEmbeddingModel};
use sha2::{Digest, Sha256};

use super::catalogue::{KnownModel, MANIFEST_FILE, Manifest, Pooling, TOKENIZER_FILES};
use super::{EmbedError, MAX_TEXT_BYTES};

/// The oldest ONNX Runtime 1.x that works, by its second number.
const OLDEST_RUNTIME: u32 = ort::MINOR_VERSION;

/// A model from a folder.
pub struct OnnxEmbedder {
    manifest: Manifest,
    id: String,
    /// Guards the session, which can run one batch at a time; it uses all cores by itself.
    model: Mutex<TextEmbedding>,
    /// Whether the vectors of a text depend on what else is in the batch, so that there can be no batches.
    is_quantized: bool,
}

impl OnnxEmbedder {
    /// Loads the model in `folder` with the ONNX Runtime at `runtime`, or wherever the system finds one.
    ///
    /// # Errors
    /// When the runtime is missing or too old, when the folder is not complete, or when the model does not do what its
    /// manifest says.
    pub fn load(folder: &Path, runtime: Option<&Path>) -> Result<Self, EmbedError> {
        let manifest = read_manifest(folder)?;
        let graph = read_file(folder, &manifest.model_file)?;
        let [tokenizer_file, config_file, special_tokens_map_file, tokenizer_config_file] =
            TOKENIZER_FILES.map(|name| read_file(folder, name));
        let files = TokenizerFiles {
            tokenizer_file: tokenizer_file?,
            config_file: config_file?,
            special_tokens_map_file: special_tokens_map_file?,
            tokenizer_config_file: tokenizer_config_file?,
        };
        load_runtime(runtime)?;

        let id = model_id(&manifest, &graph);
        let pooling = match manifest.pooling {
            Pooling::Mean => fastembed::Pooling::Mean,
            Pooling::Cls => fastembed::Pooling::Cls,
        };
        let damaged = |error: fastembed::Error| EmbedError::Model {
            name: manifest.name.clone(),
            reason: format!("the files in {} do not load: {error}", folder.display()),
        };
        let model = UserDefinedEmbeddingModel::new(graph, files).with_pooling(pooling);
        let options = InitOptionsUserDefined::new().with_max_length(manifest.max_tokens);
        let model = TextEmbedding::try_new_from_user_defined(model, options).map_err(damaged)?;
        let is_quantized = ["quant", "int8", "uint8"].iter().any(|mark| manifest.model_file.contains(mark));
        let embedder = Self { manifest, id, model: Mutex::new(model), is_quantized };
        // One text through the whole model now, so that a wrong manifest is an error at the start and not later.
        embedder.embed_query("hola")?;
        Ok(embedder)
    }

    /// What identifies the vectors of this model in a store: its name and a digest of everything that shapes them.
    pub fn model_id(&self) -> &str {
        &self.id
    }

    /// Numbers per vector.
    pub fn dimensions(&self) -> usize {
        self.manifest.dimensions
    }

    /// Embeds a question.
    ///
    /// # Errors
    /// When the model fails.
    pub fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        let vectors = self.embed(&self.manifest.query_prefix, &[text])?;
        vectors.into_iter().next().ok_or_else(|| self.failed("it gave no vector"))
    }

    /// Embeds passages, in order.
    ///
    /// # Errors
    /// When the model fails.
    pub fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.embed(&self.manifest.passage_prefix, texts)
    }

    fn embed(&self, prefix: &str, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        /// Texts that run together; they are padded to the longest, so more would waste work.
        const BATCH: usize = 16;
        let texts: Vec<String> = texts
            .iter()
            .map(|text| {
                format!(
                    "{prefix}{}",
                    text.get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or_default()
                )
            })
            .collect();
        let batch = if self.is_quantized { 1 } else { BATCH };
        let mut model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        let vectors = model.embed(&texts, Some(batch)).map_err(|error| self.failed(&error.to_string()))?;
        drop(model);
        if vectors.len() != texts.len() {
            return Err(self.failed("it gave another number of vectors than there are texts"));
        }
        for vector in &vectors {
            if vector.len() != self.manifest.dimensions {
                let found = vector.len();
                return Err(self.failed(&format!(
                    "its vectors have {found} numbers and {MANIFEST_FILE} says `dimensions` is {}",
                    self.manifest.dimensions
                )));
            }
            if !vector.iter().all(|number| number.is_finite()) {
                return Err(self.failed("its vectors are not numbers"));
            }
        }
        Ok(vectors)
    }

    fn failed(&self, reason: &str) -> EmbedError {
        EmbedError::Model { name: self.manifest.name.clone(), reason: reason.to_owned() }
    }
}

fn model_id(manifest: &Manifest, graph: &[u8]) -> String {
    let mut digest = Sha256::new();
    digest.update(graph);
    for text in [&manifest.query_prefix, &manifest.passage_prefix] {
        digest.update([0]);
        digest.update(text);
    }
    digest.update([0, u8::from(manifest.pooling == Pooling::Cls)]);
    let digest = digest.finalize();
    let short = digest.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    format!("onnx:{}:{short:016x}", manifest.name)
}

/// The manifest in the folder, or the one of the known model that the folder is named after.
fn read_manifest(folder: &Path) -> Result<Manifest, EmbedError> {
    let wrong = |reason: String| EmbedError::ModelFolder { folder: folder.to_owned(), reason };
    if !folder.is_dir() {
        return Err(wrong("there is no such folder; fetch a model with `iass model pull`".to_owned()));
    }
    let path = folder.join(MANIFEST_FILE);
    if path.exists() {
        let text =
            std::fs::read(&path).map_err(|error| wrong(format!("cannot read {MANIFEST_FILE}: {error}")))?;
        return serde_json::from_slice(&text).map_err(|error| wrong(format!("{MANIFEST_FILE}: {error}")));
    }
    let known = folder.file_name().and_then(|name| KnownModel::find(name.to_str()?));
    let Some(known) = known else {
        return Err(wrong(format!(
            "it has no {MANIFEST_FILE}; write one, such as {{\"name\": \"my-model\", \"model_file\": \"model.onnx\", \
             \"dimensions\": 384, \"pooling\": \"mean\", \"query_prefix\": \"query: \", \"passage_prefix\": \
             \"passage: \"}}"
        )));
    };
    let mut manifest = known.manifest();
    if !folder.join(&manifest.model_file).exists() {
        "model.onnx".clone_into(&mut manifest.model_file);
    }
    Ok(manifest)
}

fn read_file(folder: &Path, name: &str) -> Result<Vec<u8>, EmbedError> {
    std::fs::read(folder.join(name)).map_err(|error| EmbedError::ModelFolder {
        folder: folder.to_owned(),
        reason: format!("cannot read {name}: {error}; `iass model pull` fetches complete models"),
    })
}

/// Loads the ONNX Runtime into the process, unless it is there already.
fn load_runtime(path: Option<&Path>) -> Result<(), EmbedError> {
    let library = match path {
        Some(path) => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
        None => PathBuf::from(format!(
            "{}onnxruntime{}",
            std::env::consts::DLL_PREFIX,
            std::env::consts::DLL_SUFFIX
        )),
    };
    if path.is_some() && !library.is_file() {
        return Err(EmbedError::RuntimeMissing { library, reason: "there is no such file".to_owned() });
    }
    match ort::init_from(&library) {
        // fastembed makes the one environment that a process may have; here only the library was to be loaded.
        Ok(_environment) => Ok(()),
        Err(ort::LoadDynamicError::BadVersion { version_str, .. }) => {
            Err(EmbedError::RuntimeTooOld { library, found: version_str, oldest: OLDEST_RUNTIME })
        }
        Err(error) => Err(EmbedError::RuntimeMissing { library, reason: error.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with every file of a model, none of which is one.
    fn folder_with(manifest: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in TOKENIZER_FILES {
            std::fs::write(folder.path().join(file), "{}").unwrap();
        }
        std::fs::write(folder.path().join("model.onnx"), "no graph").unwrap();
        std::fs::write(folder.path().join(MANIFEST_FILE), manifest).unwrap();
        folder
    }

    const MANIFEST: &str =
        r#"{"name": "mine", "model_file": "model.onnx", "dimensions": 384, "pooling": "mean"}"#;

    fn error(folder: &Path, runtime: &str) -> String {
        let Err(error) = OnnxEmbedder::load(folder, Some(Path::new(runtime))) else { panic!("it loaded") };
        error.to_string()
    }

    #[test]
    fn a_missing_runtime_says_what_to_install_and_where_to_point() {
        let folder = folder_with(MANIFEST);
        let error = error(folder.path(), "/nowhere/libonnxruntime.so");
        for part in ["/nowhere/libonnxruntime.so", "there is no such file", "pip install onnxruntime", "1.24"]
        {
            assert!(error.contains(part), "{part} is not in: {error}");
        }
    }

    #[test]
    fn a_file_that_is_no_runtime_is_an_error_and_no_panic() {
        let folder = folder_with(MANIFEST);
        let file = folder.path().join("model.onnx");
        assert!(error(folder.path(), file.to_str().unwrap()).contains("pip install onnxruntime"));
    }

    #[test]
    fn an_incomplete_folder_names_what_is_missing() {
        let folder = folder_with(MANIFEST);
        std::fs::remove_file(folder.path().join("tokenizer.json")).unwrap();
        assert!(error(folder.path(), "x").contains("tokenizer.json"));
        std::fs::remove_file(folder.path().join(MANIFEST_FILE)).unwrap();
        assert!(error(folder.path(), "x").contains(MANIFEST_FILE));
        assert!(error(&folder.path().join("absent"), "x").contains("iass model pull"));
    }

    #[test]
    fn a_wrong_manifest_names_the_key() {
        let folder = folder_with(r#"{"name": "mine", "model_file": "model.onnx", "pooling": "mean"}"#);
        assert!(error(folder.path(), "x").contains("dimensions"));
    }

    #[test]
    fn the_id_changes_with_the_graph_and_with_the_prefixes() {
        let manifest: Manifest = serde_json::from_str(MANIFEST).unwrap();
        let id = model_id(&manifest, b"graph");
        assert!(id.starts_with("onnx:mine:"), "{id}");
        assert_ne!(id, model_id(&manifest, b"another"));
        assert_ne!(
            id,
            model_id(&Manifest { passage_prefix: "passage: ".to_owned(), ..manifest.clone() }, b"graph")
        );
        assert_ne!(
            id,
            model_id(&Manifest { query_prefix: "passage: ".to_owned(), ..manifest.clone() }, b"graph")
        );
        assert_ne!(id, model_id(&Manifest { pooling: Pooling::Cls, ..manifest }, b"graph"));
    }
}
