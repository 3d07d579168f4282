//! Programs that serve tools: started, spoken with, and ended with us, whatever becomes of us.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use iass::{
    config::{env::Env, tenant::TenantConfig},
    remote::RemoteTools,
};
use serde_json::{Value, json};

use crate::{fake_mcp, harness::PATIENCE};

/// Says what this binary is to be instead of a test.
const PART: &str = "TEST_PART";
const SECRET: &str = "calendar-key-1";

/// Tools of a server that is this very binary.
fn tools() -> RemoteTools {
    let this = std::env::current_exe().unwrap();
    let text = format!(
        "name = \"Acme\"\n[[mcp]]\nname = \"calendar\"\n\
         command = [{:?}, \"--exact\", \"remote::part_of_a_server\", \"--nocapture\"]\n\
         env = {{ {PART} = \"server\", CALENDAR_KEY = \"{SECRET}\" }}\ntools = [\"find_event\", \"pid\", \"show.secret\"]\n",
        this.to_str().unwrap()
    );
    let config = TenantConfig::parse(&text, Path::new("tenant.toml"), &Env::default());
    RemoteTools::with_launcher(&config.unwrap(), PathBuf::from(env!("CARGO_BIN_EXE_iass"))).unwrap()
}

fn part() -> Option<String> {
    Env::from_process().get(PART).map(str::to_owned)
}

async fn call(tools: &RemoteTools, name: &str, arguments: Value) -> String {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    tools.call(name, &arguments, "k", deadline).await.unwrap()
}

/// Not a test of its own: where it is told to, this is the server. It goes on when its input ends, as bad ones do.
#[test]
fn part_of_a_server() {
    if part().as_deref() != Some("server") {
        return;
    }
    let key = Env::from_process().get("CALENDAR_KEY").unwrap_or_default().to_owned();
    for line in std::io::stdin().lock().lines() {
        let message: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if let Some(answer) = fake_mcp::answer(&message, &key) {
            let mut stdout = std::io::stdout().lock();
            writeln!(stdout, "{answer}").unwrap();
            stdout.flush().unwrap();
        }
    }
    loop {
        std::thread::park();
    }
}

/// Not a test of its own: where it is told to, this is somebody who has a server and dies without a word.
#[tokio::test]
async fn part_of_an_owner() {
    if part().as_deref() != Some("owner") {
        return;
    }
    let tools = tools();
    println!("\nserver {}", call(&tools, "pid", json!({})).await);
    std::future::pending::<()>().await;
}

fn is_alive(process: &str) -> bool {
    // A process that was killed and not yet waited for is dead too.
    let state = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    state.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

async fn wait_until_dead(process: &str) {
    let begun = Instant::now();
    while is_alive(process) {
        assert!(begun.elapsed() < PATIENCE, "the server {process} lives on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_program_serves_its_tools_and_ends_with_the_last_who_has_them() {
    let tools = tools();
    let names: Vec<String> = tools.specs().await.into_iter().map(|spec| spec.name).collect();
    assert_eq!(names, ["find_event", "pid", "show_secret"]);
    assert_eq!(call(&tools, "find_event", json!({"day": "2026-12-24"})).await, "nothing on 2026-12-24");
    assert_eq!(call(&tools, "show_secret", json!({})).await, "the key is ***");
    let server = call(&tools, "pid", json!({})).await;
    assert!(is_alive(&server));
    let other = tools.clone();
    drop(tools);
    assert_eq!(call(&other, "pid", json!({})).await, server, "one program for all");
    drop(other);
    wait_until_dead(&server).await;
}

#[tokio::test]
async fn a_program_that_died_is_started_again() {
    let tools = tools();
    let first = call(&tools, "pid", json!({})).await;
    assert!(Command::new("kill").args(["-9", &first]).status().unwrap().success());
    wait_until_dead(&first).await;
    let begun = Instant::now();
    let second = loop {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        match tools.call("pid", &json!({}), "k", deadline).await {
            Ok(process) => break process,
            // The end of the first may not be seen yet.
            Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}"),
        }
    };
    assert_ne!(second, first);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_program_dies_with_an_owner_that_is_killed() {
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "remote::part_of_an_owner", "--nocapture"])
        .env(PART, "owner")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    let server = lines.find_map(|line| line.unwrap().strip_prefix("server ").map(str::to_owned)).unwrap();
    assert!(is_alive(&server));
    owner.kill().unwrap();
    owner.wait().unwrap();
    wait_until_dead(&server).await;
}
