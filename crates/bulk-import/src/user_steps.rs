//! What is done to one user, so that a crash between any two instructions can be resumed, and so that
//! nobody is left without a way in:
//!
//! 1. the intent goes to disk;
//! 2. AdminCreateUser, without any message; that the user is ours goes to journal and ledger;
//! 3. AdminDisableUser, if Django calls them inactive: nobody inactive is let in meanwhile;
//! 4. AdminSetUserPassword, if the run's final state asks for it: permanent and random, so that
//!    forgot-password works from here on; or temporary, one that is on disk, encrypted, already.
//!    Where it is refused, the user is deleted again: without the pool user the trigger lets them in;
//! 5. AdminAddUserToGroup for each group, AdminLinkProviderForUser for each social identity.
//!
//! Steps 3 and 5 may be repeated at will. Steps 2 and 4 are not repeated blindly: when an answer
//! is lost the pool is asked what is so. Whoever is taken up again after a crash is looked at first:
//! a name may have become another person's since, and the `sub` tells. Called by `apply` for each
//! user.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use cognito_user_pool::{
    Attempts, Creation, Disposition, Effect, PoolError, PoolFault, UserRecord, UserStatus,
    WritableUserPool,
};
use migration_model::{PoolIdentity, PoolUser, Reason, Route};

use crate::control::RunControl;
use crate::final_state::FinalState;
use crate::journal::{Entry, PendingUser, State, WriterGone, WriterHandle};
use crate::ledger::{Base, BaseKey, NewPerson};
use crate::outcome::Outcome;
use crate::proof::{Expected, Holder, Proof, holder};
use crate::random_password::random_password;
use crate::temporary_passwords::TemporaryPasswords;

/// A user to be dealt with.
pub(crate) struct Work {
    pub(crate) pending: PendingUser,
    pub(crate) target: PoolUser,
    pub(crate) identities: Vec<PoolIdentity>,
}

/// What all users of a run share.
pub(crate) struct UserSteps {
    pub(crate) pool: WritableUserPool,
    pub(crate) journal: WriterHandle,
    pub(crate) control: RunControl,
    pub(crate) final_state: FinalState,
    /// Whether AdminCreateUser without a temporary password makes a user without any.
    pub(crate) takes_users_without_password: bool,
    pub(crate) temporary_passwords: TemporaryPasswords,
    pub(crate) minimum_password_length: usize,
    pub(crate) legacy_id_attribute: Option<String>,
    /// Whether that attribute proves who a pool user is.
    pub(crate) ids_are_proof: bool,
    pub(crate) run: String,
    pub(crate) base_key: BaseKey,
    /// Precedence of groups that are made when somebody first needs them.
    pub(crate) group_precedence: BTreeMap<String, i32>,
}

/// Answers of Cognito's own failure to one call after which it is asked whether it is well otherwise.
const FAILURES_OF_ONE: u32 = 8;

/// How dealing with a user ended.
#[derive(Debug)]
pub(crate) enum UserEnd {
    /// The user has an outcome, which is in the journal or on its way there. For a failure, what
    /// failed.
    Settled(Outcome, Option<String>),
    /// Left as they are for the next run.
    Left,
    /// The whole run cannot go on.
    Halt(PoolError),
    /// The journal cannot be written.
    JournalGone,
}

impl From<WriterGone> for UserEnd {
    fn from(WriterGone: WriterGone) -> Self {
        UserEnd::JournalGone
    }
}

/// A user who is provably ours.
struct Ours {
    /// The name by which the pool knows them.
    username: String,
    /// Their `sub`, unless it is in the journal already.
    sub: Option<String>,
    /// Whether AdminSetUserPassword may have been sent before: then the pool is asked first.
    password_may_be_set: bool,
    /// Whether this very start created them: nobody can have used them yet.
    is_new: bool,
    /// Whether they may as well have come by themselves. What Django says of them is done all the
    /// same, and nothing else.
    perhaps_not: bool,
}

