//! The event Cognito sends, read leniently and handed back whole. Responsible for taking out what
//! the decisions need and for putting a response in; must not know what is decided. Called by
//! the Lambda glue (`function`).
//!
//! Own type instead of `aws_lambda_events` (1.2.1): that one shows the password in `Debug`, has no
//! `enableSMSMFA`, turns nulls into empty maps and refuses an unknown trigger source. Cognito
//! announces that elements may be added or moved and warns of strict validation (developer guide,
//! "Things to know about Lambda triggers"), so here everything but the JSON object itself may be
//! missing, null or of another type.

use django_password::PlainPassword;
use zeroize::Zeroizing;

use crate::json_object::{Fields, ObjectText};
use crate::reply::Reply;
use crate::token_groups::{self, TokenGroups};

/// Which of Cognito's flows asks (`triggerSource`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TriggerSource {
    /// `UserMigration_Authentication`: someone unknown to the pool signs in with a password.
    Authentication,
    /// `UserMigration_ForgotPassword`: someone unknown to the pool asks for a reset.
    ForgotPassword,
    /// `PreSignUp_SignUp`: someone registers.
    SignUp,
    /// `PreSignUp_` and anything else: somebody is created by an administrator, an identity
    /// provider, or in a way of the future.
    Creation,
    /// `TokenGeneration_` and anything: tokens are about to be made.
    TokenGeneration,
    /// Anything else: another trigger's source, one of the future, or none.
    Other,
}

impl TriggerSource {
    /// Cognito's own word, or the part of it that is known: never text of the event, so that it
    /// may be logged.
    pub const fn code(self) -> &'static str {
        match self {
            TriggerSource::Authentication => "UserMigration_Authentication",
            TriggerSource::ForgotPassword => "UserMigration_ForgotPassword",
            TriggerSource::SignUp => "PreSignUp_SignUp",
            TriggerSource::Creation => "PreSignUp",
            TriggerSource::TokenGeneration => "TokenGeneration",
            TriggerSource::Other => "other",
        }
    }

    fn read(text: Option<&str>) -> TriggerSource {
        match text.unwrap_or_default() {
            "UserMigration_Authentication" => TriggerSource::Authentication,
            "UserMigration_ForgotPassword" => TriggerSource::ForgotPassword,
            "PreSignUp_SignUp" => TriggerSource::SignUp,
            other if other.starts_with("PreSignUp_") => TriggerSource::Creation,
            other if other.starts_with("TokenGeneration_") => TriggerSource::TokenGeneration,
            _ => TriggerSource::Other,
        }
    }
}

/// The body of an invocation is no JSON object. Says nothing of what it is instead: it may be
/// half an event with a password in it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the event is not a JSON object")]
pub struct EventUnreadable;

/// One event: what the decisions need, and the text it came as.
///
/// `Debug` shows the source alone. The text, which holds the password, is wiped on drop.
pub struct Event {
    text: Zeroizing<String>,
    password: Option<PlainPassword>,
    /// The flow that asks.
    pub source: TriggerSource,
    /// `userPoolId`.
    pub user_pool_id: Option<String>,
    /// `callerContext.clientId`: the app client.
    pub client_id: Option<String>,
    /// Whether tokens are renewed: nobody signs in.
    pub is_refresh: bool,
    /// `userName`: the login as typed, in lower case where the pool is case-insensitive.
    pub user_name: Option<String>,
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Event")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl Event {
    /// Reads an event.
    ///
    /// # Errors
    ///
    /// Only when the text is no JSON object; every field may be missing or of any type.
    pub fn parse(text: Zeroizing<String>) -> Result<Event, EventUnreadable> {
        let fields = Fields::read(&text)?;
        let caller = fields.object("callerContext");
        let request = fields.object("request");
        let password = request
            .as_ref()
            .and_then(|request| request.string("password"));
        let event = Event {
            password: password.map(PlainPassword::new),
            source: TriggerSource::read(fields.string("triggerSource").as_deref()),
            is_refresh: fields.string("triggerSource").as_deref()
                == Some("TokenGeneration_RefreshTokens"),
            user_pool_id: fields.string("userPoolId"),
            client_id: caller.and_then(|caller| caller.string("clientId")),
            user_name: fields.string("userName"),
            text: Zeroizing::default(),
        };
        Ok(Event { text, ..event })
    }

