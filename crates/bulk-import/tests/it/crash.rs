//! Killed anywhere, resumed, and still exact: nobody lost, nobody twice, nobody with a password
//! they did not have.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bulk_import::{ImportError, ImportRun, RunControl, Stop, Summary};
use cognito_user_pool::{Patience, Quotas, SignInAnswer, UserStatus, WritableUserPool};
use futures::TryStreamExt;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rehearsal_pool::TriggerProgram;
use tokio::sync::Notify;

use crate::fault_front::{Fault, FaultFront};
use crate::world::{SHORT, World, assert_accounts, pool_at, pool_with_patience};

/// Runs an import in a runtime of its own that is torn down, tasks and all, when told to: as
/// near to `kill -9` as a thread can come. `None` when it was.
async fn import_until(
    world: &World,
    endpoint: &str,
    run: &ImportRun,
    kill: Arc<Notify>,
) -> Option<Result<Summary, ImportError>> {
    let address = world.address_at(endpoint);
    let (config, run) = (world.config.clone(), run.clone());
    let (done, ended) = tokio::sync::oneshot::channel();
    let runtime = std::thread::spawn(|| {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime")
    });
    let runtime = runtime.join().expect("no panic");
    runtime.spawn(async move {
        let legacy = legacy_users::LegacyDatabase::connect(
            &config.legacy,
            &config.mapping,
            legacy_users::ConnectSettings::default(),
        );
        let legacy = legacy.await.expect("the copy of the fixture");
        let pool = pool_with_patience(address, Quotas::off(), SHORT).await;
        let control = RunControl::new();
        let result = bulk_import::import(&legacy, &config, &pool, &run, &control).await;
        let _ = done.send(result);
    });
    let result = tokio::select! {
        result = ended => result.ok(),
        () = kill.notified() => None,
    };
    runtime.shutdown_background();
    result
}

/// Goes on until the run is complete; another process may hold the lock for a moment yet.
async fn resume(world: &World, pool: &WritableUserPool, run: &ImportRun) -> Summary {
    for _ in 0..200 {
        match world.import_into(pool, run).await {
            Ok(summary) => return summary,
            Err(ImportError::Journal(bulk_import::JournalError::Locked { .. })) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error} ({:?})", std::error::Error::source(&error)),
        }
    }
    panic!("the lock of a dead process was never released");
}

const FEW: &str = "username IN ('root.admin', 'staff.member0', 'retired.admin', \
                   'alg.pbkdf2_sha256.0', 'alg.argon2.2') OR id IN (990, 991)";

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_single_call_it_resumes_to_exact_accounts() {
    let undisturbed = World::new().await;
    undisturbed.keep(FEW).await;
    let front = FaultFront::start(undisturbed.service.endpoint(), crate::fault_front::pass).await;
    let pool = pool_at(undisturbed.address_at(&front.endpoint), Quotas::off()).await;
    let expected = undisturbed
        .import_into(&pool, &undisturbed.run())
        .await
        .expect("imports");
    let calls = front.calls().len();
    assert!(
        expected.created >= 5 && calls > 15,
        "{expected:?} in {calls} calls"
    );
    let memberships = groups(&undisturbed).await;

    for number in 1..=calls {
        for fault in [Fault::Hang, Fault::LoseAnswer] {
            let world = World::new().await;
            world.keep(FEW).await;
            let kill = Arc::new(Notify::new());
            let killer = Arc::clone(&kill);
            let rule = move |call: crate::fault_front::Call<'_>| {
                if call.number != number {
                    return if call.number > number {
                        Fault::Hang
                    } else {
                        Fault::None
                    };
                }
                killer.notify_one();
                fault
            };
            let front = FaultFront::start(world.service.endpoint(), rule).await;
            let run = ImportRun {
                concurrency: 2,
                ..world.run()
            };
            import_until(&world, &front.endpoint, &run, kill).await;
            // A lost answer's work may still be on its way.
            tokio::time::sleep(Duration::from_millis(20)).await;

            let context = format!("killed at call {number} with {fault:?}");
            let summary = resume(&world, &world.pool().await, &run).await;
            assert_eq!(summary, expected, "{context}");
            let users = world.users().await;
            assert_eq!(users.len() as u64, expected.created, "{context}");
            let finished = users
                .values()
                .all(|user| user.status == UserStatus::Confirmed);
            assert!(finished, "{context}: {users:?}");
            assert_eq!(groups(&world).await, memberships, "{context}");
            let disabled =
                |users: &crate::world::Users| users.values().filter(|user| !user.enabled).count();
            assert_eq!(
                disabled(&users),
                disabled(&undisturbed.users().await),
                "{context}"
            );
        }
    }
}

