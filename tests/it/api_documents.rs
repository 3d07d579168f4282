//! What a tenant knows, over HTTP and at the first use.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::Site;

const FACIAL: &str = "# Limpieza facial\n\nLa limpieza facial profunda dura 60 minutos y cuesta $120.000.\n";

#[tokio::test]
async fn the_first_customer_is_answered_from_documents_that_nobody_indexed() {
    let site = Site::new(&["clinica"]);
    site.write("knowledge/clinica/faciales.md", FACIAL);
    let daemon = site.start();
    let (status, turn) =
        daemon.client.chat("clinica", "ana", "¿Cuánto dura la limpieza facial profunda?").await;
    assert_eq!(status, StatusCode::OK, "{turn}");
    assert!(turn["reply"].as_str().unwrap().contains("60 minutos"), "{turn}");
    assert_eq!(turn["sources"][0]["document"], "faciales.md", "{turn}");
}

#[tokio::test]
async fn documents_are_posted_listed_searched_and_removed() {
    let site = Site::new(&["clinica", "otra"]);
    let daemon = site.start();
    let documents = "/api/v1/tenants/clinica/documents";
    let body = json!({
        "documents": [
            {"name": "faciales", "content": FACIAL, "title": "Faciales"},
            "Abrimos los sábados de 9:00 a 13:00.",
        ],
        "category": "servicios",
        "metadata": {"autor": "ana"},
    });
    let (status, added) = daemon.client.post(documents, &body).await;
    assert_eq!((status, &added["added"], &added["failed"]), (StatusCode::CREATED, &json!(2), &json!([])));
    let (status, again) = daemon.client.post(documents, &body).await;
    assert_eq!((status, &again["unchanged"]), (StatusCode::OK, &json!(2)));

    let form = form_of(&[("envios.txt", "Enviamos a todo el país en 48 horas.")], "logística");
    let request = daemon.client.request(Method::POST, documents);
    let sent = request.header("content-type", form.0).body(form.1).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::CREATED, "{}", sent.text().await.unwrap());

    let listed = daemon.client.list(documents).await;
    assert_eq!(listed.len(), 3, "{listed:?}");
    assert_eq!((&listed[0]["document"], &listed[0]["category"]), (&json!("envios.txt"), &json!("logística")));

    let query = json!({"query": "¿cuánto cuesta la limpieza facial?", "k": 1});
    let (_, found) = daemon.client.post("/api/v1/tenants/clinica/documents/search", &query).await;
    assert_eq!((&found["results_count"], &found["results"][0]["document"]), (&json!(1), &json!("faciales")));
    let (_, elsewhere) = daemon.client.post("/api/v1/documents/search?tenant=otra", &query).await;
    assert_eq!(elsewhere["results"], json!([]), "tenants never meet");

    let one = format!("{documents}/faciales");
    let remove = || async { daemon.client.request(Method::DELETE, &one).send().await.unwrap().status() };
    assert_eq!(remove().await, StatusCode::NO_CONTENT);
    assert_eq!(remove().await, StatusCode::NOT_FOUND);
    assert_eq!(daemon.client.list(documents).await.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_a_document_is_told() {
    let site = Site::new(&["clinica"]);
    let daemon = site.start();
    let documents = "/api/v1/tenants/clinica/documents";
    for (body, code, field) in [
        (json!({}), "invalid_field", json!("content")),
        (json!({"documents": []}), "invalid_field", json!("documents")),
        (json!({"documents": [{"title": "x"}]}), "invalid_field", json!("content")),
        (json!({"documents": [5]}), "invalid_field", json!("documents")),
    ] {
        let (status, error) = daemon.client.post(documents, &body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!((&error["error"]["code"], &error["error"]["field"]), (&json!(code), &field), "{error}");
    }
    let form = form_of(&[("libro.xlsx", "x")], "c");
    let request = daemon.client.request(Method::POST, documents);
    let sent = request.header("content-type", form.0).body(form.1).send().await.unwrap();
    let error: Value = sent.json().await.unwrap();
    assert_eq!(error["error"]["code"], "unreadable_document", "{error}");
    let (status, error) =
        daemon.client.post(&format!("{documents}/search"), &json!({"query": "a", "k": 0})).await;
    assert_eq!((status.as_u16(), &error["error"]["field"]), (422, &json!("k")));
}

/// A form with files and a category: its content type and its body.
fn form_of(files: &[(&str, &str)], category: &str) -> (&'static str, String) {
    let part = |disposition: String, content: &str| {
        format!("--limit\r\ncontent-disposition: form-data; {disposition}\r\n\r\n{content}\r\n")
    };
    let files =
        files.iter().map(|(name, content)| part(format!("name=\"file\"; filename=\"{name}\""), content));
    let body: String = files.chain([part("name=\"category\"".to_owned(), category)]).collect();
    ("multipart/form-data; boundary=limit", format!("{body}--limit--\r\n"))
}
