//! One readable line in the log for each exchange.

use crate::journal::Exchange;

/// Writes the line: warnings and refusals stand out.
pub(crate) fn exchange(exchange: &Exchange) {
    let (number, status) = (exchange.number, exchange.status.as_u16());
    let (method, target) = (&exchange.request.method, &exchange.request.target);
    match &exchange.rejection {
        None if exchange.warnings.is_empty() => tracing::info!("#{number} {method} {target} {status}"),
        None => {
            let warnings: Vec<_> = exchange.warnings.iter().map(ToString::to_string).collect();
            tracing::warn!("#{number} {method} {target} {status}: {}", warnings.join("; "));
        }
        Some(rejection) => {
            let check = rejection.check().map(|check| format!("check {check}: ")).unwrap_or_default();
            let reason = exchange.diagnosis.as_ref().map_or_else(|| rejection.reason(), ToString::to_string);
            tracing::warn!("#{number} {method} {target} {status}: {check}{reason}");
        }
    }
}
