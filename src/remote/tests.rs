//! Remote tools against services that answer as told.

use std::{net::SocketAddr, path::Path, sync::Mutex, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path as UrlPath, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
    routing::{any, get, post},
};
use serde_json::json;
use tokio::net::TcpListener;

use super::*;

#[path = "../../tests/it/fake_mcp.rs"]
mod fake_mcp;

const TOKEN: &str = "t0ken-123456";

/// What a service was asked.
type Asked = Arc<Mutex<Vec<String>>>;

/// A shop's service on a free port.
async fn shop() -> (SocketAddr, Asked) {
    let asked = Asked::default();
    let note = |State(asked): State<Asked>, uri: Uri, headers: HeaderMap, body: Bytes| async move {
        let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("-").to_owned();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let line = format!("{uri} {} {} {body}", header("authorization"), header("idempotency-key"));
        asked.lock().unwrap().push(line.trim().to_owned());
        Json(json!({"state": "shipped"}))
    };
    let app = Router::new()
        .route("/orders/{id}", any(note))
        .route("/orders", any(note))
        .route(
            "/missing",
            get(async || (StatusCode::NOT_FOUND, Json(json!({"error": "no order", "sent": TOKEN})))),
        )
        .route("/big", get(async || "x".repeat(200_000)))
        .route("/picture", get(async || ([(header::CONTENT_TYPE, "image/png")], "\u{89}PNG")))
        .route(
            "/latin",
            get(async || ([(header::CONTENT_TYPE, "text/plain; charset=ISO-8859-1")], &b"ma\xf1ana"[..])),
        )
        .route("/empty", post(async || StatusCode::NO_CONTENT))
        .route("/hang", get(async || -> Response { std::future::pending().await }))
        .route(
            "/home/{n}",
            get(async |UrlPath(n): UrlPath<u32>| -> Response {
                if n == 0 {
                    "home".into_response()
                } else {
                    Redirect::temporary(&format!("/home/{}", n - 1)).into_response()
                }
            }),
        )
        .route(
            "/away",
            get(async |headers: HeaderMap| {
                let port = headers["host"].to_str().unwrap().rsplit_once(':').unwrap().1.to_owned();
                Redirect::temporary(&format!("http://localhost:{port}/orders/1"))
            }),
        )
        .with_state(asked.clone());
    (serve(app, "127.0.0.1:0").await, asked)
}

async fn serve(app: Router, at: &str) -> SocketAddr {
    let listener = TcpListener::bind(at).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, app).into_future());
    address
}

fn tools(text: &str) -> RemoteTools {
    let text = format!("name = \"Acme\"\n{text}");
    let config = TenantConfig::parse(&text, Path::new("tenant.toml"), &Env::default());
    RemoteTools::new(&config.unwrap_or_else(|e| panic!("{e}"))).unwrap()
}

/// A tool `t` of the shop.
fn shop_tool(address: impl std::fmt::Display, method: &str, path: &str) -> RemoteTools {
    tools(&format!(
        "[[tools]]\nname = \"t\"\ndescription = \"d\"\nmethod = \"{method}\"\nurl = \"http://{address}{path}\"\n\
         timeout_s = 5\nheaders = {{ Authorization = \"Bearer {TOKEN}\" }}\n\
         parameters = {{ type = \"object\", properties = {{ id = {{ type = \"string\" }}, page = {{ type = \"integer\" }}, note = {{ type = \"string\" }} }} }}\n"
    ))
}

