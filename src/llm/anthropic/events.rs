//! Takes a stream of server-sent events apart: <https://html.spec.whatwg.org/multipage/server-sent-events.html>.
//!
//! Only the data of an event is of interest; its name is inside of it too.

use crate::llm::error::LlmError;

/// The longest event, in bytes. One brings a few words.
const MAX_EVENT_BYTES: usize = 256 * 1024;

/// A stream while it comes in, in pieces cut anywhere.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// The line that is not complete yet.
    line: Vec<u8>,
    /// The data of the event that is not complete yet.
    data: String,
}

impl Events {
    /// Takes a piece in and gives the data of the events it completed.
    ///
    /// # Errors
    /// [`LlmError::BadAnswer`] when an event does not end.
    pub(super) fn add(&mut self, piece: &[u8]) -> Result<Vec<String>, LlmError> {
        let mut complete = Vec::new();
        for byte in piece {
            if *byte != b'\n' {
                self.line.push(*byte);
                if self.line.len() + self.data.len() > MAX_EVENT_BYTES {
                    return Err(LlmError::BadAnswer);
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = String::from_utf8(line).map_err(|_| LlmError::BadAnswer)?;
            let line = line.strip_suffix('\r').unwrap_or(&line);
            if line.is_empty() {
                complete.extend(Some(std::mem::take(&mut self.data)).filter(|data| !data.is_empty()));
            } else if let Some(data) = line.strip_prefix("data:") {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
            }
        }
        Ok(complete)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &str =
        "event: a\ndata: {\"x\":\"ñ\"}\n\n: a comment\n\nevent: b\r\ndata:one\r\ndata: two\r\n\r\ndata: cut";

    #[test]
    fn the_data_of_whole_events_comes_out() {
        let found = Events::default().add(STREAM.as_bytes()).unwrap();
        assert_eq!(found, ["{\"x\":\"ñ\"}", "one\ntwo"]);
    }

    #[test]
    fn an_event_that_never_ends_is_no_answer() {
        assert_eq!(Events::default().add(&vec![b'a'; MAX_EVENT_BYTES + 1]), Err(LlmError::BadAnswer));
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_stream_is_cut(cuts in proptest::collection::vec(0..STREAM.len(), 0..8)) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let mut events = Events::default();
            let mut found = Vec::new();
            let mut at = 0;
            for cut in cuts.into_iter().chain([STREAM.len()]) {
                found.extend(events.add(&STREAM.as_bytes()[at..cut]).unwrap());
                at = cut;
            }
            prop_assert_eq!(found, ["{\"x\":\"ñ\"}", "one\ntwo"]);
        }
    }
}
