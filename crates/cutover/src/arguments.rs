//! The command line: what may be typed. No behaviour; the help text is generated from here.

use std::net::SocketAddr;
use std::path::PathBuf;

use bulk_import::{AgeRecipient, FinalState, KeepForFirstLogin, Shard};
use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand, ValueEnum};
use cognito_user_pool::{CategoryLimit, PoolTrigger, Share, TokenEventVersion};
use migration_model::RoutePreference;

/// Where the configuration is looked for.
pub(crate) const DEFAULT_CONFIG: &str = "cutover.toml";

/// Moves a Django app's users into an Amazon Cognito user pool without anybody losing a password.
///
/// RISKS: a user created by `import` can never again bring the old password along; the user
/// migration trigger fires only for users whom the pool does not have. Nothing is written without
/// --execute, except to the local rehearsal pool.
#[derive(Debug, Parser)]
#[command(name = "cutover", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Configuration file
    #[arg(long, global = true, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    pub(crate) config: PathBuf,
    /// Form of the log lines on stderr
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check passwords against Django hashes: JSON lines in, JSON lines out
    ///
    /// Reads {"password": "…", "encoded": "…"} a line from stdin, and writes {"verdict": "match" |
    /// "mismatch" | "unusable" | "unsupported" | "malformed" | "too-costly", "algorithm": …} a
    /// line, in the same order. A bad line gets {"error": "…"} and the run goes on.
    Verify,
    /// Look at a Django database and write its configuration
    ///
    /// Reads the catalog and at most two thousand rows a table. Asks on a terminal where there is a
    /// choice; with --yes it decides alone, and says what it was unsure of. Then runs `inspect`.
    Init(InitOptions),
    /// Look at the legacy database: users, hash algorithms and costs, problems
    Inspect(InspectOptions),
    /// Who will have come through the trigger by which week, and what the rest costs
    ///
    /// From last_login and date_joined, and once people have come, from when they really came. The
    /// band holds the whole curve in 95 of 100 cases, as far as people go on as they did; last_login
    /// knows only the last sign-in, and no season. Reads the legacy database once, and the pool, where
    /// one is named, by ListUsers alone, which makes nobody billable.
    Forecast(ForecastOptions),
    /// A page and a terminal view of where the move stands, from the pool, the ledger and the journals
    ///
    /// Reads the pool by ListUsers and Describe calls alone, which makes nobody billable, and the legacy
    /// database now and then for the forecast. Names nobody. Runs until Ctrl-C.
    Watch(WatchOptions),
    /// Check what is left to do before the old database can go, and prove each point by a read
    ///
    /// Exit code 1 while something is open. Reads only, unless --shred --execute removes this tool's own
    /// journals and ledger.
    Retire(RetireOptions),
    /// The local rehearsal pool
    Pool(PoolOptions),
    /// Bulk-import the remaining users by the Cognito admin APIs
    ///
    /// RISKS: whoever is created here loses the old password and must reset it. Without --execute
    /// it writes nothing and prints what it would do. The same command with the same --run resumes.
    Import(ImportOptions),
    /// What a run did so far, from its journal
    Status(StatusOptions),
    /// Delete the users that a run created and nobody has used since
    ///
    /// RISKS: a deleted user is gone. Whoever signed in, reset a password or was changed since is
    /// kept. Without --execute it deletes nothing and prints what it would do.
    Undo(UndoOptions),
    /// Compare the legacy database with the pool, user by user
    ///
    /// Three ways: with what both sides last agreed on, by the pool's ledger. What changed in Django
    /// alone travels with --fix --execute, what changed in Cognito alone stays, and what changed in
    /// both is a conflict for you to settle. Exit code 1 for conflicts, for people who are missing or
    /// have no way in, and for strangers who have a legacy user's name. Reads the pool by ListUsers
    /// alone, which makes nobody billable.
    ///
    /// RISKS: --fix --execute changes attributes, memberships of groups that come from Django, and
    /// who may sign in. It touches nobody who is not proven to be the legacy user.
    Reconcile(ReconcileOptions),
    /// The memory of a pool: who became which `sub`
    Ledger(LedgerOptions),
    /// Practise the whole cutover against a local pool, and leave a report
    Rehearse(RehearseOptions),
    /// Judge real sign-ins beside Django, before the switch
    ///
    /// Nobody is created, and nothing is kept but counts.
    Shadow(ShadowOptions),
    /// Which function a user pool's triggers call
    Trigger(TriggerOptions),
}

