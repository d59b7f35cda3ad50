//! The shape of the file as TOML, and the checks that turn it into [`Config`]. Called by
//! [`Config::parse`] alone.

use std::collections::BTreeMap;
use std::path::Path;

use django_password::{CustomHashers, Pepper};
use serde::Deserialize;
use toml::Spanned;

use super::columns::OWN;
use super::trigger::TriggerSection;
use super::{
    Columns, Condition, ConditionFault, Config, ConfigError, EmailVerifiedRule, ExcludedNames,
    Flag, GroupSource, ImportSettings, InactiveUsers, Join, Legacy, LegacyUrl, LoginColumn,
    NameTemplate, PhoneVerifiedRule, PoolTarget, RehearsalSettings,
};
use crate::attributes::attribute_name_fault;
use crate::name_character::is_name_character;
use crate::{
    AttributeMapping, GroupNames, IdentityProviders, OnInvalid, PoolSignIn, RoutePreference,
    UserMapping,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    legacy: LegacySection,
    #[serde(default)]
    attributes: BTreeMap<Spanned<String>, String>,
    #[serde(default)]
    groups: GroupsSection,
    pool: Option<PoolTarget>,
    #[serde(default)]
    hashers: BTreeMap<Spanned<String>, HasherEntry>,
    #[serde(default)]
    import: ImportSection,
    #[serde(default)]
    trigger: TriggerSection,
    #[serde(default)]
    identities: IdentitiesSection,
    #[serde(default)]
    rehearsal: RehearsalSettings,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LegacySection {
    url: Option<Spanned<String>>,
    user_table: Option<Spanned<String>>,
    user_groups_table: Option<Spanned<String>>,
    links_table: Option<Spanned<String>>,
    login: Option<Spanned<Vec<String>>>,
    email_verified: Option<Spanned<String>>,
    phone_verified: Option<Spanned<String>>,
    r#where: Option<Spanned<String>>,
    #[serde(default)]
    excluded_names: ExcludedNames,
    unusable_password: Option<Spanned<String>>,
    #[serde(default)]
    joins: BTreeMap<Spanned<String>, JoinSection>,
    #[serde(default)]
    columns: ColumnsSection,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JoinSection {
    table: Spanned<String>,
    on: Spanned<String>,
    users: Option<Spanned<String>>,
    columns: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnsSection {
    id: Option<Spanned<String>>,
    username: Option<Spanned<String>>,
    email: Option<Spanned<String>>,
    password: Option<Spanned<String>>,
    is_active: Option<Spanned<String>>,
    first_name: Option<Spanned<String>>,
    last_name: Option<Spanned<String>>,
    last_login: Option<Spanned<String>>,
    date_joined: Option<Spanned<String>>,
    is_staff: Option<Spanned<String>>,
    is_superuser: Option<Spanned<String>>,
    phone_number: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct GroupsSection {
    carry: bool,
    names: BTreeMap<String, Spanned<String>>,
    staff: Option<Spanned<String>>,
    superuser: Option<Spanned<String>>,
    token_attribute: Option<Spanned<String>>,
    seal_hours: u32,
    precedence: BTreeMap<Spanned<String>, Spanned<i64>>,
    table: Option<Spanned<String>>,
    key: Option<Spanned<String>>,
    name: Option<Spanned<String>>,
    members_table: Option<Spanned<String>>,
    user_column: Option<Spanned<String>>,
    group_column: Option<Spanned<String>>,
    column: Option<Spanned<String>>,
    #[serde(rename = "where")]
    condition: Option<Spanned<String>>,
    prefix: Option<String>,
    source: Vec<SourceSection>,
    ignore: Vec<Spanned<String>>,
}

/// `[[groups.source]]`: one more way in which groups are kept.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceSection {
    table: Option<Spanned<String>>,
    key: Option<Spanned<String>>,
    name: Option<Spanned<String>>,
    members_table: Option<Spanned<String>>,
    user_column: Option<Spanned<String>>,
    group_column: Option<Spanned<String>>,
    column: Option<Spanned<String>>,
    #[serde(rename = "where")]
    condition: Option<Spanned<String>>,
    prefix: Option<String>,
}

impl Default for GroupsSection {
    fn default() -> Self {
        GroupsSection {
            carry: true,
            names: BTreeMap::new(),
            staff: None,
            superuser: None,
            token_attribute: None,
            seal_hours: 12,
            precedence: BTreeMap::new(),
            table: None,
            key: None,
            name: None,
            members_table: None,
            user_column: None,
            group_column: None,
            column: None,
            condition: None,
            prefix: None,
            source: Vec::new(),
            ignore: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "want NAME = \"algorithm\" or NAME = { outer = \"…\", inner = \"…\" }"
)]
enum HasherEntry {
    Alias(String),
    Wrapped(WrappedEntry),
    Peppered(PepperedEntry),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrappedEntry {
    outer: String,
    inner: String,
}

/// The secret itself never stands here: `secret` names an environment variable.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PepperedEntry {
    outer: String,
    pepper: String,
    encoding: Option<String>,
    secret: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ImportSection {
    #[serde(default)]
    inactive: InactiveUsers,
    #[serde(default)]
    routes: RoutePreference,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct IdentitiesSection {
    #[serde(default)]
    allauth: BTreeMap<Spanned<String>, Spanned<String>>,
}

/// Points at a place of the file while its parts are checked.
struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    fn fault(&self, at: usize, message: impl Into<String>, hint: &str) -> ConfigError {
        ConfigError::new(self.path, self.text, at, message.into(), hint)
    }
}

pub(super) fn parse(
    text: &str,
    path: &Path,
    legacy_url: Option<&str>,
) -> Result<Config, ConfigError> {
    let mut document: Document =
        toml::from_str(text).map_err(|error| ConfigError::from_toml(path, text, &error))?;
    let source = Source { path, text };
    let mut legacy = legacy(&source, document.legacy, legacy_url)?;
    (legacy.group_sources, legacy.ignored_groups) = group_sources(
        &source,
        &mut document.groups,
        legacy.user_groups_table.as_ref(),
    )?;
    let on_invalid = on_invalid(&source, &mut document.attributes)?;
    for name in document.attributes.keys() {
        if let Some(fault) = attribute_name_fault(name.get_ref()) {
            let message = format!("[attributes] has no place for `{}`", name.get_ref());
            return Err(source.fault(name.span().start, message, &fault));
        }
    }
    let token_attribute = token_attribute(
        &source,
        document.groups.token_attribute.as_ref(),
        &document.attributes,
    )?;
    let attributes = document
        .attributes
        .into_iter()
        .map(|(name, column)| (name.into_inner(), column));
    let seal_hours = document.groups.seal_hours;
    let mapping = UserMapping {
        sign_in: PoolSignIn::for_login(&legacy.login),
        phone_alias: [LoginColumn::Username, LoginColumn::PhoneNumber]
            .iter()
            .all(|column| legacy.login.contains(column)),
        attributes: AttributeMapping::new(attributes)
            .with_legacy_id(legacy.columns.resolve("id"))
            .with_on_invalid(on_invalid),
        groups: groups(&source, document.groups)?,
    };
    Ok(Config {
        legacy,
        mapping,
        pool: document.pool,
        hashers: hashers(&source, document.hashers)?,
        import: ImportSettings {
            inactive: document.import.inactive,
            routes: document.import.routes,
        },
        trigger: document.trigger.settings(token_attribute, seal_hours),
        identities: identities(&source, document.identities)?,
        rehearsal: document.rehearsal,
    })
}

/// `on_invalid` among the attributes: it is no attribute of Cognito's.
fn on_invalid(
    source: &Source<'_>,
    attributes: &mut BTreeMap<Spanned<String>, String>,
) -> Result<OnInvalid, ConfigError> {
    let mut given = None;
    attributes.retain(|name, value| {
        let is_rule = name.get_ref() == "on_invalid";
        if is_rule {
            given = Some((name.span().start, std::mem::take(value)));
        }
        !is_rule
    });
    match given.as_ref().map(|(at, value)| (*at, value.as_str())) {
        None => Ok(OnInvalid::default()),
        Some((_, "drop")) => Ok(OnInvalid::Drop),
        Some((_, "hold")) => Ok(OnInvalid::Hold),
        Some((at, _)) => {
            let hint = "write \"drop\" to leave the value out, or \"hold\" to leave the person out";
            Err(source.fault(at, "[attributes] on_invalid has no such rule", hint))
        }
    }
}

/// Where groups are kept, and which tables are not to be asked about.
fn group_sources(
    source: &Source<'_>,
    section: &mut GroupsSection,
    user_groups_table: Option<&String>,
) -> Result<(Vec<GroupSource>, Vec<String>), ConfigError> {
    let first = SourceSection {
        table: section.table.take(),
        key: section.key.take(),
        name: section.name.take(),
        members_table: section.members_table.take(),
        user_column: section.user_column.take(),
        group_column: section.group_column.take(),
        column: section.column.take(),
        condition: section.condition.take(),
        prefix: section.prefix.take(),
    };
    let at = first.members_table.as_ref().map(|name| name.span().start);
    let mut first = group_source(source, first)?;
    if let Some(named) = user_groups_table {
        if let Some(at) = at {
            let message = "[groups] members_table and [legacy] user_groups_table name one thing";
            return Err(source.fault(at, message, "leave user_groups_table out"));
        }
        first.members_table = Some(named.clone());
    }
    let mut sources = vec![first];
    for section in std::mem::take(&mut section.source) {
        let further = group_source(source, section)?;
        if further.members_table.is_none() && further.column.is_none() {
            let message = "[[groups.source]] names neither members_table nor column";
            let hint = "name the many-to-many table of users and groups, or a column of the users";
            return Err(source.fault(0, message, hint));
        }
        sources.push(further);
    }
    let mut ignored = Vec::new();
    for name in std::mem::take(&mut section.ignore) {
        ignored.extend(table_name(source, Some(name))?);
    }
    Ok((sources, ignored))
}

fn group_source(source: &Source<'_>, section: SourceSection) -> Result<GroupSource, ConfigError> {
    let column_at = section.column.as_ref().map(|name| name.span().start);
    let read = GroupSource {
        table: table_name(source, section.table)?,
        key: identifier(source, section.key)?,
        name: identifier(source, section.name)?,
        members_table: table_name(source, section.members_table)?,
        user_column: identifier(source, section.user_column)?,
        group_column: identifier(source, section.group_column)?,
        column: identifier(source, section.column)?,
        condition: members_condition(source, section.condition)?,
        prefix: section.prefix.unwrap_or_default(),
    };
    let members = [&read.members_table, &read.user_column, &read.group_column];
    if let (Some(at), true) = (column_at, members.iter().any(|key| key.is_some())) {
        let message = "[groups] column and members_table are two ways to keep groups";
        let hint = "put one of them into a [[groups.source]] of its own";
        return Err(source.fault(at, message, hint));
    }
    if let (Some(at), true) = (column_at, read.condition.is_some()) {
        let message = "[groups] where speaks of rows of members_table, and column has none";
        let hint = "leave it out, or name the table of users and groups";
        return Err(source.fault(at, message, hint));
    }
    Ok(read)
}

fn members_condition(
    source: &Source<'_>,
    text: Option<Spanned<String>>,
) -> Result<Option<Condition>, ConfigError> {
    let Some(text) = text else { return Ok(None) };
    let read = Condition::parse(text.get_ref()).map_err(|fault| {
        let message = format!("[groups] where: {fault}");
        source.fault(text.span().start, message, ConditionFault::HINT)
    })?;
    Ok(Some(read))
}

/// The attribute that carries groups to the tokens: a custom one that nothing else fills.
fn token_attribute(
    source: &Source<'_>,
    name: Option<&Spanned<String>>,
    attributes: &BTreeMap<Spanned<String>, String>,
) -> Result<Option<String>, ConfigError> {
    let Some(name) = name else { return Ok(None) };
    let fault = |message: &str, hint: &str| Err(source.fault(name.span().start, message, hint));
    let text = name.get_ref();
    if let Some(hint) = attribute_name_fault(text) {
        return fault("[groups] token_attribute is no custom attribute", &hint);
    }
    if !text.starts_with("custom:") {
        let hint = "write a custom attribute of the pool, such as \"custom:groups\"";
        return fault("[groups] token_attribute is no custom attribute", hint);
    }
    if attributes.keys().any(|mapped| mapped.get_ref() == text) {
        let hint = "give it an attribute of its own: its value is sealed";
        return fault("[groups] token_attribute stands in [attributes] too", hint);
    }
    Ok(Some(text.clone()))
}

fn legacy(
    source: &Source<'_>,
    section: LegacySection,
    url_override: Option<&str>,
) -> Result<Legacy, ConfigError> {
    let base = source.path.parent().unwrap_or_else(|| Path::new(""));
    let url_text = match (url_override, &section.url) {
        (Some(text), _) => Some((text, "CUTOVER_LEGACY_URL", 0)),
        (None, Some(url)) => Some((url.get_ref().as_str(), "[legacy] url", url.span().start)),
        (None, None) => None,
    };
    let url =
        match url_text {
            None => None,
            Some((text, name, at)) => Some(LegacyUrl::parse(text, base).map_err(|fault| {
                source.fault(at, format!("{name} is not a database URL"), fault)
            })?),
        };
    let default_table = || "auth_user".to_owned();
    Ok(Legacy {
        url,
        user_table: table_name(source, section.user_table)?.unwrap_or_else(default_table),
        user_groups_table: table_name(source, section.user_groups_table)?,
        links_table: identifier(source, section.links_table)?,
        login: login(source, section.login)?,
        email_verified: email_verified(source, section.email_verified)?,
        phone_verified: phone_verified(source, section.phone_verified)?,
        columns: columns(source, section.columns)?,
        included: included(source, section.r#where)?,
        excluded_names: section.excluded_names,
        unusable_password: flag(source, section.unusable_password, "unusable_password")?,
        joins: joins(source, section.joins)?,
        group_sources: Vec::new(),
        ignored_groups: Vec::new(),
    })
}

fn included(
    source: &Source<'_>,
    text: Option<Spanned<String>>,
) -> Result<Option<Condition>, ConfigError> {
    let Some(text) = text else { return Ok(None) };
    let condition = Condition::parse(text.get_ref()).map_err(|fault| {
        let message = format!("[legacy] where: {fault}");
        source.fault(text.span().start, message, ConditionFault::HINT)
    })?;
    Ok(Some(condition))
}

fn flag(
    source: &Source<'_>,
    text: Option<Spanned<String>>,
    key: &str,
) -> Result<Option<Flag>, ConfigError> {
    let Some(text) = text else { return Ok(None) };
    let flag = Flag::parse(text.get_ref()).map_err(|fault| {
        let message = format!("[legacy] {key}: {fault}");
        source.fault(text.span().start, message, Flag::HINT)
    })?;
    Ok(Some(flag))
}

fn joins(
    source: &Source<'_>,
    sections: BTreeMap<Spanned<String>, JoinSection>,
) -> Result<BTreeMap<String, Join>, ConfigError> {
    let mut joins = BTreeMap::new();
    for (name, section) in sections {
        let at = name.span().start;
        let name = name.into_inner();
        if !is_identifier(&name) || name.contains('.') {
            let message = "[legacy.joins] is given a name that no column could have";
            return Err(source.fault(at, message, IDENTIFIER_HINT));
        }
        let mut columns = Vec::new();
        for column in section.columns {
            columns.extend(identifier(source, Some(column))?);
        }
        let join = Join {
            table: table_name(source, Some(section.table))?.unwrap_or_default(),
            on: identifier(source, Some(section.on))?.unwrap_or_default(),
            users: identifier(source, section.users)?,
            columns,
        };
        joins.insert(name, join);
    }
    Ok(joins)
}

/// Tables: as [`identifier`], and with each part in double quotes whatever it holds, as schemas of
/// tenants are named ("Beta-Co").
fn table_name(
    source: &Source<'_>,
    name: Option<Spanned<String>>,
) -> Result<Option<String>, ConfigError> {
    let Some(name) = name else { return Ok(None) };
    if is_table_name(name.get_ref()) {
        return Ok(Some(name.into_inner()));
    }
    let hint = "write NAME or SCHEMA.NAME: letters, digits, _ and $, not starting with a digit, at \
                most 63 characters; any other in double quotes: '\"Beta-Co\".auth_user'";
    Err(source.fault(name.span().start, "not a table's name", hint))
}

fn is_table_name(text: &str) -> bool {
    let Some(parts) = table_name_parts(text) else {
        return false;
    };
    (1..=2).contains(&parts.len())
}

/// The parts of a table's name, without their quotes; `None` where one is no name.
pub fn table_name_parts(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let after = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (name, after) = quoted.split_once('"')?;
                let is_name = (1..=63).contains(&name.len()) && !name.contains(char::is_control);
                parts.push(is_name.then(|| name.to_owned())?);
                after
            }
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                let (name, after) = rest.split_at_checked(end)?;
                parts.push((is_identifier(name)).then(|| name.to_owned())?);
                after
            }
        };
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(parts),
            None => return None,
        }
    }
}

/// Table and column names: what the three databases take unquoted, so that a quoted name can
/// never end its own quoting. Django makes no others unless told to.
fn identifier(
    source: &Source<'_>,
    name: Option<Spanned<String>>,
) -> Result<Option<String>, ConfigError> {
    let Some(name) = name else { return Ok(None) };
    if is_identifier(name.get_ref()) {
        return Ok(Some(name.into_inner()));
    }
    let message = "not a table or column name";
    Err(source.fault(name.span().start, message, IDENTIFIER_HINT))
}

const IDENTIFIER_HINT: &str =
    "names are letters, digits, _ and $, not starting with a digit, at most 63 characters";

pub(super) fn is_identifier(name: &str) -> bool {
    // 63: PostgreSQL's limit; `schema.table` is one name with one dot.
    let part_ok = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && !part.starts_with(|c: char| c.is_ascii_digit())
            && part
                .chars()
                .all(|c| c.is_alphanumeric() || c == '_' || c == '$')
    };
    name.split('.').count() <= 2 && name.split('.').all(part_ok)
}

