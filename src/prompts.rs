//! The words of the product: the system prompts a model gets and the sentences the product says by itself.
//!
//! They are compiled into the binary and can be changed without it: a file under `paths.prompts` wins over the
//! built-in one, and a file of the tenant over both. Everything is parsed and rendered once when it is loaded, so
//! that a mistake is found then, with its file and line, and never by a customer.

mod locale;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use include_dir::{Dir, include_dir};
use minijinja::{Environment, UndefinedBehavior, syntax::SyntaxConfig, value::Serde};
use serde::Serialize;

pub use self::locale::Text;
use crate::domain::language::Language;

/// The prompts in the binary.
static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/prompts");

/// The largest prompt file, in bytes. A prompt is a page or two; anything larger is a mistake.
const MAX_FILE_BYTES: u64 = 256 * 1024;

/// The most files of a prompt folder that are looked at.
const MAX_FILES: usize = 1_000;

/// A system prompt for a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Answering a customer from the passages.
    Answer,
    /// Saying which agents a message is for.
    Route,
    /// Writing an answer again, after what was wrong with it.
    Correct,
    /// Summing up a conversation for the next one.
    Summary,
    /// Telling what a customer's picture shows.
    Picture,
    /// What an agent is told besides, by the name of the agent.
    Agent(BuiltInAgent),
}

/// The agents whose prompts are in the binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuiltInAgent {
    /// Danger to health, life or safety.
    Emergency,
    /// Products, services and prices.
    Sales,
    /// Problems, payments and policies.
    Support,
    /// Appointments.
    Schedule,
    /// Free times.
    Availability,
    /// First contact.
    Lead,
}

impl Task {
    /// Every task.
    pub const ALL: [Self; 11] = [
        Self::Answer,
        Self::Route,
        Self::Correct,
        Self::Summary,
        Self::Picture,
        Self::Agent(BuiltInAgent::Emergency),
        Self::Agent(BuiltInAgent::Sales),
        Self::Agent(BuiltInAgent::Support),
        Self::Agent(BuiltInAgent::Schedule),
        Self::Agent(BuiltInAgent::Availability),
        Self::Agent(BuiltInAgent::Lead),
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Route => "route",
            Self::Correct => "correct",
            Self::Summary => "summary",
            Self::Picture => "picture",
            Self::Agent(BuiltInAgent::Emergency) => "agent_emergency",
            Self::Agent(BuiltInAgent::Sales) => "agent_sales",
            Self::Agent(BuiltInAgent::Support) => "agent_support",
            Self::Agent(BuiltInAgent::Schedule) => "agent_schedule",
            Self::Agent(BuiltInAgent::Availability) => "agent_availability",
            Self::Agent(BuiltInAgent::Lead) => "agent_lead",
        }
    }

    fn file(self, language: Language) -> String {
        format!("{}.{}.md", self.name(), language.code())
    }
}

/// What a template may use. All of it is always there; what is not known is empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Facts {
    /// The name of the business.
    pub business: String,
    /// What it does.
    pub description: String,
    /// Where it is.
    pub address: String,
    /// Its phone number.
    pub phone: String,
    /// Its opening hours as text.
    pub hours: String,
    /// The customer's name.
    pub name: String,
    /// The passages an answer may stand on.
    pub passages: Vec<PassageFacts>,
    /// Whether the passages answer the question.
    pub answerable: bool,
    /// Where an answer comes from.
    pub sources: String,
    /// The language the documents are in.
    pub foreign: String,
    /// The first day of a range of weekdays.
    pub from: String,
    /// The last day of a range of weekdays.
    pub to: String,
    /// The number of a case.
    pub case: String,
    /// What the customer probably meant.
    pub suggestion: String,
    /// The agents that answer together, each with who it is and what it does.
    pub agents: Vec<String>,
    /// What is known of the customer from before, a line each.
    pub known: Vec<String>,
    /// Whether tools are offered.
    pub tools: bool,
    /// Whether the customer hears the reply on the phone.
    pub spoken: bool,
    /// The reply that was not right, when a model is asked again.
    pub draft: String,
    /// What it stated without a source.
    pub findings: Vec<String>,
    /// Whether it told something of its prompt.
    pub leaked: bool,
    /// The key or the tenant that an alert is about.
    pub subject: String,
    /// How much of something is used, in percent.
    pub percent: String,
    /// The day of the week of an appointment.
    pub weekday: String,
    /// The day of the month of an appointment.
    pub day: String,
    /// The month of an appointment.
    pub month: String,
    /// The hour of an appointment on the 12 hour clock.
    pub hour12: String,
    /// The same on the 24 hour clock.
    pub hour24: String,
    /// The minute, of two digits.
    pub minute: String,
    /// Whether it is noon or later.
    pub pm: bool,
    /// The date of an appointment in words.
    pub date: String,
    /// The time of an appointment in words.
    pub time: String,
    /// Date and time of an appointment in words.
    pub when: String,
    /// What is booked.
    pub service: String,
    /// With whom.
    pub staff: String,
    /// What it costs.
    pub price: String,
    /// Things to choose from, a line each.
    pub options: String,
    /// Whether somebody new is booked with, changed or called off: booked, moved, cancelled, confirmed.
    pub change: String,
    /// Where the calendar file of an appointment is.
    pub file: String,
    /// What is sold.
    pub sale: SaleFacts,
}