/// A step that may be repeated at will.
#[derive(Clone, Copy)]
enum Repeatable<'a> {
    Disable,
    AddToGroup(&'a str),
    Link(&'a PoolIdentity),
}

impl UserSteps {
    /// Deals with one user.
    pub(crate) async fn run(&self, work: &Work) -> UserEnd {
        match self.steps(work).await {
            Ok(end) | Err(end) => end,
        }
    }

    async fn steps(&self, work: &Work) -> Result<UserEnd, UserEnd> {
        let ours = match work.pending.state {
            State::Created => self.ours_still(work).await?,
            State::Planned | State::Creating(_) => self.create(work).await?,
        };
        if !work.target.enabled {
            self.repeat(work, Repeatable::Disable, &ours).await?;
        }
        if self.final_state.sets_password() && !ours.perhaps_not {
            self.set_password(work, &ours).await?;
        }
        for group in &work.target.groups {
            self.repeat(work, Repeatable::AddToGroup(group), &ours)
                .await?;
        }
        for identity in &work.identities {
            self.repeat(work, Repeatable::Link(identity), &ours).await?;
        }
        if ours.perhaps_not {
            let (outcome, reason) = (Outcome::AlreadyInPool, Reason::AlreadyInPool);
            return self.settle(work, outcome, reason, None, ours.sub).await;
        }
        let reason = (!work.target.has_verified_contact()).then_some(Reason::NoVerifiedContact);
        self.journal
            .note(Entry::Done {
                position: work.pending.position,
                reason,
                at: self.pool.server_time(),
            })
            .await?;
        Ok(UserEnd::Settled(Outcome::Created, None))
    }

    /// A user whom an earlier start created, if the pool still has that very user.
    async fn ours_still(&self, work: &Work) -> Result<Ours, UserEnd> {
        let username = work.pending.pool_username.clone().unwrap_or_default();
        let record = self.look_up(work, &username, true).await?;
        let ours = work.pending.sub.as_deref();
        let same = record.filter(|record| ours.is_none() || record.sub() == ours);
        match same {
            Some(record) => Ok(Ours {
                sub: record.sub().map(str::to_owned),
                username,
                password_may_be_set: record.status != UserStatus::ForceChangePassword,
                is_new: false,
                perhaps_not: false,
            }),
            None => {
                let (outcome, reason) = (Outcome::Held, Reason::DeletedInPool);
                Err(self.settle_ours(work, outcome, reason, None, None).await?)
            }
        }
    }

    /// Steps 1 and 2.
    async fn create(&self, work: &Work) -> Result<Ours, UserEnd> {
        let pending = &work.pending;
        let mut unanswered_since = match pending.state {
            State::Creating(since) => Some(since),
            _ => None,
        };
        if pending.route != Route::AdminCreate {
            // Planned anew meanwhile: nobody is created any more, but it must be known whether
            // somebody was.
            return self.settle_former_intent(work, unanswered_since).await;
        }
        let intent_at = self.pool.server_time();
        if unanswered_since.is_none() {
            let entry = Entry::Intent {
                position: pending.position,
                at: intent_at,
            };
            self.journal.commit(entry).await?;
        }
        let mut attempts = self.attempts();
        loop {
            let error = match self.admin_create_user(work).await {
                Ok(record) => return self.record_ours(work, record, Proof::Response).await,
                Err(error) => error,
            };
            if error.effect() == Effect::Unknown {
                unanswered_since.get_or_insert(intent_at);
            }
            match error.disposition() {
                // Whoever may have been created is begun, and is found out about before the end.
                Disposition::Retry => {
                    let begun = unanswered_since.is_some();
                    self.pause(work, &mut attempts, error, begun, None).await?;
                }
                Disposition::Halt => return Err(UserEnd::Halt(error)),
                Disposition::Already => {
                    return self.settle_existing(work, unanswered_since, &error).await;
                }
                Disposition::FailUser(Reason::AliasTaken) if unanswered_since.is_some() => {
                    return self.settle_existing(work, unanswered_since, &error).await;
                }
                Disposition::FailUser(reason) => {
                    return Err(self.fail(work, false, reason, &error).await?);
                }
            }
        }
    }

    async fn admin_create_user(&self, work: &Work) -> Result<UserRecord, PoolError> {
        // Somebody without a password would be CONFIRMED at once, and not to be told from somebody
        // who came by signing in.
        let needs_one =
            self.takes_users_without_password && self.final_state != FinalState::Passwordless;
        let temporary = needs_one.then(|| random_password(self.minimum_password_length));
        let creation = Creation {
            temporary_password: temporary.as_ref().map(|password| password.expose()),
            // Somebody who may not sign in is not invited to.
            invite: self.final_state == FinalState::Invite && work.target.enabled,
        };
        let (username, attributes) = (&work.pending.username, &work.target.attributes);
        self.pool
            .admin_create_user_as(username, attributes, creation)
            .await
    }

    /// The pool has a user of this name, or one with this address: whose is it?
    async fn settle_existing(
        &self,
        work: &Work,
        unanswered_since: Option<chrono::DateTime<chrono::Utc>>,
        error: &PoolError,
    ) -> Result<Ours, UserEnd> {
        let Some(record) = self.look_up(work, &work.pending.username, false).await? else {
            // The name is free, so it was the address: Cognito reports both alike.
            return Err(self.fail(work, false, Reason::AliasTaken, error).await?);
        };
        match self.whose(work, &record, unanswered_since) {
            Holder::Ours => self.record_ours(work, record, Proof::Found).await,
            // Created by a call whose answer was lost, or by signing in at that moment: without a
            // password both look alike. There is none to lose, but the rest must be seen to.
            Holder::SamePerson
                if self.final_state == FinalState::Passwordless
                    && unanswered_since.is_some()
                    && self.is_proven(work, &record) =>
            {
                Ok(Ours {
                    sub: record.sub().map(str::to_owned),
                    username: record.username,
                    password_may_be_set: true,
                    is_new: false,
                    perhaps_not: true,
                })
            }
            Holder::SamePerson => Err(self.settle_same_name(work, &record).await?),
            Holder::SomebodyElse => Err(self
                .settle(work, Outcome::Held, Reason::UsernameTaken, None, None)
                .await?),
            Holder::Unclear => Err(self.fail(work, false, Reason::Unconfirmed, error).await?),
        }
    }

    /// The pool has a user of this name whom this run did not create: the person, if that is proven.
    async fn settle_same_name(&self, work: &Work, record: &UserRecord) -> Result<UserEnd, UserEnd> {
        if !self.is_proven(work, record) {
            let reason = Reason::NameTakenByStranger;
            return self.settle(work, Outcome::Held, reason, None, None).await;
        }
        let sub = record.sub().map(str::to_owned);
        let (outcome, reason) = (Outcome::AlreadyInPool, Reason::AlreadyInPool);
        self.settle(work, outcome, reason, None, sub).await
    }

    /// Whether a user bears the legacy id where only we can have written it.
    fn is_proven(&self, work: &Work, record: &UserRecord) -> bool {
        let name = self.legacy_id_attribute.as_deref();
        let borne = name.and_then(|name| record.attributes.get(name));
        let own = name.and_then(|name| work.target.attributes.get(name));
        self.ids_are_proof && borne.is_some() && borne == own
    }

    /// An intent of an earlier plan, for a user who is not to be created any more.
    async fn settle_former_intent(
        &self,
        work: &Work,
        unanswered_since: Option<chrono::DateTime<chrono::Utc>>,
    ) -> Result<Ours, UserEnd> {
        if let Some(record) = self.look_up(work, &work.pending.username, false).await? {
            match self.whose(work, &record, unanswered_since) {
                Holder::Ours => return self.record_ours(work, record, Proof::Found).await,
                Holder::SamePerson => return Err(self.settle_same_name(work, &record).await?),
                Holder::SomebodyElse | Holder::Unclear => {}
            }
        }
        let reason = work.pending.reason.unwrap_or(Reason::MayStillSignIn);
        Err(self.settle(work, Outcome::Held, reason, None, None).await?)
    }

    fn whose(
        &self,
        work: &Work,
        record: &UserRecord,
        unanswered_since: Option<chrono::DateTime<chrono::Utc>>,
    ) -> Holder {
        let legacy_id = self.legacy_id_attribute.as_deref().and_then(|name| {
            work.target
                .attributes
                .get(name)
                .map(|value| (name, value.as_str()))
        });
        let now = self.pool.server_time();
        holder(
            record,
            Expected {
                legacy_id,
                unanswered_since,
                now,
            },
        )
    }

    async fn record_ours(
        &self,
        work: &Work,
        record: UserRecord,
        proof: Proof,
    ) -> Result<Ours, UserEnd> {
        let sub = record.sub().map(str::to_owned);
        let person = sub.clone().map(|sub| NewPerson {
            legacy_id: work.pending.legacy_id.to_string(),
            sub,
            pool_username: record.username.clone(),
            how: proof.how(),
            run: Some(self.run.clone()),
            since: text(self.pool.server_time()),
            base: Some(Base::of(&work.target, &self.base_key).to_text()),
        });
        let entry = Entry::Created {
            position: work.pending.position,
            sub: sub.clone(),
            pool_username: record.username.clone(),
            proof,
            person,
        };
        self.journal.commit(entry).await?;
        // A user found again has never had a password, or they would not have been proven ours.
        Ok(Ours {
            sub,
            username: record.username,
            password_may_be_set: false,
            is_new: true,
            perhaps_not: false,
        })
    }

    /// Step 4.
    async fn set_password(&self, work: &Work, ours: &Ours) -> Result<(), UserEnd> {
        let mut may_be_set = ours.password_may_be_set;
        // Whether a call of this very start may have been carried out.
        let mut sent = false;
        let mut attempts = self.attempts();
        loop {
            if may_be_set {
                match self.look_up(work, &ours.username, true).await? {
                    Some(record) if record.status == UserStatus::ForceChangePassword => {}
                    // Set by the call whose answer was lost, or by somebody since: either way
                    // the user has a password that is not ours to replace.
                    Some(_) => return Ok(()),
                    None => {
                        let (outcome, reason) = (Outcome::Held, Reason::DeletedInPool);
                        return Err(self.settle_ours(work, outcome, reason, None, None).await?);
                    }
                }
            }
            let set = self.admin_set_password(work, &ours.username).await;
            let Err(error) = set else { return Ok(()) };
            if may_be_set && sent && error.fault() == PoolFault::InvalidPassword {
                // The pool remembers passwords, and refuses the one it has got already.
                return Ok(());
            }
            sent |= error.effect() == Effect::Unknown;
            may_be_set |= sent;
            let new = ours.is_new.then_some(ours);
            match error.disposition() {
                Disposition::Retry => self.pause(work, &mut attempts, error, true, new).await?,
                Disposition::Already => return Ok(()),
                Disposition::Halt => {
                    if let Some(ours) = new {
                        self.take_back(work, ours).await?;
                    }
                    return Err(UserEnd::Halt(error));
                }
                Disposition::FailUser(reason) => {
                    let taken_back = match new {
                        Some(ours) => self.take_back(work, ours).await?,
                        None => false,
                    };
                    return Err(self.fail(work, !taken_back, reason, &error).await?);
                }
            }
        }
    }

    /// Deletes a user whom this start created and could not give a way in: with nobody of that name
    /// in the pool, the person can sign in by the trigger as before. False where even that is
    /// refused; then the journal has them as begun, and `import --finish` names them.
    async fn take_back(&self, work: &Work, ours: &Ours) -> Result<bool, UserEnd> {
        let record = self.pool.admin_get_user(&ours.username).await;
        let is_untouched = |record: &UserRecord| {
            record.sub() == ours.sub.as_deref() && record.status == UserStatus::ForceChangePassword
        };
        if !record.is_ok_and(|record| record.as_ref().is_some_and(is_untouched)) {
            return Ok(false);
        }
        if self.pool.admin_delete_user(&ours.username).await.is_err() {
            return Ok(false);
        }
        let position = work.pending.position;
        let sub = ours.sub.clone();
        self.journal
            .commit(Entry::TakenBack { position, sub })
            .await?;
        Ok(true)
    }

    async fn admin_set_password(&self, work: &Work, username: &str) -> Result<(), PoolError> {
        if self.final_state == FinalState::ForceChange {
            let password = self.temporary_passwords.of(work.pending.position);
            let password = password.expose();
            return self
                .pool
                .admin_set_temporary_password(username, password)
                .await;
        }
        let password = random_password(self.minimum_password_length);
        self.pool
            .admin_set_user_password(username, password.expose())
            .await
    }

    /// A call that may be repeated at will, until it succeeds.
    async fn repeat(&self, work: &Work, step: Repeatable<'_>, ours: &Ours) -> Result<(), UserEnd> {
        let mut attempts = self.attempts();
        loop {
            let done = match step {
                Repeatable::Disable => self.pool.admin_disable_user(&ours.username).await,
                Repeatable::AddToGroup(group) => {
                    self.pool
                        .admin_add_user_to_group(&ours.username, group)
                        .await
                }
                Repeatable::Link(PoolIdentity { provider, subject }) => {
                    self.pool
                        .admin_link_provider_for_user(&ours.username, provider, subject)
                        .await
                }
            };
            let Err(error) = done else { return Ok(()) };
            if let Repeatable::Link(PoolIdentity { provider, subject }) = step
                && error.fault() == PoolFault::InvalidParameter
            {
                // Linking again what is linked is refused like a wrong value.
                let record = self.look_up(work, &ours.username, true).await?;
                if record.is_some_and(|record| record.is_linked_to(provider, subject)) {
                    return Ok(());
                }
            }
            if let Repeatable::AddToGroup(group) = step
                && error.fault() == PoolFault::ResourceNotFound
                && self.create_group(group).await
            {
                continue;
            }
            self.after_failure(work, &mut attempts, error).await?;
        }
    }

    /// Makes a group that the plan did not know of; whether it is there now.
    async fn create_group(&self, group: &str) -> bool {
        let precedence = self.group_precedence.get(group).copied();
        let made = self
            .pool
            .create_group(group, "Django group", precedence)
            .await;
        match made {
            Ok(_) => true,
            Err(error) => error.fault() == PoolFault::GroupExists,
        }
    }

    /// Waits if the call may be repeated; otherwise says how the user ends.
    async fn after_failure(
        &self,
        work: &Work,
        attempts: &mut Attempts,
        error: PoolError,
    ) -> Result<(), UserEnd> {
        match error.disposition() {
            Disposition::Retry => self.pause(work, attempts, error, true, None).await,
            Disposition::Already => Ok(()),
            Disposition::Halt => Err(UserEnd::Halt(error)),
            Disposition::FailUser(reason) => Err(self.fail(work, true, reason, &error).await?),
        }
    }

    async fn look_up(
        &self,
        work: &Work,
        username: &str,
        ours: bool,
    ) -> Result<Option<UserRecord>, UserEnd> {
        // A read: the pool repeats it by itself.
        let found = tokio::select! {
            found = self.pool.admin_get_user(username) => found,
            () = self.control.stop_now_asked() => return Err(UserEnd::Left),
        };
        let error = match found {
            Ok(record) => return Ok(record),
            Err(error) => error,
        };
        match error.disposition() {
            Disposition::FailUser(reason) => Err(self.fail(work, ours, reason, &error).await?),
            Disposition::Retry | Disposition::Halt | Disposition::Already => {
                Err(UserEnd::Halt(error))
            }
        }
    }

    fn attempts(&self) -> Attempts {
        self.pool.patience().begin()
    }

    /// Waits before another attempt. Whoever is begun is finished, however long that takes, unless
    /// somebody asks to stop at once; for the others a stop ends the wait. One user to whom Cognito
    /// fails again and again while it is well otherwise is set aside: `new` is then taken back.
    async fn pause(
        &self,
        work: &Work,
        attempts: &mut Attempts,
        error: PoolError,
        begun: bool,
        new: Option<&Ours>,
    ) -> Result<(), UserEnd> {
        let ours = work.pending.state == State::Created || new.is_some();
        if error.fault() == PoolFault::Service
            && attempts.count() >= FAILURES_OF_ONE
            && self.pool.describe_user_pool().await.is_ok()
        {
            let taken_back = match new {
                Some(ours) => self.take_back(work, ours).await?,
                None => false,
            };
            let ours = ours && !taken_back;
            return Err(self
                .fail(work, ours, Reason::RefusedByCognito, &error)
                .await?);
        }
        let stop = async {
            match begun {
                true => self.control.stop_now_asked().await,
                false => self.control.stop_asked().await,
            }
        };
        tokio::select! {
            waited = attempts.pause_after(error) => waited.map_err(UserEnd::Halt),
            () = stop => Err(UserEnd::Left),
        }
    }

    async fn fail(
        &self,
        work: &Work,
        ours: bool,
        reason: Reason,
        error: &PoolError,
    ) -> Result<UserEnd, UserEnd> {
        let detail = Some(error.to_string());
        match ours {
            true => {
                self.settle_ours(work, Outcome::Failed, reason, detail, None)
                    .await
            }
            false => {
                self.settle(work, Outcome::Failed, reason, detail, None)
                    .await
            }
        }
    }

    async fn settle_ours(
        &self,
        work: &Work,
        outcome: Outcome,
        reason: Reason,
        detail: Option<String>,
        sub: Option<String>,
    ) -> Result<UserEnd, UserEnd> {
        let position = work.pending.position;
        let end = UserEnd::Settled(outcome, detail.clone());
        let entry = Entry::Settled {
            position,
            ours: true,
            outcome,
            reason,
            detail,
            sub,
        };
        self.journal.note(entry).await?;
        Ok(end)
    }

    async fn settle(
        &self,
        work: &Work,
        outcome: Outcome,
        reason: Reason,
        detail: Option<String>,
        sub: Option<String>,
    ) -> Result<UserEnd, UserEnd> {
        let position = work.pending.position;
        let end = UserEnd::Settled(outcome, detail.clone());
        let entry = Entry::Settled {
            position,
            ours: false,
            outcome,
            reason,
            detail,
            sub,
        };
        self.journal.note(entry).await?;
        Ok(end)
    }
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
