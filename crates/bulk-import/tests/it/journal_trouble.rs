//! Journals that cannot be used: one clear message each, and nothing half-written.

use bulk_import::{ErrorClass, ImportError, JournalError, OutcomeRow, RunControl, RunStatus};
use futures::TryStreamExt;
use migration_model::LegacyUser;

use crate::world::{World, assert_accounts};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_import_of_the_same_run_is_refused_while_the_first_goes_on() {
    let world = World::new().await;
    let control = RunControl::new();
    let (legacy, pool, run) = (world.legacy().await, world.pool().await, world.run());
    let second = async {
        let mut progress = control.progress();
        drop(
            progress
                .wait_for(|progress| progress.created > 0)
                .await
                .expect("progress"),
        );
        let refused = world
            .import(&run)
            .await
            .expect_err("the first holds the lock");
        let locked = matches!(
            &refused,
            ImportError::Journal(JournalError::Locked { process: Some(process), .. })
                if *process == std::process::id()
        );
        assert!(locked, "{refused:?}");
        assert_eq!(refused.class(), ErrorClass::Usage);
        // Looking is allowed.
        let status = RunStatus::read(&world.runs(), &run.name)
            .await
            .expect("a journal");
        assert_accounts(&status.summary, 1000);
    };
    let import = bulk_import::import(&legacy, &world.config, &pool, &run, &control);
    let (summary, ()) = tokio::join!(import, second);
    assert!(summary.expect("imports").complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_a_file_and_a_file_that_is_no_journal_are_refused() {
    let world = World::new().await;
    std::fs::write(world.runs(), "a file").expect("a file");
    let refused = world.import(&world.run()).await.expect_err("no directory");
    let unusable = matches!(
        refused,
        ImportError::Journal(JournalError::Directory { .. })
    );
    assert!(unusable, "{refused:?}");
    assert_eq!(refused.class(), ErrorClass::Usage);

    std::fs::remove_file(world.runs()).expect("it is there");
    std::fs::create_dir(world.runs()).expect("a directory");
    let path = world.runs().join("night.sqlite3");
    std::fs::write(
        &path,
        "not a database, but long enough to look like one".repeat(100),
    )
    .expect("a file");
    let refused = world.import(&world.run()).await.expect_err("no journal");
    let unusable = matches!(
        refused,
        ImportError::Journal(JournalError::NotAJournal { .. })
    );
    assert!(unusable, "{refused:?}");
    assert!(world.users().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_is_private_has_one_row_per_user_and_no_secret() {
    let world = World::new().await;
    let summary = world.import(&world.run()).await.expect("imports");
    let rows: Vec<OutcomeRow> = OutcomeRow::read_all(&world.runs(), &world.run().name)
        .await
        .expect("a journal")
        .try_collect()
        .await
        .expect("readable");
    assert_eq!(rows.len(), 1000);
    let created = rows.iter().filter(|row| row.outcome == "created");
    assert_eq!(created.clone().count() as u64, summary.created);
    assert!(created.into_iter().all(|row| !row.sub.is_empty()));
    assert!(
        rows.iter()
            .filter(|row| row.outcome != "created")
            .all(|row| !row.reason.is_empty())
    );

    use std::os::unix::fs::PermissionsExt;
    let legacy = world.legacy().await;
    let users: Vec<LegacyUser> = legacy.users(None, 1000).try_collect().await.expect("users");
    let mut secrets = Vec::new();
    for user in &users {
        let hash = user.encoded_password.expose();
        secrets.extend(Some(hash.to_owned()).filter(|hash| hash.len() > 10));
        secrets.extend(user.email.clone());
    }
    // What is somebody's username too stands in the journal as that.
    let names: Vec<&str> = users
        .iter()
        .filter_map(|user| user.username.as_deref())
        .collect();
    let names = names.join("\n").to_lowercase();
    secrets.retain(|secret| !names.contains(&secret.to_lowercase()));
    assert!(secrets.len() > 1500, "{}", secrets.len());
    let folders = [world.runs(), world.runs().join("ledger")];
    let entries = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).expect("a directory"));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    for path in paths.filter(|path| path.is_file()) {
        let mode = std::fs::metadata(&path)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
        let content = std::fs::read(&path).expect("readable");
        let content = String::from_utf8_lossy(&content).to_lowercase();
        let found = secrets
            .iter()
            .filter(|secret| content.contains(&secret.to_lowercase()));
        assert_eq!(found.count(), 0, "{}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_does_not_exist_is_named() {
    let world = World::new().await;
    let missing = RunStatus::read(&world.runs(), &world.run().name)
        .await
        .expect_err("no run");
    assert!(missing.to_string().contains("night"), "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_left_that_was_killed_while_starting_its_journal_is_no_run() {
    let world = World::new().await;
    std::fs::create_dir(world.runs()).expect("a directory");
    let unborn = world.runs().join("night.sqlite3.new");
    std::fs::write(&unborn, "half a page").expect("a file");
    std::fs::write(world.runs().join("night.sqlite3.new-journal"), "half, too").expect("a file");
    let missing = RunStatus::read(&world.runs(), &world.run().name).await;
    assert!(
        matches!(missing, Err(JournalError::Missing { .. })),
        "{missing:?}"
    );
    assert!(world.import(&world.run()).await.expect("imports").complete);
    assert!(!unborn.exists());
}
