package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
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

// newReceiver listens where the mock sends the callbacks to whose calls name no URL, if RECEIVER_PORT says so, else at any port.
func newReceiver(handler *notify.Handler) (*receiver, error) {
	port := os.Getenv("RECEIVER_PORT")
	if port == "" {
		port = "0"
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
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
			var fields map[string]any
			if err := r.last(&fields); err != nil {
				return err
			}
			if r.current.EventType == event && has(fields, number) {
				return r.last(content)
			}
		case <-timeout:
			return fmt.Errorf("expected the callback %s of %s, found none in 30 s", event, number)
		}
	}
}

// has tells whether one of the fields is this number.
func has(fields map[string]any, number string) bool {
	for _, value := range fields {
		if value == number {
			return true
		}
	}
	return false
}

// last reads the callback of the last call of next.
func (r *receiver) last(content any) error {
	return json.Unmarshal([]byte(r.current.Resource.Plaintext), content)
}

func (r *receiver) close() { _ = r.server.Close() }
