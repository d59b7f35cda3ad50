//! Questions about import jobs: the header, the dialect, the threshold, and forms of hashes.

use std::time::Duration;

use serde_json::{Value, json};

use crate::asking::{Asking, Client, Unanswered};
use crate::question::{Answer, Needs, Question, rows};
use crate::throwaway::Kind;

/// The password of the hashes below, made by hashlib and passlib
/// (`crates/rehearsal-pool/tests/it/make_hashes.py`).
const HASHED_PASSWORD: &str = "correct horse Bättery";
const PBKDF2_DOT: &str =
    "$pbkdf2-sha256$1000$AAECAwQFBgcICQoLDA0ODw$Gad7o1OC6md8cu3LxPwAiBcp6/JIX.bCGiYWx8xMxPM";
const PBKDF2_PLUS: &str =
    "$pbkdf2-sha256$1000$AAECAwQFBgcICQoLDA0ODw$Gad7o1OC6md8cu3LxPwAiBcp6/JIX+bCGiYWx8xMxPM";
const SCRYPT_64: &str = "1024$8$1$000102030405060708090a0b0c0d0e0f$87ff107ebb512cc4f7a8a38b95009d4651d4cd57a4bc8bad097d18be3faa58d7cadf92680db5f7ba81692cb99beaffc41f98488ddf29c1893c81b1d747d83791";
const ARGON2: &str = r"$argon2id$v=19$m=1024\,t=2\,p=1$AAECAwQFBgcICQoLDA0ODw$0Wmucr6j+P5hiit5Z2LT7lDtyqdOIsPOUNSGS7tbQ1k";
/// Pauses between looks at a job: short at first, for a pool on this machine; ten minutes in all.
const LOOKS: u32 = 200;
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

pub(super) fn questions() -> Vec<Question> {
    let mut all = rows! { Needs::Nothing;
        "import-header", "Has the header of an import file password_hash?", 0,
            [GetCSVHeader 1], header;
    };
    all.extend(rows! { Needs::ImportRole;
        "import-most-failed", "Does a job fail when eleven of twenty rows do?", 9,
            [GetCSVHeader 1, CreateUserImportJob 1, StartUserImportJob 1,
             DescribeUserImportJob 200], most_failed;
        "import-backslash", "What is a backslash before another letter than a comma?", 1,
            [GetCSVHeader 1, CreateUserImportJob 1, StartUserImportJob 1,
             DescribeUserImportJob 200, ListUsers 1], backslash;
        "import-pbkdf2-dot", "Is a PBKDF2 hash with a full stop for 62 taken?", 1,
            [CreateUserImportJob 1, StartUserImportJob 1, DescribeUserImportJob 200,
             InitiateAuth 1], pbkdf2_dot;
        "import-pbkdf2-plus", "Is a PBKDF2 hash with a plus sign for 62 taken?", 1,
            [CreateUserImportJob 1, StartUserImportJob 1, DescribeUserImportJob 200,
             InitiateAuth 1], pbkdf2_plus;
        "import-scrypt-64", "Is a scrypt hash of 64 bytes, as Django makes, taken?", 1,
            [CreateUserImportJob 1, StartUserImportJob 1, DescribeUserImportJob 200,
             InitiateAuth 1], scrypt_64;
        "import-argon2-comma", "Is an Argon2 hash taken with a backslash before its commas?", 1,
            [CreateUserImportJob 1, StartUserImportJob 1, DescribeUserImportJob 200,
             InitiateAuth 1], argon2_comma;
    });
    all
}

async fn columns(asking: &mut Asking<'_>, kind: Kind) -> Result<Vec<String>, Unanswered> {
    let pool = asking.pool(kind).await?;
    let answer = asking
        .prepare("GetCSVHeader", json!({"UserPoolId": pool}))
        .await?;
    let columns = answer["CSVHeader"].as_array();
    let columns = columns.ok_or(Unanswered::Lacks("header"))?;
    let names = columns.iter().filter_map(Value::as_str);
    Ok(names.map(str::to_owned).collect())
}

async fn header(asking: &mut Asking<'_>) -> Answer {
    let columns = columns(asking, Kind::Plain).await?;
    let place = columns.iter().position(|name| name == "password_hash");
    Ok(match place {
        None => "absent",
        Some(place) if place + 1 == columns.len() => "last",
        Some(_) => "among the others",
    }
    .to_owned())
}

async fn most_failed(asking: &mut Asking<'_>) -> Answer {
    let columns = columns(asking, Kind::Import).await?;
    let mut rows = Vec::new();
    for place in 0..20 {
        let name = asking.nonce();
        let email = match place < 9 {
            true => format!("{name}@example.com"),
            false => "nobody".to_owned(),
        };
        rows.push(row(&columns, &name, &email, &[]));
    }
    let job = run_job(asking, None, &columns, &rows).await?;
    Ok(job["Status"].as_str().unwrap_or("no status").to_owned())
}