    /// A sign-in that no pool has sent.
    pub(crate) fn of_sign_in(login: String, password: PlainPassword) -> Event {
        Event {
            text: Zeroizing::default(),
            password: Some(password),
            source: TriggerSource::Authentication,
            user_pool_id: None,
            client_id: None,
            is_refresh: false,
            user_name: Some(login),
        }
    }

    /// Takes the typed password out: there is one owner, who drops it as soon as it is checked.
    pub fn take_password(&mut self) -> Option<PlainPassword> {
        self.password.take()
    }

    /// A value of `request.userAttributes`.
    pub fn user_attribute(&self, name: &str) -> Option<String> {
        let request = Fields::read(&self.text).ok()?.object("request")?;
        request.object("userAttributes")?.string(name)
    }

    /// The user's groups as the pool has them, in a token event.
    pub fn token_groups(&self) -> TokenGroups {
        let fields = Fields::read(&self.text).ok();
        let request = fields.and_then(|fields| fields.object("request"));
        TokenGroups::read(request.and_then(|request| request.object("groupConfiguration")))
    }

    /// The event as it came, with this response: every other field byte for byte.
    ///
    /// The request goes back too, password and all: "If your Lambda function doesn't return the
    /// request and response parameters […] the authentication event doesn't succeed" (developer
    /// guide, "Things to know about Lambda triggers"). It goes to nobody but who sent it. Whether
    /// Cognito would also take a request without the password is not documented.
    ///
    /// # Errors
    ///
    /// None for an event that [`Event::parse`] gave.
    pub fn answered(&self, response: Response<'_>) -> Result<Zeroizing<String>, EventUnreadable> {
        if matches!(response, Response::Unchanged) {
            return Ok(self.text.clone());
        }
        let fields = Fields::read(&self.text)?;
        let response = response.to_json(&fields)?;
        // Room for all from the start: growing would leave copies of the password behind.
        let room = self
            .text
            .len()
            .saturating_add(response.len())
            .saturating_add(16);
        let mut json = ObjectText::with_capacity(room);
        for (name, value) in fields.except("response") {
            json.push(name, value)?;
        }
        json.push("response", &response)?;
        Ok(json.finish())
    }
}

/// What goes into the event's `response`.
#[derive(Clone, Copy)]
pub enum Response<'a> {
    /// `{}`: "not here". See [`crate::Decision::Refused`] for why it is empty.
    Empty,
    /// What came: nothing is asked for.
    Unchanged,
    /// A migration. Response fields this version does not know stay as Cognito sent them.
    Migration(&'a Reply),
    /// The groups of the tokens; everything else of the response stays.
    Groups(&'a TokenGroups),
}

impl Response<'_> {
    fn to_json(self, event: &Fields<'_>) -> Result<String, EventUnreadable> {
        let sent = event.object("response");
        match self {
            // Unchanged is dealt with before; an empty response asks for nothing either.
            Response::Empty | Response::Unchanged => Ok("{}".to_owned()),
            Response::Migration(reply) => {
                let ours = serde_json::to_string(reply).map_err(|_| EventUnreadable)?;
                merged(sent, &ours)
            }
            Response::Groups(groups) => token_groups::response(groups, event, sent),
        }
    }
}

