CREATE TABLE auth_user(id integer primary key, username varchar(150) unique, email varchar(254), password varchar(128), is_active bool, is_bot bool, deleted_at datetime);
INSERT INTO auth_user VALUES(1,'ann','ann@example.com','pbkdf2_sha256$1000$saltone$UvfljrBIazXooY+W22wSHHNeD9moq0qMjH06dg3RxYU=',1,0,NULL);
INSERT INTO auth_user VALUES(2,'AnonymousUser','','!unusable',1,0,NULL);               -- django-guardian's row
INSERT INTO auth_user VALUES(3,'hook-bot','hook@example.com','pbkdf2_sha256$1000$saltone$UvfljrBIazXooY+W22wSHHNeD9moq0qMjH06dg3RxYU=',1,1,NULL);           -- Zulip, Plane, Weblate
INSERT INTO auth_user VALUES(4,'leaver','leaver@example.com','pbkdf2_sha256$1000$saltone$UvfljrBIazXooY+W22wSHHNeD9moq0qMjH06dg3RxYU=',1,0,'2024-01-01');   -- Kolibri, django-softdelete
CREATE VIEW people AS SELECT * FROM auth_user WHERE NOT is_bot AND deleted_at IS NULL AND username<>'AnonymousUser';
