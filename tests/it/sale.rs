//! Selling through the real binary with no model and with one: whole dialogues, the second yes, and a process killed at each step.

use serde_json::{Value, json};

use crate::{
    config::{iass, json_lines, stderr},
    fake_llm::{Act, FakeLlm},
    harness::Site,
};

const CATALOGUE: &str = "código;nombre;precio;existencias\n\
    MAR-1;Martillo;189,00;7\n\
    CLA-1;Clavo de 2 pulgadas, 1 kg;48,50;100\n\
    SIE-1;Sierra circular;1.250,00;0\n";

fn shop() -> Site {
    let site = Site::new(&[]);
    site.write("tenants/shop/tenant.toml", "name = \"La Tuerca\"\ncurrency = \"MXN\"\n");
    site.write("catalogo.csv", CATALOGUE);
    let output = iass(site.path(), &["catalog", "import", "catalogo.csv", "--tenant", "shop", "--json"], &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(json_lines(&output)[0]["added"], 3);
    site
}

fn say(site: &Site, messages: &[&str], env: &[(&str, &str)]) -> Vec<Value> {
    let mut line = vec!["chat", "--tenant", "shop", "--contact", "ana", "--json"];
    for message in messages {
        line.extend(["-m", message]);
    }
    let output = iass(site.path(), &line, env);
    assert!(output.status.success() || !env.is_empty(), "{}", stderr(&output));
    json_lines(&output)
}

fn orders(site: &Site) -> Vec<Value> {
    json_lines(&iass(site.path(), &["order", "list", "--tenant", "shop", "--json"], &[]))
}

fn stock(site: &Site, sku: &str) -> i64 {
    let products = json_lines(&iass(site.path(), &["catalog", "list", "--tenant", "shop", "--json"], &[]));
    products.iter().find(|product| product["sku"] == sku).unwrap()["stock"].as_i64().unwrap()
}

#[test]
fn more_than_there_is_is_offered_down_and_sold_once() {
    let site = shop();
    let turns = say(&site, &["Quiero comprar 10 martillos", "Sí", "sí"], &[]);
    let reply = |at: usize| turns[at]["reply"].as_str().unwrap();
    assert_eq!(
        reply(0),
        "Puedo ofrecerte 7 martillos a $189.00 c/u, en total $1,323.00. ¿Deseas llevar esa cantidad?"
    );
    let order = turns[1]["order"]["order"].as_str().unwrap();
    assert!(reply(1).contains(order) && reply(1).contains("$1,323.00"), "{}", reply(1));
    assert!(reply(2).contains("ya está registrado"), "{}", reply(2));
    let orders = orders(&site);
    assert_eq!(orders.len(), 1, "{orders:?}");
    assert_eq!((&orders[0]["status"], &orders[0]["total"]["minor"]), (&"confirmed".into(), &132_300.into()));
    assert_eq!(stock(&site, "MAR-1"), 0);
}

#[test]
fn another_size_is_offered_where_the_one_that_is_wanted_is_not_there_and_sells_nothing_by_itself() {
    let site = shop();
    let turns = say(&site, &["quiero clavos de 3 pulgadas", "dame 2 de esos", "sí"], &[]);
    let reply = |at: usize| turns[at]["reply"].as_str().unwrap();
    assert!(reply(0).starts_with("No tengo «clavos de 3 pulgadas» en esa medida."), "{}", reply(0));
    assert!(reply(0).contains("1. Clavo de 2 pulgadas, 1 kg: $48.50"), "{}", reply(0));
    assert!(turns[0]["order"].is_null() && turns[0]["agents"] == json!(["sales"]), "{}", turns[0]);
    assert_eq!(turns[1]["order"]["total"]["minor"], 9_700, "{}", reply(1));
    assert_eq!(turns[2]["order"]["status"], "confirmed", "{}", reply(2));
    assert_eq!(stock(&site, "CLA-1"), 98);
}

#[test]
fn a_refusal_another_quantity_and_something_unclear_sell_nothing_by_themselves() {
    let site = shop();
    let turns = say(&site, &["quiero 5 martillos", "creo que sí", "solo 3", "mejor no"], &[]);
    assert!(turns[1]["reply"].as_str().unwrap().contains("Para no equivocarme"), "{}", turns[1]["reply"]);
    assert!(turns[2]["reply"].as_str().unwrap().contains("$567.00"), "{}", turns[2]["reply"]);
    assert_eq!(orders(&site)[0]["status"], "cancelled");
    assert_eq!(stock(&site, "MAR-1"), 7);
    let gone = say(&site, &["quiero 1 sierra circular"], &[]);
    assert!(gone[0]["reply"].as_str().unwrap().contains("no hay existencia"), "{}", gone[0]["reply"]);
}

#[test]
fn a_sale_killed_at_any_step_happens_once() {
    for point in ["turn.before_commit", "turn.in_commit", "turn.in_commit:2", "turn.after_commit"] {
        let site = shop();
        say(&site, &["quiero 3 martillos"], &[]);
        let died = iass(
            site.path(),
            &["chat", "--tenant", "shop", "--contact", "ana", "-m", "listo, confirmo"],
            &[("IASS_CRASH_POINT", point)],
        );
        assert!(!died.status.success(), "{point} was not died at");
        // The next chat answers what was left, or shows the reply that was not shown.
        say(&site, &["gracias"], &[]);
        let orders = orders(&site);
        assert_eq!(orders.len(), 1, "{point}");
        assert_eq!(orders[0]["status"], "confirmed", "{point}");
        assert_eq!(stock(&site, "MAR-1"), 4, "{point}");
    }
}

#[test]
fn a_file_with_a_wrong_row_changes_nothing_unless_it_is_skipped() {
    let site = shop();
    site.write("mal.csv", "sku,name,price,stock\nMAR-1,Martillo,200,9\nX,\"Tubo 1/2\" PVC\",10,3\n");
    let line = ["catalog", "import", "mal.csv", "--tenant", "shop"];
    let refused = iass(site.path(), &line, &[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("mal.csv:3"), "{}", stderr(&refused));
    assert_eq!(stock(&site, "MAR-1"), 7);
    let skipped = iass(site.path(), &[&line[..], &["--skip-bad-rows"]].concat(), &[]);
    assert_eq!(skipped.status.code(), Some(4));
    assert_eq!(stock(&site, "MAR-1"), 9);
    let replace = iass(site.path(), &[&line[..], &["--skip-bad-rows", "--replace"]].concat(), &[]);
    assert_eq!(replace.status.code(), Some(1), "two of three would go");
}

/// The shop with a model to ask.
fn shop_with(model: &FakeLlm) -> Site {
    let site = shop();
    let keys = format!(
        "[llm]\ntimeout_s = 5\n[[llm.keys]]\nid = \"key_a\"\nbase_url = \"{}\"\napi_key = \"sk-a\"\nmodel = \"fake\"\n",
        model.base_url()
    );
    site.write("chatbot.toml", &keys);
    site
}

/// A wish that names no product, so that it takes a model to see which is meant, and who it is for.
const RIDDLE: &str = "¿Manejan esa herramienta con la que se golpea y se clava? Serían tres";

#[test]
fn a_model_only_proposes_and_the_customers_yes_sells_once() {
    let model = FakeLlm::start([
        Act::Answer("sales".to_owned()),
        Act::Call("search_products", json!({"query": "martillo"})),
        Act::Call("propose_order", json!({"items": [{"sku": "MAR-1", "quantity": 3}]})),
        Act::Answer("Listo, tu pedido quedó vendido a $1.00.".to_owned()),
    ]);
    let site = shop_with(&model);
    let turns = say(&site, &[RIDDLE], &[]);
    let asked = model.asked();
    let offered = asked[1].body["tools"].to_string();
    assert!(offered.contains("propose_order") && !offered.contains("confirm_order"), "{offered}");
    assert!(asked[2].body["messages"].to_string().contains("$189.00"), "{}", asked[1].body);
    let reply = turns[0]["reply"].as_str().unwrap();
    assert!(reply.contains("3 martillos") && reply.contains("$567.00") && reply.contains('?'), "{reply}");
    assert_eq!(turns[0]["tools"][1]["name"], "propose_order");
    assert_eq!((orders(&site)[0]["status"].as_str(), stock(&site, "MAR-1")), (Some("proposed"), 7));
    let turns = say(&site, &["sí", "sí"], &[]);
    assert!(turns[1]["reply"].as_str().unwrap().contains("ya está registrado"), "{}", turns[1]["reply"]);
    let orders = orders(&site);
    assert_eq!((orders.len(), &orders[0]["status"]), (1, &"confirmed".into()));
    assert_eq!(stock(&site, "MAR-1"), 4);
    assert_eq!(model.asked().len(), 3, "the proposal and the yes are code's alone");
}

#[test]
fn a_model_that_proposes_what_nobody_said_proposes_nothing() {
    let model = FakeLlm::start([
        Act::Answer("sales".to_owned()),
        Act::Call("search_products", json!({"query": "martillo"})),
        Act::Call("propose_order", json!({"items": [{"sku": "MAR-1", "quantity": 7}]})),
        Act::Answer("El martillo cuesta $1.00.".to_owned()),
        Act::Answer("El martillo cuesta $189.00. ¿Cuántos desea?".to_owned()),
    ]);
    let site = shop_with(&model);
    let turns = say(&site, &[RIDDLE], &[]);
    let asked = model.asked();
    assert!(asked[3].body["messages"].to_string().contains("did not say 7"), "{}", asked[3].body);
    assert_eq!(turns[0]["reply"], "El martillo cuesta $189.00. ¿Cuántos desea?", "prices are those of rows");
    assert!(orders(&site).is_empty());
}

#[test]
fn a_model_changes_the_open_order_and_sells_none_of_it() {
    let model =
        FakeLlm::start([Act::Call("change_order", json!({"items": [{"sku": "MAR-1", "quantity": 5}]}))]);
    let site = shop_with(&model);
    let more =
        "Pensándolo bien, para toda la cuadrilla de la obra que empieza el lunes serían cinco de esos mismos";
    let turns = say(&site, &["quiero 3 martillos", more], &[]);
    let reply = turns[1]["reply"].as_str().unwrap();
    assert!(reply.contains("5 martillos") && reply.contains("$945.00"), "{}", turns[1]);
    let proposed = orders(&site);
    assert_eq!((proposed.len(), &proposed[0]["status"]), (1, &"proposed".into()));
    say(&site, &["sí"], &[]);
    assert_eq!((orders(&site).len(), stock(&site, "MAR-1")), (1, 2));
}
