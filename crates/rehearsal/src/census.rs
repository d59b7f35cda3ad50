//! Who is in the legacy database: counts, hash algorithms with their costs, what stands in the
//! way. Reads only; `cutover inspect` prints it, the rehearsal's report shows it. Never holds or
//! shows a person's data.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use django_password::{Cost, Declaration, HashState, Limits, Speed, Verifier};
use futures::StreamExt;
use legacy_users::{LegacyDatabase, LegacyError};
use migration_model::{
    Config, EmailVerifiedRule, Finding, LegacyUser, MappingFault, OnInvalid, PhoneVerifiedRule,
    PoolSignIn, Reason, Severity, map_user,
};
use serde::Serialize;

use crate::importable::{self, Importable};
use crate::memory_size::{DearestCheck, MemorySize};
use crate::shadowed_emails::ShadowedEmails;
use crate::wording::{count_of, without_full_stop};

/// What a look at the whole user table found.
#[derive(Clone, Debug, Serialize)]
pub struct Census {
    /// Rows of the user table.
    pub users: u64,
    /// With `is_active`.
    pub active: u64,
    /// Without an e-mail.
    pub without_email: u64,
    /// Whose e-mail the configured rule calls verified.
    pub with_verified_email: u64,
    /// In at least one group.
    pub in_groups: u64,
    /// Rows of the user table that `[legacy] where` leaves out; the other figures are without them.
    pub excluded: u64,
    /// Users with a value that Cognito does not take, by attribute.
    pub invalid_attributes: BTreeMap<String, u64>,
    /// Stored passwords by algorithm and cost, most users first.
    pub hashes: Vec<HashGroup>,
    /// Who could take their password along by import job.
    pub importable: Importable,
    /// Users by the time since they last signed in, most recent first.
    pub last_login: Vec<LastLogin>,
    /// How much memory the function needs; `None` where there is no hash to check.
    pub memory_size: Option<MemorySize>,
    /// What an operator should know, worst first.
    pub findings: Vec<Finding>,
}

/// Users whose stored passwords have one algorithm and one cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HashGroup {
    /// Django's name of the algorithm; for stored values that name none, what they are.
    pub algorithm: String,
    /// The cost in the algorithm's own terms; empty where there is none.
    pub cost: String,
    /// What the trigger makes of them: `verifiable`, `unusable`, `unsupported`, …
    pub state: &'static str,
    /// How many.
    pub users: u64,
    /// Estimated milliseconds of one check on this machine, on one core.
    pub check_ms: Option<f64>,
    /// The line of `[hashers]` under which they could be checked, where they look like hashes of a
    /// foreign format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declare: Option<String>,
}

/// Users who last signed in within one span of time.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct LastLogin {
    /// The span, in words.
    pub span: &'static str,
    /// How many.
    pub users: u64,
}

const SPANS: [(&str, i64); 4] = [
    ("up to 30 days ago", 30),
    ("up to 90 days ago", 90),
    ("up to 1 year ago", 365),
    ("longer ago", i64::MAX),
];
const NEVER: &str = "never";

/// How many users are read from the database at a time.
const PAGE: usize = 1000;

/// Cognito waits 5 seconds; a check that takes longer here can hardly end in time on Lambda.
/// (Developer guide, "Customizing user pool workflows with Lambda triggers".)
const TRIGGER_LIMIT: Duration = Duration::from_secs(5);

impl Census {
    /// Reads every user once.
    ///
    /// # Errors
    ///
    /// When the legacy database cannot be read.
    pub async fn take(
        legacy: &LegacyDatabase,
        config: &Config,
        now: DateTime<Utc>,
    ) -> Result<Census, LegacyError> {
        let mut count = Count::new(config, now);
        count.census.excluded = legacy.count_excluded().await?;
        let mut users = std::pin::pin!(legacy.users(None, PAGE));
        while let Some(user) = users.next().await {
            count.add(&user?, config);
        }
        let mut census = count.finish(config);
        census
            .findings
            .extend(legacy.table_facts().await?.into_iter().map(in_house_style));
        census
            .findings
            .sort_by(|a, b| b.severity.cmp(&a.severity).then(a.code.cmp(b.code)));
        Ok(census)
    }

    /// The longest estimated check among hashes that can be checked.
    pub fn slowest_check_ms(&self) -> Option<f64> {
        self.hashes
            .iter()
            .filter_map(|group| group.check_ms)
            .reduce(f64::max)
    }
}