async fn call(tools: &RemoteTools, arguments: Value) -> Result<String, String> {
    let deadline = Instant::now() + Duration::from_secs(20);
    tools.call("t", &arguments, "key-1", deadline).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn arguments_go_into_the_path_the_query_or_the_body_and_secrets_into_headers() {
    let (address, asked) = shop().await;
    let reading = shop_tool(address, "GET", "/orders/{id}?page={page}");
    assert_eq!(
        call(&reading, json!({"id": "A/1 ñ", "page": 2, "note": "a&b=c"})).await.unwrap(),
        "{\"state\":\"shipped\"}"
    );
    call(&reading, json!({"id": "2"})).await.unwrap();
    let writing = shop_tool(address, "POST", "/orders?page={page}");
    call(&writing, json!({"id": "3", "page": 1, "note": "hola"})).await.unwrap();
    assert_eq!(
        *asked.lock().unwrap(),
        [
            format!("/orders/A%2F1%20%C3%B1?page=2&note=a%26b%3Dc Bearer {TOKEN} -"),
            format!("/orders/2 Bearer {TOKEN} -"),
            format!("/orders?page=1 Bearer {TOKEN} key-1 {{\"id\":\"3\",\"note\":\"hola\"}}"),
        ]
    );
}

#[tokio::test]
async fn wrong_arguments_are_told_and_nobody_is_asked() {
    let (address, asked) = shop().await;
    let tools = shop_tool(address, "GET", "/orders/{id}");
    assert_eq!(call(&tools, json!({"id": 7})).await.unwrap_err(), "`id`: 7 is not of type \"string\"");
    assert_eq!(call(&tools, json!({})).await.unwrap_err(), "`id` is missing");
    assert_eq!(
        call(&tools, json!("id=7")).await.unwrap_err(),
        "the arguments: \"id=7\" is not of type \"object\""
    );
    assert!(call(&tools, json!({"id": ".."})).await.is_err());
    let deadline = Instant::now() + Duration::from_secs(5);
    assert_eq!(tools.call("x", &json!({}), "k", deadline).await, Err(RemoteError::Unknown("x".to_owned())));
    assert_eq!(
        RemoteTools::none().call("t", &json!({}), "k", deadline).await,
        Err(RemoteError::Unknown("t".to_owned()))
    );
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_is_text_of_a_bounded_length_and_a_failure_a_short_sentence_without_secrets() {
    let (address, _) = shop().await;
    let get = async |path: &str| call(&shop_tool(address, "GET", path), json!({})).await;
    let big = get("/big").await.unwrap();
    assert!(big.len() < 66_000 && big.ends_with("is cut here]"), "{}", big.len());
    assert_eq!(get("/latin").await.unwrap(), "mañana");
    assert_eq!(call(&shop_tool(address, "POST", "/empty"), json!({})).await.unwrap(), "done (status 204)");
    assert_eq!(
        get("/missing").await.unwrap_err(),
        "the service answered with status 404: {\"error\":\"no order\",\"sent\":\"***\"}"
    );
    assert_eq!(get("/picture").await.unwrap_err(), "the service answers with something that is no text");
    let nobody = shop_tool("127.0.0.1:9", "GET", "/");
    assert_eq!(call(&nobody, json!({})).await.unwrap_err(), "the service cannot be reached");
}

#[tokio::test]
async fn a_service_that_hangs_is_left_at_the_deadline() {
    let (address, _) = shop().await;
    let tools = shop_tool(address, "GET", "/hang");
    let deadline = Instant::now() + Duration::from_millis(100);
    assert_eq!(tools.call("t", &json!({}), "k", deadline).await, Err(RemoteError::TimedOut));
    assert!(Instant::now() < deadline + Duration::from_secs(4), "it was the tool's own time that ended it");
}

#[tokio::test]
async fn redirects_are_followed_within_the_host_only_and_not_for_ever() {
    let (address, asked) = shop().await;
    let get = async |path: &str| call(&shop_tool(address, "GET", path), json!({})).await;
    assert_eq!(get("/home/3").await.unwrap(), "home");
    assert!(get("/home/4").await.unwrap_err().contains("not followed"));
    assert!(get("/away").await.unwrap_err().contains("not followed"));
    assert!(asked.lock().unwrap().is_empty(), "the other host heard {asked:?}");
}

#[tokio::test]
async fn this_machine_is_asked_where_the_owner_wrote_so_and_keys_of_clouds_never() {
    let (address, _) = shop().await;
    let here = shop_tool(format!("localhost:{}", address.port()), "GET", "/orders/{id}");
    assert!(call(&here, json!({"id": "1"})).await.is_ok());
    for cloud in ["169.254.169.254", "[fe80::a9fe:a9fe]", "[::ffff:169.254.169.254]", "2852039166"] {
        let told = call(&shop_tool(cloud, "GET", "/latest/meta-data"), json!({})).await;
        assert!(told.as_ref().is_err_and(|told| told.contains("never asked")), "{cloud}: {told:?}");
    }
}

#[test]
fn a_name_means_the_same_tool_whichever_servers_can_be_reached() {
    let server = |name: &str, tools: &str| {
        format!("[[mcp]]\nname = \"{name}\"\nurl = \"http://127.0.0.1:9/{name}\"\ntools = {tools}\n")
    };
    let text = [
        "[[tools]]\nname = \"track\"\ndescription = \"d\"\nurl = \"http://127.0.0.1:9/\"\n".to_owned(),
        server("a", "[\"track\", \"find\", \"only.here\", \"request_handoff\"]"),
        server("b", "[\"find\", \"find\"]"),
    ];
    let tools = tools(&text.concat());
    let names: Vec<&str> = tools.tools.as_ref().unwrap().routes.keys().map(String::as_str).collect();
    assert_eq!(names, ["a_find", "a_request_handoff", "a_track", "b_find", "only_here", "track"]);
    assert!(tools.has("a_find") && !tools.has("find") && !RemoteTools::none().has("track"));
}

/// A server of tools over HTTP, with a key.
fn mcp() -> Router {
    let answer = async |headers: HeaderMap, Json(message): Json<Value>| -> Response {
        let key =
            headers.get("authorization").and_then(|key| key.to_str().ok()).unwrap_or_default().to_owned();
        if key != format!("Bearer {TOKEN}") {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        match fake_mcp::answer(&message, &key) {
            Some(answer) => Json(answer).into_response(),
            None if message.get("id").is_some() => std::future::pending().await,
            None => StatusCode::ACCEPTED.into_response(),
        }
    };
    Router::new().route("/mcp", post(answer))
}

fn mcp_tools(address: impl std::fmt::Display, token: &str) -> RemoteTools {
    tools(&format!(
        "[[tools]]\nname = \"declared\"\ndescription = \"d\"\nurl = \"http://127.0.0.1:9/\"\n\
         [[mcp]]\nname = \"calendar\"\nurl = \"http://{address}/mcp\"\nheaders = {{ Authorization = \"Bearer {token}\" }}\n\
         tools = [\"find_event\", \"fail\", \"hang\", \"show.secret\", \"gone\"]\ntimeout_s = 5\n"
    ))
}

async fn names(tools: &RemoteTools) -> Vec<String> {
    tools.specs().await.into_iter().map(|spec| spec.name).collect()
}

#[tokio::test]
async fn a_servers_allowed_tools_are_offered_and_called() {
    let tools = mcp_tools(serve(mcp(), "127.0.0.1:0").await, TOKEN);
    let specs = tools.specs().await;
    let offered: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(offered, ["declared", "fail", "find_event", "hang", "show_secret"]);
    assert_eq!(specs[2].description, "The tool find_event.");
    assert_eq!(specs[2].parameters["required"], json!(["day"]));
    let call = async |name: &str, arguments: Value, within_ms: u64| {
        let deadline = Instant::now() + Duration::from_millis(within_ms);
        tools.call(name, &arguments, "k", deadline).await.map_err(|error| error.to_string())
    };
    assert_eq!(
        call("find_event", json!({"day": "2026-12-24"}), 9000).await.unwrap(),
        "nothing on 2026-12-24"
    );
    assert!(call("find_event", json!({"day": "mañana"}), 9000).await.unwrap_err().starts_with("`day`: "));
    assert_eq!(call("fail", json!({}), 9000).await.unwrap_err(), "the calendar is closed");
    assert_eq!(call("show_secret", json!({}), 9000).await.unwrap(), "the key is Bearer ***");
    assert_eq!(call("hang", json!({}), 100).await.unwrap_err(), "the tool did not answer in time");
    assert_eq!(call("delete_all", json!({}), 9000).await.unwrap_err(), "there is no tool `delete_all`");
    assert_eq!(
        call("gone", json!({}), 9000).await.unwrap_err(),
        "the tool's server does not have it any more"
    );
}

#[tokio::test]
async fn a_server_that_is_down_is_left_out_and_tried_again_later() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let tools = mcp_tools(address, TOKEN);
    assert_eq!(names(&tools).await, ["declared"]);
    let deadline = Instant::now() + Duration::from_secs(5);
    let told = tools.call("find_event", &json!({"day": "2026-12-24"}), "k", deadline).await;
    assert_eq!(told.unwrap_err().to_string(), "the tool's server cannot be reached just now");
    serve(mcp(), &address.to_string()).await;
    assert_eq!(names(&tools).await, ["declared"], "it is left alone for a while");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    assert_eq!(names(&tools).await.len(), 5);
}

#[tokio::test]
async fn a_server_that_does_not_know_us_is_left_out() {
    let tools = mcp_tools(serve(mcp(), "127.0.0.1:0").await, "another-token");
    assert_eq!(names(&tools).await, ["declared"]);
}
