//! What a command prints: data on stdout, talk on stderr. The only part of the commands that writes to either.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
};

use serde::Serialize;

use crate::{
    cli::{GlobalArgs, table::Table},
    config::env::Env,
};

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb.
    #[default]
    Auto,
    /// Also into a file or a pipe.
    Always,
    /// Nowhere.
    Never,
}

impl ColorChoice {
    /// The same choice for clap's own help and errors.
    pub(crate) fn for_clap(self) -> clap::ColorChoice {
        match self {
            Self::Auto => clap::ColorChoice::Auto,
            Self::Always => clap::ColorChoice::Always,
            Self::Never => clap::ColorChoice::Never,
        }
    }
}

/// How much is said on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Only errors (`-q`).
    Quiet,
    /// What a person wants to know.
    #[default]
    Normal,
    /// Also how it went (`-v`).
    Verbose,
    /// Everything (`-vv`).
    Trace,
}

/// What the global flags say about printing.
#[derive(Debug, Clone, Copy, Default)]
pub struct OutputSettings {
    /// JSON instead of text for people.
    pub json: bool,
    /// How much is said.
    pub verbosity: Verbosity,
    /// When to colour.
    pub color: ColorChoice,
}

impl OutputSettings {
    /// The settings in the global flags.
    pub fn of(global: &GlobalArgs) -> Self {
        let verbosity = match (global.quiet, global.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, 1) => Verbosity::Verbose,
            (false, _) => Verbosity::Trace,
        };
        Self { json: global.json, verbosity, color: global.color }
    }
}

/// Why something could not be printed.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The reader of stdout went away; the command stops silently.
    #[error("the reader of the output went away")]
    Closed,
    /// Anything else, such as a full disk behind a redirection.
    #[error("cannot write the output")]
    Io(#[source] io::Error),
}

impl OutputError {
    /// Whether nobody reads any more.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }
}

impl From<io::Error> for OutputError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::Closed } else { Self::Io(error) }
    }
}

/// Prints for one command. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Output {
    settings: OutputSettings,
    color_on_stdout: bool,
    color_on_stderr: bool,
}

/// The end of a coloured text.
const RESET: anstyle::Reset = anstyle::Reset;

impl Output {
    /// Output as the flags, the environment and the terminal want it.
    pub fn new(settings: OutputSettings, env: &Env) -> Self {
        let allowed = match settings.color {
            ColorChoice::Auto => {
                env.get("NO_COLOR").is_none_or(str::is_empty) && env.get("TERM") != Some("dumb")
            }
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        };
        let always = settings.color == ColorChoice::Always;
        Self {
            settings,
            color_on_stdout: allowed && (always || io::stdout().is_terminal()) && !settings.json,
            color_on_stderr: allowed && (always || io::stderr().is_terminal()) && !settings.json,
        }
    }

    /// Whether programs read this (`--json`).
    pub fn is_json(&self) -> bool {
        self.settings.json
    }

    /// How much to say.
    pub fn verbosity(&self) -> Verbosity {
        self.settings.verbosity
    }

    /// Whether a person can be asked: both ends are terminals and `--json` is not given.
    pub fn can_ask(&self) -> bool {
        !self.is_json() && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Whether progress bars may be drawn on stderr.
    pub fn shows_progress(&self) -> bool {
        !self.is_json() && self.verbosity() > Verbosity::Quiet && io::stderr().is_terminal()
    }

    /// Whether text on stdout may be coloured.
    pub fn colors_stdout(&self) -> bool {
        self.color_on_stdout
    }

    /// Whether text on stderr may be coloured.
    pub fn colors_stderr(&self) -> bool {
        self.color_on_stderr
    }

    /// Prints one object as a line of JSON.
    ///
    /// # Errors
    /// [`OutputError`], as of all methods that write to stdout.
    pub fn json(&self, value: &impl Serialize) -> Result<(), OutputError> {
        let mut line = serde_json::to_vec(value).map_err(io::Error::from)?;
        line.push(b'\n');
        self.bytes(&line)
    }

    /// Prints a line of text.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn line(&self, text: impl Display) -> Result<(), OutputError> {
        self.bytes(format!("{text}\n").as_bytes())
    }

    /// Prints a table with aligned columns; nothing at all when it has no rows.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn table(&self, table: &Table) -> Result<(), OutputError> {
        if table.is_empty() {
            return Ok(());
        }
        let style = if self.color_on_stdout { anstyle::Style::new().bold() } else { anstyle::Style::new() };
        self.bytes(table.render(style).as_bytes())
    }

    /// Prints bytes as they are.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), OutputError> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        Ok(stdout.flush()?)
    }

    /// Says something on stderr, unless `-q`.
    pub fn note(&self, text: impl Display) {
        if self.verbosity() > Verbosity::Quiet {
            say(&format!("{text}\n"));
        }
    }

    /// Says something on stderr with `-v`.
    pub fn detail(&self, text: impl Display) {
        if self.verbosity() > Verbosity::Normal {
            say(&format!("{text}\n"));
        }
    }

    /// Warns on stderr, unless `-q`.
    pub fn warn(&self, text: impl Display) {
        let label = self.label("warning", anstyle::AnsiColor::Yellow);
        self.note(format!("{label}: {text}"));
    }

    /// Says on stderr what failed and what to do.
    pub fn error(&self, message: &str, hint: Option<&str>) {
        let label = self.label("error", anstyle::AnsiColor::Red);
        let mut text = format!("{label}: {message}\n");
        if let Some(hint) = hint {
            let label = self.label("hint", anstyle::AnsiColor::Cyan);
            text = format!("{text}  {label}: {hint}\n");
        }
        say(&text);
    }

    /// Says on stderr what failed, for programs: always, even with `-q`.
    pub(crate) fn error_json(error: &impl Serialize) {
        if let Ok(text) = serde_json::to_string(error) {
            say(&format!("{text}\n"));
        }
    }

    /// Asks for a line on stderr and reads it from stdin. Only when [`Self::can_ask`].
    ///
    /// # Errors
    /// When stdin cannot be read.
    pub fn ask(&self, question: &str) -> io::Result<String> {
        say(question);
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(answer.trim().to_owned())
    }

    fn label(&self, word: &str, color: anstyle::AnsiColor) -> String {
        if self.color_on_stderr {
            format!("{}{word}{RESET}", anstyle::Style::new().bold().fg_color(Some(color.into())))
        } else {
            word.to_owned()
        }
    }
}

/// Writes to stderr. When stderr is gone there is nowhere left to complain.
fn say(text: &str) {
    drop(io::stderr().lock().write_all(text.as_bytes()));
}
