//! The first phase: every legacy user gets a route with a reason, before anything is written to
//! the pool. Reads the pool's users and the legacy users, each once, as streams; what compares
//! users with each other happens in the journal. Called by an import and by a dry run alike.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use chrono::{DateTime, Utc};
use cognito_user_pool::{PoolDescription, UserPool, UserRecord, UserStatus};
use futures::future::try_join_all;
use futures::{StreamExt, TryStreamExt, pin_mut};
use legacy_users::LegacyDatabase;
use migration_claims::Claims;
use migration_model::{
    Config, Finding, IdentityProviders, ImportPolicy, InactiveUsers, LegacyId, LegacyUser,
    PoolSignIn, PoolUser, Reason, Route, RoutePreference, Routing, Severity, SocialAccount,
    UserMapping,
};

use crate::control::{RunControl, Stop};
use crate::decider::{Decided, Decider};
use crate::final_state::FinalState;
use crate::import_error::ImportError;
use crate::journal::{Header, Journal, KeyKind, Lesson, PlannedUser, PoolUserRow};
use crate::keep_for_first_login::KeepForFirstLogin;
use crate::legacy_patience::LegacyPatience;
use crate::plan::PlannedGroup;
use crate::progress::Phase;
use crate::reviewed_plan::PlannedPolicy;
use crate::shard::Shard;
use crate::text_key::text_key;

/// Claims asked for at a time.
const CLAIMS_AT_ONCE: usize = 32;
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
    pub(crate) decider: &'a Decider<'a>,
    /// Whether the legacy id attribute proves who a pool user is: no app client can write it.
    pub(crate) ids_are_proof: bool,
    /// Whom the trigger brought.
    pub(crate) claims: Option<&'a Claims>,
    pub(crate) control: &'a RunControl,
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
    /// What the configuration alone says, where nobody runs an import.
    pub(crate) fn of_no_run(config: &Config, routes: RoutePreference) -> PlanPolicy {
        PlanPolicy {
            routes: ImportPolicy {
                approve_password_reset: false,
                inactive: config.import.inactive,
                routes,
                weak_password: config.trigger.weak_password,
                asks_elsewhere: config.trigger.external.is_some(),
            },
            keep: Vec::new(),
            as_of: Utc::now(),
            shard: None,
            final_state: FinalState::default(),
        }
    }

    pub(crate) fn keeps(&self, user: &LegacyUser) -> bool {
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
    /// Users to be created without a value that Cognito does not take, by attribute.
    dropped: BTreeMap<String, u64>,
}

