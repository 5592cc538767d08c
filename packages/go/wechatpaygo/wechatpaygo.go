// Package wechatpaygo makes clients of the official SDK, wechatpay-go, that reach a mock instead of the gateway.
package wechatpaygo

import (
	"crypto/rsa"
	"crypto/x509"
	"fmt"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	wechatpaymock "github.com/wechatpay-mock/wechatpay-mock-go"
)

// Options are the options of core.NewClient for a client that signs as the mock's merchant, verifies responses, encrypts and
// decrypts fields, and reaches the mock under the gateway's own name. The client trusts the gateway's public key if the merchant has
// it, and the platform certificate otherwise.
//
// # Errors
//
// The merchant's credentials lack its private key: the mock does not show those of a configuration.
func Options(mock *wechatpaymock.Mock) ([]core.ClientOption, error) {
	m, err := read(mock)
	if err != nil {
		return nil, err
	}
	reach := option.WithHTTPClient(mock.Client())
	if m.publicKey != nil {
		return []core.ClientOption{reach, option.WithWechatPayPublicKeyAuthCipher(m.mchid, m.serial, m.key, m.publicKeyID, m.publicKey)}, nil
	}
	return []core.ClientOption{reach, option.WithWechatPayAuthCipher(m.mchid, m.serial, m.key, m.certificates)}, nil
}

// NotifyHandler is the SDK's handler for the merchant's callbacks. It trusts both kinds of keys that sign them, as far as the
// merchant has them.
//
// # Errors
//
// The same as of [Options].
func NotifyHandler(mock *wechatpaymock.Mock) (*notify.Handler, error) {
	m, err := read(mock)
	if err != nil {
		return nil, err
	}
	certificates := core.NewCertificateMapWithList(m.certificates)
	var verifier auth.Verifier = verifiers.NewSHA256WithRSAVerifier(certificates)
	if m.publicKey != nil {
		verifier = verifiers.NewSHA256WithRSACombinedVerifier(certificates, m.publicKeyID, *m.publicKey)
	}
	return notify.NewRSANotifyHandler(m.apiV3Key, verifier)
}

// merchant is a merchant's credentials as the SDK takes them.
type merchant struct {
	mchid, serial, apiV3Key, publicKeyID string
	key                                  *rsa.PrivateKey
	publicKey                            *rsa.PublicKey
	certificates                         []*x509.Certificate
}

func read(mock *wechatpaymock.Mock) (m merchant, err error) {
	found := mock.Credentials()
	m = merchant{
		mchid: found["mchid"], serial: found["merchant_serial"], apiV3Key: found["apiv3_key"], publicKeyID: found["public_key_id"],
	}
	if m.key, err = utils.LoadPrivateKey(found["merchant_key"]); err != nil {
		return m, fmt.Errorf("merchant_key of %s: %w", m.mchid, err)
	}
	if key := found["public_key"]; key != "" {
		if m.publicKey, err = utils.LoadPublicKey(key); err != nil {
			return m, fmt.Errorf("public_key of %s: %w", m.mchid, err)
		}
	}
	if text := found["platform_certificate"]; text != "" {
		certificate, err := utils.LoadCertificate(text)
		if err != nil {
			return m, fmt.Errorf("platform_certificate of %s: %w", m.mchid, err)
		}
		m.certificates = append(m.certificates, certificate)
	}
	return m, nil
}
