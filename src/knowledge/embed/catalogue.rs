//! The larger embedding models that are known by name, and how a model folder describes itself.
//!
//! A folder holds an ONNX graph, the tokenizer files of Hugging Face and `iass-model.json`, the [`Manifest`]. Pulling a
//! known model writes all of it; an owner with a model of their own writes the manifest by hand. Nothing here touches
//! the network or a file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The file in a model folder that says how to use the model.
pub const MANIFEST_FILE: &str = "iass-model.json";

/// The tokenizer files that every model folder has, by the names that Hugging Face gives them.
pub const TOKENIZER_FILES: [&str; 4] =
    ["tokenizer.json", "config.json", "special_tokens_map.json", "tokenizer_config.json"];

/// How the vectors of the tokens become the vector of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// Their mean.
    Mean,
    /// The one of the first token.
    Cls,
}

/// How to use the model in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What the model is called; part of the id of its vectors.
    pub name: String,
    /// The ONNX graph, a file in the same folder.
    pub model_file: String,
    /// Numbers per vector.
    pub dimensions: usize,
    /// How the vectors of the tokens become one.
    pub pooling: Pooling,
    /// What the model wants before a question, such as `query: `.
    #[serde(default)]
    pub query_prefix: String,
    /// What the model wants before a passage, such as `passage: `.
    #[serde(default)]
    pub passage_prefix: String,
    /// The most tokens of a text that are looked at.
    #[serde(default = "default_max_tokens")]
    pub max_tokens: usize,
}

/// What nearly all sentence models were trained with.
fn default_max_tokens() -> usize {
    512
}

/// A model that can be pulled by its name.
#[derive(Debug, PartialEq, Eq)]
pub struct KnownModel {
    /// What the owner calls it.
    pub name: &'static str,
    /// What it is good for, in a few words.
    pub about: &'static str,
    /// The repository on Hugging Face.
    pub repository: &'static str,
    /// The branch, tag or commit of the repository.
    pub revision: &'static str,
    /// The ONNX graph in the repository.
    pub model_file: &'static str,
    /// About how many bytes a pull fetches.
    pub approximate_bytes: u64,
    /// Numbers per vector.
    pub dimensions: usize,
    /// How the vectors of the tokens become one.
    pub pooling: Pooling,
    /// What goes before a question.
    pub query_prefix: &'static str,
    /// What goes before a passage.
    pub passage_prefix: &'static str,
    /// The most tokens of a text that the model was trained with.
    pub max_tokens: usize,
}

const MIB: u64 = 1024 * 1024;

/// The folder of the model called `name` among `models_folder`, whether it is there or not.
pub fn model_folder(models_folder: &Path, name: &str) -> PathBuf {
    models_folder.join(KnownModel::find(name).map_or(name, |model| model.name))
}

/// The models that can be pulled, the recommended one first.
pub const KNOWN_MODELS: [KnownModel; 5] = [
    KnownModel {
        name: "multilingual-e5-small",
        about: "100 languages, trained for search",
        repository: "Xenova/multilingual-e5-small",
        revision: "main",
        model_file: "onnx/model_quantized.onnx",
        approximate_bytes: 130 * MIB,
        dimensions: 384,
        pooling: Pooling::Mean,
        query_prefix: "query: ",
        passage_prefix: "passage: ",
        max_tokens: 512,
    },
    KnownModel {
        name: "multilingual-e5-base",
        about: "100 languages, trained for search, larger",
        repository: "Xenova/multilingual-e5-base",
        revision: "main",
        model_file: "onnx/model_quantized.onnx",
        approximate_bytes: 283 * MIB,
        dimensions: 768,
        pooling: Pooling::Mean,
        query_prefix: "query: ",
        passage_prefix: "passage: ",
        max_tokens: 512,
    },
    KnownModel {
        name: "paraphrase-multilingual-MiniLM-L12-v2",
        about: "50 languages, short sentences",
        repository: "Xenova/paraphrase-multilingual-MiniLM-L12-v2",
        revision: "main",
        model_file: "onnx/model_quantized.onnx",
        approximate_bytes: 130 * MIB,
        dimensions: 384,
        pooling: Pooling::Mean,
        query_prefix: "",
        passage_prefix: "",
        max_tokens: 128,
    },
    KnownModel {
        name: "all-MiniLM-L6-v2",
        about: "English, small and fast",
        repository: "Xenova/all-MiniLM-L6-v2",
        revision: "main",
        model_file: "onnx/model_quantized.onnx",
        approximate_bytes: 23 * MIB,
        dimensions: 384,
        pooling: Pooling::Mean,
        query_prefix: "",
        passage_prefix: "",
        max_tokens: 256,
    },
    KnownModel {
        name: "bge-small-en-v1.5",
        about: "English, trained for search",
        repository: "Xenova/bge-small-en-v1.5",
        revision: "main",
        model_file: "onnx/model_quantized.onnx",
        approximate_bytes: 34 * MIB,
        dimensions: 384,
        pooling: Pooling::Cls,
        query_prefix: "Represent this sentence for searching relevant passages: ",
        passage_prefix: "",
        max_tokens: 512,
    },
];

