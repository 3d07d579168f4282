//! Where a business has its alerts posted: keeps what comes in.

use std::time::Duration;

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use serde_json::Value;
use tokio::sync::{Mutex, mpsc};

use crate::harness::PATIENCE;

/// The webhook; it stops with the test's runtime.
pub(crate) struct FakeWebhook {
    url: String,
    texts: Mutex<mpsc::UnboundedReceiver<String>>,
}

impl FakeWebhook {
    pub(crate) async fn start() -> Self {
        let (tell, texts) = mpsc::unbounded_channel();
        let take = |State(tell): State<mpsc::UnboundedSender<String>>, Json(body): Json<Value>| async move {
            tell.send(body["text"].as_str().unwrap().to_owned()).unwrap();
            StatusCode::NO_CONTENT
        };
        let app = Router::new().route("/hook", post(take)).with_state(tell);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, app).into_future());
        Self { url, texts: Mutex::new(texts) }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The next text, when it comes.
    pub(crate) async fn next(&self) -> String {
        let mut texts = self.texts.lock().await;
        tokio::time::timeout(PATIENCE, texts.recv()).await.expect("nothing was posted").unwrap()
    }

    /// Whether nothing more comes for a moment.
    #[allow(dead_code, reason = "for tests of what is told once")]
    pub(crate) async fn is_quiet(&self) -> bool {
        tokio::time::timeout(Duration::from_millis(50), self.texts.lock().await.recv()).await.is_err()
    }
}
