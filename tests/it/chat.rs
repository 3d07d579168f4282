//! `iass chat` through the real binary, alone and with a model provider that does as it is told.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::{
    config::{iass, json_lines, stderr, stdout},
    fake_llm::{Act, FakeLlm},
    harness::TURN_FIELDS,
};

const QUESTION: &str = "¿Cuánto dura la limpieza facial y cuánto cuesta?";

/// A working directory with the tenant `spa`, what it knows, and a provider's address if there is one.
fn workplace(fake: Option<&FakeLlm>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    assert!(iass(dir.path(), &["tenant", "add", "spa", "--name", "Spa Aurora"], &[]).status.success());
    let knowledge = dir.path().join("knowledge/spa");
    fs::create_dir_all(&knowledge).unwrap();
    let prices = "# Precios\n\n## Limpieza facial\n\nLa limpieza facial dura 90 minutos y cuesta $180.000. \
                  Incluye mascarilla.\n\n## Masaje\n\nEl masaje relajante dura 60 minutos y cuesta $150.000.\n";
    fs::write(knowledge.join("precios.md"), prices).unwrap();
    if let Some(fake) = fake {
        let config = format!(
            "[llm]\ntimeout_s = 1\n\n[[llm.keys]]\nid = \"key_a\"\nbase_url = \"{0}\"\napi_key = \"sk-a\"\nmodel = \"fake\"\n\n\
             [[llm.keys]]\nid = \"key_b\"\nbase_url = \"{0}\"\napi_key = \"sk-b\"\nmodel = \"fake\"\ntier = 2\n",
            fake.base_url()
        );
        fs::write(dir.path().join("chatbot.toml"), config).unwrap();
    }
    dir
}

fn say(dir: &Path, messages: &[&str], flags: &[&str]) -> Output {
    let mut line = vec!["chat", "--tenant", "spa"];
    line.extend(flags);
    for message in messages {
        line.extend(["-m", message]);
    }
    iass(dir, &line, &[("USER", "ana")])
}

