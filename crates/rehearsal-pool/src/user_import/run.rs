//! Running an import job.
//!
//! Responsible for going through the file row by row, counting, and failing the job as a whole. It
//! works in slices, so that sign-ins go on beside it.
//!
//! Not documented and so believed: that a job fails when more than half of its rows so far failed
//! or were skipped, looked at from the twentieth row on (the guide names the failure, not the
//! threshold); that an alias that is taken fails the row.

use std::sync::Arc;

use super::job::{Job, Status};
use super::password_hash::HashAlgorithm;
use super::row::{self, FileRules};
use crate::pool::config::PoolConfig;
use crate::pool::login_name::{alias_holder, username_holder};
use crate::pool::user::UserStatus;
use crate::pool::{Pool, PoolState};
use crate::service::Service;

/// "The maximum number of rows (users) in the file is 500,000."
const MOST_ROWS: usize = 500_000;
const SLICE: usize = 500;
const JUDGED_FROM: u64 = 20;
/// The texts of the guide's samples, where it has some.
const STOPPED: &str = "The Import Job was stopped by the developer.";

/// What holds for every row of a file.
struct File<'a> {
    columns: Vec<String>,
    algorithm: Option<HashAlgorithm>,
    rules: FileRules<'a>,
}

/// What became of a row.
enum Outcome {
    Imported,
    Skipped,
    Failed(&'static str),
}

pub(crate) async fn run(service: Arc<Service>, pool: Arc<Pool>, job_id: String) {
    let importing = import(&service, &pool, &job_id);
    let (status, message) = service.beliefs.counting_what_follows(importing).await;
    let mut state = pool.state();
    if let Some(job) = state.imports.get_mut(&job_id) {
        job.end(status, message, service.now());
    }
}

async fn import(service: &Service, pool: &Pool, job_id: &str) -> (Status, &'static str) {
    let (file, algorithm) = {
        let mut state = pool.state();
        let Some(job) = state.imports.get_mut(job_id) else {
            return gone();
        };
        if job.status == Status::Pending {
            job.status = Status::InProgress;
        }
        (job.file.take().unwrap_or_default(), job.algorithm)
    };
    let config = pool.config();
    let rules = FileRules(&service.beliefs);
    let fails_by_half = || service.beliefs.word("import-most-failed") == "Failed";
    let Ok(text) = std::str::from_utf8(&file) else {
        return (Status::Failed, "The CSV file is not UTF-8");
    };
    if text.starts_with('\u{feff}') {
        return (Status::Failed, "The CSV file has a byte order mark");
    }
    let mut lines = text.lines().enumerate();
    let columns = match lines.next() {
        None => return (Status::Failed, "The CSV file is empty"),
        Some((_, line)) => match row::header(&config, line, algorithm, rules) {
            Ok(columns) => columns,
            Err(reason) => return (Status::Failed, reason),
        },
    };
    let rows: Vec<(usize, &str)> = lines.filter(|(_, line)| !line.trim().is_empty()).collect();
    if rows.len() > MOST_ROWS {
        return (Status::Failed, "The CSV file has more than 500,000 rows");
    }
    let file = File {
        columns,
        algorithm,
        rules,
    };
    for slice in rows.chunks(SLICE) {
        {
            let mut state = pool.state();
            for (place, line) in slice {
                match state.imports.get(job_id).map(|job| job.status) {
                    Some(Status::InProgress) => {}
                    Some(_) => return (Status::Stopped, STOPPED),
                    None => return gone(),
                }
                let outcome = import_row(service, &config, &mut state, &file, line);
                let Some(job) = state.imports.get_mut(job_id) else {
                    return gone();
                };
                if count(job, place + 1, &outcome) && fails_by_half() {
                    return (
                        Status::Failed,
                        "Too many users have failed or been skipped during the import.",
                    );
                }
            }
        }
        tokio::task::yield_now().await;
    }
    (Status::Succeeded, "The user import job has completed")
}

fn gone() -> (Status, &'static str) {
    (Status::Failed, "The user pool was deleted")
}

/// Counts a row and says whether the job has failed by it.
fn count(job: &mut Job, line: usize, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Imported => job.imported += 1,
        Outcome::Skipped => {
            job.skipped += 1;
            job.log.push((line, "The user already exists."));
        }
        Outcome::Failed(reason) => {
            job.failed += 1;
            job.log.push((line, reason));
        }
    }
    let left_out = job.skipped + job.failed;
    let seen = left_out + job.imported;
    seen >= JUDGED_FROM && left_out * 2 > seen
}

fn import_row(
    service: &Service,
    config: &PoolConfig,
    state: &mut PoolState,
    file: &File<'_>,
    line: &str,
) -> Outcome {
    let new = match row::read(config, &file.columns, line, file.algorithm, file.rules) {
        Ok(new) => new,
        Err(reason) => return Outcome::Failed(reason),
    };
    if state.users.by_username(&new.name.username).is_some()
        || username_holder(config, &state.users, &new.attributes, None).is_some()
    {
        return Outcome::Skipped;
    }
    if alias_holder(config, &state.users, &new.attributes, None).is_some() {
        return Outcome::Failed("An alias is taken");
    }
    let reset = new.status == UserStatus::ResetRequired;
    let index = state.add(new, service.now());
    if let (true, Some(user)) = (reset, state.users.get_mut(index)) {
        user.rare().imported = true;
    }
    Outcome::Imported
}
