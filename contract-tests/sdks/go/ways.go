package main

import (
	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/partnerpayments"
	partnerjsapi "github.com/wechatpay-apiv3/wechatpay-go/services/partnerpayments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/app"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/h5"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
)

const (
	subMchid       = "1900000109"
	payPath        = "/__mock/payments"
	requestPayment = "/__mock/request-payment"
)

func (s *shop) jsapi() way[payments.Transaction] {
	service := jsapi.JsapiApiService{Client: s.client}
	mchid := core.String(s.merchant.mchid)
	return way[payments.Transaction]{
		name: "jsapi",
		place: func(number string) (string, any, error) {
			order, _, err := service.PrepayWithRequestPayment(s.ctx, jsapi.PrepayRequest{
				Appid: core.String(application), Mchid: mchid, Description: core.String("深圳腾大-QQ公仔"),
				OutTradeNo: &number, NotifyUrl: &s.receiver.url,
				Amount: &jsapi.Amount{Total: core.Int64(total)}, Payer: &jsapi.Payer{Openid: core.String(openid)},
			})
			return requestPayment, order, err
		},
		byNumber: func(number string) (*payments.Transaction, error) {
			order, _, err := service.QueryOrderByOutTradeNo(s.ctx, jsapi.QueryOrderByOutTradeNoRequest{OutTradeNo: &number, Mchid: mchid})
			return order, err
		},
		byID: func(id string) (*payments.Transaction, error) {
			order, _, err := service.QueryOrderById(s.ctx, jsapi.QueryOrderByIdRequest{TransactionId: &id, Mchid: mchid})
			return order, err
		},
		close: func(number string) error {
			_, err := service.CloseOrder(s.ctx, jsapi.CloseOrderRequest{OutTradeNo: &number, Mchid: mchid})
			return err
		},
	}
}

func (s *shop) native() way[payments.Transaction] {
	service := native.NativeApiService{Client: s.client}
	mchid := core.String(s.merchant.mchid)
	return way[payments.Transaction]{
		name: "native",
		place: func(number string) (string, any, error) {
			order, _, err := service.Prepay(s.ctx, native.PrepayRequest{
				Appid: core.String(application), Mchid: mchid, Description: core.String("深圳腾大-QQ公仔"),
				OutTradeNo: &number, NotifyUrl: &s.receiver.url, Amount: &native.Amount{Total: core.Int64(total)},
			})
			return payPath, order, err
		},
		byNumber: func(number string) (*payments.Transaction, error) {
			order, _, err := service.QueryOrderByOutTradeNo(s.ctx, native.QueryOrderByOutTradeNoRequest{OutTradeNo: &number, Mchid: mchid})
			return order, err
		},
		byID: func(id string) (*payments.Transaction, error) {
			order, _, err := service.QueryOrderById(s.ctx, native.QueryOrderByIdRequest{TransactionId: &id, Mchid: mchid})
			return order, err
		},
		close: func(number string) error {
			_, err := service.CloseOrder(s.ctx, native.CloseOrderRequest{OutTradeNo: &number, Mchid: mchid})
			return err
		},
	}
}

func (s *shop) h5() way[payments.Transaction] {
	service := h5.H5ApiService{Client: s.client}
	mchid := core.String(s.merchant.mchid)
	return way[payments.Transaction]{
		name: "h5",
		place: func(number string) (string, any, error) {
			order, _, err := service.Prepay(s.ctx, h5.PrepayRequest{
				Appid: core.String(application), Mchid: mchid, Description: core.String("深圳腾大-QQ公仔"),
				OutTradeNo: &number, NotifyUrl: &s.receiver.url, Amount: &h5.Amount{Total: core.Int64(total)},
				SceneInfo: &h5.SceneInfo{PayerClientIp: core.String("14.23.150.211"), H5Info: &h5.H5Info{Type: core.String("Wap")}},
			})
			return payPath, order, err
		},
		byNumber: func(number string) (*payments.Transaction, error) {
			order, _, err := service.QueryOrderByOutTradeNo(s.ctx, h5.QueryOrderByOutTradeNoRequest{OutTradeNo: &number, Mchid: mchid})
			return order, err
		},
		byID: func(id string) (*payments.Transaction, error) {
			order, _, err := service.QueryOrderById(s.ctx, h5.QueryOrderByIdRequest{TransactionId: &id, Mchid: mchid})
			return order, err
		},
		close: func(number string) error {
			_, err := service.CloseOrder(s.ctx, h5.CloseOrderRequest{OutTradeNo: &number, Mchid: mchid})
			return err
		},
	}
}

