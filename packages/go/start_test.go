//go:build unix

package wechatpaymock

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// recorder is a test whose end and outcome this test decides.
type recorder struct {
	testing.TB
	hasFailed bool
	cleanups  []func()
	logged    []string
}

func (r *recorder) Failed() bool       { return r.hasFailed }
func (r *recorder) Cleanup(end func()) { r.cleanups = append(r.cleanups, end) }
func (r *recorder) Log(values ...any)  { r.logged = append(r.logged, fmt.Sprint(values...)) }

// end runs a test with a request that is refused, and returns what the test logged.
func end(t *testing.T, hasFailed bool) string {
	r := &recorder{TB: t, hasFailed: hasFailed}
	mock := Start(r)
	request, err := http.NewRequest(http.MethodGet, "https://api.mch.weixin.qq.com/v3/certificates", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/json")
	response, err := mock.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Fatalf("expected 401, found %s", response.Status)
	}
	for _, cleanup := range r.cleanups {
		cleanup()
	}
	return strings.Join(r.logged, "\n")
}

func TestAFailedTestLogsWhatWasRefused(t *testing.T) {
	for locale, why := range map[string]string{"C": "expected an Authorization header, found none", "zh_CN.UTF-8": "缺少 Authorization 头"} {
		t.Setenv("LC_ALL", locale)
		if logged := end(t, true); !strings.Contains(logged, why) {
			t.Errorf("%s: expected why the request was refused, found %q", locale, logged)
		}
	}
}

func TestTheLanguageOfTheProgramPrecedesTheLocale(t *testing.T) {
	t.Setenv("LC_ALL", "zh_CN.UTF-8")
	t.Setenv("WECHATPAY_MOCK_LANG", "en")
	if language := say("en", "zh"); language != "en" {
		t.Errorf("expected en, found %s", language)
	}
}

func TestAPassedTestLogsNothing(t *testing.T) {
	if logged := end(t, false); logged != "" {
		t.Errorf("expected nothing, found %q", logged)
	}
}

func TestTheClientReachesNoOtherHost(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("expected no request to another host, found one")
	}))
	defer other.Close()
	mock := Start(t)
	if response, err := mock.Client().Get(other.URL); err == nil {
		_ = response.Body.Close()
		if response.StatusCode/100 == 2 {
			t.Errorf("expected that the mock refuses another host, found %s", response.Status)
		}
	}
}

func TestExchangesAreListedPageByPage(t *testing.T) {
	mock := Start(t)
	for range [1001]struct{}{} {
		response, err := mock.gateway.calls.Get(mock.URL() + "/v3/certificates")
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	report, err := mock.Report()
	if err != nil {
		t.Fatal(err)
	}
	if found := strings.Count(report, "\n"); found != 1001 {
		t.Errorf("expected 1001 refusals, found %d", found)
	}
}

// script writes a program that stands in for the mock.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wechatpay-mock")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// fails starts a mock that must not start, with an error that has these parts.
func fails(t *testing.T, options []Option, parts ...string) {
	t.Helper()
	mock, err := New(context.Background(), options...)
	if err == nil {
		t.Fatalf("expected an error, found a mock; Close says %v", mock.Close())
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("expected %q, found %s", part, err)
		}
	}
}

func TestAMockThatDoesNotListenIsKilled(t *testing.T) {
	fails(t, []Option{Binary(script(t, "echo waiting >&2; exec sleep 600")), Timeout(300 * time.Millisecond)},
		"expected \"listening on http://…\" as its first line", "found none", "timeout is 300ms", "stderr: waiting")
}

func TestAnotherFirstLineIsShown(t *testing.T) {
	fails(t, []Option{Binary(script(t, "echo hello; exec sleep 600"))}, `found "hello"`)
}

func TestOnlyTheEndOfStderrIsKept(t *testing.T) {
	mock := script(t, "i=0; while [ $i -lt 2000 ]; do echo 'line '$i' of many' >&2; i=$((i+1)); done; exit 3")
	_, err := New(context.Background(), Binary(mock))
	if err == nil || !strings.Contains(err.Error(), "line 1999 of many") || len(err.Error()) > 17<<10 {
		t.Errorf("expected the last 16 KiB of stderr, found %v", err)
	}
}

func TestTheOptionComesBeforeTheVariableAndPath(t *testing.T) {
	t.Setenv("WECHATPAY_MOCK_BINARY", script(t, "echo the variable; exec sleep 600"))
	t.Setenv("PATH", filepath.Dir(script(t, "echo the path; exec sleep 600"))+":"+os.Getenv("PATH"))
	fails(t, []Option{Binary(script(t, "echo the option; exec sleep 600"))}, `found "the option"`)
	fails(t, nil, `found "the variable"`)
	t.Setenv("WECHATPAY_MOCK_BINARY", "")
	fails(t, nil, `found "the path"`)
}

func TestWithoutAProgramTheErrorNamesAllFourPlaces(t *testing.T) {
	t.Setenv("WECHATPAY_MOCK_BINARY", "")
	t.Setenv("PATH", t.TempDir())
	fails(t, nil, "option Binary", "WECHATPAY_MOCK_BINARY", "platform module", "on PATH")
}

func TestErrorsAreInTheLanguageOfTheEnvironment(t *testing.T) {
	t.Setenv("WECHATPAY_MOCK_LANG", "zh")
	fails(t, []Option{Binary(script(t, "echo the reason >&2; exit 3"))}, "实际已退出：exit status 3", "stderr：the reason")
}

func TestTheTokenIsSent(t *testing.T) {
	t.Setenv("WECHATPAY_MOCK_ADMIN_TOKEN", "a-token-of-32-visible-characters")
	mock := Start(t)
	response, err := http.Get(mock.URL() + "/__mock/exchanges")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("expected 401 without the token, found %s", response.Status)
	}
	if _, err := mock.Exchanges(); err != nil {
		t.Error(err)
	}
}

func TestAURLWithoutAMockIsRefused(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	t.Setenv("WECHATPAY_MOCK_URL", other.URL)
	fails(t, nil, "WECHATPAY_MOCK_URL: GET /__mock/ca.pem: 404")
	other.Close()
	fails(t, nil, "WECHATPAY_MOCK_URL: expected a mock at "+other.URL)
}

func TestAMockThatHasEndedSaysSo(t *testing.T) {
	mock, err := New(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := mock.gateway.process.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-mock.gateway.process.ended
	for what, err := range map[string]error{"a call": mock.Reset(), "Close": mock.Close()} {
		if err == nil || !strings.Contains(err.Error(), "found that it has ended: signal: killed") {
			t.Errorf("expected that %s says how the mock ended, found %v", what, err)
		}
	}
}