fn login(
    source: &Source<'_>,
    names: Option<Spanned<Vec<String>>>,
) -> Result<Vec<LoginColumn>, ConfigError> {
    let Some(names) = names else {
        return Ok(vec![LoginColumn::Username]);
    };
    let at = names.span().start;
    if names.get_ref().is_empty() {
        let hint = "write the columns people type, such as [\"username\", \"email\"]";
        return Err(source.fault(at, "[legacy] login is empty", hint));
    }
    let mut columns = Vec::new();
    for name in names.get_ref() {
        let own = name.strip_prefix(OWN);
        if !is_identifier(own.unwrap_or(name)) {
            return Err(source.fault(at, "[legacy] login: not a column name", IDENTIFIER_HINT));
        }
        let column = LoginColumn::parse(name);
        if columns.contains(&column) {
            let message = format!("[legacy] login has `{name}` twice");
            return Err(source.fault(at, message, "name each column once"));
        }
        columns.push(column);
    }
    Ok(columns)
}

fn email_verified(
    source: &Source<'_>,
    rule: Option<Spanned<String>>,
) -> Result<EmailVerifiedRule, ConfigError> {
    let Some(rule) = rule else {
        return Ok(EmailVerifiedRule::Never);
    };
    match rule.get_ref().as_str() {
        "never" => Ok(EmailVerifiedRule::Never),
        "always" => Ok(EmailVerifiedRule::Always),
        "allauth" => Ok(EmailVerifiedRule::Allauth),
        other => match Flag::parse(other) {
            // A bare word may be a rule misspelt: a column is said to be one.
            Ok(flag) if !is_identifier(other) => Ok(EmailVerifiedRule::Flag(flag)),
            _ => {
                let message = "[legacy] email_verified has no such rule";
                let hint = "write never, always, allauth or column:NAME, where NAME is boolean; \
                            notnull:NAME for a moment; not:NAME, null:NAME or NAME = 'x'";
                Err(source.fault(rule.span().start, message, hint))
            }
        },
    }
}