func (s *shop) app() way[payments.Transaction] {
	service := app.AppApiService{Client: s.client}
	mchid := core.String(s.merchant.mchid)
	return way[payments.Transaction]{
		name: "app",
		place: func(number string) (string, any, error) {
			order, _, err := service.PrepayWithRequestPayment(s.ctx, app.PrepayRequest{
				Appid: core.String(application), Mchid: mchid, Description: core.String("深圳腾大-QQ公仔"),
				OutTradeNo: &number, NotifyUrl: &s.receiver.url, Amount: &app.Amount{Total: core.Int64(total)},
			})
			return requestPayment, order, err
		},
		byNumber: func(number string) (*payments.Transaction, error) {
			order, _, err := service.QueryOrderByOutTradeNo(s.ctx, app.QueryOrderByOutTradeNoRequest{OutTradeNo: &number, Mchid: mchid})
			return order, err
		},
		byID: func(id string) (*payments.Transaction, error) {
			order, _, err := service.QueryOrderById(s.ctx, app.QueryOrderByIdRequest{TransactionId: &id, Mchid: mchid})
			return order, err
		},
		close: func(number string) error {
			_, err := service.CloseOrder(s.ctx, app.CloseOrderRequest{OutTradeNo: &number, Mchid: mchid})
			return err
		},
	}
}

// partner is the merchant as a service provider, who orders for another merchant.
func (s *shop) partner() way[partnerpayments.Transaction] {
	service := partnerjsapi.JsapiApiService{Client: s.client}
	mchid, sub := core.String(s.merchant.mchid), core.String(subMchid)
	return way[partnerpayments.Transaction]{
		name: "partner",
		place: func(number string) (string, any, error) {
			order, _, err := service.PrepayWithRequestPayment(s.ctx, partnerjsapi.PrepayRequest{
				SpAppid: core.String(application), SpMchid: mchid, SubMchid: sub, Description: core.String("深圳腾大-QQ公仔"),
				OutTradeNo: &number, NotifyUrl: &s.receiver.url,
				Amount: &partnerjsapi.Amount{Total: core.Int64(total)}, Payer: &partnerjsapi.Payer{SpOpenid: core.String(openid)},
			}, application)
			if err != nil {
				return "", nil, err
			}
			// The names of its JSON are not those that a page reads.
			return requestPayment, map[string]*string{
				"appId": order.Appid, "timeStamp": order.TimeStamp, "nonceStr": order.NonceStr,
				"package": order.Package, "signType": order.SignType, "paySign": order.PaySign,
			}, nil
		},
		byNumber: func(number string) (*partnerpayments.Transaction, error) {
			order, _, err := service.QueryOrderByOutTradeNo(s.ctx,
				partnerjsapi.QueryOrderByOutTradeNoRequest{OutTradeNo: &number, SpMchid: mchid, SubMchid: sub})
			return order, err
		},
		byID: func(id string) (*partnerpayments.Transaction, error) {
			order, _, err := service.QueryOrderById(s.ctx,
				partnerjsapi.QueryOrderByIdRequest{TransactionId: &id, SpMchid: mchid, SubMchid: sub})
			return order, err
		},
		close: func(number string) error {
			_, err := service.CloseOrder(s.ctx, partnerjsapi.CloseOrderRequest{OutTradeNo: &number, SpMchid: mchid, SubMchid: sub})
			return err
		},
	}
}
