use std::{ops::ControlFlow, sync::Arc, time::Duration};

use tokio::{sync::mpsc::error::TryRecvError, time::Instant};

use self::fake_llm::{Act, FakeLlm};
use super::*;
use crate::{
    alerts::{Alert, Alerts},
    config::{
        llm::{Llm, prices::Prices},
        tenant::models::TenantModels,
    },
    domain::{
        conversation::ConversationId,
        cost::{Cost, Price},
        message::Role,
        tenant::TenantId,
        tool::{ToolRound, ToolSpec},
    },
    engine::{guard::Grounds, prompt::Said, turn::ModelReply},
    llm::{
        account::{Asker, Ledger, TenantAccount},
        pool::{Pool, status::KeyState},
    },
    meters::Meters,
    store::{TenantDb, budget::BudgetLimits},
};

#[path = "../../tests/it/fake_llm.rs"]
mod fake_llm;

fn llm(keys: &[(&str, u8, &FakeLlm)]) -> Llm {
    Llm {
        timeout: Duration::from_millis(400),
        wait_for_key: Duration::ZERO,
        conversation_idle: Duration::from_secs(600),
        alert_pct: 80,
        alert_after: Duration::ZERO,
        temperature: 0.2,
        max_output_tokens: 100,
        keys: keys
            .iter()
            .map(|(id, tier, fake)| LlmKey {
                id: (*id).to_owned(),
                base_url: fake.base_url().to_owned(),
                provider: Provider::OpenAi,
                api_key: Some(format!("sk-{id}").into()),
                model: "fake".to_owned(),
                tier: *tier,
                max_conversations: 15,
                requests_per_minute: 6000,
            })
            .collect(),
        prices: Prices { currency: None, models: std::collections::BTreeMap::new() },
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

fn pool(llm: &Llm) -> Pool {
    Pool::new(llm, Clock::System, Meters::new(), Alerts::logged()).unwrap()
}

fn acme() -> TenantAccount {
    TenantAccount::new(TenantId::parse("acme").unwrap(), &TenantModels::default())
}

/// Asks for a conversation of a tenant.
async fn ask_in(
    pool: &Pool,
    tenant: &TenantAccount,
    conversation: &str,
    deadline: Instant,
    listener: Option<Listener<'_>>,
) -> Result<ModelReply, LlmError> {
    let conversation = ConversationId::new(conversation);
    pool.ask(&Asker { tenant, conversation: &conversation }, &request(), deadline, listener).await
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

/// Asks and returns the answer with everything that was heard of it.
async fn ask(llm: &Llm, stream: bool) -> (Result<ModelReply, LlmError>, String) {
    let pool = pool(llm);
    let mut heard = String::new();
    let mut listen = |delta: Delta<'_>| {
        match delta {
            Delta::Text(text) => heard.push_str(text),
            Delta::Withdrawn => heard.push('|'),
        }
        ControlFlow::Continue(())
    };
    let listener: Option<Listener<'_>> = if stream { Some(&mut listen) } else { None };
    let reply = ask_in(&pool, &acme(), "c", soon(), listener).await;
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
        let mut expected = serde_json::json!({
            "model": "fake", "temperature": 0.2, "max_tokens": 100, "stream": stream,
            "messages": [
                {"role": "system", "content": "Reglas"}, {"role": "user", "content": "hola"},
                {"role": "assistant", "content": "¡Hola!"}, {"role": "user", "content": "¿precio?"},
            ],
        });
        if stream {
            expected["stream_options"] = serde_json::json!({"include_usage": true});
        }
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
        check(Act::Refuse(503, "<html>", None), stream, LlmError::Server { status: 503, retry_after: None })
            .await;
        check(Act::Refuse(404, "no such model", None), stream, LlmError::NoModel(404)).await;
        check(Act::Refuse(400, "content_filter", None), stream, LlmError::ContentFilter).await;
        check(Act::Refuse(422, "what?", None), stream, LlmError::Refused(422)).await;
        check(Act::Hang, stream, LlmError::Timeout).await;
        check(Act::Garbage, stream, LlmError::BadAnswer).await;
        check(answer("  "), stream, LlmError::BadAnswer).await;
    }
    check(Act::HalfStream("Hola".to_owned()), true, LlmError::Broken).await;
    assert_eq!(ask(&llm(&[]), false).await.0, Err(LlmError::NoKey));
}

/// An account at a provider with so many requests a minute.
fn with_limit(llm: &mut Llm, requests_per_minute: u32) {
    for key in &mut llm.keys {
        key.requests_per_minute = requests_per_minute;
    }
}

#[tokio::test]
async fn a_prompt_that_is_too_long_is_asked_once_more_with_less_of_the_conversation() {
    let too_long = Act::Refuse(400, "maximum context length", None);
    let fake = FakeLlm::start([too_long.clone(), answer("Sí.")]);
    let (reply, _) = ask(&llm(&[("a", 1, &fake)]), false).await;
    assert_eq!(reply.map(|reply| reply.text), Ok("Sí.".to_owned()));
    let messages = |n: usize| fake.asked()[n].body["messages"].as_array().unwrap().len();
    assert_eq!((messages(0), messages(1)), (4, 2));
    assert_eq!(fake.asked()[1].body["messages"][1]["content"], "¿precio?");

    // Then another model may take more, and the same model at another key does not.
    let (small, same, large) = (
        FakeLlm::start([too_long.clone(), too_long]),
        FakeLlm::start([answer("no")]),
        FakeLlm::start([answer("Sí.")]),
    );
    let mut llm = llm(&[("a", 1, &small), ("b", 1, &same), ("c", 2, &large)]);
    llm.keys[2].model = "large".to_owned();
    let (reply, _) = ask(&llm, false).await;
    assert_eq!(reply.map(|reply| reply.key), Ok("c".to_owned()));
    assert_eq!((small.asked().len(), same.asked().len()), (2, 0));
}

#[tokio::test]
async fn a_content_filter_is_not_asked_again_under_another_key() {
    let filter = Act::Refuse(400, "content_filter", None);
    let (strict, other) = (FakeLlm::start([filter, answer("no")]), FakeLlm::start([answer("Sí.")]));
    let llm = llm(&[("a", 1, &strict), ("b", 1, &strict), ("c", 2, &other)]);
    let (reply, _) = ask(&llm, false).await;
    assert_eq!(reply.map(|reply| reply.key), Ok("c".to_owned()));
    assert_eq!(strict.asked().len(), 1);
}

#[tokio::test]
async fn what_a_server_objects_to_is_left_out_from_then_on() {
    let fake = FakeLlm::start([
        Act::Refuse(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", None),
        Act::Refuse(400, "Unsupported value: 'temperature' does not support 0.2", None),
        Act::Refuse(422, "extra inputs: stream_options", None),
        answer("uno"),
        answer("dos"),
    ]);
    let pool = pool(&llm(&[("a", 1, &fake)]));
    for _ in 0..2 {
        let mut listen = |_: Delta<'_>| ControlFlow::Continue(());
        ask_in(&pool, &acme(), "c", soon(), Some(&mut listen)).await.unwrap();
    }
    let last = fake.asked().pop().unwrap().body;
    assert_eq!(last["max_completion_tokens"], 100);
    for gone in ["max_tokens", "temperature", "stream_options"] {
        assert!(last.get(gone).is_none(), "{gone}");
    }
    assert_eq!(fake.asked().len(), 5);
}

#[tokio::test]
async fn a_single_key_that_stumbles_is_waited_for() {
    let fake = FakeLlm::start([Act::Refuse(500, "", None), Act::Refuse(429, "", Some("0.3")), answer("Sí.")]);
    let mut llm = llm(&[("a", 1, &fake)]);
    llm.wait_for_key = Duration::from_secs(8);
    llm.timeout = Duration::from_secs(15);
    let begun = Instant::now();
    let (reply, _) = ask(&llm, false).await;
    assert_eq!(reply.map(|reply| reply.text), Ok("Sí.".to_owned()));
    assert!(begun.elapsed() >= Duration::from_millis(1300), "a second for the first, as told for the second");
}

#[tokio::test]
async fn nobody_waits_for_a_key_that_will_not_be_free_in_time() {
    let fake = FakeLlm::start([Act::Refuse(429, "", Some("60")), answer("no")]);
    let mut llm = llm(&[("a", 1, &fake)]);
    llm.wait_for_key = Duration::from_secs(8);
    let begun = Instant::now();
    let rate_limited = LlmError::RateLimited { retry_after: Some(Duration::from_secs(60)) };
    let pool = pool(&llm);
    assert_eq!(ask_in(&pool, &acme(), "c", soon(), None).await, Err(rate_limited));
    assert_eq!(ask_in(&pool, &acme(), "d", soon(), None).await, Err(LlmError::Exhausted));
    assert_eq!((begun.elapsed().as_secs(), fake.asked().len()), (0, 1));
}

#[tokio::test]
async fn a_key_that_hangs_leaves_time_for_another() {
    let (hangs, works) = (FakeLlm::start([Act::Hang]), FakeLlm::start([answer("Sí.")]));
    let mut llm = llm(&[("a", 1, &hangs), ("b", 1, &works)]);
    llm.timeout = Duration::from_secs(600);
    let deadline = Instant::now() + Duration::from_secs(3);
    let reply = ask_in(&pool(&llm), &acme(), "c", deadline, None).await;
    assert_eq!(reply.map(|reply| reply.key), Ok("b".to_owned()));
}

#[tokio::test]
async fn a_question_that_is_given_up_gives_its_key_back() {
    let fake = FakeLlm::start([Act::Refuse(500, "", None), Act::Hang, answer("Sí.")]);
    let pool = pool(&llm(&[("a", 1, &fake)]));
    assert!(ask_in(&pool, &acme(), "c", soon(), None).await.is_err());
    let state = || pool.status().pool_status[0].clone();
    assert_eq!((state().state, state().reason.as_deref()), (KeyState::Cooling, Some("server")));
    while state().cooling_s > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The probe is given up half-way, and the next one may probe.
    let tenant = acme();
    let given_up = ask_in(&pool, &tenant, "c", soon(), None);
    assert!(tokio::time::timeout(Duration::from_millis(100), given_up).await.is_err());
    assert_eq!(state().in_flight, 0);
    assert_eq!(ask_in(&pool, &acme(), "d", soon(), None).await.map(|reply| reply.text), Ok("Sí.".to_owned()));
    assert_eq!((state().state, state().reason), (KeyState::Ready, None));
}

#[tokio::test]
async fn a_reload_keeps_what_stays_and_gives_a_disabled_key_another_chance() {
    let fake = FakeLlm::start([answer("uno"), Act::Refuse(401, "", None), answer("dos")]);
    let mut llm = llm(&[("a", 1, &fake), ("b", 2, &fake)]);
    llm.keys[0].max_conversations = 1;
    let pool = pool(&llm);
    assert_eq!(ask_in(&pool, &acme(), "c", soon(), None).await.unwrap().key, "a");
    assert!(ask_in(&pool, &acme(), "d", soon(), None).await.is_err());
    let states = || pool.status().pool_status.iter().map(|key| key.state).collect::<Vec<_>>();
    assert_eq!(states(), [KeyState::Ready, KeyState::Disabled]);
    assert_eq!(pool.status().total_active, 1, "nobody stays with a key that is out");

    llm.keys[0].max_conversations = 2;
    pool.reconfigure(&llm).unwrap();
    assert_eq!((states(), pool.status().total_active), (vec![KeyState::Ready; 2], 1), "the pin outlives it");
    llm.keys.remove(0);
    pool.reconfigure(&llm).unwrap();
    assert_eq!(pool.status().total_active, 0);
    assert_eq!(ask_in(&pool, &acme(), "c", soon(), None).await.unwrap().key, "b");
}

#[tokio::test]
async fn a_tenant_brings_its_own_key_and_shares_it_with_nobody() {
    let (shared, own) = (FakeLlm::start([answer("shared")]), FakeLlm::start([answer("own")]));
    let daemon = llm(&[("a", 1, &shared)]);
    let pool = pool(&daemon);
    let models = TenantModels { keys: llm(&[("a", 5, &own)]).keys, shared_keys: false };
    let rich = TenantAccount::new(TenantId::parse("rich").unwrap(), &models);
    let reply = ask_in(&pool, &rich, "c", soon(), None).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.key.as_str()), ("own", "rich/a"));
    assert_eq!(ask_in(&pool, &acme(), "c", soon(), None).await.unwrap().text, "shared");
    assert!(ask_in(&pool, &rich, "c", soon(), None).await.is_err(), "it wants its own only");
    assert_eq!(shared.asked().len(), 1);
    pool.retain_tenants(|tenant| tenant.as_str() != "rich");
    assert_eq!(pool.status().pool_status.len(), 1);
}

