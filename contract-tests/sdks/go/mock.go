package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// mock is the address of the mock, whose calls below /__mock/ need no signature.
type mock string

func mockFromEnvironment() (mock, error) {
	url := os.Getenv("WECHATPAY_MOCK_URL")
	if url == "" {
		return "", errors.New("expected WECHATPAY_MOCK_URL, found none: run this as `wechatpay-mock run -- build/suite`")
	}
	return mock(url), nil
}

// post makes a call and reads its response into content, unless that is nil.
func (m mock) post(path string, body, content any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	response, err := http.Post(string(m)+path, "application/json", bytes.NewReader(text))
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("expected status 200 to %s %s, found %d %s", path, text, response.StatusCode, strings.TrimSpace(string(answer)))
	}
	if content == nil {
		return nil
	}
	return json.Unmarshal(answer, content)
}

var beijing = time.FixedZone("Beijing", 8*60*60)

// freeze stops the clock at an hour of the day of a time, or of the day so many days later. Signatures keep the real time, which is
// the SDK's.
func (m mock) freeze(of time.Time, days, hour int) error {
	year, month, day := of.In(beijing).Date()
	at := time.Date(year, month, day+days, hour, 0, 0, 0, beijing)
	return m.post("/__mock/clock", map[string]any{"action": "freeze", "at": at.Unix(), "signatures": "real"}, nil)
}

// advance moves the clock that freeze stopped.
func (m mock) advance(seconds int) error {
	return m.post("/__mock/clock", map[string]any{"action": "advance", "seconds": seconds, "signatures": "real"}, nil)
}

// act lets the other person do something with what has this number.
func (m mock) act(path, field, number, action string) error {
	return m.post(path, map[string]string{field: number, "action": action}, nil)
}

// convert turns a value into another that has the same JSON.
func convert(from, to any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, to)
}
