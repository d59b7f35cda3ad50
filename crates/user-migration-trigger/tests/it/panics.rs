//! A defect is one failed sign-in: the process lives on, and nothing of a panic's text leaves it.
//!
//! The program has no switch that makes it panic, so the function under test is this test binary,
//! started again as a child that serves a database which panics.

use std::time::Instant;

use django_password::{CustomHashers, Limits, Verifier};
use migration_model::{AxesLockOut, Config, LegacyId, LoginMatch};
use user_migration_trigger::{
    Function, HashChecker, LegacyLogins, LookUpFault, PseudonymKey, Trigger, UsualCost, serve,
    start_logging,
};

use crate::program::{Program, fixtures, refused, sign_in};

const CHILD: &str = "CUTOVER_TEST_PANICKING_FUNCTION";

struct PanicsOnce(std::sync::atomic::AtomicBool);

impl LegacyLogins for PanicsOnce {
    async fn find_by_login(&self, login: &str) -> Result<LoginMatch, LookUpFault> {
        if !self.0.swap(true, std::sync::atomic::Ordering::Relaxed) {
            panic!("marker-of-the-panic about {login}");
        }
        Ok(LoginMatch::None)
    }

    async fn is_held(&self, _names: &[String]) -> Result<bool, LookUpFault> {
        Ok(false)
    }

    async fn is_linked(&self, _id: &LegacyId) -> Result<bool, LookUpFault> {
        Ok(false)
    }

    async fn is_locked_out(
        &self,
        _names: &[String],
        _rule: &AxesLockOut,
    ) -> Result<bool, LookUpFault> {
        Ok(false)
    }
}

/// Not a test by itself: the child's work. Without the variable there is nothing to do.
#[tokio::test]
async fn panicking_function() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    start_logging(Some("trace"));
    let path = fixtures("cutover.toml");
    let text = std::fs::read_to_string(&path).expect("it is checked in");
    let config = Config::parse(&text, &path, None).expect("it is right");
    let verifier = Verifier::new(CustomHashers::default(), Limits::default());
    let hashes = HashChecker::new(verifier, UsualCost::default(), None);
    let trigger = Trigger::new(PanicsOnce(false.into()), &config, hashes);
    let pseudonyms = PseudonymKey::shared("key");
    let function = Function::new(trigger, pseudonyms, "trigger".to_owned(), Instant::now());
    // Ends with the parent's Runtime API.
    let _ = serve(function).await;
}

#[tokio::test]
async fn a_panic_is_one_failed_invocation_without_its_text() {
    let test_binary = std::env::current_exe().expect("it runs");
    let arguments = [
        "panics::panicking_function",
        "--exact",
        "--nocapture",
        "--test-threads=1",
    ];
    let function = Program::of(&test_binary, &arguments)
        .set(CHILD, "1")
        .start()
        .await;

    let error = function
        .error(&sign_in("marker-login", "marker-password"))
        .await;
    assert_eq!(error["errorType"], "Cutover.Unavailable");
    assert_eq!(
        error["errorMessage"],
        "We could not check your sign-in just now. Please try again in a few minutes."
    );
    let event = sign_in("nobody", "x");
    assert_eq!(
        function.response(&event).await,
        refused(&event),
        "the process lives on"
    );

    let all = function.finish().await.all();
    assert!(all.contains("\"Reason\":\"internal-error\""), "{all}");
    assert!(
        all.contains("panicked") && all.contains("panics.rs"),
        "it says where: {all}"
    );
    assert!(!all.contains("marker-"), "{all}");
}
