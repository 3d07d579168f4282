use std::sync::Arc;

use super::*;
use crate::{
    domain::tool::{ToolCall, ToolRound, ToolSpec},
    engine::{guard::Grounds, prompt::Said},
};

const MANNER: Manner<'static> = Manner { model: "claude", temperature: 1.5, max_tokens: 100, stream: true };

fn said(role: Role, text: &str) -> Said {
    Said { role, text: text.to_owned() }
}

#[test]
fn speakers_take_turns_and_the_customer_begins() {
    let call = ToolCall { id: "t1".into(), name: "search".into(), arguments: json!({"q": "x"}) };
    let broken = ToolCall { id: "t2".into(), name: "search".into(), arguments: json!("{") };
    let request = ModelRequest {
        system: "Reglas".into(),
        messages: vec![
            said(Role::Assistant, "¡Hola!"),
            said(Role::Customer, "uno"),
            said(Role::Customer, "dos"),
            said(Role::Assistant, "tres"),
            said(Role::Person, "cuatro"),
            said(Role::Customer, "cinco"),
        ],
        tools: vec![ToolSpec {
            name: "search".into(),
            description: "Busca".into(),
            parameters: json!({"type": "object"}),
        }],
        rounds: vec![ToolRound {
            text: String::new(),
            calls: vec![call, broken],
            results: vec!["nada".into(), "no JSON".into()],
        }],
        heard: false,
        grounds: Arc::new(Grounds::default()),
    };
    insta::assert_json_snapshot!(Body::of(&request, MANNER), @r#"
{
  "model": "claude",
  "max_tokens": 100,
  "temperature": 1.0,
  "system": "Reglas",
  "messages": [
    {
      "role": "user",
      "content": [
        {
          "text": "uno",
          "type": "text"
        },
        {
          "text": "dos",
          "type": "text"
        }
      ]
    },
    {
      "role": "assistant",
      "content": [
        {
          "text": "tres",
          "type": "text"
        },
        {
          "text": "cuatro",
          "type": "text"
        }
      ]
    },
    {
      "role": "user",
      "content": [
        {
          "text": "cinco",
          "type": "text"
        }
      ]
    },
    {
      "role": "assistant",
      "content": [
        {
          "id": "t1",
          "input": {
            "q": "x"
          },
          "name": "search",
          "type": "tool_use"
        },
        {
          "id": "t2",
          "input": {},
          "name": "search",
          "type": "tool_use"
        }
      ]
    },
    {
      "role": "user",
      "content": [
        {
          "content": "nada",
          "tool_use_id": "t1",
          "type": "tool_result"
        },
        {
          "content": "no JSON",
          "tool_use_id": "t2",
          "type": "tool_result"
        }
      ]
    }
  ],
  "tools": [
    {
      "description": "Busca",
      "input_schema": {
        "type": "object"
      },
      "name": "search"
    }
  ],
  "stream": true
}
"#);
}

fn hear(events: &[Value]) -> (String, Result<Answer, LlmError>) {
    let mut assembly = Assembly::default();
    let mut heard = String::new();
    for event in events {
        match assembly.add(serde_json::from_value(event.clone()).unwrap()) {
            Ok(delta) => heard.push_str(&delta),
            Err(error) => return (heard, Err(error)),
        }
    }
    (heard, assembly.finished())
}

fn start() -> Value {
    json!({"type": "message_start", "message": {"id": "m", "content": [],
           "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1}}})
}

fn text(index: usize, text: &str) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": text}})
}

fn end(reason: &str) -> Value {
    json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null},
           "usage": {"output_tokens": 9}})
}

#[test]
fn a_streamed_answer_with_a_call_is_put_together() {
    let (heard, answer) = hear(&[
        start(),
        json!({"type": "ping"}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        text(0, "Un "),
        text(0, "momento."),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "content_block_start", "index": 1,
               "content_block": {"type": "tool_use", "id": "t9", "name": "search", "input": {}}}),
        json!({"type": "content_block_delta", "index": 1,
               "delta": {"type": "input_json_delta", "partial_json": "{\"q\":"}}),
        json!({"type": "content_block_delta", "index": 1,
               "delta": {"type": "input_json_delta", "partial_json": "\"x\"}"}}),
        end("tool_use"),
        json!({"type": "message_stop"}),
    ]);
    assert_eq!(heard, "Un momento.");
    let call = ToolCall { id: "t9".into(), name: "search".into(), arguments: json!({"q": "x"}) };
    let usage = Usage { prompt_tokens: 15, completion_tokens: 9 };
    assert_eq!(answer, Ok(Answer { text: heard, calls: vec![call], usage }));
}

#[test]
fn a_stream_that_ends_badly_is_told_apart() {
    let kind = |events: &[Value]| hear(events).1.map_err(|error| error.kind());
    assert_eq!(kind(&[start(), text(0, "Cuesta")]), Err("broken"));
    let overloaded = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    assert_eq!(kind(&[start(), text(0, "Cuesta"), overloaded]), Err("server"));
    assert_eq!(kind(&[start(), text(0, "x"), end("refusal")]), Err("content_filter"));
    assert_eq!(kind(&[start(), end("end_turn")]), Err("bad_answer"));
    let cut = hear(&[start(), text(0, "Dura una hora. Cuesta $18"), end("max_tokens")]).1;
    assert_eq!(cut.map(|answer| answer.text), Ok("Dura una hora.".to_owned()));
}

#[test]
fn a_whole_answer_is_read() {
    let whole: Whole = serde_json::from_value(json!({
        "id": "m", "type": "message", "role": "assistant", "stop_reason": "tool_use",
        "content": [{"type": "thinking", "thinking": "…"}, {"type": "text", "text": "Sí."},
                    {"type": "tool_use", "id": "t1", "name": "search", "input": {"q": "x"}}],
        "usage": {"input_tokens": 3, "output_tokens": 4},
    }))
    .unwrap();
    let answer = whole.answer().unwrap();
    assert_eq!((answer.text.as_str(), answer.calls.len()), ("Sí.", 1));
    assert_eq!(answer.calls[0].arguments, json!({"q": "x"}));
    assert_eq!(answer.usage, Usage { prompt_tokens: 3, completion_tokens: 4 });
}
