//! What the world does to a run: throttling, a pool that goes away, rights that are missing,
//! users who appear meanwhile. The run waits, fails the user, or halts; the accounts stay exact.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bulk_import::{ControlFiles, ErrorClass, ImportError, Obeyed, RunControl, RunStatus, Waiting};
use cognito_user_pool::{PoolFault, Quotas, Share, UserStatus};
use migration_model::Reason;

use crate::fault_front::{Call, Fault, FaultFront};
use crate::world::{SHORT, World, assert_accounts, pool_at, pool_with_patience};

async fn world() -> World {
    let world = World::new().await;
    world
        .keep("id IN (SELECT id FROM auth_user ORDER BY id LIMIT 60)")
        .await;
    world
}

async fn import_through(
    world: &World,
    rule: impl Fn(Call<'_>) -> Fault + Send + Sync + 'static,
) -> (Result<bulk_import::Summary, ImportError>, Vec<String>) {
    let front = FaultFront::start(world.service.endpoint(), rule).await;
    let address = world.address_at(&front.endpoint);
    let pool = pool_with_patience(address, Quotas::off(), SHORT).await;
    let ended = world.import_into(&pool, &world.run()).await;
    (ended, front.calls())
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_slows_the_run_and_fails_nobody() {
    let world = world().await;
    let (ended, _) = import_through(&world, |call| match call.number % 3 {
        0 => Fault::Refuse("TooManyRequestsException"),
        _ => Fault::None,
    })
    .await;
    let summary = ended.expect("imports");
    assert_accounts(&summary, 60);
    assert!(summary.complete && summary.failed == 0, "{summary:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_beside_the_journal_pause_slow_and_stop_a_run() {
    let world = World::new().await;
    std::fs::create_dir(world.runs()).expect("a directory");
    let run = world.run();
    let files = ControlFiles::of_run(&run.directory, &run.name);
    let (legacy, control) = (world.legacy().await, RunControl::new());
    let all = Share::new(1.0).expect("a share");
    let pool = pool_at(world.address(), Quotas::defaults(all)).await;
    std::fs::write(&files.pause, "").expect("a file");
    std::fs::write(&files.share, "0.01\n").expect("a file");
    let operator = async {
        while !control.is_paused() || pool.quotas().share() == all {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(pool.quotas().share().get(), 0.01);
        // Whatever was on its way has come back by now, and nothing new goes out.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let users = world.users().await.len();
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(
            world.users().await.len(),
            users,
            "somebody was created during a pause"
        );
        std::fs::write(&files.stop, "").expect("a file");
        std::fs::remove_file(&files.pause).expect("it is there");
    };
    let import = bulk_import::import(&legacy, &world.config, &pool, &run, &control);
    let mut told = Vec::new();
    let summary = tokio::select! {
        (summary, ()) = async { tokio::join!(import, operator) } => summary,
        () = files.obey(&control, &pool, |obeyed| told.push(obeyed)) => unreachable!("it obeys for ever"),
    };
    let summary = summary.expect("stopping is no error");
    assert!(!summary.complete, "{summary:?}");
    let share = Obeyed::Share(Share::new(0.01).expect("a share"));
    // One look at the files may find the stop before it finds the pause gone.
    told.retain(|obeyed| *obeyed != Obeyed::Resumed);
    assert_eq!(told, [Obeyed::Paused, share, Obeyed::Stopped]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_is_deleted_halts_the_run_and_the_journal_stays_exact() {
    let world = world().await;
    let (ended, calls) = import_through(&world, |call| match call.number {
        0..40 => Fault::None,
        _ => Fault::Refuse("ResourceNotFoundException"),
    })
    .await;
    let Err(ImportError::Pool(error)) = ended else {
        panic!("{ended:?}")
    };
    assert_eq!(error.fault(), PoolFault::ResourceNotFound);
    assert!(calls.len() < 300, "it did not go on trying");
    let status = RunStatus::read(&world.runs(), &world.run().name)
        .await
        .expect("a journal");
    assert_accounts(&status.summary, 60);
    assert!(!status.summary.complete);
    let rest = world
        .import(&world.run())
        .await
        .expect("the same command goes on");
    assert_accounts(&rest, 60);
    assert!(rest.complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_known_and_a_missing_right_halt_with_what_to_do() {
    for (operation, exception, hint) in [
        (
            "AdminCreateUser",
            "UnrecognizedClientException",
            "access key",
        ),
        (
            "AdminSetUserPassword",
            "AccessDeniedException",
            "cognito-idp:AdminSetUserPassword",
        ),
        (
            "CreateGroup",
            "AccessDeniedException",
            "cognito-idp:CreateGroup",
        ),
        (
            "AdminCreateUser",
            "LimitExceededException",
            "Service Quotas",
        ),
    ] {
        let world = world().await;
        let (ended, _) = import_through(&world, move |call| match call.operation == operation {
            true => Fault::Refuse(exception),
            false => Fault::None,
        })
        .await;
        let error = ended.expect_err(exception);
        assert_eq!(error.class(), ErrorClass::Halted, "{exception}");
        assert!(error.hint().contains(hint), "{exception}: {}", error.hint());
        let rest = world.import(&world.run()).await.expect("goes on");
        assert_accounts(&rest, 60);
        assert!(rest.complete && rest.failed == 0, "{exception}: {rest:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_session_is_waited_for_and_said_and_nobody_fails() {
    let world = world().await;
    let expired = Arc::new(AtomicBool::new(false));
    let rule = {
        let expired = Arc::clone(&expired);
        move |call: Call<'_>| {
            expired.fetch_or(call.number == 60, Ordering::SeqCst);
            match expired.load(Ordering::SeqCst) {
                true => Fault::Refuse("ExpiredTokenException"),
                false => Fault::None,
            }
        }
    };
    let front = FaultFront::start(world.service.endpoint(), rule).await;
    let pool = pool_with_patience(world.address_at(&front.endpoint), Quotas::off(), SHORT).await;
    let (legacy, control, run) = (world.legacy().await, RunControl::new(), world.run());
    let mut progress = control.progress();
    let operator = async {
        let told = progress.wait_for(|now| now.waiting == Some(Waiting::SessionExpired));
        drop(told.await.expect("the run goes on"));
        // Somebody has signed in again.
        expired.store(false, Ordering::SeqCst);
    };
    let import = bulk_import::import(&legacy, &world.config, &pool, &run, &control);
    let (summary, ()) = tokio::join!(import, operator);
    let summary = summary.expect("it goes on by itself");
    assert_accounts(&summary, 60);
    assert!(summary.complete && summary.failed == 0, "{summary:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_stays_away_halts_the_run_after_a_while() {
    let world = world().await;
    let away = Arc::new(AtomicBool::new(false));
    let rule = {
        let away = Arc::clone(&away);
        move |call: Call<'_>| {
            away.fetch_or(call.number > 30, Ordering::SeqCst);
            if away.load(Ordering::SeqCst) {
                Fault::CutBefore
            } else {
                Fault::None
            }
        }
    };
    let front = FaultFront::start(world.service.endpoint(), rule).await;
    let patience = cognito_user_pool::Patience {
        outage: Duration::from_millis(300),
        longest_pause: Duration::from_millis(50),
    };
    let pool = pool_with_patience(world.address_at(&front.endpoint), Quotas::off(), patience).await;
    let error = world
        .import_into(&pool, &world.run())
        .await
        .expect_err("away");
    assert_eq!(error.class(), ErrorClass::Halted);
    assert!(error.hint().contains("network"), "{}", error.hint());
    let rest = world.import(&world.run()).await.expect("goes on");
    assert_accounts(&rest, 60);
    assert!(rest.complete && rest.failed == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_whom_cognito_refuses_fails_alone_and_can_be_tried_again() {
    let world = world().await;
    let refused = Arc::new(AtomicUsize::new(0));
    let rule = {
        let refused = Arc::clone(&refused);
        move |call: Call<'_>| match call.operation {
            "AdminCreateUser" if refused.fetch_add(1, Ordering::SeqCst) < 3 => {
                Fault::Refuse("InvalidParameterException")
            }
            _ => Fault::None,
        }
    };
    let (ended, _) = import_through(&world, rule).await;
    let summary = ended.expect("imports");
    assert_accounts(&summary, 60);
    assert_eq!((summary.failed, summary.complete), (3, true), "{summary:?}");
    let status = RunStatus::read(&world.runs(), &world.run().name)
        .await
        .expect("a journal");
    let failed = status
        .reasons
        .iter()
        .find(|count| count.outcome == "failed")
        .expect("three");
    assert_eq!(failed.reason, Some(Reason::RefusedByCognito));
    assert_eq!(
        failed.detail.as_deref(),
        Some("AdminCreateUser: InvalidParameterException")
    );

    let same = world.import(&world.run()).await.expect("imports");
    assert_eq!(same.failed, 3, "nobody is tried again unasked");
    let retry = bulk_import::ImportRun {
        retry_failed: true,
        ..world.run()
    };
    let retried = world.import(&retry).await.expect("imports");
    assert_accounts(&retried, 60);
    assert_eq!((retried.failed, retried.created), (0, summary.created + 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_without_end_halt_the_run() {
    let world = World::new().await;
    let (ended, calls) = import_through(&world, |call| match call.operation {
        "AdminCreateUser" => Fault::Refuse("UserLambdaValidationException"),
        _ => Fault::None,
    })
    .await;
    let error = ended.expect_err("nobody gets in");
    assert!(
        matches!(error, ImportError::TooManyFailures { .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("UserLambdaValidationException"),
        "{error}"
    );
    let creations = calls
        .iter()
        .filter(|call| *call == "AdminCreateUser")
        .count();
    assert!(creations < 300, "{creations}");
}

/// The user appears between plan and AdminCreateUser, as one who signs in does.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_signs_in_a_second_before_keeps_their_password() {
    let world = World::new().await;
    world.keep("username = 'staff.member0'").await;
    let other = world.pool().await;
    let runtime = tokio::runtime::Handle::current();
    let first = AtomicBool::new(true);
    let rule = move |call: Call<'_>| {
        if call.operation == "AdminCreateUser" && first.swap(false, Ordering::SeqCst) {
            let other = other.clone();
            let appear = async move {
                let attributes = BTreeMap::from([
                    ("custom:legacy_id".to_owned(), "2".to_owned()),
                    ("email".to_owned(), "staff.member0@example.com".to_owned()),
                ]);
                other
                    .admin_create_user("staff.member0", &attributes)
                    .await?;
                other
                    .admin_set_user_password("staff.member0", "Their-own-passw0rd")
                    .await
            };
            let appeared = tokio::task::block_in_place(|| runtime.block_on(appear));
            appeared.expect("the pool answers");
            // And the importer's own call is lost, so that it must find out whose the user is.
            return Fault::CutBefore;
        }
        assert_ne!(call.operation, "AdminSetUserPassword", "not ours to set");
        Fault::None
    };
    let (ended, _) = import_through(&world, rule).await;
    let summary = ended.expect("imports");
    assert_eq!(
        (summary.created, summary.already_in_pool),
        (0, 1),
        "{summary:?}"
    );
    assert_eq!(
        world.users().await["staff.member0"].status,
        UserStatus::Confirmed
    );
    let client = world.service.client_id();
    let answer = world
        .pool()
        .await
        .initiate_auth(client, "staff.member0", "Their-own-passw0rd")
        .await;
    assert!(
        matches!(answer, Ok(cognito_user_pool::SignInAnswer::Tokens(_))),
        "{answer:?}"
    );
}
