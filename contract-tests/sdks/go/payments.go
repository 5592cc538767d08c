package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"
)

const (
	openid = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
	total  = 100
	part   = 30
)

// way is one way to pay. T is the SDK's type of an order that is queried.
type way[T any] struct {
	name string
	// place orders, and returns which call of the mock pays the order, and what its body is.
	place    func(number string) (path string, body any, err error)
	byNumber func(number string) (*T, error)
	byID     func(id string) (*T, error)
	close    func(number string) error
}

// shop is a merchant's server: the SDK's client, and a receiver of callbacks with the SDK's handler.
type shop struct {
	*tap
	ctx      context.Context
	merchant merchant
	client   *core.Client
	receiver *receiver
	mock     mock
	run      string
}

// stories are what a merchant's server does from the first call to the last, by name.
var stories = map[string]func(*shop){
	"payments":  (*shop).payments,
	"transfers": (*shop).transfers,
	"sharing":   (*shop).sharing,
	"payscore":  (*shop).payscore,
}

// tell checks a story with one kind of key: certificate or public_key. It returns the exit code.
func tell(ctx context.Context, merchant merchant, by string, story func(*shop)) int {
	shop, err := newShop(ctx, merchant, by)
	if err != nil {
		fmt.Printf("Bail out! %s\n", err)
		return 2
	}
	defer shop.receiver.close()
	story(shop)
	return shop.end()
}

// payments leads orders from the order to the bill.
func (s *shop) payments() {
	if paid := flow(s, s.jsapi()); paid != nil {
		s.checkBill(paid, s.run+"jsapirefund")
	}
	flow(s, s.native())
	flow(s, s.h5())
	flow(s, s.app())
	flow(s, s.partner())
}

func newShop(ctx context.Context, merchant merchant, by string) (*shop, error) {
	start, ok := map[string]func(context.Context) (*core.Client, error){
		"certificate": merchant.trustingCertificates,
		"public_key":  merchant.trustingPublicKey,
	}[by]
	if !ok {
		return nil, fmt.Errorf("expected certificate or public_key, found %q", by)
	}
	client, err := start(ctx)
	if err != nil {
		return nil, err
	}
	handlers, err := merchant.notifyHandlers(ctx)
	if err != nil {
		return nil, err
	}
	receiver, err := newReceiver(handlers[by])
	if err != nil {
		return nil, err
	}
	mock, err := mockFromEnvironment()
	if err != nil {
		return nil, err
	}
	if err := mock.freeze(time.Now(), 0, 12); err != nil {
		return nil, err
	}
	random := make([]byte, 4)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	return &shop{&tap{}, ctx, merchant, client, receiver, mock, fmt.Sprintf("%x", random)}, nil
}

// flow orders, pays, queries, closes another order and refunds. It returns the order as paid, or nil if it was not.
func flow[T any](s *shop, way way[T]) *outcome {
	number, other, refund := s.run+way.name, s.run+way.name+"other", s.run+way.name+"refund"
	var paid *outcome

	s.check(way.name+": an order is paid with what the SDK hands over, and its callback is verified and decrypted", func() error {
		path, body, err := way.place(number)
		if err != nil {
			return err
		}
		if err := s.mock.post(path, body, nil); err != nil {
			return err
		}
		content := new(outcome)
		if err := s.receiver.next("TRANSACTION.SUCCESS", number, content); err != nil {
			return err
		}
		paid = content
		return content.is("SUCCESS", total)
	})
	if paid == nil {
		return nil
	}
	s.check(way.name+": both queries show what the callback says", func() error {
		byNumber, err := way.byNumber(number)
		if err != nil {
			return err
		}
		byID, err := way.byID(paid.TransactionID)
		if err != nil {
			return err
		}
		called := new(T)
		if err := s.receiver.last(called); err != nil {
			return err
		}
		// As text, since the SDK tells an empty list from none.
		if text := fmt.Sprint(called); fmt.Sprint(byNumber) != text || fmt.Sprint(byID) != text {
			return fmt.Errorf("expected %v, found %v and %v", called, byNumber, byID)
		}
		return nil
	})
	s.check(way.name+": another order is closed", func() error {
		if _, _, err := way.place(other); err != nil {
			return err
		}
		if err := way.close(other); err != nil {
			return err
		}
		return state(way, other, "CLOSED")
	})
	s.check(way.name+": a refund is accepted, its callback is verified, and a query shows it", func() error {
		return s.checkRefund(paid.TransactionID, paid.SubMchid, total, refund)
	})
	s.check(way.name+": the order has been refunded", func() error { return state(way, number, "REFUND") })
	return paid
}

// checkRefund refunds a part of what was paid, to a sub-merchant if there is one.
func (s *shop) checkRefund(transaction string, sub *string, total int64, number string) error {
	refunds := refunddomestic.RefundsApiService{Client: s.client}
	refund, _, err := refunds.Create(s.ctx, refunddomestic.CreateRequest{
		SubMchid:      sub,
		TransactionId: &transaction,
		OutRefundNo:   core.String(number),
		NotifyUrl:     core.String(s.receiver.url),
		Amount:        &refunddomestic.AmountReq{Refund: core.Int64(part), Total: &total, Currency: core.String("CNY")},
	})
	if err != nil {
		return err
	}
	var called struct {
		RefundID     string `json:"refund_id"`
		RefundStatus string `json:"refund_status"`
		Amount       struct{ Refund int64 }
	}
	if err := s.receiver.next("REFUND.SUCCESS", number, &called); err != nil {
		return err
	}
	if called.RefundID != *refund.RefundId || called.RefundStatus != "SUCCESS" || called.Amount.Refund != part {
		return fmt.Errorf("expected the callback of %v, found %+v", refund, called)
	}
	request := refunddomestic.QueryByOutRefundNoRequest{OutRefundNo: core.String(number), SubMchid: sub}
	queried, _, err := refunds.QueryByOutRefundNo(s.ctx, request)
	if err != nil {
		return err
	}
	if *queried.Status != refunddomestic.STATUS_SUCCESS || *queried.RefundId != *refund.RefundId || *queried.Amount.Refund != part {
		return fmt.Errorf("expected a settled refund, found %v", queried)
	}
	return nil
}

// outcome is what the types of a merchant's and a partner's orders share.
type outcome struct {
	TransactionID string  `json:"transaction_id"`
	OutTradeNo    string  `json:"out_trade_no"`
	TradeState    string  `json:"trade_state"`
	SuccessTime   string  `json:"success_time"`
	SubMchid      *string `json:"sub_mchid"`
	Amount        struct {
		Total int64 `json:"total"`
	} `json:"amount"`
}

func (o *outcome) is(state string, total int64) error {
	if o.TradeState != state || o.Amount.Total != total {
		return fmt.Errorf("expected an order of %d in state %s, found %+v", total, state, o)
	}
	return nil
}

func state[T any](way way[T], number, expected string) error {
	order, err := way.byNumber(number)
	if err != nil {
		return err
	}
	found := new(outcome)
	return errors.Join(convert(order, found), found.is(expected, total))
}
