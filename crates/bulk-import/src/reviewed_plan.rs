//! A plan as a file: written by a dry run, read by somebody, and then held against what an import
//! would do. What must agree is the binding: where to, how users are mapped, what was decided, and
//! whom it would create. Knows neither pool nor journal.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::plan::{Plan, PlanCount};
use crate::{FinalState, KeepForFirstLogin};

/// Raised when the meaning of a field changes; files of another format are refused.
const FORMAT: u32 = 2;

/// What two plans must have in common so that one may stand for the other.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PlanBinding {
    /// The target pool's Region.
    pub region: String,
    /// The target pool.
    pub user_pool_id: String,
    /// Whether the pool is on this machine.
    pub is_local: bool,
    /// Which part of the users it is about, if the run is divided; each part has a plan of its own.
    pub shard: Option<String>,
    /// Digest of all that cutover.toml says of users.
    pub config_digest: String,
    /// What the operator decided.
    pub policy: PlannedPolicy,
    /// Digest of whom the import creates: keys, usernames, how many groups and identities, whether
    /// disabled. Whoever came in by signing in meanwhile makes no difference to it.
    pub creations_digest: String,
}

/// An operator's decisions about an import as a whole.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PlannedPolicy {
    /// Whether users are imported who could still keep their password.
    pub approve_password_reset: bool,
    /// `disabled` or `hold`.
    pub inactive_users: String,
    /// Conditions under which they are left all the same.
    #[serde(with = "as_text")]
    pub keep_for_first_login: Vec<KeepForFirstLogin>,
    /// The moment from which those conditions count back.
    pub as_of: DateTime<Utc>,
    /// In which state users are left.
    pub final_state: FinalState,
}

mod as_text {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::KeepForFirstLogin;

    pub(super) fn serialize<S: Serializer>(
        conditions: &[KeepForFirstLogin],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let texts: Vec<String> = conditions.iter().map(ToString::to_string).collect();
        texts.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<KeepForFirstLogin>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let parsed = texts.into_iter().map(|text| text.parse());
        parsed.collect::<Result<_, _>>().map_err(D::Error::custom)
    }
}

impl PlanBinding {
    /// SHA-256 in hex of all of it: one short word that says which plan is meant.
    pub fn digest(&self) -> String {
        let text = serde_json::to_string(self).expect("a binding is plain data");
        hex::encode(Sha256::digest(text))
    }

    #[cfg(test)]
    pub(crate) fn example() -> PlanBinding {
        PlanBinding {
            region: "eu-west-1".to_owned(),
            user_pool_id: "eu-west-1_abc123".to_owned(),
            is_local: false,
            shard: None,
            config_digest: "00".to_owned(),
            policy: PlannedPolicy {
                approve_password_reset: true,
                inactive_users: "disabled".to_owned(),
                keep_for_first_login: vec!["last_login > 90 days".parse().expect("a condition")],
                as_of: DateTime::from_timestamp(1_800_000_000, 0).expect("in range"),
                final_state: FinalState::ConfirmedRandom,
            },
            creations_digest: "11".to_owned(),
        }
    }
}

/// What of a plan file is read again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReviewedPlan {
    binding: PlanBinding,
    creations: Vec<i64>,
}

#[derive(Deserialize)]
struct PlanText {
    digest: String,
    binding: PlanBinding,
    creations: Vec<i64>,
}

/// Why a plan file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReviewedPlanError {
    /// It is no JSON of ours.
    #[error("it is no plan that `cutover import --plan` wrote")]
    NoPlan(#[source] serde_json::Error),
    /// Its format is another version's.
    #[error("its format is {found}, this version knows {FORMAT}")]
    Format {
        /// The format found.
        found: u32,
    },
    /// Somebody changed it.
    #[error("it was changed after it was written: its digest does not fit its content")]
    Changed,
}

