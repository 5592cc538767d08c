// Package acceptance tests the packed modules with the unmodified official SDK. Each test has the name of one in
// packages/acceptance.json, whose path is in ACCEPTANCE.
package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	wechatpaymock "github.com/wechatpay-mock/wechatpay-mock-go"
)

func Test_answers_a_signed_request(t *testing.T) {
	s := newShop(t, wechatpaymock.Start(t))
	s.mustOrder("order-1")

	_, err := s.mock.Fault("wrong-key")
	check(t, err)
	if _, err := s.order("order-2", nowhere, nil); err == nil || !strings.Contains(err.Error(), "verify signature") {
		t.Fatalf("expected that the SDK rejects a response signed with another key, found %v", err)
	}
}

func Test_refuses_a_wrong_signature(t *testing.T) {
	mock := wechatpaymock.Start(t)
	report, err := mock.Report()
	check(t, err)
	equal(t, "the report before", report, "")

	s := newShop(t, mock, altering(mock.Client(), `"total":100`, `"total":999`))
	_, err = s.order("order-1", nowhere, nil)
	refused(t, err, 401, "SIGN_ERROR")

	report, err = mock.Report()
	check(t, err)
	for _, part := range []string{"401", prepay, "other-message", "compare what you sign, line by line", `"total":999}`} {
		if !strings.Contains(report, part) {
			t.Errorf("expected %q in the report, found %s", part, report)
		}
	}
}

func Test_reports_a_wrong_mchid(t *testing.T) {
	mock := wechatpaymock.Start(t)
	own, err := mock.Merchant()
	check(t, err)
	gone, err := mock.Merchant()
	check(t, err)
	s := newShop(t, gone)
	check(t, gone.Close())
	_, err = s.order("order-1", nowhere, nil)
	refused(t, err, 401, "SIGN_ERROR")

	report, err := own.Report()
	check(t, err)
	if !strings.Contains(report, "401") || !strings.Contains(report, prepay) {
		t.Errorf("expected the request in the report, found %q", report)
	}
	later, err := mock.Merchant()
	check(t, err)
	report, err = later.Report()
	check(t, err)
	equal(t, "the report of a merchant that was made afterwards", report, "")
}

func Test_a_fault_strikes_once(t *testing.T) {
	s := newShop(t, wechatpaymock.Start(t))
	_, err := s.mock.Fault("system-error")
	check(t, err)
	_, err = s.order("order-1", nowhere, nil)
	refused(t, err, 500, "SYSTEM_ERROR")
	s.mustOrder("order-1")

	rule, err := s.mock.Fault("no-auth", wechatpaymock.Fields{"match": wechatpaymock.Fields{"operation": prepay}})
	check(t, err)
	for range [2]int{} {
		_, err = s.order("order-2", nowhere, nil)
		refused(t, err, 403, "NO_AUTH")
	}
	check(t, rule.Delete())
	s.mustOrder("order-2")

	_, err = s.mock.Fault("system-eror")
	var refusal *wechatpaymock.CallError
	if !errors.As(err, &refusal) || refusal.Status != 400 || !strings.Contains(refusal.Message, "did you mean system-error?") {
		t.Fatalf("expected 400 with the nearest fault, found %v", err)
	}
}

func Test_expects_what_was_sent(t *testing.T) {
	s := newShop(t, wechatpaymock.Start(t))
	s.mustOrder("order-1")
	expected := wechatpaymock.Fields{"operation": prepay, "body": wechatpaymock.Fields{"out_trade_no": "order-1"}, "times": 1}
	check(t, s.mock.Expect(expected))

	expected["times"] = 2
	err := s.mock.Expect(expected)
	var unmet *wechatpaymock.ExpectationError
	if !errors.As(err, &unmet) || !strings.Contains(err.Error(), "exactly 2 exchanges") || !strings.Contains(err.Error(), "found 1") {
		t.Fatalf("expected that 2 were expected and 1 was found, found %v", err)
	}
}

