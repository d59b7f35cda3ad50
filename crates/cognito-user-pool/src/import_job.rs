//! User import jobs: GetCSVHeader, CreateUserImportJob, the upload, start, stop, describe, list.
//! One call each; `bulk-import` decides what a lost answer means. Source: developer guide,
//! cognito-user-pools-using-import-tool; `UserImportJobType` of the API model.

use std::fmt;
use std::time::Duration;

use aws_sdk_cognitoidentityprovider::types::{
    PasswordHashingAlgorithmType, UserImportJobStatusType, UserImportJobType,
};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use chrono::{DateTime, Utc};
use django_password::CognitoAlgorithm;

use crate::user_record::time;
use crate::{ImportFile, Operation, PoolError, UserPool, WritableUserPool};

/// `PoolQueryLimitType` allows 60, `UserImportJobsListType` has at most 50.
const JOBS_PAGE: i32 = 50;
/// "The URL is valid for 15 minutes."
const UPLOAD_WITHIN: Duration = Duration::from_secs(15 * 60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A job's status under Cognito's names.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ImportJobStatus {
    /// Made, not started: nobody was imported.
    Created,
    /// Started, waits for its turn.
    Pending,
    /// At work.
    InProgress,
    /// Asked to stop.
    Stopping,
    /// Stopped on request; it cannot be started again.
    Stopped,
    /// At its end. Single rows may have failed.
    Succeeded,
    /// Failed as a whole; whoever was imported until then stays.
    Failed,
    /// Was not started within 24 to 48 hours.
    Expired,
    /// A status that this version does not know.
    Other,
}

impl ImportJobStatus {
    /// Cognito's name.
    pub const fn name(self) -> &'static str {
        match self {
            ImportJobStatus::Created => "Created",
            ImportJobStatus::Pending => "Pending",
            ImportJobStatus::InProgress => "InProgress",
            ImportJobStatus::Stopping => "Stopping",
            ImportJobStatus::Stopped => "Stopped",
            ImportJobStatus::Succeeded => "Succeeded",
            ImportJobStatus::Failed => "Failed",
            ImportJobStatus::Expired => "Expired",
            ImportJobStatus::Other => "Other",
        }
    }

    /// Whether the job can import nobody any more.
    pub const fn is_over(self) -> bool {
        matches!(
            self,
            ImportJobStatus::Stopped
                | ImportJobStatus::Succeeded
                | ImportJobStatus::Failed
                | ImportJobStatus::Expired
        )
    }

    fn from_sdk(status: Option<&UserImportJobStatusType>) -> ImportJobStatus {
        match status {
            Some(UserImportJobStatusType::Created) => ImportJobStatus::Created,
            Some(UserImportJobStatusType::Pending) => ImportJobStatus::Pending,
            Some(UserImportJobStatusType::InProgress) => ImportJobStatus::InProgress,
            Some(UserImportJobStatusType::Stopping) => ImportJobStatus::Stopping,
            Some(UserImportJobStatusType::Stopped) => ImportJobStatus::Stopped,
            Some(UserImportJobStatusType::Succeeded) => ImportJobStatus::Succeeded,
            Some(UserImportJobStatusType::Failed) => ImportJobStatus::Failed,
            Some(UserImportJobStatusType::Expired) => ImportJobStatus::Expired,
            _ => ImportJobStatus::Other,
        }
    }
}

/// Why a job failed as a whole, as far as its message is one of the guide's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ImportJobFailure {
    /// "Too many users have failed or been skipped during the import."
    TooManyFailedOrSkipped,
    /// The file's header or form.
    File,
    /// The role for CloudWatch Logs cannot be used.
    LogsRole,
    /// Anything else; the console shows Cognito's words.
    Other,
}

impl ImportJobFailure {
    /// What an operator should know.
    pub const fn meaning(self) -> &'static str {
        match self {
            ImportJobFailure::TooManyFailedOrSkipped => {
                "too many users failed or were in the pool already"
            }
            ImportJobFailure::File => "Cognito could not read the file",
            ImportJobFailure::LogsRole => {
                "Cognito could not use the role for CloudWatch Logs; check [pool] import_role_arn"
            }
            ImportJobFailure::Other => "see the job in the console of the user pool, under Users",
        }
    }

    /// The message itself may quote the file, so it is read and not kept.
    fn from_message(message: &str) -> ImportJobFailure {
        let message = message.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        if says(&["too many users"]) {
            ImportJobFailure::TooManyFailedOrSkipped
        } else if says(&["cloudwatch", "role"]) {
            ImportJobFailure::LogsRole
        } else if says(&["csv", "header", "column"]) {
            ImportJobFailure::File
        } else {
            ImportJobFailure::Other
        }
    }
}

