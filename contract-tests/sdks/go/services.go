package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
)

const (
	contractFolder = "../../../fixtures/contract"
	knownFile      = "known.json"
	application    = "wxd678efh567hg6787"
)

var (
	contextType = reflect.TypeOf((*context.Context)(nil)).Elem()
	errBlank    = errors.New("a blank request is not sent")
)

// wire sends requests, or only remembers them while they are blank.
type wire struct {
	isBlank  bool
	method   string
	segments []string
}

func (w *wire) RoundTrip(request *http.Request) (*http.Response, error) {
	if !w.isBlank {
		return http.DefaultTransport.RoundTrip(request)
	}
	w.method, w.segments = request.Method, nil
	for _, segment := range strings.Split(request.URL.EscapedPath(), "/") {
		text, err := url.PathUnescape(segment)
		if err != nil {
			return nil, err
		}
		w.segments = append(w.segments, text)
	}
	return nil, errBlank
}

// callServices calls every method of every service that takes a request model, filled from the contract's examples, and prints
// which fail or are skipped, and why. It returns the exit code: 1 if one fails without a reason in known.json.
func callServices(ctx context.Context, merchant merchant) int {
	report := report{known: map[string]string{}}
	caller, err := newCaller(ctx, merchant)
	if err == nil {
		err = report.readKnown(knownFile)
	}
	if err != nil {
		fmt.Printf("Bail out! %s\n", err)
		return 2
	}
	for _, service := range services(caller.client) {
		value := reflect.ValueOf(service)
		for i := 0; i < value.NumMethod(); i++ {
			_, path, _ := strings.Cut(value.Type().Elem().PkgPath(), "/services/")
			name := path + "." + value.Type().Elem().Name() + "." + value.Type().Method(i).Name
			if kind := value.Method(i).Type(); !takesModel(kind) {
				report.skipped(name, "takes no request model")
				continue
			}
			report.called(name, caller.call(ctx, value.Method(i)))
		}
	}
	return report.end()
}

// takesModel tells whether a method takes a context, a model, and nothing but texts after them.
func takesModel(kind reflect.Type) bool {
	if kind.NumIn() < 2 || kind.In(0) != contextType || kind.In(1).Kind() != reflect.Struct {
		return false
	}
	for i := 2; i < kind.NumIn(); i++ {
		if kind.In(i).Kind() != reflect.String {
			return false
		}
	}
	return true
}

type caller struct {
	wire       *wire
	client     *core.Client
	operations []operation
}

func newCaller(ctx context.Context, m merchant) (c caller, err error) {
	c.wire = &wire{}
	if c.operations, err = readContract(contractFolder); err != nil {
		return c, err
	}
	c.client, err = core.NewClient(ctx,
		option.WithWechatPayPublicKeyAuthCipher(m.mchid, m.serial, m.key, m.publicKeyID, m.publicKey),
		option.WithHTTPClient(&http.Client{Transport: c.wire}))
	return c, err
}

// call calls a method twice: with a blank model, which shows the operation, and with one filled for it.
func (c caller) call(ctx context.Context, method reflect.Value) error {
	model := method.Type().In(1)
	request, err := fill(model, blank(model, "").(map[string]any), schema{})
	if err != nil {
		return fmt.Errorf("its blank model: %w", err)
	}
	c.wire.isBlank = true
	_, err = invoke(ctx, method, request)
	c.wire.isBlank = false
	if !errors.Is(err, errBlank) {
		return fmt.Errorf("expected a request, found %w", err)
	}

	operation := find(c.operations, c.wire.method, c.wire.segments)
	if operation == nil {
		return fmt.Errorf("the contract has no %s %s", c.wire.method, strings.Join(c.wire.segments, "/"))
	}
	values, schema := operation.example(c.wire.segments)
	if request, err = fill(model, values, schema); err != nil {
		return fmt.Errorf("its model: %w", err)
	}
	if err = reset(); err != nil {
		return err
	}
	answer, err := invoke(ctx, method, request)
	if err != nil {
		return err
	}
	// Encoding it again fails if a field is missing that the SDK requires.
	if _, err = json.Marshal(answer); err != nil {
		return fmt.Errorf("its answer: %w", err)
	}
	return nil
}

// invoke returns the first result and the last, which is the error. A text after the model is an application, the only one that a
// method asks for.
func invoke(ctx context.Context, method, request reflect.Value) (answer any, err error) {
	arguments := []reflect.Value{reflect.ValueOf(ctx), request}
	for len(arguments) < method.Type().NumIn() {
		arguments = append(arguments, reflect.ValueOf(application))
	}
	results := method.Call(arguments)
	err, _ = results[len(results)-1].Interface().(error)
	if _, isResult := results[0].Interface().(*core.APIResult); !isResult {
		answer = results[0].Interface()
	}
	return answer, err
}

// reset empties the mock, so that no call depends on the ones before.
func reset() error {
	response, err := http.Post(os.Getenv("WECHATPAY_MOCK_URL")+"/__mock/reset", "application/json", nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("expected the mock to be reset, found status %d", response.StatusCode)
	}
	return nil
}
