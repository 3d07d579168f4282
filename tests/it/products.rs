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
    std::iter::once(header).chain(rows).flat_map(|line| [line, "\n"]).collect()
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

#[test]
fn ingest_takes_a_catalogue_once_and_never_puts_back_what_was_sold() {
    let site = shop();
    site.write("knowledge/shop/catalog.csv", "sku,name,price,stock\nMAR-1,Martillo,189.00,7\n");
    site.write("knowledge/shop/horarios.md", "# Horarios\n\nAbrimos de 9 a 18.\n");
    let run = |line: &[&str]| {
        let mut line = line.to_vec();
        line.extend(["--tenant", "shop", "--json"]);
        let output = iass(site.path(), &line, &[]);
        (output.status.code(), json_lines(&output))
    };
    let stock = || site.count("shop", "select stock from product where sku = 'MAR-1'");
    let (code, told) = run(&["ingest", "--dry-run"]);
    assert_eq!((code, &told[0]["catalog"]["added"]), (Some(0), &1.into()));
    assert_eq!(site.count("shop", "select count(*) from product"), 0);
    let (code, told) = run(&["ingest"]);
    assert_eq!((code, &told[0]["added"], &told[0]["catalog"]["added"]), (Some(0), &1.into(), &1.into()));
    assert_eq!(site.count("shop", "select count(*) from document"), 1);

    let db = rusqlite::Connection::open(site.database("shop")).unwrap();
    db.execute_batch("update product set stock = 4").unwrap();
    for again in [&["ingest"][..], &["ingest", "knowledge/shop/catalog.csv"]] {
        let (code, told) = run(again);
        assert_eq!((code, told[0].get("catalog")), (Some(0), None), "{told:?}");
        assert_eq!(stock(), 4);
    }
    assert_eq!(site.count("shop", "select count(*) from document"), 1);

    site.write("knowledge/shop/catalog.csv", "sku,name,price,stock\nMAR-1,Martillo,199.00,x\n");
    let (code, told) = run(&["ingest"]);
    assert_eq!(code, Some(4));
    assert!(told[0]["failed"][0]["path"].as_str().unwrap().ends_with("catalog.csv:2"), "{told:?}");
    assert_eq!(stock(), 4);
    site.write("knowledge/shop/catalog.csv", "sku,name,price,stock\nMAR-1,Martillo,199.00,12\n");
    let (code, told) = run(&["ingest"]);
    assert_eq!((code, &told[0]["catalog"]["updated"]), (Some(0), &1.into()));
    assert_eq!(stock(), 12);
    // The command takes the tenant's file, and takes it again when told to.
    db.execute_batch("update product set stock = 3").unwrap();
    let (code, told) = run(&["catalog", "import"]);
    assert_eq!((code, &told[0]["updated"]), (Some(0), &1.into()));
    assert_eq!(stock(), 12);
}

#[tokio::test]
async fn the_first_use_of_a_tenant_imports_its_catalogue() {
    let site = shop();
    site.write("knowledge/shop/catalog.csv", "sku,name,price,stock\nMAR-1,Martillo,189.00,7\n");
    let daemon = site.start();
    let (_, turn) = daemon.client.chat("shop", "ana", "Quiero comprar 10 martillos").await;
    assert!(turn["reply"].as_str().unwrap().contains("7 martillos"), "{turn}");
    assert_eq!(site.count("shop", "select count(*) from product"), 1);
}