#[tokio::test]
async fn a_tenant_spends_what_it_may_and_not_more() {
    let fake = FakeLlm::start([Act::Refuse(500, "", None), answer("Sí."), answer("no")]);
    let mut llm = llm(&[("a", 1, &fake), ("b", 2, &fake)]);
    let price = Price { output: Cost::from_main(1000.0), ..Price::default() };
    llm.prices.models.insert("fake".to_owned(), price);
    let folder = tempfile::tempdir().unwrap();
    let db = TenantDb::open(&folder.path().join("a.db")).unwrap();
    // An answer may have 100 tokens and so cost 0.1; that of the fake has one.
    let limits = BudgetLimits { tokens: 0, cost: Cost::from_main(0.1005), soft_pct: 1 };
    let ledger = Ledger { db, zone: jiff::tz::TimeZone::UTC, limits };
    let tenant = acme().with_ledger(ledger.clone());
    let (alerts, mut told) = Alerts::carried();
    let pool = Pool::new(&llm, Clock::System, Meters::new(), alerts).unwrap();

    assert_eq!(ask_in(&pool, &tenant, "c", soon(), None).await.unwrap().key, "b");
    let spent = ledger.spending(Clock::System.now_ms()).await.unwrap();
    let spent: Vec<_> =
        spent.iter().map(|key| (key.key_id.as_str(), key.calls, key.cost.to_main())).collect();
    assert_eq!(spent, [("b", 1, 0.001)], "a refusal costs nothing");
    assert_eq!(told.try_recv(), Err(TryRecvError::Empty));

    assert_eq!(ask_in(&pool, &tenant, "c", soon(), None).await, Err(LlmError::OverBudget));
    assert_eq!(fake.asked().len(), 2, "nobody was asked");
    assert_eq!(told.try_recv(), Ok(Alert::BudgetSpent { tenant: tenant.id().clone() }));
    assert!(
        pool.metrics()
            .contains("iass_llm_cost_micros_total{tenant=\"acme\",key=\"b\",currency=\"USD\"} 1000")
    );
}

