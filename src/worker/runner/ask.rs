//! Asks the models for a turn, and lets a listener hear the answer while it is written: only as far as every figure in
//! it has a source.

use std::ops::ControlFlow;

use tokio::time::Instant;

use crate::{
    engine::{
        tool_text,
        turn::{Event, ModelRequest},
    },
    llm::{
        client::{Delta, Listener},
        pool::Pool,
    },
    worker::trace::Trace,
};

/// A question to the pool.
pub(super) struct Asking<'a> {
    pub(super) pool: &'a Pool,
    pub(super) request: &'a ModelRequest,
    pub(super) deadline: Instant,
}

impl Asking<'_> {
    /// Asks. `heard` becomes true when the listener heard a part of an answer that still stands.
    pub(super) async fn ask(
        &self,
        listener: Option<&mut Listener<'_>>,
        heard: &mut bool,
        trace: &mut Trace,
    ) -> Event {
        let request = self.request;
        trace.prompt_tokens = request.tokens();
        let answer = match listener.filter(|_| request.heard && request.grounds.allows_parts()) {
            None => self.pool.ask(request, self.deadline, None).await,
            Some(listener) => {
                let mut hearing = Hearing::default();
                let mut hear = |delta: Delta<'_>| hearing.hear(delta, request, listener);
                let answer = self.pool.ask(request, self.deadline, Some(&mut hear)).await;
                match &answer {
                    Ok(reply) if reply.calls.is_empty() => hearing.end(request, listener),
                    // What was said before a call of a tool, or before a failure, is no answer.
                    Ok(_) | Err(_) => hearing.withdraw(listener),
                }
                *heard = hearing.told > 0;
                answer
            }
        };
        match answer {
            Ok(reply) => Event::Replied(reply),
            Err(error) => {
                trace.model_error = Some(error.to_string());
                if Instant::now() >= self.deadline { Event::OutOfTime } else { Event::Failed }
            }
        }
    }
}

/// What was written of an answer, and how much of it was told.
#[derive(Default)]
struct Hearing {
    written: String,
    told: usize,
}

impl Hearing {
    fn hear(
        &mut self,
        delta: Delta<'_>,
        request: &ModelRequest,
        listener: &mut Listener<'_>,
    ) -> ControlFlow<()> {
        let Delta::Text(text) = delta else {
            self.written.clear();
            self.told = 0;
            return listener(delta);
        };
        self.written.push_str(text);
        // A figure is whole only when something stands behind it.
        let whole = self.written.rfind(char::is_whitespace).unwrap_or_default();
        let Some(part) = self.written.get(..whole).filter(|_| whole > self.told) else {
            return ControlFlow::Continue(());
        };
        let thinks = part.trim_start().starts_with("<think>") && !part.contains("</think>");
        if thinks || tool_text::looks_like_call(part) {
            return ControlFlow::Continue(());
        }
        if request.grounds.check_facts(part).is_err() {
            return ControlFlow::Break(());
        }
        let new = part.get(self.told..).unwrap_or_default();
        self.told = whole;
        listener(Delta::Text(new))
    }

    /// Tells the last word, which had nothing behind it.
    fn end(&mut self, request: &ModelRequest, listener: &mut Listener<'_>) {
        let held = tool_text::looks_like_call(&self.written);
        if !held && request.grounds.check_facts(&self.written).is_ok() {
            // Whether the listener still listens no longer matters.
            let _stop = listener(Delta::Text(self.written.get(self.told..).unwrap_or_default()));
            self.told = self.written.len();
        }
    }

    fn withdraw(&mut self, listener: &mut Listener<'_>) {
        if std::mem::take(&mut self.told) > 0 {
            let _stop = listener(Delta::Withdrawn);
        }
    }
}
