//! A server of tools that speaks the Model Context Protocol: what it answers to each message, over whatever wire.

#![allow(dead_code, unreachable_pub, reason = "two test crates share it, and each uses a part")]

use serde_json::{Value, json};

/// The tools it has, two to a page.
fn tools() -> Vec<Value> {
    let tool = |name: &str, schema: Value| json!({"name": name, "description": format!("The tool {name}."), "inputSchema": schema});
    let nothing = || json!({"type": "object", "properties": {}});
    let day = json!({"type": "object", "required": ["day"], "properties": {"day": {"type": "string", "format": "date"}}});
    vec![
        tool("find_event", day),
        tool("fail", nothing()),
        tool("delete_all", nothing()),
        tool("hang", nothing()),
        tool("pid", nothing()),
        tool("show.secret", nothing()),
    ]
}

/// The answer to a message; none to a notification and where a tool hangs. `secret` is what the server was given.
pub fn answer(message: &Value, secret: &str) -> Option<Value> {
    let id = message.get("id")?;
    let (method, params) = (message["method"].as_str()?, &message["params"]);
    let result = match method {
        "initialize" => json!({
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "fake", "version": "1"},
        }),
        "ping" => json!({}),
        "tools/list" => {
            let begin: usize = params["cursor"].as_str().map_or(0, |cursor| cursor.parse().unwrap());
            let page: Vec<Value> = tools().into_iter().skip(begin).take(2).collect();
            let next = (begin + 2 < tools().len()).then(|| (begin + 2).to_string());
            match next {
                Some(next) => json!({"tools": page, "nextCursor": next}),
                None => json!({"tools": page}),
            }
        }
        "tools/call" => {
            let said = |text: String| json!({"content": [{"type": "text", "text": text}]});
            match params["name"].as_str()? {
                "find_event" => said(format!("nothing on {}", params["arguments"]["day"].as_str().unwrap())),
                "fail" => {
                    json!({"content": [{"type": "text", "text": "the calendar is closed"}], "isError": true})
                }
                "pid" => said(std::process::id().to_string()),
                "show.secret" => said(format!("the key is {secret}")),
                "hang" => return None,
                other => panic!("{other} was called"),
            }
        }
        _ => return Some(json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "what?"}})),
    };
    Some(json!({"jsonrpc": "2.0", "id": id, "result": result}))
}