/// A product or an order as a template sees it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SaleFacts {
    /// The name of one product.
    pub product: String,
    /// Products with their quantities, in a sentence: "7 martillos".
    pub products: String,
    /// How many.
    pub quantity: String,
    /// What one costs.
    pub price: String,
    /// What all of it costs.
    pub total: String,
    /// The number of an order.
    pub order: String,
    /// How far an order is.
    pub status: String,
    /// Lines that were rendered before.
    pub lines: String,
    /// The place in a list, from 1.
    pub place: String,
    /// The customer's words for a product.
    pub asked: String,
    /// Whether few are left.
    pub few: bool,
}

/// A passage as a template sees it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PassageFacts {
    /// Document and heading.
    pub source: String,
    /// The words.
    pub text: String,
}

/// Why prompts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// A file cannot be read.
    #[error("{}: cannot read the prompt: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// The file system's word.
        source: std::io::Error,
    },
    /// A file is not what it must be.
    #[error("{}:{line}: {message}", file.display())]
    Wrong {
        /// The file; `prompts/…` for one in the binary.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong and what to do.
        message: String,
    },
}

/// The prompts and sentences of one tenant, ready to be rendered.
pub struct Prompts {
    active: Environment<'static>,
    /// What the binary carries: used when an owner's own template fails with data its check did not have.
    built_in: Environment<'static>,
}

impl fmt::Debug for Prompts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prompts")
    }
}

impl Prompts {
    /// The prompts in the binary, overlaid by those in the folder `disk` and then by those in the folder `tenant`.
    /// A folder that does not exist overlays nothing. Blocking.
    ///
    /// # Errors
    /// [`PromptError`] names the file and the line.
    pub fn load(disk: Option<&Path>, tenant: Option<&Path>) -> Result<Self, PromptError> {
        let built_in = read_built_in()?;
        let mut sources = built_in.clone();
        for folder in [disk, tenant].into_iter().flatten() {
            for (key, overlay) in read_folder(folder)? {
                sources.insert(key, overlay);
            }
        }
        Ok(Self { active: environment(sources)?, built_in: environment(built_in)? })
    }

    /// The system prompt of a task.
    pub fn render(&self, task: Task, language: Language, facts: &Facts) -> String {
        self.render_key(&task.file(language), facts)
    }

    /// What an agent is told besides its persona: the template `name`, in the language or, where a tenant wrote only
    /// one, in whichever there is. Empty when there is none.
    pub fn agent(&self, name: &str, language: Language, facts: &Facts) -> String {
        let keys = [format!("{name}.{}.md", language.code()), format!("{name}.md")];
        let known = keys.iter().find(|key| self.active.get_template(key).is_ok());
        known.map(|key| self.render_key(key, facts)).unwrap_or_default()
    }

    /// Whether there is a template of this name, for any language.
    pub fn has(&self, name: &str) -> bool {
        let one = self.active.get_template(&format!("{name}.md")).is_ok();
        one || Language::ALL
            .into_iter()
            .any(|language| self.active.get_template(&format!("{name}.{}.md", language.code())).is_ok())
    }

    /// One of the product's own sentences.
    pub fn text(&self, text: Text, language: Language, facts: &Facts) -> String {
        self.render_key(&text.template(language), facts)
    }

    fn render_key(&self, key: &str, facts: &Facts) -> String {
        let rendered = self.active.get_template(key).and_then(|template| template.render(Serde(facts)));
        rendered
            .or_else(|error| {
                tracing::warn!(%error, template = key, "a prompt of the owner failed; the built-in one is used");
                self.built_in.get_template(key).and_then(|template| template.render(Serde(facts)))
            })
            .unwrap_or_default()
    }
}

/// A template and where it was written.
#[derive(Clone)]
struct Source {
    text: String,
    file: PathBuf,
    /// The line of the file that the template begins at, from 1.
    line: usize,
}

type Sources = BTreeMap<String, Source>;