#[derive(Args, Debug)]
pub(crate) struct InitOptions {
    /// The database: sqlite:FILE, postgres://… or mysql://… [default: CUTOVER_LEGACY_URL]
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The file to write [default: --config]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// The project's settings module, such as mysite.settings: user model, columns, sign-in names and
    /// hashers are asked there in place of being guessed, and the database's URL if --url is not given
    #[arg(long, value_name = "MODULE")]
    pub(crate) django_settings: Option<String>,
    /// The project's own Python, for --django-settings; run in the working directory
    #[arg(
        long,
        value_name = "PATH",
        default_value = "python3",
        requires = "django_settings"
    )]
    pub(crate) python: PathBuf,
    /// Ask nothing
    #[arg(long)]
    pub(crate) yes: bool,
    /// Replace the file if it is there
    #[arg(long)]
    pub(crate) overwrite: bool,
}

#[derive(Args, Debug)]
pub(crate) struct InspectOptions {
    /// Also write the findings as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Also read the settings of the user pool, and say which let somebody become somebody else
    #[arg(long)]
    pub(crate) pool: bool,
    #[command(flatten)]
    pub(crate) target: PoolTarget,
}

#[derive(Args, Debug)]
pub(crate) struct ForecastOptions {
    /// How many weeks to look ahead, at most 104
    #[arg(long, value_name = "N", default_value_t = 26,
          value_parser = clap::value_parser!(u16).range(1..=104))]
    pub(crate) weeks: u16,
    /// Say in which week fewer than so many percent of all are left
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0, value_parser = percent)]
    pub(crate) below: f64,
    /// What a monthly active user costs, in your currency
    #[arg(long, value_name = "PRICE", value_parser = price)]
    pub(crate) mau_price: Option<f64>,
    /// The day of the switch, such as 2026-03-31 [default: when people began to come]
    #[arg(long, value_name = "DATE")]
    pub(crate) switched: Option<NaiveDate>,
    /// Leave the pool out, also where one is named
    #[arg(long)]
    pub(crate) database_only: bool,
    /// Also write it as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) memory: Memory,
    #[command(flatten)]
    pub(crate) pool: PoolTarget,
}

#[derive(Args, Debug)]
pub(crate) struct WatchOptions {
    /// Write the page here as well, whole each time
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Look once, and end: 1 where a criterion says stop
    #[arg(long)]
    pub(crate) once: bool,
    /// Where the page is served; loopback alone, port 0 picks a free one
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:0",
        conflicts_with = "once"
    )]
    pub(crate) listen: SocketAddr,
    /// Seconds between two looks at the pool; more where a look takes long
    #[arg(long, value_name = "SECONDS", default_value_t = 60,
          value_parser = clap::value_parser!(u64).range(5..=86_400))]
    pub(crate) every: u64,
    /// Also write the figures as JSON, each time
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) memory: Memory,
    #[command(flatten)]
    pub(crate) pool: PoolTarget,
}

#[derive(Args, Debug)]
pub(crate) struct RetireOptions {
    /// For how many days nobody must have come through the trigger
    #[arg(long, value_name = "N", default_value_t = 14,
          value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub(crate) quiet_days: u16,
    /// Points that may stay open, by their codes, separated by commas. You answer for them
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(crate) accept: Vec<String>,
    /// When all else is done: delete this tool's journals and the pool's ledger
    #[arg(long)]
    pub(crate) shred: bool,
    /// Delete them; without it they are only listed
    #[arg(long, requires = "shred")]
    pub(crate) execute: bool,
    /// Also write the points as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) memory: Memory,
    #[command(flatten)]
    pub(crate) pool: PoolTarget,
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim().parse().ok();
    let number = number.filter(|number| (0.01..=100.0).contains(number));
    number.ok_or_else(|| "write a number of percent from 0.01 to 100, such as 5".to_owned())
}

