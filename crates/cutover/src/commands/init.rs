//! `cutover init`: looks at a database and writes its configuration. Reads catalogs and samples
//! alone, and the project's settings where they are named; asks on a terminal where there is a choice, decides by itself with `--yes`, and says what
//! it was unsure of. Never writes over a file without being told.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;

use dialoguer::Select;
use dialoguer::theme::ColorfulTheme;
use legacy_users::{ConnectSettings, Survey};
use migration_model::LegacyUrl;
use rehearsal::{
    Choice, DjangoFacts, Draft, UserTableCandidate, tables_beside, user_tables, worth_a_sample,
};

use crate::arguments::{Arguments, DEFAULT_CONFIG, InitOptions};
use crate::commands::inspect;
use crate::exit_status::{ExitStatus, Failure};
use crate::{django_settings, output, runtime, settings};

pub(crate) fn run(arguments: &Arguments, options: &InitOptions) -> Result<ExitStatus, Failure> {
    let out = options.out.as_ref().unwrap_or(&arguments.config);
    if out.exists() && !options.overwrite {
        return Err(
            Failure::usage(format!("{} is there already", out.display()))
                .hint("name another file with --out FILE, or replace it with --overwrite"),
        );
    }
    let facts = options
        .django_settings
        .as_deref()
        .map(|module| django_settings::ask(module, &options.python));
    let facts = facts.transpose()?;
    let told = facts.as_ref().and_then(|facts| facts.url.clone());
    // Whoever names a database means a copy, most of the time.
    let named = settings::legacy_url(options.url.as_deref());
    let is_in_environment = options.url.is_none() && named.is_ok();
    let typed = named.or_else(|failure| told.ok_or(failure))?;
    let url = LegacyUrl::parse(&typed, Path::new(""))
        .map_err(|fault| Failure::usage("the database URL cannot be used").hint(fault))?;
    let asks = !options.yes && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let in_file = in_the_file(&typed, out)?;
    let draft = runtime()?.block_on(draft(&url, &in_file, facts.as_ref(), asks))?;
    output::whole_file(out, draft.to_toml().as_bytes())?;
    output::result(format_args!("wrote {}", out.display()));
    let unsure = draft.choices.iter().filter(|choice| choice.unsure);
    for choice in unsure {
        let Some(chosen) = choice.options.first() else {
            continue;
        };
        output::result(format_args!(
            "  look at [{}] {}: {}",
            choice.section, choice.key, chosen.why
        ));
    }
    for note in &draft.notes {
        output::result(format_args!("  note: {note}"));
    }
    output::result("\ncutover inspect says of all rows:\n");
    let config = settings::config_of(out, &in_the_file(&typed, out)?)?;
    let status = inspect::inspect(&config, None, Vec::new())?;
    output::note(next_step(out, status));
    if !is_in_environment && settings::holds_password(&typed) {
        output::note(
            "the URL holds a password and is not in the file: set CUTOVER_LEGACY_URL to it first",
        );
    }
    Ok(status)
}

/// What to do with the file, for somebody who has just met this tool.
fn next_step(out: &Path, status: ExitStatus) -> String {
    let config = match out == Path::new(DEFAULT_CONFIG) {
        true => String::new(),
        false => format!(" --config {}", out.display()),
    };
    match status {
        ExitStatus::Fine => format!(
            "next: read {}, then practise the whole move on a local pool with `cutover{config} \
             rehearse`; --canaries FILE adds people whose passwords you know",
            out.display()
        ),
        _ => format!(
            "next: mend what BLOCKS, in {} or in Django, then `cutover{config} inspect`",
            out.display()
        ),
    }
}

/// The URL as the file needs it: there a relative SQLite path is relative to the file, and here to
/// the working directory.
fn in_the_file(typed: &str, out: &Path) -> Result<String, Failure> {
    let folder = out.parent().filter(|folder| *folder != Path::new(""));
    let Some(path) = typed.strip_prefix("sqlite:").filter(|_| folder.is_some()) else {
        return Ok(typed.to_owned());
    };
    let path = path.strip_prefix("//").unwrap_or(path);
    let whole = std::path::absolute(path).map_err(|error| {
        Failure::usage("the path of the SQLite file cannot be made absolute").source(error)
    })?;
    Ok(format!("sqlite://{}", whole.display()))
}