impl Planner<'_> {
    /// Plans into the journal. On return the header says whether the plan is complete.
    pub(crate) async fn plan(
        &self,
        journal: &mut Journal,
        header: &mut Header,
        lesson: Option<Lesson>,
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
        if let Some(lesson) = &lesson {
            self.look_again(journal, &lesson.settled).await?;
        }
        let Some(gathered) = self.read_legacy(journal, header).await? else {
            return Ok(Planned::Stopped);
        };
        self.look_for_linked(journal).await?;
        header.plan_complete = true;
        let groups = gathered.groups.into_iter();
        let groups: Vec<_> = groups.map(|(name, text)| self.group(name, text)).collect();
        let emails_are_aliases = self.mapping.sign_in == PoolSignIn::UsernameOrEmail;
        journal
            .complete_plan(
                header,
                &groups,
                emails_are_aliases,
                self.otherwise(),
                lesson.as_ref(),
            )
            .await?;
        tracing::info!(seconds = started.elapsed().as_secs(), "planned");
        let mut findings = findings(gathered.unmapped_accounts);
        findings.extend(gathered.dropped.into_iter().map(dropped));
        findings.extend(by_hash(&gathered.importable, &gathered.not_importable));
        Ok(Planned::Complete(findings))
    }

    /// The way of somebody whom no import job can take after all; all of them may still sign in.
    fn otherwise(&self) -> Routing {
        let policy = self.decider.policy.routes;
        let (route, reason) =
            match policy.approve_password_reset && self.decider.policy.keep.is_empty() {
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

    /// Asks for those one by one who were created a moment ago and are not listed: ListUsers is
    /// eventually consistent. Whoever is not there is billed for nothing.
    async fn look_again(&self, journal: &mut Journal, settled: &str) -> Result<(), ImportError> {
        let mut there = Vec::new();
        for (username, sub) in journal.unlisted(settled).await? {
            let record = self.pool.admin_get_user(&username).await?;
            let same = record.filter(|record| record.sub() == Some(sub.as_str()));
            there.extend(same.and_then(|record| self.pool_user_row(&record)));
        }
        Ok(journal.add_pool_users(&there).await?)
    }

    fn pool_user_row(&self, user: &UserRecord) -> Option<PoolUserRow> {
        // Federated users have names of their own kind and hold no alias.
        if user.status == UserStatus::ExternalProvider {
            return None;
        }
        let folding = self.decider.folding;
        let attribute = |name: &str| user.attributes.get(name).filter(|value| !value.is_empty());
        let email = attribute("email");
        let verified = attribute("email_verified").is_some_and(|value| value == "true");
        let name = match self.mapping.sign_in {
            PoolSignIn::Email => email.unwrap_or(&user.username),
            PoolSignIn::Username | PoolSignIn::UsernameOrEmail => &user.username,
        };
        Some(PoolUserRow {
            name_key: folding.key(name),
            email_key: email.filter(|_| verified).map(|email| folding.key(email)),
            id_key: self
                .decider
                .legacy_id_attribute
                .filter(|_| self.ids_are_proof)
                .and_then(attribute)
                .map(|id| text_key(id)),
            sub: user.sub().map(str::to_owned),
            username: user.username.clone(),
            is_between: user.status == UserStatus::ForceChangePassword && user.is_unmodified(),
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
                let ids: Vec<LegacyId> = users.iter().map(|user| user.id.clone()).collect();
                let Some(links) = patience.repeat(|| self.legacy.links(&ids)).await? else {
                    return Ok(None);
                };
                let links = links.into_iter().map(|(id, sub)| (id.to_string(), sub));
                journal.add_links(&links.collect::<Vec<_>>()).await?;
                let claimed = self.claimed(journal, &ids).await?;
                journal.add_links(&claimed).await?;
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

    /// Whom the trigger brought, as its claims have it: also those who are gone from the pool again
    /// before anything but the trigger saw them.
    async fn claimed(
        &self,
        journal: &mut Journal,
        ids: &[LegacyId],
    ) -> Result<Vec<(String, String)>, ImportError> {
        let Some(claims) = self.claims else {
            return Ok(Vec::new());
        };
        // The ledger goes before the claims, and each of these costs a request.
        let ids: Vec<String> = ids.iter().map(LegacyId::to_string).collect();
        let ids = journal.unknown_to_ledger(&ids).await?;
        let pool = self.pool.address().user_pool_id();
        let mut claimed = Vec::new();
        for some in ids.chunks(CLAIMS_AT_ONCE) {
            let asked = some.iter().map(|id| async move {
                let claim = claims.seen(pool, id).await?;
                let sub = claim.and_then(|claim| claim.sub);
                Ok::<_, ImportError>(sub.map(|sub| (id.clone(), sub)))
            });
            claimed.extend(try_join_all(asked).await?.into_iter().flatten());
        }
        Ok(claimed)
    }

    /// Asks for those one by one who are linked or claimed and were not listed: they may have come
    /// since.
    async fn look_for_linked(&self, journal: &mut Journal) -> Result<(), ImportError> {
        let mut there = Vec::new();
        for sub in journal.unlisted_links().await? {
            let record = self.pool.find_user_by_sub(&sub).await?;
            there.extend(record.and_then(|record| self.pool_user_row(&record)));
        }
        Ok(journal.add_pool_users(&there).await?)
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

    fn plan_user(
        &self,
        user: &LegacyUser,
        accounts: &[SocialAccount],
        gathered: &mut Gathered,
    ) -> PlannedUser {
        let decided = self.decider.decide(user, accounts);
        let legacy_id = user.id.to_string();
        let shard = self.decider.policy.shard;
        let mine = shard.is_none_or(|shard| shard.holds(&legacy_id));
        if mine && self.decider.policy.routes.routes.allows(Route::HashImport) {
            match &decided.hash_import {
                Ok(hash) => {
                    let algorithm = hash.algorithm().as_str();
                    *gathered.importable.entry(algorithm).or_default() += 1;
                }
                Err(reason) => *gathered.not_importable.entry(*reason).or_default() += 1,
            }
        }
        let is_created = matches!(
            decided.routing.route,
            Route::AdminCreate | Route::HashImport
        );
        if is_created && mine {
            self.add_groups(user, &decided.target, &mut gathered.groups);
            for attribute in &decided.dropped {
                *gathered.dropped.entry(attribute.clone()).or_default() += 1;
            }
            for account in &decided.unmapped {
                let providers = &mut gathered.unmapped_accounts;
                *providers.entry(account.provider.clone()).or_default() += 1;
            }
        }
        PlannedUser {
            content_key: content_key(&legacy_id, &decided),
            legacy_id,
            mine,
            route: decided.routing.route.code(),
            reason: decided.routing.reason.map(Reason::code),
            group_count: decided.target.groups.len(),
            identity_count: decided.identities.len(),
            enabled: decided.target.enabled,
            has_contact: decided.target.has_verified_contact(),
            may_sign_in: decided.may_sign_in,
            collidable: decided.collidable,
            name_key: decided.keys.name,
            email_key: decided.keys.email,
            verified: decided.keys.verified,
            id_key: decided.keys.id,
            username: decided.target.username,
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

/// What a reviewed plan binds of a user: who they are and what they would get, by name.
pub(crate) fn content_key(legacy_id: &str, decided: &Decided<'_>) -> i64 {
    let target = &decided.target;
    let attributes: Vec<&String> = target.attributes.keys().collect();
    let providers: Vec<&String> = decided.identities.iter().map(|one| &one.provider).collect();
    let parts = (
        legacy_id,
        &target.username,
        target.enabled,
        &target.groups,
        attributes,
        providers,
        decided.routing.route == Route::HashImport,
    );
    text_key(&serde_json::to_string(&parts).expect("names are text"))
}

/// What users to be created leave behind.
fn dropped((attribute, users): (String, u64)) -> Finding {
    Finding {
        severity: Severity::Warning,
        code: Reason::AttributeInvalid.code(),
        subject: format!("[attributes] {attribute}"),
        message: format!(
            "{users} users are created without it: Cognito does not take their value."
        ),
        next_step: "Correct the column in Django, or set on_invalid = \"hold\" to leave them out."
            .to_owned(),
    }
}

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
