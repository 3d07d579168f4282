//! `iass config`, the global flags and the exit codes.

use std::{path::Path, process::Output};

use assert_cmd::Command;
use serde_json::Value;

/// Runs `iass` in `dir` with an environment of its own and returns what came of it.
pub(crate) fn iass(dir: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(assert_cmd::cargo::cargo_bin!("iass"))
        .current_dir(dir)
        .env_clear()
        .envs(variables.iter().copied())
        .args(arguments)
        .output()
        .unwrap()
}

pub(crate) fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

pub(crate) fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

pub(crate) fn json_lines(output: &Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn dir_with(text: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("chatbot.toml"), text).unwrap();
    dir
}

#[test]
fn without_a_file_the_defaults_are_in_effect() {
    let dir = tempfile::tempdir().unwrap();
    let output = iass(dir.path(), &["config", "show", "--json"], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let config = &json_lines(&output)[0];
    assert_eq!(config["server"]["listen"], "127.0.0.1:8080");
    assert_eq!(config["llm"]["timeout_s"], 30);
    assert_eq!(config["paths"]["data"], "data");
    assert_eq!(stderr(&output), "");
}

#[test]
fn what_is_shown_can_be_written_back_and_secrets_are_masked() {
    let dir = dir_with("[alerts]\nwebhook_url = \"${HOOK}\"\n[server]\nlisten = \"127.0.0.1:9\"\n");
    let output = iass(dir.path(), &["config", "show"], &[("HOOK", "https://hooks.example/s3cret")]);
    assert!(stdout(&output).contains("webhook_url = \"***\"\n"), "{}", stdout(&output));
    assert!(!stdout(&output).contains("s3cret"));
    let again = dir_with(&stdout(&output).replace("***", "${HOOK}"));
    let shown_again = iass(again.path(), &["config", "show"], &[("HOOK", "https://hooks.example/s3cret")]);
    assert_eq!(stdout(&output), stdout(&shown_again));
}

#[test]
fn check_tells_every_mistake_and_ends_with_78() {
    let dir = dir_with("[server]\nlisen = 1\nlisten = 2\n");
    let output = iass(dir.path(), &["config", "check"], &[]);
    assert_eq!(output.status.code(), Some(78));
    insta::assert_snapshot!(stdout(&output), @r"
chatbot.toml:2:1: unknown key `server.lisen`; did you mean `listen`?
chatbot.toml:3:10: `server.listen` must be text in quotes, not the number 2
");
    let output = iass(dir.path(), &["config", "check", "--json"], &[]);
    assert_eq!(output.status.code(), Some(78));
    let report = &json_lines(&output)[0];
    assert_eq!(report["ok"], false);
    assert_eq!(report["errors"][1]["line"], 3);
    assert_eq!(report["errors"][1]["key"], "server.listen");
}

#[test]
fn check_also_reads_the_tenants() {
    let dir = dir_with("");
    let tenant = |id: &str, text: &str| {
        std::fs::create_dir_all(dir.path().join("tenants").join(id)).unwrap();
        std::fs::write(dir.path().join("tenants").join(id).join("tenant.toml"), text).unwrap();
    };
    tenant("good", "name = \"Good\"");
    assert_eq!(iass(dir.path(), &["config", "check"], &[]).status.code(), Some(0));
    tenant("bad", "name = 5");
    let output = iass(dir.path(), &["config", "check"], &[]);
    assert_eq!(output.status.code(), Some(78));
    insta::assert_snapshot!(stdout(&output), @r"
chatbot.toml: ok
tenants/bad/tenant.toml:1:8: `name` must be text in quotes, not the number 5
tenants/good/tenant.toml: ok
");
}

#[test]
fn a_command_stops_at_a_wrong_configuration() {
    let dir = dir_with("[server]\nlisten = \"x\"\n");
    let output = iass(dir.path(), &["config", "show"], &[]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(78), ""));
    insta::assert_snapshot!(stderr(&output), @r#"error: chatbot.toml:2:10: `server.listen` must be an IP address and a port such as 127.0.0.1:8080 or [::1]:8080, not "x""#);
    let output = iass(dir.path(), &["--json", "config", "show"], &[]);
    assert_eq!(output.status.code(), Some(78));
    let error: Value = serde_json::from_str(stderr(&output)).unwrap();
    assert_eq!(error["error"]["code"], "bad_configuration");
    assert_eq!(error["error"]["details"][0]["line"], 2);
}

#[test]
fn the_file_is_named_by_flag_or_else_by_variable() {
    let dir = dir_with("[llm]\ntimeout_s = 1\n");
    std::fs::write(dir.path().join("two.toml"), "[llm]\ntimeout_s = 2\n").unwrap();
    std::fs::write(dir.path().join("three.toml"), "[llm]\ntimeout_s = 3\n").unwrap();
    let timeout = |arguments: &[&str], variables: &[(&str, &str)]| {
        let arguments = [&["config", "show", "--json"], arguments].concat();
        json_lines(&iass(dir.path(), &arguments, variables))[0]["llm"]["timeout_s"].clone()
    };
    assert_eq!(timeout(&[], &[]), 1);
    assert_eq!(timeout(&[], &[("IASS_CONFIG", "two.toml")]), 2);
    assert_eq!(timeout(&["--config", "three.toml"], &[("IASS_CONFIG", "two.toml")]), 3);
    assert_eq!(timeout(&[], &[("IASS_LLM_TIMEOUT_S", "4")]), 4);
    let missing = iass(dir.path(), &["--config", "four.toml", "config", "show"], &[]);
    assert_eq!(missing.status.code(), Some(78));
    assert_eq!(stderr(&missing), "error: four.toml: the file does not exist\n");
}

#[test]
fn the_current_folder_is_found_through_flags_and_the_files_through_the_file() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("etc")).unwrap();
    std::fs::write(dir.path().join("etc/chatbot.toml"), "[paths]\ndata = \"db\"\n").unwrap();
    let arguments = ["--config", "etc/chatbot.toml", "--tenants-dir", "here", "--json", "config", "show"];
    let paths = &json_lines(&iass(dir.path(), &arguments, &[]))[0]["paths"];
    assert_eq!(paths["data"], "etc/db");
    assert_eq!(paths["tenants"], "here");
}

#[test]
fn wrong_arguments_end_with_2_and_as_json_when_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(iass(dir.path(), &[], &[]).status.code(), Some(2));
    assert_eq!(iass(dir.path(), &["config"], &[]).status.code(), Some(2));
    let output = iass(dir.path(), &["--json", "confg"], &[]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(2), ""));
    let error: Value = serde_json::from_str(stderr(&output)).unwrap();
    assert_eq!(error["error"]["code"], "usage");
    assert_eq!(error["error"]["message"], "unrecognized subcommand 'confg'");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = std::process::Command::new(assert_cmd::cargo::cargo_bin!("iass"))
        .current_dir(dir.path())
        .args(["completions", "bash"])
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
}

#[test]
fn completions_and_the_manual_need_no_configuration() {
    let dir = dir_with("nonsense");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = iass(dir.path(), &["completions", shell], &[]);
        assert!(output.status.success() && stdout(&output).contains("iass"), "{shell}");
    }
    let page = iass(dir.path(), &["man"], &[]);
    assert!(stdout(&page).starts_with(".ie \\n(.g"), "{}", stdout(&page));
    assert!(stdout(&page).contains("IASS TENANT ADD"), "{}", stdout(&page));
}

#[test]
fn colour_is_only_where_it_is_wanted() {
    let dir = dir_with("[server]\nlisten = \"x\"\n");
    let coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        let arguments = [&["config", "show"], arguments].concat();
        stderr(&iass(dir.path(), &arguments, variables)).contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]), "a pipe is no terminal");
    assert!(coloured(&["--color", "always"], &[]));
    assert!(coloured(&["--color", "always"], &[("NO_COLOR", "1")]), "an explicit flag wins");
    assert!(!coloured(&["--color", "never"], &[]));
    assert!(!coloured(&["--color", "always", "--json"], &[]));
}