func Test_lists_exchanges(t *testing.T) {
	one := newShop(t, wechatpaymock.Start(t))
	merchant, err := one.mock.Merchant()
	check(t, err)
	other := newShop(t, merchant)
	one.mustOrder("order-1")
	other.mustOrder("order-2")
	_, err = one.mock.Fault("system-error")
	check(t, err)
	other.mustOrder("order-3")
	_, err = one.order("order-3", nowhere, nil)
	refused(t, err, 500, "SYSTEM_ERROR")

	exchanges, err := one.mock.Exchanges()
	check(t, err)
	var found [][2]any
	for _, exchange := range exchanges {
		found = append(found, [2]any{exchange["merchant"], exchange["status"]})
	}
	mchid := one.mock.Credentials()["mchid"]
	equal(t, "the exchanges", found, [][2]any{{mchid, 200}, {mchid, 500}})
	exchanges, err = other.mock.Exchanges(wechatpaymock.Fields{"status": 200})
	check(t, err)
	equal(t, "the other merchant's", len(exchanges), 2)
}

func Test_pays_an_order(t *testing.T) {
	s := newShop(t, wechatpaymock.Start(t))
	url, callbacks := s.receiver()
	_, err := s.order("order-1", url, nil)
	check(t, err)
	equal(t, "trade_state before", s.state("order-1"), "NOTPAY")
	_, err = s.mock.Pay("order-1")
	check(t, err)

	callback := next(t, callbacks)
	check(t, callback.err)
	equal(t, "event_type", callback.event.EventType, "TRANSACTION.SUCCESS")
	equal(t, "out_trade_no", callback.order.OutTradeNo, "order-1")
	equal(t, "total", callback.order.Amount.Total, 100)
	equal(t, "trade_state", s.state("order-1"), "SUCCESS")

	s.mustOrder("order-2")
	_, err = s.mock.Pay("order-2", wechatpaymock.Fields{"action": "cancel"})
	check(t, err)
	equal(t, "trade_state of a cancelled payment", s.state("order-2"), "NOTPAY")
}

func Test_triggers_a_callback(t *testing.T) {
	s := newShop(t, wechatpaymock.Start(t))
	url, callbacks := s.receiver()
	trigger := func() wechatpaymock.Fields {
		attempt, err := s.mock.Trigger("TRANSACTION.SUCCESS", wechatpaymock.Fields{
			"to": url, "resource": wechatpaymock.Fields{"out_trade_no": "order-1"},
		})
		check(t, err)
		return attempt
	}

	attempt := trigger()
	equal(t, "the attempt", []any{attempt["received"], attempt["status"]}, []any{true, 204})
	callback := next(t, callbacks)
	check(t, callback.err)
	equal(t, "out_trade_no", callback.order.OutTradeNo, "order-1")

	_, err := s.mock.Fault("wrong-key", wechatpaymock.Fields{"on": "callback", "times": 1})
	check(t, err)
	attempt = trigger()
	equal(t, "the attempt with a wrong signature", []any{attempt["received"], attempt["status"]}, []any{false, 401})
	if callback := next(t, callbacks); callback.err == nil {
		t.Fatal("expected that the SDK's handler refuses a wrong signature, found none")
	}
}

func Test_moves_the_clock(t *testing.T) {
	s := newShop(t, wechatpaymock.Start(t))
	clock := s.mock.Clock()
	frozen, err := clock.Freeze(time.Time{})
	check(t, err)
	expires := frozen.Add(30 * time.Minute)
	_, err = s.order("order-1", nowhere, &expires)
	check(t, err)
	_, err = clock.Advance(time.Hour)
	check(t, err)
	now, err := clock.Now()
	check(t, err)
	equal(t, "the clock", now.Unix(), frozen.Add(time.Hour).Unix())

	_, err = s.mock.Pay("order-1")
	var refusal *wechatpaymock.CallError
	if !errors.As(err, &refusal) || refusal.Status != 409 {
		t.Fatalf("expected 409 for an order whose time_expire has passed, found %v", err)
	}
	_, err = s.order("order-2", nowhere, nil)
	refused(t, err, 401, "SIGN_ERROR")

	resumed, err := clock.Resume()
	check(t, err)
	if difference := time.Since(resumed).Abs(); difference > time.Minute {
		t.Fatalf("expected the real time after Resume, found %s", resumed)
	}
	s.mustOrder("order-2")
	if _, err := clock.Advance(time.Millisecond); err == nil {
		t.Fatal("expected that a part of a second is refused, found none")
	}
}

