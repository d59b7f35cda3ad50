-- authentik's: a many-to-many "ak_groups" to a model of its own with a UUID key.
CREATE TABLE auth_group(id serial primary key, name varchar(150));
CREATE TABLE core_group(group_uuid uuid primary key, name varchar(80));
CREATE TABLE core_user(id serial primary key, username varchar(150) unique, email varchar(254), password varchar(128));
CREATE TABLE core_user_ak_groups(id serial primary key, user_id int references core_user, group_id uuid references core_group(group_uuid));
CREATE TABLE core_user_groups(id serial primary key, user_id int references core_user, group_id int references auth_group);
