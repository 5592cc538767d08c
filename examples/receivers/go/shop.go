package main

import (
	"encoding/json"
	"log"
	"os"
	"sync"

	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
)

// known are the events that the shop acts upon, and the shop's own number in each. Two callbacks with other ids can tell of the
// same.
var known = map[string][]string{
	"TRANSACTION.SUCCESS":        {"out_trade_no", "combine_out_trade_no"},
	"REFUND.SUCCESS":             {"out_refund_no"},
	"REFUND.ABNORMAL":            {"out_refund_no"},
	"REFUND.CLOSED":              {"out_refund_no"},
	"MCHTRANSFER.BILL.FINISHED":  {"out_bill_no"},
	"MEMBERCARD.ACCEPT_CARD":     nil,
	"MEMBERCARD.ACTIVATE_CARD":   nil,
	"MEMBERCARD.USERCARD_MANAGE": nil,
}

// order is what the shop knows of a payment before it is made.
type order struct {
	OutTradeNo string `json:"out_trade_no"`
	Mchid      string `json:"mchid"`
	Appid      string `json:"appid"`
	Amount     struct {
		Total float64 `json:"total"` // in fen
	} `json:"amount"`
}

// shop acts upon each event once. Without an order, it takes any payment for one of its own.
type shop struct {
	order *order

	lock  sync.Mutex
	count int
	done  map[string]bool
}

// newShop makes a shop with the order in a file, if there is one.
func newShop(file string) (*shop, error) {
	s := &shop{done: map[string]bool{}}
	if file == "" {
		return s, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return s, json.Unmarshal(content, &s.order)
}

// reset forgets all events.
func (s *shop) reset() {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.count, s.done = 0, map[string]bool{}
}

// acted is how many events it acted upon.
func (s *shop) acted() int {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.count
}

// act acts upon an event, unless it is unknown or done already. Here that is quick. Work that takes longer belongs in a queue:
// the gateway waits 5 seconds for the answer.
func (s *shop) act(event *notify.Request, resource map[string]any) {
	names, isKnown := known[event.EventType]
	if !isKnown {
		return
	}
	if event.EventType == "TRANSACTION.SUCCESS" && !s.isOrdered(resource) {
		// A person has to look at it. To refuse the callback would only make it come again.
		log.Printf("not booked: callback %s is about a payment that is not as ordered", event.ID)
		return
	}
	// A real shop has a unique index for this, and writes all keys in the transaction that does the work.
	keys := []string{"id " + event.ID}
	for _, name := range names {
		if number, isText := resource[name].(string); isText {
			keys = append(keys, event.EventType+" "+number)
		}
	}

	s.lock.Lock()
	defer s.lock.Unlock()
	isDone := false
	for _, key := range keys {
		isDone = isDone || s.done[key]
		s.done[key] = true
	}
	if !isDone {
		s.count++
	}
}

// isOrdered is whether a payment is the one that was ordered. A signature only says who sent the callback.
func (s *shop) isOrdered(payment map[string]any) bool {
	if s.order == nil {
		return true
	}
	amount, _ := payment["amount"].(map[string]any)
	return payment["out_trade_no"] == s.order.OutTradeNo && payment["mchid"] == s.order.Mchid &&
		payment["appid"] == s.order.Appid && amount["total"] == s.order.Amount.Total
}
