package wechatpaymock

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
)

// Report says as text which requests were refused since the merchant was created or reset and why, with the diagnosis of a wrong
// signature, its fix, and the lines that should have been signed. It is empty if none was refused. Responses that a fault made are no
// refusals. Requests that name no merchant of the mock are in it, too: they may be this merchant's, with a wrong mchid or unsigned.
func (m *Mock) Report() (string, error) { return m.report(true) }

// report is the same, with or without the requests that name no merchant.
func (m *Mock) report(unknown bool) (string, error) {
	m.mutex.Lock()
	after := m.after
	m.mutex.Unlock()
	exchanges, err := m.gateway.exchanges(m.mine().with(Fields{"unknown": unknown, "after": after}))
	if err != nil {
		return "", err
	}
	var report strings.Builder
	for _, exchange := range exchanges {
		status, _ := exchange["status"].(float64)
		if status < 400 || exchange["fault"] != nil {
			continue
		}
		fmt.Fprintln(&report, exchange["line"])
		if exchange["diagnosis"] == nil {
			continue
		}
		var detail struct{ Message struct{ Text string } }
		path := fmt.Sprintf("/__mock/exchanges/%v", exchange["number"])
		if err := m.gateway.ask(context.Background(), http.MethodGet, path, nil, &detail); err != nil {
			return "", err
		}
		fmt.Fprintf(&report, "  %s\n%s", say("expected a signature over", "应签名的内容："), indent(detail.Message.Text))
	}
	return report.String(), nil
}

var chineseLocale = regexp.MustCompile(`(?i)^zh([_.@-]|$)`)

// say returns the text in the language of the environment, as wechatpay-mock chooses it.
func say(english, chinese string) string {
	for _, variable := range []string{"WECHATPAY_MOCK_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale := os.Getenv(variable); locale != "" {
			if chineseLocale.MatchString(locale) {
				return chinese
			}
			break
		}
	}
	return english
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ") + "\n"
}

// reports joins the reports of the handle and of those that Merchant made.
func (m *Mock) reports() string {
	m.mutex.Lock()
	merchants := append([]*Mock{m}, m.made...)
	m.mutex.Unlock()
	var reports strings.Builder
	for i, merchant := range merchants {
		// What names no merchant came after the first of them, and is told once.
		report, err := merchant.report(i == 0)
		if err != nil {
			report = err.Error() + "\n"
		}
		reports.WriteString(report)
	}
	return reports.String()
}
