//! Which way a legacy user goes into the pool, and why. Pure: the importer, inspect and the
//! rehearsal's forecast ask the same question here.

use django_password::HashState;
use serde::Serialize;

use crate::{InactiveUsers, LegacyUser, MappingFault, Reason, RoutePreference, WeakPassword};

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
    /// `[trigger] weak_password`: what becomes of passwords that are stored as good as in the clear.
    pub weak_password: WeakPassword,
    /// `[trigger.external]`: whether somebody is asked for passwords that Django does not store.
    pub asks_elsewhere: bool,
}

/// Which of a user's names another legacy user has too, letter case and NFKC folded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Collisions {
    /// Two users would have one pool username.
    pub username: bool,
    /// Two users would hold one verified e-mail alias.
    pub verified_email: bool,
}

/// Everything that a user's route depends on.
#[derive(Clone, Copy, Debug)]
pub struct RouteFacts<'a> {
    /// The legacy user as they are now.
    pub user: &'a LegacyUser,
    /// What is known of the stored password.
    pub hash: &'a HashState,
    /// Why the user cannot be mapped as they are.
    pub faults: &'a [MappingFault],
    /// Why this pool cannot have the mapped user: its schema, the identities to be linked, the state
    /// in which users are to be left.
    pub pool_fault: Option<Reason>,
    /// What the user shares with other legacy users.
    pub collisions: Collisions,
    /// Whether an import job can take the user with their hash, and if not, why; see
    /// [`hash_import`](crate::hash_import()).
    pub hash_import: Result<(), Reason>,
    /// Whether the operator keeps such users for first login although the import of them is approved.
    pub kept_for_first_login: bool,
}

impl RouteFacts<'_> {
    /// Whether somebody could sign in to the legacy app with a password: it is stored, in whatever
    /// form, or asked for elsewhere, and the user is active. A hash that cannot be checked here may be
    /// one that Django can check, so it counts.
    pub fn may_still_sign_in(&self, policy: ImportPolicy) -> bool {
        self.user.is_active && (policy.asks_elsewhere || *self.hash != HashState::Unusable)
    }

    /// Whether the password is stored in a way that keeps it from nobody who has seen the table.
    fn is_weakly_hashed(&self) -> bool {
        matches!(self.hash, HashState::Verifiable(cost) if cost.is_weak())
    }
}

/// Decides, for plan, write, reconciliation and forecast alike. The checks stand in the order in
/// which an operator would want to hear of them.
pub fn decide(facts: RouteFacts<'_>, policy: ImportPolicy) -> Routing {
    let hold = |reason| Routing {
        route: Route::Hold,
        reason: Some(reason),
    };
    if let Some(fault) = facts.faults.first() {
        return hold(fault.reason());
    }
    if facts.collisions.username {
        return hold(Reason::LoginCollision);
    }
    if facts.collisions.verified_email {
        return hold(Reason::EmailDuplicate);
    }
    if !facts.user.is_active && policy.inactive == InactiveUsers::Hold {
        return hold(Reason::UserInactive);
    }
    // Whoever must set a new password anyway loses nothing by being imported.
    let weak = policy.weak_password == WeakPassword::Reset && facts.is_weakly_hashed();
    let approved = (weak || policy.approve_password_reset) && !facts.kept_for_first_login;
    // Once first login is given up, whoever can keep the password by their hash keeps it so.
    let by_hash = policy.routes.prefers(Route::HashImport, Route::FirstLogin)
        || (approved && policy.routes.allows(Route::HashImport));
    if by_hash && facts.hash_import.is_ok() {
        return match facts.pool_fault {
            Some(reason) => hold(reason),
            None => Routing {
                route: Route::HashImport,
                reason: None,
            },
        };
    }
    if facts.may_still_sign_in(policy) && !approved {
        return Routing {
            route: Route::FirstLogin,
            reason: Some(Reason::MayStillSignIn),
        };
    }
    if !policy.routes.allows(Route::AdminCreate) {
        return hold(facts.hash_import.err().unwrap_or(Reason::RouteNotAllowed));
    }
    match facts.pool_fault {
        Some(reason) => hold(reason),
        None => Routing {
            route: Route::AdminCreate,
            reason: weak.then_some(Reason::HashWeak),
        },
    }
}
