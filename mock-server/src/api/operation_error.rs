//! Errors of the operations' own rules: check 12.

use http::StatusCode;
use wechatpay_openapi::Operation;

use crate::policies::Provenance;

use super::{language::Language, messages::Row, own_error::OwnError};

/// Declares each error once: its name in `messages.toml`, and its meaning.
macro_rules! operation_errors {
    ($( $(#[doc = $meaning:literal])+ $variant:ident = $name:literal, )+) => {
        /// Why an operation refuses a request that is correctly signed and well formed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum OperationError {
            $( $(#[doc = $meaning])+ $variant, )+
        }

        impl OperationError {
            /// The name of its row in `messages.toml`.
            pub(super) fn name(self) -> &'static str {
                match self {
                    $( Self::$variant => $name, )+
                }
            }

            /// Every one, for tests.
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[ $( Self::$variant, )+ ];
        }
    };
}

operation_errors! {
    /// The merchant may not use the operation.
    NoPermission = "no_permission",
    /// Another merchant created the card.
    ForeignCard = "foreign_card",
    /// No card template has this ID.
    UnknownCard = "unknown_card",
    /// No member has this code.
    UnknownCode = "unknown_code",
    /// The member's card can't be used now.
    CardNotEffective = "card_not_effective",
    /// The card's members do not collect points.
    NoPoints = "no_points",
    /// The request number was used before for the same content.
    Repeated = "repeated",
    /// The request number was used before for other content.
    RepeatedDifferently = "repeated_differently",
    /// `before_bonus_value + add_bonus_value` is not `bonus_value`.
    Arithmetic = "arithmetic",
    /// `before_bonus_value` differs from the stored points.
    StaleBefore = "stale_before",
    /// The points would become negative.
    NegativeTotal = "negative_total",
    /// No document has this key.
    NoDocument = "no_document",
    /// The state of the document does not allow the operation.
    WrongState = "wrong_state",
    /// The merchant has no platform certificate, only a public key.
    NoPlatformCertificate = "no_platform_certificate",
    /// The request's own merchant is not the one that signed it.
    OtherMchid = "other_mchid",
    /// The appid does not belong to the merchant.
    OtherAppid = "other_appid",
    /// The same, with the documented code.
    OtherAppidDocumented = "other_appid_documented",
    /// A JSAPI order names no user.
    NoOpenid = "no_openid",
    /// `time_expire` is no time with its zone.
    TimeExpire = "time_expire",
    /// `sub_openid` without `sub_appid`.
    SubOpenidWithoutAppid = "sub_openid_without_appid",
    /// `sub_appid` is `sp_appid`.
    SameSubAppid = "same_sub_appid",
    /// `sub_mchid` is the service provider itself.
    SameSubMchid = "same_sub_mchid",
    /// No order has this number.
    UnknownOrder = "unknown_order",
    /// No combined order has this number.
    UnknownCombinedOrder = "unknown_combined_order",
    /// The order belongs to another merchant.
    OtherMerchantsOrder = "other_merchants_order",
    /// The order belongs to another sub-merchant.
    OtherSubMerchantsOrder = "other_sub_merchants_order",
    /// No order can have this `transaction_id`.
    InvalidTransactionId = "invalid_transaction_id",
    /// The number was used before for another order.
    OrderRepeated = "order_repeated",
    /// The same in the words of 2024.
    OrderRepeated201 = "order_repeated_201",
    /// The same in a third way.
    OrderRepeatedData = "order_repeated_data",
    /// The number was used before for an order of another kind.
    OrderNumberUsed = "order_number_used",
    /// The number of a combined order was used before for another one.
    CombinedOrderRepeated = "combined_order_repeated",
    /// An order with this number is paid already.
    OrderPaidBefore = "order_paid_before",
    /// The same with the code of API v2.
    OrderPaidBeforeOld = "order_paid_before_old",
    /// The same with a general code.
    OrderPaidBeforeInvalid = "order_paid_before_invalid",
    /// A paid order can't be closed.
    OrderPaid = "order_paid",
    /// The order was closed.
    OrderClosed = "order_closed",
    /// The same in newer words.
    OrderVoid = "order_void",
    /// The order was reversed.
    OrderReversed = "order_reversed",
    /// An order of code payment is reversed, not closed.
    OnlyReverse = "only_reverse",
    /// The order is being paid.
    BeingPaid = "being_paid",
    /// Only an order of code payment can be reversed, and only for seven days.
    NotReversible = "not_reversible",
    /// Not the same sub-orders as those that were ordered.
    OtherSubOrders = "other_sub_orders",
    /// The merchant's balance is too small for the refund.
    RefundNotEnough = "refund_not_enough",
    /// Everything that was paid is refunded already.
    RefundedAll = "refunded_all",
    /// More than what is left to be refunded.
    RefundExceeds = "refund_exceeds",
    /// The amounts differ from the order's, or from those of the first request.
    RefundAmount = "refund_amount",
    /// The request names two different orders.
    RefundOtherOrder = "refund_other_order",
    /// No order has this number.
    RefundUnknownOrder = "refund_unknown_order",
    /// The order is not paid.
    RefundUnpaid = "refund_unpaid",
    /// No refund has this number.
    UnknownRefund = "unknown_refund",
    /// The order was paid over a year ago.
    RefundTooLate = "refund_too_late",
    /// The order has 50 refunds.
    RefundTooMany = "refund_too_many",
    /// The order was not placed to be shared.
    SharingNotOrdered = "sharing_not_ordered",
    /// What was left of the order is released.
    SharingFinished = "sharing_finished",
    /// The number was used before for other content.
    SharingDifferent = "sharing_different",
    /// One of the receivers was not added.
    SharingNoRelation = "sharing_no_relation",
    /// More than what is left to be shared.
    SharingNotEnough = "sharing_not_enough",
    /// More than the ratio limit.
    SharingRatio = "sharing_ratio",
    /// The same with the code of older pages.
    SharingRatioLimit = "sharing_ratio_limit",
    /// The order was paid less than a minute ago, or is being shared.
    SharingProcessing = "sharing_processing",
    /// The same of an ecommerce platform.
    SharingProcessingEcommerce = "sharing_processing_ecommerce",
    /// The money is another sub-merchant's.
    SharingOtherSubMerchant = "sharing_other_sub_merchant",
    /// The order is shared by the ordinary API.
    SharingNotEcommerce = "sharing_not_ecommerce",
    /// The order is shared by the ecommerce API.
    SharingOnlyEcommerce = "sharing_only_ecommerce",
    /// No paid order has this `transaction_id`.
    SharingUnknownOrder = "sharing_unknown_order",
    /// The order has been shared 50 times.
    SharingTooMany = "sharing_too_many",
    /// There is nothing to do: no receivers, and nothing is released.
    SharingWithoutReceivers = "sharing_without_receivers",
    /// A receiver is an openid, and its appid is missing.
    SharingWithoutAppid = "sharing_without_appid",
    /// The name of a receiver is not the one that it was added with.
    SharingName = "sharing_name",
    /// No sharing or return has this number.
    UnknownSharing = "unknown_sharing",
    /// A return names no sharing.
    ReturnWithoutOrder = "return_without_order",
    /// A return names a sharing that does not exist.
    ReturnUnknown = "return_unknown",
    /// The merchant that is to return something has received nothing.
    ReturnOtherMerchant = "return_other_merchant",
    /// More than what the merchant has received and not returned.
    ReturnExceeds = "return_exceeds",
    /// The number of a return was used before for other content.
    ReturnDifferent = "return_different",
    /// It was shared over 180 days ago.
    ReturnTooLate = "return_too_late",
    /// `bill_date` is not a date before today.
    BillDate = "bill_date",
    /// `bill_date` is over three months ago.
    BillTooOld = "bill_too_old",
    /// The bill is not ready before 10 o'clock.
    StatementCreating = "statement_creating",
    /// The same of profit sharing.
    SharingStatementCreating = "sharing_statement_creating",
    /// Nothing happened on the day of the bill.
    NoStatement = "no_statement",
    /// The file can't be encrypted by this algorithm.
    BillAlgorithm = "bill_algorithm",
    /// The token does not lead to a bill of the merchant's.
    BillToken = "bill_token",
    /// The token was valid for five minutes.
    BillTokenExpired = "bill_token_expired",
    /// The appid of a transfer does not belong to the merchant.
    TransferAppid = "transfer_appid",
    /// The merchant does not have the scene of the transfer.
    TransferScene = "transfer_scene",
    /// Users can't be told this about a transfer of the scene.
    TransferPerception = "transfer_perception",
    /// Nothing is reported about the scene of the transfer.
    TransferReportsAbsent = "transfer_reports_absent",
    /// Not everything is reported that the scene of the transfer needs.
    TransferReports = "transfer_reports",
    /// A transfer from 2,000 yuan on does not name its user.
    TransferUserName = "transfer_user_name",
    /// More than one transfer may be.
    TransferLimit = "transfer_limit",
    /// More than all transfers of a day may be.
    TransferDailyLimit = "transfer_daily_limit",
    /// The number was used before for another transfer.
    TransferRepeated = "transfer_repeated",
    /// The merchant's balance is too small for the transfer.
    TransferNotEnough = "transfer_not_enough",
    /// The merchant may not transfer from this address.
    TransferAddress = "transfer_address",
    /// Something is wrong with the merchant.
    TransferUserError = "transfer_user_error",
    /// The user has not authorised the transfer, or does not any more.
    TransferNotAuthorized = "transfer_not_authorized",
    /// The transfer is confirmed, or over.
    TransferNotCancellable = "transfer_not_cancellable",
    /// No transfer, batch, authorization or receipt has this number.
    UnknownTransfer = "unknown_transfer",
    /// There are no receipts of a transfer that has not succeeded.
    ReceiptNotReady = "receipt_not_ready",
    /// The merchant has the newer transfers, not the older batches.
    TransferUpgraded = "transfer_upgraded",
    /// The parts of a batch do not match, or are not allowed.
    TransferBatch = "transfer_batch",
    /// No service order has this number.
    UnknownServiceOrder = "unknown_service_order",
    /// A query names a service order by neither or both of its numbers.
    ServiceOrderNames = "service_order_names",
    /// The number was used before for another service order, or a completed order is completed otherwise.
    ServiceOrderRepeated = "service_order_repeated",
    /// The service order was created for another appid.
    ServiceOrderAppid = "service_order_appid",
    /// The appid does not belong to the merchant, in the words of pay score.
    ServiceAppid = "service_appid",
    /// The state of the service order does not allow this.
    ServiceOrderState = "service_order_state",
    /// The user has not confirmed the service order.
    ServiceOrderUnconfirmed = "service_order_unconfirmed",
    /// The service order is cancelled.
    ServiceOrderRevoked = "service_order_revoked",
    /// A service order that is completed, cancelled or expired can't be cancelled.
    ServiceOrderNotCancellable = "service_order_not_cancellable",
    /// Only a service order that waits for its payment allows this.
    ServiceOrderNotPaying = "service_order_not_paying",
    /// The total is not the payments less the discounts.
    ServiceTotal = "service_total",
    /// The total is above the risk fund, or above the service's limit.
    ServiceTotalTooLarge = "service_total_too_large",
    /// An amount is negative, or above what is left to be paid.
    ServiceAmountRange = "service_amount_range",
    /// The risk fund is above the service's limit.
    ServiceRiskFund = "service_risk_fund",
    /// The service ends before it starts.
    ServiceEndsBeforeStart = "service_ends_before_start",
    /// The service ends after it is completed.
    ServiceEndsLater = "service_ends_later",
    /// The user's money could not be collected.
    ServiceDeductionFailed = "service_deduction_failed",
    /// The user's money is being collected.
    ServiceDeducting = "service_deducting",
    /// The user may not use the service.
    ServiceAssessment = "service_assessment",
    /// The user has other orders that are overdue.
    ServiceOverdue = "service_overdue",
    /// The user has limited payments.
    ServiceTeenager = "service_teenager",
    /// The user has ended the permission.
    ServiceNoPermission = "service_no_permission",
    /// No permission has this code, or this user none for the service.
    UnknownPermission = "unknown_permission",
    /// The user has not opened the service by this permission.
    PermissionNotOpen = "permission_not_open",
    /// The user has orders of the service that are not finished.
    PermissionInUse = "permission_in_use",
    /// The authorization code was used before with other parameters.
    PermissionRepeated = "permission_repeated",
}

impl OperationError {
    /// The first of the operation's own errors that this is true of, in place of this one.
    pub(crate) fn own(
        self,
        operation: &Operation,
        is_own: impl Fn(&wechatpay_openapi::OperationError) -> bool,
    ) -> Option<OwnError> {
        OwnError::first(self.name(), operation, is_own)
    }

    pub(super) fn row(self) -> &'static Row {
        Row::of(self.name())
    }

    /// The status of the response.
    pub fn status(self) -> StatusCode {
        self.row().status
    }

    /// The code in the response.
    pub fn code(self) -> &'static str {
        self.row().code.as_deref().unwrap_or_default()
    }

    /// The message in the response. In simplified Chinese, it is the gateway's own text if that is known.
    pub fn message(self, language: Language) -> &'static str {
        self.row().text(language)
    }

    /// The provenance of the response.
    pub fn provenance(self) -> Provenance {
        self.row().provenance
    }
}
