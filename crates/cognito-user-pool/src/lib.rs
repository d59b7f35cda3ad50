#![doc = include_str!("../README.md")]

mod address;
mod answer_body;
mod app_client;
mod client;
mod exception_table;
mod import_file;
mod import_job;
mod operation;
mod pacer;
mod patience;
mod permission;
mod pool_description;
mod pool_error;
mod pool_settings;
mod quota;
mod redaction;
mod server_clock;
mod sign_in;
mod user_pool;
mod user_record;
mod writable_user_pool;

pub use address::{AddressError, PoolAddress};
pub use app_client::AppClient;
pub use import_file::ImportFile;
pub use import_job::{ImportJob, ImportJobFailure, ImportJobRequest, ImportJobStatus, UploadError};
pub use operation::Operation;
pub use pacer::{Pacer, PacerReading};
pub use patience::{Attempts, Patience};
pub use permission::WritePermission;
pub use pool_description::{
    AttributeBounds, AttributeType, PasswordPolicy, PoolDescription, SchemaAttribute,
};
pub use pool_error::{Disposition, Effect, PoolError, PoolFault};
pub use pool_settings::{PoolSettings, PoolTrigger, SettingChange, TokenEventVersion};
pub use quota::{CategoryLimit, CategoryLimitError, QuotaCategory, Quotas, Share, ShareError};
pub use sign_in::{CodeDelivery, SignInAnswer, Tokens};
pub use user_pool::UserPool;
pub use user_record::{UserRecord, UserStatus};
pub use writable_user_pool::{Creation, GroupCreation, WritableUserPool};