/// Findings are phrases here, so that a list of them reads evenly.
fn in_house_style(finding: Finding) -> Finding {
    Finding {
        message: without_full_stop(&finding.message),
        next_step: without_full_stop(&finding.next_step),
        ..finding
    }
}

/// What users' hashes have in common: algorithm, state, cost, and the declaration they would need.
type HashKey = (
    Option<String>,
    &'static str,
    Option<Cost>,
    Option<Declaration>,
);

/// The counters while the table is read.
struct Count {
    verifier: Verifier,
    now: DateTime<Utc>,
    census: Census,
    importable: importable::Count,
    hashes: BTreeMap<HashKey, u64>,
    last_login: BTreeMap<&'static str, u64>,
    /// Where both usernames and e-mails may be typed.
    shadowed: Option<ShadowedEmails>,
    /// Numbers that may be typed and count as verified by nobody.
    unverified_numbers: u64,
}

impl Count {
    fn new(config: &Config, now: DateTime<Utc>) -> Count {
        Count {
            verifier: Verifier::new(config.hashers.clone(), Limits::default()),
            now,
            census: Census {
                users: 0,
                active: 0,
                without_email: 0,
                with_verified_email: 0,
                in_groups: 0,
                excluded: 0,
                invalid_attributes: BTreeMap::new(),
                hashes: Vec::new(),
                importable: Importable::default(),
                last_login: Vec::new(),
                memory_size: None,
                findings: Vec::new(),
            },
            importable: importable::Count::new(&config.mapping, now),
            hashes: BTreeMap::new(),
            last_login: BTreeMap::new(),
            shadowed: (config.sign_in() == PoolSignIn::UsernameOrEmail)
                .then(ShadowedEmails::default),
            unverified_numbers: 0,
        }
    }

    fn add(&mut self, user: &LegacyUser, config: &Config) {
        let (target, faults) = map_user(user, &config.mapping);
        for fault in faults {
            if let MappingFault::Attribute { name, .. } = fault {
                *self.census.invalid_attributes.entry(name).or_default() += 1;
            }
        }
        self.census.users += 1;
        self.census.active += u64::from(user.is_active);
        self.census.without_email += u64::from(user.email.is_none());
        self.census.with_verified_email += u64::from(user.email.is_some() && user.email_verified);
        self.census.in_groups += u64::from(!user.groups.is_empty());
        *self
            .last_login
            .entry(self.span(user.last_login))
            .or_default() += 1;

        if let Some(shadowed) = &mut self.shadowed {
            shadowed.add(user);
        }
        let has_number = config.mapping.phone_alias && user.phone_number.is_some();
        self.unverified_numbers += u64::from(has_number && !user.phone_verified);
        let inspection = self.verifier.inspect(&user.encoded_password);
        let (state, verifier) = (&inspection.state, &self.verifier);
        self.importable.add(user, &target, state, verifier);
        let (state, cost) = match inspection.state {
            HashState::Verifiable(cost) => ("verifiable", Some(cost)),
            HashState::Unusable => ("unusable", None),
            HashState::Unsupported => ("unsupported", None),
            HashState::Malformed(_) => ("malformed", None),
            HashState::TooCostly(_) => ("too-costly", None),
        };
        let group = (inspection.algorithm, state, cost, inspection.remedy);
        *self.hashes.entry(group).or_default() += 1;
    }

