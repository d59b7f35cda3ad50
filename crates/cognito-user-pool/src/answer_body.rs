//! The body of an answer as it came over the wire, beside what the SDK makes of it. For the one
//! call whose answer has to be sent back whole, `UserPool::pool_settings`.

use std::sync::{Arc, Mutex};

use aws_sdk_cognitoidentityprovider::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_cognitoidentityprovider::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_cognitoidentityprovider::error::BoxError;

/// Keeps the body of the last answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnswerBody(Arc<Mutex<Vec<u8>>>);

impl AnswerBody {
    /// The body; empty when there was no answer.
    pub(crate) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().expect("no panic happens while it is held"))
    }
}

impl Intercept for AnswerBody {
    fn name(&self) -> &'static str {
        "AnswerBody"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // By now the SDK has read all of it into memory.
        if let Some(body) = context.response().body().bytes() {
            let mut kept = self.0.lock().expect("no panic happens while it is held");
            body.clone_into(&mut kept);
        }
        Ok(())
    }
}
