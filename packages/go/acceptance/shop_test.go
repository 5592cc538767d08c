package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"

	wechatpaymock "github.com/wechatpay-mock/wechatpay-mock-go"
	"github.com/wechatpay-mock/wechatpay-mock-go/wechatpaygo"
)

// prepay is the operation that order calls.
const prepay = "post_pay_transactions_jsapi"

// shop is an application that uses the unmodified SDK as a merchant of the mock.
type shop struct {
	t       *testing.T
	mock    *wechatpaymock.Mock
	service jsapi.JsapiApiService
}

func newShop(t *testing.T, mock *wechatpaymock.Mock, more ...core.ClientOption) shop {
	t.Helper()
	options, err := wechatpaygo.Options(mock)
	check(t, err)
	client, err := core.NewClient(context.Background(), append(options, more...)...)
	check(t, err)
	return shop{t, mock, jsapi.JsapiApiService{Client: client}}
}

// order places an order of this number, whose payment is told to notifyURL. The SDK verifies the response.
func (s shop) order(number, notifyURL string, expires *time.Time) (prepayID string, err error) {
	answer, _, err := s.service.Prepay(context.Background(), jsapi.PrepayRequest{
		Appid: core.String("wxd678efh567hg6787"), Mchid: core.String(s.mock.Credentials()["mchid"]), Description: core.String("门票"),
		OutTradeNo: &number, NotifyUrl: &notifyURL, TimeExpire: expires,
		Amount: &jsapi.Amount{Total: core.Int64(100)},
		Payer:  &jsapi.Payer{Openid: core.String("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")},
	})
	if err != nil {
		return "", err
	}
	return *answer.PrepayId, nil
}

// mustOrder places an order without a callback.
func (s shop) mustOrder(number string) {
	s.t.Helper()
	prepayID, err := s.order(number, nowhere, nil)
	check(s.t, err)
	if prepayID == "" {
		s.t.Fatal("expected a prepay_id, found none")
	}
}

// nowhere is a notify_url for orders that are not paid.
const nowhere = "https://shop.example.com/notify"

// state queries an order, and returns its trade_state.
func (s shop) state(number string) string {
	s.t.Helper()
	answer, _, err := s.service.QueryOrderByOutTradeNo(context.Background(), jsapi.QueryOrderByOutTradeNoRequest{
		OutTradeNo: &number, Mchid: core.String(s.mock.Credentials()["mchid"]),
	})
	check(s.t, err)
	return *answer.TradeState
}

// received is a callback that the SDK's handler has verified and decrypted, or why it did not.
type received struct {
	event *notify.Request
	order payments.Transaction
	err   error
}

// receiver is the shop's server for callbacks. It takes those that verify with 204, and refuses others with 401.
func (s shop) receiver() (url string, callbacks <-chan received) {
	s.t.Helper()
	handler, err := wechatpaygo.NotifyHandler(s.mock)
	check(s.t, err)
	channel := make(chan received, 16)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		var callback received
		callback.event, callback.err = handler.ParseNotifyRequest(request.Context(), request, &callback.order)
		if callback.err != nil {
			w.WriteHeader(http.StatusUnauthorized)
		} else {
			w.WriteHeader(http.StatusNoContent)
		}
		channel <- callback
	}))
	s.t.Cleanup(server.Close)
	return server.URL + "/notify", channel
}

// next waits for the receiver's next callback.
func next(t *testing.T, callbacks <-chan received) received {
	t.Helper()
	select {
	case callback := <-callbacks:
		return callback
	case <-time.After(10 * time.Second):
		t.Fatal("expected a callback, found none within 10 s")
		panic("unreachable")
	}
}

// altering is an HTTP client that changes the body of a request after it was signed.
func altering(client *http.Client, from, to string) core.ClientOption {
	client.Transport = alter{client.Transport, []byte(from), []byte(to)}
	return option.WithHTTPClient(client)
}

type alter struct {
	transport http.RoundTripper
	from, to  []byte
}

func (a alter) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(body, a.from) {
		return nil, fmt.Errorf("expected %s in the body, found %s", a.from, body)
	}
	altered := request.Clone(request.Context())
	altered.Body = io.NopCloser(bytes.NewReader(bytes.Replace(body, a.from, a.to, 1)))
	return a.transport.RoundTrip(altered)
}

// refused checks that the SDK's call got this status and this code.
func refused(t *testing.T, err error, status int, code string) {
	t.Helper()
	var found *core.APIError
	if !errors.As(err, &found) || found.StatusCode != status || found.Code != code {
		t.Fatalf("expected %d %s, found %v", status, code, err)
	}
}

// equal checks that a value, such as a field of JSON, is as expected.
func equal(t *testing.T, what string, found, expected any) {
	t.Helper()
	a, err := json.Marshal(found)
	check(t, err)
	b, err := json.Marshal(expected)
	check(t, err)
	if !bytes.Equal(a, b) {
		t.Fatalf("%s: expected %s, found %s", what, b, a)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
