//! Forged signatures from Project Wycheproof, and keys of unused sizes.

use rsa::{BoxedUint, PublicKey, pkcs8::EncodePublicKey};
use wechatpay_protocol::{KeyError, Signature, VerifyingKey};
use wycheproof::{
    TestResult,
    rsa_pkcs1_verify::{Test, TestGroup, TestName, TestSet},
};

/// Each set has 258 or 259 cases, of which 8 to 10 are valid. The test fails if a set shrinks.
const FEWEST_CASES: usize = 250;

#[test]
fn forgeries_for_keys_of_2048_bits_are_refused() {
    assert_verdicts_agree(TestName::Rsa2048Sha256);
}

#[test]
fn forgeries_for_keys_of_3072_bits_are_refused() {
    assert_verdicts_agree(TestName::Rsa3072Sha256);
}

#[test]
fn forgeries_for_keys_of_4096_bits_are_refused() {
    assert_verdicts_agree(TestName::Rsa4096Sha256);
}

#[test]
fn forgeries_for_keys_of_8192_bits_are_refused() {
    assert_verdicts_agree(TestName::Rsa8192Sha256);
}

fn assert_verdicts_agree(name: TestName) {
    let set = TestSet::load(name).unwrap();
    let wrong: Vec<String> = set.test_groups.iter().flat_map(wrong_verdicts).collect();
    assert!(wrong.is_empty(), "{name:?}:\n{}", wrong.join("\n"));
    assert!(set.number_of_tests >= FEWEST_CASES, "{name:?} has {} cases", set.number_of_tests);
}

fn wrong_verdicts(group: &TestGroup) -> Vec<String> {
    let key = VerifyingKey::from_spki_der(&group.der).unwrap();
    let wrong = group.tests.iter().filter(|test| is_accepted(&key, test) != must_be_accepted(test.result));
    wrong.map(|test| format!("case {} ({:?}): {}", test.tc_id, test.result, test.comment)).collect()
}

fn is_accepted(key: &VerifyingKey, test: &Test) -> bool {
    key.verify(&test.msg, &Signature::from_bytes(test.sig.as_slice())).is_ok()
}

/// "Acceptable" cases of Wycheproof are refused here. In these sets they are one encoding of the padding: without the
/// NULL for the absent parameters of the hash. RFC 8017 requires signers to write it, nobody in this protocol
/// leaves it out, and a second valid signature for the same message and key is a risk.
fn must_be_accepted(result: TestResult) -> bool {
    match result {
        TestResult::Valid => true,
        TestResult::Acceptable | TestResult::Invalid => false,
    }
}

#[test]
fn keys_under_2048_and_over_8192_bits_are_refused() {
    for bits in [512, 1024, 2047, 8193, 16384] {
        assert_eq!(VerifyingKey::from_spki_der(&key_of(bits)), Err(KeyError::Size { bits }));
    }
    for bits in [2048, 2049, 8191, 8192] {
        assert!(VerifyingKey::from_spki_der(&key_of(bits)).is_ok(), "{bits}");
    }
}

/// A public key with the exponent 65537 and an odd modulus of this many bits.
fn key_of(bits: usize) -> Vec<u8> {
    let mut modulus = vec![0; bits.div_ceil(8)];
    modulus[0] = 1 << ((bits - 1) % 8);
    *modulus.last_mut().unwrap() |= 1;
    let modulus = BoxedUint::from_be_slice_vartime(&modulus);
    let key = PublicKey::new_unchecked(modulus, BoxedUint::from(65537_u32));
    key.to_public_key_der().unwrap().into_vec()
}
