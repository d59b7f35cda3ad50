//! Measures `django-password` and its peers in turns, and prints a table.
//!
//! Every contender checks the same password against the same encoded password where it can, or
//! computes the same derivation. They take turns, so that a change in the machine's speed hits all
//! alike; the median of each counts. Python's side measures itself, without the pipe.

mod contender;
mod python;
mod rows;
mod table;

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: django-password-bench PYTHON PEERS_PY one-core|all-cores [ROUNDS]";
    let interpreter = arguments.next().ok_or(usage)?;
    let script = arguments.next().ok_or(usage)?;
    let cores = arguments.next().ok_or(usage)?;
    let rounds: usize = arguments.next().map_or(Ok(9), |text| text.parse())?;

    let python = python::Python::start(&interpreter, Path::new(&script))?;
    let rows = match cores.as_str() {
        "one-core" => rows::one_core(&python),
        "all-cores" => rows::all_cores(&python),
        _ => return Err(usage.into()),
    };
    for mut row in rows {
        let measured = contender::take_turns(&mut row.contenders, rounds);
        table::print(&row, &measured);
    }
    Ok(())
}