fn price(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.trim().parse().ok();
    let number = number.filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| "write a price as a number, such as 0.015".to_owned())
}

#[derive(Args, Debug)]
pub(crate) struct PoolOptions {
    #[command(subcommand)]
    pub(crate) command: PoolCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PoolCommand {
    /// Run a local user pool in the foreground until SIGTERM or SIGINT
    ///
    /// Speaks Cognito's wire protocol: point any AWS SDK's endpoint at it. Unknown users sign in
    /// through the real trigger program against the configured legacy database.
    Serve(ServeOptions),
    /// Write which attributes a pool has and what they take, for the trigger's package
    ///
    /// The file goes beside cutover.toml as pool-schema.json; the trigger then leaves out values that
    /// the pool would refuse, with the whole user. `trigger attach` says when it is old.
    Schema(SchemaOptions),
    /// Ask a real account what documentation leaves open about user pools
    ///
    /// Makes throw-away pools, app clients and users, asks, writes the answers, and deletes all it
    /// made. Without --execute it makes nothing and prints what it would do, with the IAM policy.
    /// It never touches a pool that it did not make: name and tag prove that.
    ///
    /// RISKS: users count as monthly active users, and codes go to addresses under example.com, which
    /// take no mail. The authors have never run it on AWS.
    Probe(ProbeOptions),
    /// Compare files of answers with what the rehearsal pool believes, and with each other
    Facts(FactsOptions),
}

#[derive(Args, Debug)]
pub(crate) struct ProbeOptions {
    /// AWS Region [default: pool.region of the file]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// An endpoint that speaks Cognito's protocol, in place of AWS's
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// Where to write the answers
    #[arg(long, value_name = "FILE", default_value = "pool-facts.json")]
    pub(crate) out: PathBuf,
    /// A function deployed from infra/probe-function.yaml, which answers as the login tells it to
    #[arg(long, value_name = "ARN", conflicts_with = "without_trigger")]
    pub(crate) function_arn: Option<String>,
    /// Leave out the questions that need such a function
    #[arg(long)]
    pub(crate) without_trigger: bool,
    /// A role for the logs of import jobs [default: pool.import_role_arn of the file]; without one
    /// the questions about import jobs are left out
    #[arg(long, value_name = "ARN")]
    pub(crate) import_role_arn: Option<String>,
    /// Delete what an earlier probe left behind, and ask nothing. Not beside a probe that runs
    #[arg(long, conflicts_with_all = ["function_arn", "without_trigger", "import_role_arn"])]
    pub(crate) clean: bool,
    /// Make, ask and delete; without it nothing is written
    #[arg(long)]
    pub(crate) execute: bool,
}

#[derive(Args, Debug)]
pub(crate) struct FactsOptions {
    /// Files that `pool probe` wrote
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct SchemaOptions {
    /// Where to write it [default: pool-schema.json beside the configuration]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) pool: PoolTarget,
}

#[derive(Args, Debug)]
pub(crate) struct ServeOptions {
    /// Address to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Write the endpoint and ids here, as JSON, once connections are accepted
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// Request quotas: `default` (Cognito's), `off`, or a TOML file of requests per second
    #[arg(long, value_name = "default|off|FILE", default_value = "default")]
    pub(crate) quotas: String,
    /// The trigger program [default: user-migration-trigger beside this program]
    #[arg(long, value_name = "PATH")]
    pub(crate) trigger: Option<PathBuf>,
    /// Invoke the triggers at this Lambda endpoint, such as a local Lambda's, instead
    #[arg(long, value_name = "URL", conflicts_with = "trigger")]
    pub(crate) trigger_url: Option<String>,
    /// Answers of `pool probe`: what they settle is done so
    #[arg(long, value_name = "FILE")]
    pub(crate) facts: Option<PathBuf>,
    /// The trigger answers as the login tells it to and looks nobody up: for `pool probe` alone
    #[arg(long, conflicts_with_all = ["trigger_url", "state"])]
    pub(crate) probing: bool,
    /// Further settings, a TOML file: triggers, access key, pool and app client, faults, …
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// Keep users, app clients and keys in this file, and go on with those it has. Holds private
    /// keys. Name a port with --listen too, since tokens name the endpoint
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Listen on an address that is not loopback. RISK: anybody who reaches it can sign in
    #[arg(long)]
    pub(crate) allow_remote: bool,
}

/// Which user pool, and how fast.
#[derive(Args, Debug)]
pub(crate) struct PoolTarget {
    /// Cognito endpoint, for the local rehearsal pool or an emulator
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// User pool id [default: pool.user_pool_id of the file]
    #[arg(long, value_name = "ID")]
    pub(crate) user_pool_id: Option<String>,
    /// AWS Region [default: pool.region of the file, else the one in the id]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Share of each request quota to spend, from 0.01 to 1
    #[arg(long, value_name = "SHARE", default_value_t = Share::HALF)]
    pub(crate) share: Share,
    /// A limit of the account, in requests a second, where Cognito's default does not hold and the
    /// account cannot be asked; may be repeated
    #[arg(long, value_name = "CATEGORY=RATE")]
    pub(crate) limit: Vec<CategoryLimit>,
}

/// Where a move's memory is: beside cutover.toml, whatever the working directory.
#[derive(Args, Debug)]
pub(crate) struct Memory {
    /// Folder of the run journals [default: runs, beside cutover.toml]
    #[arg(long, value_name = "DIR")]
    pub(crate) runs_dir: Option<PathBuf>,
    /// The pool's ledger: who became which `sub` [default: ledger-POOL.sqlite3, beside cutover.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) ledger: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct ImportOptions {
    /// Write to the pool; without it nothing is written
    #[arg(long)]
    pub(crate) execute: bool,
    /// Also import users who could still keep their password by signing in. They lose it
    #[arg(long)]
    pub(crate) approve_password_reset: bool,
    /// The ways into the pool, in order of preference: hash-import, first-login, admin-create
    ///
    /// In place of `routes` under `import`. hash-import takes whoever an import job of Cognito's can take
    /// with their Django hash; they keep their password.
    #[arg(long, value_name = "LIST")]
    pub(crate) routes: Option<RoutePreference>,
    /// Of those, leave whoever meets this: `last_login > 90 days` (later than 90 days ago)
    ///
    /// Also date_joined, and < for before. May be given several times; one that is met is enough.
    /// Whoever never signed in has no last_login, and meets no condition on it.
    #[arg(long, value_name = "CONDITION")]
    pub(crate) keep_for_first_login: Vec<KeepForFirstLogin>,
    /// In which state users are left
    #[arg(long, value_enum, value_name = "STATE", default_value_t = FinalStateChoice::ConfirmedRandom)]
    pub(crate) final_state: FinalStateChoice,
    /// For force-change: where the temporary passwords go, encrypted
    ///
    /// A file that is there is never written over: each start of a run writes one of its own
    /// (FILE, then with .2, .3, … before the extension), and of two the later one counts.
    #[arg(long, value_name = "FILE", requires = "age_recipient")]
    pub(crate) passwords_file: Option<PathBuf>,
    /// For force-change: the age public key (age1…) that the passwords are encrypted to
    #[arg(long, value_name = "KEY", requires = "passwords_file")]
    pub(crate) age_recipient: Option<AgeRecipient>,
    /// Write the plan here, as JSON, for somebody to review. Without --execute
    #[arg(long, value_name = "FILE", conflicts_with = "execute")]
    pub(crate) plan: Option<PathBuf>,
    /// Without --execute: write one CSV row a user, legacy_id,username,outcome,reason,route, for people to
    /// be warned or asked. Personal data: not for sharing
    #[arg(long, value_name = "FILE", conflicts_with = "execute")]
    pub(crate) plan_users: Option<PathBuf>,
    /// Keep to this plan: leave out whoever is not in it, and refuse when target, configuration or
    /// decisions differ
    #[arg(long, value_name = "FILE")]
    pub(crate) reviewed_plan: Option<PathBuf>,
    /// Only give a way in to those whom an import created and never finished, journal or none
    #[arg(long, conflicts_with_all = ["plan", "plan_users", "reviewed_plan", "retry_failed"])]
    pub(crate) finish: bool,
    /// First import this one user with their hash, and sign in as them: what the pool takes is known
    /// then, and remembered. The password is asked for, or read as a line of standard input
    ///
    /// A run of its own, called `try-one` unless --run names it; undo takes it back.
    #[arg(long, value_name = "LOGIN", conflicts_with_all = [
        "plan", "plan_users", "reviewed_plan", "retry_failed", "finish", "shard", "summary", "routes",
        "approve_password_reset", "keep_for_first_login",
    ])]
    pub(crate) try_one: Option<String>,
    /// Name of the run; the same name resumes it [default: the user pool's id]
    #[arg(long, value_name = "NAME")]
    pub(crate) run: Option<String>,
    /// Import only the users of one shard, at its part of the share: 3/16 is the third of sixteen
    /// processes, each with a journal of its own
    #[arg(long, value_name = "NUMBER/COUNT")]
    pub(crate) shard: Option<Shard>,
    /// Try users again who failed in this run
    #[arg(long)]
    pub(crate) retry_failed: bool,
    #[command(flatten)]
    pub(crate) memory: Memory,
    #[command(flatten)]
    pub(crate) pool: PoolTarget,
    /// Write the summary here, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,
}