async fn groups(world: &World) -> Vec<(String, Vec<String>)> {
    let pool = world.pool().await;
    let mut groups = Vec::new();
    for group in pool.list_groups().await.expect("the pool answers") {
        let pages: Vec<_> = pool
            .list_users_in_group(&group)
            .try_collect()
            .await
            .expect("the pool answers");
        let mut members: Vec<_> = pages
            .into_iter()
            .flatten()
            .map(|user: cognito_user_pool::UserRecord| user.username)
            .collect();
        members.sort();
        groups.push((group, members));
    }
    groups.sort();
    groups
}

/// Answers lost, calls refused and cut, kills at random moments, and people signing in through
/// the migration trigger all the while.
#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_under_faults_while_people_sign_in_everything_stays_exact() {
    for seed in 0..4 {
        storm(seed).await;
    }
}

async fn storm(seed: u64) {
    let mut world = World::new().await;
    world.keep("id % 3 = 0 AND id < 700").await;
    let legacy_users = sign_in_data(&world).await;
    let users_file = world.directory.path().join("users.json");
    std::fs::write(
        &users_file,
        serde_json::to_vec(&legacy_users).expect("JSON"),
    )
    .expect("a file");
    world.attach_trigger(trigger(&users_file)).await;
    let total = u64::try_from(count(&world).await).expect("a count");

    let random = Arc::new(std::sync::Mutex::new(StdRng::seed_from_u64(seed)));
    let left = Arc::new(AtomicUsize::new(usize::MAX));
    let kill = Arc::new(Notify::new());
    let rule = {
        let (random, left, kill) = (Arc::clone(&random), Arc::clone(&left), Arc::clone(&kill));
        move |call: crate::fault_front::Call<'_>| {
            if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)) == Ok(1)
            {
                kill.notify_one();
            }
            if call.operation == "DescribeUserPool" {
                return Fault::None;
            }
            match random
                .lock()
                .expect("no panic while held")
                .random_range(0..100)
            {
                0..2 => Fault::LoseAnswer,
                2..4 => Fault::CutBefore,
                4..9 => Fault::Refuse("TooManyRequestsException"),
                9..10 => Fault::FailAfter("InternalErrorException"),
                _ => Fault::None,
            }
        }
    };
    let front = FaultFront::start(world.service.endpoint(), rule).await;

    // People who sign in, as fast as the trigger lets them, until the import is over.
    let signed_in = Arc::new(std::sync::Mutex::new(Vec::new()));
    let people = tokio::spawn({
        let pool = world.pool().await;
        let client = world.service.client_id().to_owned();
        let signed_in = Arc::clone(&signed_in);
        let mut names: Vec<String> = legacy_users.keys().cloned().collect();
        let mut random = StdRng::seed_from_u64(seed ^ 0xabcd);
        async move {
            while !names.is_empty() {
                let name = names.swap_remove(random.random_range(0..names.len()));
                let password = format!("pw-{name}");
                let answer = pool.initiate_auth(&client, &name, &password).await;
                if matches!(answer, Ok(SignInAnswer::Tokens(_))) {
                    signed_in.lock().expect("no panic while held").push(name);
                }
            }
        }
    });

    let run = ImportRun {
        concurrency: 16,
        ..world.run()
    };
    let mut kills = 0;
    let summary = loop {
        let calls = random
            .lock()
            .expect("no panic while held")
            .random_range(5..40);
        left.store(
            if kills < 12 { calls } else { usize::MAX },
            Ordering::SeqCst,
        );
        match import_until(&world, &front.endpoint, &run, Arc::clone(&kill)).await {
            None => kills += 1,
            Some(Ok(summary)) => break summary,
            Some(Err(ImportError::Journal(bulk_import::JournalError::Locked { .. }))) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Some(Err(error)) => panic!(
                "seed {seed}: {error} {:?}",
                std::error::Error::source(&error)
            ),
        }
    };
    people.abort();
    assert_accounts(&summary, total);
    assert!(
        summary.complete && summary.failed == 0,
        "seed {seed}: {summary:?}"
    );
    let signed_in = signed_in.lock().expect("no panic while held").clone();
    assert!(
        kills > 5 && !signed_in.is_empty(),
        "seed {seed}: {kills} kills"
    );
    assert!(summary.already_in_pool > 0, "seed {seed}: {summary:?}");

    // Whoever signed in keeps the password; everybody whom the run accounts for is there once.
    let (pool, client) = (world.pool().await, world.service.client_id());
    for name in &signed_in {
        let answer = pool
            .initiate_auth(client, name, &format!("pw-{name}"))
            .await;
        assert!(
            matches!(answer, Ok(SignInAnswer::Tokens(_))),
            "seed {seed}: {name} {answer:?}"
        );
    }
    let users = world.users().await;
    let there = u64::try_from(users.len()).expect("a count");
    assert_eq!(
        summary.created + summary.already_in_pool,
        there,
        "seed {seed}: {summary:?}"
    );
    assert!(
        users
            .values()
            .all(|user| user.status == UserStatus::Confirmed),
        "seed {seed}"
    );
    let ids: std::collections::BTreeSet<_> = users
        .values()
        .map(|user| user.attributes.get("custom:legacy_id"))
        .collect();
    assert_eq!(
        ids.len(),
        users.len(),
        "seed {seed}: a legacy user is there twice"
    );
}

