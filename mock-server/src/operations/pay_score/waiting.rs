//! The service orders and permissions that wait for their user.

use super::{
    book::Book,
    kind,
    order::{Completion, ServiceOrder, State},
    permission::{Permission, TOKEN_LIVES},
};
use crate::operations::waiting::{Amount, Waiting, WaitingKind, newest, shown};

impl Book<'_, '_> {
    /// The service orders and then the permissions that a user can confirm, pay or open now, of each the newest first.
    pub(in crate::operations) fn waiting(&mut self, looked_at: usize) -> Vec<Waiting> {
        let (now, documents) = (self.now(), &*self.documents);
        let states = [State::Created, State::Completed].map(shown);
        let states = [states[0].as_str(), states[1].as_str()];
        let mut all = newest(documents, kind::ORDER, &states, looked_at, |order: ServiceOrder| {
            let is_over = order.state == State::Created && order.expires() <= now.as_unix();
            (!is_over && order.due(now).is_none()).then(|| order.waiting())
        });
        all.extend(newest(documents, kind::PERMISSION, &["UNBOUNDUSER"], looked_at, |one: Permission| {
            let waits = one.will.is_none_or(|at| at > now.as_unix()) && one.expires() > now.as_unix();
            waits.then(|| one.waiting())
        }));
        all
    }
}

impl ServiceOrder {
    fn waiting(&self) -> Waiting {
        Waiting {
            kind: WaitingKind::ServiceOrder,
            out_order_no: Some(self.out_order_no.clone()),
            description: self.text("service_introduction").unwrap_or_default().into(),
            amount: self.completion.as_ref().map(Completion::rest).map(Amount::fen),
            state: self.state.name().into(),
            created_at: self.created,
            expires_at: (self.state == State::Created).then(|| self.expires()),
            package: Some(self.package.clone()),
            ..Waiting::default()
        }
    }
}

impl Permission {
    /// From when on the user's page can't be opened with the token.
    fn expires(&self) -> u64 {
        self.renewed.saturating_add(TOKEN_LIVES)
    }

    fn waiting(&self) -> Waiting {
        Waiting {
            kind: WaitingKind::Permission,
            authorization_code: Some(self.authorization_code.clone()),
            description: self.text("service_id").unwrap_or_default().into(),
            state: self.state.name().into(),
            created_at: self.renewed,
            expires_at: Some(self.expires()),
            apply_permissions_token: Some(self.token.clone()),
            ..Waiting::default()
        }
    }
}
