// A shop that receives callbacks with the official Go SDK.
//
//	wechatpay-mock run -- go run . --port 3000
//
// Port 0 takes a free one. With --order FILE, the shop knows this order, and takes no other payment. The keys come from
// environment variables, which `wechatpay-mock run` sets.
package main

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

const mostBytes = 1 << 20

func main() {
	port := flag.String("port", cmp.Or(os.Getenv("PORT"), "3000"), "the port to listen on; 0 takes a free one")
	order := flag.String("order", "", "a file with the order that the shop knows")
	flag.Parse()
	log.SetFlags(0)

	verifier, err := trustedKeys()
	if err != nil {
		log.Fatal(err)
	}
	handler, err := notify.NewRSANotifyHandler(os.Getenv("WECHATPAY_APIV3_KEY"), verifier)
	if err != nil {
		log.Fatal(err)
	}
	shop, err := newShop(*order)
	if err != nil {
		log.Fatal(err)
	}

	routes := http.NewServeMux()
	routes.HandleFunc("/notify", func(w http.ResponseWriter, r *http.Request) { receive(w, r, handler, shop) })
	// Two questions of `wechatpay-mock prove-receiver`: how many events were acted upon, and to begin anew.
	routes.HandleFunc("/count", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "{\"count\": %d}\n", shop.acted()) })
	routes.HandleFunc("/reset", func(w http.ResponseWriter, _ *http.Request) {
		shop.reset()
		w.WriteHeader(http.StatusNoContent)
	})

	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", *port))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s/notify\n", listener.Addr())
	server := http.Server{Handler: routes, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	log.Fatal(server.Serve(listener))
}

// trustedKeys are WeChat Pay's public key, its certificate, or both: while a merchant changes from the certificate to the public
// key, callbacks are signed with either. An unknown key is refused at once. The SDK could also download certificates when it
// starts and each day, but not when a callback names an unknown one.
func trustedKeys() (auth.Verifier, error) {
	var trusted []*x509.Certificate
	if path := os.Getenv("WECHATPAY_PLATFORM_CERTIFICATE"); path != "" {
		certificate, err := utils.LoadCertificateWithPath(path)
		if err != nil {
			return nil, err
		}
		trusted = append(trusted, certificate)
	}
	certificates := core.NewCertificateMapWithList(trusted)
	path := os.Getenv("WECHATPAY_PUBLIC_KEY")
	if path == "" {
		return verifiers.NewSHA256WithRSAVerifier(certificates), nil
	}
	key, err := utils.LoadPublicKeyWithPath(path)
	if err != nil {
		return nil, err
	}
	return verifiers.NewSHA256WithRSACombinedVerifier(certificates, os.Getenv("WECHATPAY_PUBLIC_KEY_ID"), *key), nil
}

// receive verifies and decrypts a callback, and acts upon it.
func receive(w http.ResponseWriter, r *http.Request, handler *notify.Handler, shop *shop) {
	if r.Method != http.MethodPost {
		refuse(w, http.StatusMethodNotAllowed, errors.New("expected POST, found "+r.Method))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBytes))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))

	event, resource, err := parse(handler, r)
	switch {
	case err != nil && event == nil:
		refuse(w, http.StatusUnauthorized, err)
	case err != nil:
		refuse(w, http.StatusBadRequest, err)
	default:
		shop.act(event, resource)
		w.WriteHeader(http.StatusNoContent)
	}
}

// parse verifies and decrypts with the SDK, which checks the time too. Without an event, the callback is not verified or no JSON.
func parse(handler *notify.Handler, r *http.Request) (event *notify.Request, resource map[string]any, err error) {
	// SDK 0.2.21 panics if the body has no resource, or one whose nonce has another length than 12.
	defer func() {
		if panicked := recover(); panicked != nil {
			event, err = &notify.Request{}, fmt.Errorf("the callback can't be read: %v", panicked)
		}
	}()
	event, err = handler.ParseNotifyRequest(r.Context(), r, &resource)
	if err == nil && (event.ID == "" || resource == nil) {
		err = errors.New("expected an id and a resource with fields")
	}
	return event, resource, err
}

// refuse makes the gateway send the callback again.
func refuse(w http.ResponseWriter, status int, err error) {
	// The SDK's error goes on with the whole request.
	reason, _, _ := strings.Cut(err.Error(), ", request: ")
	log.Printf("refused: %s", reason)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": "FAIL", "message": "失败"})
}