impl ReviewedPlan {
    /// Reads the text of a plan file.
    ///
    /// # Errors
    ///
    /// When it is no plan, or was edited.
    pub fn parse(text: &str) -> Result<ReviewedPlan, ReviewedPlanError> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let Version { format: found } =
            serde_json::from_str(text).map_err(ReviewedPlanError::NoPlan)?;
        if found != FORMAT {
            return Err(ReviewedPlanError::Format { found });
        }
        let plan: PlanText = serde_json::from_str(text).map_err(ReviewedPlanError::NoPlan)?;
        if plan.binding.digest() != plan.digest {
            return Err(ReviewedPlanError::Changed);
        }
        if crate::journal::creations_digest(&plan.creations) != plan.binding.creations_digest {
            return Err(ReviewedPlanError::Changed);
        }
        Ok(ReviewedPlan {
            binding: plan.binding,
            creations: plan.creations,
        })
    }

    /// The moment from which its conditions count back.
    pub(crate) fn as_of(&self) -> DateTime<Utc> {
        self.binding.policy.as_of
    }

    /// Which plan it is, in one short word.
    pub fn digest(&self) -> String {
        self.binding.digest()
    }

    /// What differs between it and the plan as it is now, in words for an operator; nothing when
    /// the import would do what was reviewed.
    pub(crate) fn differences(&self, now: &PlanBinding) -> Vec<String> {
        let (then, mut differences) = (&self.binding, Vec::new());
        let mut differ = |what: &str, then: &str, now: &str| {
            if then != now {
                differences.push(format!("its {what} was {then}, and now is {now}"));
            }
        };
        let place = |local| if local { "on this machine" } else { "at AWS" };
        differ("user pool", &then.user_pool_id, &now.user_pool_id);
        differ("Region", &then.region, &now.region);
        differ("pool's place", place(then.is_local), place(now.is_local));
        let part = |shard: &Option<String>| shard.clone().unwrap_or_else(|| "not given".to_owned());
        differ("--shard", &part(&then.shard), &part(&now.shard));
        let (policy, other) = (&then.policy, &now.policy);
        let approval = |approved| if approved { "given" } else { "not given" };
        differ(
            "--approve-password-reset",
            approval(policy.approve_password_reset),
            approval(other.approve_password_reset),
        );
        differ(
            "--keep-for-first-login",
            &conditions(&policy.keep_for_first_login),
            &conditions(&other.keep_for_first_login),
        );
        differ(
            "--final-state",
            policy.final_state.code(),
            other.final_state.code(),
        );
        differ(
            "[import] inactive",
            &policy.inactive_users,
            &other.inactive_users,
        );
        if then.config_digest != now.config_digest {
            differences.push("cutover.toml maps users differently since".to_owned());
        }
        differences
    }

    /// What it binds: one key for each user to be created.
    pub(crate) fn creations(&self) -> &[i64] {
        &self.creations
    }
}

fn conditions(conditions: &[KeepForFirstLogin]) -> String {
    match conditions {
        [] => "not given".to_owned(),
        some => {
            let texts: Vec<String> = some.iter().map(|one| format!("`{one}`")).collect();
            texts.join(" or ")
        }
    }
}

/// What becomes of users: `to-create` for those still to be created.
fn becomes(count: &PlanCount) -> String {
    count
        .outcome
        .clone()
        .unwrap_or_else(|| "to-create".to_owned())
}

