//! How a command ends: the five exit codes, and a failure with its next step. Knows nothing of
//! any command.

use std::error::Error;
use std::process::ExitCode;

/// What the exit code says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ExitStatus {
    /// 0: all fine.
    Fine,
    /// 1: it ran; there are findings that block, or users that failed.
    Findings,
    /// 2: usage or configuration.
    Usage,
    /// 3: halted; the same command resumes.
    Halted,
    /// 4: the rehearsal says no-go.
    NoGo,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> ExitCode {
        ExitCode::from(match status {
            ExitStatus::Fine => 0,
            ExitStatus::Findings => 1,
            ExitStatus::Usage => 2,
            ExitStatus::Halted => 3,
            ExitStatus::NoGo => 4,
        })
    }
}

/// Why a command ended early, and what to do.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: ExitStatus,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// The command that goes on where this one stopped.
    pub(crate) resume: Option<String>,
    pub(crate) source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    pub(crate) fn new(status: ExitStatus, message: impl Into<String>) -> Failure {
        Failure {
            status,
            message: message.into(),
            hint: None,
            resume: None,
            source: None,
        }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure::new(ExitStatus::Usage, message)
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn resume(mut self, command: String) -> Failure {
        self.resume = Some(command);
        self
    }

    pub(crate) fn source(mut self, source: impl Error + Send + Sync + 'static) -> Failure {
        self.source = Some(Box::new(source));
        self
    }
}
