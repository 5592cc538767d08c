//! Replaces the state of merchants: all of it, or nothing.

use wechatpay_protocol::Mchid;
use wechatpay_texts::text;

use crate::{
    admin::{control::Control, error::AdminError},
    store::MerchantState,
};

use super::{
    Imported,
    form::ClockPart,
    plan::{MerchantPlan, Plan},
};

/// What an import that fails midway takes back.
struct Undo<'c> {
    control: &'c Control,
    clock: ClockPart,
    made: Vec<Mchid>,
    replaced: Vec<(Mchid, MerchantState)>,
}

impl Control {
    /// Replaces the state of the plan's merchants, and the clock if the plan has one, between two exchanges.
    ///
    /// # Errors
    /// If a merchant does not exist and can't be created, or the store can't keep it all. Nothing is changed then.
    pub(super) fn replace_state(&self, plan: Plan) -> Result<Imported, AdminError> {
        let _between = self.gateway.between_exchanges();
        plan.merchants.iter().try_for_each(|merchant| self.check_known(merchant))?;
        let clock = ClockPart::of(&self.gateway.clock);
        let mut undo = Undo { control: self, clock, made: Vec::new(), replaced: Vec::new() };
        let imported = self.replace_checked(plan, &mut undo);
        if imported.is_err() {
            undo.run();
        }
        imported
    }

    /// # Errors
    /// If the mock does not have the merchant, or has another of this mchid, and the file does not have what creates it.
    fn check_known(&self, MerchantPlan { mchid, config, .. }: &MerchantPlan) -> Result<(), AdminError> {
        let known = self.gateway.merchants.merchant(mchid.as_str());
        let problem = match (known, config) {
            (None, None) => text!(
                "merchants.{mchid}: expected a merchant of this mock, or its credentials, found neither; add it to the \
                 configuration, create it with POST /__mock/merchants, or leave it out"
            ),
            (Some(known), Some(config))
                if *known.serial_no() != *config.certificate.certificate().serial_no() =>
            {
                text!(
                    "merchants.{mchid}.credentials: expected those of the merchant that this mock has, of the certificate {expected}, \
                     found the certificate {found}; delete that merchant first, or leave the credentials out",
                    expected = known.serial_no(),
                    found = config.certificate.certificate().serial_no()
                )
            }
            _ => return Ok(()),
        };
        Err(AdminError::Body(problem))
    }

    fn replace_checked(&self, plan: Plan, undo: &mut Undo<'_>) -> Result<Imported, AdminError> {
        let gateway = &self.gateway;
        let mut imported = Imported { merchants: plan.merchants.len(), ..Imported::default() };
        let mut states = Vec::new();
        for MerchantPlan { mchid, config, seed, state } in plan.merchants {
            if let Some(config) = config.filter(|_| gateway.merchants.merchant(mchid.as_str()).is_none()) {
                self.add_claimed(*config, seed)?;
                imported.made += 1;
                undo.made.push(mchid.clone());
            }
            states.push((mchid, state));
        }
        // First, so that nothing new becomes due by the time of before.
        if let Some(clock) = plan.clock {
            clock.set(&gateway.clock);
            self.keep_clock()?;
        }
        for (mchid, state) in states {
            let before = gateway.store.export(&mchid)?;
            let wanted = number_of_documents(&state) + state.deliveries.len();
            undo.replaced.push((mchid.clone(), before));
            gateway.store.import(&mchid, state)?;
            let documents = gateway.store.kinds(&mchid)?.iter().map(|(_, count)| count).sum::<usize>();
            let callbacks = gateway.store.deliveries(Some(&mchid), 0, usize::MAX)?.len();
            imported.documents += documents;
            imported.callbacks += callbacks;
            imported.forgotten += wanted.saturating_sub(documents + callbacks);
        }
        Ok(imported)
    }
}

impl Undo<'_> {
    /// Brings back what was there, as far as the store can.
    fn run(self) {
        let Self { control, clock, made, replaced } = self;
        for (mchid, state) in replaced.into_iter().filter(|(mchid, _)| !made.contains(mchid)) {
            if let Err(error) = control.gateway.store.import(&mchid, state) {
                tracing::error!(
                    "{}",
                    text!("the state of merchant {mchid} is not as before an import that failed: {error}")
                );
            }
        }
        made.iter().for_each(|mchid| control.take_back_merchant(mchid));
        clock.set(&control.gateway.clock);
    }
}

/// How many documents the state has: of one that is there twice, the last counts.
fn number_of_documents(state: &MerchantState) -> usize {
    let keys: std::collections::HashSet<_> = state.documents.iter().map(|(key, _)| key).collect();
    keys.len()
}
