//! One import job and its states.
//!
//! Responsible for what `DescribeUserImportJob` shows. It must not know rows.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::password_hash::HashAlgorithm;
use crate::clock::{DAY, MINUTE, Millis, epoch_seconds};

/// "The URL is valid for 15 minutes."
const UPLOAD_WITHIN: Millis = 15 * MINUTE;
/// A job not started within 24 to 48 hours expires; here within 24.
const START_WITHIN: Millis = DAY;

/// `UserImportJobStatusType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Created,
    Pending,
    InProgress,
    Stopping,
    Stopped,
    Expired,
    Failed,
    Succeeded,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
            Self::Expired => "Expired",
            Self::Failed => "Failed",
            Self::Succeeded => "Succeeded",
        }
    }

    /// Whether the job counts as the account's one active job.
    pub(crate) fn is_active(self) -> bool {
        matches!(self, Self::Pending | Self::InProgress | Self::Stopping)
    }
}

#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: String,
    /// Place among the pool's jobs in order of creation; jobs are never deleted.
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) role_arn: String,
    pub(crate) algorithm: Option<HashAlgorithm>,
    pub(crate) upload_url: String,
    pub(crate) upload_key: String,
    pub(crate) created: Millis,
    pub(crate) started: Option<Millis>,
    pub(crate) completed: Option<Millis>,
    pub(crate) status: Status,
    pub(crate) imported: u64,
    pub(crate) skipped: u64,
    pub(crate) failed: u64,
    pub(crate) message: Option<&'static str>,
    /// The uploaded file; wiped when the job takes it, because it may hold hashes.
    pub(crate) file: Option<Zeroizing<Vec<u8>>>,
    /// Line number in the file and reason of each row that made no user. Like the service's log it
    /// names lines, never users.
    pub(crate) log: Vec<(usize, &'static str)>,
}

impl Job {
    pub(crate) fn takes_upload(&self, now: Millis) -> bool {
        self.status == Status::Created && now < self.created + UPLOAD_WITHIN
    }

    /// The status at this time.
    pub(crate) fn settle(&mut self, now: Millis) {
        if self.status == Status::Created && now >= self.created + START_WITHIN {
            self.status = Status::Expired;
            self.message = Some("The user import job has expired.");
            self.file = None;
        }
    }

    pub(crate) fn end(&mut self, status: Status, message: &'static str, now: Millis) {
        self.status = status;
        self.message = Some(message);
        self.completed = Some(now);
    }

    /// `UserImportJobType`.
    pub(crate) fn described(&self, pool_id: &str) -> Value {
        let mut described = json!({
            "JobName": self.name,
            "JobId": self.id,
            "UserPoolId": pool_id,
            "PreSignedUrl": self.upload_url,
            "CreationDate": epoch_seconds(self.created),
            "Status": self.status.as_str(),
            "CloudWatchLogsRoleArn": self.role_arn,
            "ImportedUsers": self.imported,
            "SkippedUsers": self.skipped,
            "FailedUsers": self.failed,
        });
        if let Some(started) = self.started {
            described["StartDate"] = epoch_seconds(started).into();
        }
        if let Some(completed) = self.completed {
            described["CompletionDate"] = epoch_seconds(completed).into();
        }
        if let Some(message) = self.message {
            described["CompletionMessage"] = message.into();
        }
        if let Some(algorithm) = self.algorithm {
            described["PasswordHashingAlgorithm"] = json!(algorithm);
        }
        described
    }
}
