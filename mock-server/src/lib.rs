//! A local mock of the WeChat Pay APIv3 gateway.
//!
//! It verifies the merchant's RSA signature over the exact bytes, validates the request against the contract, keeps
//! state, and signs its responses like the gateway.
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
//!
//! The folders and files, in the order in which a request walks them:
//!
//! - `net`: listeners, connections, TLS and its authority, the forward proxy, shutdown
//! - `gateway`: the pipeline, the only file that names all stages
//! - `request`: receive, route, authenticate, validate
//! - `operations`: what each operation does
//! - `store`: the documents, the used request numbers, and the outbox of callbacks
//! - `faults`: deliberate misbehaviour, by rule or by a number in the request
//! - `response`: respond, sign
//! - `journal`: the last exchanges and callbacks; expectations, HAR, metrics, log
//! - `notify`: takes callbacks from the store, encrypts, signs and sends them
//!
//! Beside that way:
//!
//! - `admin`: everything under `/__mock/`, and who may call it
//! - `payer`: what the user does: pays and confirms, on a page or from a front end
//! - `server`: [`MockServer`] and its builder, the only code that imports all parts
//! - `config`: the configuration file
//!
//! All of them use these:
//!
//! - `merchants`: the merchants, and the keys that the gateway signs with
//! - `api`: the gateway's hosts, its errors and the mock's warnings, with their texts
//! - `clock`, `random`, `limits`: time, randomness, limits
//! - `policies`: behaviour that public sources leave open, and provenance
//!
//! Which of them may import which is another order, in `tests/direction.rs`.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

wechatpay_texts::catalogue!();

mod admin;
mod api;
mod clock;
mod config;
mod faults;
mod gateway;
mod journal;
mod limits;
mod merchants;
mod net;
mod notify;
mod operations;
mod payer;
pub mod policies;
mod random;
mod request;
mod response;
mod server;
mod store;

pub use crate::admin::advertised::{Advertised, AdvertisedError};
pub use crate::admin::control::NewMerchant;
pub use crate::admin::environment::{Environment, EnvironmentError, Program};
pub use crate::admin::{AdminToken, AdminTokenError, admin_openapi};
pub use crate::api::error::{ApiError, CHECKS, SensitiveFault};
pub use crate::api::host::{GATEWAY_HOSTS, Host, HostError, HostName};
pub use crate::api::language::Language;
pub use crate::api::operation_error::OperationError;
pub use crate::api::sign_information::SignInformation;
pub use crate::clock::Clock;
pub use crate::config::{Config, ConfigError, ConfigErrors};
pub use crate::journal::expectation::{Between, Expectation, NearestMiss, Times, Verification};
pub use crate::limits::{LimitError, Limits};
pub use crate::merchants::credentials_dir::{WriteError, credentials_env, write_credentials};
pub use crate::merchants::{
    ApiCertificate, Apiv2Key, CertificateStatus, KeyPairError, MerchantConfig, MerchantKind, NoCredentials,
    PlatformCertificate, PlatformCertificates, ProvisionError, PublicKeyPair, TrustMode,
};
pub use crate::net::tls::{Authority, AuthorityError};
pub use crate::notify::{NotifyHosts, NotifyMap, NotifyMapError, Trigger, TriggerError};
pub use crate::operations::pay_score::{ServiceAction, ServiceTarget};
pub use crate::operations::payment::{MaxRatio, OrderName, PayerAction, Payments};
pub use crate::operations::seed::{CardStatus, Seed, SeedCard, SeedMember, SeedMerchant};
pub use crate::operations::transfer::{TransferAction, TransferName, Transfers};
pub use crate::payer::{Confirmation, Payment, PaymentError, ServiceOrderCall};
pub use crate::policies::Provenance;
pub use crate::random::Randomness;
pub use crate::request::diagnose::DiagnosisMode;
pub use crate::request::multipart::upload_meta;
pub use crate::request::place::PlaceError;
pub use crate::server::{MockServer, builder::MockServerBuilder};
pub use crate::store::{
    Attempt, Delivery, DeliveryState, Outcome, RedisLogin, RedisUrl, RedisUrlError, SentCallback, StoreError,
    StorePlace, StorePlaceError,
};
pub use crate::{
    api::Warning,
    journal::{Exchange, Expected, Filter, Headers, Request, Stage, StageTimes, Verdict},
};
pub use crate::{
    api::injected_error::{CustomError, DocumentedError, InjectedError},
    api::own_error::OwnError,
    faults::{
        ActiveFault, Applied, FAULTS, Fault, FaultId, FaultMatch, FaultRule, FaultSource, Latency, On,
        RuleError, RuleState, TRIGGER_FORMS, TriggerForm, UnknownFault,
    },
};
pub use wechatpay_diagnosis as diagnosis;
pub use wechatpay_openapi::{Constraint, FieldError, JsonType, Location};
