//! Signatures and ciphertexts of `protocol`, checked by another implementation or by its own reverse function.
//!
//! `protocol` signs, verifies, encrypts and decrypts with aws-lc-rs. The `rsa` crate does the same in pure Rust. Only a bug in
//! both would go unnoticed.

use std::{fmt, fs, sync::LazyLock};

use base64::{Engine, prelude::BASE64_STANDARD};
use getrandom::SysRng;
use proptest::{collection::vec, prelude::*, sample::Index};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use rsa::{
    PrivateKey, PublicKey,
    oaep::Oaep,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding},
};
use sha1::Sha1;
use sha2::Sha256;
use wechatpay_protocol::{
    Apiv3Key, DecryptingKey, EncryptingKey, Resource, ResourceError, SensitiveError, Signature, SigningKey,
    VerifyingKey,
};

proptest! {
    #[test]
    fn the_rsa_crate_verifies_signatures_by_aws_lc(pair in pairs(), message: Vec<u8>) {
        let signature = pair.signing.sign(&message);
        prop_assert!(pair.public.pkcs1v15_verify::<Sha256>(&message, signature.as_bytes()).is_ok());
    }

    #[test]
    fn both_refuse_a_signature_over_another_message(
        pair in pairs(),
        message in vec(any::<u8>(), 1..200),
        alteration in alterations(),
    ) {
        let signature = pair.signing.sign(&message);
        let altered = alteration.of(&message);
        prop_assert!(pair.verifying.verify(&altered, &signature).is_err());
        prop_assert!(pair.public.pkcs1v15_verify::<Sha256>(&altered, signature.as_bytes()).is_err());
    }

    #[test]
    fn both_refuse_an_altered_signature(
        pair in pairs(),
        message: Vec<u8>,
        alteration in alterations(),
    ) {
        let altered = alteration.of(pair.signing.sign(&message).as_bytes());
        prop_assert!(pair.public.pkcs1v15_verify::<Sha256>(&message, &altered).is_err());
        prop_assert!(pair.verifying.verify(&message, &Signature::from_bytes(altered)).is_err());
    }

    #[test]
    fn both_refuse_a_signature_of_another_length(pair in pairs(), message: Vec<u8>, length in 0..600_usize) {
        let mut signature = pair.signing.sign(&message).as_bytes().to_vec();
        prop_assume!(length != signature.len());
        signature.resize(length, 0);
        prop_assert!(pair.public.pkcs1v15_verify::<Sha256>(&message, &signature).is_err());
        prop_assert!(pair.verifying.verify(&message, &Signature::from_bytes(signature)).is_err());
    }

    #[test]
    fn a_resource_decrypts_to_its_plaintext(sealed in sealed_resources()) {
        prop_assert_eq!(sealed.resource.decrypt(&sealed.key), Ok(sealed.plaintext));
    }

    #[test]
    fn a_resource_with_an_altered_ciphertext_is_not_decrypted(
        Sealed { key, mut resource, .. } in sealed_resources(),
        alteration in alterations(),
    ) {
        let ciphertext = BASE64_STANDARD.decode(&resource.ciphertext).unwrap();
        resource.ciphertext = BASE64_STANDARD.encode(alteration.of(&ciphertext));
        prop_assert_eq!(resource.decrypt(&key), Err(ResourceError::Unauthentic));
    }

    #[test]
    fn a_resource_with_an_altered_nonce_is_not_decrypted(
        Sealed { key, mut resource, .. } in sealed_resources(),
        alteration in alterations(),
    ) {
        resource.nonce = alteration.of_ascii(&resource.nonce);
        prop_assert_eq!(resource.decrypt(&key), Err(ResourceError::Unauthentic));
    }

    #[test]
    fn a_resource_with_altered_associated_data_is_not_decrypted(
        Sealed { key, mut resource, .. } in sealed_resources(),
        alteration in alterations(),
    ) {
        resource.associated_data = alteration.of_ascii(&resource.associated_data);
        prop_assert_eq!(resource.decrypt(&key), Err(ResourceError::Unauthentic));
    }
}

// Few cases, since private-key operations of the `rsa` crate are slow.
proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn aws_lc_verifies_signatures_by_the_rsa_crate(pair in pairs(), message: Vec<u8>) {
        let signature = Signature::from_bytes(pair.private.pkcs1v15_sign::<Sha256>(&message).unwrap());
        prop_assert!(pair.verifying.verify(&message, &signature).is_ok());
        prop_assert_eq!(signature, pair.signing.sign(&message));
    }

    #[test]
    fn the_rsa_crate_decrypts_fields_by_aws_lc(text in fields()) {
        let ciphertext = BASE64_STANDARD.decode(PUBLIC.encrypt(&text).unwrap()).unwrap();
        prop_assert_eq!(NUMBERS.decrypt(Oaep::<Sha1>::new(), &ciphertext).unwrap(), text.into_bytes());
    }

    #[test]
    fn aws_lc_decrypts_fields_by_the_rsa_crate(text in fields()) {
        let ciphertext = NUMBERS.as_ref().oaep_encrypt::<Sha1>(text.as_bytes()).unwrap();
        prop_assert_eq!(PRIVATE.decrypt(&BASE64_STANDARD.encode(ciphertext)), Ok(text.into_bytes()));
    }

    #[test]
    fn both_refuse_an_altered_field(text in fields(), alteration in alterations()) {
        let ciphertext = BASE64_STANDARD.decode(PUBLIC.encrypt(&text).unwrap()).unwrap();
        let altered = alteration.of(&ciphertext);
        prop_assert!(NUMBERS.decrypt(Oaep::<Sha1>::new(), &altered).is_err());
        prop_assert_eq!(PRIVATE.decrypt(&BASE64_STANDARD.encode(altered)), Err(SensitiveError::Unauthentic));
    }
}

