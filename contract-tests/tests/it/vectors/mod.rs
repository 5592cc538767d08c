//! Every vector of `fixtures/vectors/` against our own code, compared stage by stage.

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
fn every_request_signature_vector_holds() {
    assert_all_hold::<RequestSignature>();
}

#[test]
fn every_response_signature_vector_holds() {
    assert_all_hold::<ResponseSignature>();
}

#[test]
fn every_authorization_vector_holds() {
    assert_all_hold::<AuthorizationHeader>();
}

#[test]
fn every_aead_vector_holds() {
    assert_all_hold::<Aead>();
}

#[test]
fn every_oaep_vector_holds() {
    assert_all_hold::<Oaep>();
}

#[test]
fn every_folder_of_vectors_has_a_test() {
    let tested = [
        RequestSignature::FOLDER,
        ResponseSignature::FOLDER,
        AuthorizationHeader::FOLDER,
        Aead::FOLDER,
        Oaep::FOLDER,
    ];
    assert_eq!(folders(&fixtures().join("vectors")), BTreeSet::from(tested.map(String::from)));
}

/// Reports every vector of the kind that does not hold, with the first stage at which it diverged.
fn assert_all_hold<K: Kind>() {
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
    assert!(diverged.is_empty(), "{} of {count} do not hold:\n{}", diverged.len(), diverged.join("\n"));
}