#[tokio::test]
async fn the_limit_of_a_key_is_kept_and_a_place_is_released() {
    let fake = FakeLlm::start((0..9).map(|_| answer("Sí.")));
    let mut llm = llm(&[("a", 1, &fake)]);
    with_limit(&mut llm, 8);
    let pool = pool(&llm);
    let mut answered = 0;
    for n in 0..9 {
        answered += usize::from(ask_in(&pool, &acme(), &format!("c{n}"), soon(), None).await.is_ok());
    }
    assert_eq!((answered, fake.asked().len()), (2, 2), "a quarter of a minute's worth at once");
    assert_eq!(pool.status().total_active, 2);
    pool.release(acme().id(), &ConversationId::new("c0"));
    assert_eq!(pool.status().total_active, 1);
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
    let pool = pool(&llm(&[("a", 1, &fake)]));
    let mut words = 0;
    let mut listen = |_: Delta<'_>| {
        words += 1;
        if words == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let reply = ask_in(&pool, &acme(), "c", soon(), Some(&mut listen)).await;
    assert_eq!(reply.map(|reply| reply.text), Ok("uno dos ".to_owned()));
}

#[tokio::test]
async fn no_key_is_tried_when_the_time_is_over() {
    let fake = FakeLlm::start([answer("tarde")]);
    let pool = pool(&llm(&[("a", 1, &fake)]));
    assert_eq!(ask_in(&pool, &acme(), "c", Instant::now(), None).await, Err(LlmError::Timeout));
    assert!(fake.asked().is_empty());
}

#[test]
fn a_pool_shows_no_key() {
    let fake = FakeLlm::start([]);
    let pool = pool(&llm(&[("a", 1, &fake)]));
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
        let (tenant, conversation) = (acme(), ConversationId::new("c"));
        let asker = Asker { tenant: &tenant, conversation: &conversation };
        pool(&llm).ask(&asker, &request, soon(), None).await.unwrap();
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
