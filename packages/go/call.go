package wechatpaymock

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// callTimeout is how long a call below /__mock/ may take. The longest that the mock itself allows are shorter.
const callTimeout = time.Minute

// Fields are the fields of a request or a response of the mock's own API, as in JSON: a number of a response is a float64.
type Fields map[string]any

// Decode reads the fields into a struct, by its json tags.
func (f Fields) Decode(into any) error {
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// with returns a copy that also has all the fields of others.
func (f Fields) with(others ...Fields) Fields {
	joined := Fields{}
	for _, fields := range append([]Fields{f}, others...) {
		for name, value := range fields {
			joined[name] = value
		}
	}
	return joined
}

// CallError is a refusal of a call of the mock's own API.
type CallError struct {
	Method, Path string
	// Status is the HTTP status: 400 for a wrong field, 401 without the token, 404 for what does not exist, 409 for what can't be
	// done now.
	Status int
	// Message says what the mock expected, what it found, and what it suggests.
	Message string
}

func (e *CallError) Error() string {
	return fmt.Sprintf("%s %s: %d: %s", e.Method, e.Path, e.Status, e.Message)
}

// gateway is a running mock, which several handles share.
type gateway struct {
	url, token string
	// process is nil if somebody else started the mock.
	process *process
	// calls makes the calls below /__mock/; merchants is the transport for the gateway's own calls.
	calls     *http.Client
	merchants *http.Transport
}

func newGateway(url, token string, process *process) *gateway {
	return &gateway{url: strings.TrimSuffix(url, "/"), token: token, process: process, calls: &http.Client{
		// Neither a proxy nor a redirect may lead a call to another host.
		Transport:     &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       callTimeout,
	}}
}

// call makes a call of the mock's own API, with a JSON body unless that is nil, and returns the body of the response. A status
// other than 2xx is a *CallError.
func (g *gateway) call(ctx context.Context, method, path string, body any) ([]byte, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", method, path, err)
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, g.url+path, content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept-Language", say("en", "zh-CN"))
	if g.token != "" {
		request.Header.Set("Authorization", "Bearer "+g.token)
	}
	answer, status, err := g.send(request)
	if err != nil {
		if g.process != nil {
			if ended := g.process.hasEnded(); ended != nil {
				return nil, ended
			}
		}
		return nil, fmt.Errorf(say("expected a mock at %s: %w", "无法连接 %s 的模拟网关：%w"), g.url, err)
	}
	if status/100 != 2 {
		var refusal struct{ Message string }
		if json.Unmarshal(answer, &refusal) != nil || refusal.Message == "" {
			refusal.Message = strings.TrimSpace(string(answer))
		}
		return answer, &CallError{method, path, status, refusal.Message}
	}
	return answer, nil
}

func (g *gateway) send(request *http.Request) (body []byte, status int, err error) {
	response, err := g.calls.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err = io.ReadAll(response.Body)
	return body, response.StatusCode, err
}

// ask makes a call and reads the JSON of its response into answer.
func (g *gateway) ask(ctx context.Context, method, path string, body, answer any) error {
	text, err := g.call(ctx, method, path, body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf(say("%s %s: expected JSON of a mock, found %.100q: %w", "%s %s：模拟网关的应答应为 JSON，实际是 %.100q：%w"),
			method, path, text, err)
	}
	return nil
}

// closeConnections closes the connections that no call uses, for which the mock would wait.
func (g *gateway) closeConnections() {
	g.calls.CloseIdleConnections()
	if g.merchants != nil {
		g.merchants.CloseIdleConnections()
	}
}
