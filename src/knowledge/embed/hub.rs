//! Fetching embedding models from Hugging Face or a mirror of it.
//!
//! A pull is safe to interrupt and to repeat: a file gets its name only when it is whole, what arrived of it is kept for
//! the next attempt, and the manifest that makes the folder a model is written last. Nothing is ever fetched unless the
//! owner asks for it.

#[cfg(test)]
mod tests;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{ETAG, HeaderMap, LOCATION, RANGE};
use reqwest::{Response, StatusCode, redirect};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::catalogue::{KNOWN_MODELS, KnownModel, MANIFEST_FILE, model_folder};

/// Where models come from unless the configuration names a mirror.
pub const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// How long a connection may take.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// How long the other side may stay silent. There is no deadline for a whole file: slow lines are slow.
const SILENCE_DEADLINE: Duration = Duration::from_secs(30);
/// The largest file that is fetched; a known model is a fraction of it.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// How many renames of a repository are followed to the description of a file.
const MAX_HOPS: usize = 5;

/// Why a model could not be pulled.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// No model has this name.
    #[error(
        "there is no model {name}{}; `iass model list` shows all",
        nearest.map(|nearest| format!(" (did you mean {nearest}?)")).unwrap_or_default()
    )]
    UnknownModel {
        /// What was asked for.
        name: String,
        /// The known name that is most like it, if one is.
        nearest: Option<&'static str>,
    },
    /// The other side cannot be reached.
    #[error("cannot reach {url}: {reason}; check the network, or set HF_ENDPOINT to a mirror")]
    Unreachable {
        /// What was asked.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The other side does not have the file.
    #[error("{url} does not exist; if HF_ENDPOINT is a mirror, check that it has this model")]
    NotFound {
        /// What was asked.
        url: String,
    },
    /// The other side refuses or fails.
    #[error("{url} answers with status {status}; try again later")]
    Status {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The download stopped half-way.
    #[error(
        "the download of {file} stopped after {received} bytes: {reason}; run the command again to go on from there"
    )]
    Interrupted {
        /// The file.
        file: String,
        /// How much of it is there.
        received: u64,
        /// What went wrong.
        reason: String,
    },
    /// What arrived is not what was announced.
    #[error("{file} arrived damaged: {reason}; it was deleted, run the command again")]
    Damaged {
        /// The file.
        file: String,
        /// What does not fit.
        reason: String,
    },
    /// The disk does not take it.
    #[error("cannot write {}: {source}", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
}

/// How far a pull is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file that is being fetched.
    pub file: &'a str,
    /// Bytes of it that are there.
    pub done_bytes: u64,
    /// Bytes that it has, when the other side says so.
    pub total_bytes: Option<u64>,
}

/// A model that can be pulled, and whether it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelStatus {
    /// The model.
    pub model: &'static KnownModel,
    /// Whether its folder is complete.
    pub is_pulled: bool,
}

/// The known models and whether they are in `models_folder`.
pub fn list(models_folder: &Path) -> Vec<ModelStatus> {
    let is_pulled =
        |model: &KnownModel| model_folder(models_folder, model.name).join(MANIFEST_FILE).is_file();
    KNOWN_MODELS.iter().map(|model| ModelStatus { model, is_pulled: is_pulled(model) }).collect()
}

/// A place that models are fetched from.
pub struct Hub {
    endpoint: String,
    /// Follows redirects, to the storage behind the hub.
    client: reqwest::Client,
    /// Does not, because only the redirect itself says what the file is.
    describer: reqwest::Client,
}

/// What the hub says about a file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Description {
    bytes: Option<u64>,
    /// In hexadecimal; only large files have it.
    sha256: Option<String>,
}

