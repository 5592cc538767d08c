//! A merchant, and everything that the mock keeps for it alone: what is stored, the nonces it has used, and the faults
//! that await it.

use std::{ops::Deref, sync::Mutex};

use wechatpay_protocol::{Certificate, Mchid, SerialNo, VerifyingKey};

use crate::{config::MerchantConfig, faults::Rules, recent::Recent, state::Ledger, whole::whole};

/// A merchant, as the gateway knows it. Its number, certificate, trust and APIv3 key are those of its configuration.
#[derive(Debug)]
pub(crate) struct Merchant {
    pub(crate) config: MerchantConfig,
    /// Rules of misbehaviour for this merchant's requests only.
    pub(crate) faults: Rules,
    /// What is stored for it.
    pub(crate) ledger: Ledger,
    nonces: Mutex<Recent>,
    magic_numbers: Mutex<Recent>,
}

/// Why a merchant was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMade {
    /// There is one with that number.
    #[error("expected an mchid that no merchant has, found {mchid}; leave it out to be given one")]
    Taken {
        /// The number.
        mchid: Mchid,
    },
    /// No certificate can be made for it.
    #[error("its key or its certificate can't be made")]
    NoCertificate,
    /// There are as many as there may be.
    #[error(
        "expected at most {most} merchants made at run time, found one more; remove those that are done with, or raise limits.merchants"
    )]
    TooMany {
        /// The most there may be.
        most: usize,
    },
}

/// Nonces that are remembered for each merchant, the oldest forgotten first. (own choice)
const NONCES: usize = 10_000;
/// Magic request numbers whose uses are counted for each merchant, likewise. (own choice)
const MAGIC_NUMBERS: usize = 10_000;

impl Merchant {
    /// A merchant that starts with what this ledger holds.
    pub(crate) fn new(config: MerchantConfig, ledger: Ledger) -> Self {
        Self {
            config,
            faults: Rules::default(),
            ledger,
            nonces: Mutex::new(Recent::new(NONCES)),
            magic_numbers: Mutex::new(Recent::new(MAGIC_NUMBERS)),
        }
    }

    /// As it was when it was new; the rules of misbehaviour apart.
    pub(crate) fn reset(&self) {
        self.ledger.reset();
        *whole(&self.nonces) = Recent::new(NONCES);
        *whole(&self.magic_numbers) = Recent::new(MAGIC_NUMBERS);
    }

    pub(crate) fn certificate(&self) -> &Certificate {
        self.config.certificate.certificate()
    }

    pub(crate) fn serial_no(&self) -> &SerialNo {
        self.certificate().serial_no()
    }

    pub(crate) fn key(&self) -> &VerifyingKey {
        self.certificate().verifying_key()
    }

    /// Remembers a nonce. Whether it was used before, as far as is known.
    pub(crate) fn uses_again(&self, nonce_str: &str) -> bool {
        whole(&self.nonces).count(nonce_str) > 1
    }

    /// How often this magic request number has been used, this time included.
    pub(crate) fn uses_of_magic(&self, out_request_no: &str) -> u64 {
        whole(&self.magic_numbers).count(out_request_no)
    }
}

impl Deref for Merchant {
    type Target = MerchantConfig;

    fn deref(&self) -> &MerchantConfig {
        &self.config
    }
}
