//! `ca`: shows or deletes the certificate authority for HTTPS.

use clap::Args;
use serde_json::json;
use wechatpay_mock::Authority;
use wechatpay_texts::{Text, text};

use crate::{
    logging,
    options::{AuthorityOptions, Configuration, Json, LogFormat},
    output::{Failure, print, print_json},
};

const EXAMPLES: &str = "\
Examples:
  curl --cacert \"$(wechatpay-mock ca)\" https://localhost:8080/v3/certificates
  wechatpay-mock ca --pem                 print the certificate
  wechatpay-mock ca --delete              delete the certificate and key

The authority is created on this machine and never leaves it. Its certificates are valid for the gateway's hosts, localhost, \
127.0.0.1, ::1 and the hosts of --host, for two years. It is not added to any system's trust store: pass its path to each \
process that should trust it, as docs/en/sdks shows.

Exit codes: 0 success, 2 the authority cannot be read or created.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Ca {
    #[command(flatten)]
    authority: AuthorityOptions,
    #[command(flatten)]
    configuration: Configuration,
    /// Print the certificate itself
    #[arg(long, conflicts_with = "delete")]
    pem: bool,
    /// Delete the certificate and key; the next use creates new ones
    #[arg(long)]
    delete: bool,
    #[command(flatten)]
    output: Json,
}

/// No folder was found for the authority.
#[derive(Debug, Text, thiserror::Error)]
#[text("expected a home folder to keep the certificate authority in, found none; name one with --ca-dir")]
struct NoHome;

pub(crate) fn run(options: &Ca) -> Result<(), Failure> {
    let mut config = options.configuration.read()?;
    options.authority.apply(&mut config);
    let dir = config.ca_dir.as_deref().ok_or(NoHome)?;
    let path = Authority::certificate_path(dir);
    if options.delete {
        let is_deleted = Authority::delete(dir)?;
        if options.output.json {
            return print_json(&json!({ "path": path, "deleted": is_deleted }));
        }
        let path = path.display();
        let done = if is_deleted { text!("deleted {path}") } else { text!("nothing to delete: {path}") };
        return print(|out| writeln!(out, "{done}"));
    }
    // For the warnings about the authority.
    let _log = logging::start(LogFormat::Text, false)?;
    let authority = Authority::open(dir, &config.hosts)?;
    if options.output.json {
        return print_json(&json!({ "path": path, "pem": authority.pem() }));
    }
    print(
        |out| {
            if options.pem { write!(out, "{}", authority.pem()) } else { writeln!(out, "{}", path.display()) }
        },
    )
}