impl Hub {
    /// A hub at `endpoint`, such as [`DEFAULT_ENDPOINT`].
    ///
    /// # Errors
    /// When no TLS client can be made.
    pub fn new(endpoint: &str) -> Result<Self, HubError> {
        crate::tls::install_provider();
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        let client = |redirects| {
            reqwest::Client::builder()
                .user_agent(concat!("iass/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT_DEADLINE)
                .read_timeout(SILENCE_DEADLINE)
                .redirect(redirects)
                .build()
                .map_err(|error| HubError::Unreachable { url: endpoint.clone(), reason: chain(&error) })
        };
        let describer = client(redirect::Policy::none())?;
        let client = client(redirect::Policy::limited(10))?;
        Ok(Self { endpoint, client, describer })
    }

    /// Fetches the model called `name` into a folder of that name in `models_folder`, and returns that folder.
    ///
    /// # Errors
    /// When the name is unknown, or a file cannot be fetched or written; another call goes on from where this one ended.
    pub async fn pull(
        &self,
        name: &str,
        models_folder: &Path,
        progress: impl FnMut(Progress<'_>),
    ) -> Result<PathBuf, HubError> {
        let model = KnownModel::find(name).ok_or_else(|| HubError::UnknownModel {
            name: name.to_owned(),
            nearest: KnownModel::nearest_name(name),
        })?;
        self.pull_model(model, models_folder, progress).await
    }

    async fn pull_model(
        &self,
        model: &KnownModel,
        models_folder: &Path,
        mut progress: impl FnMut(Progress<'_>),
    ) -> Result<PathBuf, HubError> {
        let folder = model_folder(models_folder, model.name);
        tokio::fs::create_dir_all(&folder).await.map_err(disk(&folder))?;
        for (file, local) in model.files() {
            let url = format!("{}/{}/resolve/{}/{file}", self.endpoint, model.repository, model.revision);
            self.fetch(&url, &folder.join(local), local, &mut progress).await?;
        }
        let path = folder.join(MANIFEST_FILE);
        let part = part_of(&path);
        let manifest = serde_json::to_vec_pretty(&model.manifest())
            .map_err(std::io::Error::from)
            .map_err(disk(&path))?;
        tokio::fs::write(&part, manifest).await.map_err(disk(&part))?;
        tokio::fs::rename(&part, &path).await.map_err(disk(&path))?;
        Ok(folder)
    }

    /// Fetches one file to `path`, unless it is there and is what the hub describes.
    async fn fetch(
        &self,
        url: &str,
        path: &Path,
        file: &str,
        progress: &mut impl FnMut(Progress<'_>),
    ) -> Result<(), HubError> {
        let description = self.describe(url).await?;
        if description.bytes.is_some_and(|bytes| bytes > MAX_FILE_BYTES) {
            let reason = format!("it has more than {MAX_FILE_BYTES} bytes");
            return Err(HubError::Damaged { file: file.to_owned(), reason });
        }
        let total_bytes = description.bytes;
        if path.is_file() && check(path, &description).await.map_err(disk(path))?.is_ok() {
            let done_bytes = size_of(path).await;
            progress(Progress { file, done_bytes, total_bytes });
            return Ok(());
        }

        let part = part_of(path);
        let mut done_bytes = size_of(&part).await;
        if total_bytes.is_none_or(|total| done_bytes > total) {
            done_bytes = 0;
        }
        if done_bytes == 0 || total_bytes != Some(done_bytes) {
            let mut request = self.client.get(url);
            if done_bytes > 0 {
                request = request.header(RANGE, format!("bytes={done_bytes}-"));
            }
            let mut response = answered(url, request.send().await)?;
            if response.status() != StatusCode::PARTIAL_CONTENT {
                done_bytes = 0;
            }
            let mut options = tokio::fs::OpenOptions::new();
            options.create(true).write(true).append(done_bytes > 0).truncate(done_bytes == 0);
            let mut out = options.open(&part).await.map_err(disk(&part))?;
            loop {
                let bytes = response.chunk().await.map_err(|error| chain(&error));
                let reason = match bytes {
                    Ok(Some(bytes)) => {
                        out.write_all(&bytes).await.map_err(disk(&part))?;
                        done_bytes += bytes.len() as u64;
                        progress(Progress { file, done_bytes, total_bytes });
                        if done_bytes <= MAX_FILE_BYTES {
                            continue;
                        }
                        "it is larger than any model".to_owned()
                    }
                    Ok(None) if total_bytes.is_none_or(|total| done_bytes >= total) => break,
                    Ok(None) => "the other side ended it".to_owned(),
                    Err(reason) => reason,
                };
                out.flush().await.map_err(disk(&part))?;
                return Err(HubError::Interrupted { file: file.to_owned(), received: done_bytes, reason });
            }
            out.sync_all().await.map_err(disk(&part))?;
        }
        if let Err(reason) = check(&part, &description).await.map_err(disk(&part))? {
            tokio::fs::remove_file(&part).await.map_err(disk(&part))?;
            return Err(HubError::Damaged { file: file.to_owned(), reason });
        }
        tokio::fs::rename(&part, path).await.map_err(disk(path))
    }

    /// Asks what a file is, following renames of its repository but not the way to its storage.
    async fn describe(&self, url: &str) -> Result<Description, HubError> {
        let mut url = url.to_owned();
        for _ in 0..MAX_HOPS {
            let response = self.describer.head(&url).send().await;
            let response = match response {
                Ok(response) if response.status().is_redirection() => response,
                other => answered(&url, other)?,
            };
            let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            match location {
                Some(location)
                    if location.starts_with('/') && !response.headers().contains_key("x-linked-etag") =>
                {
                    url = format!("{}{location}", self.endpoint);
                }
                _ => return Ok(Description::read(response.headers(), response.status())),
            }
        }
        Err(HubError::Status { url, status: StatusCode::LOOP_DETECTED.as_u16() })
    }
}

impl Description {
    /// Large files are described by `X-Linked-*`, small ones by the usual headers of an answer that is no redirect.
    fn read(headers: &HeaderMap, status: StatusCode) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let own = |name: &str| if status.is_success() { text(name) } else { None };
        let bytes =
            text("x-linked-size").or_else(|| own("content-length")).and_then(|bytes| bytes.parse().ok());
        let etag = text("x-linked-etag").or_else(|| own(ETAG.as_str())).unwrap_or_default();
        let etag = etag.trim_start_matches("W/").trim_matches('"');
        let is_sha256 = etag.len() == 64 && etag.bytes().all(|byte| byte.is_ascii_hexdigit());
        Self { bytes, sha256: is_sha256.then(|| etag.to_ascii_lowercase()) }
    }
}

/// The answer, if it is a success.
fn answered(url: &str, response: Result<Response, reqwest::Error>) -> Result<Response, HubError> {
    let url = url.to_owned();
    let response = match response {
        Ok(response) => response,
        Err(error) => return Err(HubError::Unreachable { url, reason: chain(&error) }),
    };
    match response.status() {
        status if status.is_success() => Ok(response),
        StatusCode::NOT_FOUND => Err(HubError::NotFound { url }),
        status => Err(HubError::Status { url, status: status.as_u16() }),
    }
}

/// Whether a file is what the hub describes; if not, what does not fit.
async fn check(path: &Path, description: &Description) -> std::io::Result<Result<(), String>> {
    let found = size_of(path).await;
    if let Some(bytes) = description.bytes
        && bytes != found
    {
        return Ok(Err(format!("it has {found} bytes instead of {bytes}")));
    }
    let Some(expected) = description.sha256.clone() else { return Ok(Ok(())) };
    let path = path.to_owned();
    let digest = tokio::task::spawn_blocking(move || {
        let mut digest = Sha256::new();
        let mut file = BufReader::with_capacity(1 << 16, std::fs::File::open(path)?);
        loop {
            let bytes = file.fill_buf()?;
            if bytes.is_empty() {
                return Ok::<_, std::io::Error>(digest.finalize());
            }
            digest.update(bytes);
            let length = bytes.len();
            file.consume(length);
        }
    });
    let digest = hex(&digest.await??);
    Ok(if digest == expected { Ok(()) } else { Err(format!("its sha256 is {digest} instead of {expected}")) })
}

async fn size_of(path: &Path) -> u64 {
    tokio::fs::metadata(path).await.map_or(0, |metadata| metadata.len())
}

/// The name of a file until it is whole.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

fn disk(path: &Path) -> impl FnOnce(std::io::Error) -> HubError + use<> {
    let path = path.to_owned();
    move |source| HubError::Disk { path, source }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// An error with its causes; reqwest keeps the useful part there.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