/// A user import job. `Debug` does not show the URL, which is a right to write.
#[derive(Clone, Eq, PartialEq)]
pub struct ImportJob {
    /// Cognito's id of it.
    pub id: String,
    /// The name we gave it; names need not be unique.
    pub name: String,
    /// Where it stands.
    pub status: ImportJobStatus,
    /// When it was made, by the pool's clock.
    pub created: Option<DateTime<Utc>>,
    /// When it was started.
    pub started: Option<DateTime<Utc>>,
    /// Rows that became users so far.
    pub imported: u64,
    /// Rows whose user was in the pool already.
    pub skipped: u64,
    /// Rows that Cognito refused.
    pub failed: u64,
    /// Why it failed, if it did.
    pub failure: Option<ImportJobFailure>,
    upload_url: Option<String>,
}

impl ImportJob {
    fn from_sdk(job: UserImportJobType) -> Option<ImportJob> {
        let status = ImportJobStatus::from_sdk(job.status.as_ref());
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        let message = job.completion_message.unwrap_or_default();
        Some(ImportJob {
            id: job.job_id?,
            name: job.job_name.unwrap_or_default(),
            status,
            created: time(job.creation_date),
            started: time(job.start_date),
            imported: count(job.imported_users),
            skipped: count(job.skipped_users),
            failed: count(job.failed_users),
            failure: (status == ImportJobStatus::Failed)
                .then(|| ImportJobFailure::from_message(&message)),
            upload_url: job.pre_signed_url,
        })
    }
}

impl fmt::Debug for ImportJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportJob")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("status", &self.status)
            .field("imported", &self.imported)
            .field("skipped", &self.skipped)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// What an import job is created with.
#[derive(Clone, Copy, Debug)]
pub struct ImportJobRequest<'a> {
    /// The name by which a job whose answer is lost is found again.
    pub name: &'a str,
    /// The role with which Cognito writes the job's log (`CloudWatchLogsRoleArn`).
    pub logs_role_arn: &'a str,
    /// The algorithm of the `password_hash` column; `None` for a file without it.
    pub algorithm: Option<CognitoAlgorithm>,
}

/// Why an upload did not arrive.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UploadError {
    /// The job's answer held no address for the file.
    #[error("the import job has no upload address")]
    NoAddress,
    /// The address is not valid any more: make a new job.
    #[error("the import job's upload address has expired or does not take this file")]
    Refused,
    /// No answer; the same upload may be tried again.
    #[error("no answer from the import job's upload address; check the network")]
    Unreachable,
    /// The storage failed; the same upload may be tried again.
    #[error("the import job's upload address answered with HTTP status {0}")]
    Status(u16),
}

impl UploadError {
    /// Whether the same upload may succeed later.
    pub const fn may_be_repeated(self) -> bool {
        match self {
            UploadError::Unreachable => true,
            UploadError::Status(status) => status >= 500 || status == 429,
            UploadError::NoAddress | UploadError::Refused => false,
        }
    }
}

impl UserPool {
    /// GetCSVHeader: the columns that a file for this pool must have.
    ///
    /// # Errors
    ///
    /// See [`PoolError`].
    pub async fn get_csv_header(&self) -> Result<Vec<String>, PoolError> {
        let operation = Operation::GetCSVHeader;
        let call = || {
            self.client()
                .get_csv_header()
                .user_pool_id(self.id())
                .send()
        };
        let answer = self.read(operation, call).await?;
        let columns = answer.csv_header.filter(|columns| !columns.is_empty());
        columns.ok_or_else(|| PoolError::incomplete(operation))
    }

    /// DescribeUserImportJob.
    ///
    /// # Errors
    ///
    /// `ResourceNotFound` when the pool has no such job; see [`PoolError`].
    pub async fn describe_user_import_job(&self, id: &str) -> Result<ImportJob, PoolError> {
        let operation = Operation::DescribeUserImportJob;
        let call = || {
            let request = self.client().describe_user_import_job();
            request.user_pool_id(self.id()).job_id(id).send()
        };
        let answer = self.read(operation, call).await?;
        whole(operation, answer.user_import_job)
    }

    /// ListUserImportJobs: all jobs, the last made first.
    ///
    /// # Errors
    ///
    /// See [`PoolError`].
    pub async fn list_user_import_jobs(&self) -> Result<Vec<ImportJob>, PoolError> {
        let mut jobs = Vec::new();
        let mut token = None;
        loop {
            let call = || {
                let request = self.client().list_user_import_jobs();
                let request = request.user_pool_id(self.id()).max_results(JOBS_PAGE);
                request.set_pagination_token(token.clone()).send()
            };
            let answer = self.read(Operation::ListUserImportJobs, call).await?;
            let page = answer.user_import_jobs.unwrap_or_default();
            jobs.extend(page.into_iter().filter_map(ImportJob::from_sdk));
            token = answer.pagination_token;
            if token.is_none() {
                return Ok(jobs);
            }
        }
    }
}

