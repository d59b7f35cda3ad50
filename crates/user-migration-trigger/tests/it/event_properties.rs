//! Whatever arrives as an event: reading it never panics, and what is read goes back whole.

use proptest::prelude::*;
use serde_json::{Value, json};
use user_migration_trigger::{Event, Response};

/// Any JSON, with members that Cognito's events have among the names.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Halves are exact in any reader; other numbers have a property of their own below.
        any::<i32>().prop_map(|number| json!(f64::from(number) / 2.0)),
        any::<String>().prop_map(Value::from),
        Just(json!("UserMigration_Authentication")),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        let name = prop_oneof![
            Just("userName".to_owned()),
            Just("triggerSource".to_owned()),
            Just("request".to_owned()),
            Just("password".to_owned()),
            Just("response".to_owned()),
            Just("callerContext".to_owned()),
            any::<String>(),
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(name, inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = Event::parse(text.into());
    }

    #[test]
    fn half_an_event_is_read_or_refused(event in any_json(), part in 0.0..1.0) {
        let text = event.to_string();
        let end = text.char_indices().map(|(at, _)| at).nth((text.len() as f64 * part) as usize);
        let _ = Event::parse(text[..end.unwrap_or(text.len())].to_owned().into());
    }

    #[test]
    fn any_object_goes_back_whole_but_for_its_response(event in any_json()) {
        let read = Event::parse(event.to_string().into());
        prop_assert_eq!(read.is_ok(), event.is_object());
        if let Ok(read) = read {
            let back = read.answered(Response::Empty).expect("it was read before");
            let back: Value = serde_json::from_str(&back).expect("JSON");
            let mut expected = event;
            expected["response"] = json!({});
            prop_assert_eq!(back, expected);
        }
    }

    #[test]
    fn numbers_beyond_any_type_go_back_digit_for_digit(digits in "-?[1-9][0-9]{0,60}(\\.[0-9]{1,30})?") {
        let event = Event::parse(format!("{{\"n\":{digits}}}").into()).expect("an object");
        let back = event.answered(Response::Empty).expect("it was read before");
        prop_assert_eq!(back.as_str(), format!("{{\"n\":{digits},\"response\":{{}}}}"));
    }
}