#[test]
fn a_field_has_at_most_214_bytes() {
    let ciphertext = PUBLIC.encrypt(&"x".repeat(214)).unwrap();
    assert_eq!(PRIVATE.decrypt(&ciphertext), Ok(vec![b'x'; 214]));
    let error = PUBLIC.encrypt(&"x".repeat(215)).unwrap_err();
    assert_eq!(error, SensitiveError::TooLong { longest: 214, found: 215 });
}

/// One key pair, as both implementations read it from the same text.
struct Pair {
    pem: String,
    signing: SigningKey,
    verifying: VerifyingKey,
    private: PrivateKey,
    public: PublicKey,
}

impl Pair {
    fn from_pem(pem: String) -> Self {
        let signing = SigningKey::from_pem(&pem).unwrap();
        let private = PrivateKey::from_pkcs8_pem(&pem).unwrap();
        Self { verifying: signing.verifying_key(), public: private.to_public_key(), pem, signing, private }
    }
}

/// Shows the key: it protects nothing, and a failure cannot be reproduced without it.
impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pem)
    }
}

/// New keys, half of them made by each implementation, and the
/// development keys. Only a few, because a key takes some tenths of a second to make.
static PAIRS: LazyLock<Vec<Pair>> = LazyLock::new(|| {
    let new = (0..NEW_KEYS_OF_EACH).flat_map(|_| [made_by_aws_lc(), made_by_the_rsa_crate()]);
    let development = ["apiclient_key.pem", "platform_key.pem", "pub_key_private.pem", "other_key.pem"];
    new.chain(development.map(credential)).map(Pair::from_pem).collect()
});

const NEW_KEYS_OF_EACH: usize = 2;

fn made_by_aws_lc() -> String {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap().serialize_pem()
}

fn made_by_the_rsa_crate() -> String {
    PrivateKey::new(&mut SysRng, 2048).unwrap().to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
}

static PUBLIC: LazyLock<EncryptingKey> =
    LazyLock::new(|| EncryptingKey::from_pem(&credential("pub_key.pem")).unwrap());
static PRIVATE: LazyLock<DecryptingKey> =
    LazyLock::new(|| DecryptingKey::from_pem(&credential("pub_key_private.pem")).unwrap());

/// The same key for the `rsa` crate.
static NUMBERS: LazyLock<PrivateKey> =
    LazyLock::new(|| PrivateKey::from_pkcs8_pem(&credential("pub_key_private.pem")).unwrap());

/// Texts of any length that fits.
fn fields() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,214}", ".{0,53}"]
}

fn credential(name: &str) -> String {
    fs::read_to_string(format!("{}/../fixtures/credentials/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn pairs() -> impl Strategy<Value = &'static Pair> {
    any::<Index>().prop_map(|index| index.get(&PAIRS))
}

/// A change of one byte into another.
#[derive(Clone, Debug)]
struct Alteration {
    at: Index,
    flipped: u8,
}

fn alterations() -> impl Strategy<Value = Alteration> {
    (any::<Index>(), 1..=u8::MAX).prop_map(|(at, flipped)| Alteration { at, flipped })
}

impl Alteration {
    fn of(&self, bytes: &[u8]) -> Vec<u8> {
        let mut altered = bytes.to_vec();
        altered[self.at.index(bytes.len())] ^= self.flipped;
        altered
    }

    /// ASCII that stays ASCII.
    fn of_ascii(&self, text: &str) -> String {
        let flipped = self.flipped % 127 + 1;
        String::from_utf8(Self { flipped, ..self.clone() }.of(text.as_bytes())).unwrap()
    }
}

/// A ciphertext with its key and plaintext.
#[derive(Clone, Debug)]
struct Sealed {
    key: Apiv3Key,
    plaintext: Vec<u8>,
    resource: Resource,
}

fn sealed_resources() -> impl Strategy<Value = Sealed> {
    ("[!-~]{32}", "[ -~]{12}", "[ -~]{1,15}", any::<Vec<u8>>()).prop_map(
        |(key, nonce, associated_data, plaintext)| {
            let key: Apiv3Key = key.parse().unwrap();
            let resource = Resource::encrypt(&key, &nonce, &associated_data, &plaintext);
            Sealed { key, plaintext, resource }
        },
    )
}
