//! Every probe, in the order in which they are made. What is least kind to an application stands last.

use wechatpay_mock::Fault;

use super::{
    Keys, Misbehaviour, Must, Probe, Scene,
    Severity::{self, Critical, High, Low, Medium},
    World,
};

const FORGED: &str =
    "whoever can get between client and gateway can say that a call went well which never arrived";
const REPLAYED: &str = "whoever has once recorded an answer can send it again, for another call";
const NOT_DONE: &str = "the change was not made, or nobody knows, and the client's books say that it was";
const VERIFY_FIRST: &str =
    "verify the signature of every 2xx, with or without a body, before anything of the answer is believed";
const STATUS_FIRST: &str = "take only 2xx for success; report code and message of all else";
const WHOLE_ANSWER: &str = "take an answer that did not come whole for none: the outcome is unknown until the same request is sent again";

/// A 2xx that nobody can have signed so.
const fn forged(
    id: &'static str,
    fault: Fault,
    severity: Severity,
    title: &'static str,
    mend: &'static str,
) -> Probe {
    let scene = Scene::with(Misbehaviour::Fault(fault));
    Probe { id, group: "signature", title, severity, scene, must: Must::Refuse, why: FORGED, mend }
}

/// A refusal for good.
const fn refusal(id: &'static str, fault: Fault, code: &'static str, title: &'static str) -> Probe {
    let scene = Scene::with(Misbehaviour::Fault(fault));
    let must = Must::ShowError { code, may_repeat: false };
    Probe { id, group: "refusals", title, severity: High, scene, must, why: NOT_DONE, mend: STATUS_FIRST }
}

/// An answer that says to come again.
const fn trouble(id: &'static str, fault: Fault, must: Must, title: &'static str) -> Probe {
    let scene = Scene::with(Misbehaviour::Fault(fault));
    Probe { id, group: "trouble", title, severity: High, scene, must, why: NOT_DONE, mend: STATUS_FIRST }
}

/// A call that was carried out and whose answer does not say so, the first time.
const fn repeat(id: &'static str, fault: Fault, title: &'static str) -> Probe {
    Probe {
        id,
        group: "repeats",
        title,
        severity: High,
        scene: Scene::with(Misbehaviour::Once(fault)),
        must: Must::RepeatAlike,
        why: NOT_DONE,
        mend: STATUS_FIRST,
    }
}

const fn skewed(id: &'static str, seconds: i64, title: &'static str) -> Probe {
    Probe {
        id,
        group: "clock",
        title,
        severity: High,
        scene: Scene::with(Misbehaviour::Skew(seconds)),
        must: Must::ShowError { code: "SIGN_ERROR", may_repeat: false },
        why: "only the gateway's own words tell that this machine's clock is wrong",
        mend: STATUS_FIRST,
    }
}

/// A connection that does not carry a whole answer.
const fn broken(id: &'static str, fault: Fault, title: &'static str) -> Probe {
    let scene = Scene::with(Misbehaviour::Fault(fault));
    Probe {
        id,
        group: "connection",
        title,
        severity: High,
        scene,
        must: Must::Refuse,
        why: NOT_DONE,
        mend: WHOLE_ANSWER,
    }
}

/// What a client must do before anything else can be asked.
pub(super) const HONEST: Probe = Probe {
    id: "honest",
    group: "honest",
    title: "the answer is good",
    severity: High,
    scene: Scene::HONEST,
    must: Must::Accept,
    why: "a client that accepts nothing is safe, and useless",
    mend: "make it accept the honest mock's answer first",
};

