//! `decide`: which way, and the reason that comes first.

use django_password::{EncodedPassword, HashState, Verifier};
use migration_model::{
    Collisions, ImportPolicy, InactiveUsers, LegacyUser, MappingFault, Reason, Route, RouteFacts,
    RoutePreference, WeakPassword, decide,
};

use crate::mapping::legacy_user;

const CAREFUL: ImportPolicy = ImportPolicy {
    approve_password_reset: false,
    inactive: InactiveUsers::Disabled,
    routes: RoutePreference::DEFAULT,
    weak_password: WeakPassword::Keep,
    asks_elsewhere: false,
};
/// No import job takes the user.
const NO_JOB: Result<(), Reason> = Err(Reason::HashOverCognitoCap);
const APPROVED: ImportPolicy = ImportPolicy {
    approve_password_reset: true,
    ..CAREFUL
};

fn state(encoded: &str) -> HashState {
    Verifier::default()
        .inspect(&EncodedPassword::new(encoded))
        .state
}

fn verifiable() -> HashState {
    state("pbkdf2_sha256$1000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
}

fn route(user: &LegacyUser, hash: &HashState, policy: ImportPolicy) -> (Route, Option<Reason>) {
    let routing = decide(facts(user, hash), policy);
    (routing.route, routing.reason)
}

fn facts<'a>(user: &'a LegacyUser, hash: &'a HashState) -> RouteFacts<'a> {
    RouteFacts {
        user,
        hash,
        faults: &[],
        pool_fault: None,
        collisions: Collisions::default(),
        hash_import: NO_JOB,
        kept_for_first_login: false,
    }
}

#[test]
fn whoever_is_asked_for_elsewhere_may_still_sign_in() {
    let unusable = state("!ldap");
    let user = legacy_user();
    let asking = ImportPolicy {
        asks_elsewhere: true,
        ..CAREFUL
    };
    assert_eq!(route(&user, &unusable, CAREFUL).0, Route::AdminCreate);
    assert_eq!(route(&user, &unusable, asking).0, Route::FirstLogin);
}

#[test]
fn whoever_may_still_sign_in_is_left_alone_unless_approved() {
    let user = legacy_user();
    let kept = (Route::FirstLogin, Some(Reason::MayStillSignIn));
    assert_eq!(route(&user, &verifiable(), CAREFUL), kept);
    assert_eq!(
        route(&user, &verifiable(), APPROVED),
        (Route::AdminCreate, None)
    );
}

#[test]
fn whoever_has_no_password_to_keep_is_imported() {
    for encoded in ["!abc", ""] {
        let route = route(&legacy_user(), &state(encoded), CAREFUL);
        assert_eq!(route, (Route::AdminCreate, None), "{encoded}");
    }
}

#[test]
fn whoever_has_something_like_a_password_is_not_imported_by_a_slip() {
    let costly = format!("pbkdf2_sha256$2000000000$salt${}=", "A".repeat(43));
    for encoded in ["unheard_of$1$x$y", "pbkdf2_sha256$broken", &costly] {
        let kept = (Route::FirstLogin, Some(Reason::MayStillSignIn));
        let (user, hash) = (legacy_user(), state(encoded));
        assert_eq!(route(&user, &hash, CAREFUL), kept, "{encoded}");
        let approved = (Route::AdminCreate, None);
        assert_eq!(route(&user, &hash, APPROVED), approved, "{encoded}");
    }
}

#[test]
fn what_the_pool_cannot_have_is_held_unless_they_may_sign_in() {
    let (user, hash) = (legacy_user(), verifiable());
    let faulty = RouteFacts {
        pool_fault: Some(Reason::AttributeMissing),
        ..facts(&user, &hash)
    };
    assert_eq!(decide(faulty, CAREFUL).route, Route::FirstLogin);
    let held = decide(faulty, APPROVED);
    assert_eq!(
        (held.route, held.reason),
        (Route::Hold, Some(Reason::AttributeMissing))
    );
    let kept = RouteFacts {
        kept_for_first_login: true,
        ..faulty
    };
    assert_eq!(decide(kept, APPROVED).route, Route::FirstLogin);
}

#[test]
fn inactive_users_follow_the_configured_choice() {
    let user = LegacyUser {
        is_active: false,
        ..legacy_user()
    };
    assert_eq!(
        route(&user, &verifiable(), CAREFUL),
        (Route::AdminCreate, None)
    );
    let hold = ImportPolicy {
        inactive: InactiveUsers::Hold,
        ..APPROVED
    };
    assert_eq!(
        route(&user, &verifiable(), hold),
        (Route::Hold, Some(Reason::UserInactive))
    );
}

#[test]
fn faults_and_collisions_hold_before_anything_else() {
    let held = |faults: &[MappingFault], collisions| {
        let (user, hash) = (legacy_user(), verifiable());
        let facts = RouteFacts {
            faults,
            collisions,
            ..facts(&user, &hash)
        };
        let routing = decide(facts, APPROVED);
        assert_eq!(routing.route, Route::Hold);
        routing.reason
    };
    let both = Collisions {
        username: true,
        verified_email: true,
    };
    assert_eq!(
        held(&[MappingFault::Group], both),
        Some(Reason::GroupInvalid)
    );
    assert_eq!(held(&[], both), Some(Reason::LoginCollision));
    let email = Collisions {
        username: false,
        verified_email: true,
    };
    assert_eq!(held(&[], email), Some(Reason::EmailDuplicate));
}

#[test]
fn the_order_of_routes_decides_who_goes_by_import_job() {
    let can = Ok(());
    for (routes, approved, job, expected) in [
        (
            "hash-import,first-login,admin-create",
            false,
            can,
            Route::HashImport,
        ),
        (
            "hash-import,first-login,admin-create",
            false,
            NO_JOB,
            Route::FirstLogin,
        ),
        (
            "first-login,hash-import,admin-create",
            false,
            can,
            Route::FirstLogin,
        ),
        // The window is over: nobody loses a password that a job can carry.
        (
            "first-login,hash-import,admin-create",
            true,
            can,
            Route::HashImport,
        ),
        (
            "first-login,hash-import,admin-create",
            true,
            NO_JOB,
            Route::AdminCreate,
        ),
        ("hash-import,first-login", true, NO_JOB, Route::Hold),
        ("first-login,admin-create", true, can, Route::AdminCreate),
    ] {
        let policy = ImportPolicy {
            approve_password_reset: approved,
            routes: routes.parse().expect("routes"),
            ..CAREFUL
        };
        let (user, hash) = (legacy_user(), verifiable());
        let with_job = RouteFacts {
            hash_import: job,
            ..facts(&user, &hash)
        };
        let routing = decide(with_job, policy);
        assert_eq!(routing.route, expected, "{routes} {approved} {job:?}");
    }
}

#[test]
fn a_password_as_good_as_in_the_clear_is_kept_unless_the_operator_wants_a_new_one() {
    let reset = ImportPolicy {
        weak_password: WeakPassword::Reset,
        ..CAREFUL
    };
    let user = legacy_user();
    // Each kind with which whoever has the table has the password.
    for weak in [
        "md5$salt$3f86d0d3d465b7b458c231bf3555c0e3",
        "d41d8cd98f00b204e9800998ecf8427e",
        "crypt$$ab1Hv2Lg7ltQo",
    ] {
        let hash = state(weak);
        assert_eq!(
            route(&user, &hash, CAREFUL),
            (Route::FirstLogin, Some(Reason::MayStillSignIn))
        );
        assert_eq!(
            route(&user, &hash, reset),
            (Route::AdminCreate, Some(Reason::HashWeak))
        );
        let kept = RouteFacts {
            kept_for_first_login: true,
            ..facts(&user, &hash)
        };
        assert_eq!(decide(kept, reset).route, Route::FirstLogin);
    }
    assert_eq!(
        route(&user, &verifiable(), reset),
        (Route::FirstLogin, Some(Reason::MayStillSignIn))
    );
}
