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
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::reply::Reply;

/// Which of Cognito's flows asks (`triggerSource`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TriggerSource {
    /// `UserMigration_Authentication`: someone unknown to the pool signs in with a password.
    Authentication,
    /// `UserMigration_ForgotPassword`: someone unknown to the pool asks for a reset.
    ForgotPassword,
    /// Anything else: another trigger's source, one of the future, or none.
    Other,
}

impl TriggerSource {
    /// Cognito's own word, or `other`: never text of the event, so that it may be logged.
    pub const fn code(self) -> &'static str {
        match self {
            TriggerSource::Authentication => "UserMigration_Authentication",
            TriggerSource::ForgotPassword => "UserMigration_ForgotPassword",
            TriggerSource::Other => "other",
        }
    }

    fn read(text: Option<&str>) -> TriggerSource {
        [TriggerSource::Authentication, TriggerSource::ForgotPassword]
            .into_iter()
            .find(|source| text == Some(source.code()))
            .unwrap_or(TriggerSource::Other)
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
            user_pool_id: fields.string("userPoolId"),
            client_id: caller.and_then(|caller| caller.string("clientId")),
            user_name: fields.string("userName"),
            text: Zeroizing::default(),
        };
        Ok(Event { text, ..event })
    }

    /// Takes the typed password out: there is one owner, who drops it as soon as it is checked.
    pub fn take_password(&mut self) -> Option<PlainPassword> {
        self.password.take()
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
        let fields = Fields::read(&self.text)?;
        let response = response.to_json(fields.object("response"))?;
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
    /// A migration. Response fields this version does not know stay as Cognito sent them.
    Migration(&'a Reply),
}

impl Response<'_> {
    fn to_json(self, sent: Option<Fields<'_>>) -> Result<String, EventUnreadable> {
        let Response::Migration(reply) = self else {
            return Ok("{}".to_owned());
        };
        let ours = serde_json::to_string(reply).map_err(|_| EventUnreadable)?;
        let ours = Fields::read(&ours)?;
        let mut json = ObjectText::with_capacity(1024);
        for (name, value) in sent.iter().flat_map(|sent| sent.0.iter()) {
            if ours.get(name).is_none() {
                json.push(name, value.get())?;
            }
        }
        for (name, value) in &ours.0 {
            json.push(name, value.get())?;
        }
        Ok(json.finish().as_str().to_owned())
    }
}

/// The members of a JSON object in their order, values as the text they came as: numbers, nulls
/// and nested objects go back exactly so.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Fields<'a> {
    fn read(text: &'a str) -> Result<Fields<'a>, EventUnreadable> {
        serde_json::from_str(text).map_err(|_| EventUnreadable)
    }

    /// The last member of that name, as JSON readers take it when there are two.
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| *value)
    }

    fn string(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    fn object(&self, name: &str) -> Option<Fields<'a>> {
        Fields::read(self.get(name)?.get()).ok()
    }

    fn except(&self, name: &str) -> impl Iterator<Item = (&str, &'a str)> {
        let others = self.0.iter().filter(move |(key, _)| key != name);
        others.map(|(key, value)| (key.as_str(), value.get()))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
                    members.push(member);
                }
                Ok(Fields(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// A JSON object written member by member into memory that is wiped on drop.
struct ObjectText(Zeroizing<String>);

impl ObjectText {
    fn with_capacity(bytes: usize) -> ObjectText {
        let mut text = Zeroizing::new(String::with_capacity(bytes));
        text.push('{');
        ObjectText(text)
    }

    fn push(&mut self, name: &str, json: &str) -> Result<(), EventUnreadable> {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0
            .push_str(&serde_json::to_string(name).map_err(|_| EventUnreadable)?);
        self.0.push(':');
        self.0.push_str(json);
        Ok(())
    }

    fn finish(mut self) -> Zeroizing<String> {
        self.0.push('}');
        self.0
    }
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
