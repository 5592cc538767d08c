//! The table of faults in the documentation, made of the faults themselves.

use std::fmt::Write;

use wechatpay_mock::{FAULTS, TRIGGER_FORMS};

const BEGINNING: &str = "\
# How the mock misbehaves

For whoever tests a client against misfortune. A fault strikes a request that is signed and valid, so that it never hides \
a mistake of the client's. The tests provoke each of them by its request number, with the plain client.

This file is made by `cargo run -p wechatpay-contract -- faults > docs/faults.md`; `wechatpay-mock faults` prints the same.

## By request number

Needs nothing but an `out_request_no`: `MOCK*system-error*0001` asks for `system-error`. What stands behind the second \
`*` may be anything, so that each request has a number of its own. Such a number that can't be understood is an ordinary \
one, and the journal and the log have a warning with the nearest name.

*Applied* says whether the request takes effect; *always*, that the fault lies in the answer that says so. Provenance says \
how sure it is that the real gateway ever does so: *documented*; *wild*, published by somebody; *own choice*, where \
nothing public says it.

| fault | what happens | applied | standing |
|---|---|---|---|
";

const HTTP_2: &str = "
## Over HTTP/2

Requests share a connection there. `reset-after-headers` and `stop-in-body` break off the answer's own stream, with \
RST_STREAM, and the others go on. `refuse`, `reset` and `no-answer` end the whole connection, as over HTTP/1.1, and with it \
whatever else is on its way. Names of headers are in lower case in any case.
";

const RULES: &str = "
## By rule

A rule strikes more than one number. It says which requests, by merchant, operation, card, code, request number, n-th, \
every n-th, or at random with a seed; how often and for how long; how late the answer is; and whether the request is \
applied all the same. [example.toml](../fixtures/config/example.toml) has every key. A request's own number counts first, \
then the rules for its merchant, then those for all; of these, the one that was there first.

In a configuration:

```toml
[[fault]]
fault = \"system-error-applied\"
times = 1
match = { operation = \"set_rights\" }
```

Over HTTP, where `DELETE` removes all of them:

```sh
curl -d '{\"fault\":\"system-error-applied\",\"times\":1,\"match\":{\"operation\":\"set_rights\"}}' http://127.0.0.1:8080/__mock/faults
```

In a test in Rust:

```rust
gateway.add_fault(FaultRule { times: Some(1), ..FaultRule::of(Fault::SystemErrorApplied) })?;
```
";

/// Markdown with a row for each fault: its name, what happens, whether the request is applied, and how sure it is.
pub fn markdown() -> String {
    let mut text = String::from(BEGINNING);
    // Writing to a String does not fail.
    for fault in FAULTS {
        let (meaning, applied, standing) = (escaped(fault.meaning()), fault.applied(), fault.provenance());
        let _ = writeln!(text, "| `{fault}` | {meaning} | {applied} | {standing} |");
    }
    text.push_str("\nMore than a name:\n\n| request number | what happens |\n|---|---|\n");
    for form in TRIGGER_FORMS {
        let _ = writeln!(text, "| `{}` | {} |", escaped(form.number), escaped(form.meaning));
    }
    text + HTTP_2 + RULES
}

/// As a cell of a table may have it.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}
