//! One fault after another, and what finds it.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use wechatpay_client::mutants as client_mutants;
use wechatpay_mock::{FAULTS, Fault, mutants as mock_mutants};

use super::{
    client::{self, Made},
    mock::{self, Wrong},
    property::broken,
};
use crate::case::Case;

/// Subjects that are hunted at once.
const AT_ONCE: usize = 8;

/// Something with one fault in it.
#[derive(Clone, Copy, Debug)]
pub enum Subject {
    /// A mock that misbehaves by a rule, always.
    Fault(Fault),
    /// A mock with one wrong line.
    Mock(&'static mock_mutants::Mutant),
    /// A client with one wrong line.
    Client(&'static client_mutants::Mutant),
}

/// What was found in a subject.
#[derive(Clone, Debug)]
pub struct Catch {
    /// The subject.
    pub subject: Subject,
    /// What found its fault: ids of cases, sentences of properties.
    pub by: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// A mock without a fault does not pass, so that nothing is proved by finding something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected nothing to be found where there is no fault, found {}", .by.join(", "))]
pub struct FoundWithoutFault {
    by: Vec<String>,
}

impl Subject {
    /// Its name: `mock/timestamp-unchecked`.
    pub fn name(self) -> String {
        match self {
            Self::Fault(fault) => format!("fault/{}", fault.name()),
            Self::Mock(mutant) => format!("mock/{}", mutant.name),
            Self::Client(mutant) => format!("client/{}", mutant.name),
        }
    }

    /// What it does wrong.
    pub fn breaks(self) -> &'static str {
        match self {
            Self::Fault(fault) => fault.meaning(),
            Self::Mock(mutant) => mutant.breaks,
            Self::Client(mutant) => mutant.breaks,
        }
    }
}

/// Every subject: the faults that rules inject, then the mock's mutants and the client's.
pub fn subjects() -> Vec<Subject> {
    let faults = FAULTS.iter().copied().map(Subject::Fault);
    let mutants = mock_mutants::mutants().map(Subject::Mock);
    faults.chain(mutants).chain(client_mutants::mutants().map(Subject::Client)).collect()
}

/// Looks for a fault where there is none.
///
/// # Errors
/// [`FoundWithoutFault`], or if no port can be listened on.
pub async fn control(cases: &[Case]) -> Result<(), Box<dyn std::error::Error>> {
    let mut by = mock::failing(cases.to_vec(), Wrong::Nothing).await?;
    let broken =
        [broken(&mock::properties(), Wrong::Nothing).await, broken(&client::properties(), Made(None)).await];
    by.extend(broken.into_iter().flatten().map(|(property, found)| format!("{property}: {found}")));
    if by.is_empty() { Ok(()) } else { Err(FoundWithoutFault { by }.into()) }
}

/// Looks for each subject's fault with all cases and properties, and calls `done` with each as soon as it is known.
///
/// # Errors
/// If no port can be listened on.
pub async fn hunt(subjects: Vec<Subject>, cases: Vec<Case>, done: impl Fn(&Catch)) -> io::Result<Vec<Catch>> {
    let cases: Arc<[Case]> = cases.into();
    let catches = subjects.into_iter().map(|subject| {
        let (cases, done) = (Arc::clone(&cases), &done);
        async move {
            let catch = tokio::spawn(catch(subject, cases)).await.map_err(io::Error::other)??;
            done(&catch);
            Ok(catch)
        }
    });
    let catches: Vec<_> = stream::iter(catches).buffered(AT_ONCE).collect().await;
    catches.into_iter().collect()
}

async fn catch(subject: Subject, cases: Arc<[Case]>) -> io::Result<Catch> {
    let start = Instant::now();
    let by = match subject {
        Subject::Fault(fault) => of_mock(&cases, Wrong::Fault(fault)).await?,
        Subject::Mock(mutant) => of_mock(&cases, Wrong::Mutant(mutant)).await?,
        Subject::Client(mutant) => names(broken(&client::properties(), Made(Some(mutant))).await),
    };
    Ok(Catch { subject, by, took: start.elapsed() })
}

async fn of_mock(cases: &[Case], wrong: Wrong) -> io::Result<Vec<String>> {
    let mut by = mock::failing(cases.to_vec(), wrong).await?;
    by.extend(names(broken(&mock::properties(), wrong).await));
    Ok(by)
}

fn names(broken: Vec<(String, String)>) -> Vec<String> {
    broken.into_iter().map(|(property, _)| property).collect()
}
