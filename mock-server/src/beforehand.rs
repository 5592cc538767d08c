//! Most of what the first exchange needs and listening does not: it is made ready while the first mock of a process starts.
//! What few need, such as a development key that deciphers, is made ready when it is needed.

use std::{sync::Once, thread};

use crate::{config::Config, contract::Contract};

/// Has it made ready in a thread, once in a process. An exchange that comes sooner waits for it; if there is no thread to be
/// had, it makes ready itself what it needs.
pub(crate) fn begin(config: &Config) {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        let public_key = config.public_key.clone();
        let ready = move || {
            // Most merchants have the public key only, and all others may ask for it.
            public_key.key().key.read();
            Contract::current().compile();
        };
        drop(thread::Builder::new().name("beforehand".into()).spawn(ready));
    });
}
