package wechatpaymock

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// Report says as text which of the merchant's requests were refused and why, with the diagnosis of a wrong signature, its fix, and
// the lines that should have been signed. It is empty if none was refused. Responses that a fault made are no refusals.
//
// The report of the first merchant of a mock that [Start] or [New] started also has the requests that name no merchant of the mock.
func (m *Mock) Report() (string, error) {
	filters := m.mine()
	if !m.isMade {
		filters = Fields{}
	}
	exchanges, err := m.gateway.exchanges(filters)
	if err != nil {
		return "", err
	}
	var report strings.Builder
	for _, exchange := range exchanges {
		merchant, isNamed := exchange["merchant"].(string)
		status, _ := exchange["status"].(float64)
		if isNamed && merchant != m.credentials["mchid"] || status < 400 || exchange["fault"] != nil {
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
		fmt.Fprintf(&report, "  expected a signature over\n%s", indent(detail.Message.Text))
	}
	return report.String(), nil
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
	for _, merchant := range merchants {
		report, err := merchant.Report()
		if err != nil {
			report = err.Error() + "\n"
		}
		reports.WriteString(report)
	}
	return reports.String()
}