async fn draft(
    url: &LegacyUrl,
    typed: &str,
    facts: Option<&DjangoFacts>,
    asks: bool,
) -> Result<Draft, Failure> {
    let survey = Survey::of(url, ConnectSettings::default())
        .await
        .map_err(settings::legacy_failure)?;
    let mut samples = BTreeMap::new();
    for position in worth_a_sample(&survey) {
        let Some(table) = survey.tables.get(position) else {
            continue;
        };
        // A table that may not be read is not the users' for this login.
        if let Ok(sample) = survey.sample(table).await {
            samples.insert(position, sample);
        }
    }
    let mut candidates = user_tables(&survey, &samples);
    if let Some(facts) = facts {
        let told = facts.user_table(&survey).ok_or_else(|| {
            Failure::usage(format!(
                "AUTH_USER_MODEL is {}, whose table {} is not in this database",
                facts.user_model, facts.table
            ))
            .hint("name the project's database, or a copy of it, with --url")
        })?;
        if let (None, Some(table)) = (
            samples.get(&told.position),
            survey.tables.get(told.position),
        ) {
            let sample = survey.sample(table).await;
            samples.insert(told.position, sample.map_err(settings::legacy_failure)?);
        }
        candidates = vec![told];
    }
    if candidates.is_empty() {
        return Err(Failure::usage(
            "no table of this database looks like Django's users: none has a password column whose \
             rows can be read",
        )
        .hint("check the database's name and the login's rights, or write cutover.toml by hand"));
    }
    let chosen = match asks && candidates.len() > 1 {
        true => ask_table(&survey, &candidates)?,
        false => 0,
    };
    let candidate = candidates.swap_remove(chosen);
    let Some(sample) = samples.get(&candidate.position) else {
        return Err(Failure::usage("the chosen table could not be read"));
    };
    let shown = (!settings::holds_password(typed)).then_some(typed);
    let mut others = BTreeMap::new();
    for position in tables_beside(&survey, &candidate) {
        // A table that may not be read stays uncounted, and is asked about all the same.
        if let Some(table) = survey.tables.get(position)
            && let Ok(sample) = survey.sample(table).await
        {
            others.insert(position, sample);
        }
    }
    let mut draft = Draft::of(&survey, &candidate, sample, &others, shown);
    if let Some(facts) = facts {
        draft = draft.told(facts);
    }
    if asks {
        for choice in &mut draft.choices {
            ask(choice)?;
        }
    }
    Ok(draft)
}

fn ask_table(survey: &Survey, candidates: &[UserTableCandidate]) -> Result<usize, Failure> {
    let items: Vec<String> = candidates
        .iter()
        .filter_map(|candidate| {
            let table = survey.tables.get(candidate.position)?;
            Some(format!("{}  ({})", table.shown(), candidate.why))
        })
        .collect();
    select("Which table holds the users?", &items)
}

/// Puts the option that somebody chose first.
fn ask(choice: &mut Choice) -> Result<(), Failure> {
    if choice.options.len() < 2 {
        return Ok(());
    }
    let items: Vec<String> = choice
        .options
        .iter()
        .map(|option| match option.value.as_str() {
            "" => format!("(leave it out)  {}", option.why),
            value => format!("{value}  {}", option.why),
        })
        .collect();
    let key = format!("[{}] {}", choice.section, choice.key);
    let title = match question(choice) {
        Some(question) => format!("{question} ({key})"),
        None => key,
    };
    let chosen = select(&title, &items)?;
    choice.options.swap(0, chosen);
    choice.unsure = false;
    Ok(())
}

/// A setting as a question to somebody who knows the app.
fn question(choice: &Choice) -> Option<&'static str> {
    match (choice.section, choice.key.as_str()) {
        ("legacy", "login") => Some("What may people type at sign-in?"),
        ("legacy", "email_verified") => Some("Whose e-mail counts as verified?"),
        ("legacy", "where") => Some("Which rows are people to be moved?"),
        ("legacy.columns", "id") => Some("Which column tells the rows apart?"),
        ("legacy.columns", "is_active") => Some("Who may sign in?"),
        ("hashers", _) => Some("Does the app check passwords of this form?"),
        _ => None,
    }
}

fn select(title: &str, items: &[String]) -> Result<usize, Failure> {
    Select::with_theme(&ColorfulTheme::default())
        .with_prompt(title)
        .items(items)
        .default(0)
        .interact()
        .map_err(|error| {
            Failure::usage("the terminal gave no answer")
                .source(error)
                .hint("run it again, or decide nothing with --yes")
        })
}