/// What was sent, with our members instead of its own of the same name.
pub(crate) fn merged(sent: Option<Fields<'_>>, ours: &str) -> Result<String, EventUnreadable> {
    let ours = Fields::read(ours)?;
    let mut json = ObjectText::with_capacity(1024);
    for (name, value) in sent.iter().flat_map(Fields::iter) {
        if ours.get(name).is_none() {
            json.push(name, value)?;
        }
    }
    for (name, value) in ours.iter() {
        json.push(name, value)?;
    }
    Ok(json.finish().as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(text: &str) -> Event {
        Event::parse(Zeroizing::new(text.to_owned())).expect("a JSON object")
    }

    fn answered(text: &str) -> String {
        event(text)
            .answered(Response::Empty)
            .expect("it was read before")
            .to_string()
    }

    #[test]
    fn what_the_decisions_need_is_read() {
        let mut event = event(
            r#"{"triggerSource":"UserMigration_Authentication","userPoolId":"p","userName":"Ann",
                "callerContext":{"clientId":"c"},"request":{"password":"se\u0063ret\n"}}"#,
        );
        assert_eq!(event.source, TriggerSource::Authentication);
        assert_eq!(event.user_pool_id.as_deref(), Some("p"));
        assert_eq!(event.client_id.as_deref(), Some("c"));
        assert_eq!(event.user_name.as_deref(), Some("Ann"));
        let password = event.take_password().expect("there is one");
        assert_eq!(password.expose(), "secret\n");
        assert!(event.take_password().is_none(), "it has one owner");
    }

    #[test]
    fn anything_may_be_null_missing_or_of_another_type() {
        for text in [
            "{}",
            r#"{"userName":null,"request":null,"callerContext":null,"response":null}"#,
            r#"{"userName":7,"request":[1],"callerContext":"x","triggerSource":{}}"#,
            r#"{"request":{"password":null}}"#,
            r#"{"request":{"password":["x"]}}"#,
        ] {
            let mut event = event(text);
            assert_eq!(event.source, TriggerSource::Other, "{text}");
            assert!(
                event.take_password().is_none() && event.user_name.is_none(),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_object_is_refused_without_a_word_of_it() {
        for text in [
            "",
            "null",
            "7",
            r#"["hunter2"]"#,
            r#""hunter2""#,
            r#"{"password":"hunt"#,
        ] {
            let error = Event::parse(Zeroizing::new(text.to_owned())).expect_err(text);
            assert_eq!(error.to_string(), "the event is not a JSON object");
        }
    }

    #[test]
    fn everything_goes_back_as_it_came() {
        let text = r#"{"version":"1","big":12345678901234567890123,"float":1.10,"new":{"a":[null]},
            "request":{"password":"p\u00e4ss","validationData":null},"response":{"x":1},"last":true}"#;
        assert_eq!(
            answered(text),
            r#"{"version":"1","big":12345678901234567890123,"float":1.10,"new":{"a":[null]},"request":{"password":"p\u00e4ss","validationData":null},"last":true,"response":{}}"#
        );
    }

    #[test]
    fn a_refusal_has_an_empty_response_whatever_came() {
        for response in ["null", "{}", r#"{"finalUserStatus":"CONFIRMED"}"#, "7"] {
            let back = answered(&format!(r#"{{"response":{response}}}"#));
            assert_eq!(back, r#"{"response":{}}"#);
        }
        assert_eq!(
            answered(r#"{"response":1,"a":2,"response":3}"#),
            r#"{"a":2,"response":{}}"#
        );
        assert_eq!(answered("{}"), r#"{"response":{}}"#);
    }

    #[test]
    fn a_migration_keeps_response_fields_of_the_future() {
        let reply = crate::reply::tests::reset_required();
        let event =
            event(r#"{"response":{"finalUserStatus":null,"novel":null,"userAttributes":null}}"#);
        let back = event
            .answered(Response::Migration(&reply))
            .expect("it was read before");
        let back: Value = serde_json::from_str(&back).expect("JSON");
        assert_eq!(back["response"]["novel"], json!(null));
        assert_eq!(back["response"]["finalUserStatus"], "RESET_REQUIRED");
        assert_eq!(
            back["response"].as_object().map(serde_json::Map::len),
            Some(7)
        );
    }

    #[test]
    fn debug_shows_no_text_of_the_event() {
        let event = event(r#"{"userName":"ann","request":{"password":"hunter2"}}"#);
        assert_eq!(format!("{event:?}"), "Event { source: Other, .. }");
    }
}