/// Every probe.
pub const PROBES: &[Probe] = &[
    HONEST,
    Probe {
        id: "honest-certificate",
        group: "honest",
        title: "the answer is good, and signed with the platform certificate",
        severity: Medium,
        scene: Scene::of(Keys::Certificate, World::ClientsKeys),
        must: Must::Accept,
        why: "merchants from before late 2024 have a platform certificate and no public key",
        mend: "verify with the key that Wechatpay-Serial names; --keys public-key leaves this out",
    },
    Probe {
        id: "honest-public-key",
        group: "honest",
        title: "the answer is good, and signed with the public key",
        severity: Medium,
        scene: Scene::of(Keys::PublicKey, World::ClientsKeys),
        must: Must::Accept,
        why: "merchants since late 2024 have a public key and no platform certificate",
        mend: "verify with the key that Wechatpay-Serial names, PUB_KEY_ID_… too; --keys certificate leaves this out",
    },
    Probe {
        id: "lower-case-headers",
        group: "honest",
        title: "the answer is good, and the names of its headers are in lower case",
        severity: Medium,
        scene: Scene::with(Misbehaviour::Fault(Fault::LowerCaseHeaders)),
        must: Must::Accept,
        why: "names of headers have no case; HTTP/2 and many a proxy send them in lower case",
        mend: "look headers up without regard to case",
    },
    forged("unsigned", Fault::Unsigned, Critical, "the answer has no signature at all", VERIFY_FIRST),
    forged(
        "without-timestamp",
        Fault::WithoutTimestamp,
        Critical,
        "the answer has no Wechatpay-Timestamp",
        VERIFY_FIRST,
    ),
    forged("without-nonce", Fault::WithoutNonce, Critical, "the answer has no Wechatpay-Nonce", VERIFY_FIRST),
    forged(
        "without-signature",
        Fault::WithoutSignature,
        Critical,
        "the answer has no Wechatpay-Signature",
        VERIFY_FIRST,
    ),
    forged(
        "without-serial",
        Fault::WithoutSerial,
        Critical,
        "the answer has no Wechatpay-Serial",
        "refuse an answer that does not name its key, rather than try any",
    ),
    Probe {
        must: Must::EndInTime,
        ..forged(
            "without-signature-type",
            Fault::WithoutSignatureType,
            Low,
            "the answer has no Wechatpay-Signature-Type, and is good otherwise",
            "accept it or not, as you like: the signature covers all that counts",
        )
    },
    forged(
        "wrong-serial",
        Fault::WrongSerial,
        Critical,
        "the answer names another of the gateway's keys than the one that signed",
        "verify with the key that the answer names, and no other",
    ),
    forged(
        "unknown-serial",
        Fault::UnknownSerial,
        Critical,
        "the answer names a key that nobody has",
        "refuse what names an unknown key; download certificates if you use them, and verify again",
    ),
    forged("wrong-key", Fault::WrongKey, Critical, "a stranger's key signed the answer", VERIFY_FIRST),
    forged(
        "signtest",
        Fault::Signtest,
        Critical,
        "the signature begins with WECHATPAY/SIGNTEST/, as the gateway's own tests of merchants do",
        "treat it like any signature that does not hold: without a special case",
    ),
    Probe {
        why: REPLAYED,
        ..forged(
            "stale-timestamp",
            Fault::StaleTimestamp,
            Medium,
            "the answer was signed 301 seconds ago",
            "refuse what was signed more than 300 seconds from now",
        )
    },
    Probe {
        why: REPLAYED,
        ..forged(
            "future-timestamp",
            Fault::FutureTimestamp,
            Medium,
            "the answer was signed 361 seconds in the future",
            "refuse what was signed more than 300 seconds from now, in either direction",
        )
    },
    forged(
        "altered-nonce",
        Fault::AlteredNonce,
        Critical,
        "the answer's nonce was altered after signing",
        VERIFY_FIRST,
    ),
    forged(
        "altered-body",
        Fault::AlteredBody,
        Critical,
        "the answer's body was altered after signing",
        "sign and verify the body's bytes as they came, whatever body was expected",
    ),
    refusal("param-error", Fault::ParamError, "PARAM_ERROR", "400 PARAM_ERROR, unsigned"),
    refusal("sign-error", Fault::SignError, "SIGN_ERROR", "401 SIGN_ERROR, unsigned"),
    refusal("no-auth", Fault::NoAuth, "NO_AUTH", "403 NO_AUTH, unsigned"),
    refusal(
        "resource-not-exists",
        Fault::ResourceNotExists,
        "RESOURCE_NOT_EXISTS",
        "404 RESOURCE_NOT_EXISTS, unsigned",
    ),
    trouble(
        "frequency-limited",
        Fault::FrequencyLimited,
        Must::ShowError { code: "FREQUENCY_LIMITED", may_repeat: true },
        "429 FREQUENCY_LIMITED",
    ),
    trouble(
        "ratelimit-exceeded",
        Fault::RatelimitExceeded,
        Must::ShowError { code: "RATELIMIT_EXCEEDED", may_repeat: true },
        "429 RATELIMIT_EXCEEDED",
    ),
    trouble("system-error", Fault::SystemError, Must::Refuse, "500 SYSTEM_ERROR"),
    trouble("bad-gateway", Fault::BadGateway, Must::Refuse, "502 SERVICE_UNAVAILABLE"),
    trouble("service-unavailable", Fault::ServiceUnavailable, Must::Refuse, "503 SERVICE_UNAVAILABLE"),
    trouble("system-error-html", Fault::SystemErrorHtml, Must::Refuse, "500 with a page of HTML"),
    trouble("bad-gateway-html", Fault::BadGatewayHtml, Must::Refuse, "502 with a page of HTML"),
    trouble(
        "service-unavailable-html",
        Fault::ServiceUnavailableHtml,
        Must::Refuse,
        "503 with a page of HTML",
    ),
    repeat(
        "repeat-after-500",
        Fault::SystemErrorApplied,
        "500 for a change that was made; the next answer is good",
    ),
    repeat(
        "repeat-after-reset",
        Fault::Reset,
        "the answer to a change that was made is lost; the next is good",
    ),
    Probe {
        severity: Critical,
        why: FORGED,
        mend: "treat it like any signature that does not hold: without a special case",
        ..repeat(
            "repeat-after-signtest",
            Fault::Signtest,
            "the first answer is one of the gateway's own tests; the next is good",
        )
    },
    Probe {
        id: "change-over",
        group: "keys",
        title: "a new platform certificate signs, and the client has the old one, which is still in force",
        severity: Critical,
        scene: Scene::of(Keys::Certificate, World::ChangeOver),
        must: Must::FollowCertificates,
        why: "WeChat Pay changes certificates before they end; answers by an unknown one may be forged",
        mend: "name the certificate you have in Wechatpay-Serial; download the list when an answer names another",
    },
    Probe {
        id: "certificate-replaced",
        group: "keys",
        title: "a new platform certificate signs, and the client's is gone",
        severity: Critical,
        scene: Scene::of(Keys::Certificate, World::Replaced),
        must: Must::FollowCertificates,
        why: "a certificate ends at some time; answers by an unknown one may be forged",
        mend: "refuse what an unknown certificate signed, or download the list and verify again",
    },
    Probe {
        id: "certificate-list-forged",
        group: "keys",
        title: "a new platform certificate signs, and the list that has it was altered after signing",
        severity: Critical,
        scene: Scene {
            misbehaviour: Misbehaviour::OfList(Fault::AlteredNonce),
            ..Scene::of(Keys::Certificate, World::Replaced)
        },
        must: Must::Refuse,
        why: "whoever can forge the list of certificates can have any answer believed",
        mend: "verify the list with a certificate from that very list, decrypted with the APIv3 key, before you use any of it",
    },
    Probe {
        id: "public-key-unknown",
        group: "keys",
        title: "the public key signs, and the client has the platform certificate only",
        severity: Critical,
        scene: Scene::of(Keys::Certificate, World::PublicKeyOnly),
        must: Must::Refuse,
        why: FORGED,
        mend: "refuse what names a PUB_KEY_ID_… that is not configured",
    },
    Probe {
        id: "public-key-switch",
        group: "keys",
        title: "the public key signs, and the client has both",
        severity: Medium,
        scene: Scene::of(Keys::Both, World::PublicKeyOnly),
        must: Must::Accept,
        why: "a merchant that switches to the public key gets answers by either for some time",
        mend: "keep both keys during the switch, and verify with the one that Wechatpay-Serial names",
    },
    skewed("clock-behind", 600, "the client's clock is ten minutes behind: 401 SIGN_ERROR"),
    skewed("clock-ahead", -600, "the client's clock is ten minutes ahead: 401 SIGN_ERROR"),
    broken("reset", Fault::Reset, "the connection is reset before the answer"),
    broken(
        "reset-after-headers",
        Fault::ResetAfterHeaders,
        "the connection is reset behind the answer's headers",
    ),
    broken("stop-in-body", Fault::StopInBody, "the connection ends in the middle of the answer's body"),
    broken("refuse", Fault::Refuse, "the connection is reset, and for a second nobody can connect"),
    broken("no-answer", Fault::NoAnswer, "no answer comes"),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use wechatpay_mock::FAULTS;

    use super::*;

    fn fault(probe: &Probe) -> Option<Fault> {
        match probe.scene.misbehaviour {
            Misbehaviour::Fault(fault) => Some(fault),
            Misbehaviour::Once(_) | Misbehaviour::OfList(_) | Misbehaviour::Skew(_) | Misbehaviour::None => {
                None
            }
        }
    }

    #[test]
    fn each_probe_has_a_name_of_its_own_and_one_for_a_fault_has_the_faults() {
        let names: HashSet<_> = PROBES.iter().map(|probe| probe.id).collect();
        assert_eq!(names.len(), PROBES.len());
        for probe in PROBES {
            assert!(fault(probe).is_none_or(|fault| fault.name() == probe.id), "{}", probe.id);
        }
    }

    #[test]
    fn probes_of_a_group_stand_together() {
        let groups: Vec<_> = PROBES.chunk_by(|one, next| one.group == next.group).collect();
        let names: HashSet<_> = groups.iter().map(|group| group[0].group).collect();
        assert_eq!(names.len(), groups.len());
    }

    #[test]
    fn every_fault_is_probed_but_further_refusals_of_a_status_that_is_there() {
        let left_out = [
            Fault::InvalidRequest,
            Fault::UnknownCard,
            Fault::UnknownCode,
            Fault::CardNotEffective,
            Fault::ForeignCard,
            Fault::NoPoints,
            Fault::RuleLimit,
            // Struck once, by repeat-after-500.
            Fault::SystemErrorApplied,
        ];
        for one in FAULTS {
            let is_probed = PROBES.iter().any(|probe| fault(probe) == Some(*one));
            assert_ne!(is_probed, left_out.contains(one), "{one}");
        }
    }
}
