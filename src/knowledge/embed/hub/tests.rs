//! Pulls from a hub on loopback that keeps a record of what it was asked and can fail on demand.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{Method, Response, StatusCode};
use futures::StreamExt;
use sha2::{Digest, Sha256};

use super::*;

const MODEL: &str = "all-MiniLM-L6-v2";
const GRAPH: &str = "model_quantized.onnx";
/// How many bytes arrive of a download that is cut short.
const CUT: usize = 10_000;

/// What goes wrong when the graph is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    NotThere,
    CutShort,
    OtherBytes,
}

#[derive(Clone)]
struct FakeHub {
    /// Guards the record and the fault of the next download.
    state: Arc<Mutex<(Vec<String>, Fault)>>,
}

fn graph() -> Vec<u8> {
    (0..200_000_u32).flat_map(u32::to_le_bytes).collect()
}

impl FakeHub {
    /// Starts the hub and gives its address.
    async fn start(fault: Fault) -> (Self, String) {
        let hub = Self { state: Arc::new(Mutex::new((Vec::new(), fault))) };
        let router = Router::new()
            .fallback(|hub, request| std::future::ready(Self::answer(hub, request)))
            .with_state(hub.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (hub, endpoint)
    }

    /// What was downloaded since the last call, as "path" or "path range".
    fn downloads(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().0)
    }

    fn repair(&self) {
        self.state.lock().unwrap().1 = Fault::None;
    }

    /// Answers as Hugging Face does: a renamed repository redirects, small files come directly, large ones by a redirect to
    /// a storage that only the redirect describes.
    fn answer(State(hub): State<Self>, request: Request) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let redirect = |to: &str| Response::builder().status(307).header("location", to);
        if let Some(rest) = path.strip_prefix("/Xenova/") {
            return redirect(&format!("/renamed/{rest}")).body(Body::empty()).unwrap();
        }
        let fault = hub.state.lock().unwrap().1;
        let Some(file) = path.strip_prefix(&format!("/renamed/{MODEL}/resolve/main/")) else {
            return hub.storage(&path, &request, fault);
        };
        match file {
            "onnx/model_quantized.onnx" if fault == Fault::NotThere => status(StatusCode::NOT_FOUND),
            "onnx/model_quantized.onnx" => redirect("/storage/graph")
                .header("x-linked-size", graph().len())
                .header("x-linked-etag", format!("\"{}\"", hex(&Sha256::digest(graph()))))
                .body(Body::empty())
                .unwrap(),
            _ => {
                if request.method() == Method::GET {
                    hub.state.lock().unwrap().0.push(file.to_owned());
                }
                Response::builder()
                    .header("etag", "\"0123456789\"")
                    .body(Body::from(format!("{{\"{file}\": 1}}")))
                    .unwrap()
            }
        }
    }

    fn storage(&self, path: &str, request: &Request, fault: Fault) -> Response<Body> {
        if path != "/storage/graph" {
            return status(StatusCode::NOT_FOUND);
        }
        let range = request.headers().get(RANGE).map(|range| range.to_str().unwrap().to_owned());
        self.state
            .lock()
            .unwrap()
            .0
            .push(format!("{path} {}", range.clone().unwrap_or_default()).trim().to_owned());
        let mut bytes = graph();
        match fault {
            Fault::CutShort => {
                let first = futures::stream::iter([Ok(Bytes::from(bytes[..CUT].to_vec()))]);
                // The pause lets the server send what it has before it learns that there is no more.
                let cut = futures::stream::once(async {
                    tokio::task::yield_now().await;
                    Err(std::io::Error::other("the line is cut"))
                });
                let stream = first.chain(cut);
                Response::builder()
                    .header("content-length", bytes.len())
                    .body(Body::from_stream(stream))
                    .unwrap()
            }
            Fault::OtherBytes => {
                bytes[CUT] ^= 1;
                Response::new(Body::from(bytes))
            }
            Fault::None | Fault::NotThere => {
                match range.and_then(|range| range[6..].trim_end_matches('-').parse().ok()) {
                    Some(start) => {
                        Response::builder().status(206).body(Body::from(bytes.split_off(start))).unwrap()
                    }
                    None => Response::new(Body::from(bytes)),
                }
            }
        }
    }
}

fn status(status: StatusCode) -> Response<Body> {
    Response::builder().status(status).body(Body::empty()).unwrap()
}

async fn pull(endpoint: &str, models: &Path) -> Result<PathBuf, HubError> {
    Hub::new(endpoint).unwrap().pull(MODEL, models, |_| {}).await
}

fn is_listed_as_pulled(models: &Path) -> bool {
    list(models).iter().any(|status| status.model.name == MODEL && status.is_pulled)
}

