//! The layers of ARCHITECTURE.md, held against the source: who may name what.

use std::path::{Path, PathBuf};

/// Where a rule looks, what it forbids there, and the files that are the rule's own exception.
struct Rule {
    why: &'static str,
    inside: &'static [&'static str],
    except: &'static [&'static str],
    forbidden: &'static [&'static str],
}

const EVERYWHERE: &[&str] = &[""];
const CORE: &[&str] = &["domain", "engine", "tools"];
const BELOW_THE_EDGE: &[&str] = &[
    "catalog",
    "clock",
    "config",
    "crash",
    "domain",
    "engine",
    "knowledge",
    "llm",
    "prompts",
    "store",
    "tools",
];

const RULES: &[Rule] = &[
    Rule {
        why: "the core knows nothing of HTTP, the command line or a channel's wire format",
        inside: CORE,
        except: &[],
        forbidden: &[
            "axum",
            "clap",
            "teloxide",
            "reqwest",
            "hyper",
            "rusqlite",
            "async_openai",
            "rmcp",
            "rustls",
            "tokio",
            "crate::http",
            "crate::channel",
            "crate::cli",
            "crate::llm",
            "crate::config",
            "crate::notify",
            "crate::remote",
            "crate::worker",
        ],
    },
    Rule {
        why: "the edges import the core, never the reverse",
        inside: BELOW_THE_EDGE,
        except: &[],
        forbidden: &[
            "crate::app",
            "crate::channel",
            "crate::cli",
            "crate::http",
            "crate::notify",
            "crate::remote",
            "crate::worker",
        ],
    },
    Rule { why: "SQL lives only in store", inside: EVERYWHERE, except: &["store"], forbidden: &["rusqlite"] },
    Rule {
        why: "only config reads the environment",
        inside: EVERYWHERE,
        except: &["config"],
        forbidden: &["env::var(", "env::var_os(", "env::vars("],
    },
    Rule {
        why: "the time comes from Clock",
        inside: EVERYWHERE,
        except: &["clock"],
        forbidden: &["Timestamp::now(", "Zoned::now(", "SystemTime::now("],
    },
    Rule {
        why: "the business is told by the delivery worker alone",
        inside: EVERYWHERE,
        except: &["notify", "worker", "app", "cli", "tenants/desk"],
        forbidden: &["crate::notify"],
    },
    Rule {
        why: "only remote tools speak MCP",
        inside: EVERYWHERE,
        except: &["remote"],
        forbidden: &["rmcp"],
    },
    Rule {
        why: "the engine never sees a key or a URL",
        inside: CORE,
        except: &[],
        forbidden: &["secrecy", "SecretString", "base_url", "api_key"],
    },
];

#[test]
fn every_layer_names_only_what_it_may() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&source, &mut files);
    assert!(files.len() > 20, "the source was not found");
    let mut broken = Vec::new();
    for file in &files {
        let name = file.strip_prefix(&source).unwrap().with_extension("");
        let module = name.to_str().unwrap().replace('\\', "/");
        let is_in =
            |area: &&str| area.is_empty() || module == **area || module.starts_with(&format!("{area}/"));
        let text = std::fs::read_to_string(file).unwrap();
        let lines = code_lines(&text);
        for rule in RULES {
            if !rule.inside.iter().any(&is_in) || rule.except.iter().any(&is_in) {
                continue;
            }
            for (number, code) in &lines {
                for word in rule.forbidden.iter().filter(|word| names(code, word)) {
                    broken.push(format!("src/{module}.rs:{number}: `{word}`: {}", rule.why));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_forbidden_name_is_seen_where_it_stands_alone() {
    assert!(names("use axum::Router;", "axum"));
    assert!(names("use crate::http;", "crate::http"));
    assert!(names("let day = jiff::Timestamp::now();", "Timestamp::now("));
    assert!(!names("let relaxum = 1;", "axum"));
    assert!(!names("use crate::httpish;", "crate::http"));
    let group = code_lines("// axum\nuse crate::{\n    config::{http, Env},\n    http::auth,\n};\n");
    let lines_with =
        |word| group.iter().filter(|(_, code)| names(code, word)).map(|(n, _)| *n).collect::<Vec<_>>();
    assert_eq!(lines_with("axum"), Vec::<usize>::new());
    assert_eq!(lines_with("crate::http"), [4]);
    assert_eq!(lines_with("crate::config"), [3]);
}

/// The lines without their comments, numbered from 1, and the modules of `use crate::{…}` groups written out, each
/// as a line of its own with the number of the line that names it.
fn code_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut depth = 0_usize;
    for (at, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        lines.push((at + 1, code.to_owned()));
        let rest = match code.find("use crate::{") {
            Some(start) if depth == 0 => &code[start + "use crate::".len()..],
            _ if depth > 0 => code,
            _ => continue,
        };
        let mut name = String::new();
        for c in rest.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ if depth == 1 && (c.is_alphanumeric() || c == '_') => {
                    name.push(c);
                    continue;
                }
                _ => {}
            }
            if !name.is_empty() {
                lines.push((at + 1, format!("crate::{}", std::mem::take(&mut name))));
            }
        }
    }
    lines
}

/// Whether `code` names `word` as a whole.
fn names(code: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        !code[..at].ends_with(part) && (word.ends_with('(') || !code[at + word.len()..].starts_with(part))
    })
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}
