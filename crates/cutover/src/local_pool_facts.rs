//! What a local rehearsal pool tells of itself beside Cognito's protocol: how its trigger did. A pool at
//! AWS tells nothing here. Called by `watch`.

use std::time::Duration;

use cognito_user_pool::PoolAddress;
use rehearsal::TriggerRuns;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A local pool answers at once or not at all.
const LIMIT: Duration = Duration::from_secs(5);
/// A hundred thousand runs are 16 MB.
const LONGEST: u64 = 256 * 1024 * 1024;

#[derive(Deserialize)]
struct Answer {
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    source: String,
    duration: Duration,
    cold: bool,
}

/// The migrations of a local pool's trigger; `None` of a pool that is not on this machine.
pub(crate) async fn trigger_runs(address: &PoolAddress) -> Option<Result<TriggerRuns, String>> {
    let endpoint = address.endpoint_url().filter(|_| address.is_loopback())?;
    let authority = endpoint.strip_prefix("http://")?;
    let authority = authority.split('/').next().unwrap_or(authority);
    let asked = tokio::time::timeout(LIMIT, ask(authority)).await;
    Some(match asked {
        Err(_) => Err("the local pool does not answer".to_owned()),
        Ok(Err(_)) => Err("the local pool does not tell how its trigger did".to_owned()),
        Ok(Ok(runs)) => Ok(runs),
    })
}

async fn ask(authority: &str) -> std::io::Result<TriggerRuns> {
    let mut stream = TcpStream::connect(authority).await?;
    // Version 1.0: the answer ends with the connection.
    let request = format!("GET /_rehearsal/trigger-runs HTTP/1.0\r\nHost: {authority}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    stream.take(LONGEST).read_to_end(&mut bytes).await?;
    let body = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let body = body.map_or(&[][..], |at| &bytes[at + 4..]);
    let answer: Answer = serde_json::from_slice(body)?;
    Ok(summed(answer.runs))
}

fn summed(runs: Vec<Run>) -> TriggerRuns {
    let migrations = runs
        .iter()
        .filter(|run| run.source.starts_with("UserMigration_"));
    let mut times: Vec<f64> = migrations
        .clone()
        .map(|run| run.duration.as_secs_f64() * 1000.0)
        .collect();
    times.sort_by(f64::total_cmp);
    TriggerRuns {
        runs: u64::try_from(times.len()).unwrap_or(0),
        median_ms: times.get(times.len() / 2).copied().unwrap_or(0.0),
        slowest_ms: times.last().copied().unwrap_or(0.0),
        cold_starts: u64::try_from(migrations.filter(|run| run.cold).count()).unwrap_or(0),
    }
}