impl Plan {
    /// The plan as a JSON file.
    pub fn as_json(&self) -> serde_json::Value {
        let seconds = |time: Option<std::time::Duration>| time.map(|time| time.as_secs());
        let users: Vec<_> = self
            .counts
            .iter()
            .map(|count| {
                serde_json::json!({
                    "becomes": becomes(count),
                    "route": count.route,
                    "reason": count.reason,
                    "users": count.users,
                    "memberships": count.memberships,
                    "identities": count.identities,
                    "disabled": count.disabled,
                    "without_contact": count.without_contact,
                    "may_sign_in": count.may_sign_in,
                })
            })
            .collect();
        let calls: Vec<_> = self
            .calls
            .iter()
            .map(|calls| {
                serde_json::json!({
                    "category": calls.category.name(),
                    "calls": calls.calls,
                    "seconds_at_limit": seconds(calls.at_limit),
                    "seconds_at_share": seconds(calls.at_share),
                })
            })
            .collect();
        serde_json::json!({
            "format": FORMAT,
            "digest": self.binding.digest(),
            "written_by": concat!("cutover ", env!("CARGO_PKG_VERSION")),
            "planned_at": Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
            "run": self.run.as_str(),
            "binding": self.binding,
            "creations": self.creations,
            "users": users,
            "to_create": self.to_create,
            "becoming_billable": self.to_create,
            "losing_password": self.losing_password,
            "kept_for_first_login": self.kept_for_first_login,
            "without_contact": self.without_contact,
            "groups": self.groups,
            "calls": calls,
            "share": self.share,
            "seconds_at_limit": seconds(self.time_at_limit()),
            "seconds_at_share": seconds(self.time_at_share()),
            "cannot_be_undone": self.cannot_be_undone(),
            "findings": self.findings,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cognito_user_pool::Quotas;
    use migration_model::{Reason, Route};

    fn plan(users: u64) -> Plan {
        let count = PlanCount {
            route: Route::AdminCreate,
            reason: None,
            outcome: None,
            users,
            memberships: 0,
            identities: 0,
            disabled: 0,
            without_contact: 0,
            may_sign_in: 0,
        };
        let held = PlanCount {
            route: Route::Hold,
            reason: Some(Reason::EmailDuplicate),
            outcome: Some("held".to_owned()),
            ..count.clone()
        };
        let run = "night".parse().expect("a name");
        let quotas = Quotas::default();
        let counts = vec![count, held];
        let creations = vec![-7, 11];
        let binding = PlanBinding {
            creations_digest: crate::journal::creations_digest(&creations),
            ..PlanBinding::example()
        };
        Plan {
            creations,
            ..Plan::new(run, binding, counts, Vec::new(), &quotas, Vec::new())
        }
    }

    #[test]
    fn a_plan_that_is_still_so_reads_back_without_a_difference() {
        let plan = plan(3);
        let read = ReviewedPlan::parse(&plan.as_json().to_string()).expect("it is a plan");
        assert_eq!(read.differences(&plan.binding), [""; 0]);
        assert_eq!(read.creations(), plan.creations);
        assert_eq!(read.as_of(), plan.binding.policy.as_of);
    }

    #[test]
    fn every_part_of_the_binding_counts_and_is_named() {
        let plan = plan(3);
        let read = ReviewedPlan::parse(&plan.as_json().to_string()).expect("it is a plan");
        let said = |change: fn(&mut PlanBinding)| {
            let mut now = plan.binding.clone();
            change(&mut now);
            read.differences(&now).join("; ")
        };
        assert!(said(|now| now.user_pool_id = "eu-west-1_x".to_owned()).contains("eu-west-1_x"));
        assert!(said(|now| now.region = "us-east-1".to_owned()).contains("us-east-1"));
        assert!(said(|now| now.shard = Some("3/16".to_owned())).contains("now is 3/16"));
        assert!(said(|now| now.is_local = true).contains("on this machine"));
        assert!(said(|now| now.config_digest = "01".to_owned()).contains("cutover.toml"));
        assert!(said(|now| now.policy.approve_password_reset = false).contains("not given"));
        assert!(said(|now| now.policy.keep_for_first_login.clear()).contains("last_login > 90"));
        assert!(said(|now| now.policy.final_state = FinalState::Invite).contains("invite"));
        assert!(said(|now| now.policy.inactive_users = "hold".to_owned()).contains("inactive"));
        // Other users are no difference of the plan: each is held by a reason of their own.
        assert_eq!(said(|now| now.creations_digest = "12".to_owned()), "");
    }

    #[test]
    fn a_file_that_was_edited_or_is_no_plan_is_refused() {
        let text = plan(3).as_json().to_string();
        let edited = text.replace("confirmed-random", "invite");
        assert!(matches!(
            ReviewedPlan::parse(&edited),
            Err(ReviewedPlanError::Changed)
        ));
        let slipped_in = text.replace("[-7,11]", "[-7,11,12]");
        assert!(matches!(
            ReviewedPlan::parse(&slipped_in),
            Err(ReviewedPlanError::Changed)
        ));
        let newer = text.replace("\"format\":2", "\"format\":3");
        let refused = ReviewedPlan::parse(&newer);
        assert!(matches!(
            refused,
            Err(ReviewedPlanError::Format { found: 3 })
        ));
        for bad in ["", "{}", "[2]", "{\"format\": 2}"] {
            let refused = ReviewedPlan::parse(bad);
            assert!(
                matches!(refused, Err(ReviewedPlanError::NoPlan(_))),
                "{bad}"
            );
        }
    }
}
