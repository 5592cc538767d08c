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
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
)

// file is what the answer to a bill's request says. Bills have it alike, whether the SDK has a service for them or not.
type file struct {
	DownloadURL string `json:"download_url"`
	HashType    string `json:"hash_type"`
	HashValue   string `json:"hash_value"`
}

// billKinds are both forms of a bill.
var billKinds = []struct {
	name   string
	isGzip bool
}{{"bill", false}, {"compressed bill", true}}

// checkBill downloads the trade bill of the day of a payment and its refund, on the next day. The SDK has no service for that; its
// FAQ says how.
func (s *shop) checkBill(paid *outcome, refund string) {
	for _, kind := range billKinds {
		s.check("the next day, the "+kind.name+" has payment and refund, and its hash is right", func() error {
			if err := s.nextDay(paid.SuccessTime); err != nil {
				return err
			}
			query := ""
			if kind.isGzip {
				query = "&tar_type=GZIP"
			}
			bill := new(file)
			if err := s.get("/v3/bill/tradebill?bill_date="+paid.SuccessTime[:10]+query, bill); err != nil {
				return err
			}
			return s.checkRows(bill, kind.isGzip, "`"+paid.TransactionID+",`"+paid.OutTradeNo+",", ",`"+refund+",")
		})
	}
}

// nextDay stops the clock at 10 o'clock on the day after this time.
func (s *shop) nextDay(at string) error {
	day, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return err
	}
	return s.mock.freeze(day, 1, 10)
}

// checkRows downloads a bill, whose hash must be right, and which must have all this.
func (s *shop) checkRows(bill *file, isGzip bool, rows ...string) error {
	downloads, err := core.NewClient(s.ctx,
		option.WithMerchantCredential(s.merchant.mchid, s.merchant.serial, s.merchant.key), option.WithoutValidator())
	if err != nil {
		return err
	}
	result, err := downloads.Get(s.ctx, bill.DownloadURL)
	if err != nil {
		return err
	}
	defer func() { _ = result.Response.Body.Close() }()
	body := io.Reader(result.Response.Body)
	if isGzip {
		if body, err = gzip.NewReader(body); err != nil {
			return err
		}
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	hash := sha1.Sum(content)
	if found := hex.EncodeToString(hash[:]); bill.HashType != "SHA1" || found != bill.HashValue {
		return fmt.Errorf("expected %s %s, found SHA1 %s", bill.HashType, bill.HashValue, found)
	}
	for _, row := range rows {
		if !bytes.Contains(content, []byte(row)) {
			return fmt.Errorf("expected %s in the bill, found %s", row, content)
		}
	}
	return nil
}
