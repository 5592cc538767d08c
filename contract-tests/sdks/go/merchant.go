package main

import (
	"context"
	"crypto/rsa"
	"fmt"
	"os"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

// merchant is the calling merchant, from the variables of `wechatpay-mock run`.
type merchant struct {
	mchid, serial, apiV3Key, platformSerial, publicKeyID string
	key                                                  *rsa.PrivateKey
	publicKey                                            *rsa.PublicKey
}

func merchantFromEnvironment() (m merchant, err error) {
	var key, publicKey string
	for name, value := range map[string]*string{
		"WECHATPAY_MCHID":           &m.mchid,
		"WECHATPAY_MERCHANT_SERIAL": &m.serial,
		"WECHATPAY_APIV3_KEY":       &m.apiV3Key,
		"WECHATPAY_PLATFORM_SERIAL": &m.platformSerial,
		"WECHATPAY_PUBLIC_KEY_ID":   &m.publicKeyID,
		"WECHATPAY_MERCHANT_KEY":    &key,
		"WECHATPAY_PUBLIC_KEY":      &publicKey,
	} {
		if *value = os.Getenv(name); *value == "" {
			return m, fmt.Errorf("expected %s, found none: run this as `wechatpay-mock run -- build/suite`", name)
		}
	}
	if m.key, err = utils.LoadPrivateKeyWithPath(key); err != nil {
		return m, err
	}
	m.publicKey, err = utils.LoadPublicKeyWithPath(publicKey)
	return m, err
}

// trustingCertificates makes a client that first downloads the platform certificates.
func (m merchant) trustingCertificates(ctx context.Context) (*core.Client, error) {
	return core.NewClient(ctx, option.WithWechatPayAutoAuthCipher(m.mchid, m.serial, m.key, m.apiV3Key))
}

func (m merchant) trustingPublicKey(ctx context.Context) (*core.Client, error) {
	return core.NewClient(ctx, option.WithWechatPayPublicKeyAuthCipher(m.mchid, m.serial, m.key, m.publicKeyID, m.publicKey))
}
