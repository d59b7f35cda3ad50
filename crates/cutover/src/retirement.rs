//! What is left before the old database can go, point by point: whether it is done, what shows it, and
//! the next step. Values and their judgement alone; `commands/retire` reads, and prints.

use bulk_import::{DriftKind, ReconcileRecord, Standing, Way};
use chrono::{DateTime, Duration, Utc};
use cognito_user_pool::{AppClient, PoolSettings, PoolTrigger, TokenEventVersion};
use legacy_users::LegacyError;
use migration_model::Reason;
use serde::Serialize;

/// How a point stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    Done,
    /// Something is to do, or could not be shown.
    Open,
    /// Open, and somebody answers for it.
    Accepted,
    /// To be known; nobody can judge it from here.
    Note,
}

impl State {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            State::Done => "done",
            State::Open => "OPEN",
            State::Accepted => "accepted",
            State::Note => "note",
        }
    }
}

/// One point.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Point {
    /// kebab-case, for `--accept`.
    pub(crate) code: &'static str,
    pub(crate) state: State,
    pub(crate) says: String,
    /// What was read to know it.
    pub(crate) shown_by: String,
    /// What to do where it is open.
    pub(crate) next_step: String,
}

impl Point {
    fn new(code: &'static str, is_done: bool, says: String, shown_by: impl Into<String>) -> Point {
        Point {
            code,
            state: if is_done { State::Done } else { State::Open },
            says,
            shown_by: shown_by.into(),
            next_step: String::new(),
        }
    }

    fn next(mut self, step: impl Into<String>) -> Point {
        self.next_step = step.into();
        self
    }

    fn note(mut self) -> Point {
        self.state = State::Note;
        self
    }
}

/// A comparison of both sides, and whether it was made just now.
pub(crate) struct Comparison {
    pub(crate) record: ReconcileRecord,
    pub(crate) is_live: bool,
}

/// The newest of what the old code, by Django's own names, leaves in a pool.
const PRE_TOKEN: PoolTrigger = PoolTrigger::PreTokenGeneration(TokenEventVersion::V1);

/// Nobody comes by any more.
pub(crate) fn quiet(standing: &Standing, days: u16) -> Point {
    const CODE: &str = "people-still-come";
    let by = format!(
        "creation dates of {} users who came through the trigger, by ListUsers at {}",
        standing.by(Way::FirstSignIn),
        day(standing.at)
    );
    if !standing.ids_are_proof {
        let says = "who came through the trigger cannot be told: no attribute proves the legacy id"
            .to_owned();
        return Point::new(CODE, false, says, by)
            .next("map the legacy id to an attribute that no app client may write");
    }
    let Some(last) = standing.last_first_sign_in else {
        return Point::new(CODE, true, "nobody came through the trigger".to_owned(), by);
    };
    let since = standing.at - last;
    let is_quiet = since >= Duration::days(i64::from(days));
    let says = format!(
        "the last person came {} ({} days ago)",
        day(last),
        since.num_days()
    );
    Point::new(CODE, is_quiet, says, by).next(format!(
        "wait until nobody has come for {days} days (--quiet-days), or import the rest"
    ))
}

/// Who is left, who is between, and what differs.
pub(crate) fn compared(comparison: Option<&Comparison>, standing: &Standing) -> Vec<Point> {
    let Some(comparison) = comparison else {
        let says =
            "who is left and what differs is not known: the legacy database cannot be read, \
                    and no comparison is recorded here"
                .to_owned();
        let point = Point::new("not-compared", false, says, "the file beside the ledger");
        return vec![
            point.next("run cutover reconcile where the database can be read, with this ledger"),
        ];
    };
    let record = &comparison.record;
    let by = match comparison.is_live {
        true => format!(
            "{} legacy users compared with {} of the pool just now",
            record.legacy_users, record.pool_users
        ),
        false => format!(
            "the comparison of {}, recorded beside the ledger",
            day(record.at)
        ),
    };
    let mut points = Vec::new();
    let is_stale = standing
        .last_first_sign_in
        .is_some_and(|last| last > record.at);
    if !comparison.is_live && is_stale {
        let says = "somebody came after the last comparison".to_owned();
        let point = Point::new("comparison-old", false, says, by.clone());
        points.push(point.next("run cutover reconcile where the database can be read"));
    }
    points.extend(people_left(record, &by));
    points.extend(differing(record, &by));
    let deleted = record.count(&DriftKind::DeletedInDjango);
    if deleted > 0 {
        let says = format!("{deleted} people were deleted in Django and are still in the pool");
        let point = Point::new("deleted-in-django", true, says, by);
        points.push(
            point
                .note()
                .next("delete them in Cognito, if that is what was meant"),
        );
    }
    points
}

