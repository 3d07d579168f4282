//! The catalogue and the orders over HTTP: what each route does to the database, what it refuses and how it says so.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    config::{iass, json_lines},
    harness::{Answer, Client, Daemon, Site},
};

const SHOP: &str = "/api/v1/tenants/shop";
const TOKEN: &str = "a-token-of-the-operator";

const CATALOGUE: &str = "sku,name,description,price,stock,category,active,image_url\n\
                         MAR-1,Martillo,De acero,189,7,Herramienta,true,\n\
                         TUB-1/2,Tubo PVC 1/2 pulgada,,45.50,30,Plomería,true,\n\
                         SIE-1,Sierra circular,,1500,0,Herramienta,true,\n\
                         VIE-1,Brocha vieja,,10,5,Pintura,false,\n";

/// Two shops behind one token, the second with a catalogue of its own.
fn shops() -> (Site, Daemon) {
    let mut site = Site::new(&[]);
    site.write("chatbot.toml", "[worker]\nburst_quiet_ms = 0\n");
    for tenant in ["shop", "other"] {
        site.write(&format!("tenants/{tenant}/tenant.toml"), "name = \"La Tuerca\"\ncurrency = \"MXN\"\n");
    }
    site.write("catalogo.csv", CATALOGUE);
    site.write("otro.csv", "sku,name,price,stock\nMAR-1,Martillo ajeno,999,3\n");
    for (tenant, file) in [("shop", "catalogo.csv"), ("other", "otro.csv")] {
        assert!(iass(site.path(), &["catalog", "import", file, "--tenant", tenant], &[]).status.success());
    }
    site.variables.push(("IASS_ADMIN_TOKEN".to_owned(), TOKEN.to_owned()));
    let daemon = site.start();
    (site, daemon)
}

/// Asks with the token.
async fn ask(client: &Client, method: Method, path: &str, body: Option<&Value>) -> Answer {
    let mut request = client.request(method, path).bearer_auth(TOKEN);
    if let Some(body) = body {
        request = request.json(body);
    }
    answer(request).await
}

async fn get(client: &Client, path: &str) -> Answer {
    ask(client, Method::GET, path, None).await
}

