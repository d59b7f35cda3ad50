//! `cutover verify`: passwords against hashes, line by line. All cores work, the order is kept,
//! and memory stays flat: at most a few lines per core wait at a time.

use std::io::{self, BufRead, Write};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};

use django_password::{EncodedPassword, Limits, PlainPassword, Verifier};
use serde::{Deserialize, Serialize};

use crate::arguments::Arguments;
use crate::exit_status::{ExitStatus, Failure};
use crate::settings;

#[derive(Deserialize)]
struct Question {
    password: PlainPassword,
    // Django's column can be null; it verifies as the empty string does.
    #[serde(default)]
    encoded: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Verdict {
        verdict: &'static str,
        algorithm: Option<String>,
    },
    Error {
        error: String,
    },
}

/// A line on its way, and where its answer is awaited.
type Job = (Vec<u8>, Sender<Answer>);

pub(crate) fn run(arguments: &Arguments) -> Result<ExitStatus, Failure> {
    let config = settings::config_or_defaults(arguments)?;
    let hashers = settings::hashers_with_secrets(&config)?;
    let verifier = Verifier::new(hashers, Limits::default());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (jobs, taken) = sync_channel::<Job>(cores);
    let (awaited, in_order) = sync_channel::<Receiver<Answer>>(cores.saturating_mul(4));
    let taken = Arc::new(Mutex::new(taken));
    std::thread::scope(|scope| {
        for _ in 0..cores {
            let (taken, verifier) = (Arc::clone(&taken), verifier.clone());
            scope.spawn(move || work(&taken, &verifier));
        }
        let writer = scope.spawn(move || write_answers(&in_order));
        let read = read_lines(&jobs, &awaited);
        drop((jobs, awaited));
        let written = writer
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("a thread panicked")));
        read.and(written)
    })
    .map(|()| ExitStatus::Fine)
    .map_err(|error| Failure::usage("could not read stdin or write stdout").source(error))
}

fn read_lines(jobs: &SyncSender<Job>, awaited: &SyncSender<Receiver<Answer>>) -> io::Result<()> {
    let mut input = io::stdin().lock();
    loop {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let (answer, await_answer) = channel();
        // Either end hangs up only when stdout is gone: then there is nobody to answer.
        if awaited.send(await_answer).is_err() || jobs.send((line, answer)).is_err() {
            return Ok(());
        }
    }
}

fn work(taken: &Mutex<Receiver<Job>>, verifier: &Verifier) {
    loop {
        let job = match taken.lock() {
            Ok(jobs) => jobs.recv(),
            Err(_) => return,
        };
        let Ok((line, answer)) = job else { return };
        let _ = answer.send(answer_line(&line, verifier));
    }
}

fn answer_line(line: &[u8], verifier: &Verifier) -> Answer {
    let Question { password, encoded } = match serde_json::from_slice(line) {
        Ok(question) => question,
        // serde's text can quote the value, which may be a password: say the place alone.
        Err(error) => {
            let place = error.column();
            let wants = "want {\"password\": text, \"encoded\": text or null}";
            return Answer::Error {
                error: format!("not such a line (at column {place}): {wants}"),
            };
        }
    };
    let encoded = EncodedPassword::new(encoded.unwrap_or_default());
    let verification = verifier.verify(&password, &encoded);
    Answer::Verdict {
        verdict: verification.verdict.word(),
        algorithm: verification.algorithm,
    }
}

fn write_answers(in_order: &Receiver<Receiver<Answer>>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for awaited in in_order {
        let answer = awaited.recv().unwrap_or_else(|_| Answer::Error {
            error: "the check broke off".to_owned(),
        });
        serde_json::to_writer(&mut out, &answer)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
