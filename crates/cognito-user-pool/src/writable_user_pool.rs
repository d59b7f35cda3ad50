//! A user pool for writing. One call, one attempt: the caller decides what a lost answer means.
//! Built from a `WritePermission` alone.

use std::collections::BTreeMap;
use std::ops::Deref;

use aws_sdk_cognitoidentityprovider::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cognitoidentityprovider::types::{
    AttributeType, DeliveryMediumType, MessageActionType, ProviderUserIdentifierType,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;

use crate::{Operation, PoolError, PoolFault, PoolSettings, UserPool, UserRecord};

/// A user pool that may be written to. Reads as [`UserPool`] does.
#[derive(Clone, Debug)]
pub struct WritableUserPool(UserPool);

/// How AdminCreateUser shall go about it.
#[derive(Clone, Copy, Default)]
pub struct Creation<'a> {
    /// The temporary password. Without one Cognito makes one up that nobody learns, or none at
    /// all where the pool takes users without a password.
    pub temporary_password: Option<&'a str>,
    /// Whether Cognito mails the temporary password to the user.
    pub invite: bool,
}

/// What CreateGroup found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GroupCreation {
    /// The group is new.
    Created,
    /// The pool had it.
    AlreadyThere,
}

impl Deref for WritableUserPool {
    type Target = UserPool;

    fn deref(&self) -> &UserPool {
        &self.0
    }
}

impl WritableUserPool {
    pub(crate) fn new(pool: UserPool) -> Self {
        WritableUserPool(pool)
    }

    /// AdminCreateUser without any message to the user, the temporary password left to Cognito.
    ///
    /// # Errors
    ///
    /// As [`WritableUserPool::admin_create_user_as`].
    pub async fn admin_create_user(
        &self,
        username: &str,
        attributes: &BTreeMap<String, String>,
    ) -> Result<UserRecord, PoolError> {
        self.admin_create_user_as(username, attributes, Creation::default())
            .await
    }

    /// AdminCreateUser.
    ///
    /// # Errors
    ///
    /// `UsernameExists` (whose user it is must be found out), `AliasExists`, `InvalidParameter`
    /// with the attribute's name; see [`PoolError`].
    pub async fn admin_create_user_as(
        &self,
        username: &str,
        attributes: &BTreeMap<String, String>,
        creation: Creation<'_>,
    ) -> Result<UserRecord, PoolError> {
        let operation = Operation::AdminCreateUser;
        let call = || {
            let request = self
                .client()
                .admin_create_user()
                .user_pool_id(self.id())
                .username(username)
                .set_user_attributes(Some(sdk_attributes(attributes)))
                .set_temporary_password(creation.temporary_password.map(str::to_owned));
            // Cognito refuses a medium that the user has no address for.
            let request = match creation.invite {
                true if attributes.contains_key("email") => {
                    request.desired_delivery_mediums(DeliveryMediumType::Email)
                }
                true => request,
                false => request.message_action(MessageActionType::Suppress),
            };
            request.send()
        };
        let answer = self
            .attempt(operation, call, attributes.keys().map(String::as_str))
            .await?;
        let record = answer.user.and_then(UserRecord::from_user_type);
        record.ok_or_else(|| PoolError::broken_off(operation))
    }

    /// AdminSetUserPassword with a permanent password: the status becomes CONFIRMED, no message
    /// is sent.
    ///
    /// # Errors
    ///
    /// See [`PoolError`].
    pub async fn admin_set_user_password(
        &self,
        username: &str,
        password: &str,
    ) -> Result<(), PoolError> {
        self.set_password(username, password, true).await
    }

    /// AdminSetUserPassword with a temporary password: the status becomes or stays
    /// FORCE_CHANGE_PASSWORD, no message is sent.
    ///
    /// # Errors
    ///
    /// See [`PoolError`].
    pub async fn admin_set_temporary_password(
        &self,
        username: &str,
        password: &str,
    ) -> Result<(), PoolError> {
        self.set_password(username, password, false).await
    }

    async fn set_password(
        &self,
        username: &str,
        password: &str,
        permanent: bool,
    ) -> Result<(), PoolError> {
        let call = || {
            self.client()
                .admin_set_user_password()
                .user_pool_id(self.id())
                .username(username)
                .password(password)
                .permanent(permanent)
                .send()
        };
        self.write(Operation::AdminSetUserPassword, call).await
    }

    /// AdminLinkProviderForUser: whoever signs in at an identity provider of the pool with this
    /// subject signs in as the local user.
    ///
    /// # Errors
    ///
    /// `InvalidParameter` also when the link is there already (AdminGetUser shows it),
    /// `AliasExists` when it is another user's, `LimitExceeded` after five; see [`PoolError`].
    pub async fn admin_link_provider_for_user(
        &self,
        username: &str,
        provider: &str,
        subject: &str,
    ) -> Result<(), PoolError> {
        let call = || {
            let destination = ProviderUserIdentifierType::builder()
                .provider_name("Cognito")
                .provider_attribute_value(username);
            let source = ProviderUserIdentifierType::builder()
                .provider_name(provider)
                .provider_attribute_name("Cognito_Subject")
                .provider_attribute_value(subject);
            self.client()
                .admin_link_provider_for_user()
                .user_pool_id(self.id())
                .destination_user(destination.build())
                .source_user(source.build())
                .send()
        };
        self.write(Operation::AdminLinkProviderForUser, call).await
    }

