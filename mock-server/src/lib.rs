//! A local mock of the WeChat Pay APIv3 gateway.
//!
//! It verifies the merchant's RSA signature over the exact bytes, validates the body against the contract, keeps
//! state, answers, and signs its answers as the gateway does.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use wechatpay_mock::MockServer;
//!
//! let gateway = MockServer::builder().start().await?;
//! println!("point your client at {}", gateway.url());
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod admin;
mod answer_body;
mod business;
mod clock;
mod config;
mod connection;
mod connections;
mod contract;
mod credentials_dir;
mod diagnosing;
mod door;
pub mod environment;
mod exchange;
mod expectation;
mod faults;
mod field_fault;
pub mod forensics;
mod gateway;
mod host;
mod identity;
mod journal;
mod language;
mod latest;
mod likeness;
mod limits;
mod log;
mod making;
mod metrics;
mod operations;
mod own_hash;
pub mod policies;
mod present;
mod proxy;
mod randomness;
mod recent;
mod rejection;
mod seed;
mod server;
mod stages;
mod standing;
mod state;
mod tls;
mod turned_away;
mod whole;
mod write_timeout;

pub use admin::{ADMIN_OPENAPI, AdminToken, AdminTokenError};
pub use business::BusinessRefusal;
pub use clock::Clock;
pub use config::{
    ApiCertificate, CertificateStatus, Complaint, Config, ConfigError, MerchantConfig, MerchantKind,
    NoCredentials,
};
pub use contract::OPENAPI;
pub use credentials_dir::{WriteError, credentials_env, write_credentials};
pub use diagnosing::Diagnosing;
pub use expectation::{Between, Expectation, Expected, NearestMiss, Times, Verification};
pub use faults::{
    Applied, CustomError, DocumentedError, FAULTS, Fault, FaultId, FaultMatch, FaultRule, InjectedError,
    Latency, MAGIC_FORMS, MagicForm, RuleError, RuleState, Strike, StruckBy, UnknownFault,
};
pub use field_fault::{FieldFault, JsonType, Location, Rule};
pub use host::{GATEWAY_HOSTS, Host, HostError, HostName};
pub use identity::{NotMade, PairError, PlatformCertificate, PlatformCertificates, PublicKeyPair, TrustMode};
pub use journal::{Exchange, Filter, Headers, Request, Stage, StageTimes, Verdict, Warning};
pub use language::Language;
pub use limits::{LimitError, Limits};
pub use making::NewMerchant;
pub use randomness::Randomness;
pub use rejection::{CHECKS, Rejection, SensitiveFault, SignInformation};
pub use seed::{CardStatus, Seed, SeedCard, SeedMember, SeedMerchant};
pub use server::{MockServer, MockServerBuilder};
pub use standing::Standing;
pub use tls::{Authority, AuthorityError};
