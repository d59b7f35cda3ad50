//! Users who come by import job, with their hash: who they are, what they can do afterwards, and
//! that the accounts stay exact whatever happens to a job.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bulk_import::{ImportError, ImportRun, RunControl, Summary};
use cognito_user_pool::{ImportJobStatus, Quotas, SignInAnswer, UserStatus};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use tokio::sync::Notify;

use crate::crash::{import_until, resume};
use crate::fault_front::{Fault, FaultFront};
use crate::world::{SHORT, World, assert_accounts, pool_at, pool_with_patience};

fn by_job(world: &World) -> ImportRun {
    ImportRun {
        approve_password_reset: false,
        routes: Some(
            "hash-import,first-login,admin-create"
                .parse()
                .expect("routes"),
        ),
        ..world.run()
    }
}

/// Everybody's address is verified: an import job takes nobody else.
async fn verified_world() -> World {
    let world = World::new().await;
    verify_all(&world).await;
    world
}

async fn verify_all(world: &World) {
    world
        .change("UPDATE OR IGNORE account_emailaddress SET verified = 1")
        .await;
}

/// Logins and passwords of the fixture, as its own Django set them.
fn canaries() -> Vec<(String, String)> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../migrations-fixtures/canaries.json"
    );
    let text = std::fs::read_to_string(path).expect("the canaries");
    let canaries: Value = serde_json::from_str(&text).expect("JSON");
    let canaries = canaries.as_array().expect("a list").iter();
    let text = |canary: &Value, key: &str| canary[key].as_str().map(str::to_owned);
    canaries
        .filter(|one| one["expect"] == "signs-in")
        .filter_map(|one| Some((text(one, "login")?, text(one, "password")?)))
        .collect()
}

