use std::sync::Arc;

use tokio::time::Instant;

use self::fake_llm::{Act, FakeLlm};
use super::*;
use crate::{
    domain::{
        message::Role,
        tool::{ToolRound, ToolSpec},
    },
    engine::{guard::Grounds, prompt::Said, turn::ModelReply},
    llm::pool::Pool,
};

#[path = "../../tests/it/fake_llm.rs"]
mod fake_llm;

fn llm(keys: &[(&str, u8, &FakeLlm)]) -> Llm {
    Llm {
        timeout: Duration::from_millis(400),
        wait_for_key: Duration::ZERO,
        alert_pct: 80,
        alert_after: Duration::ZERO,
        temperature: 0.2,
        max_output_tokens: 100,
        keys: keys
            .iter()
            .map(|(id, tier, fake)| LlmKey {
                id: (*id).to_owned(),
                base_url: fake.base_url().to_owned(),
                api_key: Some(format!("sk-{id}").into()),
                model: "fake".to_owned(),
                tier: *tier,
                max_conversations: 1,
                requests_per_minute: 1,
            })
            .collect(),
        speech: None,
        vision: None,
    }
}

fn request() -> ModelRequest {
    let said = |role, text: &str| Said { role, text: text.to_owned() };
    ModelRequest {
        system: "Reglas".to_owned(),
        messages: vec![
            said(Role::Customer, "hola"),
            said(Role::Assistant, "¡Hola!"),
            said(Role::Customer, "¿precio?"),
        ],
        tools: Vec::new(),
        rounds: Vec::new(),
        heard: true,
        grounds: Arc::new(Grounds::default()),
    }
}

/// Asks and returns the answer with everything that was heard of it.
async fn ask(llm: &Llm, stream: bool) -> (Result<ModelReply, LlmError>, String) {
    let pool = Pool::new(llm).unwrap();
    let mut heard = String::new();
    let mut listen = |delta: Delta<'_>| {
        match delta {
            Delta::Text(text) => heard.push_str(text),
            Delta::Withdrawn => heard.push('|'),
        }
        ControlFlow::Continue(())
    };
    let listener: Option<Listener<'_>> = if stream { Some(&mut listen) } else { None };
    let deadline = Instant::now() + Duration::from_secs(20);
    let reply = pool.ask(&request(), deadline, listener).await;
    (reply, heard)
}

fn answer(text: &str) -> Act {
    Act::Answer(text.to_owned())
}

#[tokio::test]
async fn the_conversation_goes_out_and_the_answer_comes_back() {
    for stream in [false, true] {
        let fake = FakeLlm::start([answer("Cuesta $180.000 hoy.")]);
        let (reply, heard) = ask(&llm(&[("a", 1, &fake)]), stream).await;
        let reply = reply.unwrap();
        assert_eq!((reply.text.as_str(), reply.key.as_str()), ("Cuesta $180.000 hoy.", "a"));
        assert_eq!(heard, if stream { "Cuesta $180.000 hoy." } else { "" });
        let asked = fake.asked();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].key, "sk-a");
        let expected = serde_json::json!({
            "model": "fake", "temperature": 0.2, "max_tokens": 100, "stream": stream,
            "messages": [
                {"role": "system", "content": "Reglas"}, {"role": "user", "content": "hola"},
                {"role": "assistant", "content": "¡Hola!"}, {"role": "user", "content": "¿precio?"},
            ],
        });
        assert_eq!(asked[0].body, expected);
    }
}

