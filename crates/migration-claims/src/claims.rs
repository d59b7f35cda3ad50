//! Once per person: the questions about claims, the same whatever store keeps them. Every change is
//! one conditional write, so that of two sign-ins at once one is granted. Must not know events.
//! Asked by the trigger before it answers a migration and when tokens are made; written by the
//! importer.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::aws_signing::AwsCredentials;
use crate::claim::{CLAIM_HOLDS, Claim, Claimed, ClaimsUnavailable, Confirmed, IN_FLIGHT};
use crate::claim_key::ClaimKey;
use crate::dynamo_claims::DynamoClaims;
use crate::sqlite_claims::{SqliteClaims, Statement};

/// The claims of all pools that one store keeps under one key.
pub struct Claims {
    key: ClaimKey,
    store: Store,
}

enum Store {
    Sqlite(SqliteClaims),
    Dynamo(DynamoClaims),
}

/// Whose claim it is, and under which name they are to be in the pool.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// The user pool's id.
    pub pool: &'a str,
    /// The primary key in the legacy database, as text.
    pub legacy_id: &'a str,
    /// The name by which the pool will know them: the username, or the e-mail where that is it.
    pub name: &'a str,
}

impl Claims {
    /// In a SQLite file, made when it is first needed.
    pub fn in_file(path: PathBuf, key: ClaimKey) -> Claims {
        Claims {
            key,
            store: Store::Sqlite(SqliteClaims::new(path)),
        }
    }

    /// In the DynamoDB table of this ARN, whose key is the string `claim`.
    ///
    /// # Errors
    ///
    /// What is wrong with ARN or endpoint.
    pub fn in_table(
        arn: &str,
        endpoint: Option<&str>,
        credentials: Arc<AwsCredentials>,
        key: ClaimKey,
    ) -> Result<Claims, String> {
        let store = Store::Dynamo(DynamoClaims::new(arn, endpoint, credentials)?);
        Ok(Claims { key, store })
    }

    /// Claims the person for one migration.
    ///
    /// # Errors
    ///
    /// When the store does not answer: then nobody may be migrated.
    pub async fn claim(
        &self,
        person: Person<'_>,
        now: SystemTime,
    ) -> Result<Claimed, ClaimsUnavailable> {
        let (id, name) = self.names(person);
        let now = seconds(now);
        let until = now.saturating_add(CLAIM_HOLDS.as_secs());
        let granted = match &self.store {
            Store::Sqlite(store) => {
                // The condition of the upsert is the whole decision.
                let sql = "INSERT INTO claims (person, name, until) VALUES (?1, ?2, ?4)
                    ON CONFLICT (person) DO UPDATE SET name = ?2, until = ?4
                    WHERE sub IS NULL AND (name = ?2 OR until <= ?5)";
                let write = Statement {
                    sql,
                    person: &id,
                    name: &name,
                    sub: "",
                    until,
                    now,
                };
                store.write(write).await? > 0
            }
            Store::Dynamo(store) => {
                let update = json!({
                    "UpdateExpression": "SET pool_name = :name, held_until = :until",
                    "ConditionExpression": "attribute_not_exists(#sub) AND \
                        (attribute_not_exists(pool_name) OR pool_name = :name OR held_until <= :now)",
                    "ExpressionAttributeNames": {"#sub": "sub"},
                    "ExpressionAttributeValues": {
                        ":name": {"S": name}, ":until": number(until), ":now": number(now),
                    },
                });
                store.update(&id, update).await?
            }
        };
        if granted {
            return Ok(Claimed::Granted);
        }
        let held = self.read(&id).await?.map(|claim| claim.answer(&name, now));
        Ok(match held {
            Some(Claimed::AlreadyMigrated) => Claimed::AlreadyMigrated,
            // Gone or free again since: the next try will tell.
            _ => Claimed::HeldByAnother,
        })
    }

