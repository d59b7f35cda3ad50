CREATE TABLE auth_user(id integer primary key, username varchar(150) unique, email varchar(254), password varchar(128));
CREATE TABLE auth_group(id integer primary key, name varchar(150));
CREATE TABLE auth_user_groups(id integer primary key, user_id integer references auth_user(id), group_id integer references auth_group(id));
INSERT INTO auth_user VALUES(1,'ann','ann@example.com','pbkdf2_sha256$1000$saltone$UvfljrBIazXooY+W22wSHHNeD9moq0qMjH06dg3RxYU=');