#[tokio::test]
async fn a_pull_writes_every_file_and_then_the_model_is_listed() {
    let (hub, endpoint) = FakeHub::start(Fault::None).await;
    let models = tempfile::tempdir().unwrap();
    assert!(!is_listed_as_pulled(models.path()));

    let mut last: Vec<(String, u64, Option<u64>)> = Vec::new();
    let record = |progress: Progress<'_>| {
        last.retain(|(file, ..)| file != progress.file);
        last.push((progress.file.to_owned(), progress.done_bytes, progress.total_bytes));
    };
    let folder = Hub::new(&format!("{endpoint}/")).unwrap().pull(MODEL, models.path(), record).await.unwrap();

    assert!(is_listed_as_pulled(models.path()));
    assert_eq!(std::fs::read(folder.join(GRAPH)).unwrap(), graph());
    assert_eq!(std::fs::read_to_string(folder.join("config.json")).unwrap(), "{\"config.json\": 1}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 6, "nothing else is left behind");
    assert_eq!(hub.downloads().len(), 5);
    let whole = graph().len() as u64;
    assert_eq!(last.last(), Some(&(GRAPH.to_owned(), whole, Some(whole))));
}

#[tokio::test]
async fn a_second_pull_downloads_only_what_changed() {
    let (hub, endpoint) = FakeHub::start(Fault::None).await;
    let models = tempfile::tempdir().unwrap();
    let folder = pull(&endpoint, models.path()).await.unwrap();
    hub.downloads();
    std::fs::write(folder.join("config.json"), "cut").unwrap();
    pull(&endpoint, models.path()).await.unwrap();
    assert_eq!(hub.downloads(), ["config.json"]);
}

#[tokio::test]
async fn a_missing_file_is_named_and_the_model_is_not_listed() {
    let (_hub, endpoint) = FakeHub::start(Fault::NotThere).await;
    let models = tempfile::tempdir().unwrap();
    let error = pull(&endpoint, models.path()).await.unwrap_err();
    assert!(matches!(&error, HubError::NotFound { url } if url.ends_with(GRAPH)), "{error}");
    assert!(!is_listed_as_pulled(models.path()));
}

#[tokio::test]
async fn an_interrupted_pull_goes_on_where_it_stopped() {
    let (hub, endpoint) = FakeHub::start(Fault::CutShort).await;
    let models = tempfile::tempdir().unwrap();
    let error = pull(&endpoint, models.path()).await.unwrap_err();
    assert!(matches!(&error, HubError::Interrupted { received, .. } if *received == CUT as u64), "{error}");
    assert!(error.to_string().contains("run the command again"), "{error}");
    assert!(!is_listed_as_pulled(models.path()));
    assert!(
        !models.path().join(MODEL).join(GRAPH).exists(),
        "part of a file never has the name of a whole one"
    );

    hub.downloads();
    hub.repair();
    let folder = pull(&endpoint, models.path()).await.unwrap();
    assert_eq!(hub.downloads(), [format!("/storage/graph bytes={CUT}-")]);
    assert_eq!(std::fs::read(folder.join(GRAPH)).unwrap(), graph());
}

#[tokio::test]
async fn damaged_bytes_are_deleted_and_fetched_again() {
    let (hub, endpoint) = FakeHub::start(Fault::OtherBytes).await;
    let models = tempfile::tempdir().unwrap();
    let error = pull(&endpoint, models.path()).await.unwrap_err();
    assert!(matches!(&error, HubError::Damaged { reason, .. } if reason.contains("sha256")), "{error}");
    let left: Vec<_> =
        std::fs::read_dir(models.path().join(MODEL)).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.iter().all(|path| !path.to_string_lossy().contains(GRAPH)), "{left:?}");

    hub.repair();
    let folder = pull(&endpoint, models.path()).await.unwrap();
    assert_eq!(std::fs::read(folder.join(GRAPH)).unwrap(), graph());
}

#[tokio::test]
async fn an_unknown_name_suggests_a_known_one() {
    let hub = Hub::new(DEFAULT_ENDPOINT).unwrap();
    let error = hub.pull("multilingual-e5-smal", Path::new("/nowhere"), |_| {}).await.unwrap_err();
    assert!(error.to_string().contains("did you mean multilingual-e5-small?"), "{error}");
}

#[tokio::test]
async fn a_hub_that_is_not_there_says_which_setting_to_check() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let models = tempfile::tempdir().unwrap();
    let error = pull(&endpoint, models.path()).await.unwrap_err();
    assert!(
        matches!(error, HubError::Unreachable { .. }) && error.to_string().contains("HF_ENDPOINT"),
        "{error}"
    );
}
