// Tests the official Go SDK, unmodified, against the mock: it calls https://api.mch.weixin.qq.com, the host that is built into
// it, and reaches the mock through HTTPS_PROXY and SSL_CERT_FILE. Run it as `wechatpay-mock run -- build/suite`.
//
// With the argument `services`, it instead calls every service of the SDK; with `callbacks FILE`, it reads the callbacks in a file;
// with `payments KEY`, `transfers KEY`, `sharing KEY` or `payscore KEY`, it tells the story of such orders from the first call to
// the last, trusting that kind of key: certificate or public_key.
//
// Each check is a line of TAP. Exit code 0 if all pass, 1 if one fails, 2 if a credential is missing.
package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
)

const (
	card   = consts.WechatPayAPIServer + "/v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665"
	rights = card + "/rights"
)

// change is the body of a rights call. An empty request number is left out.
type change struct {
	OutRequestNo string `json:"out_request_no,omitempty"`
	BonusValue   int64  `json:"bonus_value"`
}

// hostile lists responses that must be rejected: the fault that causes it, and the error of the SDK.
var hostile = []struct {
	response, fault string
	reason          *regexp.Regexp
}{
	{"a response with a wrong signature", "wrong-key", regexp.MustCompile("verify signature with public key")},
	{"a response with an unknown serial", "unknown-serial", regexp.MustCompile("not found in verifier|does not match serial number")},
	{"a response that is 301 s old", "stale-timestamp", regexp.MustCompile(`timestamp=\[\d+] expires`)},
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	merchant, err := merchantFromEnvironment()
	if err != nil {
		fmt.Printf("Bail out! %s\n", err)
		os.Exit(2)
	}
	if len(os.Args) > 1 && os.Args[1] == "services" {
		os.Exit(callServices(ctx, merchant))
	}
	if len(os.Args) > 2 && os.Args[1] == "callbacks" {
		os.Exit(checkCallbacks(ctx, merchant, os.Args[2]))
	}
	if len(os.Args) > 2 {
		if story, ok := stories[os.Args[1]]; ok {
			os.Exit(tell(ctx, merchant, os.Args[2], story))
		}
	}
	tap := &tap{}

	for _, trust := range []struct {
		name   string
		start  func(context.Context) (*core.Client, error)
		serial string
		points int64
	}{
		{"downloaded certificates", merchant.trustingCertificates, merchant.platformSerial, 600},
		{"the public key", merchant.trustingPublicKey, merchant.publicKeyID, 700},
	} {
		var client *core.Client
		tap.check("with "+trust.name+", the SDK starts", func() (err error) {
			client, err = trust.start(ctx)
			return err
		})
		if client == nil {
			continue
		}

		tap.check("with "+trust.name+", a rights call gets a verified 204", func() error {
			result, err := client.Patch(ctx, rights, change{fmt.Sprint("go-", trust.points), trust.points})
			if err != nil {
				return err
			}
			if status := result.Response.StatusCode; status != http.StatusNoContent {
				return fmt.Errorf("expected status 204, found %d", status)
			}
			if serial := result.Response.Header.Get(consts.WechatPaySerial); serial != trust.serial {
				return fmt.Errorf("expected a response signed by %s, found %s", trust.serial, serial)
			}
			return nil
		})

		tap.check("with "+trust.name+", a verified response has the member's new points", func() error {
			result, err := client.Get(ctx, card)
			if err != nil {
				return err
			}
			var member struct {
				BonusValue int64 `json:"bonus_value"`
			}
			if err := core.UnMarshalResponse(result.Response, &member); err != nil {
				return err
			}
			if member.BonusValue != trust.points {
				return fmt.Errorf("expected bonus_value %d, found %d", trust.points, member.BonusValue)
			}
			return nil
		})

		for _, hostile := range hostile {
			tap.check("with "+trust.name+", "+hostile.response+" is rejected", func() error {
				number := fmt.Sprintf("MOCK*%s*go-%d", hostile.fault, trust.points)
				result, err := client.Patch(ctx, rights, change{number, trust.points})
				if err == nil {
					return errors.New("expected the SDK to reject it, found no error")
				}
				if result == nil || result.Response == nil || result.Response.StatusCode != http.StatusNoContent {
					return fmt.Errorf("expected a 204 that is rejected, found %w", err)
				}
				if !hostile.reason.MatchString(err.Error()) {
					return fmt.Errorf("expected %q, found %w", hostile.reason, err)
				}
				return nil
			})
		}
	}

	tap.check("a call signed with another key fails as 401 SIGN_ERROR", func() error {
		stranger := merchant
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return err
		}
		stranger.key = key
		return fails(ctx, stranger, change{"go-wrong-key", 600}, http.StatusUnauthorized, "SIGN_ERROR", "错误的签名，验签失败")
	})

	tap.check("a call without out_request_no fails as 400 PARAM_ERROR with the gateway's text", func() error {
		return fails(ctx, merchant, change{BonusValue: 600}, http.StatusBadRequest, "PARAM_ERROR",
			"输入源“/body/out_request_no”映射到字段“商户请求单号”必填性规则校验失败，此字段为必填项")
	})

	os.Exit(tap.end())
}

// fails makes a rights call that must fail with the SDK's own error type and these values.
func fails(ctx context.Context, merchant merchant, body change, status int, code, message string) error {
	client, err := merchant.trustingPublicKey(ctx)
	if err != nil {
		return err
	}
	_, err = client.Patch(ctx, rights, body)
	return refused(err, status, code, message)
}

// refused tells whether a call got this refusal, as the SDK's own error type.
func refused(err error, status int, code, message string) error {
	var found *core.APIError
	if !errors.As(err, &found) {
		return fmt.Errorf("expected a core.APIError, found %w", err)
	}
	if found.StatusCode != status || found.Code != code || found.Message != message {
		return fmt.Errorf("expected %d %s %s, found %d %s %s", status, code, message, found.StatusCode, found.Code, found.Message)
	}
	return nil
}
