//! What is asked of a client: that it gets on with an honest gateway, and believes no other.

use std::{collections::HashSet, time::Duration};

use http::{Method, header::AUTHORIZATION};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::timeout,
};
use wechatpay_client::{Builder, Client, Error, RightsChange, Target, Trust, Verified, mutants::Mutant};
use wechatpay_mock::{
    Applied, Clock, Config, Fault, FaultRule, MockServer,
    mutants::{Mutant as MockMutant, mutants as mock_mutants},
};
use wechatpay_protocol::{Authorization, Timestamp, WECHATPAY_SERIAL};

use super::{
    mock::change_over,
    property::{Held, Property, expect},
};

/// A client with this fault, or with none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made(pub(super) Option<&'static Mutant>);

/// The time of both sides, unless a property turns it.
const NOW: Timestamp = Timestamp::from_unix(1_756_951_532);

/// A time at which the development certificates are at their end.
const AFTER_ALL: Timestamp = Timestamp::from_unix(4_900_000_000);

impl Made {
    /// A client of that mock in the making.
    fn client(self, mock: &MockServer) -> Builder {
        self.at(&mock.url()).credentials(&mock.credentials())
    }

    fn at(self, url: &str) -> Builder {
        let builder = Client::builder().base_url(url).clock(|| NOW).timeout(Duration::from_secs(5));
        match self.0 {
            Some(mutant) => builder.mutant(mutant),
            None => builder,
        }
    }
}

/// Every property, honest gateways first.
pub(super) fn properties() -> Vec<Property<Made>> {
    let honest = [
        Property::new("a signed 204 is believed", believes_a_204),
        Property::new(
            "a signed answer with a body is believed, by the platform certificate too",
            answers_with_bodies,
        ),
        Property::new(
            "a path with reserved characters and a query are signed as they are sent",
            encoded_targets,
        ),
        Property::new("the key that is trusted is named in Wechatpay-Serial", the_trusted_key_is_named),
        Property::new("no two requests have one nonce", no_two_nonces_are_alike),
        Property::new("a change that is sent again has the same number", sent_again_under_the_same_number),
        Property::new("a refusal is told as one, though nobody signed it", refusals_are_told),
        Property::new("certificates are downloaded again when an answer names a new one", renewed),
        Property::new("a call ends in time, answer or not", ends_in_time),
        Property::new("a redirect is no yes", a_redirect_is_no_yes),
        Property::new("a server error is no yes", a_server_error_is_no_yes),
        Property::new("a platform certificate is not believed after its end", an_end_is_an_end),
        Property::new("a list of certificates is not believed without its signature", a_list_is_verified),
    ];
    let spoilt = wechatpay_mock::FAULTS.iter().copied().filter(|fault| spoils_the_signature(*fault));
    let spoilt = spoilt.map(|fault| {
        let holds = format!("no answer is believed of which holds: {}", fault.meaning());
        Property::new(holds, move |made| refused(made, fault))
    });
    let lists = ["list-with-other-data", "list-with-other-tag", "list-with-other-serial"].map(|name| {
        Property::new(format!("no list of certificates is believed of a mock with {name}"), move |made| {
            no_certificates(made, name)
        })
    });
    honest.into_iter().chain(spoilt).chain(lists).collect()
}

async fn honest() -> std::io::Result<MockServer> {
    MockServer::builder().clock(Clock::fixed(NOW)).start().await
}

async fn faulty(rule: FaultRule) -> std::io::Result<MockServer> {
    MockServer::builder().clock(Clock::fixed(NOW)).fault(rule).start().await
}

/// The mock's mutant of that name.
fn mutant(name: &str) -> Result<&'static MockMutant, String> {
    mock_mutants().find(|mutant| mutant.name == name).ok_or_else(|| format!("a mutant {name} of the mock"))
}

async fn change(client: &Client) -> Result<Verified, Error> {
    let (card_id, code) = (RightsChange::SAMPLE_CARD_ID, RightsChange::SAMPLE_CODE);
    client.set_rights(card_id, code, &RightsChange::sample()).await
}

/// An answer with a body.
async fn read(client: &Client) -> Result<Verified, Error> {
    let code = RightsChange::SAMPLE_CODE;
    let card_id = RightsChange::SAMPLE_CARD_ID;
    let segments = ["v3", "marketing", "membercard-open", "cards", card_id, "codes", code];
    client.send(Method::GET, &Target::from_segments(segments)?, "").await
}

async fn believes_a_204(made: Made) -> Held {
    let mock = honest().await?;
    change(&made.client(&mock).build()?).await?;
    Ok(())
}

async fn answers_with_bodies(made: Made) -> Held {
    let mock = honest().await?;
    for trust in [Trust::PublicKey, Trust::Certificate, Trust::Downloaded] {
        read(&made.client(&mock).trust(trust).build()?).await?;
    }
    Ok(())
}

async fn encoded_targets(made: Made) -> Held {
    let mock = honest().await?;
    let client = made.client(&mock).build()?;
    client.set_rights("card", "a/b 会员|", &RightsChange::sample()).await?;
    let target: Target = "/v3/certificates?algorithm_type=RSA".parse()?;
    client.send(Method::GET, &target, "").await?;
    Ok(())
}

async fn the_trusted_key_is_named(made: Made) -> Held {
    let mock = honest().await?;
    let id = mock.credentials().public_key.map(|(id, _)| id.to_string());
    // Whatever comes of it.
    let _ = change(&made.client(&mock).trust(Trust::PublicKey).build()?).await;
    let exchanges = mock.exchanges();
    let sent = exchanges.first().and_then(|exchange| exchange.request.headers.text(&WECHATPAY_SERIAL));
    expect(sent.is_some() && sent == id.as_deref(), "its ID")
}

