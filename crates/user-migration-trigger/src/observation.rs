//! What one invocation was, as one line for logs and metrics. Responsible for that the line holds
//! nothing personal; must not decide anything. Filled by the decisions, written by the Lambda
//! glue.
//!
//! The line is JSON in CloudWatch's Embedded Metric Format (Amazon CloudWatch user guide,
//! "Specification: Embedded metric format"): CloudWatch makes metrics of it, and everything in it
//! can be searched as a log record.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use django_password::Cost;
use migration_model::{LoginColumn, Reason};
use serde::Serialize;
use serde_json::{Value, json};

use crate::decision::Decision;
use crate::event::TriggerSource;
use crate::reply::FinalUserStatus;
use crate::user_attributes::UserAttributes;

/// The CloudWatch namespace of the metrics.
pub const METRIC_NAMESPACE: &str = "Cutover/UserMigrationTrigger";

/// The metric of [`Observation::count_fault`].
const COUNT_FAULTS: &str = "CountFaults";

/// A step whose time is recorded.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Finding the user in the legacy database, connecting included.
    LookUp,
    /// Checking the hash.
    Verify,
    /// The dummy check of a refusal.
    Spend,
    /// Counting attempts in the table that all processes share.
    Count,
    /// Asking the store of claims.
    Claim,
}

/// What is noted while an event is decided. Nothing in it names a person, quotes the event or
/// tells a hash beyond algorithm and cost.
#[derive(Debug)]
pub struct Observation {
    began: Instant,
    steps: BTreeMap<Step, Duration>,
    /// AWS's id of the invocation.
    pub request_id: String,
    /// Whether this is the first event of the process.
    pub cold_start: bool,
    /// Which flow asked.
    pub source: TriggerSource,
    /// The keyed pseudonym of the login.
    pub user: Option<String>,
    /// The kind of login column that found the user.
    pub found_by: Option<&'static str>,
    /// Django's word for the hash algorithm.
    pub algorithm: Option<String>,
    /// The hash's cost.
    pub cost: Option<String>,
    /// The same, as a value.
    pub checked: Option<Cost>,
    /// Names of attributes that were left out.
    pub left_out: Vec<String>,
    /// Reason codes of what will not be as expected though the person gets in.
    pub warnings: Vec<Reason>,
    /// What was wrong with the table that attempts are counted in, if anything.
    pub count_fault: Option<String>,
}

impl Observation {
    /// Begins an invocation.
    pub fn begin(request_id: String, cold_start: bool) -> Observation {
        Observation {
            began: Instant::now(),
            steps: BTreeMap::new(),
            request_id,
            cold_start,
            source: TriggerSource::Other,
            user: None,
            found_by: None,
            algorithm: None,
            cost: None,
            checked: None,
            left_out: Vec::new(),
            warnings: Vec::new(),
            count_fault: None,
        }
    }

    /// Waits for a step and records its time, however it ends.
    pub async fn timed<T>(&mut self, step: Step, work: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let done = work.await;
        let time = self.steps.entry(step).or_default();
        *time = time.saturating_add(began.elapsed());
        done
    }

    /// How long a step took, all its turns together; zero where there was none.
    pub fn time_of(&self, step: Step) -> Duration {
        self.steps.get(&step).copied().unwrap_or_default()
    }

    /// Records by which kind of column the user was found.
    pub fn note_found_by(&mut self, column: &LoginColumn) {
        self.found_by = Some(match column {
            LoginColumn::Username => "username",
            LoginColumn::Email => "email",
            LoginColumn::PhoneNumber => "phone_number",
            LoginColumn::Other(_) => "other",
        });
    }

    /// Records what the mapping left out or warned of.
    pub fn note_attributes(&mut self, attributes: &UserAttributes) {
        self.left_out.clone_from(&attributes.left_out);
        self.warnings.clone_from(&attributes.warnings);
    }

    /// The line for this decision, without a line end.
    pub fn line(&self, decision: &Decision, function_name: &str) -> String {
        let (outcome, reason, detail) = match decision {
            Decision::Migrated(reply) => match reply.final_user_status() {
                FinalUserStatus::Confirmed => ("migrated", None, None),
                FinalUserStatus::ResetRequired => ("reset-required", None, None),
            },
            Decision::Refused(reason) | Decision::Barred(reason) => {
                ("refused", Some(reason.code()), None)
            }
            Decision::Passed(reason) => ("passed", reason.map(Reason::code), None),
            Decision::GroupsAdded(_) => ("groups-added", None, None),
            Decision::Failed(failure) => (
                "failed",
                Some(failure.cause.code()),
                failure.detail.as_deref(),
            ),
        };
        let mut line = json!({
            "FunctionName": function_name,
            "Outcome": outcome,
            "Invocations": 1,
            "Duration": milliseconds(self.began.elapsed()),
            "request_id": self.request_id,
            "cold_start": self.cold_start,
            "trigger_source": self.source.code(),
        });
        for (step, time) in &self.steps {
            set(&mut line, step.member(), Some(milliseconds(*time)));
        }
        set(&mut line, "Reason", reason);
        set(&mut line, "detail", detail);
        set(&mut line, "user", self.user.as_deref());
        set(&mut line, "found_by", self.found_by);
        set(&mut line, "algorithm", self.algorithm.as_deref());
        set(&mut line, "cost", self.cost.as_deref());
        set(
            &mut line,
            "left_out",
            Some(&self.left_out).filter(|names| !names.is_empty()),
        );
        set(
            &mut line,
            "warnings",
            Some(&self.warnings).filter(|codes| !codes.is_empty()),
        );
        set(&mut line, "count_fault", self.count_fault.as_deref());
        set(
            &mut line,
            COUNT_FAULTS,
            self.count_fault.as_ref().map(|_| 1),
        );
        set(
            &mut line,
            "_aws",
            Some(self.metric_directive(reason.is_some())),
        );
        line.to_string()
    }

    /// Which members are metrics, and by what they are counted.
    fn metric_directive(&self, with_reason: bool) -> Value {
        let mut dimensions = vec![vec!["FunctionName"], vec!["FunctionName", "Outcome"]];
        if with_reason {
            dimensions.push(vec!["FunctionName", "Outcome", "Reason"]);
        }
        let mut metrics = vec![
            json!({"Name": "Invocations", "Unit": "Count"}),
            json!({"Name": "Duration", "Unit": "Milliseconds"}),
        ];
        for step in self.steps.keys() {
            metrics.push(json!({"Name": step.member(), "Unit": "Milliseconds"}));
        }
        if self.count_fault.is_some() {
            metrics.push(json!({"Name": COUNT_FAULTS, "Unit": "Count"}));
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        json!({
            "Timestamp": u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            "CloudWatchMetrics": [{
                "Namespace": METRIC_NAMESPACE,
                "Dimensions": dimensions,
                "Metrics": metrics,
            }],
        })
    }
}

impl Step {
    const fn member(self) -> &'static str {
        match self {
            Step::LookUp => "LookUpDuration",
            Step::Verify => "VerifyDuration",
            Step::Spend => "SpendDuration",
            Step::Count => "CountDuration",
            Step::Claim => "ClaimDuration",
        }
    }
}

fn set(line: &mut Value, member: &str, value: Option<impl Serialize>) {
    if let (Some(members), Some(value)) = (line.as_object_mut(), value) {
        members.insert(
            member.to_owned(),
            serde_json::to_value(value).unwrap_or(Value::Null),
        );
    }
}

/// Milliseconds to a thousandth.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}
