package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"

	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/downloader"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
)

// callback is one to read, what it must decrypt to, and the kind of key that signed it: certificate or public_key.
type callback struct {
	EventType string            `json:"event_type"`
	By        string            `json:"by"`
	Headers   map[string]string `json:"headers"`
	Body      string            `json:"body"`
	Resource  json.RawMessage   `json:"resource"`
}

// models are the SDK's own types of resources.
var models = map[string]func() any{
	"TRANSACTION.SUCCESS": func() any { return new(payments.Transaction) },
}

// checkCallbacks reads the callbacks of a file with the SDK's handler, which trusts one kind of key at a time. The time that
// signatures have must be now. It returns the exit code.
func checkCallbacks(ctx context.Context, merchant merchant, file string) int {
	var callbacks []callback
	content, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(content, &callbacks)
	}
	if err != nil {
		fmt.Printf("Bail out! %s: %s\n", file, err)
		return 2
	}
	handlers, err := merchant.notifyHandlers(ctx)
	if err != nil {
		fmt.Printf("Bail out! %s\n", err)
		return 2
	}
	tap := &tap{}
	for _, callback := range callbacks {
		tap.check(callback.EventType+" by "+callback.By, func() error {
			return callback.check(ctx, handlers[callback.By], &map[string]any{})
		})
		if model := models[callback.EventType]; model != nil {
			content := model()
			tap.check(fmt.Sprintf("%s by %s as %T", callback.EventType, callback.By, content), func() error {
				return callback.check(ctx, handlers[callback.By], content)
			})
		}
	}
	return tap.end()
}

// notifyHandlers are the SDK's handlers by the kind of key that they trust.
func (m merchant) notifyHandlers(ctx context.Context) (map[string]*notify.Handler, error) {
	manager := downloader.MgrInstance()
	if err := manager.RegisterDownloaderWithPrivateKey(ctx, m.key, m.serial, m.mchid, m.apiV3Key); err != nil {
		return nil, err
	}
	certificates := verifiers.NewSHA256WithRSAVerifier(manager.GetCertificateVisitor(m.mchid))
	certificate, err := notify.NewRSANotifyHandler(m.apiV3Key, certificates)
	if err != nil {
		return nil, err
	}
	publicKey, err := notify.NewRSANotifyHandler(m.apiV3Key, verifiers.NewSHA256WithRSAPubkeyVerifier(m.publicKeyID, *m.publicKey))
	return map[string]*notify.Handler{"certificate": certificate, "public_key": publicKey}, err
}

// check reads the callback into content, a pointer, and compares all that its type has.
func (c callback) check(ctx context.Context, handler *notify.Handler, content any) error {
	if handler == nil {
		return fmt.Errorf("expected certificate or public_key, found %q", c.By)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "/notify", strings.NewReader(c.Body))
	if err != nil {
		return err
	}
	for name, value := range c.Headers {
		request.Header.Set(name, value)
	}
	event, err := handler.ParseNotifyRequest(ctx, request, content)
	if err != nil {
		return err
	}
	if event.EventType != c.EventType {
		return fmt.Errorf("expected %s, found %s", c.EventType, event.EventType)
	}
	expected := reflect.New(reflect.TypeOf(content).Elem()).Interface()
	if err := json.Unmarshal(c.Resource, expected); err != nil {
		return err
	}
	if !reflect.DeepEqual(content, expected) {
		return fmt.Errorf("expected %s, found %v", c.Resource, content)
	}
	return nil
}