fn people_left(record: &ReconcileRecord, by: &str) -> Vec<Point> {
    let mut points = Vec::new();
    for (code, people) in &record.not_in_pool {
        let reason: Option<Reason> = code.parse().ok();
        let (code, meaning, next) = reason.map_or(
            ("people-left", "are not in the pool", "look at them"),
            |reason| (reason.code(), reason.meaning(), reason.next_step()),
        );
        let meaning = meaning.trim_end_matches('.');
        let says = format!("{people} people are not in the pool: {meaning}");
        points.push(Point::new(code, *people == 0, says, by).next(next));
    }
    let missing = record.count(&DriftKind::Missing);
    if missing > 0 {
        let says = format!("{missing} people are not in the pool, and should be");
        let point = Point::new("missing", false, says, by);
        points.push(point.next("cutover import, with --execute"));
    }
    if points.is_empty() {
        points.push(Point::new(
            "people-left",
            true,
            "everybody is in the pool".to_owned(),
            by,
        ));
    }
    points
}

fn differing(record: &ReconcileRecord, by: &str) -> Vec<Point> {
    let kinds = [
        (
            DriftKind::Status,
            "people between: created, or registered, and without a way in",
            "cutover import --finish --execute",
        ),
        (
            DriftKind::AwaitsFirstSignIn,
            "people who have not used the temporary password of a run",
            "remind them before it runs out",
        ),
        (
            DriftKind::UnfinishedReset,
            "people who asked for a reset and never finished it",
            "cutover reconcile --fix --only unfinished-resets --execute",
        ),
        (
            DriftKind::Conflict,
            "people who changed on both sides",
            "cutover reconcile --fix --prefer django or pool",
        ),
        (
            DriftKind::Stranger,
            "people whose name a stranger has in the pool",
            "look at them: cutover reconcile --differences FILE",
        ),
        (
            DriftKind::Attributes,
            "people with attributes that changed in Django alone",
            "cutover reconcile --fix --only attributes --execute",
        ),
        (
            DriftKind::Groups,
            "people with groups that changed in Django alone",
            "cutover reconcile --fix --only groups --execute",
        ),
        (
            DriftKind::Enabled,
            "people who became active or inactive in Django alone",
            "cutover reconcile --fix --only disabled --execute",
        ),
    ];
    let of = |(kind, what, next): &(DriftKind, &str, &str)| {
        let people = record.count(kind);
        Point::new(kind.code(), people == 0, format!("{people} {what}"), by).next(*next)
    };
    kinds.iter().map(of).collect()
}

/// Groups under a seal.
pub(crate) fn seals(standing: &Standing) -> Point {
    let by = format!("ListUsers at {}", day(standing.at));
    let Some(sealed) = standing.sealed else {
        let says = "groups travel in no sealed attribute".to_owned();
        return Point::new(
            "seals-left",
            true,
            says,
            "[groups] token_attribute and the pool's schema",
        );
    };
    let says = format!("{sealed} people still bear groups under a seal");
    Point::new("seals-left", sealed == 0, says, by).next(
        "cutover reconcile --fix --only seals --execute; a seal is worth nothing after hours, so it \
         may also stay (--accept seals-left)",
    )
}

/// App clients that send passwords.
pub(crate) fn clients(clients: &[AppClient]) -> Point {
    let open: Vec<&str> = clients
        .iter()
        .filter(|client| client.takes_passwords)
        .map(|client| client.name.as_str())
        .collect();
    let says = match open.is_empty() {
        true => format!("none of {} app clients takes passwords", clients.len()),
        false => format!("app clients take passwords: {}", open.join(", ")),
    };
    Point::new(
        "app-client-takes-passwords",
        open.is_empty(),
        says,
        "DescribeUserPoolClient of each",
    )
    .next(
        "leave ALLOW_USER_PASSWORD_AUTH and ALLOW_ADMIN_USER_PASSWORD_AUTH out of ExplicitAuthFlows, \
         once the app signs in by SRP; whoever came by hash import and never signed in needs them",
    )
}