fn trigger(users: &std::path::Path) -> TriggerProgram {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/trigger.py");
    TriggerProgram {
        args: vec![script.to_owned()],
        env: vec![("USERS".to_owned(), users.display().to_string())],
        concurrency: 2,
        ..TriggerProgram::new("/usr/bin/python3")
    }
}

/// What the trigger answers for each user, by lower-cased username.
async fn sign_in_data(
    world: &World,
) -> std::collections::BTreeMap<String, std::collections::BTreeMap<String, String>> {
    let legacy = world.legacy().await;
    let users: Vec<_> = legacy
        .users(None, 1000)
        .try_collect()
        .await
        .expect("the fixture");
    let mut data = std::collections::BTreeMap::new();
    for user in users.iter().filter(|user| user.is_active) {
        let (target, faults) = migration_model::map_user(user, &world.config.mapping);
        let shown = target.username.to_lowercase();
        if faults.is_empty() && !shown.contains("twin") {
            let mut attributes = target.attributes;
            // Ambiguous addresses would be somebody else's alias.
            attributes.insert("email_verified".to_owned(), "false".to_owned());
            attributes.insert("username".to_owned(), shown.clone());
            data.insert(shown, attributes);
        }
    }
    data
}

async fn count(world: &World) -> usize {
    let users: Vec<_> = world
        .legacy()
        .await
        .users(None, 1000)
        .try_collect()
        .await
        .expect("users");
    users.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_stop_it_finishes_what_it_began_and_the_same_command_goes_on() {
    let world = World::new().await;
    let control = RunControl::new();
    let stopper = {
        let control = control.clone();
        let mut progress = control.progress();
        async move {
            let began = progress.wait_for(|progress| progress.created >= 50).await;
            drop(began.expect("the import shows progress"));
            control.stop(Stop::Finish);
        }
    };
    let (legacy, pool, run) = (world.legacy().await, world.pool().await, world.run());
    let import = bulk_import::import(&legacy, &world.config, &pool, &run, &control);
    let (summary, ()) = tokio::join!(import, stopper);
    let summary = summary.expect("stopping is no error");
    assert_accounts(&summary, 1000);
    assert!(
        !summary.complete && summary.created >= 50 && summary.pending > 0,
        "{summary:?}"
    );
    let users = world.users().await;
    assert!(
        users
            .values()
            .all(|user| user.status == UserStatus::Confirmed),
        "half-made users"
    );
    assert_eq!(users.len() as u64, summary.created);

    let rest = world.import(&run).await.expect("goes on");
    assert_accounts(&rest, 1000);
    assert!(rest.complete && rest.created > summary.created, "{rest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_set_by_a_lost_call_is_not_set_again() {
    let world = World::new().await;
    world.keep("username = 'staff.member0'").await;
    let set = Arc::new(AtomicUsize::new(0));
    let rule = {
        let set = Arc::clone(&set);
        move |call: crate::fault_front::Call<'_>| match call.operation {
            "AdminSetUserPassword" => {
                set.fetch_add(1, Ordering::SeqCst);
                Fault::LoseAnswer
            }
            _ => Fault::None,
        }
    };
    let front = FaultFront::start(world.service.endpoint(), rule).await;
    let pool = pool_with_patience(
        world.address_at(&front.endpoint),
        Quotas::off(),
        Patience::default(),
    );
    let summary = world
        .import_into(&pool.await, &world.run())
        .await
        .expect("imports");
    assert_eq!(
        (summary.created, set.load(Ordering::SeqCst)),
        (1, 1),
        "{:?}",
        front.calls()
    );
}