impl KnownModel {
    /// Finds a model by its name, whatever the case of its letters.
    pub fn find(name: &str) -> Option<&'static Self> {
        KNOWN_MODELS.iter().find(|model| model.name.eq_ignore_ascii_case(name))
    }

    /// The known name that is most like `name`, for "did you mean"; none when nothing is.
    pub fn nearest_name(name: &str) -> Option<&'static str> {
        /// How alike two names must be; found by trying typing errors and unrelated words.
        const ALIKE: f64 = 0.75;
        let name = name.to_lowercase();
        let alike =
            |model: &'static Self| (strsim::jaro_winkler(&model.name.to_lowercase(), &name), model.name);
        let nearest = KNOWN_MODELS.iter().map(alike).max_by(|a, b| a.0.total_cmp(&b.0));
        nearest.filter(|(likeness, _)| *likeness >= ALIKE).map(|(_, name)| name)
    }

    /// What the folder of this model says about it.
    pub fn manifest(&self) -> Manifest {
        Manifest {
            name: self.name.to_owned(),
            model_file: self.local_model_file().to_owned(),
            dimensions: self.dimensions,
            pooling: self.pooling,
            query_prefix: self.query_prefix.to_owned(),
            passage_prefix: self.passage_prefix.to_owned(),
            max_tokens: self.max_tokens,
        }
    }

    /// The files of the repository that are needed, with their names in the model folder: the small ones first, so that
    /// a wrong repository is noticed before the long download.
    pub fn files(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        TOKENIZER_FILES
            .into_iter()
            .map(|file| (file, file))
            .chain([(self.model_file, self.local_model_file())])
    }

    fn local_model_file(&self) -> &'static str {
        self.model_file.rsplit('/').next().unwrap_or(self.model_file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_found_by_name_and_suggested_when_misspelt() {
        for model in &KNOWN_MODELS {
            assert_eq!(KnownModel::find(&model.name.to_uppercase()), Some(model));
        }
        assert_eq!(KnownModel::find("multilingual-e5"), None);
        assert_eq!(KnownModel::nearest_name("multilingual-e5-smal"), Some("multilingual-e5-small"));
        assert_eq!(KnownModel::nearest_name("All-minilm-l6"), Some("all-MiniLM-L6-v2"));
        assert_eq!(KnownModel::nearest_name("gpt"), None);
    }

    #[test]
    fn a_model_has_one_folder_however_its_name_is_written() {
        let models = Path::new("models");
        assert_eq!(model_folder(models, "ALL-minilm-l6-V2"), models.join("all-MiniLM-L6-v2"));
        assert_eq!(model_folder(models, "mine"), models.join("mine"));
    }

    #[test]
    fn a_manifest_survives_being_written_and_read() {
        for model in &KNOWN_MODELS {
            let text = serde_json::to_string(&model.manifest()).unwrap();
            assert_eq!(serde_json::from_str::<Manifest>(&text).unwrap(), model.manifest());
        }
    }

    #[test]
    fn a_manifest_with_a_misspelt_key_is_refused() {
        let text = r#"{"name": "x", "model_file": "m.onnx", "dimensions": 3, "pooling": "mean", "prefix": "query: "}"#;
        assert!(serde_json::from_str::<Manifest>(text).unwrap_err().to_string().contains("prefix"));
    }
}
