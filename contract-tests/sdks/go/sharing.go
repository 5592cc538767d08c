package main

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/partnerpayments/jsapi"
	direct "github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/profitsharing"
)

const (
	price   = 1000
	share   = 200
	gift    = 50
	company = "示例科技有限公司"
)

// sharer is a merchant that shares what orders bring, or a service provider that does so for another.
type sharer struct {
	*shop
	name string
	sub  *string
	// account is the merchant that gets a share. The callback of that goes to the address that the mock's configuration has for it.
	account  string
	relation profitsharing.ReceiverRelationType
	// first is when the first order was paid.
	first string
	// order places one, to be shared or not.
	order func(number string, shared bool) (path string, body any, err error)
}

// sharing leads orders from the payment to the return of a share and the bill, as a merchant and as a service provider.
func (s *shop) sharing() {
	ways := []*sharer{
		{
			shop: s, name: "direct", account: subMchid, relation: profitsharing.RECEIVERRELATIONTYPE_SUPPLIER, order: s.sharedOrder,
		},
		{
			shop: s, name: "partner", sub: core.String(subMchid), account: s.merchant.mchid,
			relation: profitsharing.RECEIVERRELATIONTYPE_SERVICE_PROVIDER, order: s.sharedPartnerOrder,
		},
	}
	for _, way := range ways {
		s.share(way)
	}
	for _, way := range ways {
		way.checkBill()
	}
}

func (s *shop) sharedOrder(number string, shared bool) (string, any, error) {
	service := direct.JsapiApiService{Client: s.client}
	order, _, err := service.PrepayWithRequestPayment(s.ctx, direct.PrepayRequest{
		Appid: core.String(application), Mchid: core.String(s.merchant.mchid), Description: core.String("深圳腾大-QQ公仔"),
		OutTradeNo: &number, NotifyUrl: &s.receiver.url, SettleInfo: &direct.SettleInfo{ProfitSharing: &shared},
		Amount: &direct.Amount{Total: core.Int64(price)}, Payer: &direct.Payer{Openid: core.String(openid)},
	})
	return requestPayment, order, err
}

func (s *shop) sharedPartnerOrder(number string, shared bool) (string, any, error) {
	service := jsapi.JsapiApiService{Client: s.client}
	order, _, err := service.Prepay(s.ctx, jsapi.PrepayRequest{
		SpAppid: core.String(application), SpMchid: core.String(s.merchant.mchid), SubMchid: core.String(subMchid),
		Description: core.String("深圳腾大-QQ公仔"), OutTradeNo: &number, NotifyUrl: &s.receiver.url,
		SettleInfo: &jsapi.SettleInfo{ProfitSharing: &shared},
		Amount:     &jsapi.Amount{Total: core.Int64(price)}, Payer: &jsapi.Payer{SpOpenid: core.String(openid)},
	})
	return payPath, order, err
}

// paid orders and pays, and returns the number of the transaction.
func (s *sharer) paid(number string, shared bool) (string, error) {
	path, body, err := s.order(number, shared)
	if err != nil {
		return "", err
	}
	if err := s.mock.post(path, body, nil); err != nil {
		return "", err
	}
	content := new(outcome)
	if err := s.receiver.next("TRANSACTION.SUCCESS", number, content); err != nil {
		return "", err
	}
	if s.first == "" {
		s.first = content.SuccessTime
	}
	return content.TransactionID, content.is("SUCCESS", price)
}

// request asks to share this amount with the merchant, and a gift with the user, unless that is 0.
func (s *sharer) request(transaction, number string, share, gift int64) (*profitsharing.OrdersEntity, error) {
	receivers := []profitsharing.CreateOrderReceiver{{
		Type: core.String("MERCHANT_ID"), Account: &s.account, Name: core.String(company), Amount: &share,
		Description: core.String("分给商户"),
	}}
	if gift > 0 {
		receivers = append(receivers, profitsharing.CreateOrderReceiver{
			Type: core.String("PERSONAL_OPENID"), Account: core.String(openid), Amount: &gift, Description: core.String("分给个人"),
		})
	}
	service := profitsharing.OrdersApiService{Client: s.client}
	order, _, err := service.CreateOrder(s.ctx, profitsharing.CreateOrderRequest{
		Appid: core.String(application), SubMchid: s.sub, TransactionId: &transaction, OutOrderNo: &number,
		Receivers: receivers, UnfreezeUnsplit: core.Bool(false),
	})
	return order, err
}

func (s *sharer) remains(transaction string, expected int64) error {
	service := profitsharing.TransactionsApiService{Client: s.client}
	amount, _, err := service.QueryOrderAmount(s.ctx, profitsharing.QueryOrderAmountRequest{TransactionId: &transaction})
	if err != nil {
		return err
	}
	if *amount.UnsplitAmount != expected {
		return fmt.Errorf("expected %d to remain, found %v", expected, amount)
	}
	return nil
}

