//! The same import into pools that nobody here wrote: who arrives, and how, is as in the local
//! pool. What these emulators let pass (they check no attribute, no alias, no length) the plan has
//! held back before.

use acceptance_tests::{Engine, Pool, PoolUser, Shape, Workplace, microburst, ministack, moto};
use serde_json::json;

use crate::import_run::{Accounts, by_legacy_id, import_all};

/// Everybody, as fast as it goes: an emulator has no quotas, and cannot be asked for them.
const FLAGS: &[&str] = &[
    "--execute",
    "--approve-password-reset",
    "--limit=UserCreation=10000",
    "--limit=UserAccountRecovery=10000",
    "--limit=UserUpdate=10000",
    "--limit=UserPoolResourceUpdate=10000",
];

#[test]
fn the_same_users_arrive_in_moto() {
    let workplace = Workplace::new(Shape::Allauth, Engine::Sqlite);
    let pool = moto(workplace.folder());
    assert_same_as_in_the_local_pool(&workplace, &pool, &pool);
}

#[test]
fn the_same_users_arrive_in_ministack() {
    let workplace = Workplace::new(Shape::Allauth, Engine::Sqlite);
    let pool = ministack(workplace.folder());
    assert_same_as_in_the_local_pool(&workplace, &pool, &pool);
}

#[test]
fn the_same_users_arrive_through_somebody_elses_faults() {
    let workplace = Workplace::new(Shape::Allauth, Engine::Sqlite);
    let pool = ministack(workplace.folder());
    let fault = |operation: &str, of: u32, what: serde_json::Value| {
        let mut rule = what;
        rule["service"] = json!("cognito-idp");
        rule["operation"] = json!(operation);
        rule["sequence"] = json!({"fail": 1, "pass": of - 1});
        rule
    };
    let error = |code: &str, status: u16| json!({"error": {"code": code, "status": status}});
    // The first rule that fits decides, so that each operation meets faults of its own.
    let rules = json!([
        fault(
            "AdminCreateUser",
            11,
            error("TooManyRequestsException", 400)
        ),
        fault(
            "AdminCreateUser",
            13,
            json!({"response": {"abort_bytes": 0}})
        ),
        fault("AdminCreateUser", 17, json!({"reset": true})),
        fault("AdminCreateUser", 19, error("ExpiredTokenException", 400)),
        fault(
            "AdminAddUserToGroup",
            5,
            error("InternalErrorException", 500)
        ),
        fault(
            "AdminSetUserPassword",
            11,
            json!({"response": {"abort_bytes": 0}})
        ),
        fault(
            "AdminSetUserPassword",
            7,
            error("TooManyRequestsException", 400)
        ),
        fault("AdminDisableUser", 2, json!({"reset": true})),
        fault("AdminGetUser", 3, error("ServiceUnavailable", 503)),
        fault("ListUsers", 2, error("TooManyRequestsException", 400)),
    ]);
    let faulty = microburst(&pool, &rules, workplace.folder());
    assert_same_as_in_the_local_pool(&workplace, &faulty, &pool);
    let (status, fired) = faulty.client().get("/_microburst/fired");
    assert_eq!(status, 200, "{fired}");
    for operation in [
        "AdminCreateUser",
        "AdminSetUserPassword",
        "AdminDisableUser",
    ] {
        assert!(
            fired.contains(operation),
            "no fault met {operation}: {fired}"
        );
    }
}

/// A user without the one thing that these emulators do otherwise: a case-insensitive pool of
/// Cognito's keeps usernames and addresses in lower case.
fn alike(user: &PoolUser) -> PoolUser {
    let mut user = user.clone();
    user.username = user.username.to_lowercase();
    if let Some(email) = user.attributes.get_mut("email") {
        *email = email.to_lowercase();
    }
    user
}

/// Imports into both, and compares accounts and users.
#[track_caller]
fn assert_same_as_in_the_local_pool(workplace: &Workplace, target: &Pool, pool: &Pool) {
    let local = workplace.serve_pool();
    let (expected, _) = import_all(workplace, &local, "local", FLAGS);
    expected.assert_whole(workplace.legacy().users().len());
    let (accounts, _) = import_all(workplace, target, "other", FLAGS);
    let numbers = |a: &Accounts| (a.read, a.created, a.already_in_pool, a.held, a.failed);
    assert_eq!(numbers(&accounts), numbers(&expected));
    assert!(accounts.complete && accounts.created > 200, "{accounts:?}");
    let (theirs, ours) = (
        by_legacy_id(&mut pool.client()),
        by_legacy_id(&mut local.client()),
    );
    assert_eq!(theirs.len(), accounts.created);
    for (id, user) in &ours {
        assert_eq!(theirs.get(id).map(alike).as_ref(), Some(&alike(user)));
    }
    workplace
        .cutover(&["reconcile", "--run", "other"])
        .args(pool.as_target())
        .run()
        .expect_code(0);
    let (again, _) = import_all(workplace, pool, "once-more", FLAGS);
    assert_eq!(
        (again.created, again.already_in_pool),
        (0, accounts.created)
    );
}
