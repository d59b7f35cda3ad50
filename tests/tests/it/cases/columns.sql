CREATE TABLE app_user(id integer primary key, username varchar(150), slug varchar(150) unique, email varchar(254), password varchar(128), is_active bool, is_deleted bool, is_bot bool, email_confirmed_at datetime, verified_text varchar(5), requires_activation smallint, phone varchar(30), tenant_id integer);
INSERT INTO app_user VALUES(1,'Ann','ann','ann@example.com','pbkdf2_sha256$1000$saltone$UvfljrBIazXooY+W22wSHHNeD9moq0qMjH06dg3RxYU=',1,0,0,'2024-05-01 10:00:00','true',0,'0151 / 123 45',1);
INSERT INTO app_user VALUES(2,'Bob','bob','bob@example.com','pbkdf2_sha256$1000$saltone$UvfljrBIazXooY+W22wSHHNeD9moq0qMjH06dg3RxYU=',1,1,0,NULL,'false',1,'+4915112345678',1);
INSERT INTO app_user VALUES(3,'Bot','bot','bot@example.com','pbkdf2_sha256$1000$saltone$UvfljrBIazXooY+W22wSHHNeD9moq0qMjH06dg3RxYU=',1,0,1,NULL,'f',2,NULL,1);
INSERT INTO app_user VALUES(4,'Ann','ann-2','Ann@example.com','pbkdf2_sha256$1000$saltone$UvfljrBIazXooY+W22wSHHNeD9moq0qMjH06dg3RxYU=',1,0,0,NULL,'no',0,NULL,2);