/// The turns that a chat with `--json` printed.
fn turns(dir: &Path, messages: &[&str]) -> Vec<Value> {
    let output = say(dir, messages, &["--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    json_lines(&output)
}

#[test]
fn without_a_model_the_first_question_is_answered_from_the_documents() {
    let dir = workplace(None);
    let output = say(dir.path(), &[QUESTION], &[]);
    assert_eq!(
        stdout(&output),
        "La limpieza facial dura 90 minutos y cuesta $180.000.\n\nFuente: Precios › Limpieza facial\n",
        "{}",
        stderr(&output)
    );
    assert!(stderr(&output).contains("indexed 1 documents of spa"), "{}", stderr(&output));
}

#[test]
fn a_turn_is_one_object_with_everything_that_is_promised() {
    let dir = workplace(None);
    let turns = turns(dir.path(), &[QUESTION, "gracias"]);
    assert_eq!(turns.len(), 2);
    let keys: Vec<&String> = turns[0].as_object().unwrap().keys().collect();
    for key in TURN_FIELDS {
        assert!(keys.iter().any(|found| *found == key), "{key} is missing in {keys:?}");
    }
    assert_eq!(turns[0]["sources"][0]["document"], "precios.md");
    assert_eq!((&turns[0]["answered_by"], &turns[0]["language"]), (&"builtin".into(), &"es".into()));
    assert_eq!(turns[0]["conversation"], turns[1]["conversation"]);
    assert_eq!(turns[1]["sources"], Value::Array(vec![]));
}

#[test]
fn the_model_answers_over_the_same_passages() {
    let fake = FakeLlm::start([
        Act::Answer("La limpieza dura 90 minutos y cuesta $180.000.".to_owned()),
        Act::Answer("¡Con gusto! Incluye mascarilla.".to_owned()),
    ]);
    let dir = workplace(Some(&fake));
    let turns = turns(dir.path(), &[QUESTION, "¿y qué incluye?"]);
    assert_eq!(turns[0]["reply"], "La limpieza dura 90 minutos y cuesta $180.000.");
    assert_eq!(turns[0]["answered_by"], "key_a");
    let asked = fake.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked[0].system().contains("La limpieza facial dura 90 minutos y cuesta $180.000."));
    assert_eq!(asked[0].body["stream"], false, "nobody watches");
    let said: Vec<&str> = asked[1].body["messages"].as_array().unwrap()[1..]
        .iter()
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert_eq!(said, [QUESTION, "La limpieza dura 90 minutos y cuesta $180.000.", "¿y qué incluye?"]);
}

#[test]
fn a_person_sees_the_answer_while_it_is_written() {
    let fake = FakeLlm::start([Act::Answer("Dura 90 minutos y cuesta $180.000.".to_owned())]);
    let dir = workplace(Some(&fake));
    let output = say(dir.path(), &[QUESTION], &[]);
    assert_eq!(stdout(&output), "Dura 90 minutos y cuesta $180.000.\n", "{}", stderr(&output));
    assert_eq!(fake.asked()[0].body["stream"], true);
}

#[test]
fn an_invented_price_is_neither_shown_nor_sent() {
    // It is told once what is wrong with its answer, and says the same again.
    let invented = Act::Answer("Dura 90 minutos y cuesta $99.000 solamente.".to_owned());
    let fake = FakeLlm::start([invented.clone(), invented]);
    let dir = workplace(Some(&fake));
    let output = say(dir.path(), &[QUESTION], &[]);
    assert!(fake.asked()[1].system().contains("99.000"));
    let text = stdout(&output);
    assert!(text.contains("cuesta $180.000") && !text.contains("99"), "{text}");
    assert!(stderr(&output).contains("was not used"), "{}", stderr(&output));
}

#[test]
fn whatever_the_model_does_the_customer_gets_an_answer() {
    let failures = [
        Act::Refuse(429, "slow", Some("30")),
        Act::Refuse(500, "oops", None),
        Act::Refuse(401, "who?", None),
        Act::HalfStream("Cuesta".to_owned()),
        Act::Garbage,
        Act::Answer(String::new()),
        Act::Hang,
    ];
    // Both keys fail in the same way, then one of them recovers.
    let fake = FakeLlm::start(failures.iter().flat_map(|act| [act.clone(), act.clone()]));
    let dir = workplace(Some(&fake));
    for (at, act) in failures.iter().enumerate() {
        // Who asks the same three times is handed to a person.
        let output = say(dir.path(), &[QUESTION], &["--contact", &format!("c{at}")]);
        let text = stdout(&output);
        assert!(output.status.success() && text.contains("90 minutos y cuesta $180.000"), "{act:?}: {text}");
        assert!(stderr(&output).contains("the built-in answerer did"), "{act:?}: {}", stderr(&output));
    }
    fake.then([Act::Refuse(503, "", None), Act::Answer("Cuesta $180.000.".to_owned())]);
    let turn = &turns(dir.path(), &[QUESTION])[0];
    assert_eq!((&turn["reply"], &turn["answered_by"]), (&"Cuesta $180.000.".into(), &"key_b".into()));
}

#[test]
fn a_second_chat_of_the_same_contact_waits_for_the_first() {
    let dir = workplace(None);
    let mut first = command(dir.path(), &[]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = first.stdin.take().unwrap();
    input.write_all("hola\n".as_bytes()).unwrap();
    let mut reply = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(first.stdout.take().unwrap()), &mut reply)
        .unwrap();
    assert!(reply.contains("Spa Aurora"), "{reply}");
    let second = say(dir.path(), &["hola"], &[]);
    assert_eq!(second.status.code(), Some(75), "{}", stderr(&second));
    assert!(stderr(&second).contains("--contact"), "{}", stderr(&second));
    assert!(say(dir.path(), &["hola"], &["--contact", "Luis"]).status.success());
    drop(input);
    assert!(first.wait().unwrap().success());
    assert!(say(dir.path(), &["hola"], &[]).status.success());
}

#[test]
fn every_line_of_a_pipe_is_a_message() {
    let dir = workplace(None);
    let mut child =
        command(dir.path(), &["--json"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all("hola\n\ngracias\nchao".as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let replies: Vec<String> =
        json_lines(&output).iter().map(|turn| turn["reply"].as_str().unwrap().to_owned()).collect();
    assert_eq!(replies.len(), 3, "{replies:?}");
    assert!(replies[0].contains("Spa Aurora") && replies[2].contains("Hasta pronto"), "{replies:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let dir = workplace(None);
    let mut child =
        command(dir.path(), &["-m", "hola", "-m", "gracias"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_chat_that_was_killed_is_taken_up_by_the_next_one() {
    for point in ["turn.before_commit", "turn.after_commit"] {
        let dir = workplace(None);
        let died = command(dir.path(), &["-m", QUESTION]).env("IASS_CRASH_POINT", point).output().unwrap();
        assert!(!died.status.success() && died.stdout.is_empty(), "{point}");
        let turns = turns(dir.path(), &["gracias"]);
        assert_eq!(turns.len(), 2, "{point}: {turns:?}");
        assert!(turns[0]["reply"].as_str().unwrap().contains("$180.000"), "{point}");
        assert!(turns[1]["reply"].as_str().unwrap().starts_with("¡Con mucho gusto!"), "{point}");
        // And nothing is left or said twice.
        assert_eq!(self::turns(dir.path(), &["chao"]).len(), 1, "{point}");
    }
}

#[test]
fn contacts_have_conversations_of_their_own() {
    let dir = workplace(None);
    let of = |contact: &str| {
        let output = say(dir.path(), &["hola"], &["--json", "--contact", contact]);
        json_lines(&output)[0]["conversation"].as_str().unwrap().to_owned()
    };
    let (ana, luis) = (of("Ana"), of("Luis"));
    assert_ne!(ana, luis);
    assert_eq!(of("Ana"), ana);
}

#[test]
fn questions_that_nobody_could_answer_are_noted() {
    let dir = workplace(None);
    let reply = turns(dir.path(), &["¿Venden franquicias del negocio en Portugal?"])[0]["reply"].clone();
    assert!(reply.as_str().unwrap().contains("no tengo esa información"), "{reply}");
    let gaps = iass(dir.path(), &["--json", "knowledge", "gaps", "--tenant", "spa"], &[]);
    assert!(stdout(&gaps).contains("franquicias"), "{}", stdout(&gaps));
}

#[test]
fn a_tenant_that_is_not_there_is_named_with_those_that_are() {
    let dir = workplace(None);
    let output = iass(dir.path(), &["chat", "--tenant", "clinica", "-m", "hola"], &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("there are: spa"), "{}", stderr(&output));
}

#[test]
fn a_trace_shows_how_an_answer_came_about() {
    let dir = workplace(None);
    let output = say(dir.path(), &[QUESTION], &["--trace"]);
    let trace = stderr(&output);
    for word in ["searched", "confidence", "precios.md", "retrieval", "language es"] {
        assert!(trace.contains(word), "{word} is missing: {trace}");
    }
    let traced = json_lines(&say(dir.path(), &[QUESTION], &["--trace", "--json"]));
    assert_eq!(traced[0]["trace"]["answerable"], true);
}

fn command(dir: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iass"));
    command.current_dir(dir).env_clear().env("USER", "ana").stdin(Stdio::null()).stderr(Stdio::null());
    command.args(["chat", "--tenant", "spa"]).args(flags);
    command
}