fn phone_verified(
    source: &Source<'_>,
    rule: Option<Spanned<String>>,
) -> Result<PhoneVerifiedRule, ConfigError> {
    let Some(rule) = rule else {
        return Ok(PhoneVerifiedRule::Never);
    };
    let text = rule.get_ref().as_str();
    match (text, text.strip_prefix("column:")) {
        ("never", _) => Ok(PhoneVerifiedRule::Never),
        ("always", _) => Ok(PhoneVerifiedRule::Always),
        (_, Some(column)) if is_identifier(column) => {
            Ok(PhoneVerifiedRule::Column(column.to_owned()))
        }
        _ => {
            let message = "[legacy] phone_verified has no such rule";
            let hint = "write never, always or column:NAME";
            Err(source.fault(rule.span().start, message, hint))
        }
    }
}

fn columns(source: &Source<'_>, mut section: ColumnsSection) -> Result<Columns, ConfigError> {
    let is_template = |name: &mut Spanned<String>| NameTemplate::is_one(name.get_ref());
    let template = section.username.take_if(is_template);
    let template = template.map(|text| {
        NameTemplate::parse(text.get_ref()).ok_or_else(|| {
            let message = "[legacy.columns] username is no template of a name";
            source.fault(text.span().start, message, NameTemplate::HINT)
        })
    });
    let template = template.transpose()?;
    let given = [
        ("id", section.id),
        ("username", section.username),
        ("email", section.email),
        ("password", section.password),
        ("first_name", section.first_name),
        ("last_name", section.last_name),
        ("last_login", section.last_login),
        ("date_joined", section.date_joined),
        ("phone_number", section.phone_number),
    ];
    let mut names = BTreeMap::new();
    for (field, name) in given {
        if let Some(name) = identifier(source, name)? {
            names.insert(field, name);
        }
    }
    let given = [
        ("is_active", section.is_active),
        ("is_staff", section.is_staff),
        ("is_superuser", section.is_superuser),
    ];
    let mut flags = BTreeMap::new();
    for (field, text) in given {
        if let Some(flag) = flag(source, text, field)? {
            flags.insert(field, flag);
        }
    }
    Ok(Columns::new(names, flags, template))
}

