CREATE TABLE auth_user(id integer primary key, username varchar(150) unique, email varchar(254), password varchar(128), is_active bool);
CREATE TABLE people_member(user_ptr_id integer primary key REFERENCES auth_user(id), phone varchar(20), member_no varchar(10) unique);  -- class Member(User), AUTH_USER_MODEL='people.Member'
CREATE TABLE auth_userprofile(id integer primary key, user_id integer unique REFERENCES auth_user(id), name varchar(255), country varchar(2)); -- Open edX: the full name is here
INSERT INTO auth_user VALUES(1,'ann','ann@example.com','pbkdf2_sha256$1000$saltone$UvfljrBIazXooY+W22wSHHNeD9moq0qMjH06dg3RxYU=',1);
INSERT INTO people_member VALUES(1,'+4915112345678','M-001');
INSERT INTO auth_userprofile VALUES(1,1,'Ann Lee','DE');
CREATE VIEW v AS SELECT u.*, m.phone, m.member_no, p.name FROM auth_user u LEFT JOIN people_member m ON m.user_ptr_id=u.id LEFT JOIN auth_userprofile p ON p.user_id=u.id;
