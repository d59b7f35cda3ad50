//! The marks of import jobs, given out once for a pool: a trial and the import right after it, or two
//! shards, have journals of their own, and a mark of two jobs would make each doubt the other's
//! users.

use sqlx::{Row, SqliteConnection};

use crate::hash_import::Mark;

/// The last mark that was given out.
pub(super) const KEY: &str = "import_mark";

const RESERVE: &str = "
INSERT INTO ledger.ledger (key, value) VALUES (?1, ?2)
ON CONFLICT (key) DO UPDATE SET
    value = MAX(CAST(value AS INTEGER) + 1, CAST(excluded.value AS INTEGER))
RETURNING CAST(value AS INTEGER)";

/// Reserves the first mark from `earliest` on that no job of any run has, in the attached ledger.
pub(crate) async fn reserve(
    connection: &mut SqliteConnection,
    earliest: Mark,
) -> Result<Mark, sqlx::Error> {
    let reserve = sqlx::query(RESERVE).bind(KEY).bind(earliest.0);
    let row = reserve.fetch_one(connection).await?;
    Ok(Mark(row.get(0)))
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, SqliteConnection};

    use super::{Mark, reserve};

    #[tokio::test]
    async fn no_two_jobs_of_a_pool_share_a_mark() {
        let mut connection = SqliteConnection::connect("sqlite::memory:")
            .await
            .expect("opens");
        let begin = "ATTACH DATABASE ':memory:' AS ledger;
                     CREATE TABLE ledger.ledger (key TEXT PRIMARY KEY, value TEXT NOT NULL)";
        let begun = sqlx::raw_sql(begin).execute(&mut connection).await;
        begun.expect("is begun");
        // Two journals that look at the clock in one second, a clock set back, and time gone by.
        let mut given = Vec::new();
        for second in [100, 100, 90, 200] {
            let mark = reserve(&mut connection, Mark(second)).await;
            given.push(mark.expect("a mark").0);
        }
        assert_eq!(given, [100, 101, 102, 200]);
    }
}