async fn no_two_nonces_are_alike(made: Made) -> Held {
    let mock = honest().await?;
    let client = made.client(&mock).build()?;
    for _ in 0..3 {
        let _ = read(&client).await;
    }
    let mut seen = HashSet::new();
    for exchange in mock.exchanges() {
        let header = exchange.request.headers.get(&AUTHORIZATION).ok_or("the header")?;
        let nonce = Authorization::parse(header)?.nonce_str().to_owned();
        expect(seen.insert(nonce), "another nonce")?;
    }
    Ok(())
}

async fn sent_again_under_the_same_number(made: Made) -> Held {
    let mock = faulty(FaultRule { times: Some(1), ..FaultRule::of(Fault::SystemErrorApplied) }).await?;
    let client = made.client(&mock).build()?;
    expect(change(&client).await.is_err(), "a server error")?;
    change(&client).await?;
    let exchanges = mock.exchanges();
    let bodies: HashSet<_> = exchanges.iter().map(|exchange| &exchange.request.body).collect();
    expect(exchanges.len() == 2 && bodies.len() == 1, "two requests with one body")
}

async fn refusals_are_told(made: Made) -> Held {
    let mock = faulty(FaultRule::of(Fault::UnknownCard)).await?;
    let client = made.client(&mock).build()?;
    expect(change(&client).await.is_err_and(|error| error.is_rejected()), "a refusal")
}

async fn renewed(made: Made) -> Held {
    let config = change_over().with_mutant(mutant("certificate-by-name-ignored")?);
    let clock = Clock::fixed(SIGNS_WITH_THE_OLD);
    let mock = MockServer::builder().config(config).clock(clock.clone()).start().await?;
    let now = clock.clone();
    let client = made.client(&mock).trust(Trust::Downloaded).clock(move || now.now()).build()?;
    client.certificates().await?;
    clock.freeze(Some(SIGNS_WITH_THE_NEW));
    change(&client).await?;
    Ok(())
}

/// More than a day before the change-over, and after it.
const SIGNS_WITH_THE_OLD: Timestamp = Timestamp::from_unix(1_799_000_000);
const SIGNS_WITH_THE_NEW: Timestamp = Timestamp::from_unix(1_800_000_001);

async fn ends_in_time(made: Made) -> Held {
    let mock = faulty(FaultRule { milliseconds: Some(3000), ..FaultRule::of(Fault::NoAnswer) }).await?;
    let client = made.client(&mock).timeout(Duration::from_millis(50)).build()?;
    let ended = timeout(Duration::from_millis(1500), change(&client)).await;
    let is_timeout = |result: Result<_, Error>| result.is_err_and(|error| error.is_timeout());
    expect(ended.is_ok_and(is_timeout), "an end after 50 ms")
}

async fn a_redirect_is_no_yes(made: Made) -> Held {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let answering = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await?;
        // The request is small: it comes in one piece.
        let _ = connection.read(&mut [0; 8192]).await?;
        let answer = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        connection.write_all(answer).await
    });
    let result = change(&made.at(&url).build()?).await;
    timeout(Duration::from_secs(5), answering).await???;
    expect(result.is_err_and(|error| error.is_rejected()), "a refusal")
}

async fn a_server_error_is_no_yes(made: Made) -> Held {
    for fault in [Fault::SystemErrorApplied, Fault::BadGatewayHtml] {
        let mock = faulty(FaultRule::of(fault)).await?;
        let answer = change(&made.client(&mock).build()?).await;
        expect(answer.is_err_and(|error| error.is_rejected()), "a refusal")?;
    }
    Ok(())
}

/// The mock takes the merchant's certificate, although that is at its end too.
async fn an_end_is_an_end(made: Made) -> Held {
    let clock = Clock::fixed(NOW);
    let config = Config::default().with_mutant(mutant("expiry-unchecked")?);
    let mock = MockServer::builder().config(config).clock(clock.clone()).start().await?;
    let now = clock.clone();
    let client = made.client(&mock).trust(Trust::Certificate).clock(move || now.now()).build()?;
    change(&client).await?;
    clock.freeze(Some(AFTER_ALL));
    expect(change(&client).await.is_err_and(|error| error.is_unverified()), "no belief")
}

async fn a_list_is_verified(made: Made) -> Held {
    let mut rule = FaultRule::of(Fault::WrongKey);
    rule.when.operation = Some("list_certificates".into());
    let mock = faulty(rule).await?;
    let client = made.client(&mock).trust(Trust::Downloaded).build()?;
    expect(client.certificates().await.is_err_and(|error| error.is_unverified()), "no belief")
}

async fn no_certificates(made: Made, name: &str) -> Held {
    let config = Config::default().with_mutant(mutant(name)?);
    let mock = MockServer::builder().config(config).clock(Clock::fixed(NOW)).start().await?;
    let client = made.client(&mock).trust(Trust::Downloaded).build()?;
    expect(client.certificates().await.is_err_and(|error| error.is_certificates()), "no belief")
}

/// Whether the fault lies in an answer that says yes.
fn spoils_the_signature(fault: Fault) -> bool {
    fault.applied() == Applied::Always && fault != Fault::LowerCaseHeaders
}

/// Neither an empty answer nor one with a body is believed, by neither key.
async fn refused(made: Made, fault: Fault) -> Held {
    let mock = faulty(FaultRule::of(fault)).await?;
    for trust in [Trust::PublicKey, Trust::Certificate] {
        let client = made.client(&mock).trust(trust).build()?;
        for answer in [change(&client).await, read(&client).await] {
            expect(answer.is_err_and(|error| error.is_unverified()), "no belief")?;
        }
    }
    Ok(())
}
