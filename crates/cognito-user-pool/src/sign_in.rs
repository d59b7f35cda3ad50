//! What an app's sign-in page does at the pool: InitiateAuth, ForgotPassword,
//! ConfirmForgotPassword. These create users through the migration trigger, so they count as
//! writing. Called by the rehearsal and by canary logins.

use std::fmt;

use aws_sdk_cognitoidentityprovider::types::AuthFlowType;

use crate::{Operation, PoolError, WritableUserPool};

/// What came of a sign-in.
#[derive(Debug)]
pub enum SignInAnswer {
    /// Signed in.
    Tokens(Tokens),
    /// Cognito asks for something more, by its name for it.
    Challenge(String),
    /// Refused; the error says how.
    Refused(PoolError),
}

/// The tokens of a sign-in. `Debug` shows none of them.
#[derive(Clone, Eq, PartialEq)]
pub struct Tokens {
    /// The ID token, a JWT.
    pub id_token: String,
    /// The access token, a JWT.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: Option<String>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(…)")
    }
}

/// Where Cognito says it sent a code: medium and attribute, not the address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CodeDelivery {
    /// `EMAIL` or `SMS`.
    pub medium: String,
    /// `email` or `phone_number`.
    pub attribute: String,
}

impl WritableUserPool {
    /// InitiateAuth with USER_PASSWORD_AUTH, the flow that fires the migration trigger.
    ///
    /// # Errors
    ///
    /// Only when no answer came or the request could not be made; a refusal is an answer.
    pub async fn initiate_auth(
        &self,
        client_id: &str,
        username: &str,
        password: &str,
    ) -> Result<SignInAnswer, PoolError> {
        let operation = Operation::InitiateAuth;
        let call = || {
            self.client()
                .initiate_auth()
                .auth_flow(AuthFlowType::UserPasswordAuth)
                .client_id(client_id)
                .auth_parameters("USERNAME", username)
                .auth_parameters("PASSWORD", password)
                .send()
        };
        let answer = match self.attempt(operation, call, std::iter::empty()).await {
            Ok(answer) => answer,
            Err(error) if error.exception().is_some() => return Ok(SignInAnswer::Refused(error)),
            Err(error) => return Err(error),
        };
        if let Some(challenge) = answer.challenge_name {
            return Ok(SignInAnswer::Challenge(challenge.as_str().to_owned()));
        }
        let tokens = answer.authentication_result.and_then(|result| {
            Some(Tokens {
                id_token: result.id_token?,
                access_token: result.access_token?,
                refresh_token: result.refresh_token,
            })
        });
        tokens
            .map(SignInAnswer::Tokens)
            .ok_or_else(|| PoolError::incomplete(operation))
    }

    /// ForgotPassword: asks Cognito to send a code. It fires the migration trigger for users the
    /// pool does not know.
    ///
    /// # Errors
    ///
    /// See [`PoolError`].
    pub async fn forgot_password(
        &self,
        client_id: &str,
        username: &str,
    ) -> Result<Option<CodeDelivery>, PoolError> {
        let call = || {
            let request = self.client().forgot_password();
            request.client_id(client_id).username(username).send()
        };
        let answer = self
            .attempt(Operation::ForgotPassword, call, std::iter::empty())
            .await?;
        Ok(answer.code_delivery_details.and_then(|details| {
            Some(CodeDelivery {
                medium: details.delivery_medium?.as_str().to_owned(),
                attribute: details.attribute_name?,
            })
        }))
    }

    /// ConfirmForgotPassword: sets a new password with the code.
    ///
    /// # Errors
    ///
    /// See [`PoolError`]; `CodeMismatchException` and `ExpiredCodeException` among them.
    pub async fn confirm_forgot_password(
        &self,
        client_id: &str,
        username: &str,
        code: &str,
        new_password: &str,
    ) -> Result<(), PoolError> {
        let call = || {
            self.client()
                .confirm_forgot_password()
                .client_id(client_id)
                .username(username)
                .confirmation_code(code)
                .password(new_password)
                .send()
        };
        self.write(Operation::ConfirmForgotPassword, call).await
    }
}