async fn imported_by_jobs(world: &World) -> u64 {
    let jobs = world.pool().await.list_user_import_jobs().await;
    jobs.expect("the pool answers")
        .iter()
        .map(|job| job.imported)
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_an_import_job_takes_signs_in_with_the_old_password_and_no_other() {
    let world = verified_world().await;
    let summary = world.import(&by_job(&world)).await.expect("imports");
    assert_accounts(&summary, 1000);
    assert!(summary.complete && summary.failed == 0, "{summary:?}");
    assert!(summary.hash_imported > 600, "{summary:?}");
    assert!(summary.created > summary.hash_imported, "{summary:?}");
    assert_eq!(imported_by_jobs(&world).await, summary.hash_imported);
    let users = world.users().await;
    assert_eq!(users.len() as u64, summary.created);

    let pool = world.pool().await;
    let client = world.service.client_id();
    let mut right = 0;
    // Of the addresses this test's own rule decides who verified them.
    for (login, password) in canaries()
        .into_iter()
        .filter(|(login, _)| !login.contains('@'))
    {
        let is_hash_imported = users.values().any(|user| {
            let is = |value: &str| value.eq_ignore_ascii_case(&login);
            let named = is(&user.username) || user.attributes.get("email").is_some_and(|e| is(e));
            named && user.attributes.contains_key("updated_at")
        });
        if !is_hash_imported {
            continue;
        }
        let wrong = pool
            .initiate_auth(client, &login, "Not-the-password-1")
            .await;
        assert!(
            matches!(wrong, Ok(SignInAnswer::Refused(_))),
            "a wrong password"
        );
        let answer = pool.initiate_auth(client, &login, &password).await;
        assert!(
            matches!(answer, Ok(SignInAnswer::Tokens(_))),
            "{login}: {answer:?}"
        );
        right += 1;
    }
    assert!(right >= 5, "{right} canaries came by import job");
    let again = world.import(&by_job(&world)).await.expect("imports");
    assert_eq!(again, summary);
    assert_eq!(imported_by_jobs(&world).await, summary.hash_imported);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_follow_the_job_and_nobody_inactive_goes_by_it() {
    let world = verified_world().await;
    let plan = world.plan(&by_job(&world)).await.expect("plans");
    let summary = world.import(&by_job(&world)).await.expect("imports");
    assert_eq!(plan.hash_import, summary.hash_imported);
    assert_eq!(plan.to_create, summary.created - summary.hash_imported);
    let users = world.users().await;
    let by_jobs = users
        .values()
        .filter(|user| user.attributes.contains_key("updated_at"));
    let by_jobs: Vec<_> = by_jobs.collect();
    assert_eq!(by_jobs.len() as u64, summary.hash_imported);
    for user in &by_jobs {
        assert!(
            user.enabled && user.status == UserStatus::Confirmed,
            "{user:?}"
        );
    }
    let pool = world.pool().await;
    let mut memberships = 0;
    for group in pool.list_groups().await.expect("the pool answers") {
        use futures::TryStreamExt;
        let members: Vec<Vec<_>> = pool
            .list_users_in_group(&group)
            .try_collect()
            .await
            .expect("the pool answers");
        let ours = members.iter().flatten();
        memberships += ours
            .filter(|member| by_jobs.iter().any(|user| user.username == member.username))
            .count();
    }
    assert!(memberships > 0, "groups were added after the job");
}

/// Between planning and job somebody signs in: they keep what they have.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_came_by_themselves_meanwhile_stays_as_they_are() {
    // Where no app client may write the legacy id, it proves who they are.
    let world = World::with(crate::world::CONFIG, |settings| {
        settings.alias_attributes = vec!["email".to_owned()];
        let writable = ["email", "given_name", "family_name", "updated_at"];
        let members = [("WriteAttributes".to_owned(), writable.as_slice().into())];
        settings.client_members = members.into_iter().collect();
    })
    .await;
    verify_all(&world).await;
    let started = Arc::new(Notify::new());
    let let_go = Arc::new(AtomicBool::new(false));
    let (tell, gate) = (Arc::clone(&started), Arc::clone(&let_go));
    let rule = move |call: crate::fault_front::Call<'_>| {
        let holds = call.operation == "StartUserImportJob" && !gate.load(Ordering::SeqCst);
        if holds {
            tell.notify_one();
            return Fault::Refuse("TooManyRequestsException");
        }
        Fault::None
    };
    let front = FaultFront::start(world.service.endpoint(), rule).await;
    let through = pool_at(world.address_at(&front.endpoint), Quotas::off()).await;
    let run = by_job(&world);
    let meanwhile = async {
        started.notified().await;
        let attributes = [
            ("email", "alg.pbkdf2_sha256.0@example.com"),
            ("custom:legacy_id", "4711"),
        ];
        let legacy = world.legacy().await;
        let login = legacy.find_by_login("alg.pbkdf2_sha256.0").await;
        let migration_model::LoginMatch::One(user, _) = login.expect("the database answers") else {
            panic!("the fixture has this user");
        };
        let id = user.id.to_string();
        let mut attributes: BTreeMap<String, String> = attributes
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        attributes.insert("custom:legacy_id".to_owned(), id);
        let direct = world.pool().await;
        let made = direct
            .admin_create_user("alg.pbkdf2_sha256.0", &attributes)
            .await
            .expect("the name is free");
        direct
            .admin_set_user_password(&made.username, "Their-own-choice-1")
            .await
            .expect("set");
        let_go.store(true, Ordering::SeqCst);
        made.sub().map(str::to_owned)
    };
    let (summary, sub) = tokio::join!(world.import_into(&through, &run), meanwhile);
    let summary = summary.expect("imports");
    assert_accounts(&summary, 1000);
    assert_eq!(summary.already_in_pool, 1, "{summary:?}");
    assert_eq!(summary.failed, 0, "{summary:?}");
    assert_eq!(imported_by_jobs(&world).await, summary.hash_imported);
    let users = world.users().await;
    assert_eq!(users["alg.pbkdf2_sha256.0"].sub().map(str::to_owned), sub);
    let client = world.service.client_id();
    let pool = world.pool().await;
    let own = pool.initiate_auth(client, "alg.pbkdf2_sha256.0", "Their-own-choice-1");
    assert!(matches!(own.await, Ok(SignInAnswer::Tokens(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_of_a_job_is_found_again_and_imports_nobody_twice() {
    for operation in [
        "CreateUserImportJob",
        "StartUserImportJob",
        "DescribeUserImportJob",
    ] {
        let world = verified_world().await;
        world.keep("username LIKE 'alg.%'").await;
        let lost = AtomicUsize::new(0);
        let rule = move |call: crate::fault_front::Call<'_>| {
            let first = call.operation == operation && lost.fetch_add(1, Ordering::SeqCst) == 0;
            if first {
                Fault::LoseAnswer
            } else {
                Fault::None
            }
        };
        let front = FaultFront::start(world.service.endpoint(), rule).await;
        let pool =
            pool_with_patience(world.address_at(&front.endpoint), Quotas::off(), SHORT).await;
        let summary = world.import_into(&pool, &by_job(&world)).await;
        let summary = summary.expect(operation);
        assert!(
            summary.complete && summary.hash_imported > 3,
            "{operation}: {summary:?}"
        );
        assert_eq!(summary.failed, 0, "{operation}: {summary:?}");
        assert_eq!(
            imported_by_jobs(&world).await,
            summary.hash_imported,
            "{operation}"
        );
        let jobs = world
            .pool()
            .await
            .list_user_import_jobs()
            .await
            .expect("answers");
        let mut names: Vec<_> = jobs.iter().map(|job| job.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(
            names.len(),
            jobs.len(),
            "{operation}: no job was made twice"
        );
        assert!(
            jobs.iter()
                .all(|job| job.status == ImportJobStatus::Succeeded)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_sixty_instants_the_accounts_agree_with_the_jobs() {
    let mut random = StdRng::seed_from_u64(12);
    let undisturbed = verified_world().await;
    undisturbed
        .keep("id % 10 = 0 OR username LIKE 'alg.%'")
        .await;
    let expected = undisturbed
        .import(&by_job(&undisturbed))
        .await
        .expect("imports");
    assert!(expected.hash_imported > 40, "{expected:?}");
    let mut kills = 0;
    while kills < 60 {
        let world = verified_world().await;
        world.keep("id % 10 = 0 OR username LIKE 'alg.%'").await;
        let front = FaultFront::start(world.service.endpoint(), crate::fault_front::pass).await;
        let run = by_job(&world);
        // Several kills on the way to one end.
        for _ in 0..4 {
            let kill = Arc::new(Notify::new());
            let killer = Arc::clone(&kill);
            let after = Duration::from_millis(random.random_range(1..400));
            tokio::spawn(async move {
                tokio::time::sleep(after).await;
                killer.notify_one();
            });
            let _: Option<Result<Summary, ImportError>> =
                import_until(&world, &front.endpoint, &run, kill).await;
            kills += 1;
        }
        let summary = resume(&world, &world.pool().await, &run).await;
        let context = format!("after {kills} kills");
        assert_eq!(
            (
                summary.created,
                summary.hash_imported,
                summary.held,
                summary.failed
            ),
            (
                expected.created,
                expected.hash_imported,
                expected.held,
                expected.failed
            ),
            "{context}: {summary:?}"
        );
        assert_eq!(
            imported_by_jobs(&world).await,
            summary.hash_imported,
            "{context}"
        );
        assert_eq!(
            world.users().await.len() as u64,
            summary.created,
            "{context}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_values_arrive_equal_or_are_a_reason() {
    let values = [
        ("comma, and \"quotes\" 'x' ;", true),
        ("\u{200f}\u{5d0}\u{5d1}\u{202e}x", true),
        ("=1+1", true),
        ("tab\there", false),
        ("line\nbreak", false),
        ("back\\slash", false),
        (" blank", false),
        ("\u{feff}mark", false),
    ];
    let world = verified_world().await;
    world.keep("username LIKE 'alg.pbkdf2_sha256.%'").await;
    let mut expected = Vec::new();
    for (index, (value, arrives)) in values.iter().enumerate() {
        let name = value.replace('\'', "''");
        world
            .change(&format!(
                "INSERT INTO auth_user (password, last_login, is_superuser, username, first_name,
                     last_name, email, is_staff, is_active, date_joined)
                 SELECT password, NULL, 0, 'hostile{index}', '{name}', 'x',
                        'hostile{index}@example.com', 0, 1, date_joined
                 FROM auth_user WHERE username = 'alg.pbkdf2_sha256.0';
                 INSERT INTO account_emailaddress (email, verified, \"primary\", user_id)
                 SELECT email, 1, 1, id FROM auth_user WHERE username = 'hostile{index}'"
            ))
            .await;
        expected.push((format!("hostile{index}"), *value, *arrives));
    }
    let control = RunControl::new();
    let run = by_job(&world);
    let (legacy, pool) = (world.legacy().await, world.pool().await);
    let imported = bulk_import::import(&legacy, &world.config, &pool, &run, &control).await;
    imported.expect("imports");
    let users = world.users().await;
    let mut arrived = 0;
    for (username, value, arrives) in expected {
        let by_job = users
            .get(&username)
            .filter(|user| user.attributes.contains_key("updated_at"));
        match by_job {
            Some(user) => {
                assert_eq!(user.attributes["given_name"], value);
                arrived += 1;
            }
            None => assert!(!arrives, "{value:?} was to go by job"),
        }
    }
    assert_eq!(arrived, 3);
}