/// `--final-state`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum FinalStateChoice {
    /// CONFIRMED, random password that nobody knows: people use forgot-password
    ConfirmedRandom,
    /// FORCE_CHANGE_PASSWORD: Cognito mails everybody a temporary password. Cannot be called back
    Invite,
    /// FORCE_CHANGE_PASSWORD: you hand out the temporary passwords of --passwords-file
    ForceChange,
    /// CONFIRMED without a password: only in pools where people sign in by a code
    Passwordless,
}

impl From<FinalStateChoice> for FinalState {
    fn from(choice: FinalStateChoice) -> FinalState {
        match choice {
            FinalStateChoice::ConfirmedRandom => FinalState::ConfirmedRandom,
            FinalStateChoice::Invite => FinalState::Invite,
            FinalStateChoice::ForceChange => FinalState::ForceChange,
            FinalStateChoice::Passwordless => FinalState::Passwordless,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct UndoOptions {
    #[command(flatten)]
    pub(crate) pool: PoolTarget,
    /// Name of the run to take back
    #[arg(long, value_name = "NAME")]
    pub(crate) run: String,
    #[command(flatten)]
    pub(crate) memory: Memory,
    /// Also delete users who may have signed in by a one-time code or a linked identity, which
    /// leaves no trace. You answer for it that nobody did
    #[arg(long)]
    pub(crate) approve_unproven_unused: bool,
    /// Delete; without it nothing is deleted
    #[arg(long)]
    pub(crate) execute: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ReconcileOptions {
    #[command(flatten)]
    pub(crate) pool: PoolTarget,
    /// Let travel what changed in Django alone; without --execute it only says how many
    #[arg(long)]
    pub(crate) fix: bool,
    /// Of that, only these kinds, separated by commas
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        value_delimiter = ',',
        requires = "fix"
    )]
    pub(crate) only: Vec<FixChoice>,
    /// Who wins where both sides changed; without it a conflict is left alone
    #[arg(long, value_enum, value_name = "SIDE", requires = "fix")]
    pub(crate) prefer: Option<SideChoice>,
    /// Write to the pool; without it nothing is written
    #[arg(long, requires = "fix")]
    pub(crate) execute: bool,
    /// Compare with what this run recorded, too [default: the user pool's id, if there is such a
    /// run]
    #[arg(long, value_name = "NAME")]
    pub(crate) run: Option<String>,
    #[command(flatten)]
    pub(crate) memory: Memory,
    /// Write the counts here, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write one CSV row a difference: legacy_id,difference,about
    #[arg(long, value_name = "FILE")]
    pub(crate) differences: Option<PathBuf>,
}

/// `--only`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum FixChoice {
    Attributes,
    Groups,
    /// Who may sign in
    Disabled,
    /// The sealed attribute in which groups travelled: emptied
    Seals,
    /// Users migrated by a reset that they never finished: deleted, so that the old password works
    UnfinishedResets,
}

/// `--prefer`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum SideChoice {
    Django,
    Pool,
}

