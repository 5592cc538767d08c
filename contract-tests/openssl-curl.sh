#!/usr/bin/env bash
# Makes the sample call with only openssl and curl, and verifies the response with openssl: once as a merchant
# that trusts the platform certificate, once as one that trusts the public key.
#
#   openssl-curl.sh http://127.0.0.1:8080 CREDENTIALS_DIR
#
# `wechatpay-mock keys CREDENTIALS_DIR` writes the credentials. Exit code 0 if both calls got a verified 204.
set -euo pipefail

url=${1:?expected the URL of a mock, found none}
credentials=${2:?expected a folder written by wechatpay-mock keys, found none}
# shellcheck disable=SC1091
source "$credentials/env"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

target=/v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665/rights
body='{"before_bonus_value":500,"bonus_value":600,"add_bonus_value":100,"out_request_no":"100002322019090134234sfdf"}'

# header NAME: its value in the last response, with exactly this case.
header() { sed -n "s/^$1: \(.*\)\r\$/\1/p" "$work/headers"; }

# call TRUSTED_SERIAL PUBLIC_KEY: the sample call, with a response signed by the key of that name.
call() {
  local timestamp nonce signature status
  timestamp=$(date +%s)
  nonce=$(openssl rand -hex 16)
  signature=$(printf 'PATCH\n%s\n%s\n%s\n%s\n' "$target" "$timestamp" "$nonce" "$body" |
    openssl dgst -sha256 -sign "$WECHATPAY_MERCHANT_KEY" | openssl base64 -A)

  status=$(curl --silent --show-error --noproxy '*' --max-time 10 --request PATCH "$url$target" \
    --header "Authorization: WECHATPAY2-SHA256-RSA2048 mchid=\"$WECHATPAY_MCHID\",nonce_str=\"$nonce\",signature=\"$signature\",timestamp=\"$timestamp\",serial_no=\"$WECHATPAY_MERCHANT_SERIAL\"" \
    --header 'Content-Type: application/json' --header 'Accept: application/json' --header "Wechatpay-Serial: $1" \
    --data-binary "$body" --dump-header "$work/headers" --output "$work/body" --write-out '%{http_code}')
  touch "$work/body"
  [ "$status" = 204 ] || { echo "expected 204, found $status: $(cat "$work/body")" >&2; exit 1; }
  [ "$(header Wechatpay-Serial)" = "$1" ] ||
    { echo "expected a response signed by $1, found $(header Wechatpay-Serial)" >&2; exit 1; }

  header Wechatpay-Signature | openssl base64 -d -A > "$work/signature"
  { printf '%s\n%s\n' "$(header Wechatpay-Timestamp)" "$(header Wechatpay-Nonce)"; cat "$work/body"; echo; } |
    openssl dgst -sha256 -verify "$2" -signature "$work/signature" > /dev/null ||
    { echo "expected a signature by $1, openssl finds none" >&2; exit 1; }
  echo "204, verified with $1"
}

openssl x509 -in "$WECHATPAY_PLATFORM_CERTIFICATE" -pubkey -noout > "$work/platform.pem"
call "$WECHATPAY_PLATFORM_SERIAL" "$work/platform.pem"
call "$WECHATPAY_PUBLIC_KEY_ID" "$WECHATPAY_PUBLIC_KEY"