func (s *shop) share(way *sharer) {
	number, shared := s.run+way.name, s.run+way.name+"shared"
	var transaction string
	var order *profitsharing.OrdersEntity
	check := func(what string, run func() error) { s.check(way.name+": "+what, run) }

	check("receivers are added, twice too, and the SDK decrypts the name", way.addReceivers)
	check("an order to be shared is paid, and its callback is verified", func() (err error) {
		transaction, err = way.paid(number, true)
		return err
	})
	if transaction == "" {
		return
	}
	check("within a minute of the payment, it cannot be shared", func() error {
		_, err := way.request(transaction, shared+"early", share, gift)
		return refused(err, http.StatusBadRequest, "INVALID_REQUEST", "订单处理中，请稍后重试")
	})
	check("a minute later it is shared, once for the same request, and less remains", func() (err error) {
		if err = errors.Join(s.mock.advance(61), way.remains(transaction, price)); err != nil {
			return err
		}
		if order, err = way.request(transaction, shared, share, gift); err != nil {
			return err
		}
		if *order.OutOrderNo != shared || *order.TransactionId != transaction || len(order.Receivers) < 2 {
			return fmt.Errorf("expected an order with two receivers, found %v", order)
		}
		// Names are encrypted anew.
		again, err := way.request(transaction, shared, share, gift)
		if err != nil {
			return err
		}
		if *again.OrderId != *order.OrderId {
			return fmt.Errorf("expected %v, found %v", order, again)
		}
		return way.remains(transaction, price-share-gift)
	})
	if order == nil {
		return
	}
	check("a query shows what each receiver got", func() error { return way.checkShared(transaction, shared, order) })
	check("the receiver's callback is verified and decrypted", func() error {
		return way.checkNotice("PROFITSHARING.SUCCESS", transaction, shared, share)
	})
	check("more than the largest ratio is refused", func() error {
		_, err := way.request(transaction, shared+"more", share, 0)
		return refused(err, http.StatusBadRequest, "INVALID_REQUEST", "分账金额超出最大分账比例")
	})
	check("a part is returned, a query shows it, and the receiver's callback is verified", func() error {
		return way.checkReturn(transaction, shared, shared+"return")
	})
	check("what remains is unfrozen, and then no more can be shared", func() error {
		return way.checkUnfrozen(transaction, shared+"rest")
	})
	check("an order that was not to be shared cannot be", func() error {
		other, err := way.paid(number+"whole", false)
		if err != nil {
			return err
		}
		if err := s.mock.advance(61); err != nil {
			return err
		}
		_, err = way.request(other, shared+"whole", share, 0)
		return refused(err, http.StatusBadRequest, "INVALID_REQUEST", "非分账订单不支持分账")
	})
	check("a receiver is deleted, and gets nothing any more", func() error { return way.checkDeleted(number + "deleted") })
}

func (s *sharer) addReceivers() error {
	service := profitsharing.ReceiversApiService{Client: s.client}
	for i := 0; i < 2; i++ {
		for _, receiver := range []profitsharing.AddReceiverRequest{
			{
				Type: profitsharing.RECEIVERTYPE_MERCHANT_ID.Ptr(), Account: &s.account, Name: core.String(company),
				RelationType: s.relation.Ptr(),
			},
			{
				Type: profitsharing.RECEIVERTYPE_PERSONAL_OPENID.Ptr(), Account: core.String(openid), Name: core.String(userName),
				RelationType: profitsharing.RECEIVERRELATIONTYPE_USER.Ptr(),
			},
		} {
			receiver.Appid, receiver.SubMchid = core.String(application), s.sub
			added, _, err := service.AddReceiver(s.ctx, receiver)
			if err != nil {
				return err
			}
			isSame := *added.Account == *receiver.Account && *added.RelationType == *receiver.RelationType
			if !isSame || added.Name != nil && *added.Name != *receiver.Name {
				return fmt.Errorf("expected %v, found %v", receiver, added)
			}
		}
	}
	if s.sub == nil {
		return nil
	}
	ratio, _, err := (&profitsharing.MerchantsApiService{Client: s.client}).QueryMerchantRatio(s.ctx,
		profitsharing.QueryMerchantRatioRequest{SubMchid: s.sub})
	if err == nil && *ratio.MaxRatio != 3000 {
		err = fmt.Errorf("expected 3000 of 10000, found %v", ratio)
	}
	return err
}

func (s *sharer) checkShared(transaction, number string, order *profitsharing.OrdersEntity) error {
	service := profitsharing.OrdersApiService{Client: s.client}
	queried, _, err := service.QueryOrder(s.ctx, profitsharing.QueryOrderRequest{
		TransactionId: &transaction, OutOrderNo: &number, SubMchid: s.sub,
	})
	if err != nil {
		return err
	}
	got := map[string]int64{}
	for _, receiver := range queried.Receivers {
		if *receiver.Result == profitsharing.DETAILSTATUS_SUCCESS {
			got[*receiver.Account] += *receiver.Amount
		}
	}
	isFinished := *queried.OrderId == *order.OrderId && *queried.State == profitsharing.ORDERSTATUS_FINISHED
	if !isFinished || got[s.account] != share || got[openid] != gift {
		return fmt.Errorf("expected %d and %d to be received, found %v", share, gift, queried)
	}
	return nil
}

