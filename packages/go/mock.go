package wechatpaymock

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Mock is a handle of one merchant of a running mock.
type Mock struct {
	gateway     *gateway
	credentials Credentials
	// isMade says that the merchant was created for this handle, and is deleted with it.
	isMade bool

	mutex sync.Mutex
	// made are the handles that Merchant made.
	made []*Mock
	// after is the number of the last exchange before the merchant was created or reset.
	after int
	// folder has the files that the variables of Environment name, from its first call on.
	folder   string
	isClosed bool
}

// Credentials are a merchant's credentials, with the names of GET /__mock/credentials: mchid, merchant_serial, merchant_key,
// merchant_certificate, apiv3_key, and, if the merchant trusts that kind of key, public_key_id and public_key, platform_serial and
// platform_certificate. Keys and certificates are PEM.
type Credentials map[string]string

// Start starts a mock for a test, or uses the one that WECHATPAY_MOCK_URL names, with a new merchant. It closes the mock at the
// end of the test; if the test has failed, it first logs the [Mock.Report] of each merchant. If the mock does not start, the test
// ends here.
func Start(t testing.TB, options ...Option) *Mock {
	t.Helper()
	m, err := New(context.Background(), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			if report := m.reports(); report != "" {
				t.Log(say("wechatpay-mock refused:", "wechatpay-mock 拒绝了：") + "\n" + strings.TrimSpace(report))
			}
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// New starts a mock, or uses the one that WECHATPAY_MOCK_URL names, with a new merchant, and returns when it listens. Close it when
// you are done. When ctx is done, starting ends; a mock that has started goes on.
//
// If WECHATPAY_MOCK_ADMIN_TOKEN is set, calls of the mock's own API send it.
//
// # Errors
//
// There is no program to start, the mock does not listen within [Timeout], or it ends before; the error then has the last 16 KiB of
// its stderr. Or no mock answers at WECHATPAY_MOCK_URL.
func New(ctx context.Context, options ...Option) (*Mock, error) {
	s := settings{timeout: startTimeout}
	for _, option := range options {
		option(&s)
	}
	token := os.Getenv("WECHATPAY_MOCK_ADMIN_TOKEN")
	if running := os.Getenv("WECHATPAY_MOCK_URL"); running != "" {
		g := newGateway(running, token, nil)
		if err := g.trust(ctx); err != nil {
			return nil, fmt.Errorf("WECHATPAY_MOCK_URL: %w", err)
		}
		return g.newMerchant(ctx, Fields{})
	}
	address, process, err := launch(ctx, s)
	if err != nil {
		return nil, err
	}
	m := &Mock{gateway: newGateway(address, token, process)}
	if err = m.gateway.trust(ctx); err == nil {
		err = m.gateway.ask(ctx, http.MethodGet, "/__mock/credentials", nil, &m.credentials)
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// trust makes the transport that trusts the mock's certificate authority.
func (g *gateway) trust(ctx context.Context) error {
	authority, err := g.call(ctx, http.MethodGet, "/__mock/ca.pem", nil)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return fmt.Errorf(say("expected the certificate of the mock at %s, found %.100q", "%s 的模拟网关应返回它的 CA 证书，实际是 %.100q"),
			g.url, authority)
	}
	address, err := url.Parse(g.url)
	if err != nil {
		return err
	}
	g.merchants = &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool},
		Proxy: func(request *http.Request) (*url.URL, error) {
			if request.URL.Host == address.Host {
				return nil, nil
			}
			return address, nil
		},
	}
	return nil
}

func (g *gateway) newMerchant(ctx context.Context, fields Fields) (*Mock, error) {
	m := &Mock{gateway: g, isMade: true}
	err := g.ask(ctx, http.MethodPost, "/__mock/merchants", fields, &m.credentials)
	if err == nil {
		m.after, err = g.lastNumber(ctx)
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// URL is the mock's base URL, such as http://127.0.0.1:8080.
func (m *Mock) URL() string { return m.gateway.url }

// Credentials returns a copy of the merchant's credentials.
func (m *Mock) Credentials() Credentials {
	credentials := Credentials{}
	for name, value := range m.credentials {
		credentials[name] = value
	}
	return credentials
}

// Client returns a client that reaches the mock under the gateway's own name, https://api.mch.weixin.qq.com, so that an SDK needs
// no other change: it connects through the mock as a proxy, and trusts the mock's certificate authority and no other. The mock
// refuses requests to other hosts. The client has no timeout; set one to test what your code does without a response.
func (m *Mock) Client() *http.Client { return &http.Client{Transport: m.gateway.merchants} }

// Merchant creates another merchant of the mock. Its handle is for this merchant only; closing it deletes the merchant. The fields
// are those of POST /__mock/merchants, all optional: mchid, trust, new_key, seed. Closing m closes it, too.
//
// # Errors
//
// A [*CallError] if a field is wrong, the mchid is taken, or the mock has 1,000 such merchants.
func (m *Mock) Merchant(fields ...Fields) (*Mock, error) {
	merchant, err := m.gateway.newMerchant(context.Background(), Fields{}.with(fields...))
	if err != nil {
		return nil, err
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.made = append(m.made, merchant)
	return merchant, nil
}

// Rule is a fault rule of the mock.
type Rule struct {
	gateway *gateway
	// ID is its number in GET /__mock/faults.
	ID int
}

// Delete deletes the rule, also if it is used up.
//
// # Errors
//
// A [*CallError] if it does not exist any more, as after [Mock.Reset].
func (r *Rule) Delete() error {
	_, err := r.gateway.call(context.Background(), http.MethodDelete, "/__mock/faults/"+strconv.Itoa(r.ID), nil)
	return err
}

// Fault adds a fault rule for the merchant's requests. Of a name alone, such as "system-error", the rule is for the next request.
// With fields of POST /__mock/faults, such as times, ttl (seconds), milliseconds, on or match, it is as they say; then the name may
// be empty, for error or latency. Faults strike only requests that are signed correctly and valid. `wechatpay-mock faults` lists
// the names.
//
// # Errors
//
// A [*CallError] if there is no such fault, with the nearest name, or a field is wrong.
func (m *Mock) Fault(name string, rule ...Fields) (*Rule, error) {
	fields := Fields{}.with(rule...)
	if name != "" {
		fields["fault"] = name
	}
	if len(rule) == 0 {
		fields["times"] = 1
	}
	match, err := convert(fields["match"])
	if err != nil {
		return nil, fmt.Errorf("match: %w", err)
	}
	fields["match"] = Fields{"merchant": m.credentials["mchid"]}.with(match)
	added := &Rule{gateway: m.gateway}
	return added, m.gateway.ask(context.Background(), http.MethodPost, "/__mock/faults", fields, added)
}

// convert returns the fields of anything whose JSON is an object.
func convert(value any) (fields Fields, err error) {
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &fields)
	}
	return fields, err
}

// ExpectationError says that the merchant's requests were not as [Mock.Expect] said.
type ExpectationError struct {
	// Found says what was expected, what was found, and what the nearest request differs in.
	Found string
	// Refused is the [Mock.Report] of the merchant, which may be the reason.
	Refused string
}

func (e *ExpectationError) Error() string {
	if e.Refused == "" {
		return e.Found
	}
	return e.Found + "\n" + say("refused:", "被拒绝的请求：") + "\n" + e.Refused
}

// Expect checks which requests the merchant has made. The fields are those of POST /__mock/verify: filters such as operation, status
// or body, and times, a number, or an object with at_least and at_most; without times, at least one.
//
// # Errors
//
// An [*ExpectationError] if it is not met, and a [*CallError] if a field is wrong, for example an operation that does not exist.
func (m *Mock) Expect(fields Fields) error {
	_, err := m.gateway.call(context.Background(), http.MethodPost, "/__mock/verify", m.mine().with(fields))
	var refusal *CallError
	if !errors.As(err, &refusal) || refusal.Status != http.StatusConflict {
		return err
	}
	return m.unmet(refusal)
}

// unmet turns the refusal of an expectation, whose body is its verification, into the error to return.
func (m *Mock) unmet(refusal *CallError) error {
	var verification struct{ Report string }
	if err := json.Unmarshal([]byte(refusal.Message), &verification); err != nil {
		return refusal
	}
	refused, err := m.Report()
	if err != nil {
		refused = err.Error()
	}
	return &ExpectationError{Found: verification.Report, Refused: refused}
}

// Trigger sends a callback to the merchant now, and returns its first attempt: received says whether the receiver took it, status
// what it answered, or null, and reason why not. The fields are those of POST /__mock/callbacks: to, the URL to send it to, and
// resource, what differs from the example. `wechatpay-mock trigger --list` lists the events.
//
// # Errors
//
// A [*CallError] if there is no such event, or no URL. A receiver that does not take the callback is no error.
func (m *Mock) Trigger(event string, fields ...Fields) (Fields, error) {
	var callback struct{ Attempts []Fields }
	body := m.mine().with(Fields{"event_type": event}).with(fields...)
	if err := m.gateway.ask(context.Background(), http.MethodPost, "/__mock/callbacks", body, &callback); err != nil {
		return nil, err
	}
	if len(callback.Attempts) == 0 {
		return nil, fmt.Errorf(say("expected an attempt to deliver %s, found none: a fault may have kept it back",
			"%s 没有投递过：可能被故障规则拦下了"), event)
	}
	return callback.Attempts[0], nil
}

// Pay pays an order as its user would, and returns it as a query shows it. The fields are those of POST /__mock/payments, such as
// action: pay, fail, cancel, start or close. The callback of a payment goes to the order's notify_url.
//
// # Errors
//
// A [*CallError] if there is no such order, or it can't be paid any more; its message has what the user sees.
func (m *Mock) Pay(outTradeNo string, fields ...Fields) (order Fields, err error) {
	body := m.mine().with(Fields{"out_trade_no": outTradeNo}).with(fields...)
	return order, m.gateway.ask(context.Background(), http.MethodPost, "/__mock/payments", body, &order)
}

// Exchanges lists the merchant's exchanges, oldest first: each a request with its response, and fields such as number, method,
// target, operation, status and code. The filters are those of GET /__mock/exchanges.
//
// # Errors
//
// A [*CallError] if a filter is wrong.
func (m *Mock) Exchanges(filters ...Fields) ([]Fields, error) {
	return m.gateway.exchanges(m.mine().with(filters...))
}

func (g *gateway) exchanges(filters Fields) (all []Fields, err error) {
	query := url.Values{"limit": {"1000"}}
	for name, value := range filters {
		query.Set(name, fmt.Sprint(value))
	}
	for {
		var page struct {
			Exchanges []Fields
			HasMore   bool `json:"has_more"`
			Last      int
		}
		if err := g.ask(context.Background(), http.MethodGet, "/__mock/exchanges?"+query.Encode(), nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Exchanges...)
		if !page.HasMore || filters["limit"] != nil {
			return all, nil
		}
		query.Set("after", strconv.Itoa(page.Last))
	}
}

// lastNumber is the number of the last exchange.
func (g *gateway) lastNumber(ctx context.Context) (int, error) {
	var newest struct{ Exchanges []struct{ Number int } }
	err := g.ask(ctx, http.MethodGet, "/__mock/exchanges?order=newest&limit=1", nil, &newest)
	if err != nil || len(newest.Exchanges) == 0 {
		return 0, err
	}
	return newest.Exchanges[0].Number, nil
}

// Reset deletes what the mock keeps for the merchant: its documents, exchanges, fault rules and callbacks. The clock stays.
func (m *Mock) Reset() error {
	if _, err := m.gateway.call(context.Background(), http.MethodPost, "/__mock/reset", m.mine()); err != nil {
		return err
	}
	last, err := m.gateway.lastNumber(context.Background())
	if err == nil {
		m.mutex.Lock()
		m.after = last
		m.mutex.Unlock()
	}
	return err
}

// Close stops the mock if [Start] or [New] started it, and returns when it has ended. Of a merchant that was created for this
// handle, it deletes the merchant. A second call does nothing.
//
// A mock also stops when the process that started it ends, however that is killed.
//
// # Errors
//
// The mock had already ended, or ended with a status other than 0; or the merchant could not be deleted.
func (m *Mock) Close() error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.isClosed {
		return nil
	}
	m.isClosed = true
	var failures []error
	if m.folder != "" {
		failures = append(failures, os.RemoveAll(m.folder))
	}
	for _, merchant := range m.made {
		failures = append(failures, merchant.Close())
	}
	if m.isMade {
		_, err := m.gateway.call(context.Background(), http.MethodDelete, "/__mock/merchants/"+m.credentials["mchid"], nil)
		failures = append(failures, err)
	}
	m.gateway.closeConnections()
	if !m.isMade {
		failures = append(failures, m.gateway.process.close())
	}
	return errors.Join(failures...)
}

// mine are the fields by which calls are about this merchant.
func (m *Mock) mine() Fields { return Fields{"merchant": m.credentials["mchid"]} }
