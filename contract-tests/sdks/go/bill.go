package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
)

// checkBill downloads the trade bill of the day of a payment and its refund, on the next day. The SDK has no service for that; its
// FAQ says how.
func (s *shop) checkBill(paid *outcome, refund string) {
	for _, kind := range []struct {
		name, query string
		unpack      func(io.Reader) (io.Reader, error)
	}{
		{"bill", "", func(file io.Reader) (io.Reader, error) { return file, nil }},
		{"compressed bill", "&tar_type=GZIP", func(file io.Reader) (io.Reader, error) { return gzip.NewReader(file) }},
	} {
		s.check("the next day, the "+kind.name+" has payment and refund, and its hash is right", func() error {
			day, err := time.Parse(time.RFC3339, paid.SuccessTime)
			if err != nil {
				return err
			}
			if err := s.mock.freeze(day, 1, 10); err != nil {
				return err
			}
			result, err := s.client.Get(s.ctx, consts.WechatPayAPIServer+"/v3/bill/tradebill?bill_date="+paid.SuccessTime[:10]+kind.query)
			if err != nil {
				return err
			}
			var bill struct {
				DownloadURL string `json:"download_url"`
				HashType    string `json:"hash_type"`
				HashValue   string `json:"hash_value"`
			}
			if err := core.UnMarshalResponse(result.Response, &bill); err != nil {
				return err
			}
			downloads, err := core.NewClient(s.ctx,
				option.WithMerchantCredential(s.merchant.mchid, s.merchant.serial, s.merchant.key), option.WithoutValidator())
			if err != nil {
				return err
			}
			if result, err = downloads.Get(s.ctx, bill.DownloadURL); err != nil {
				return err
			}
			defer func() { _ = result.Response.Body.Close() }()
			file, err := kind.unpack(result.Response.Body)
			if err != nil {
				return err
			}
			content, err := io.ReadAll(file)
			if err != nil {
				return err
			}
			hash := sha1.Sum(content)
			if found := hex.EncodeToString(hash[:]); bill.HashType != "SHA1" || found != bill.HashValue {
				return fmt.Errorf("expected %s %s, found SHA1 %s", bill.HashType, bill.HashValue, found)
			}
			for _, row := range []string{"`" + paid.TransactionID + ",`" + paid.OutTradeNo + ",", ",`" + refund + ","} {
				if !bytes.Contains(content, []byte(row)) {
					return fmt.Errorf("expected %s in the bill, found %s", row, content)
				}
			}
			return nil
		})
	}
}