// checkNotice waits for the callback that the receiver gets.
func (s *sharer) checkNotice(event, transaction, number string, amount int64) error {
	var called struct {
		TransactionID string `json:"transaction_id"`
		Receiver      struct {
			Type    string `json:"type"`
			Account string `json:"account"`
			Amount  int64  `json:"amount"`
		} `json:"receiver"`
	}
	if err := s.receiver.next(event, number, &called); err != nil {
		return err
	}
	if called.TransactionID != transaction || called.Receiver.Account != s.account || called.Receiver.Amount != amount {
		return fmt.Errorf("expected %d for %s, found %+v", amount, s.account, called)
	}
	return nil
}

func (s *sharer) checkReturn(transaction, shared, number string) error {
	const returned = share / 2
	service := profitsharing.ReturnOrdersApiService{Client: s.client}
	answer, _, err := service.CreateReturnOrder(s.ctx, profitsharing.CreateReturnOrderRequest{
		SubMchid: s.sub, OutOrderNo: &shared, OutReturnNo: &number, ReturnMchid: &s.account, Amount: core.Int64(returned),
		Description: core.String("用户退款"),
	})
	if err != nil {
		return err
	}
	queried, _, err := service.QueryReturnOrder(s.ctx, profitsharing.QueryReturnOrderRequest{
		SubMchid: s.sub, OutReturnNo: &number, OutOrderNo: &shared,
	})
	if err != nil {
		return err
	}
	if *queried.Result != profitsharing.RETURNORDERSTATUS_SUCCESS || *queried.ReturnId != *answer.ReturnId || *queried.Amount != returned {
		return fmt.Errorf("expected a return of %d that succeeded, found %v", returned, queried)
	}
	return s.checkNotice("PROFITSHARING.RETURN", transaction, number, returned)
}

func (s *sharer) checkUnfrozen(transaction, number string) error {
	service := profitsharing.OrdersApiService{Client: s.client}
	answer, _, err := service.UnfreezeOrder(s.ctx, profitsharing.UnfreezeOrderRequest{
		SubMchid: s.sub, TransactionId: &transaction, OutOrderNo: &number, Description: core.String("解冻全部剩余资金"),
	})
	if err != nil {
		return err
	}
	if *answer.OutOrderNo != number || *answer.TransactionId != transaction {
		return fmt.Errorf("expected %s of %s, found %v", number, transaction, answer)
	}
	if err := s.remains(transaction, 0); err != nil {
		return err
	}
	_, err = s.request(transaction, number+"more", 1, 0)
	return refused(err, http.StatusBadRequest, "INVALID_REQUEST", "订单已完结分账，不支持分账")
}

func (s *sharer) checkDeleted(number string) error {
	service := profitsharing.ReceiversApiService{Client: s.client}
	deleted, _, err := service.DeleteReceiver(s.ctx, profitsharing.DeleteReceiverRequest{
		Appid: core.String(application), SubMchid: s.sub, Type: profitsharing.RECEIVERTYPE_MERCHANT_ID.Ptr(), Account: &s.account,
	})
	if err != nil {
		return err
	}
	if *deleted.Account != s.account {
		return fmt.Errorf("expected %s, found %v", s.account, deleted)
	}
	transaction, err := s.paid(number, true)
	if err != nil {
		return err
	}
	if err := s.mock.advance(61); err != nil {
		return err
	}
	_, err = s.request(transaction, number+"shared", share, 0)
	return refused(err, http.StatusBadRequest, "INVALID_REQUEST", "分账接收方关系不存在，请检查参数中每个接收方的关系。")
}

// checkBill downloads the bill of the day, on the next.
func (s *sharer) checkBill() {
	shared := s.run + s.name + "shared"
	for _, kind := range billKinds {
		s.check(s.name+": the next day, the "+kind.name+" has what was shared and returned, and its hash is right", func() error {
			if err := s.nextDay(s.first); err != nil {
				return err
			}
			request := profitsharing.SplitBillRequest{BillDate: core.String(s.first[:10]), SubMchid: s.sub}
			if kind.isGzip {
				request.TarType = profitsharing.SPLITBILLTARTYPE_GZIP.Ptr()
			}
			answer, _, err := (&profitsharing.BillShipmentApiService{Client: s.client}).SplitBill(s.ctx, request)
			if err != nil {
				return err
			}
			bill := new(file)
			if err := convert(answer, bill); err != nil {
				return err
			}
			return s.checkRows(bill, kind.isGzip,
				"`"+shared+",`10.00,`"+s.account+",`2.00,", "`"+shared+",`10.00,`"+openid+",`0.50,",
				"`"+shared+"return,`10.00,`"+s.account+",`1.00,")
		})
	}
}
