//! How long look-ups and streams take on a database of one's own.
//!
//! ```text
//! cargo run -p legacy-users --example measure -- CUTOVER_TOML DATABASE_URL
//! ```
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use futures::StreamExt;
use legacy_users::{ConnectSettings, LegacyDatabase};
use migration_model::{Config, LegacyUser};

const LOOK_UPS: usize = 100;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(url)) = (arguments.next(), arguments.next()) else {
        return Err("usage: measure CUTOVER_TOML DATABASE_URL".into());
    };
    let text = std::fs::read_to_string(&file)?;
    let config = Config::parse(&text, Path::new(&file), Some(&url))?;

    let started = Instant::now();
    let settings = ConnectSettings::for_trigger();
    let cold = LegacyDatabase::open(&config.legacy, &config.mapping, settings)?;
    cold.find_by_login("nobody.of.this.name").await?;
    println!(
        "cold: connection, catalog and first look-up {:?}",
        started.elapsed()
    );

    let started = Instant::now();
    let settings = ConnectSettings::default();
    let database = LegacyDatabase::connect(&config.legacy, &config.mapping, settings).await?;
    println!("connect, with every check {:?}", started.elapsed());

    let started = Instant::now();
    let mut sample: Vec<LegacyUser> = Vec::new();
    let mut read = 0_usize;
    let mut users = Box::pin(database.users(None, 1_000));
    while let Some(user) = users.next().await {
        let user = user?;
        if read.is_multiple_of(97) && sample.len() < LOOK_UPS {
            sample.push(user);
        }
        read += 1;
    }
    let rate = read as f64 / started.elapsed().as_secs_f64();
    println!("stream of {read} users: {rate:.0} users/s");

    let usernames: Vec<String> = sample
        .iter()
        .filter_map(|user| user.username.clone())
        .collect();
    let upper: Vec<String> = usernames.iter().map(|name| name.to_uppercase()).collect();
    let emails: Vec<String> = sample
        .iter()
        .filter_map(|user| user.email.clone())
        .collect();
    let unknown: Vec<String> = (0..LOOK_UPS).map(|n| format!("nobody.{n}")).collect();
    for (what, logins) in [
        ("username as stored", usernames),
        ("username in capitals", upper),
        ("e-mail as stored", emails),
        ("nobody's login", unknown),
    ] {
        let mut times: Vec<Duration> = Vec::new();
        for login in &logins {
            let started = Instant::now();
            database.find_by_login(login).await?;
            times.push(started.elapsed());
        }
        times.sort();
        if let (Some(median), Some(slow)) = (
            times.get(times.len() / 2),
            times.get(times.len() * 95 / 100),
        ) {
            println!("{what}: median {median:?}, 95 % within {slow:?}");
        }
    }
    database.close().await;
    Ok(())
}
