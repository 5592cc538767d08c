package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

const (
	serviceOrders = "/v3/payscore/serviceorder"
	permissions   = "/v3/payscore/permissions"
	serviceID     = "500001"
	serviceAct    = "/__mock/service-orders"
)

// service is what the answers and callbacks of an order by pay score say.
type service struct {
	OutOrderNo       string `json:"out_order_no"`
	OrderID          string `json:"order_id"`
	Openid           string `json:"openid"`
	State            string `json:"state"`
	StateDescription string `json:"state_description"`
	TotalAmount      int64  `json:"total_amount"`
	Package          string `json:"package"`
	Collection       struct {
		State      string `json:"state"`
		PaidAmount int64  `json:"paid_amount"`
		Details    []struct {
			TransactionID string `json:"transaction_id"`
			Amount        int64  `json:"amount"`
		} `json:"details"`
	} `json:"collection"`
}

func (o *service) is(state, description string) error {
	if o.State != state || o.StateDescription != description {
		return fmt.Errorf("expected an order in state %s %s, found %+v", state, description, o)
	}
	return nil
}

// item is what a user pays for, or gets off.
func item(name string, amount int64) []map[string]any {
	return []map[string]any{{"name": name, "description": "每小时10元", "amount": amount}}
}

func (s *shop) createService(number string) (*service, error) {
	answer := new(service)
	err := s.post(serviceOrders, map[string]any{
		"out_order_no": number, "appid": application, "service_id": serviceID, "service_introduction": "某某酒店",
		"time_range": map[string]string{"start_time": "OnAccept"},
		"risk_fund":  map[string]any{"name": "DEPOSIT", "amount": 10000, "description": "预估费用"},
		"notify_url": s.receiver.url, "need_user_confirm": true,
	}, answer)
	if err == nil && (answer.State != "CREATED" || answer.Package == "") {
		err = fmt.Errorf("expected a created order, found %+v", answer)
	}
	return answer, err
}

func (s *shop) queryService(number string) (*service, error) {
	answer := new(service)
	query := url.Values{"out_order_no": {number}, "service_id": {serviceID}, "appid": {application}}
	return answer, s.get(serviceOrders+"?"+query.Encode(), answer)
}

// changeService makes a call below the order's path, with these fields besides those that each has.
func (s *shop) changeService(number, change string, fields map[string]any) (*service, error) {
	answer := new(service)
	body := map[string]any{"appid": application, "service_id": serviceID}
	for name, value := range fields {
		body[name] = value
	}
	return answer, s.post(serviceOrders+"/"+number+"/"+change, body, answer)
}

// completion is what a service cost in the end.
func (s *shop) completion(total int64) map[string]any {
	return map[string]any{
		"post_payments": item("租借费用", 4000), "post_discounts": item("会员优惠", 500), "total_amount": total,
		"time_range": map[string]string{"end_time": oneOClock()},
	}
}

// oneOClock is an hour after the time at which the mock's clock stopped.
func oneOClock() string {
	return time.Now().In(beijing).Format("20060102") + "130000"
}

// confirmed creates an order, and lets its user confirm it.
func (s *shop) confirmed(number string) error {
	if _, err := s.createService(number); err != nil {
		return err
	}
	if err := s.mock.act(serviceAct, "out_order_no", number, "confirm"); err != nil {
		return err
	}
	called := new(service)
	if err := s.receiver.next("PAYSCORE.USER_CONFIRM", number, called); err != nil {
		return err
	}
	return called.is("DOING", "USER_CONFIRM")
}

func (s *shop) completed(number string) error {
	_, err := s.changeService(number, "complete", s.completion(3500))
	return err
}

// collected waits for the callback of a payment, and compares it with a query.
func (s *shop) collected(number string, total int64) error {
	called := new(service)
	if err := s.receiver.next("PAYSCORE.USER_PAID", number, called); err != nil {
		return err
	}
	collection := called.Collection
	if called.State != "DONE" || collection.State != "USER_PAID" || collection.PaidAmount != total || len(collection.Details) != 1 {
		return fmt.Errorf("expected a paid order of %d, found %+v", total, called)
	}
	queried, err := s.queryService(number)
	if err == nil && (queried.State != "DONE" || fmt.Sprint(queried.Collection) != fmt.Sprint(collection)) {
		err = fmt.Errorf("expected %+v, found %+v", called, queried)
	}
	return err
}

