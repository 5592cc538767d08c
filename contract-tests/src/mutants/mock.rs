//! What is asked of a mock: all cases, and what no single case shows.

use std::{collections::HashSet, error::Error, io};

use serde_json::Value;
use wechatpay_mock::{
    Clock, Config, Fault, FaultRule, MockServer, PlatformCertificate, PlatformCertificates, mutants::Mutant,
};
use wechatpay_protocol::{Certificate, REQUEST_ID, Resource, ResponseSignature, Timestamp, WECHATPAY_SERIAL};

use super::property::{Held, Property, expect};
use crate::{
    case::{Case, CaseRequest, MadeRequest},
    run::{Caller, Sent},
    sign::Sign,
    verify::{self, Ground, Outcome},
};

/// What is wrong with a mock, if something is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wrong {
    Nothing,
    Fault(Fault),
    Mutant(&'static Mutant),
}

/// How long the faults last that last a while.
const MILLISECONDS: u64 = 50;

impl Wrong {
    fn tell(self, mut config: Config) -> Config {
        match self {
            Self::Nothing => config,
            Self::Mutant(mutant) => config.with_mutant(mutant),
            Self::Fault(fault) => {
                let lasts = matches!(fault, Fault::NoAnswer | Fault::Refuse);
                config
                    .faults
                    .push(FaultRule { milliseconds: lasts.then_some(MILLISECONDS), ..FaultRule::of(fault) });
                config
            }
        }
    }

    async fn start(self, config: Config, clock: Clock) -> io::Result<MockServer> {
        MockServer::builder().config(self.tell(config)).clock(clock).start().await
    }
}

/// The cases that do not hold, by id.
pub(super) async fn failing(cases: Vec<Case>, wrong: Wrong) -> io::Result<Vec<String>> {
    let ground = Ground::mock_told(move |config| wrong.tell(config)).await?;
    let results = verify::run(verify::plan(cases, &ground), &ground, |_| {}).await;
    let failed = results.cases.into_iter().filter(|result| matches!(result.outcome, Outcome::Failed(_)));
    Ok(failed.map(|result| result.case.id).collect())
}

/// What no single case shows.
pub(super) fn properties() -> Vec<Property<Wrong>> {
    vec![
        Property::new("no two answers have one nonce or one Request-ID", no_two_alike),
        Property::new("the new platform certificate signs from its second on", |wrong| async move {
            expect(signed_with(wrong, SIGNS_FROM - 1, None).await? == OLD, "the old one signs before")?;
            expect(signed_with(wrong, SIGNS_FROM, None).await? == NEW, "the new one signs then")
        }),
        Property::new("the platform certificate that a request names signs the answer", |wrong| async move {
            let signed =
                [signed_with(wrong, SIGNS_FROM - 1, Some(NEW)), signed_with(wrong, SIGNS_FROM, Some(OLD))];
            let [early, late] = signed;
            expect(early.await? == NEW && late.await? == OLD, "the one that was named")
        }),
        Property::new("a listed certificate is the one that its entry says", listed_as_it_is),
    ]
}

/// The gateway's certificates in a change-over, and when the new one begins to sign.
const OLD: &str = "6B02BF8E93D977998EC83F5E1A7E346B7265A191";
const NEW: &str = "2A6D1E0C94F7B83350AC4D7E91B2F6083C5D7A19";
const SIGNS_FROM: u64 = 1_800_000_000;

/// A configuration in which the platform certificate is changed over.
pub(super) fn change_over() -> Config {
    let new = PlatformCertificate::new(
        include_str!("../../../fixtures/credentials/other_cert.pem"),
        include_str!("../../../fixtures/credentials/other_key.pem"),
    );
    let mut config = Config::default();
    config.platform_certificates = PlatformCertificates::ChangeOver {
        old: PlatformCertificate::development(),
        new: new.expect("the development credentials are valid"),
        signs_from: Timestamp::from_unix(SIGNS_FROM),
    };
    config
}

/// The key that signs the list of certificates at that time, in a change-over, where the request names that key.
async fn signed_with(
    wrong: Wrong,
    now: u64,
    named: Option<&str>,
) -> Result<String, Box<dyn Error + Send + Sync>> {
    let now = Timestamp::from_unix(now);
    let mock = wrong.start(change_over(), Clock::fixed(now)).await?;
    let mut request = MadeRequest::get("/v3/certificates");
    request.headers.extend(named.map(|name| (WECHATPAY_SERIAL.to_string(), Some(name.into()))));
    let sent = sent(&mock, request, Some(now)).await?;
    Ok(ResponseSignature::from_headers(&sent.answer.headers)?.serial.to_string())
}

async fn sent(mock: &MockServer, request: MadeRequest, now: Option<Timestamp>) -> Result<Sent, String> {
    let (url, merchant) = (mock.url(), mock.credentials());
    Caller::new(&url, &merchant).send(&CaseRequest::Made(request), &Sign::Valid, now).await
}

async fn no_two_alike(wrong: Wrong) -> Held {
    let mock = wrong.start(Config::default(), Clock::system()).await?;
    let mut seen = HashSet::new();
    for _ in 0..3 {
        let Sent { answer, .. } = sent(&mock, MadeRequest::get("/v3/certificates"), None).await?;
        let nonce = ResponseSignature::from_headers(&answer.headers)?.nonce.to_string();
        let request_id = answer.headers.get(REQUEST_ID).ok_or("a Request-ID")?.to_str()?.to_owned();
        expect(seen.insert(nonce) && seen.insert(request_id), "others each time")?;
    }
    Ok(())
}

async fn listed_as_it_is(wrong: Wrong) -> Held {
    let mock = wrong.start(Config::default(), Clock::system()).await?;
    let Sent { answer, .. } = sent(&mock, MadeRequest::get("/v3/certificates"), None).await?;
    let list: Value = serde_json::from_slice(&answer.body)?;
    for entry in list["data"].as_array().ok_or("a list")? {
        let resource: Resource = serde_json::from_value(entry["encrypt_certificate"].clone())?;
        let pem = String::from_utf8(resource.decrypt(&mock.credentials().apiv3_key)?)?;
        let certificate = Certificate::from_pem(&pem)?;
        expect(entry["serial_no"] == certificate.serial_no().as_str(), "its own serial number")?;
        expect(resource.associated_data == "certificate", "the documented associated data")?;
        for (name, time) in
            [("effective_time", certificate.not_before()), ("expire_time", certificate.not_after())]
        {
            expect(entry[name] == time.to_rfc3339(), "its own times, as Beijing's")?;
        }
    }
    Ok(())
}
