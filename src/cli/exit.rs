//! How a command ends: its exit code, and what is said when it failed. The one place that turns errors into codes.

use std::{process::ExitCode, sync::Arc};

use serde::Serialize;

use crate::{
    cli::output::{Output, OutputError},
    config::{
        errors::{ConfigError, ConfigErrors},
        tenant_file::TenantFileError,
    },
    domain::tenant::TenantIdError,
    knowledge::{ingest::IngestError, retrieve::KnowledgeError},
    store::StoreError,
    worker::runner::RunError,
};

/// The end of a command, as scripts and service managers see it. The numbers above 64 are those of `sysexits.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// 0: everything was done.
    Ok,
    /// 1: it did not work.
    Failure,
    /// 2: the command line is wrong.
    Usage,
    /// 3: nothing was found, or a comparison found differences.
    NothingFound,
    /// 4: part was done, part failed.
    PartFailed,
    /// 69: something the command needs is not there, such as the daemon.
    Unavailable,
    /// 75: it may work later, such as when a database is locked.
    TryAgain,
    /// 78: a configuration file or variable is wrong.
    BadConfiguration,
}

impl ExitStatus {
    /// The number the process ends with.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::NothingFound => 3,
            Self::PartFailed => 4,
            Self::Unavailable => 69,
            Self::TryAgain => 75,
            Self::BadConfiguration => 78,
        }
    }

    /// The stable word for it in JSON errors.
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failure => "failure",
            Self::Usage => "usage",
            Self::NothingFound => "not_found",
            Self::PartFailed => "part_failed",
            Self::Unavailable => "unavailable",
            Self::TryAgain => "try_again",
            Self::BadConfiguration => "bad_configuration",
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

/// A failure that knows its exit code and what to do about it. Commands return it inside `anyhow::Error`.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// How the process ends.
    pub status: ExitStatus,
    /// What failed, and on which file, field or value.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure that ends the process with `status`.
    pub fn new(status: ExitStatus, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), hint: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// Says on stderr what came of a command that failed, and returns how the process ends.
pub(crate) fn report(result: anyhow::Result<ExitStatus>, output: &Output) -> ExitStatus {
    let error = match result {
        Ok(status) => return status,
        Err(error) => error,
    };
    if cause::<OutputError>(&error).is_some_and(OutputError::is_closed) {
        // The reader took what it wanted (`iass … | head`).
        return ExitStatus::Ok;
    }
    let status = status_of(&error);
    let details = cause::<ConfigErrors>(&error).map(ConfigErrors::as_slice).unwrap_or_default();
    // The configuration's errors are sentences of their own; the context around them would only repeat the file.
    let message = cause::<ConfigErrors>(&error).map_or_else(|| format!("{error:#}"), ToString::to_string);
    say(output, status, &message, hint_of(&error).as_deref(), details);
    status
}

/// Says on stderr why clap refused the arguments; help and version go to stdout and are no error.
pub(crate) fn report_usage(error: &clap::Error, output: &Output) -> ExitStatus {
    if !error.use_stderr() || !output.is_json() {
        // Nothing is to be done when even this cannot be written.
        drop(error.print());
    } else {
        let text = error.render().to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        say(output, ExitStatus::Usage, &message, Some("see `iass --help`"), &[]);
    }
    if error.use_stderr() { ExitStatus::Usage } else { ExitStatus::Ok }
}

/// The exit code of an error: the first cause that knows one decides.
fn status_of(error: &anyhow::Error) -> ExitStatus {
    if let Some(failure) = cause::<Failure>(error) {
        failure.status
    } else if cause::<ConfigErrors>(error).is_some() {
        ExitStatus::BadConfiguration
    } else if cause::<TenantIdError>(error).is_some() {
        ExitStatus::Usage
    } else if matches!(cause(error), Some(TenantFileError::Unknown { .. })) {
        ExitStatus::NothingFound
    } else if matches!(cause(error), Some(IngestError::Busy))
        || store_error(error).is_some_and(StoreError::is_temporary)
    {
        ExitStatus::TryAgain
    } else {
        ExitStatus::Failure
    }
}

/// The database's error, bare or inside the error of what used it.
fn store_error(error: &anyhow::Error) -> Option<&StoreError> {
    if let Some(KnowledgeError::Store(inner)) = cause(error) {
        return Some(inner);
    }
    if let Some(IngestError::Store(inner)) = cause(error) {
        return Some(inner);
    }
    if let Some(RunError::Store(inner)) = cause(error) {
        return Some(inner);
    }
    // Whoever waited for the same group commit shares its error.
    cause(error).or_else(|| cause::<Arc<StoreError>>(error).map(Arc::as_ref))
}

/// What to do about an error, if something is known to help.
fn hint_of(error: &anyhow::Error) -> Option<String> {
    if let Some(failure) = cause::<Failure>(error) {
        return failure.hint.clone();
    }
    match cause(error)? {
        TenantFileError::Unknown { alike: Some(alike), .. } => Some(format!("did you mean `{alike}`?")),
        TenantFileError::Unknown { id, .. } => {
            Some(format!("make it with `iass tenant add {id} --name NAME`"))
        }
        TenantFileError::Exists { .. } => Some("edit its file, or choose another id".to_owned()),
        TenantFileError::Wrong(_) | TenantFileError::Io { .. } => None,
    }
}

/// The first error of type `E` in the chain of causes.
fn cause<E: std::error::Error + 'static>(error: &anyhow::Error) -> Option<&E> {
    error.chain().find_map(|cause| cause.downcast_ref::<E>())
}

/// Writes one error for people or for programs.
fn say(output: &Output, status: ExitStatus, message: &str, hint: Option<&str>, details: &[ConfigError]) {
    #[derive(Serialize)]
    struct Body<'a> {
        error: Inner<'a>,
    }
    #[derive(Serialize)]
    struct Inner<'a> {
        code: &'static str,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<&'a str>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        details: &'a [ConfigError],
    }
    if output.is_json() {
        Output::error_json(&Body { error: Inner { code: status.word(), message, hint, details } });
    } else {
        output.error(message, hint);
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;
    use crate::domain::tenant::TenantId;

    #[test]
    fn the_cause_decides_the_exit_code_whatever_context_is_around_it() {
        let unavailable = anyhow::Error::new(Failure::new(ExitStatus::Unavailable, "no daemon"))
            .context("cannot ask the pool")
            .context("status");
        assert_eq!(status_of(&unavailable), ExitStatus::Unavailable);
        let bad_id = TenantId::parse("../x").context("tenant").unwrap_err();
        assert_eq!(status_of(&bad_id), ExitStatus::Usage);
        assert_eq!(status_of(&anyhow::anyhow!("something else")), ExitStatus::Failure);
    }
}
