CREATE TABLE auth_user(id integer primary key, username varchar(150) unique, email varchar(254), password varchar(128), is_active bool, first_name varchar(150), last_name varchar(150), is_superuser bool, is_staff bool, last_login datetime, date_joined datetime);
CREATE TABLE auth_group(id integer primary key, name varchar(150) unique);
CREATE TABLE auth_user_groups(id integer primary key, user_id integer references auth_user(id), group_id integer references auth_group(id));
INSERT INTO auth_user VALUES(1,'bob','','pbkdf2_sha256$1000$saltone$UvfljrBIazXooY+W22wSHHNeD9moq0qMjH06dg3RxYU=',1,'','',0,0,NULL,'2024-01-01 00:00:00');
INSERT INTO auth_user VALUES(2,'amy','amy@example.com','pbkdf2_sha256$1000$saltone$UvfljrBIazXooY+W22wSHHNeD9moq0qMjH06dg3RxYU=',1,'','',0,0,NULL,'2024-01-01 00:00:00');
CREATE TABLE auth_permission(id integer primary key, content_type_id integer, codename text, name text);
CREATE TABLE django_content_type(id integer primary key, app_label text, model text);
CREATE TABLE auth_group_permissions(id integer primary key, group_id integer, permission_id integer);