async fn import(client: &Client, query: &str, file: &str) -> Answer {
    let path = format!("{SHOP}/products/import{query}");
    let request = client.request(Method::POST, &path).bearer_auth(TOKEN).header("content-type", "text/csv");
    answer(request.body(file.to_owned())).await
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Has a customer of a tenant buy hammers, and says the number of the order.
async fn buy(client: &Client, tenant: &str, contact: &str, count: usize) -> String {
    let path = format!("/api/v1/tenants/{tenant}/chat");
    let mut order = Value::Null;
    for message in [format!("quiero {count} martillos"), "sí".to_owned()] {
        let body = json!({"contact": contact, "message": message});
        let (status, turn) = ask(client, Method::POST, &path, Some(&body)).await;
        assert_eq!(status, StatusCode::OK, "{turn}");
        order = turn["order"].clone();
    }
    assert_eq!(order["status"], "confirmed", "{order}");
    order["order"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn products_are_listed_page_by_page_shown_and_searched() {
    let (_site, daemon) = shops();
    let client = &daemon.client;
    let (status, page) = get(client, &format!("{SHOP}/products?limit=3")).await;
    assert_eq!(status, StatusCode::OK);
    let skus = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|p| p["sku"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(skus(&page), ["MAR-1", "SIE-1", "TUB-1/2"]);
    let hammer = &page["items"][0];
    for (field, expected) in [
        ("name", json!("Martillo")),
        ("price", json!({"minor": 18900, "currency": "MXN"})),
        ("stock", json!(7)),
        ("reserved", json!(0)),
        ("active", json!(true)),
    ] {
        assert_eq!(hammer[field], expected, "{field}");
    }
    let next = page["next"].as_str().unwrap();
    let (_, rest) = get(client, &format!("{SHOP}/products?limit=3&cursor={next}")).await;
    assert_eq!((skus(&rest), &rest["next"]), (vec!["VIE-1".to_owned()], &Value::Null));
    for wrong in ["0", "501", "x"] {
        let (status, error) = get(client, &format!("{SHOP}/products?limit={wrong}")).await;
        assert_eq!((status.as_u16(), &error["error"]["field"]), (422, &json!("limit")));
    }

    let (status, tube) = get(client, &format!("{SHOP}/products/tub-1/2")).await;
    assert_eq!((status, &tube["name"]), (StatusCode::OK, &json!("Tubo PVC 1/2 pulgada")));
    let (status, error) = get(client, &format!("{SHOP}/products/NADA")).await;
    assert_eq!((status.as_u16(), &error["error"]["code"]), (404, &json!("unknown_product")));

    let search =
        async |body: Value| ask(client, Method::POST, &format!("{SHOP}/products/search"), Some(&body)).await;
    let (status, found) = search(json!({"query": "martiyo"})).await;
    assert_eq!((status, &found["results_count"]), (StatusCode::OK, &json!(1)), "{found}");
    assert_eq!(found["results"][0]["product"]["sku"], "MAR-1");
    let (_, found) = search(json!({"query": "sierra circular"})).await;
    let offered: Vec<&Value> =
        found["results"].as_array().unwrap().iter().map(|hit| &hit["product"]["sku"]).collect();
    assert!(!offered.contains(&&json!("SIE-1")), "what is sold out is not offered: {found}");
    assert_eq!(found["sold_out"][0]["product"]["sku"], "SIE-1");
    let (_, found) = search(json!({"query": "brocha vieja"})).await;
    assert!(!found.to_string().contains("VIE-1"), "what is not sold is not found: {found}");
    for (body, field) in
        [(json!({}), "query"), (json!({"query": ""}), "query"), (json!({"query": "x", "k": 0}), "k")]
    {
        let (status, error) = search(body).await;
        assert_eq!((status.as_u16(), &error["error"]["field"]), (422, &json!(field)));
    }
}

#[tokio::test]
async fn an_import_is_previewed_done_once_and_says_what_is_wrong_by_its_line() {
    let (site, daemon) = shops();
    let client = &daemon.client;
    let stored = || json_lines(&iass(site.path(), &["catalog", "list", "--tenant", "shop", "--json"], &[]));
    let imports = || site.count("shop", "select count(*) from audit where action = 'catalog.imported'");
    let before = stored();
    // Semicolons, decimal commas and a BOM, as a spreadsheet in Spanish writes them.
    let file = "\u{feff}Código;Nombre;Precio;Existencia\nMAR-1;Martillo;199,50;9\nNUE-1;Nuevo;5;1\n";

    let (status, preview) = import(client, "?dry_run=true", file).await;
    assert_eq!(status, StatusCode::OK, "{preview}");
    assert_eq!(
        (&preview["added"], &preview["updated"], &preview["applied"]),
        (&json!(1), &json!(1), &json!(false))
    );
    assert_eq!(preview["changes"][0]["fields"]["stock"], json!([7, 9]), "{preview}");
    assert_eq!((stored(), imports()), (before.clone(), 1), "a preview changes nothing");

    for (query, field) in [
        ("?dry_run=yes", "dry_run"),
        ("?replace=si", "replace"),
        ("?max_delete=101", "max_delete"),
        ("?skip_bad_rows=", "skip_bad_rows"),
    ] {
        let (status, error) = import(client, query, file).await;
        assert_eq!((status.as_u16(), &error["error"]["field"]), (422, &json!(field)), "{error}");
    }
    let (status, error) = import(client, "?dryrun=true", file).await;
    assert_eq!((status.as_u16(), &error["error"]["code"]), (422, &json!("unknown_parameter")));
    let wrong = "sku,name,price,stock\nMAR-1,Martillo,200,9\nX,\"Tubo 1/2\" PVC\",10,3\nY,Codo,-1,3\nZ,Tee,5,-2\nmar-1,Otro,1,1\n";
    let (status, refused) = import(client, "", wrong).await;
    assert_eq!((status.as_u16(), &refused["error"]["code"]), (422, &json!("invalid_rows")), "{refused}");
    let lines: Vec<u64> =
        refused["failed"].as_array().unwrap().iter().map(|row| row["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [3, 4, 5, 6], "{refused}");
    assert!(refused["error"]["message"].as_str().unwrap().contains("line 3: "), "{refused}");
    for (file, code) in [("", "invalid_catalogue"), ("a,b\n1,2\n", "invalid_catalogue")] {
        let (status, error) = import(client, "", file).await;
        assert_eq!((status.as_u16(), &error["error"]["code"]), (422, &json!(code)), "{error}");
    }
    let (status, error) = import(client, "?replace=true", file).await;
    assert_eq!((status.as_u16(), &error["error"]["code"]), (409, &json!("too_many_removed")), "{error}");
    assert_eq!((stored(), imports()), (before, 1), "what is refused changes nothing");

    let (status, report) = import(client, "", file).await;
    assert_eq!((status, &report["applied"]), (StatusCode::OK, &json!(true)), "{report}");
    let (_, again) = import(client, "", file).await;
    assert_eq!((&again["unchanged"], &again["updated"]), (&json!(2), &json!(0)), "{again}");
    let (_, hammer) = get(client, &format!("{SHOP}/products/MAR-1")).await;
    assert_eq!((&hammer["price"]["minor"], &hammer["stock"]), (&json!(19_950), &json!(9)));
    let skipped = import(client, "?skip_bad_rows=1", wrong).await;
    assert_eq!((skipped.0, &skipped.1["updated"]), (StatusCode::OK, &json!(1)), "{skipped:?}");

    let form = reqwest::multipart::Form::new().part(
        "file",
        reqwest::multipart::Part::text("sku,name,price,stock\nFOR-1,De un formulario,5,1\n")
            .file_name("c.csv"),
    );
    let path = format!("{SHOP}/products/import?replace=true&max_delete=100");
    let request = client.request(Method::POST, &path).bearer_auth(TOKEN).multipart(form);
    let (status, report) = answer(request).await;
    assert_eq!((status, &report["added"]), (StatusCode::OK, &json!(1)), "{report}");
    assert_eq!(stored().len(), 1, "and the others are gone");
    assert_eq!(site.count("other", "select count(*) from product"), 1, "nobody else's are");
}

#[tokio::test]
async fn orders_are_listed_shown_handed_over_and_cancelled_once() {
    let (site, daemon) = shops();
    let client = &daemon.client;
    let first = buy(client, "shop", "ana", 3).await;
    let second = buy(client, "shop", "luis", 2).await;
    let body = json!({"contact": "eva", "message": "quiero 1 martillo"});
    ask(client, Method::POST, &format!("{SHOP}/chat"), Some(&body)).await;

    let list = async |query: &str| {
        let (status, page) = get(client, &format!("{SHOP}/orders{query}")).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        page["items"].as_array().unwrap().clone()
    };
    let all = list("").await;
    assert_eq!(all.len(), 3);
    assert_eq!((&all[0]["status"], &all[0]["contact"]), (&json!("proposed"), &json!("eva")));
    let confirmed = list("?status=confirmed").await;
    assert_eq!(
        confirmed.iter().map(|order| order["order"].as_str().unwrap()).collect::<Vec<_>>(),
        [&second, &first]
    );
    let (status, error) = get(client, &format!("{SHOP}/orders?status=sold")).await;
    assert_eq!((status.as_u16(), &error["error"]["field"]), (422, &json!("status")));

    let path = format!("{SHOP}/orders/{}", first.to_lowercase());
    let (status, order) = get(client, &path).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(order["items"][0]["sku"], "MAR-1");
    assert_eq!(order["items"][0]["unit_price"], json!({"minor": 18_900, "currency": "MXN"}));
    assert_eq!(order["total"], json!({"minor": 56_700, "currency": "MXN"}));

    let change = async |order: &str, body: Value| {
        ask(client, Method::PATCH, &format!("{SHOP}/orders/{order}"), Some(&body)).await
    };
    let stock = || site.count("shop", "select stock from product where sku = 'MAR-1'");
    assert_eq!(stock(), 2);
    for body in [json!({}), json!({"status": "sold"}), json!({"status": 3})] {
        let (status, error) = change(&first, body).await;
        assert_eq!((status.as_u16(), &error["error"]["field"]), (422, &json!("status")), "{error}");
    }
    for wanted in ["proposed", "confirmed", "expired"] {
        let (status, _) = change(&second, json!({"status": wanted})).await;
        // It is confirmed already, and the business can neither propose nor let it expire.
        assert_eq!(status.as_u16(), if wanted == "confirmed" { 200 } else { 409 }, "{wanted}");
    }
    for _twice in 0..2 {
        let (status, order) = change(&first, json!({"status": "fulfilled"})).await;
        assert_eq!((status, &order["status"]), (StatusCode::OK, &json!("fulfilled")));
        let (status, order) = change(&second, json!({"status": "cancelled"})).await;
        assert_eq!((status, &order["status"]), (StatusCode::OK, &json!("cancelled")));
    }
    assert_eq!(stock(), 4, "what was cancelled came back, once");
    for action in ["order.fulfilled", "order.cancelled"] {
        assert_eq!(site.count("shop", &format!("select count(*) from audit where action = '{action}'")), 1);
    }
    let (status, error) = change(&first, json!({"status": "cancelled"})).await;
    assert_eq!((status.as_u16(), &error["error"]["code"]), (409, &json!("order_status")), "{error}");
    let (status, error) = change("FFFFFFF1", json!({"status": "cancelled"})).await;
    assert_eq!((status.as_u16(), &error["error"]["code"]), (404, &json!("unknown_order")));
    assert_eq!(stock(), 4);
}

#[tokio::test]
async fn nobody_without_the_token_gets_in_and_no_tenant_reaches_another() {
    let (site, daemon) = shops();
    let client = &daemon.client;
    let order = buy(client, "shop", "ana", 3).await;
    let of_other = "/api/v1/tenants/other";
    for (method, path) in [
        (Method::GET, format!("{SHOP}/products")),
        (Method::GET, format!("{SHOP}/products/MAR-1")),
        (Method::POST, format!("{SHOP}/products/search")),
        (Method::POST, format!("{SHOP}/products/import")),
        (Method::GET, format!("{SHOP}/orders")),
        (Method::GET, format!("{SHOP}/orders/{order}")),
        (Method::PATCH, format!("{SHOP}/orders/{order}")),
    ] {
        for token in [None, Some("another-token")] {
            let mut request = client.request(method.clone(), &path).body("{}");
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let (status, error) = answer(request).await;
            assert_eq!((status.as_u16(), &error["error"]["code"]), (401, &json!("unauthorized")), "{path}");
        }
    }
    assert_eq!(site.count("shop", "select count(*) from product"), 4);

    let (status, page) = get(client, &format!("{of_other}/orders")).await;
    assert_eq!((status, &page["items"]), (StatusCode::OK, &json!([])));
    assert_eq!(get(client, &format!("{of_other}/orders/{order}")).await.0, StatusCode::NOT_FOUND);
    let body = json!({"status": "cancelled"});
    let path = format!("{of_other}/orders/{order}");
    assert_eq!(ask(client, Method::PATCH, &path, Some(&body)).await.0, StatusCode::NOT_FOUND);
    assert_eq!(site.count("shop", "select count(*) from sales_order where status = 'confirmed'"), 1);
    let (_, hammer) = get(client, &format!("{of_other}/products/MAR-1")).await;
    assert_eq!(hammer["name"], "Martillo ajeno");
    // The same addresses without the tenant in them.
    let request = client.request(Method::GET, "/api/v1/products/MAR-1").bearer_auth(TOKEN);
    assert_eq!(answer(request.header("x-tenant-id", "other")).await.1["name"], "Martillo ajeno");
    let (status, error) = get(client, "/api/v1/tenants/none/products").await;
    assert_eq!((status.as_u16(), &error["error"]["code"]), (404, &json!("unknown_tenant")));
}
