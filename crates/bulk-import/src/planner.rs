//! The first phase: every legacy user gets a route with a reason, before anything is written to
//! the pool. Reads the pool's users and the legacy users, each once, as streams; what compares
//! users with each other happens in the journal. Called by an import and by a dry run alike.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use chrono::{DateTime, Utc};
use cognito_user_pool::{PoolDescription, UserPool, UserRecord, UserStatus};
use django_password::{Limits, Verifier};
use futures::{StreamExt, TryStreamExt, pin_mut};
use legacy_users::LegacyDatabase;
use migration_model::{
    Collisions, Config, Finding, HashForms, IdentityProviders, ImportPolicy, InactiveUsers,
    LegacyId, LegacyUser, MAX_IDENTITIES, PoolSignIn, PoolUser, Reason, Route, RoutePreference,
    Routing, Severity, SocialAccount, UserMapping, hash_import, map_user, route_user,
};

use crate::control::{RunControl, Stop};
use crate::final_state::FinalState;
use crate::import_error::ImportError;
use crate::journal::{Header, Journal, KeyKind, PlannedUser, PoolUserRow};
use crate::keep_for_first_login::KeepForFirstLogin;
use crate::legacy_patience::LegacyPatience;
use crate::plan::PlannedGroup;
use crate::progress::Phase;
use crate::reviewed_plan::PlannedPolicy;
use crate::shard::Shard;
use crate::text_key::{Folding, text_key};

/// Legacy users read, and written to the journal, at a time.
const PAGE: usize = 2_000;
/// Users of the pool written to the journal at a time.
const POOL_BATCH: usize = 3_000;

/// Everything a plan is made from.
pub(crate) struct Planner<'a> {
    pub(crate) legacy: &'a LegacyDatabase,
    pub(crate) pool: &'a UserPool,
    pub(crate) description: &'a PoolDescription,
    pub(crate) mapping: &'a UserMapping,
    pub(crate) identities: &'a IdentityProviders,
    pub(crate) policy: PlanPolicy,
    pub(crate) legacy_id_attribute: Option<&'a str>,
    pub(crate) control: &'a RunControl,
    folding: Folding,
    verifier: Verifier,
}

/// What an operator decided about the import as a whole.
#[derive(Clone, Debug)]
pub(crate) struct PlanPolicy {
    pub(crate) routes: ImportPolicy,
    /// Whom to leave for first login although the import of such users is approved.
    pub(crate) keep: Vec<KeepForFirstLogin>,
    /// The moment from which the conditions count back.
    pub(crate) as_of: DateTime<Utc>,
    /// Whom to import, of those who may be imported.
    pub(crate) shard: Option<Shard>,
    pub(crate) final_state: FinalState,
}

impl PlanPolicy {
    fn keeps(&self, user: &LegacyUser) -> bool {
        self.keep.iter().any(|keep| keep.keeps(user, self.as_of))
    }

    /// The policy as the journal records it. A resumed run with another one is planned anew.
    pub(crate) fn recorded(&self) -> String {
        let keep = self.keep.iter().map(|keep| format!(" keep {keep}"));
        format!("{:?}{}", self.routes, keep.collect::<String>())
    }

    /// The policy as plans show it.
    pub(crate) fn planned(&self) -> PlannedPolicy {
        let inactive = match self.routes.inactive {
            InactiveUsers::Disabled => "disabled",
            InactiveUsers::Hold => "hold",
        };
        PlannedPolicy {
            approve_password_reset: self.routes.approve_password_reset,
            inactive_users: inactive.to_owned(),
            keep_for_first_login: self.keep.clone(),
            as_of: self.as_of,
            final_state: self.final_state,
        }
    }
}

/// Whether the plan was finished.
#[derive(Debug)]
pub(crate) enum Planned {
    /// With what an operator should know of the legacy users as a whole.
    Complete(Vec<Finding>),
    /// Somebody asked to stop; the next start plans anew.
    Stopped,
}