    /// AdminAddUserToGroup; adding a member again changes nothing.
    ///
    /// # Errors
    ///
    /// See [`PoolError`].
    pub async fn admin_add_user_to_group(
        &self,
        username: &str,
        group: &str,
    ) -> Result<(), PoolError> {
        let call = || {
            let request = self
                .client()
                .admin_add_user_to_group()
                .user_pool_id(self.id());
            request.username(username).group_name(group).send()
        };
        self.write(Operation::AdminAddUserToGroup, call).await
    }

    /// AdminRemoveUserFromGroup.
    ///
    /// # Errors
    ///
    /// See [`PoolError`].
    pub async fn admin_remove_user_from_group(
        &self,
        username: &str,
        group: &str,
    ) -> Result<(), PoolError> {
        let call = || {
            let request = self
                .client()
                .admin_remove_user_from_group()
                .user_pool_id(self.id());
            request.username(username).group_name(group).send()
        };
        self.write(Operation::AdminRemoveUserFromGroup, call).await
    }

    /// AdminUpdateUserAttributes; an empty value deletes the attribute.
    ///
    /// # Errors
    ///
    /// See [`PoolError`].
    pub async fn admin_update_user_attributes(
        &self,
        username: &str,
        attributes: &BTreeMap<String, String>,
    ) -> Result<(), PoolError> {
        let call = || {
            let request = self
                .client()
                .admin_update_user_attributes()
                .user_pool_id(self.id());
            let attributes = sdk_attributes(attributes);
            request
                .username(username)
                .set_user_attributes(Some(attributes))
                .send()
        };
        let sent = attributes.keys().map(String::as_str);
        self.attempt(Operation::AdminUpdateUserAttributes, call, sent)
            .await
            .map(drop)
    }

    /// AdminDisableUser; disabling again changes nothing.
    ///
    /// # Errors
    ///
    /// See [`PoolError`].
    pub async fn admin_disable_user(&self, username: &str) -> Result<(), PoolError> {
        let call = || {
            let request = self.client().admin_disable_user().user_pool_id(self.id());
            request.username(username).send()
        };
        self.write(Operation::AdminDisableUser, call).await
    }

    /// AdminEnableUser.
    ///
    /// # Errors
    ///
    /// See [`PoolError`].
    pub async fn admin_enable_user(&self, username: &str) -> Result<(), PoolError> {
        let call = || {
            let request = self.client().admin_enable_user().user_pool_id(self.id());
            request.username(username).send()
        };
        self.write(Operation::AdminEnableUser, call).await
    }

    /// AdminDeleteUser. It cannot be undone.
    ///
    /// # Errors
    ///
    /// `UserNotFound` when there is no such user; see [`PoolError`].
    pub async fn admin_delete_user(&self, username: &str) -> Result<(), PoolError> {
        let call = || {
            let request = self.client().admin_delete_user().user_pool_id(self.id());
            request.username(username).send()
        };
        self.write(Operation::AdminDeleteUser, call).await
    }

    /// UpdateUserPool with all of these settings: whatever the request leaves out goes back to its
    /// default.
    ///
    /// # Errors
    ///
    /// See [`PoolError`]; a setting of the pool that is not valid any more is one.
    pub async fn update_user_pool(&self, settings: &PoolSettings) -> Result<(), PoolError> {
        let body = settings.update_request(self.id());
        let call = || {
            let request = self.client().update_user_pool().user_pool_id(self.id());
            // Before it is signed: the SDK's own types would lose what they do not know.
            let whole = move |request: &mut HttpRequest| {
                let length = body.len().to_string();
                request.headers_mut().insert("content-length", length);
                *request.body_mut() = SdkBody::from(body.as_str());
            };
            request.customize().mutate_request(whole).send()
        };
        self.write(Operation::UpdateUserPool, call).await
    }

    /// CreateGroup. A group that is there already stays as it is.
    ///
    /// # Errors
    ///
    /// See [`PoolError`]; that the group exists is not one.
    pub async fn create_group(
        &self,
        name: &str,
        description: &str,
        precedence: Option<i32>,
    ) -> Result<GroupCreation, PoolError> {
        let call = || {
            let request = self
                .client()
                .create_group()
                .user_pool_id(self.id())
                .group_name(name);
            request
                .description(description)
                .set_precedence(precedence)
                .send()
        };
        match self.write(Operation::CreateGroup, call).await {
            Ok(()) => Ok(GroupCreation::Created),
            Err(e) if e.fault() == PoolFault::GroupExists => Ok(GroupCreation::AlreadyThere),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn write<T, E, F>(
        &self,
        operation: Operation,
        call: impl FnOnce() -> F,
    ) -> Result<(), PoolError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        self.attempt(operation, call, std::iter::empty())
            .await
            .map(drop)
    }
}

fn sdk_attributes(attributes: &BTreeMap<String, String>) -> Vec<AttributeType> {
    let attribute = |(name, value): (&String, &String)| {
        let builder = AttributeType::builder()
            .name(name.as_str())
            .value(value.as_str());
        builder.build().expect("the name is all it needs")
    };
    attributes.iter().map(attribute).collect()
}