#[derive(Args, Debug)]
pub(crate) struct LedgerOptions {
    #[command(subcommand)]
    pub(crate) command: LedgerCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Learn who is in the pool, as far as that can be proven; after a lost ledger
    Rebuild(LedgerPoolOptions),
    /// Forget people who were deleted in the pool, so that they may be imported again
    Forget(LedgerForgetOptions),
    /// Take over what another ledger of the same pool knows, such as another machine's
    Merge(LedgerMergeOptions),
    /// Write a copy, to keep or for another machine's `merge`
    ///
    /// It names people: their legacy keys and usernames.
    Export(LedgerExportOptions),
}

#[derive(Args, Debug)]
pub(crate) struct LedgerPoolOptions {
    #[command(flatten)]
    pub(crate) pool: PoolTarget,
    #[command(flatten)]
    pub(crate) memory: Memory,
}

#[derive(Args, Debug)]
pub(crate) struct LedgerForgetOptions {
    /// Legacy primary keys
    #[arg(required = true, value_name = "LEGACY_ID")]
    pub(crate) legacy_ids: Vec<String>,
    #[command(flatten)]
    pub(crate) of: LedgerPoolOptions,
}

#[derive(Args, Debug)]
pub(crate) struct LedgerMergeOptions {
    /// The other ledger
    #[arg(value_name = "FILE")]
    pub(crate) other: PathBuf,
    #[command(flatten)]
    pub(crate) of: LedgerPoolOptions,
}