impl WritableUserPool {
    /// CreateUserImportJob. Imports nobody yet.
    ///
    /// # Errors
    ///
    /// `InvalidParameter` also where the pool does not take password hashes; see [`PoolError`].
    pub async fn create_user_import_job(
        &self,
        request: ImportJobRequest<'_>,
    ) -> Result<ImportJob, PoolError> {
        let operation = Operation::CreateUserImportJob;
        let algorithm = request.algorithm.map(sdk_algorithm);
        let call = || {
            self.client()
                .create_user_import_job()
                .user_pool_id(self.id())
                .job_name(request.name)
                .cloud_watch_logs_role_arn(request.logs_role_arn)
                .set_password_hashing_algorithm(algorithm)
                .send()
        };
        let answer = self.attempt(operation, call, std::iter::empty()).await?;
        whole(operation, answer.user_import_job)
    }

    /// Sends the file to the job's address. The file may be sent again until the job is started.
    ///
    /// # Errors
    ///
    /// See [`UploadError`].
    pub async fn upload_import_file(
        &self,
        job: &ImportJob,
        file: &ImportFile,
    ) -> Result<(), UploadError> {
        let url = job.upload_url.as_deref().ok_or(UploadError::NoAddress)?;
        let mut request = HttpRequest::new(file.body());
        request.set_uri(url).map_err(|_| UploadError::NoAddress)?;
        let method = request.set_method("PUT");
        method.map_err(|_| UploadError::NoAddress)?;
        let headers = request.headers_mut();
        // Part of what the address signs. The length is, too: storage takes no chunked bodies.
        headers.insert("x-amz-server-side-encryption", "aws:kms");
        headers.insert("content-length", file.len().to_string());
        let timeouts = HttpConnectorSettings::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(UPLOAD_WITHIN)
            .build();
        let connector = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .connector_settings(timeouts)
            .build();
        let sent = tokio::time::timeout(UPLOAD_WITHIN, connector.call(request)).await;
        let Ok(Ok(answer)) = sent else {
            return Err(UploadError::Unreachable);
        };
        match answer.status().as_u16() {
            200..=299 => Ok(()),
            400 | 401 | 403 => Err(UploadError::Refused),
            status => Err(UploadError::Status(status)),
        }
    }

    /// StartUserImportJob. It cannot be taken back, only stopped.
    ///
    /// # Errors
    ///
    /// `NotAllowed` when another job of the account is active, or this one was started already;
    /// see [`PoolError`].
    pub async fn start_user_import_job(&self, id: &str) -> Result<ImportJob, PoolError> {
        let operation = Operation::StartUserImportJob;
        let call = || {
            let request = self.client().start_user_import_job();
            request.user_pool_id(self.id()).job_id(id).send()
        };
        let answer = self.attempt(operation, call, std::iter::empty()).await?;
        whole(operation, answer.user_import_job)
    }

    /// StopUserImportJob. Whoever is imported stays.
    ///
    /// # Errors
    ///
    /// `NotAllowed` when it does not run; see [`PoolError`].
    pub async fn stop_user_import_job(&self, id: &str) -> Result<ImportJob, PoolError> {
        let operation = Operation::StopUserImportJob;
        let call = || {
            let request = self.client().stop_user_import_job();
            request.user_pool_id(self.id()).job_id(id).send()
        };
        let answer = self.attempt(operation, call, std::iter::empty()).await?;
        whole(operation, answer.user_import_job)
    }
}

fn sdk_algorithm(algorithm: CognitoAlgorithm) -> PasswordHashingAlgorithmType {
    PasswordHashingAlgorithmType::from(algorithm.as_str())
}

fn whole(operation: Operation, job: Option<UserImportJobType>) -> Result<ImportJob, PoolError> {
    job.and_then(ImportJob::from_sdk)
        .ok_or_else(|| PoolError::broken_off(operation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_a_job_is_no_right_to_upload() {
        let job = UserImportJobType::builder()
            .job_id("import-1")
            .job_name("night")
            .pre_signed_url("https://storage.example/x?X-Amz-Signature=c0ffee")
            .build();
        let job = ImportJob::from_sdk(job).expect("it has an id");
        let shown = format!("{job:?}");
        assert!(shown.contains("import-1"), "{shown}");
        assert!(!shown.contains("c0ffee"), "{shown}");
    }

    #[test]
    fn a_failed_job_says_why_without_its_message() {
        let failed = |message: &str| {
            UserImportJobType::builder()
                .job_id("import-1")
                .status(UserImportJobStatusType::Failed)
                .completion_message(message)
                .build()
        };
        for (message, meant) in [
            (
                "Too many users have failed or been skipped during the import.",
                ImportJobFailure::TooManyFailedOrSkipped,
            ),
            ("Missing password_hash column", ImportJobFailure::File),
            ("ada@example.org", ImportJobFailure::Other),
        ] {
            let job = ImportJob::from_sdk(failed(message)).expect("it has an id");
            assert_eq!(job.failure, Some(meant), "{message}");
            assert!(!format!("{job:?}").contains("ada@"));
        }
    }
}
