//! Groups: create, read, change, delete, and who is in them.
//!
//! Source: the API reference of the group operations; `GroupType` of the API model.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{accepted_unless_told, nothing};
use crate::api_error::ApiError;
use crate::page::{after, after_number, cut, page_size};
use crate::pool::group::Group;
use crate::service::Service;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GroupSettings {
    user_pool_id: String,
    group_name: String,
    description: Option<String>,
    role_arn: Option<String>,
    precedence: Option<i64>,
}

pub(super) async fn create_group(
    service: &Service,
    request: GroupSettings,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let now = service.now();
    let mut state = pool.state();
    let id = state.groups.create(Group {
        name: request.group_name,
        description: request.description,
        role_arn: request.role_arn,
        precedence: request.precedence,
        created: now,
        modified: now,
        members: std::collections::BTreeSet::new(),
    })?;
    let group = state.groups.get(id).ok_or_else(ApiError::group_not_found)?;
    Ok(json!({"Group": group.described(&pool.id)}))
}

pub(super) async fn update_group(
    service: &Service,
    request: GroupSettings,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let mut state = pool.state();
    let id = state.groups.id(&request.group_name)?;
    let group = state
        .groups
        .get_mut(id)
        .ok_or_else(ApiError::group_not_found)?;
    // What an update leaves out stays; that is believed, the reference does not say.
    group.description = request.description.or(group.description.take());
    group.role_arn = request.role_arn.or(group.role_arn.take());
    group.precedence = request.precedence.or(group.precedence);
    group.modified = service.now();
    Ok(json!({"Group": group.described(&pool.id)}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OneGroup {
    user_pool_id: String,
    group_name: String,
}

pub(super) async fn get_group(service: &Service, request: OneGroup) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let state = pool.state();
    let id = state.groups.id(&request.group_name)?;
    let group = state.groups.get(id).ok_or_else(ApiError::group_not_found)?;
    Ok(json!({"Group": group.described(&pool.id)}))
}

pub(super) async fn delete_group(service: &Service, request: OneGroup) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let mut state = pool.state();
    let id = state.groups.id(&request.group_name)?;
    state.delete_group(id);
    nothing()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListGroups {
    user_pool_id: String,
    limit: Option<usize>,
    next_token: Option<String>,
}

pub(super) async fn list_groups(service: &Service, request: ListGroups) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let last = after(request.next_token.as_deref())?;
    let state = pool.state();
    let (page, next) = cut(
        state.groups.after(last.as_deref()),
        page_size(request.limit),
        |group| group.name.clone(),
    );
    Ok(groups_page(&page, &pool.id, next))
}

fn groups_page(groups: &[&Group], pool_id: &str, next: Option<String>) -> Value {
    let described: Vec<Value> = groups
        .iter()
        .map(|group| group.described(pool_id))
        .collect();
    let mut answer = json!({"Groups": described});
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    answer
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Membership {
    user_pool_id: String,
    username: String,
    group_name: String,
}

pub(super) async fn admin_add_user_to_group(
    service: &Service,
    request: Membership,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let config = pool.config();
    let mut state = pool.state();
    let index = state.find(&config, &request.username)?;
    let group = state.groups.id(&request.group_name)?;
    if state.user(index)?.groups.contains(&group) {
        return accepted_unless_told(service, "groups-join-twice");
    }
    state.join(index, group)?;
    nothing()
}

pub(super) async fn admin_remove_user_from_group(
    service: &Service,
    request: Membership,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let config = pool.config();
    let mut state = pool.state();
    let index = state.find(&config, &request.username)?;
    let group = state.groups.id(&request.group_name)?;
    if !state.user(index)?.groups.contains(&group) {
        return accepted_unless_told(service, "groups-leave-absent");
    }
    state.leave(index, group);
    nothing()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GroupsOfUser {
    user_pool_id: String,
    username: String,
    limit: Option<usize>,
    next_token: Option<String>,
}

pub(super) async fn admin_list_groups_for_user(
    service: &Service,
    request: GroupsOfUser,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let config = pool.config();
    let last = after(request.next_token.as_deref())?;
    let state = pool.state();
    let user = state.user(state.find(&config, &request.username)?)?;
    let mut groups = state.groups_of(user);
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    let rest = groups
        .into_iter()
        .filter(|group| last.as_ref().is_none_or(|last| group.name > *last));
    let (page, next) = cut(rest, page_size(request.limit), |group| group.name.clone());
    Ok(groups_page(&page, &pool.id, next))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UsersInGroup {
    user_pool_id: String,
    group_name: String,
    limit: Option<usize>,
    next_token: Option<String>,
}

pub(super) async fn list_users_in_group(
    service: &Service,
    request: UsersInGroup,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let config = pool.config();
    let start = after_number(request.next_token.as_deref())?.map_or(0, |last| last + 1);
    let state = pool.state();
    let id = state.groups.id(&request.group_name)?;
    let group = state.groups.get(id).ok_or_else(ApiError::group_not_found)?;
    let (page, next) = cut(
        group.members.range(start..),
        page_size(request.limit),
        |index| index.to_string(),
    );
    let users: Vec<Value> = page
        .into_iter()
        .filter_map(|index| state.users.get(*index))
        .map(|user| user.described(&config.schema, None))
        .collect();
    let mut answer = json!({"Users": users});
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}