#[derive(Args, Debug)]
pub(crate) struct LedgerExportOptions {
    /// The file to write; it must not be there yet
    #[arg(value_name = "FILE")]
    pub(crate) copy: PathBuf,
    #[command(flatten)]
    pub(crate) of: LedgerPoolOptions,
}

#[derive(Args, Debug)]
pub(crate) struct ShadowOptions {
    #[command(subcommand)]
    pub(crate) command: ShadowCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ShadowCommand {
    /// Judge what the Django app hands over (CUTOVER_SHADOW of cutover-django), until SIGTERM or
    /// SIGINT
    ///
    /// One JSON line a sign-in, answered by one JSON line. It needs SELECT on the legacy database, as
    /// the function does. Passwords are checked and forgotten; the file has counts alone.
    Serve(ShadowServeOptions),
    /// What it has seen so far: agreements, disagreements, times
    ///
    /// Exit code 1 when there is a disagreement: it stands in the way of the move.
    Report(ShadowReportOptions),
}

#[derive(Args, Debug)]
pub(crate) struct ShadowServeOptions {
    /// A loopback address to listen on; port 0 picks a free one. RISK: whoever has an account on this
    /// machine can ask it whether a password is right, unless CUTOVER_SHADOW_KEY is set
    #[arg(long, value_name = "ADDRESS", conflicts_with = "socket")]
    pub(crate) listen: Option<SocketAddr>,
    /// A Unix socket to listen on, for its owner and group [default: shadow.sock beside cutover.toml]
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) log: ShadowLog,
}

#[derive(Args, Debug)]
pub(crate) struct ShadowLog {
    /// The file of counts [default: shadow.json, beside cutover.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct ShadowReportOptions {
    #[command(flatten)]
    pub(crate) log: ShadowLog,
    /// Memory of the function, in MB, which decides how long a check takes there
    #[arg(long, value_name = "MB", default_value_t = 512, value_parser = clap::value_parser!(u32).range(128..=10240))]
    pub(crate) memory_mb: u32,
    /// Also write it as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct TriggerOptions {
    #[command(subcommand)]
    pub(crate) command: TriggerCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TriggerCommand {
    /// Let a pool's triggers call a function
    ///
    /// Reads all settings of the pool, shows what would change, and with --execute writes all of
    /// them back and compares: UpdateUserPool resets whatever it is not told. The function must
    /// already permit cognito-idp.amazonaws.com to invoke it (infra/function.yaml does).
    Attach(AttachOptions),
    /// Let a pool's triggers call it no more
    Detach(DetachOptions),
}

/// A pool's trigger, as typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TriggerName {
    UserMigration,
    PreSignUp,
    /// Event version 1: ID tokens and groups, in every feature plan
    PreTokenGeneration,
    /// Event version 2: Essentials and Plus
    #[value(name = "pre-token-generation-v2")]
    PreTokenGenerationV2,
}