// payscore leads orders by pay score, for which the SDK has no service, to their ends.
func (s *shop) payscore() {
	number := s.run + "service"
	s.check("an order is created, its user confirms it, and its callback is verified and decrypted", func() error {
		return s.confirmed(number)
	})
	s.check("a query shows the confirmed order", func() error {
		order, err := s.queryService(number)
		if err != nil {
			return err
		}
		return order.is("DOING", "USER_CONFIRM")
	})
	s.check("an hour later, a total that does not add up is refused", func() error {
		if err := s.mock.advance(60 * 60); err != nil {
			return err
		}
		_, err := s.changeService(number, "complete", s.completion(3600))
		return refused(err, http.StatusBadRequest, "PARAM_ERROR", "最终总金额计算非法")
	})
	s.check("the order is completed, and waits for its user's payment", func() error {
		return errors.Join(s.completed(number), s.collecting(number, 3500))
	})
	s.check("after a collection that failed, a lower amount is collected", func() error {
		if err := s.mock.act(serviceAct, "out_order_no", number, "fail"); err != nil {
			return err
		}
		lower := map[string]any{
			"post_payments": item("租借费用", 3000), "post_discounts": item("会员优惠", 500), "total_amount": 2500, "reason": "用户投诉",
		}
		if _, err := s.changeService(number, "modify", lower); err != nil {
			return err
		}
		return s.collecting(number, 2500)
	})
	s.check("once its user pays, the callback is verified, and a query shows it", func() error {
		if err := s.mock.act(serviceAct, "out_order_no", number, "pay"); err != nil {
			return err
		}
		return s.collected(number, 2500)
	})
	s.check("what was collected is refunded in part, its callback is verified, and a query shows it", func() error {
		order, err := s.queryService(number)
		if err != nil {
			return err
		}
		if len(order.Collection.Details) != 1 {
			return fmt.Errorf("expected one payment, found %+v", order)
		}
		return s.checkRefund(order.Collection.Details[0].TransactionID, nil, 2500, number+"refund")
	})
	s.check("another order is collected by the merchant's call, with the same callback", func() error {
		other := s.run + "collected"
		if err := errors.Join(s.confirmed(other), s.completed(other)); err != nil {
			return err
		}
		if _, err := s.changeService(other, "pay", nil); err != nil {
			return err
		}
		return s.collected(other, 3500)
	})
	s.check("another order is cancelled", func() error {
		other := s.run + "cancelled"
		if _, err := s.createService(other); err != nil {
			return err
		}
		if _, err := s.changeService(other, "cancel", map[string]any{"reason": "用户投诉"}); err != nil {
			return err
		}
		order, err := s.queryService(other)
		if err == nil && order.State != "REVOKED" {
			err = fmt.Errorf("expected a revoked order, found %+v", order)
		}
		return err
	})
	s.check("an order that was paid elsewhere is done once that is synchronised", func() error {
		other := s.run + "synchronised"
		if err := errors.Join(s.confirmed(other), s.completed(other)); err != nil {
			return err
		}
		paid := map[string]any{"paid_time": oneOClock()}
		if _, err := s.changeService(other, "sync", map[string]any{"type": "Order_Paid", "detail": paid}); err != nil {
			return err
		}
		order, err := s.queryService(other)
		if err == nil && (order.State != "DONE" || order.Collection.State != "USER_PAID") {
			err = fmt.Errorf("expected an order that is done, found %+v", order)
		}
		return err
	})
	s.check("a paid order cannot be cancelled", func() error {
		_, err := s.changeService(number, "cancel", map[string]any{"reason": "用户投诉"})
		return refused(err, http.StatusBadRequest, "INVALID_REQUEST", "当前订单状态不满足撤销条件")
	})
	s.check("a user permits a service, the merchant ends that, and both callbacks are verified", func() error {
		return s.checkPermission(s.run + "permission")
	})
}

// permission is what the answers and callbacks of a permission say.
type permission struct {
	Code   string `json:"authorization_code"`
	Openid string `json:"openid"`
	State  string `json:"authorization_state"`
	Token  string `json:"apply_permissions_token"`
	Status string `json:"user_service_status"`
}

func (s *shop) checkPermission(code string) error {
	applied, queried, called := new(permission), new(permission), new(permission)
	body := map[string]string{"service_id": serviceID, "appid": application, "authorization_code": code, "notify_url": s.receiver.url}
	if err := s.post(permissions, body, applied); err != nil {
		return err
	}
	if err := s.mock.act(serviceAct, "authorization_code", code, "confirm"); err != nil {
		return err
	}
	if err := s.receiver.next("PAYSCORE.USER_OPEN_SERVICE", code, called); err != nil {
		return err
	}
	path := permissions + "/authorization-code/" + code
	if err := s.get(path+"?service_id="+serviceID, queried); err != nil {
		return err
	}
	if applied.Token == "" || called.Openid == "" || queried.State != "AVAILABLE" || queried.Openid != called.Openid {
		return fmt.Errorf("expected a permission of %s, found %+v and %+v", called.Openid, applied, queried)
	}
	if err := s.post(path+"/terminate", map[string]string{"service_id": serviceID, "reason": "撤销原因"}, nil); err != nil {
		return err
	}
	if err := s.receiver.next("PAYSCORE.USER_CLOSE_SERVICE", code, called); err != nil {
		return err
	}
	if err := s.get(path+"?service_id="+serviceID, queried); err != nil {
		return err
	}
	if queried.State != "UNAVAILABLE" || called.Status != "USER_CLOSE_SERVICE" {
		return fmt.Errorf("expected a permission that ended, found %+v and %+v", called, queried)
	}
	return nil
}

// collecting tells whether an order waits for its user to pay this amount.
func (s *shop) collecting(number string, total int64) error {
	order, err := s.queryService(number)
	if err != nil {
		return err
	}
	if order.TotalAmount != total || order.Collection.State != "USER_PAYING" {
		return fmt.Errorf("expected %d to be collected, found %+v", total, order)
	}
	return order.is("DOING", "MCH_COMPLETE")
}