    fn span(&self, last_login: Option<DateTime<Utc>>) -> &'static str {
        let Some(last_login) = last_login else {
            return NEVER;
        };
        let days = (self.now - last_login).num_days();
        SPANS
            .iter()
            .find(|(_, limit)| days <= *limit)
            .map_or(NEVER, |(span, _)| *span)
    }

    fn finish(self, config: &Config) -> Census {
        let mut census = self.census;
        // What a check takes is asked once a group, not once a user: among millions of rows there
        // are a dozen groups, and the answer reads files of the system (its number of cores).
        let mut dearest = DearestCheck::default();
        for ((algorithm, state, cost, declare), users) in self.hashes {
            let check_ms = cost.as_ref().map(|cost| {
                let estimate = Speed::of_this_machine().estimate(cost);
                let milliseconds = estimate.as_secs_f64() * 1000.0;
                dearest.note(cost, milliseconds);
                milliseconds
            });
            census.hashes.push(HashGroup {
                algorithm: algorithm.unwrap_or_else(|| format!("({state})")),
                cost: cost.map_or_else(String::new, |cost| cost.to_string()),
                state,
                users,
                check_ms,
                declare: declare.map(|line| line.to_string()),
            });
        }
        census.hashes.sort_by(|a, b| {
            let names = |group: &HashGroup| (group.algorithm.clone(), group.cost.clone());
            b.users.cmp(&a.users).then_with(|| names(a).cmp(&names(b)))
        });
        let spans = SPANS.iter().map(|(span, _)| *span).chain([NEVER]);
        census.last_login = spans
            .map(|span| LastLogin {
                span,
                users: self.last_login.get(span).copied().unwrap_or(0),
            })
            .collect();
        census.importable = self.importable.finish();
        census.memory_size = dearest.memory_size();
        census.findings = findings(&census, config);
        let shadowed = self.shadowed.map(|shadowed| shadowed.count());
        census
            .findings
            .extend(shadowed_finding(shadowed.unwrap_or_default()));
        census
            .findings
            .extend(phone_finding(self.unverified_numbers, config));
        census
    }
}

/// States of stored passwords with which nobody can sign in, and what to say of them.
const UNCHECKABLE: [(&str, Reason); 3] = [
    ("unsupported", Reason::AlgorithmUnsupported),
    ("malformed", Reason::HashMalformed),
    ("too-costly", Reason::CostLimitExceeded),
];

fn findings(census: &Census, config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (state, reason) in UNCHECKABLE {
        let groups: Vec<_> = census
            .hashes
            .iter()
            .filter(|group| group.state == state && group.declare.is_none())
            .collect();
        if groups.is_empty() {
            continue;
        }
        let names: Vec<_> = groups
            .iter()
            .map(|group| group.algorithm.as_str())
            .collect();
        let users = groups.iter().map(|group| group.users).sum();
        findings.push(Finding {
            severity: Severity::Warning,
            code: reason.code(),
            subject: format!("{} with {}", count_of(users, "user"), names.join(", ")),
            message: without_full_stop(reason.meaning()),
            next_step: without_full_stop(reason.next_step()),
        });
    }
    findings.extend(undeclared(census));
    for group in &census.hashes {
        if group
            .check_ms
            .is_some_and(|ms| ms > TRIGGER_LIMIT.as_secs_f64() * 1000.0)
        {
            findings.push(Finding {
                severity: Severity::Blocker,
                code: Reason::DeadlineNear.code(),
                subject: format!("{} with {}", count_of(group.users, "user"), group.cost),
                message: "one check takes longer than the 5 seconds Cognito waits".to_owned(),
                next_step: "pin a lower cost in Django before the move, so that sign-ins re-hash"
                    .to_owned(),
            });
        }
    }
    findings.extend(excluded_finding(census));
    findings.extend(invalid_attributes(census, config));
    findings.extend(memory_finding(census));
    findings.extend(sign_in_finding(census, config));
    if census.users == 0 {
        findings.push(Finding {
            severity: Severity::Blocker,
            code: "no-users",
            subject: format!("table {}", config.legacy.user_table),
            message: match census.excluded {
                0 => "the user table is empty".to_owned(),
                rows => format!("[legacy] where leaves out all {rows} rows"),
            },
            next_step: match census.excluded {
                0 => "check [legacy] url and user_table".to_owned(),
                _ => "correct [legacy] where".to_owned(),
            },
        });
    }
    findings
}

/// One finding for every line that would have hashes of a foreign format checked.
fn undeclared(census: &Census) -> Vec<Finding> {
    let mut by_line: BTreeMap<&str, (BTreeSet<&str>, u64)> = BTreeMap::new();
    for group in &census.hashes {
        if let Some(line) = &group.declare {
            let (algorithms, users) = by_line.entry(line).or_default();
            algorithms.insert(&group.algorithm);
            *users += group.users;
        }
    }
    let finding = |(line, (algorithms, users)): (&str, (BTreeSet<&str>, u64))| Finding {
        severity: Severity::Warning,
        code: Reason::AlgorithmUnsupported.code(),
        subject: format!(
            "{} with {}",
            count_of(users, "user"),
            Vec::from_iter(algorithms).join(", ")
        ),
        message: "their passwords look like hashes that came from elsewhere, and are not checked \
                  unless declared"
            .to_owned(),
        next_step: format!("if the app accepts these passwords, add to [hashers]: {line}"),
    };
    by_line.into_iter().map(finding).collect()
}

