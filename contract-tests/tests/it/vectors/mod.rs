//! Compares our own code with every vector in `fixtures/vectors/`, stage by stage.

mod aead;
mod authorization;
mod files;
mod kind;
mod oaep;
mod request_signature;
mod response_signature;

use std::collections::BTreeSet;

use self::{
    aead::Aead,
    authorization::AuthorizationHeader,
    files::{fixtures, folders, load},
    kind::Kind,
    oaep::Oaep,
    request_signature::RequestSignature,
    response_signature::ResponseSignature,
};

#[test]
fn every_request_signature_vector_passes() {
    assert_all_pass::<RequestSignature>();
}

#[test]
fn every_response_signature_vector_passes() {
    assert_all_pass::<ResponseSignature>();
}

#[test]
fn every_authorization_vector_passes() {
    assert_all_pass::<AuthorizationHeader>();
}

#[test]
fn every_aead_vector_passes() {
    assert_all_pass::<Aead>();
}

#[test]
fn every_oaep_vector_passes() {
    assert_all_pass::<Oaep>();
}

#[test]
fn every_folder_of_vectors_has_a_test() {
    let tested = [
        RequestSignature::FOLDER,
        ResponseSignature::FOLDER,
        AuthorizationHeader::FOLDER,
        Aead::FOLDER,
        Oaep::FOLDER,
        // diagnosis/tests/pay_sign.rs
        "pay-sign",
    ];
    assert_eq!(folders(&fixtures().join("vectors")), BTreeSet::from(tested.map(String::from)));
}

/// Panics with every vector of the kind that fails, and the first stage at which it diverges.
fn assert_all_pass<K: Kind>() {
    let vectors = load::<K>(&fixtures().join("vectors").join(K::FOLDER));
    let vectors = vectors.unwrap_or_else(|unread| panic!("{unread}"));
    let diverged: Vec<String> = vectors
        .iter()
        .filter_map(|vector| {
            let divergence = vector.content.check(&vector.verdict).err()?;
            Some(format!("{}/{}.json ({}): {divergence}", K::FOLDER, vector.name, vector.why))
        })
        .collect();
    let count = vectors.len();
    assert!(diverged.is_empty(), "{} of {count} fail:\n{}", diverged.len(), diverged.join("\n"));
}
