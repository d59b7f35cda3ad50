//! `GetCSVHeader` and the user import jobs.
//!
//! Sources: the API reference of the operations; guide page cognito-user-pools-using-import-tool;
//! quota page (one active job an account, 1,000 jobs a pool).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::page::{after_number, cut, page_size};
use crate::pool::{Pool, PoolState};
use crate::random;
use crate::service::Service;
use crate::user_import::job::{Job, Status};
use crate::user_import::password_hash::HashAlgorithm;
use crate::user_import::{row, run};

const MOST_JOBS: usize = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OnePool {
    user_pool_id: String,
}

pub(super) async fn get_csv_header(service: &Service, request: OnePool) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let mut columns = row::columns(&pool.config());
    if service.beliefs.word("import-header") == "last" {
        columns.push(row::PASSWORD_HASH.to_owned());
    }
    Ok(json!({"UserPoolId": pool.id, "CSVHeader": columns}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateUserImportJob {
    user_pool_id: String,
    job_name: String,
    cloud_watch_logs_role_arn: String,
    password_hashing_algorithm: Option<HashAlgorithm>,
}

pub(super) async fn create_user_import_job(
    service: &Service,
    request: CreateUserImportJob,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let mut state = pool.state();
    if state.imports.len() >= MOST_JOBS {
        return Err(ApiError::new(
            "LimitExceededException",
            format!("A user pool has at most {MOST_JOBS} user import jobs."),
        ));
    }
    let job = new_job(
        service,
        &state,
        &pool.id,
        &request.job_name,
        &request.cloud_watch_logs_role_arn,
        request.password_hashing_algorithm,
    );
    let described = job.described(&pool.id);
    state.imports.insert(job.id.clone(), job);
    Ok(json!({"UserImportJob": described}))
}

fn new_job(
    service: &Service,
    state: &PoolState,
    pool_id: &str,
    name: &str,
    role_arn: &str,
    algorithm: Option<HashAlgorithm>,
) -> Job {
    let id = random::import_job_id();
    let upload_key = random::client_id();
    Job {
        number: u32::try_from(state.imports.len()).unwrap_or(u32::MAX),
        upload_url: service.upload_url(pool_id, &id, &upload_key),
        upload_key,
        name: name.to_owned(),
        role_arn: role_arn.to_owned(),
        algorithm,
        created: service.now(),
        started: None,
        completed: None,
        status: Status::Created,
        imported: 0,
        skipped: 0,
        failed: 0,
        message: None,
        file: None,
        log: Vec::new(),
        id,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OneJob {
    user_pool_id: String,
    job_id: String,
}

fn job<'a>(state: &'a mut PoolState, service: &Service, id: &str) -> Result<&'a mut Job, ApiError> {
    let job = state.imports.get_mut(id).ok_or_else(|| {
        ApiError::new(
            "ResourceNotFoundException",
            format!("User import job {id} does not exist."),
        )
    })?;
    job.settle(service.now());
    Ok(job)
}

pub(super) async fn describe_user_import_job(
    service: &Service,
    request: OneJob,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let mut state = pool.state();
    let job = job(&mut state, service, &request.job_id)?;
    Ok(json!({"UserImportJob": job.described(&pool.id)}))
}

pub(super) async fn start_user_import_job(
    service: &Arc<Service>,
    request: OneJob,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let refused = |message: &str| ApiError::new("PreconditionNotMetException", message);
    // Held while the account's jobs are looked at, so that two starts cannot both pass.
    let _starting = service.starting_import.lock().await;
    if service
        .pools_after(None)
        .iter()
        .any(|pool| has_active_import(pool))
    {
        return Err(refused(
            "There is already an active user import job in this account.",
        ));
    }
    if pool.config().auto_verified.is_empty() {
        return Err(refused("The user pool has no auto-verified attribute."));
    }
    let mut state = pool.state();
    let started = job(&mut state, service, &request.job_id)?;
    if started.status != Status::Created {
        return Err(refused(
            "The user import job cannot be started in its current status.",
        ));
    }
    if started.file.is_none() {
        return Err(refused("The CSV file has not been uploaded."));
    }
    started.status = Status::Pending;
    started.started = Some(service.now());
    let described = started.described(&pool.id);
    drop(state);
    tokio::spawn(run::run(Arc::clone(service), pool, request.job_id));
    Ok(json!({"UserImportJob": described}))
}

/// Whether a pool's import is under way.
pub(super) fn has_active_import(pool: &Pool) -> bool {
    pool.state()
        .imports
        .values()
        .any(|job| job.status.is_active())
}

pub(super) async fn stop_user_import_job(
    service: &Service,
    request: OneJob,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let mut state = pool.state();
    let stopped = job(&mut state, service, &request.job_id)?;
    if !matches!(stopped.status, Status::Pending | Status::InProgress) {
        return Err(ApiError::new(
            "PreconditionNotMetException",
            "The user import job is not running.",
        ));
    }
    stopped.status = Status::Stopping;
    Ok(json!({"UserImportJob": stopped.described(&pool.id)}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListUserImportJobs {
    user_pool_id: String,
    max_results: usize,
    pagination_token: Option<String>,
}

pub(super) async fn list_user_import_jobs(
    service: &Service,
    request: ListUserImportJobs,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let last = after_number(request.pagination_token.as_deref())?;
    let mut state = pool.state();
    let now = service.now();
    state.imports.values_mut().for_each(|job| job.settle(now));
    // "Jobs are listed in chronological order from last created to first created."
    let mut jobs: Vec<&Job> = state.imports.values().collect();
    jobs.sort_by_key(|job| std::cmp::Reverse(job.number));
    let rest = jobs
        .into_iter()
        .filter(|job| last.is_none_or(|last| job.number < last));
    // The answer's list has at most 50 (`UserImportJobsListType`).
    let (page, next) = cut(rest, page_size(Some(request.max_results)).min(50), |job| {
        job.number.to_string()
    });
    let mut answer = json!({});
    if !page.is_empty() {
        answer["UserImportJobs"] = page.iter().map(|job| job.described(&pool.id)).collect();
    }
    if let Some(next) = next {
        answer["PaginationToken"] = next.into();
    }
    Ok(answer)
}

/// Why an upload is refused, as the status of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UploadRefused {
    /// Unknown job, wrong key, too late, or a header missing.
    Forbidden,
}

/// Takes a job's file.
pub(crate) fn upload(
    service: &Service,
    pool_id: &str,
    job_id: &str,
    key: &str,
    file: Vec<u8>,
) -> Result<(), UploadRefused> {
    let pool = service
        .pool(pool_id)
        .map_err(|_| UploadRefused::Forbidden)?;
    let mut state = pool.state();
    let now = service.now();
    let job = state
        .imports
        .get_mut(job_id)
        .filter(|job| job.upload_key == key && job.takes_upload(now))
        .ok_or(UploadRefused::Forbidden)?;
    job.file = Some(zeroize::Zeroizing::new(file));
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::super::user_pools::{add_custom_attributes, update_user_pool};
    use super::*;
    use crate::cross_origin::AllowedOrigins;
    use crate::fault::{FaultPlan, Faults};
    use crate::operation::make_user_pool;
    use crate::quota::Quotas;
    use crate::trigger::Functions;

    /// An account with two pools, each with a job whose file is there.
    fn account() -> (Arc<Service>, [OneJob; 2]) {
        let functions = Functions::new(None, 0);
        let faults = Faults::new(FaultPlan::default());
        let region = "eu-west-1".to_owned();
        let service = Service::new(
            region,
            None,
            AllowedOrigins::default(),
            &Quotas::Off,
            functions,
            faults,
            0,
        );
        service
            .endpoint
            .set("http://127.0.0.1".to_owned())
            .expect("not set yet");
        let jobs = ["eu-west-1_a", "eu-west-1_b"].map(|id| {
            let request = json!({"PoolName": "x", "AutoVerifiedAttributes": ["email"]});
            let Value::Object(request) = request else {
                unreachable!("written as an object")
            };
            make_user_pool(&service, request, id.to_owned()).expect("a pool");
            let pool = service.pool(id).expect("made above");
            let mut state = pool.state();
            let job = new_job(&service, &state, &pool.id, "x", "role", None);
            let job_id = job.id.clone();
            state.imports.insert(
                job_id.clone(),
                Job {
                    file: Some(zeroize::Zeroizing::new(Vec::new())),
                    ..job
                },
            );
            OneJob {
                user_pool_id: id.to_owned(),
                job_id,
            }
        });
        (Arc::new(service), jobs)
    }

    #[tokio::test]
    async fn an_account_has_one_active_job_and_its_pool_does_not_change() {
        let (service, [one, other]) = account();
        let pool = service.pool(&one.user_pool_id).expect("made");
        // As if it ran for long.
        let set = |status| {
            let mut state = pool.state();
            state.imports.get_mut(&one.job_id).expect("made").status = status;
        };
        for active in [Status::Pending, Status::InProgress, Status::Stopping] {
            set(active);
            let second = OneJob {
                user_pool_id: other.user_pool_id.clone(),
                job_id: other.job_id.clone(),
            };
            let refused = start_user_import_job(&service, second).await;
            assert_eq!(
                refused.expect_err("one at a time").code(),
                "PreconditionNotMetException"
            );
            let mut update = Map::new();
            update.insert("UserPoolId".to_owned(), one.user_pool_id.as_str().into());
            let refused = update_user_pool(&service, update).await;
            assert_eq!(
                refused.expect_err("an import is under way").code(),
                "UserImportInProgressException"
            );
            let add = serde_json::from_value(json!({
                "UserPoolId": one.user_pool_id, "CustomAttributes": [{"Name": "team"}]
            }));
            let refused = add_custom_attributes(&service, add.expect("a request")).await;
            assert_eq!(
                refused.expect_err("an import is under way").code(),
                "UserImportInProgressException"
            );
        }
        set(Status::InProgress);
        let stopped = stop_user_import_job(&service, one).await.expect("it runs");
        assert_eq!(stopped["UserImportJob"]["Status"], "Stopping");
    }
}