fn excluded_finding(census: &Census) -> Option<Finding> {
    (census.excluded > 0).then(|| Finding {
        severity: Severity::Note,
        code: "excluded-by-where",
        subject: count_of(census.excluded, "row"),
        message: "[legacy] where leaves them out: they are not moved, and cannot sign in"
            .to_owned(),
        next_step: "nothing, if these are the bots, the deleted and the like".to_owned(),
    })
}

/// One finding for each attribute; what becomes of these users is the mapping's to say.
fn invalid_attributes(census: &Census, config: &Config) -> Vec<Finding> {
    let (becomes, next) = match config.mapping.attributes.on_invalid() {
        OnInvalid::Drop => (
            "they are moved without it, at sign-in and at the import",
            "correct the column in Django, or set [attributes] on_invalid = \"hold\" to leave them out",
        ),
        OnInvalid::Hold => (
            "they are not moved, neither at sign-in nor at the import",
            "correct the column in Django, or set [attributes] on_invalid = \"drop\" to move them \
             without it",
        ),
    };
    let of = |(attribute, users): (&String, &u64)| Finding {
        severity: Severity::Warning,
        code: Reason::AttributeInvalid.code(),
        subject: format!(
            "{} with a value of {attribute} that Cognito does not take",
            count_of(*users, "user")
        ),
        message: becomes.to_owned(),
        next_step: next.to_owned(),
    };
    census.invalid_attributes.iter().map(of).collect()
}

/// A check that no memory size is sure to fit into the trigger's time.
fn memory_finding(census: &Census) -> Option<Finding> {
    let size = census.memory_size.as_ref()?;
    size.recommended_mb.is_none().then(|| Finding {
        severity: Severity::Warning,
        code: "no-memory-size-suffices",
        subject: size.slowest_check.clone(),
        message: format!(
            "one check takes {:.0} ms of CPU here, and may take twice as long on a whole vCPU of \
             Lambda",
            size.slowest_check_cpu_ms
        ),
        next_step: "measure it on a rehearsal function, or pin a lower cost in Django before the \
                    move"
            .to_owned(),
    })
}

/// E-mails that somebody else has as username.
fn shadowed_finding(shadowed: u64) -> Option<Finding> {
    (shadowed > 0).then(|| Finding {
        severity: Severity::Warning,
        code: "email-shadowed",
        subject: format!(
            "{} with an e-mail that is another's username",
            count_of(shadowed, "user")
        ),
        message:
            "at sign-in both are tried in the order of login, as Django's backends do, and the one whose \
             password it is gets in; a reset by that e-mail goes to its owner"
                .to_owned(),
        next_step: "ask the others to take another username in Django: in a pool with e-mail as alias \
                    Cognito takes no username that looks like an e-mail"
            .to_owned(),
    })
}

/// People who sign in by an e-mail that stays unverified in a pool with e-mail alias get in
/// once: the alias exists only when verified (developer guide, "Working with user attributes"). Where
/// the rule itself says that none is verified, that is everybody.
fn sign_in_finding(census: &Census, config: &Config) -> Option<Finding> {
    let unverified = census.users - census.without_email - census.with_verified_email;
    let next_step = "set [legacy] email_verified if the addresses were confirmed, or take the e-mail \
                     out of login";
    let never = config.legacy.email_verified == EmailVerifiedRule::Never;
    let is_alias = config.sign_in() == PoolSignIn::UsernameOrEmail;
    is_alias
        .then(|| alias_finding("e-mail", unverified, never, next_step))
        .flatten()
}

/// The same for phone numbers as alias.
fn phone_finding(unverified: u64, config: &Config) -> Option<Finding> {
    let next_step = "set [legacy] phone_verified if the numbers were confirmed, or take phone_number \
                     out of login";
    let never = config.legacy.phone_verified == PhoneVerifiedRule::Never;
    alias_finding("phone number", unverified, never, next_step)
}

fn alias_finding(what: &str, unverified: u64, never: bool, next_step: &str) -> Option<Finding> {
    (unverified > 0).then(|| Finding {
        severity: match never {
            true => Severity::Blocker,
            false => Severity::Warning,
        },
        code: "alias-unverified",
        subject: format!("{} with an unverified {what}", count_of(unverified, "user")),
        message: format!(
            "they can sign in by username, but by {what} only once: the second time the right \
             password is called wrong"
        ),
        next_step: next_step.to_owned(),
    })
}