fn groups(source: &Source<'_>, section: GroupsSection) -> Result<GroupNames, ConfigError> {
    let checked = |name: Spanned<String>| {
        if crate::group_name(name.get_ref()).as_deref() == Some(name.get_ref()) {
            return Ok(name.into_inner());
        }
        let hint = "Cognito takes 1 to 128 characters without spaces or %";
        Err(source.fault(
            name.span().start,
            "[groups] is given a name Cognito refuses",
            hint,
        ))
    };
    let mut names = BTreeMap::new();
    for (django, cognito) in section.names {
        names.insert(django, checked(cognito)?);
    }
    let mut precedence = BTreeMap::new();
    for (name, number) in section.precedence {
        let at = number.span().start;
        let number = i32::try_from(number.into_inner());
        let Some(number) = number.ok().filter(|number| *number >= 0) else {
            let hint = "a precedence is a number from 0 to 2147483647; the lowest counts most";
            return Err(source.fault(at, "[groups] precedence is out of range", hint));
        };
        // Cognito's own name, as it stands in the pool: with %20 for a space, where one was.
        let fits = (1..=128).contains(&name.get_ref().chars().count())
            && name.get_ref().chars().all(is_name_character);
        if !fits {
            let message = "[groups] precedence names a group that Cognito cannot have";
            let hint = "write Cognito's name: Content%20Editors for the group Content Editors";
            return Err(source.fault(name.span().start, message, hint));
        }
        precedence.insert(name.into_inner(), number);
    }
    Ok(GroupNames {
        precedence,
        carry: section.carry,
        names,
        staff: section.staff.map(checked).transpose()?,
        superuser: section.superuser.map(checked).transpose()?,
    })
}

