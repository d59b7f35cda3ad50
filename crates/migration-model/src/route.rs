//! Which way a legacy user goes into the pool, and why. Pure: the importer, inspect and the
//! rehearsal's forecast ask the same question here.

use django_password::HashState;
use serde::Serialize;

use crate::{InactiveUsers, LegacyUser, MappingFault, Reason, RoutePreference};

/// The ways into the pool.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// Left alone: they keep their password by signing in once.
    FirstLogin,
    /// By CSV import job with their hash.
    HashImport,
    /// By AdminCreateUser: the password is lost, they reset it.
    AdminCreate,
    /// Not moved; the reason says why.
    Hold,
}

impl Route {
    /// The kebab-case word in journal and reports.
    pub const fn code(self) -> &'static str {
        match self {
            Route::FirstLogin => "first-login",
            Route::HashImport => "hash-import",
            Route::AdminCreate => "admin-create",
            Route::Hold => "hold",
        }
    }
}

/// A user's route and the reason for it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Routing {
    /// The way chosen.
    pub route: Route,
    /// Why, for every route by which somebody is created.
    pub reason: Option<Reason>,
}

/// What an operator decided about the import as a whole.
#[derive(Clone, Copy, Debug)]
pub struct ImportPolicy {
    /// `--approve-password-reset`: import users who could still keep their password.
    pub approve_password_reset: bool,
    /// What becomes of users whom Django calls inactive.
    pub inactive: InactiveUsers,
    /// The ways allowed, in order of preference.
    pub routes: RoutePreference,
}

/// Which of a user's names another legacy user has too, letter case and NFKC folded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Collisions {
    /// Two users would have one pool username.
    pub username: bool,
    /// Two users would hold one verified e-mail alias.
    pub verified_email: bool,
}

/// Decides. `hash_import` says whether an import job can take the user (see
/// [`hash_import`](crate::hash_import())). The checks stand in the order in which an operator would want to hear of them.
pub fn route_user(
    user: &LegacyUser,
    hash: &HashState,
    hash_import: Result<(), Reason>,
    faults: &[MappingFault],
    collisions: Collisions,
    policy: ImportPolicy,
) -> Routing {
    let hold = |reason| Routing {
        route: Route::Hold,
        reason: Some(reason),
    };
    if let Some(fault) = faults.first() {
        return hold(fault.reason());
    }
    if collisions.username {
        return hold(Reason::LoginCollision);
    }
    if collisions.verified_email {
        return hold(Reason::EmailDuplicate);
    }
    if !user.is_active && policy.inactive == InactiveUsers::Hold {
        return hold(Reason::UserInactive);
    }
    let may_still_sign_in = user.is_active && matches!(hash, HashState::Verifiable(_));
    // Once first login is given up, whoever can keep the password by their hash keeps it so.
    let by_hash = policy.routes.prefers(Route::HashImport, Route::FirstLogin)
        || (policy.approve_password_reset && policy.routes.allows(Route::HashImport));
    if by_hash && hash_import.is_ok() {
        return Routing {
            route: Route::HashImport,
            reason: None,
        };
    }
    if may_still_sign_in && !policy.approve_password_reset {
        return Routing {
            route: Route::FirstLogin,
            reason: Some(Reason::MayStillSignIn),
        };
    }
    if !policy.routes.allows(Route::AdminCreate) {
        return hold(hash_import.err().unwrap_or(Reason::RouteNotAllowed));
    }
    Routing {
        route: Route::AdminCreate,
        reason: None,
    }
}