async fn backslash(asking: &mut Asking<'_>) -> Answer {
    let columns = columns(asking, Kind::Import).await?;
    let name = asking.nonce();
    let email = format!("{name}@example.com");
    let rows = [row(&columns, &name, &email, &[("nickname", r"a\b")])];
    run_job(asking, None, &columns, &rows).await?;
    let pool = asking.pool(Kind::Import).await?;
    let user = asking
        .listed(&pool, &format!("username = \"{name}\""))
        .await?;
    let Some(user) = user else {
        return Ok("row fails".to_owned());
    };
    Ok(match user.attributes.get("nickname").map(String::as_str) {
        Some(r"a\b") => "stands for itself",
        Some("ab") => "goes",
        _ => "changes the value",
    }
    .to_owned())
}

async fn pbkdf2_dot(asking: &mut Asking<'_>) -> Answer {
    hashed(asking, "PBKDF2_SHA256", PBKDF2_DOT).await
}

async fn pbkdf2_plus(asking: &mut Asking<'_>) -> Answer {
    hashed(asking, "PBKDF2_SHA256", PBKDF2_PLUS).await
}

async fn scrypt_64(asking: &mut Asking<'_>) -> Answer {
    hashed(asking, "SCRYPT", SCRYPT_64).await
}

async fn argon2_comma(asking: &mut Asking<'_>) -> Answer {
    hashed(asking, "ARGON2ID", ARGON2).await
}

/// One user with this hash: whether the row is taken, and whether the password signs in.
async fn hashed(asking: &mut Asking<'_>, algorithm: &str, hash: &str) -> Answer {
    let names = [
        "cognito:username",
        "email",
        "email_verified",
        "password_hash",
    ];
    let columns = names.map(str::to_owned);
    let name = asking.nonce();
    let email = format!("{name}@example.com");
    let rows = [row(&columns, &name, &email, &[("password_hash", hash)])];
    let job = run_job(asking, Some(algorithm), &columns, &rows).await?;
    if job["ImportedUsers"].as_u64() != Some(1) {
        return Ok("row fails".to_owned());
    }
    let client = asking.client(Kind::Import, Client::Legacy).await?;
    let reply = asking.sign_in(&client, &name, HASHED_PASSWORD).await?;
    Ok(match reply.error() {
        None => "signs in",
        Some(_) => "is imported, the password is refused",
    }
    .to_owned())
}

/// A row with a verified address; what stands in no column stays out.
fn row(columns: &[String], name: &str, email: &str, more: &[(&str, &str)]) -> String {
    let value = |column: &String| match column.as_str() {
        "cognito:username" => name,
        "email" => email,
        "email_verified" => "TRUE",
        other => {
            let given = more.iter().find(|(name, _)| *name == other);
            given.map_or("", |(_, value)| value)
        }
    };
    columns.iter().map(value).collect::<Vec<_>>().join(",")
}

/// Runs a job to its end and gives what DescribeUserImportJob says of it.
async fn run_job(
    asking: &mut Asking<'_>,
    algorithm: Option<&str>,
    columns: &[String],
    rows: &[String],
) -> Result<Value, Unanswered> {
    let pool = asking.pool(Kind::Import).await?;
    let role = asking.import_role.unwrap_or_default();
    let mut input = json!({
        "UserPoolId": pool, "JobName": asking.nonce(), "CloudWatchLogsRoleArn": role,
    });
    if let Some(algorithm) = algorithm {
        input["PasswordHashingAlgorithm"] = algorithm.into();
    }
    let job = asking.prepare("CreateUserImportJob", input).await?["UserImportJob"].take();
    let id = job["JobId"].as_str().ok_or(Unanswered::Lacks("job id"))?;
    let url = job["PreSignedUrl"].as_str();
    let url = url.ok_or(Unanswered::Lacks("upload address"))?;
    let file = format!("{}\n{}\n", columns.join(","), rows.join("\n"));
    let uploaded = asking.calls.upload(asking.permission, url, file).await?;
    if uploaded.status >= 300 {
        return Err(Unanswered::NotHere("the import file was not taken"));
    }
    let one = json!({"UserPoolId": pool, "JobId": id});
    asking.prepare("StartUserImportJob", one.clone()).await?;
    let mut pause = Duration::from_millis(20);
    for _ in 0..LOOKS {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        let job = asking.look("DescribeUserImportJob", one.clone()).await?["UserImportJob"].take();
        let status = job["Status"].as_str().unwrap_or_default();
        if !["Created", "Pending", "InProgress", "Stopping"].contains(&status) {
            asking.note("DescribeUserImportJob", &job);
            return Ok(job);
        }
    }
    Err(Unanswered::NotHere(
        "the import job did not end within ten minutes",
    ))
}
