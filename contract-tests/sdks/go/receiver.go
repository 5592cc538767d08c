package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
)

// receiver receives callbacks, and verifies and decrypts them with the SDK's handler. It refuses those that the handler
// refuses, so that the mock sends them again.
type receiver struct {
	url      string
	server   *http.Server
	received chan *notify.Request
	current  *notify.Request
}

func newReceiver(handler *notify.Handler) (*receiver, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{url: "http://" + listener.Addr().String() + "/notify", received: make(chan *notify.Request, 64)}
	r.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		event, err := handler.ParseNotifyRequest(request.Context(), request, new(json.RawMessage))
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		r.received <- event
		w.WriteHeader(http.StatusNoContent)
	})}
	go func() { _ = r.server.Serve(listener) }()
	return r, nil
}

// next waits for the callback of this event and this number, and reads it into content.
func (r *receiver) next(event, number string, content any) error {
	timeout := time.After(30 * time.Second)
	for {
		select {
		case r.current = <-r.received:
			var numbers struct {
				OutTradeNo  string `json:"out_trade_no"`
				OutRefundNo string `json:"out_refund_no"`
				OutBatchNo  string `json:"out_batch_no"`
			}
			if err := r.last(&numbers); err != nil {
				return err
			}
			isNamed := numbers.OutTradeNo == number || numbers.OutRefundNo == number || numbers.OutBatchNo == number
			if r.current.EventType == event && isNamed {
				return r.last(content)
			}
		case <-timeout:
			return fmt.Errorf("expected the callback %s of %s, found none in 30 s", event, number)
		}
	}
}

// last reads the callback of the last call of next.
func (r *receiver) last(content any) error {
	return json.Unmarshal([]byte(r.current.Resource.Plaintext), content)
}

func (r *receiver) close() { _ = r.server.Close() }
