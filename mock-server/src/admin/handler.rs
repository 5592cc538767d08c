//! The code behind each call of the document.

use crate::admin::{
    answer::Answer, call::Call, clock, exchanges, faults, merchants, refusal::Refusal, reset, service, verify,
};

/// The code behind a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handler {
    AddFault,
    DeleteExchanges,
    DeleteFault,
    DeleteFaults,
    DeleteMerchant,
    ExportExchanges,
    ListExchanges,
    ListFaultNames,
    ListFaults,
    ListMerchants,
    MakeMerchant,
    Reset,
    SetClock,
    ShowClock,
    ShowContract,
    ShowExchange,
    ShowFault,
    ShowHealth,
    ShowIndex,
    ShowMerchant,
    ShowMetrics,
    ShowOpenapi,
    Verify,
}

impl Handler {
    /// The handler of the call with this `operationId`.
    pub(super) fn of(operation_id: &str) -> Option<Self> {
        Some(match operation_id {
            "add_fault" => Self::AddFault,
            "delete_exchanges" => Self::DeleteExchanges,
            "delete_fault" => Self::DeleteFault,
            "delete_faults" => Self::DeleteFaults,
            "delete_merchant" => Self::DeleteMerchant,
            "export_exchanges" => Self::ExportExchanges,
            "list_exchanges" => Self::ListExchanges,
            "list_fault_names" => Self::ListFaultNames,
            "list_faults" => Self::ListFaults,
            "list_merchants" => Self::ListMerchants,
            "make_merchant" => Self::MakeMerchant,
            "reset" => Self::Reset,
            "set_clock" => Self::SetClock,
            "show_clock" => Self::ShowClock,
            "show_contract" => Self::ShowContract,
            "show_exchange" => Self::ShowExchange,
            "show_fault" => Self::ShowFault,
            "show_health" => Self::ShowHealth,
            "show_index" => Self::ShowIndex,
            "show_merchant" => Self::ShowMerchant,
            "show_metrics" => Self::ShowMetrics,
            "show_openapi" => Self::ShowOpenapi,
            "verify" => Self::Verify,
            _ => return None,
        })
    }

    pub(super) async fn handle(self, call: Call<'_>) -> Result<Answer, Refusal> {
        match self {
            Self::AddFault => faults::add(&call),
            Self::DeleteExchanges => exchanges::delete(&call),
            Self::DeleteFault => faults::delete(&call),
            Self::DeleteFaults => faults::delete_all(&call),
            Self::DeleteMerchant => merchants::delete(&call),
            Self::ExportExchanges => exchanges::export(&call).await,
            Self::ListExchanges => exchanges::list(&call).await,
            Self::ListFaultNames => Ok(faults::names()),
            Self::ListFaults => faults::list(&call),
            Self::ListMerchants => Ok(merchants::list(&call)),
            Self::MakeMerchant => merchants::make(&call).await,
            Self::Reset => reset::reset(&call),
            Self::SetClock => clock::set(&call),
            Self::ShowClock => Ok(clock::show(&call)),
            Self::ShowContract => Ok(service::contract()),
            Self::ShowExchange => exchanges::show(&call),
            Self::ShowFault => faults::show(&call),
            Self::ShowHealth => Ok(service::health(&call)),
            Self::ShowIndex => Ok(service::index()),
            Self::ShowMerchant => merchants::show(&call),
            Self::ShowMetrics => Ok(service::metrics(&call)),
            Self::ShowOpenapi => Ok(service::openapi()),
            Self::Verify => verify::verify(&call).await,
        }
    }
}
