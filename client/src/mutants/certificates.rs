//! Which lists of platform certificates are believed.

use aws_lc_rs::{
    cipher::{AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey},
    iv::FixedLength,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;
use wechatpay_protocol::{Apiv3Key, Resource};

use super::{
    Fault::{List, ListUnverified, NeverRenews},
    Mutant, mutant,
};

pub(super) const MUTANTS: &[Mutant] = &[
    mutant("list-unverified", "the list of certificates needs no signature", ListUnverified),
    mutant(
        "list-downloaded-once",
        "certificates are not downloaded again when an answer names another one",
        NeverRenews,
    ),
    mutant(
        "associated-data-ignored",
        "the associated_data in the list is not looked at",
        List(|body, _| each(body, |entry| Some(Resource { associated_data: "certificate".into(), ..entry }))),
    ),
    mutant(
        "tag-ignored",
        "the tag of an encrypted certificate is not checked",
        List(|body, key| {
            each(body, |entry| {
                let certificate = decrypted_unchecked(&entry, key)?;
                Some(Resource::encrypt(key, &entry.nonce, &entry.associated_data, &certificate))
            })
        }),
    ),
];

/// The list with what `alter` makes of each encrypted certificate.
fn each(body: &[u8], alter: impl Fn(Resource) -> Option<Resource>) -> Option<Vec<u8>> {
    let mut list: Value = serde_json::from_slice(body).ok()?;
    for entry in list["data"].as_array_mut()? {
        let resource = serde_json::from_value(entry["encrypt_certificate"].clone()).ok()?;
        entry["encrypt_certificate"] = serde_json::to_value(alter(resource)?).ok()?;
    }
    Some(list.to_string().into_bytes())
}

/// Bytes of the tag of AES-GCM.
const TAG: usize = 16;

/// What AES-GCM decrypts to without a look at its tag: AES in counter mode, counted from 2.
fn decrypted_unchecked(resource: &Resource, key: &Apiv3Key) -> Option<Vec<u8>> {
    let mut bytes = BASE64_STANDARD.decode(&resource.ciphertext).ok()?;
    bytes.truncate(bytes.len().checked_sub(TAG)?);
    let counter: [u8; 16] = [resource.nonce.as_bytes(), &[0, 0, 0, 2]].concat().try_into().ok()?;
    let key = UnboundCipherKey::new(&AES_256, key.expose().as_bytes()).ok()?;
    let context = DecryptionContext::Iv128(FixedLength::from(counter));
    Some(DecryptingKey::ctr(key).ok()?.decrypt(&mut bytes, context).ok()?.to_vec())
}
