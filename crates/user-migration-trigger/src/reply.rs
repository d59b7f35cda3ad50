//! The `response` of a migration, every documented field set. Responsible for making it impossible
//! to let somebody in without proof; must not know how the proof came about. Made by the
//! decisions alone.
//!
//! Fields and their values: developer guide, "Migrate user response parameters". Left out, each
//! has a default nobody wants: a welcome message, by SMS, and a status on which the guides of 2023
//! and today differ.

use std::collections::BTreeMap;

use django_password::PasswordMatch;
use serde::Serialize;

use crate::external_verifier::ExternalMatch;
use crate::user_attributes::{ResettableUser, UserAttributes};

/// Tells Cognito to create the user. `Debug` shows the status alone.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    user_attributes: BTreeMap<String, String>,
    final_user_status: FinalUserStatus,
    message_action: &'static str,
    desired_delivery_mediums: [&'static str; 1],
    force_alias_creation: bool,
    #[serde(rename = "enableSMSMFA")]
    enable_sms_mfa: bool,
}

/// Why somebody may be let in.
#[derive(Debug)]
pub enum Proof {
    /// Their password matches the stored hash.
    Hash(PasswordMatch),
    /// Somebody else vouches for it, whom the legacy app would have asked.
    External(ExternalMatch),
}

impl From<PasswordMatch> for Proof {
    fn from(proof: PasswordMatch) -> Proof {
        Proof::Hash(proof)
    }
}

/// What becomes of the typed password.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FinalUserStatus {
    /// Cognito keeps the password the person typed.
    Confirmed,
    /// The person must set a new one.
    ResetRequired,
}

impl Reply {
    /// Lets the person in with the password they typed. The proof can only come from a check that
    /// said the password matches, and is used up here.
    pub fn confirmed(_proof: impl Into<Proof>, user: UserAttributes) -> Reply {
        Reply::new(user, FinalUserStatus::Confirmed)
    }

    /// Creates the user for a password reset: nobody proved anything, so nobody is let in, and
    /// Cognito sends the code to the verified address that the type vouches for.
    pub fn reset_required(user: ResettableUser) -> Reply {
        Reply::new(user.into_attributes(), FinalUserStatus::ResetRequired)
    }

    fn new(user: UserAttributes, final_user_status: FinalUserStatus) -> Reply {
        Reply {
            user_attributes: user.into_map(),
            final_user_status,
            // Nobody signed up; a welcome message would frighten them.
            message_action: "SUPPRESS",
            // Without effect beside SUPPRESS. Named because the documented default is SMS, and
            // because an empty list is not among the documented values.
            desired_delivery_mediums: ["EMAIL"],
            // True would take the e-mail alias away from whoever in the pool holds it.
            force_alias_creation: false,
            // True fails the migration of users without a phone number.
            enable_sms_mfa: false,
        }
    }

    /// The status the user will have.
    pub fn final_user_status(&self) -> FinalUserStatus {
        self.final_user_status
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Reply")
            .field(&self.final_user_status)
            .finish()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use django_password::{
        CustomHashers, EncodedPassword, Limits, PlainPassword, Verdict, Verifier,
    };
    use serde_json::json;

    use super::*;
    use crate::user_attributes::tests::{ann, mapping};
    use migration_model::{LegacyUser, LoginColumn};

    fn attributes(user: &LegacyUser) -> UserAttributes {
        let mapping = mapping(&[LoginColumn::Username]);
        UserAttributes::new(user, &LoginColumn::Username, "ann", &mapping).expect("it fits")
    }

    pub(crate) fn reset_required() -> Reply {
        let user = LegacyUser {
            email_verified: true,
            ..ann()
        };
        Reply::reset_required(
            attributes(&user)
                .resettable()
                .expect("the e-mail is verified"),
        )
    }

    #[test]
    fn a_confirmed_reply_sets_every_documented_field() {
        // unsalted_md5 of "password".
        let encoded = EncodedPassword::new("5f4dcc3b5aa765d61d8327deb882cf99");
        let verifier = Verifier::new(CustomHashers::default(), Limits::default());
        let verification = verifier.verify(&PlainPassword::new("password"), &encoded);
        let Verdict::Match(proof) = verification.verdict else {
            unreachable!("it matches")
        };
        let reply = Reply::confirmed(proof, attributes(&ann()));
        assert_eq!(
            serde_json::to_value(&reply).expect("it is plain data"),
            json!({
                "userAttributes": {
                    "email": "Ann@example.org",
                    "email_verified": "false",
                    "custom:legacy_id": "7",
                },
                "finalUserStatus": "CONFIRMED",
                "messageAction": "SUPPRESS",
                "desiredDeliveryMediums": ["EMAIL"],
                "forceAliasCreation": false,
                "enableSMSMFA": false,
            })
        );
    }

    #[test]
    fn a_reset_never_confirms() {
        assert_eq!(
            reset_required().final_user_status(),
            FinalUserStatus::ResetRequired
        );
    }

    #[test]
    fn debug_shows_no_attribute() {
        assert_eq!(format!("{:?}", reset_required()), "Reply(ResetRequired)");
    }
}
