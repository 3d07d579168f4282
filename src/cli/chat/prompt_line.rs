//! Where the customer's words come from: a line editor at a terminal, or the lines of a pipe.

use std::{
    io::{self, BufRead as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use rustyline::{Config, DefaultEditor, error::ReadlineError};

use crate::domain::message::MAX_TEXT_BYTES;

/// Lines that the history keeps.
const HISTORY_LINES: usize = 1_000;

/// The file of the history in the data directory.
const HISTORY_FILE: &str = "chat_history";

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A message.
    Text(String),
    /// An empty line, or one that was cleared.
    Nothing,
    /// The customer leaves.
    End,
}

/// Reads messages.
pub(super) enum PromptLine {
    /// With editing, history and pasting of several lines.
    Terminal {
        editor: Box<DefaultEditor>,
        history: PathBuf,
        /// Whether the last key was Ctrl-C: a second one leaves.
        interrupted: bool,
    },
    /// From standard input.
    Pipe,
}

impl PromptLine {
    /// A line editor with the history of earlier chats.
    pub(super) fn terminal(data: &Path) -> anyhow::Result<Self> {
        let config = Config::builder()
            .max_history_size(HISTORY_LINES)
            .and_then(|config| config.history_ignore_dups(true))
            .context("cannot prepare the line editor")?
            .auto_add_history(true)
            .bracketed_paste(true)
            .build();
        let mut editor = DefaultEditor::with_config(config).context("cannot prepare the line editor")?;
        let history = data.join(HISTORY_FILE);
        // The first chat has none, and a history that cannot be read is only a loss of comfort.
        drop(editor.load_history(&history));
        Ok(Self::Terminal { editor: Box::new(editor), history, interrupted: false })
    }

    /// Standard input, a message each line.
    pub(super) fn pipe() -> Self {
        Self::Pipe
    }

    /// Waits for the next line. Blocking.
    pub(super) fn read(&mut self) -> anyhow::Result<Line> {
        match self {
            Self::Pipe => pipe_line(),
            Self::Terminal { editor, history, interrupted } => {
                let was_interrupted = std::mem::replace(interrupted, false);
                match editor.readline("> ") {
                    Ok(text) if text.trim().is_empty() => Ok(Line::Nothing),
                    Ok(text) => {
                        // Comfort again: the message goes out whether it is remembered or not.
                        drop(editor.append_history(history));
                        Ok(Line::Text(text))
                    }
                    Err(ReadlineError::Interrupted) if was_interrupted => Ok(Line::End),
                    Err(ReadlineError::Interrupted) => {
                        *interrupted = true;
                        Ok(Line::Nothing)
                    }
                    Err(ReadlineError::Eof) => Ok(Line::End),
                    Err(error) => Err(error).context("cannot read from the terminal"),
                }
            }
        }
    }
}

/// The next line of standard input. One that is too long is given cut, so that it is refused as such.
fn pipe_line() -> anyhow::Result<Line> {
    let mut stdin = io::stdin().lock();
    let mut bytes = Vec::new();
    let mut read_any = false;
    loop {
        let available = stdin.fill_buf().context("cannot read the input")?;
        if available.is_empty() {
            break;
        }
        read_any = true;
        let end = available.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(available.len(), |end| end + 1);
        if bytes.len() <= MAX_TEXT_BYTES {
            bytes.extend_from_slice(available.get(..taken).unwrap_or_default());
        }
        stdin.consume(taken);
        if end.is_some() {
            break;
        }
    }
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    Ok(match (read_any, text.is_empty()) {
        (false, _) => Line::End,
        (true, true) => Line::Nothing,
        (true, false) => Line::Text(text),
    })
}