func Test_merchants_are_apart(t *testing.T) {
	one := newShop(t, wechatpaymock.Start(t))
	merchant, err := one.mock.Merchant(wechatpaymock.Fields{"trust": "platform-certificate"})
	check(t, err)
	other := newShop(t, merchant)
	one.mustOrder("order-1")
	other.mustOrder("order-1")
	check(t, other.mock.Expect(wechatpaymock.Fields{"operation": prepay, "times": 1}))
	url, callbacks := other.receiver()
	_, err = other.mock.Trigger("TRANSACTION.SUCCESS", wechatpaymock.Fields{"to": url})
	check(t, err)
	callback := next(t, callbacks)
	check(t, callback.err)
	equal(t, "the callback's merchant", callback.order.Mchid, merchant.Credentials()["mchid"])
	check(t, one.mock.Reset())

	_, err = one.mock.Pay("order-1")
	var refusal *wechatpaymock.CallError
	if !errors.As(err, &refusal) || refusal.Status != 404 {
		t.Fatalf("expected 404 for an order that was reset, found %v", err)
	}
	equal(t, "the other merchant's order", other.state("order-1"), "NOTPAY")

	check(t, merchant.Close())
	_, err = other.order("order-2", nowhere, nil)
	refused(t, err, 401, "SIGN_ERROR")
	one.mustOrder("order-2")
}

func Test_uses_a_running_mock(t *testing.T) {
	running := wechatpaymock.Start(t)
	t.Setenv("WECHATPAY_MOCK_URL", running.URL())
	mock, err := wechatpaymock.New(context.Background())
	check(t, err)
	equal(t, "the URL", mock.URL(), running.URL())
	if mock.Credentials()["mchid"] == running.Credentials()["mchid"] {
		t.Fatal("expected a merchant of its own, found the first one")
	}
	s := newShop(t, mock)
	s.mustOrder("order-1")
	check(t, mock.Close())
	check(t, mock.Close())

	_, err = s.order("order-2", nowhere, nil)
	refused(t, err, 401, "SIGN_ERROR")
	newShop(t, running).mustOrder("order-1")
}

func Test_says_why_it_did_not_start(t *testing.T) {
	mock, err := wechatpaymock.New(context.Background(), wechatpaymock.Config("not-there.toml"))
	if err == nil {
		check(t, mock.Close())
		t.Fatal("expected an error, found a mock")
	}
	for _, part := range []string{"--config not-there.toml", "exit status 2", "stderr: error: ", "not-there.toml: expected a configuration file that can be read"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("expected %q, found %v", part, err)
		}
	}
}

func Test_environment(t *testing.T) {
	mock := wechatpaymock.Start(t)
	environment, err := mock.Environment()
	check(t, err)
	child := exec.Command(os.Args[0], "-test.run=^Test_is_a_child$", "-test.count=1")
	child.Env = append(append(os.Environ(), "IS_CHILD=1"), environment...)
	if output, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%s\n%s", err, output)
	}
	check(t, mock.Expect(wechatpaymock.Fields{"operation": "list_certificates", "status": 200, "times": 1}))
}

// Test_is_a_child is the child of the test above: it knows the SDK and nothing of the mock, and downloads the certificates.
func Test_is_a_child(t *testing.T) {
	if os.Getenv("IS_CHILD") == "" {
		t.Skip("only runs as the child of Test_environment")
	}
	key, err := utils.LoadPrivateKeyWithPath(os.Getenv("WECHATPAY_MERCHANT_KEY"))
	check(t, err)
	_, err = core.NewClient(context.Background(), option.WithWechatPayAutoAuthCipher(
		os.Getenv("WECHATPAY_MCHID"), os.Getenv("WECHATPAY_MERCHANT_SERIAL"), key, os.Getenv("WECHATPAY_APIV3_KEY")))
	check(t, err)
}

// Test_api compares the exported names with those of acceptance.json; Client is Go's own.
func Test_api(t *testing.T) {
	text, err := os.ReadFile(os.Getenv("ACCEPTANCE"))
	check(t, err)
	var acceptance struct{ API []struct{ Name string } }
	check(t, json.Unmarshal(text, &acceptance))
	expected := map[string]bool{"Client": true}
	for _, entry := range acceptance.API {
		expected[strings.ToUpper(entry.Name[:1])+entry.Name[1:]] = true
	}
	delete(expected, "Url")
	expected["URL"] = true

	found := map[string]bool{"Start": reflect.TypeOf(wechatpaymock.Start) != nil}
	handle := reflect.TypeOf(&wechatpaymock.Mock{})
	for i := 0; i < handle.NumMethod(); i++ {
		found[handle.Method(i).Name] = true
	}
	equal(t, "the names of the API", found, expected)
}