fn read_built_in() -> Result<Sources, PromptError> {
    let mut sources = Sources::new();
    for language in Language::ALL {
        for task in Task::ALL {
            let name = task.file(language);
            sources.insert(
                name.clone(),
                Source { text: built_in_text(&name)?, file: built_in_path(&name), line: 1 },
            );
        }
        let name = locale::file(language);
        sources.extend(locale::parse(&built_in_path(&name), &built_in_text(&name)?, language)?);
        if let Some(missing) =
            Text::ALL.into_iter().find(|text| !sources.contains_key(&text.template(language)))
        {
            let message = format!("the sentence `{}` is missing", missing.key());
            return Err(PromptError::Wrong { file: built_in_path(&name), line: 1, message });
        }
    }
    Ok(sources)
}

fn built_in_path(name: &str) -> PathBuf {
    Path::new("prompts").join(name)
}

fn built_in_text(name: &str) -> Result<String, PromptError> {
    let text = BUILT_IN.get_file(name).and_then(|file| file.contents_utf8());
    text.map(str::to_owned).ok_or_else(|| PromptError::Wrong {
        file: built_in_path(name),
        line: 1,
        message: "the file is missing from the binary".to_owned(),
    })
}

fn read_folder(folder: &Path) -> Result<Sources, PromptError> {
    let mut sources = Sources::new();
    // Also templates that only this owner's agents use.
    for name in templates_in(folder)? {
        let file = folder.join(&name);
        if let Some(text) = read_file(&file)? {
            sources.insert(name, Source { text, file, line: 1 });
        }
    }
    for language in Language::ALL {
        let file = folder.join(locale::file(language));
        if let Some(text) = read_file(&file)? {
            sources.extend(locale::parse(&file, &text, language)?);
        }
    }
    Ok(sources)
}

/// The names of the templates in a folder, in order. One that does not exist has none.
fn templates_in(folder: &Path) -> Result<Vec<String>, PromptError> {
    let failed = |source| PromptError::Io { file: folder.to_owned(), source };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in entries.take(MAX_FILES) {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if Path::new(&name).extension().is_some_and(|kind| kind == "md")
            && !name.eq_ignore_ascii_case("readme.md")
            && !name.starts_with('.')
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn read_file(file: &Path) -> Result<Option<String>, PromptError> {
    let failed = |source| PromptError::Io { file: file.to_owned(), source };
    let size = match std::fs::metadata(file) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if size > MAX_FILE_BYTES {
        let message = format!("the file has {size} bytes; a prompt may have {MAX_FILE_BYTES}");
        return Err(PromptError::Wrong { file: file.to_owned(), line: 1, message });
    }
    std::fs::read_to_string(file).map(Some).map_err(failed)
}

/// Parses all templates and renders each with full and with empty facts.
fn environment(sources: Sources) -> Result<Environment<'static>, PromptError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    // A line that holds only a block leaves no empty line behind.
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    let samples = [sample(), Facts::default()];
    for (key, source) in sources {
        let wrong = |error: &minijinja::Error| PromptError::Wrong {
            file: source.file.clone(),
            line: source.line + error.line().unwrap_or(1).saturating_sub(1),
            message: format!("{error:#}").lines().next().unwrap_or_default().to_owned(),
        };
        environment.add_template_owned(key.clone(), source.text.clone()).map_err(|e| wrong(&e))?;
        let template = environment.get_template(&key).map_err(|e| wrong(&e))?;
        for facts in &samples {
            template.render(Serde(facts)).map_err(|e| wrong(&e))?;
        }
    }
    Ok(environment)
}

/// Facts in which nothing is empty.
fn sample() -> Facts {
    let text = || "x".to_owned();
    Facts {
        business: text(),
        description: text(),
        address: text(),
        phone: text(),
        hours: text(),
        name: text(),
        passages: vec![PassageFacts { source: text(), text: text() }],
        answerable: true,
        sources: text(),
        foreign: text(),
        from: text(),
        to: text(),
        case: text(),
        suggestion: text(),
        agents: vec![text()],
        known: vec![text()],
        tools: true,
        draft: text(),
        findings: vec![text()],
        leaked: true,
        spoken: true,
        subject: text(),
        percent: text(),
        sale: SaleFacts {
            product: text(),
            products: text(),
            quantity: text(),
            price: text(),
            total: text(),
            order: text(),
            status: text(),
            lines: text(),
            place: text(),
            asked: text(),
            few: true,
        },
        weekday: text(),
        day: text(),
        month: text(),
        hour12: text(),
        hour24: text(),
        minute: text(),
        pm: true,
        date: text(),
        time: text(),
        when: text(),
        service: text(),
        staff: text(),
        price: text(),
        options: text(),
        change: text(),
        file: text(),
    }
}

#[cfg(test)]
#[path = "prompts/tests.rs"]
mod tests;
