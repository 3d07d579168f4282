//! What a chat shows: replies as they come, where they come from, and how they came about.

use serde::Serialize;

use crate::{
    cli::output::{Output, OutputError},
    domain::{conversation::ConversationId, turn::TurnReport},
    worker::trace::Trace,
};

/// Words of a passage that a trace shows.
const TRACE_CHARS: usize = 90;

/// Prints a chat.
#[derive(Debug, Clone)]
pub(super) struct Screen {
    output: Output,
    trace: bool,
    /// What of the reply under way was printed already.
    streamed: String,
}

/// A turn with its trace, for programs.
#[derive(Serialize)]
struct Traced<'a> {
    #[serde(flatten)]
    report: &'a TurnReport,
    trace: &'a Trace,
}

impl Screen {
    pub(super) fn new(output: Output, trace: bool) -> Self {
        Self { output, trace, streamed: String::new() }
    }

    /// Whether parts of a reply are shown while it is written.
    pub(super) fn streams(&self) -> bool {
        !self.output.is_json()
    }

    /// Shows a part of a reply that is being written.
    pub(super) fn part(&mut self, text: &str) -> Result<(), OutputError> {
        let text = if self.streamed.is_empty() { text.trim_start() } else { text };
        self.streamed.push_str(text);
        self.output.bytes(printable(text).as_bytes())
    }

    /// Takes back what was shown of a reply: it does not count.
    pub(super) fn withdraw(&mut self) -> Result<(), OutputError> {
        if !std::mem::take(&mut self.streamed).is_empty() {
            self.output.bytes(b"\n")?;
            self.output.line(self.dim("(taken back; the answer follows)"))?;
        }
        Ok(())
    }

    /// Shows a reply that goes out, unless it was shown while it was written.
    pub(super) fn reply(&mut self, text: &str, report: Option<&TurnReport>) -> Result<(), OutputError> {
        if self.output.is_json() {
            return Ok(());
        }
        let streamed = self.streamed.trim();
        if let Some(rest) = text.trim().strip_prefix(streamed).filter(|_| !streamed.is_empty()) {
            // The product may have added a question or a source to what the model wrote.
            let rest = printable(rest);
            self.streamed.clear();
            self.output.line(rest)?;
        } else {
            self.withdraw()?;
            self.output.line(printable(text))?;
        }
        if let Some(report) =
            report.filter(|report| self.output.colors_stdout() && !report.sources.is_empty())
        {
            let names: Vec<String> = report
                .sources
                .iter()
                .map(|source| match source.heading.rsplit(" › ").next() {
                    Some(heading) if !heading.is_empty() => format!("{} › {heading}", source.document),
                    _ => source.document.clone(),
                })
                .collect();
            self.output.line(self.dim(&format!("  [{}]", names.join(" · "))))?;
        }
        if self.output.colors_stdout() {
            self.output.bytes(b"\n")?;
        }
        Ok(())
    }

    /// Tells that nobody answers here, and who does.
    pub(super) fn silence(&self, conversation: &ConversationId, tenant: &str) {
        self.output.note(format!(
            "(no answer: the conversation waits for a person or has one; `iass handoff release {conversation} --tenant \
             {tenant}` gives it back to the bot)"
        ));
    }

    /// Shows a finished turn to programs, and how it came about to whoever asked for it.
    pub(super) fn turn(&self, report: &TurnReport, trace: Option<&Trace>) -> Result<(), OutputError> {
        let trace = trace.filter(|_| self.trace);
        if self.output.is_json() {
            return match trace {
                Some(trace) => self.output.json(&Traced { report, trace }),
                None => self.output.json(report),
            };
        }
        if let Some(trace) = trace {
            self.output.note(self.dim(&describe(report, trace)));
        }
        Ok(())
    }

    /// Tells the owner that a model was asked in vain.
    pub(super) fn model_failed(&self, trace: &Trace) {
        if let Some(error) = &trace.model_error {
            self.output.warn(format!("no model answered ({error}); the built-in answerer did"));
        } else if let Some(reason) = &trace.refused {
            self.output
                .warn(format!("the model's reply was not used ({reason}); the built-in answerer's was"));
        }
    }

    fn dim(&self, text: &str) -> String {
        if self.output.colors_stdout() {
            let style = anstyle::Style::new().dimmed();
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

/// How a turn came about, on a few lines.
fn describe(report: &TurnReport, trace: &Trace) -> String {
    let intents: Vec<String> =
        report.intents.iter().map(|intent| format!("{} {:.2}", intent.agent, intent.score)).collect();
    let mut lines = vec![format!(
        "trace: language {}, sentiment {:.2}, intents [{}], threat {:.2}, history {}, answered by {}",
        report.language.code(),
        report.sentiment,
        intents.join(", "),
        report.threat.score,
        trace.history,
        report.answered_by
    )];
    if !trace.query.is_empty() {
        lines.push(format!(
            "  searched \"{}\": confidence {:.2}, {}",
            printable(&trace.query).replace('\n', " "),
            trace.confidence,
            if trace.answerable { "answerable" } else { "not answerable" }
        ));
    }
    for passage in &trace.passages {
        let text: String = printable(&passage.text).replace('\n', " ").chars().take(TRACE_CHARS).collect();
        lines.push(format!(
            "  {:.3} {}#{} {} | {text}…",
            passage.score, passage.document, passage.chunk, passage.heading
        ));
    }
    for tool in &report.tools {
        lines.push(format!("  tool {} {} -> {}", tool.name, tool.arguments, tool.result));
    }
    if let Some(handoff) = &report.handoff {
        lines.push(format!("  handed over: {}", handoff.reason));
    }
    if trace.prompt_tokens > 0 {
        lines.push(format!("  prompt about {} tokens", trace.prompt_tokens));
    }
    let latency = &report.latency_ms;
    lines.push(format!(
        "  total {:.1} ms, routing {:.1} ms, retrieval {:.1} ms, model {:.1} ms",
        latency.total, latency.routing, latency.retrieval, latency.llm
    ));
    lines.join("\n")
}

/// Text without the control characters by which a document could play tricks on a terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}
