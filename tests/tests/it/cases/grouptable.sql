CREATE TABLE users_user(id integer primary key, username varchar(150) unique, email varchar(254), password varchar(128));
CREATE TABLE users_group(id integer primary key, name varchar(150) unique);            -- the app's own Group model (NetBox 4, Weblate)
CREATE TABLE users_user_groups(id integer primary key, user_id integer REFERENCES users_user(id), group_id integer REFERENCES users_group(id));
CREATE TABLE auth_group(id integer primary key, name varchar(150) unique);             -- django.contrib.auth is installed too: empty, or stale
CREATE TABLE auth_permission(id integer primary key, content_type_id integer, codename text, name text);
CREATE TABLE django_content_type(id integer primary key, app_label text, model text);
CREATE TABLE auth_group_permissions(id integer primary key, group_id integer, permission_id integer);
INSERT INTO users_user VALUES(1,'eng0','eng0@example.com','pbkdf2_sha256$1000$saltone$UvfljrBIazXooY+W22wSHHNeD9moq0qMjH06dg3RxYU=');
INSERT INTO users_group VALUES(3,'readers');
INSERT INTO users_user_groups VALUES(1,1,3);
