//! `explain`: says whether the signatures in a capture hold, and why not.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    time::SystemTime,
};

use clap::Args;
use wechatpay_protocol::{PublicKeyId, Timestamp};
use wechatpay_texts::text;

use crate::{
    explain::{CaptureError, Examination, Examiner, Given, Keys, MAX_BYTES, read, to_json, write},
    options::Json,
    output::{Failure, print, print_json},
};

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock explain refused.har --credentials ./dev
      every request, answer and callback in an archive, with the certificates that `wechatpay-mock keys ./dev` wrote
  wechatpay-mock explain curl.txt --certificate apiclient_cert.pem
      why the gateway refused a request: the output of curl -v, with the merchant's certificate
  wechatpay-mock explain callback.txt --public-key pub_key.pem --public-key-id PUB_KEY_ID_0119000000012026010100000000000001 \\
      --apiv3-key-file apiv3.key
      why a callback does not verify or decrypt

A capture is an HTTP archive (HAR), the output of curl -v with the bodies, raw HTTP, or headers, an empty line and the body. A \
private key is never needed and never read. Secrets in the capture are not shown.

The APIv3 key is that of --apiv3-key-file, else that of the credentials, else in WECHATPAY_APIV3_KEY.

Exit codes:
  0  all signatures hold, and all encrypted data decrypts
  1  something does not
  2  wrong usage, an unusable file or key, or no message found";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Explain {
    /// The capture, - for stdin; at most 16 MiB
    file: PathBuf,

    /// A merchant's certificate, for its requests, or a platform certificate, for answers and callbacks; may be repeated
    #[arg(long, value_name = "FILE")]
    certificate: Vec<PathBuf>,

    /// A public key, such as WeChat Pay's pub_key.pem; may be repeated
    #[arg(long, value_name = "FILE")]
    public_key: Vec<PathBuf>,

    /// The ID of that public key; may be repeated, in the same order
    #[arg(long, value_name = "ID", requires = "public_key")]
    public_key_id: Vec<PublicKeyId>,

    /// A file with the APIv3 key, to decrypt the data of callbacks
    #[arg(long, value_name = "FILE")]
    apiv3_key_file: Option<PathBuf>,

    /// A folder with credentials.json, or that file; its certificates, public keys and APIv3 key are used
    ///
    /// Without it, and without --certificate and --public-key: WECHATPAY_MCHID, WECHATPAY_MERCHANT_SERIAL and so on, if the
    /// first of them is set; otherwise the development credentials, which a mock has by default.
    #[arg(long, value_name = "DIR|FILE", env = "WECHATPAY_CREDENTIALS")]
    credentials: Option<PathBuf>,

    /// Also show the decrypted data of callbacks
    #[arg(long)]
    show_resource: bool,

    #[command(flatten)]
    output: Json,
}

/// Returns whether everything holds.
pub(crate) fn run(options: &Explain) -> Result<bool, Failure> {
    let keys = Keys::find(&Given {
        certificates: &options.certificate,
        public_keys: &options.public_key,
        public_key_ids: &options.public_key_id,
        apiv3_key_file: options.apiv3_key_file.as_deref(),
        credentials: options.credentials.as_deref(),
    })?;
    let bytes = bytes(&options.file)?;
    let (examinations, skipped) = Examiner::new(&keys).examine(&read(&bytes)?)?;
    let now = Timestamp::from_unix(
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs()),
    );
    if options.output.json {
        print_json(&to_json(&examinations, skipped, &keys, now, options.show_resource))?;
    } else {
        print(|out| write(out, &examinations, skipped, &keys, now, options.show_resource))?;
    }
    Ok(examinations.iter().all(Examination::holds))
}

/// The bytes of a capture.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let source: io::Result<Box<dyn Read>> = if path == Path::new("-") {
        Ok(Box::new(io::stdin()))
    } else {
        File::open(path).map(|file| -> Box<dyn Read> { Box::new(file) })
    };
    let mut bytes = Vec::new();
    let read = source.and_then(|source| source.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(Failure::context(text!("cannot read {path}", path = path.display())))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_BYTES) {
        return Err(CaptureError::TooLarge.into());
    }
    Ok(bytes)
}
