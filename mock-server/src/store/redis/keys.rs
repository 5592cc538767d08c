//! The names of keys. All keys of a merchant are in one slot of a cluster: the merchant's number is their hash tag.

use wechatpay_protocol::Mchid;

use super::super::Key;

/// What all names begin with.
const PREFIX: &str = "wechatpay-mock";

/// How many slots a cluster has.
pub(super) const SLOTS: u16 = 16_384;

/// Parts of a document's name, which no kind contains.
pub(super) const SEPARATOR: char = '\x1f';

/// The hash tag of what belongs to no merchant.
pub(super) const COMMON: &str = "all";

/// The merchants that the store knows.
pub(super) const MERCHANTS: &str = "wechatpay-mock:{all}:merchants";
/// The number of the last callback.
pub(super) const LAST_CALLBACK: &str = "wechatpay-mock:{all}:callbacks";
/// Notes of the mocks' own.
pub(super) const NOTES: &str = "wechatpay-mock:{all}:notes";
/// In which form the rest is.
pub(super) const FORMAT: &str = "wechatpay-mock:{all}:format";

/// The slot of what belongs to no merchant.
pub(super) fn common_slot() -> u16 {
    slot(COMMON)
}

/// The slot of a merchant.
pub(super) fn slot_of(mchid: &Mchid) -> u16 {
    slot(mchid.as_str())
}

/// The documents of a merchant. The names of a merchant's other keys differ in what follows the last colon.
pub(super) fn documents(mchid: &Mchid) -> String {
    format!("{PREFIX}:{{{mchid}}}:d")
}

/// The request numbers of a merchant.
pub(super) fn numbers(mchid: &Mchid) -> String {
    format!("{PREFIX}:{{{mchid}}}:q")
}

/// The reminders of a merchant.
pub(super) fn reminders(mchid: &Mchid) -> String {
    format!("{PREFIX}:{{{mchid}}}:r")
}

/// The reminders of a merchant that a mock has taken.
pub(super) fn taken(mchid: &Mchid) -> String {
    format!("{PREFIX}:{{{mchid}}}:p")
}

/// The callbacks of a merchant on their way to another one.
pub(super) fn transit(mchid: &Mchid) -> String {
    format!("{PREFIX}:{{{mchid}}}:t")
}

/// A key in the slot of a hash tag, for writes that change nothing. No merchant's key has this letter.
pub(super) fn touched(tag: &str) -> String {
    format!("{PREFIX}:{{{tag}}}:z")
}

/// The name of a document among the merchant's.
pub(super) fn field(key: &Key) -> String {
    format!("{}{SEPARATOR}{}", key.kind, key.id)
}

/// What [`field`] makes, read again.
pub(super) fn key(field: &str) -> Option<Key> {
    field.split_once(SEPARATOR).map(|(kind, id)| Key::new(kind, id))
}

/// The slot of a hash tag.
pub(super) fn slot(tag: &str) -> u16 {
    crc16(tag.as_bytes()) % SLOTS
}

/// CRC-16 of XMODEM, as clusters use it.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_cluster_specification() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        // CLUSTER KEYSLOT "wechatpay-mock:{1900000001}:d"
        assert!(slot("1900000001") < SLOTS && slot("foo") == 12_182);
    }

    #[test]
    fn a_name_is_read_as_it_was_written() {
        let one = Key::new("order", "a\x1fb");
        assert_eq!(key(&field(&one)), Some(one));
    }
}
