//! Transfers to users, through the client and over real sockets.

mod authorized;
mod batches;
mod invariants;
mod story;

use http::Method;
use serde_json::{Value, json};
use wechatpay_mock::{
    Config, Confirmation, MerchantConfig, MockServer, PaymentError, TransferAction, TransferName,
    policies::Policies,
};
use wechatpay_protocol::{DecryptingKey, EncryptingKey};

use crate::payments::{NOWHERE, OPENID, Shop};

const BILLS: &str = "/v3/fund-app/mch-transfer/transfer-bills";

/// A shop whose merchant has this much, in fen.
async fn with_balance(balance: u64, config: Config) -> Shop {
    let merchant = MerchantConfig { balance: Some(balance), ..MerchantConfig::development() };
    Shop::with(config.with_merchants([merchant])).await
}

fn with_policies(policies: Policies) -> Config {
    let mut config = Config::default();
    config.policies = policies;
    config
}

/// A transfer of a scene whose reports are complete.
fn transfer(number: &str, amount: u64) -> Value {
    json!({
        "appid": "wxd678efh567hg6787", "out_bill_no": number, "openid": OPENID, "transfer_amount": amount,
        "transfer_remark": "示例转账", "notify_url": NOWHERE, "transfer_scene_id": "1000",
        "transfer_scene_report_infos": [
            { "info_type": "活动名称", "info_content": "新会员有礼" },
            { "info_type": "奖励说明", "info_content": "注册会员抽奖一等奖" },
        ],
    })
}

fn by_number(number: &str) -> String {
    format!("{BILLS}/out-bill-no/{number}")
}

async fn place(shop: &Shop, transfer: Value) -> Value {
    shop.call(Method::POST, BILLS, transfer).await
}

async fn query(shop: &Shop, number: &str) -> Value {
    shop.call(Method::GET, &by_number(number), Value::Null).await
}

async fn state(shop: &Shop, number: &str) -> String {
    query(shop, number).await["state"].as_str().unwrap().into()
}

async fn cancel(shop: &Shop, number: &str) -> Result<Value, String> {
    shop.try_call(Method::POST, &format!("{}/cancel", by_number(number)), Value::Null).await
}

fn act(shop: &Shop, number: &str, action: TransferAction) -> Result<Value, PaymentError> {
    let transfer = TransferName::OutBillNo(number.into());
    shop.mock.confirm(&Confirmation { action, ..Confirmation::of(transfer) })
}

fn confirm(shop: &Shop, number: &str) -> Result<Value, PaymentError> {
    act(shop, number, TransferAction::Confirm)
}

/// A text encrypted for the gateway.
fn encrypted(mock: &MockServer, text: &str) -> String {
    let (_, pem) = mock.credentials().public_key.unwrap();
    EncryptingKey::from_pem(&pem).unwrap().encrypt(text).unwrap()
}

/// A text that the gateway encrypted for the merchant.
fn decrypted(mock: &MockServer, text: &Value) -> String {
    let key = DecryptingKey::from_pem(&mock.credentials().merchant_key).unwrap();
    String::from_utf8(key.decrypt(text.as_str().unwrap()).unwrap()).unwrap()
}
