//! The catalogue of a running daemon: found by words as soon as it is imported, and by meaning once the daemon is done.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::{
    config::{iass, json_lines, stderr},
    harness::{Client, Site},
};

const CATALOGUE: &str = include_str!("../fixtures/products/catalog.csv");

const WITHOUT_VECTORS: &str = "select count(*) from product_meaning where vectors is null";
const MEANINGS: &str = "select count(*) from product_meaning";

fn shop() -> Site {
    let site = Site::new(&[]);
    site.write("tenants/shop/tenant.toml", "name = \"La Tuerca\"\ncurrency = \"MXN\"\n");
    site
}

/// Some rows of the catalogue, with its header.
fn rows(range: std::ops::Range<usize>) -> String {
    let mut lines = CATALOGUE.lines();
    let header = lines.next().unwrap();
    let rows = lines.skip(range.start).take(range.len());
    std::iter::once(header).chain(rows).map(|line| format!("{line}\n")).collect()
}

async fn import(client: &Client, csv: String) -> Result<Value, reqwest::Error> {
    let path = "/api/v1/tenants/shop/products/import";
    let response = client.request(Method::POST, path).body(csv).send().await?;
    assert_eq!(response.status(), StatusCode::OK);
    response.json().await
}

#[tokio::test]
async fn an_import_is_found_at_once_and_finished_in_the_background_whoever_dies() {
    let site = shop();
    let mut daemon = site.start_to_die("catalog.meanings:2").unwrap();
    // It may be dead before it has answered; the import is in the database then.
    drop(import(&daemon.client, rows(0..400)).await);
    daemon.ended().await;
    assert_eq!(site.count("shop", "select count(*) from product"), 400);
    let (left, all) = (site.count("shop", WITHOUT_VECTORS), site.count("shop", MEANINGS));
    assert!(0 < left && left < all, "{left} of {all} have no vectors");

    let mut daemon = site.start();
    site.wait_until("shop", WITHOUT_VECTORS, 0).await;
    assert_eq!(site.count("shop", MEANINGS), all);
    daemon.kill();
    let dead = site.start_to_die("catalog.meanings");
    // With everything made there is nothing to die of.
    let daemon = dead.unwrap();
    let (_, turn) = daemon.client.chat("shop", "ana", "¿Cuánto cuesta el martiyo de uña Pretul?").await;
    assert!(turn["reply"].as_str().unwrap().to_lowercase().contains("martillo de uña"), "{turn}");
}

#[tokio::test]
async fn two_processes_import_and_the_catalogue_is_whole() {
    let site = shop();
    site.write("first.csv", &rows(0..300));
    let daemon = site.start();
    let folder = site.path().to_owned();
    let other = tokio::task::spawn_blocking(move || {
        iass(&folder, &["catalog", "import", "first.csv", "--tenant", "shop", "--json"], &[])
    });
    let report = import(&daemon.client, rows(300..600)).await.unwrap();
    assert_eq!((&report["added"], &report["applied"]), (&300.into(), &true.into()));
    // Words find what was imported, whether or not there was time for vectors.
    let (_, turn) = daemon.client.chat("shop", "ana", "¿Tienen taladro percutor?").await;
    assert!(turn["reply"].as_str().unwrap().to_lowercase().contains("taladro percutor"), "{turn}");
    let output = other.await.unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(json_lines(&output)[0]["added"], 300);
    site.wait_until("shop", WITHOUT_VECTORS, 0).await;
    assert_eq!(site.count("shop", "select count(*) from product"), 600);
    assert_eq!(site.count("shop", "select count(*) from product_fts"), 600);
}

#[tokio::test]
async fn terms_of_an_older_program_are_made_again_after_the_start() {
    let site = shop();
    site.write("first.csv", &rows(0..50));
    let output = iass(site.path(), &["catalog", "import", "first.csv", "--tenant", "shop"], &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let db = rusqlite::Connection::open(site.database("shop")).unwrap();
    db.busy_timeout(Duration::from_secs(5)).unwrap();
    db.execute_batch("update product set terms = 'x'; update catalog_stamp set analyzer = 1").unwrap();
    let _daemon = site.start();
    site.wait_until("shop", "select count(*) from product where terms = 'x'", 0).await;
    site.wait_until("shop", "select count(*) from catalog_stamp where analyzer > 1", 1).await;
}
