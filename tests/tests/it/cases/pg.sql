CREATE EXTENSION IF NOT EXISTS citext;
CREATE SCHEMA IF NOT EXISTS "Beta-Co";
CREATE TABLE accounts_user(id uuid primary key default gen_random_uuid(), email citext unique, password varchar(128), is_active boolean not null default true, email_verified_at timestamptz, verified_flag varchar(1), deleted_at timestamptz, name varchar(80));
INSERT INTO accounts_user(email,password,email_verified_at,verified_flag,deleted_at,name) VALUES('Ann@Example.com','pbkdf2_sha256$1000$saltone$UvfljrBIazXooY+W22wSHHNeD9moq0qMjH06dg3RxYU=',now(),'Y',NULL,'Ann'),('gone@example.com','pbkdf2_sha256$1000$saltone$UvfljrBIazXooY+W22wSHHNeD9moq0qMjH06dg3RxYU=',now(),'N',now(),'Gone'),('x@example.com','pbkdf2_sha256$1000$saltone$UvfljrBIazXooY+W22wSHHNeD9moq0qMjH06dg3RxYU=',NULL,'N',NULL,NULL);