    /// Notes which pool user the person became, if a claim for that name waits for it, and returns
    /// what the store then knows. Nothing is noted for somebody whom nobody claimed under this
    /// name: an attribute that a user may write confirms nothing.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    pub async fn confirm(
        &self,
        person: Person<'_>,
        sub: &str,
    ) -> Result<Option<Claim>, ClaimsUnavailable> {
        let (id, name) = self.names(person);
        let Some(mut claim) = self.read(&id).await? else {
            return Ok(None);
        };
        if claim.sub.is_some() || claim.name != name {
            return Ok(Some(claim));
        }
        let confirmed = match &self.store {
            Store::Sqlite(store) => {
                let sql = "UPDATE claims SET sub = ?3 WHERE person = ?1 AND name = ?2
                    AND sub IS NULL AND ?4 >= 0 AND ?5 >= 0";
                let write = Statement {
                    sql,
                    person: &id,
                    name: &name,
                    sub,
                    until: 0,
                    now: 0,
                };
                store.write(write).await? > 0
            }
            Store::Dynamo(store) => {
                let update = json!({
                    "UpdateExpression": "SET #sub = :sub",
                    "ConditionExpression": "attribute_not_exists(#sub) AND pool_name = :name",
                    "ExpressionAttributeNames": {"#sub": "sub"},
                    "ExpressionAttributeValues": {":sub": {"S": sub}, ":name": {"S": name}},
                });
                store.update(&id, update).await?
            }
        };
        if confirmed {
            claim.sub = Some(sub.to_owned());
            return Ok(Some(claim));
        }
        self.read(&id).await
    }

    /// Notes that this pool user's groups are real: what was carried for them is worth nothing.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    pub async fn groups_are_real(
        &self,
        pool: &str,
        legacy_id: &str,
        sub: &str,
    ) -> Result<(), ClaimsUnavailable> {
        let id = self.key.of_person(pool, legacy_id);
        match &self.store {
            Store::Sqlite(store) => {
                let sql = "UPDATE claims SET groups_real = 1 WHERE person = ?1 AND sub = ?3
                    AND ?2 = '' AND ?4 >= 0 AND ?5 >= 0";
                let write = Statement {
                    sql,
                    person: &id,
                    name: "",
                    sub,
                    until: 0,
                    now: 0,
                };
                store.write(write).await?;
            }
            Store::Dynamo(store) => {
                let update = json!({
                    "UpdateExpression": "SET groups_real = :one",
                    "ConditionExpression": "#sub = :sub",
                    "ExpressionAttributeNames": {"#sub": "sub"},
                    "ExpressionAttributeValues": {":sub": {"S": sub}, ":one": number(1)},
                });
                store.update(&id, update).await?;
            }
        }
        Ok(())
    }

    /// Writes that the import made these people pool users, whatever was claimed before: it has
    /// proof. Their groups are real from here on.
    ///
    /// # Errors
    ///
    /// When the store does not answer; those before the first failure are written, and writing
    /// them again changes nothing.
    pub async fn write_confirmed(
        &self,
        pool: &str,
        people: &[Confirmed<'_>],
    ) -> Result<(), ClaimsUnavailable> {
        for person in people {
            let id = self.key.of_person(pool, person.legacy_id);
            match &self.store {
                Store::Sqlite(store) => {
                    let sql = "INSERT INTO claims (person, name, until, sub, groups_real)
                        VALUES (?1, ?2, ?4, ?3, 1)
                        ON CONFLICT (person) DO UPDATE SET sub = ?3, groups_real = 1 WHERE ?5 >= 0";
                    let sub = person.sub;
                    let write = Statement {
                        sql,
                        person: &id,
                        name: "",
                        sub,
                        until: 0,
                        now: 0,
                    };
                    store.write(write).await?;
                }
                Store::Dynamo(store) => {
                    let update = json!({
                        "UpdateExpression": "SET #sub = :sub, groups_real = :one",
                        "ExpressionAttributeNames": {"#sub": "sub"},
                        "ExpressionAttributeValues": {":sub": {"S": person.sub}, ":one": number(1)},
                    });
                    store.update(&id, update).await?;
                }
            }
        }
        Ok(())
    }

    /// Forgets the claim of a person whom an operator took out of the pool on purpose (`undo`), so
    /// that they may be migrated again. Only the claim of that pool user goes; says whether it did.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    pub async fn release(
        &self,
        pool: &str,
        legacy_id: &str,
        sub: &str,
    ) -> Result<bool, ClaimsUnavailable> {
        let id = self.key.of_person(pool, legacy_id);
        match &self.store {
            Store::Sqlite(store) => {
                let sql = "DELETE FROM claims WHERE person = ?1 AND sub = ?3
                    AND ?2 = '' AND ?4 >= 0 AND ?5 >= 0";
                let write = Statement {
                    sql,
                    person: &id,
                    name: "",
                    sub,
                    until: 0,
                    now: 0,
                };
                Ok(store.write(write).await? > 0)
            }
            Store::Dynamo(store) => {
                let condition = json!({
                    "ConditionExpression": "#sub = :sub",
                    "ExpressionAttributeNames": {"#sub": "sub"},
                    "ExpressionAttributeValues": {":sub": {"S": sub}},
                });
                store.delete(&id, condition).await
            }
        }
    }

    /// Whether a migration of this person under this name was granted within the last
    /// [`IN_FLIGHT`], and nothing came of it yet.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    pub async fn is_in_flight(
        &self,
        person: Person<'_>,
        now: SystemTime,
    ) -> Result<bool, ClaimsUnavailable> {
        let (id, name) = self.names(person);
        let ends = CLAIM_HOLDS.saturating_sub(IN_FLIGHT).as_secs();
        let fresh = seconds(now).saturating_add(ends);
        let claim = self.read(&id).await?;
        Ok(claim
            .is_some_and(|claim| claim.sub.is_none() && claim.name == name && claim.until > fresh))
    }

    /// What is known of a person.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    pub async fn seen(
        &self,
        pool: &str,
        legacy_id: &str,
    ) -> Result<Option<Claim>, ClaimsUnavailable> {
        self.read(&self.key.of_person(pool, legacy_id)).await
    }

    async fn read(&self, id: &str) -> Result<Option<Claim>, ClaimsUnavailable> {
        match &self.store {
            Store::Sqlite(store) => store.read(id).await,
            Store::Dynamo(store) => store.read(id).await,
        }
    }

    fn names(&self, person: Person<'_>) -> (String, String) {
        let Person {
            pool,
            legacy_id,
            name,
        } = person;
        (
            self.key.of_person(pool, legacy_id),
            self.key.of_pool_name(pool, name),
        )
    }
}

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &self.store {
            Store::Sqlite(_) => "Claims(SQLite)",
            Store::Dynamo(_) => "Claims(DynamoDB)",
        })
    }
}

fn seconds(now: SystemTime) -> u64 {
    now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn number(value: u64) -> Value {
    json!({ "N": value.to_string() })
}