fn identities(
    source: &Source<'_>,
    section: IdentitiesSection,
) -> Result<IdentityProviders, ConfigError> {
    let mut allauth = BTreeMap::new();
    for (theirs, ours) in section.allauth {
        // `ProviderNameType` of the API model: 1 to 32 characters of a name.
        let fits = (1..=32).contains(&ours.get_ref().chars().count())
            && ours.get_ref().chars().all(is_name_character);
        if !fits {
            let message = "[identities] is given a provider name Cognito refuses";
            let hint = "write the name of the pool's identity provider: Google, Facebook, \
                        LoginWithAmazon, SignInWithApple, or your own of 1 to 32 characters";
            return Err(source.fault(ours.span().start, message, hint));
        }
        allauth.insert(theirs.into_inner(), ours.into_inner());
    }
    Ok(IdentityProviders { allauth })
}

fn hashers(
    source: &Source<'_>,
    entries: BTreeMap<Spanned<String>, HasherEntry>,
) -> Result<CustomHashers, ConfigError> {
    let mut hashers = CustomHashers::default();
    for (name, entry) in entries {
        let at = name.span().start;
        let added = match entry {
            HasherEntry::Alias(target) => hashers.alias(name.get_ref(), &target),
            HasherEntry::Wrapped(wrapped) => {
                hashers.wrapped(name.get_ref(), &wrapped.outer, &wrapped.inner)
            }
            HasherEntry::Peppered(entry) => {
                let encoding = entry.encoding.as_deref();
                let pepper = Pepper::new(&entry.pepper, encoding, &entry.secret);
                hashers.peppered(name.get_ref(), &entry.outer, pepper)
            }
        };
        hashers = added.map_err(|fault| {
            let hint = "write NAME = \"algorithm\", NAME = { outer = \"…\", inner = \"…\" }, or \
                        NAME = { outer = \"…\", pepper = \"hmac-sha256\", secret = \"VARIABLE\" }";
            source.fault(at, format!("[hashers] {}: {fault}", name.get_ref()), hint)
        })?;
    }
    Ok(hashers)
}
