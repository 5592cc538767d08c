//! The file of a bill, and the address that it is downloaded from.

use std::io::Write;

use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde::{Deserialize, Serialize};
use wechatpay_protocol::{Apiv3Key, Resource, Timestamp};

use super::{
    day::Day,
    flow,
    rows::{self, Wanted},
    sharing, trade,
};
use crate::{
    api::{error::ApiError, operation_error::OperationError},
    merchants::Merchant,
    operations::{
        Context,
        download::{self, LIVES},
        encrypted, example,
        payment::{kind, ledger::Ledger},
    },
    random::Randomness,
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

/// Which bill a token leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Bill {
    bill_date: String,
    statement: Statement,
    /// Until when it can be downloaded.
    until: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) encryption: Option<Encryption>,
}

/// What is in a bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Statement {
    /// A merchant's payments and refunds, or those of one sub-merchant.
    Trade { wanted: Wanted, sub_mchid: Option<String> },
    /// What changed an account; nothing if there is none.
    Flow { payee: Option<String> },
    /// What was shared and returned of the orders of all payees, or of one.
    Sharing { payee: Option<String> },
}

/// How a file is encrypted. `Debug` does not show the key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Encryption {
    key: String,
    pub(super) nonce: String,
}

/// The length of a nonce.
const NONCE: usize = 12;

impl Bill {
    pub(super) fn new(bill_date: &str, statement: Statement, now: Timestamp) -> Self {
        Self { bill_date: bill_date.into(), statement, until: now.as_unix() + LIVES, encryption: None }
    }
}

impl Statement {
    /// The file of a day; `None` if nothing happened on it.
    pub(super) fn file(&self, ledger: &mut Ledger<'_, '_>, day: Day) -> Option<Vec<u8>> {
        match self {
            Self::Trade { wanted, sub_mchid } => {
                let entries = rows::trades(ledger, day, *wanted, sub_mchid.as_deref());
                let form = match wanted {
                    Wanted::All => trade::ALL,
                    Wanted::Payments => trade::SUCCESS,
                    Wanted::Refunds | Wanted::RechargeRefunds => trade::REFUND,
                };
                (!entries.is_empty()).then(|| form.file(&entries))
            }
            Self::Flow { payee } => {
                let flows = rows::flows(ledger, day, payee.as_deref()?);
                (!flows.is_empty()).then(|| flow::FLOWS.file(&flows))
            }
            Self::Sharing { payee } => {
                let rows = sharing::rows(ledger, day, payee.as_deref());
                (!rows.is_empty()).then(|| sharing::SHARING.file(&rows))
            }
        }
    }
}

impl Encryption {
    pub(super) const ALGORITHM: &str = Resource::ALGORITHM;

    /// A new key of 32 characters, and a nonce of 12: SDKs take both as text. (SDK)
    pub(super) fn new(randomness: &Randomness) -> Self {
        let hex = || base16ct::lower::encode_string(&randomness.bytes());
        Self { key: hex(), nonce: hex()[..NONCE].into() }
    }

    /// The key, encrypted for the merchant.
    pub(super) fn encrypted_key(&self, merchant: &Merchant) -> Result<String, ApiError> {
        encrypted::for_merchant(merchant, &self.key)
    }

    /// The encrypted bytes, with their tag; `None` if the key or the nonce was edited and is none.
    fn encrypt(&self, file: &[u8]) -> Option<Vec<u8>> {
        let key: Apiv3Key = self.key.parse().ok()?;
        let nonce = Some(&self.nonce).filter(|nonce| nonce.len() == NONCE)?;
        let encrypted = Resource::encrypt(&key, nonce, "", file).ciphertext;
        BASE64_STANDARD.decode(encrypted).ok()
    }
}

impl std::fmt::Debug for Encryption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Encryption(secret)")
    }
}

/// Keeps the bill, and returns its address.
pub(super) fn url(ledger: &mut Ledger<'_, '_>, request: &ValidRequest<'_>, bill: &Bill) -> String {
    let token = download::token(ledger.context.randomness);
    ledger.documents.put(kind::BILL, &token, bill);
    let address = download::address(request, &format!("/v3/billdownload/file?token={token}"));
    if request.parameter("tar_type") == "GZIP" { example::compressed(&address) } else { address }
}

/// `GET /v3/billdownload/file`. The tokens of examples lead to the file that all examples have.
pub(super) fn download(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let now = context.now.as_unix();
    let bill = download::read(request, documents, kind::BILL, now, |bill: &Bill| bill.until)?;
    let Some(bill) = bill else { return example::answer(context, request, documents) };
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let day = Day::parse(&bill.bill_date).ok_or(OperationError::NoStatement)?;
    let mut file = bill.statement.file(&mut ledger, day).ok_or(OperationError::NoStatement)?;
    if example::is_compressed(request) {
        file = compress(&file);
    }
    if let Some(encryption) = &bill.encryption {
        file = encryption.encrypt(&file).ok_or(OperationError::NoStatement)?;
    }
    Ok(OperationResponse::file(file, request.operation().is_signed()))
}

fn compress(file: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(file).and_then(|()| encoder.finish()).expect("memory takes all bytes")
}