#[tokio::test]
async fn the_next_key_answers_when_one_fails_lower_tiers_first() {
    let failures = [
        Act::Refuse(429, "slow down", Some("7")),
        Act::Refuse(500, "oops", None),
        Act::Refuse(401, "bad key", None),
        Act::Hang,
        Act::Garbage,
        answer(""),
    ];
    for failure in failures {
        for stream in [false, true] {
            let (first, second) = (FakeLlm::start([failure.clone()]), FakeLlm::start([answer("Sí.")]));
            let (reply, _) = ask(&llm(&[("b", 2, &second), ("a", 1, &first)]), stream).await;
            assert_eq!(reply.map(|reply| reply.key), Ok("b".to_owned()), "{failure:?} {stream}");
            assert_eq!((first.asked().len(), second.asked().len()), (1, 1), "each key is asked once");
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_withdrawn() {
    let first = FakeLlm::start([Act::HalfStream("El precio es".to_owned())]);
    let second = FakeLlm::start([answer("Cuesta diez.")]);
    let (reply, heard) = ask(&llm(&[("a", 1, &first), ("b", 1, &second)]), true).await;
    assert_eq!(reply.map(|reply| reply.text), Ok("Cuesta diez.".to_owned()));
    assert_eq!(heard, "El precio es|Cuesta diez.");
}

#[tokio::test]
async fn every_failure_is_told_apart() {
    let check = async |act: Act, stream: bool, expected: LlmError| {
        let fake = FakeLlm::start([act.clone()]);
        let (reply, _) = ask(&llm(&[("a", 1, &fake)]), stream).await;
        assert_eq!(reply, Err(expected), "{act:?} {stream}");
    };
    for stream in [false, true] {
        let wait = Some(Duration::from_secs(7));
        check(Act::Refuse(429, "", Some("7")), stream, LlmError::RateLimited { retry_after: wait }).await;
        check(Act::Refuse(429, "insufficient_quota", None), stream, LlmError::Quota).await;
        check(Act::Refuse(503, "<html>", None), stream, LlmError::Server(503)).await;
        check(Act::Refuse(400, "maximum context length", None), stream, LlmError::ContextTooLong).await;
        check(Act::Hang, stream, LlmError::Timeout).await;
        check(Act::Garbage, stream, LlmError::BadAnswer).await;
        check(answer("  "), stream, LlmError::BadAnswer).await;
    }
    check(Act::HalfStream("Hola".to_owned()), true, LlmError::Broken).await;
    assert_eq!(ask(&llm(&[]), false).await.0, Err(LlmError::NoKey));
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_understood() {
    let fake = FakeLlm::start([Act::AnswerWhole("Todo junto.".to_owned())]);
    let (reply, heard) = ask(&llm(&[("a", 1, &fake)]), true).await;
    assert_eq!(reply.map(|reply| reply.text), Ok("Todo junto.".to_owned()));
    assert_eq!(heard, "Todo junto.");
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test]
async fn an_answer_cut_at_its_length_ends_with_a_whole_sentence() {
    for stream in [false, true] {
        let fake = FakeLlm::start([Act::CutOff("Dura 90 minutos. Cuesta $18".to_owned())]);
        let (reply, _) = ask(&llm(&[("a", 1, &fake)]), stream).await;
        assert_eq!(reply.map(|reply| reply.text), Ok("Dura 90 minutos.".to_owned()));
    }
}

#[tokio::test]
async fn a_listener_can_stop_an_answer() {
    let fake = FakeLlm::start([answer("uno dos tres cuatro")]);
    let pool = Pool::new(&llm(&[("a", 1, &fake)])).unwrap();
    let mut words = 0;
    let mut listen = |_: Delta<'_>| {
        words += 1;
        if words == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let deadline = Instant::now() + Duration::from_secs(20);
    let reply = pool.ask(&request(), deadline, Some(&mut listen)).await;
    assert_eq!(reply.map(|reply| reply.text), Ok("uno dos ".to_owned()));
}

#[tokio::test]
async fn no_key_is_tried_when_the_time_is_over() {
    let fake = FakeLlm::start([answer("tarde")]);
    let pool = Pool::new(&llm(&[("a", 1, &fake)])).unwrap();
    assert_eq!(pool.ask(&request(), Instant::now(), None).await, Err(LlmError::Timeout));
    assert!(fake.asked().is_empty());
}

#[test]
fn a_pool_shows_no_key() {
    let fake = FakeLlm::start([]);
    let pool = Pool::new(&llm(&[("a", 1, &fake)])).unwrap();
    assert!(!format!("{pool:?}").contains("sk-"));
}

#[tokio::test]
async fn a_call_of_a_tool_comes_back_whole_and_its_result_goes_out() {
    for stream in [false, true] {
        let arguments = serde_json::json!({"query": "¿precio?", "deep": {"n": 1}});
        let fake = FakeLlm::start([Act::Call("search_knowledge", arguments.clone()), answer("Cuesta 5.")]);
        let llm = llm(&[("a", 1, &fake)]);
        let (reply, heard) = ask(&llm, stream).await;
        let reply = reply.unwrap();
        assert_eq!((reply.text.as_str(), heard.as_str()), ("", ""));
        assert_eq!(
            (reply.calls[0].name.as_str(), &reply.calls[0].arguments),
            ("search_knowledge", &arguments)
        );

        let round = ToolRound { text: String::new(), calls: reply.calls, results: vec!["{}".to_owned()] };
        let spec = ToolSpec {
            name: "search_knowledge".to_owned(),
            description: "Searches".to_owned(),
            parameters: serde_json::json!({"type": "object"}),
        };
        let request = ModelRequest { tools: vec![spec], rounds: vec![round], ..request() };
        let deadline = Instant::now() + Duration::from_secs(20);
        Pool::new(&llm).unwrap().ask(&request, deadline, None).await.unwrap();
        let body = &fake.asked()[1].body;
        assert_eq!(body["tools"][0]["function"]["name"], "search_knowledge");
        let lines = body["messages"].as_array().unwrap();
        let [.., asked, result] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!(asked["tool_calls"][0]["function"]["name"], "search_knowledge");
        let sent: serde_json::Value =
            serde_json::from_str(asked["tool_calls"][0]["function"]["arguments"].as_str().unwrap()).unwrap();
        assert_eq!(sent, arguments);
        assert_eq!((&result["role"], &result["tool_call_id"]), (&"tool".into(), &"call_a".into()));
    }
}