/// What is gathered while the legacy users go by.
#[derive(Default)]
struct Gathered {
    /// Groups that users to be created are in, with their descriptions.
    groups: BTreeMap<String, String>,
    /// Accounts of users to be created at providers that nobody mapped.
    unmapped_accounts: BTreeMap<String, u64>,
    /// Users whom an import job can take, by algorithm.
    importable: BTreeMap<&'static str, u64>,
    /// Users whom none can, by reason.
    not_importable: BTreeMap<Reason, u64>,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(
        legacy: &'a LegacyDatabase,
        pool: &'a UserPool,
        description: &'a PoolDescription,
        config: &'a Config,
        mapping: &'a UserMapping,
        policy: PlanPolicy,
        control: &'a RunControl,
    ) -> Planner<'a> {
        let id_column = config.legacy.columns.resolve("id");
        Planner {
            legacy,
            pool,
            description,
            mapping,
            identities: &config.identities,
            policy,
            legacy_id_attribute: mapping.attributes.legacy_id_attribute(id_column),
            control,
            folding: Folding::of_pool(description.case_sensitive),
            verifier: Verifier::new(config.hashers.clone(), Limits::default()),
        }
    }

    /// Plans into the journal. On return the header says whether the plan is complete.
    pub(crate) async fn plan(
        &self,
        journal: &mut Journal,
        header: &mut Header,
    ) -> Result<Planned, ImportError> {
        // Rows change from here on: a plan that does not get to its end must not count.
        header.generation += 1;
        header.plan_complete = false;
        header.finished = false;
        journal.set_header(header).await?;
        let started = Instant::now();
        if !self.read_pool(journal).await? {
            return Ok(Planned::Stopped);
        }
        let Some(gathered) = self.read_legacy(journal, header).await? else {
            return Ok(Planned::Stopped);
        };
        header.plan_complete = true;
        let groups = gathered.groups.into_iter();
        let groups: Vec<_> = groups.map(|(name, text)| self.group(name, text)).collect();
        let emails_are_aliases = self.mapping.sign_in == PoolSignIn::UsernameOrEmail;
        journal
            .complete_plan(header, &groups, emails_are_aliases, self.otherwise())
            .await?;
        tracing::info!(seconds = started.elapsed().as_secs(), "planned");
        let mut findings = findings(gathered.unmapped_accounts);
        findings.extend(by_hash(&gathered.importable, &gathered.not_importable));
        Ok(Planned::Complete(findings))
    }

    /// The way of somebody whom no import job can take after all; all of them may still sign in.
    fn otherwise(&self) -> Routing {
        let policy = self.policy.routes;
        let (route, reason) = match policy.approve_password_reset && self.policy.keep.is_empty() {
            true if policy.routes.allows(Route::AdminCreate) => (Route::AdminCreate, None),
            true => (Route::Hold, Some(Reason::NoVerifiedContact)),
            false => (Route::FirstLogin, Some(Reason::MayStillSignIn)),
        };
        Routing { route, reason }
    }

    fn group(&self, name: String, description: String) -> PlannedGroup {
        PlannedGroup {
            precedence: self.mapping.groups.precedence.get(&name).copied(),
            name,
            description,
        }
    }

    /// False when somebody asked to stop. ListUsers, not AdminGetUser: reading must not make anybody billable.
    async fn read_pool(&self, journal: &mut Journal) -> Result<bool, ImportError> {
        let total = self.description.estimated_users;
        self.control.show(|progress| {
            (progress.phase, progress.done, progress.total) = (Phase::ReadingPool, 0, total);
        });
        journal.begin_pool_users().await?;
        let pages = self.pool.list_users();
        pin_mut!(pages);
        let mut rows = Vec::new();
        while let Some(page) = pages.try_next().await? {
            if self.control.stopping() != Stop::No {
                return Ok(false);
            }
            let read = u64::try_from(page.len()).unwrap_or(0);
            rows.extend(page.iter().filter_map(|user| self.pool_user_row(user)));
            if rows.len() >= POOL_BATCH {
                journal.add_pool_users(&rows).await?;
                rows.clear();
            }
            self.control.show(|progress| progress.done += read);
        }
        journal.add_pool_users(&rows).await?;
        Ok(true)
    }

    fn pool_user_row(&self, user: &UserRecord) -> Option<PoolUserRow> {
        // Federated users have names of their own kind and hold no alias.
        if user.status == UserStatus::ExternalProvider {
            return None;
        }
        let attribute = |name: &str| user.attributes.get(name).filter(|value| !value.is_empty());
        let email = attribute("email");
        let verified = attribute("email_verified").is_some_and(|value| value == "true");
        let name = match self.mapping.sign_in {
            PoolSignIn::Email => email.unwrap_or(&user.username),
            PoolSignIn::Username | PoolSignIn::UsernameOrEmail => &user.username,
        };
        Some(PoolUserRow {
            name_key: self.folding.key(name),
            email_key: email
                .filter(|_| verified)
                .map(|email| self.folding.key(email)),
            id_key: self
                .legacy_id_attribute
                .and_then(attribute)
                .map(|id| text_key(id)),
            sub: user.sub().map(str::to_owned),
            username: user.username.clone(),
        })
    }

    /// `None` when somebody asked to stop.
    async fn read_legacy(
        &self,
        journal: &mut Journal,
        header: &mut Header,
    ) -> Result<Option<Gathered>, ImportError> {
        let mut patience = LegacyPatience::new(self.pool.patience(), self.control);
        let Some(total) = patience.repeat(|| self.legacy.count_users()).await? else {
            return Ok(None);
        };
        self.control.show(|progress| {
            (progress.phase, progress.done, progress.total) = (Phase::Planning, 0, total);
        });
        let mut gathered = Gathered::default();
        let mut after = None;
        loop {
            // The stream ends at its first error; a new one goes on after the last user.
            let pages = self.legacy.users(after.clone(), PAGE).chunks(PAGE);
            pin_mut!(pages);
            let mut failure = None;
            while let Some(page) = pages.next().await {
                if self.control.stopping() != Stop::No {
                    return Ok(None);
                }
                let mut users = Vec::with_capacity(page.len());
                for user in page {
                    match user {
                        Ok(user) => users.push(user),
                        Err(error) => failure = Some(error),
                    }
                }
                let Some(accounts) = self.social_accounts(&users, &mut patience).await? else {
                    return Ok(None);
                };
                let mut rows = Vec::with_capacity(users.len());
                for user in users {
                    let accounts = accounts.get(&user.id).map_or(&[][..], Vec::as_slice);
                    rows.push(self.plan_user(&user, accounts, &mut gathered));
                    header.key_kind = KeyKind::of(&user.id);
                    after = Some(user.id);
                }
                journal.plan_users(&rows, header.generation).await?;
                let read = u64::try_from(rows.len()).unwrap_or(0);
                self.control.show(|progress| progress.done += read);
            }
            match failure {
                None => return Ok(Some(gathered)),
                Some(error) => {
                    if !patience.wait_after(error).await? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The accounts of a page of users at other sign-in services, if any are to be linked; `None`
    /// when somebody asked to stop.
    async fn social_accounts(
        &self,
        users: &[LegacyUser],
        patience: &mut LegacyPatience<'_>,
    ) -> Result<Option<HashMap<LegacyId, Vec<SocialAccount>>>, ImportError> {
        if !self.identities.are_carried() {
            return Ok(Some(HashMap::new()));
        }
        let ids: Vec<LegacyId> = users.iter().map(|user| user.id.clone()).collect();
        patience.repeat(|| self.legacy.social_accounts(&ids)).await
    }

    fn add_groups(
        &self,
        user: &LegacyUser,
        target: &PoolUser,
        groups: &mut BTreeMap<String, String>,
    ) {
        for group in &target.groups {
            if groups.contains_key(group) {
                continue;
            }
            let is_named =
                |name: &&String| self.mapping.groups.cognito_name(name).as_ref() == Some(group);
            let description = match user.groups.iter().find(is_named) {
                Some(name) => format!("Django group {name}"),
                None => "Django staff or superusers".to_owned(),
            };
            groups.insert(group.clone(), description);
        }
    }

    /// The algorithm of the import job that can take the user, or why none can.
    fn hash_import(&self, user: &LegacyUser, target: &PoolUser) -> Result<&'static str, Reason> {
        let forms = match self.pool.address().is_loopback() {
            true => HashForms::ALL,
            false => HashForms::default(),
        };
        let hash = self.verifier.cognito_import(&user.encoded_password);
        let contacts = &self.description.auto_verified;
        let hash = hash_import(target, hash, contacts, forms)?;
        Ok(hash.algorithm().as_str())
    }

    fn plan_user(
        &self,
        user: &LegacyUser,
        accounts: &[SocialAccount],
        gathered: &mut Gathered,
    ) -> PlannedUser {
        let (target, faults) = map_user(user, self.mapping);
        let (identities, unmapped) = self.identities.identities_of(accounts);
        let hash = self.verifier.inspect(&user.encoded_password).state;
        let by_job = self.hash_import(user, &target);
        let verdict = match &by_job {
            Ok(_) => Ok(()),
            Err(reason) => Err(*reason),
        };
        let route =
            |collisions, policy| route_user(user, &hash, verdict, &faults, collisions, policy);
        let everywhere = Collisions {
            username: true,
            verified_email: true,
        };
        let collided = route(everywhere, self.policy.routes);
        let cautious = ImportPolicy {
            approve_password_reset: false,
            routes: RoutePreference::DEFAULT,
            ..self.policy.routes
        };
        let may_sign_in = route(Collisions::default(), cautious).route == Route::FirstLogin;
        let mut routing = route(Collisions::default(), self.policy.routes);
        if routing.route == Route::AdminCreate && may_sign_in && self.policy.keeps(user) {
            routing.route = Route::FirstLogin;
            routing.reason = Some(Reason::MayStillSignIn);
        }
        let is_created =
            |routing: &Routing| matches!(routing.route, Route::AdminCreate | Route::HashImport);
        if is_created(&routing)
            && let Some((attribute, reason)) = self.description.schema_fault(&target)
        {
            tracing::debug!(attribute, %reason, "a user does not fit the pool's schema");
            routing.route = Route::Hold;
            routing.reason = Some(reason);
        }
        let fault = match identities.len() > MAX_IDENTITIES {
            true => Some(Reason::IdentitiesTooMany),
            // They have a password, so there is nothing to send them.
            false if routing.route == Route::HashImport => None,
            false => self.policy.final_state.fault(&target, self.description),
        };
        if let (true, Some(reason)) = (is_created(&routing), fault) {
            routing.route = Route::Hold;
            routing.reason = Some(reason);
        }
        let legacy_id = user.id.to_string();
        let mine = self
            .policy
            .shard
            .is_none_or(|shard| shard.holds(&legacy_id));
        if mine && self.policy.routes.routes.allows(Route::HashImport) {
            match by_job {
                Ok(algorithm) => *gathered.importable.entry(algorithm).or_default() += 1,
                Err(reason) => *gathered.not_importable.entry(reason).or_default() += 1,
            }
        }
        if is_created(&routing) && mine {
            self.add_groups(user, &target, &mut gathered.groups);
            for account in unmapped {
                let providers = &mut gathered.unmapped_accounts;
                *providers.entry(account.provider.clone()).or_default() += 1;
            }
        }
        let name = Some(&target.username).filter(|name| !name.is_empty());
        let id = self
            .legacy_id_attribute
            .and_then(|name| target.attributes.get(name));
        let verified = target
            .attributes
            .get("email_verified")
            .is_some_and(|v| v == "true");
        PlannedUser {
            legacy_id,
            mine,
            route: routing.route.code(),
            reason: routing.reason.map(Reason::code),
            group_count: target.groups.len(),
            identity_count: identities.len(),
            enabled: target.enabled,
            has_contact: target.has_verified_contact(),
            may_sign_in,
            collidable: collided.reason == Some(Reason::LoginCollision),
            name_key: name.map(|name| self.folding.key(name)),
            email_key: user.email.as_deref().map(|email| self.folding.key(email)),
            verified,
            id_key: id.map(|id| text_key(id)),
            username: target.username,
        }
    }
}

/// Whom import jobs can take with their hash, and why not the others.
fn by_hash(
    importable: &BTreeMap<&'static str, u64>,
    not_importable: &BTreeMap<Reason, u64>,
) -> Option<Finding> {
    if importable.is_empty() && not_importable.is_empty() {
        return None;
    }
    let list = |counts: Vec<String>| match counts.is_empty() {
        true => "none".to_owned(),
        false => counts.join(", "),
    };
    let can = importable
        .iter()
        .map(|(name, users)| format!("{users} {name}"));
    let cannot = not_importable.iter();
    let cannot = cannot.map(|(reason, users)| format!("{users} {reason}"));
    Some(Finding {
        severity: Severity::Note,
        code: "hash-import",
        subject: "[import] routes".to_owned(),
        message: format!(
            "Import jobs can take users with their hash: {}. They cannot take: {}. SRP is \
             impossible for who comes so until their first sign-in by USER_PASSWORD_AUTH.",
            list(can.collect()),
            list(cannot.collect()),
        ),
        next_step: "Let the app sign in by USER_PASSWORD_AUTH until everybody has come once."
            .to_owned(),
    })
}

/// What users to be created leave behind.
fn findings(unmapped_accounts: BTreeMap<String, u64>) -> Vec<Finding> {
    let finding = |(provider, accounts): (String, u64)| Finding {
        severity: Severity::Warning,
        code: "identity-provider-not-mapped",
        subject: "[identities] allauth".to_owned(),
        message: format!(
            "{accounts} accounts at `{provider}` are not linked: no provider of the pool is named \
             for it."
        ),
        next_step: format!("Add {provider} = \"NAME OF THE POOL'S IDENTITY PROVIDER\", if wanted."),
    };
    unmapped_accounts.into_iter().map(finding).collect()
}
