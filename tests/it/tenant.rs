//! `iass tenant`.

use std::{fs, path::Path, process::Output};

use crate::config::{iass, json_lines, stderr, stdout};

fn run(dir: &Path, line: &str) -> Output {
    iass(dir, &line.split_whitespace().collect::<Vec<_>>(), &[])
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_tenant_is_added_shown_switched_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let added =
        run(dir, "tenant add acme --name Acme --preset clinic --timezone Europe/Madrid --currency EUR");
    assert_eq!((added.status.code(), stdout(&added)), (Some(0), ""), "{}", stderr(&added));
    insta::assert_snapshot!(stderr(&added), @r"
made tenants/acme/tenant.toml
next: fill in its facts, put documents into knowledge/acme
");
    let file = dir.join("tenants/acme/tenant.toml");
    let text = read(&file);
    assert!(text.contains("name = \"Acme\"") && text.contains("\n# Opening hours"), "{text}");

    let shown = json_lines(&run(dir, "tenant show acme --json"));
    assert_eq!(shown[0]["tenant"], "acme");
    assert_eq!(shown[0]["timezone"], "Europe/Madrid");
    assert_eq!(shown[0]["booking"]["services"][0]["duration_min"], 30);

    assert_eq!(run(dir, "tenant disable acme").status.code(), Some(0));
    assert_eq!(read(&file), text.replace("enabled = true", "enabled = false"));
    assert_eq!(stderr(&run(dir, "tenant disable acme")), "acme was disabled already\n");
    assert_eq!(json_lines(&run(dir, "--json tenant list"))[0]["enabled"], false);
    assert_eq!(json_lines(&run(dir, "--json tenant enable acme"))[0]["result"], "enabled");
    assert_eq!(read(&file), text);

    fs::create_dir_all(dir.join("data/tenants")).unwrap();
    fs::write(dir.join("data/tenants/acme.db"), "").unwrap();
    let refused = run(dir, "tenant remove acme");
    assert_eq!(refused.status.code(), Some(2), "nobody can be asked");
    assert!(file.exists() && stderr(&refused).contains("--yes"));
    assert_eq!(run(dir, "tenant remove acme --yes").status.code(), Some(0));
    assert!(!dir.join("tenants/acme").exists() && !dir.join("data/tenants/acme.db").exists());
    assert_eq!(run(dir, "tenant remove acme --yes").status.code(), Some(3));
}

#[test]
fn an_existing_tenant_is_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    assert!(run(dir.path(), "tenant add acme --name First").status.success());
    let second = run(dir.path(), "tenant add acme --name Second");
    assert_eq!(second.status.code(), Some(1));
    assert!(stderr(&second).contains("there is a tenant `acme` already"), "{}", stderr(&second));
    assert!(read(dir.path().join("tenants/acme/tenant.toml")).contains("\"First\""));
}

#[test]
fn a_guessed_zone_is_said_aloud_and_a_wrong_one_refused() {
    let dir = tempfile::tempdir().unwrap();
    let added = run(dir.path(), "tenant add acme --name Acme --language pt");
    assert!(stderr(&added).contains("America/Sao_Paulo and currency BRL are a guess"), "{}", stderr(&added));
    for wrong in ["--timezone Bogota", "--currency pesos", "--language fr", "--preset bar"] {
        let refused = run(dir.path(), &format!("tenant add other --name Other {wrong}"));
        assert_eq!(refused.status.code(), Some(2), "{wrong}");
    }
    assert_eq!(run(dir.path(), "tenant add ../other --name Other").status.code(), Some(2));
    assert!(!dir.path().join("tenants/other").exists());
}

#[test]
fn a_broken_tenant_is_listed_beside_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for id in ["good", "broken"] {
        assert!(
            run(dir, &format!("tenant add {id} --name {id} --timezone UTC --currency USD")).status.success()
        );
    }
    fs::write(dir.join("tenants/broken/tenant.toml"), "name = \"x\"\ntimezon = \"UTC\"\n").unwrap();
    let listed = run(dir, "tenant list");
    assert_eq!(listed.status.code(), Some(0));
    insta::assert_snapshot!(stdout(&listed), @r"
TENANT  NAME  LANGUAGE  TIME ZONE  CURRENCY  STATE
broken                                       wrong: 1 error
good    good  es        UTC        USD       enabled
");
    let lines = json_lines(&run(dir, "--json tenant list"));
    assert_eq!((lines[0]["ok"].as_bool(), lines[1]["ok"].as_bool()), (Some(false), Some(true)));

    let checked = run(dir, "tenant check");
    assert_eq!(checked.status.code(), Some(78));
    insta::assert_snapshot!(stdout(&checked), @r"
tenants/broken/tenant.toml:2:1: unknown key `timezon`; did you mean `timezone`?
tenants/good/tenant.toml: ok
");
    assert_eq!(run(dir, "tenant check good").status.code(), Some(0));
    let unknown = run(dir, "tenant check goood");
    assert_eq!(unknown.status.code(), Some(3));
    assert!(stderr(&unknown).contains("hint: did you mean `good`?"), "{}", stderr(&unknown));
}

#[test]
fn the_folders_of_flags_are_used() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    assert!(run(dir, "tenant add acme --name Acme --tenants-dir elsewhere").status.success());
    assert!(dir.join("elsewhere/acme/tenant.toml").exists() && !dir.join("tenants").exists());
    assert_eq!(run(dir, "tenant list --json").stdout.len(), 0);
    assert_eq!(json_lines(&run(dir, "--tenants-dir elsewhere tenant list --json")).len(), 1);
}

#[test]
fn init_fills_a_folder_that_is_right_and_keeps_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let line =
        "init shop --tenant acme --name Acme --language pt --preset shop --timezone UTC --currency BRL";
    let made = run(dir, &format!("{line} --json"));
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    assert_eq!(json_lines(&made)[0]["files"].as_array().unwrap().len(), 3);
    assert!(read(dir.join("shop/knowledge/acme/faq.md")).starts_with("# Perguntas"));
    let checked = run(&dir.join("shop"), "config check");
    assert_eq!(stdout(&checked), "chatbot.toml: ok\ntenants/acme/tenant.toml: ok\n");

    fs::write(dir.join("shop/chatbot.toml"), "[paths]\ntenants = \"t\"\n").unwrap();
    let again = run(dir, &line.replace("acme", "other"));
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    assert!(stderr(&again).contains("kept shop/chatbot.toml"), "{}", stderr(&again));
    assert!(dir.join("shop/t/other/tenant.toml").exists());
}

#[test]
fn init_asks_nobody_where_nobody_is() {
    let dir = tempfile::tempdir().unwrap();
    let refused = run(dir.path(), "init --name Acme");
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("--tenant is needed"), "{}", stderr(&refused));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing was written");
}