/// The trigger, and what else the pool calls.
pub(crate) fn triggers(settings: &PoolSettings) -> Vec<Point> {
    let by = "DescribeUserPool, LambdaConfig";
    let attached = settings.function_of(PoolTrigger::UserMigration);
    let says = match attached {
        Some(arn) => format!("the user migration trigger calls {arn}"),
        None => "no user migration trigger is attached".to_owned(),
    };
    let mut points = vec![
        Point::new("trigger-attached", attached.is_none(), says, by)
            .next("cutover trigger detach --function-arn ARN --trigger user-migration --execute"),
    ];
    for (trigger, code) in [
        (PoolTrigger::PreSignUp, "pre-sign-up-attached"),
        (PRE_TOKEN, "pre-token-generation-attached"),
    ] {
        if let Some(arn) = settings.function_of(trigger) {
            let says = format!("{trigger} calls {arn}");
            points.push(Point::new(code, true, says, by).note().next(
                "if that is Cutover's function, detach it before its stack is deleted, or nobody gets \
                 in",
            ));
        }
    }
    points
}

/// Whether the database's login still works: `None` when it does.
pub(crate) fn database(refusal: Option<&LegacyError>) -> Point {
    const CODE: &str = "database-login";
    let by = "a connection with [legacy] url, or CUTOVER_LEGACY_URL";
    match refusal {
        None => Point::new(CODE, false, "the database's login still works".to_owned(), by)
            .next("last of all: revoke it, then run this again"),
        Some(
            error @ (LegacyError::AccessDenied { .. } | LegacyError::DatabaseMissing { .. }),
        ) => Point::new(CODE, true, error.to_string(), by),
        Some(error) => Point::new(
            CODE,
            false,
            format!("whether the database's login works cannot be told: {error}"),
            by,
        )
        .next("try where the database can be reached; if it is gone for good, --accept database-login"),
    }
}

/// Files of ours.
pub(crate) fn files(names: &[String], bytes: u64) -> Point {
    let says = match names.is_empty() {
        true => "no journal and no ledger is left here".to_owned(),
        false => format!(
            "{} files with personal data, {} bytes: {}",
            names.len(),
            bytes,
            names.join(", ")
        ),
    };
    Point::new(
        "own-files-left",
        names.is_empty(),
        says,
        "SQLite's application id of each file",
    )
    .next(
        "once no record is needed any more: cutover retire --shred --execute deletes them. It does not \
         overwrite: on solid-state disks that reaches nothing; snapshots and backups are yours",
    )
}

/// Marks the points for which somebody answers; codes that no open point has.
pub(crate) fn accept(points: &mut [Point], codes: &[String]) -> Vec<String> {
    let mut unknown = Vec::new();
    for code in codes {
        let mut found = false;
        for point in points.iter_mut() {
            if point.code == code && point.state == State::Open {
                point.state = State::Accepted;
                found = true;
            }
        }
        if !found {
            unknown.push(code.clone());
        }
    }
    unknown
}

fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(days_ago: i64) -> Standing {
        let now = Utc::now();
        Standing {
            last_first_sign_in: Some(now - Duration::days(days_ago)),
            ids_are_proof: true,
            ..Standing::empty(now)
        }
    }

    #[test]
    fn somebody_who_came_yesterday_keeps_it_open_and_what_proves_nothing_is_not_quiet() {
        assert_eq!(quiet(&standing(1), 14).state, State::Open);
        assert_eq!(quiet(&standing(14), 14).state, State::Done);
        let unproven = Standing {
            ids_are_proof: false,
            ..standing(100)
        };
        assert_eq!(quiet(&unproven, 14).state, State::Open);
    }

    #[test]
    fn only_what_is_open_can_be_answered_for() {
        let mut points = vec![quiet(&standing(1), 14), files(&[], 0)];
        let codes = ["people-still-come", "own-files-left", "nonsense"].map(str::to_owned);
        let unknown = accept(&mut points, &codes);
        assert_eq!(points[0].state, State::Accepted);
        assert_eq!(unknown, ["own-files-left", "nonsense"]);
    }

    #[test]
    fn nothing_compared_is_open() {
        let points = compared(None, &standing(20));
        assert!(points.iter().all(|point| point.state == State::Open));
    }
}