impl TriggerName {
    pub(crate) fn trigger(self) -> PoolTrigger {
        match self {
            TriggerName::UserMigration => PoolTrigger::UserMigration,
            TriggerName::PreSignUp => PoolTrigger::PreSignUp,
            TriggerName::PreTokenGeneration => {
                PoolTrigger::PreTokenGeneration(TokenEventVersion::V1)
            }
            TriggerName::PreTokenGenerationV2 => {
                PoolTrigger::PreTokenGeneration(TokenEventVersion::V2)
            }
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct AttachOptions {
    /// The function, or an alias of it
    #[arg(long, value_name = "ARN")]
    pub(crate) function_arn: String,
    /// Which triggers, separated by commas
    #[arg(
        long,
        value_enum,
        value_name = "TRIGGER",
        value_delimiter = ',',
        default_value = "user-migration"
    )]
    pub(crate) trigger: Vec<TriggerName>,
    /// Take the place of another function
    #[arg(long)]
    pub(crate) replace: bool,
    /// Attach in spite of these blockers, by their codes, separated by commas. You answer for them
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(crate) accept: Vec<String>,
    /// Write to the pool; without it nothing is written
    #[arg(long)]
    pub(crate) execute: bool,
    #[command(flatten)]
    pub(crate) pool: PoolTarget,
}

#[derive(Args, Debug)]
pub(crate) struct DetachOptions {
    /// The function that must be there; another one stays
    #[arg(long, value_name = "ARN")]
    pub(crate) function_arn: String,
    /// Which triggers, separated by commas
    #[arg(
        long,
        value_enum,
        value_name = "TRIGGER",
        value_delimiter = ',',
        default_value = "user-migration"
    )]
    pub(crate) trigger: Vec<TriggerName>,
    /// Write to the pool; without it nothing is written
    #[arg(long)]
    pub(crate) execute: bool,
    #[command(flatten)]
    pub(crate) pool: PoolTarget,
}

#[derive(Args, Debug)]
pub(crate) struct StatusOptions {
    /// Name of the run [default: the one written last]
    #[arg(long, value_name = "NAME")]
    pub(crate) run: Option<String>,
    #[command(flatten)]
    pub(crate) memory: Memory,
    /// Also write it as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write one CSV row a user: legacy_id,username,outcome,reason,sub
    #[arg(long, value_name = "FILE")]
    pub(crate) outcomes: Option<PathBuf>,
    /// Write one CSV row a user whom the pool has: legacy_id,sub
    #[arg(long, value_name = "FILE")]
    pub(crate) id_map: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct RehearseOptions {
    /// Folder for report.html and report.json
    #[arg(long, value_name = "DIR", default_value = "rehearsal-report")]
    pub(crate) out: PathBuf,
    /// People whose passwords are known, to sign in as: JSON, see the README
    #[arg(long, value_name = "FILE")]
    pub(crate) canaries: Option<PathBuf>,
    /// The trigger program [default: user-migration-trigger beside this program]
    #[arg(long, value_name = "PATH")]
    pub(crate) trigger: Option<PathBuf>,
    /// Request quotas of the local pool: `default` (Cognito's), `off`, or a TOML file
    #[arg(long, value_name = "default|off|FILE", default_value = "off")]
    pub(crate) quotas: String,
    /// Answers of `pool probe`: what they settle, the local pool does so
    #[arg(long, value_name = "FILE")]
    pub(crate) facts: Option<PathBuf>,
    /// What `cutover shadow serve` has seen; a disagreement is a no-go [default: shadow.json beside
    /// cutover.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub(crate) shadow: Option<PathBuf>,
}
