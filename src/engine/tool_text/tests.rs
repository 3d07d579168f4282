use proptest::prelude::*;
use serde_json::json;

use super::*;

fn tools() -> Vec<ToolSpec> {
    let tool = |name: &str, parameters: Value| ToolSpec {
        name: name.to_owned(),
        description: String::new(),
        parameters,
    };
    vec![
        tool(
            "search_knowledge",
            json!({"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}),
        ),
        tool("capture_lead", json!({"type": "object", "properties": {"name": {}, "email": {}, "count": {}}})),
        tool("buscar", json!({"type": "object", "properties": {"texto": {"type": "string"}}})),
    ]
}

/// The calls of a text as `[name, arguments]`, and what is left of it.
fn found(text: &str) -> Option<(Vec<Value>, String)> {
    let (calls, rest) = find(text, &tools())?;
    Some((calls.into_iter().map(|call| json!([call.name, call.arguments])).collect(), rest))
}

const SEARCH: &str = "search_knowledge";
const LEAD: &str = "capture_lead";

#[test]
fn calls_are_recognised_in_the_forms_of_many_models() {
    let search = || vec![json!([SEARCH, {"query": "botox"}])];
    for text in [
        r#"{"name": "search_knowledge", "arguments": {"query": "botox"}}"#,
        r#"{"tool": "search_knowledge", "parameters": {"query": "botox"}}"#,
        r#"{"function": {"name": "search_knowledge", "arguments": {"query": "botox"}}}"#,
        r#"{"type": "function", "function": {"name": "search_knowledge", "parameters": {"query": "botox"}}}"#,
        r#"{"name": "search_knowledge", "arguments": "{\"query\": \"botox\"}"}"#,
        r#"{"tool_call": {"name": "search_knowledge", "arguments": {"query": "botox"}}}"#,
        r#"{"tool_calls": [{"id": "1", "type": "function", "function": {"name": "search_knowledge", "arguments": "{\"query\":\"botox\"}"}}]}"#,
        r#"{"action": "search_knowledge", "action_input": {"query": "botox"}}"#,
        r#"{"tool_name": "functions.search_knowledge", "args": {"query": "botox"}}"#,
        r#"{"search_knowledge": {"query": "botox"}}"#,
        r#"{"tool": "search_knowledge", "query": "botox"}"#,
        r#"[{"name": "search_knowledge", "arguments": {"query": "botox"}}]"#,
        "```json\n{\"name\": \"search_knowledge\", \"arguments\": {\"query\": \"botox\"}}\n```",
        "```\n[{\"name\": \"search_knowledge\", \"arguments\": {\"query\": \"botox\"}}]\n```",
        "<tool_call>\n{\"name\": \"search_knowledge\", \"arguments\": {\"query\": \"botox\"}}\n</tool_call>",
        "<tool_call>{\"name\": \"search_knowledge\", \"arguments\": {\"query\": \"botox\"}}",
        "<tools>\n{\"name\": \"search_knowledge\", \"arguments\": {\"query\": \"botox\"}}\n</tools>",
        "<tool_call>\n<function=search_knowledge>\n<parameter=query>\nbotox\n</parameter>\n</function>\n</tool_call>",
        "<function=search_knowledge>{\"query\": \"botox\"}</function>",
        "<function_calls><invoke name=\"search_knowledge\"><parameter name=\"query\">botox</parameter></invoke></function_calls>",
        "<|python_tag|>{\"name\": \"search_knowledge\", \"parameters\": {\"query\": \"botox\"}}<|eom_id|>",
        "[TOOL_CALLS] [{\"name\": \"search_knowledge\", \"arguments\": {\"query\": \"botox\"}}]",
        "[TOOL_CALLS]search_knowledge[ARGS]{\"query\": \"botox\"}",
        " functools[{\"name\": \"search_knowledge\", \"arguments\": {\"query\": \"botox\"}}]",
        ">>>search_knowledge\n{\"query\": \"botox\"}",
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>search_knowledge\n```json\n{\"query\": \"botox\"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        "Action: search_knowledge\nAction Input: {\"query\": \"botox\"}",
        "Action: search_knowledge\nAction Input: botox",
        "Action: ```json\n[{\"tool_name\": \"search_knowledge\", \"parameters\": {\"query\": \"botox\"}}]\n```",
        "search_knowledge({\"query\": \"botox\"})",
        "search_knowledge(query=\"botox\")",
        "search_knowledge(query='botox')",
        "search_knowledge(\"botox\")",
        "[search_knowledge(query=\"botox\")]",
        "`search_knowledge(query=\"botox\")`",
        "{'name': 'search_knowledge', 'arguments': {'query': 'botox'}}",
        "{\"name\": \"search_knowledge\", \"arguments\": {\"query\": \"botox\",},}",
        "{name: \"search_knowledge\", arguments: {query: \"botox\"}}",
        "{\"name\": \"search_knowledge\", \"arguments\": {\"query\": \"botox\"}",
        "{\"name\": \"Search-Knowledge\", \"arguments\": {\"query\": \"botox\"}}",
        "{“name”: “search_knowledge”, “arguments”: {“query”: “botox”}}",
    ] {
        let Some((calls, rest)) = found(text) else { panic!("no call in {text}") };
        assert_eq!(calls, search(), "{text}");
        assert_eq!(rest, "", "{text}");
        assert!(looks_like_call(text) || text.starts_with(['s', '[', '`']), "{text}");
    }
}

#[test]
fn the_words_around_a_call_are_kept() {
    let (calls, rest) = found(
        "Claro, lo reviso.\n\n```json\n{\"name\": \"search_knowledge\", \"arguments\": {\"query\": \"botox\"}}\n```\n\nUn momento.",
    )
    .unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!(rest, "Claro, lo reviso.\n\nUn momento.");
    let (_, rest) = found("Voy a buscarlo: search_knowledge(query=\"botox\"). Ya le cuento.").unwrap();
    assert_eq!(rest, "Voy a buscarlo:\n. Ya le cuento.");
}

#[test]
fn several_calls_come_in_order_and_each_once() {
    for text in [
        "{\"name\": \"capture_lead\", \"arguments\": {\"name\": \"Ana\"}}\n{\"name\": \"search_knowledge\", \"arguments\": {\"query\": \"x\"}}",
        "<tool_call>{\"name\": \"capture_lead\", \"arguments\": {\"name\": \"Ana\"}}</tool_call>\n<tool_call>{\"name\": \"search_knowledge\", \"arguments\": {\"query\": \"x\"}}</tool_call>",
        "[capture_lead(name=\"Ana\"), search_knowledge(query=\"x\")]",
        "{\"name\": \"capture_lead\", \"arguments\": {\"name\": \"Ana\"}}; {\"name\": \"search_knowledge\", \"arguments\": {\"query\": \"x\"}}\n{\"name\": \"capture_lead\", \"arguments\": {\"name\": \"Ana\"}}",
    ] {
        let (calls, rest) = found(text).unwrap();
        assert_eq!(calls, vec![json!([LEAD, {"name": "Ana"}]), json!([SEARCH, {"query": "x"}])], "{text}");
        assert_eq!(rest, "", "{text}");
    }
    let ids: Vec<String> = find("[capture_lead(name=\"Ana\"), buscar(texto=\"x\")]", &tools())
        .unwrap()
        .0
        .into_iter()
        .map(|call| call.id)
        .collect();
    assert_eq!(ids, ["text_1", "text_2"]);
    let brackets = "{'a': '".repeat(5_000);
    assert_eq!(found(&brackets), None);
    let many: Vec<String> =
        (0..30).map(|n| json!({"name": "buscar", "arguments": {"texto": n}}).to_string()).collect();
    let many = many.join(" ");
    assert_eq!(find(&many, &tools()).map(|(calls, _)| calls.len()), Some(MAX_CALLS));
}

#[test]
fn arguments_keep_their_types() {
    let (calls, _) = found("capture_lead(name=\"Ana, la de antes\", count=3, email=None)").unwrap();
    assert_eq!(calls, [json!([LEAD, {"name": "Ana, la de antes", "count": 3, "email": null}])]);
    let (calls, _) = found(
        "<function=capture_lead><parameter=count>3</parameter><parameter=name>Ana</parameter></function>",
    )
    .unwrap();
    assert_eq!(calls, [json!([LEAD, {"name": "Ana", "count": 3}])]);
    let (calls, _) = found("{\"name\": \"capture_lead\", \"arguments\": null}").unwrap();
    assert_eq!(calls, [json!([LEAD, {}])]);
    let (calls, _) = found("capture_lead()").unwrap();
    assert_eq!(calls, [json!([LEAD, {}])]);
}

#[test]
fn what_calls_no_offered_tool_is_left_alone() {
    for text in [
        "La limpieza cuesta $180.000.",
        "{\"name\": \"delete_everything\", \"arguments\": {}}",
        "{\"name\": \"Ana\", \"email\": \"ana@x.co\"}",
        "Puede buscar en la página.",
        "Puede buscar (con calma) en la página.",
        "El precio {ver lista} es ese.",
        "[Benova] le saluda.",
        "{\"name\": \"search_knowledge\", \"arguments\": {\"query\": \"bot",
        "<function=delete_all>{}</function>",
        "",
    ] {
        assert_eq!(found(text), None, "{text}");
    }
    assert_eq!(find("search_knowledge(query=\"x\")", &[]), None);
}

#[test]
fn half_written_calls_are_seen() {
    for text in [
        "{\"name\": \"search_knowledge\", \"arguments\": {\"query\": \"bot",
        "{\"name\": \"delete_everything\", \"arguments\": {}}",
        "Claro.\n```json\n{",
        "Claro. {\"na",
        "<tool_call>",
        "Un momento <tool_call",
        "[TOOL_CALLS]",
        "<function=x>",
        "{'tool': 'x'",
        "[{\"name\":",
        "Action: search_knowledge",
        "{name: x}",
        "<|python_tag|>",
        "<｜tool▁calls▁begin｜>",
    ] {
        assert!(looks_like_call(text), "{text}");
    }
    for text in [
        "La limpieza cuesta $180.000 (90 minutos).",
        "Abrimos de 8:00 a 19:00 [sede norte].",
        "Tenemos tres planes: {Básico, Pyme, Empresa}.",
        "Escriba a ana@x.co; 3 < 4 y 5 > 4.",
        "Nuestra acción: mejorar cada día.",
        "Use el cupón “BIENVENIDA”.",
        "1. Nombre: Ana\n2. Correo: ana@x.co",
        "",
    ] {
        assert!(!looks_like_call(text), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in "(\\PC|[{}\\[\\]\"':,()<>=]|search_knowledge|capture_lead|\"name\": |arguments|<tool_call>|```json\\n){0,60}") {
        if let Some((calls, rest)) = find(&text, &tools()) {
            prop_assert!(!calls.is_empty() && calls.len() <= MAX_CALLS);
            prop_assert!(calls.iter().all(|call| tools().iter().any(|tool| tool.name == call.name)));
            prop_assert!(rest.len() <= text.len() + calls.len());
        }
        let _seen = looks_like_call(&text);
    }

    #[test]
    fn any_arguments_come_through(query in "\\PC{0,40}", before in "[a-zA-ZáéñÁ ,.]{0,20}") {
        let call = json!({"name": SEARCH, "arguments": {"query": query}});
        let text = format!("{before}\n```json\n{call}\n```");
        let (calls, _) = found(&text).unwrap();
        prop_assert_eq!(calls, vec![json!([SEARCH, {"query": query}])]);
    }
}
