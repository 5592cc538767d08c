package main

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
)

const (
	bills    = "/v3/fund-app/mch-transfer/transfer-bills"
	receipts = "/v3/fund-app/mch-transfer/elecsign/out-bill-no"
	// From this amount on, a transfer needs its user's name.
	named    = 200000
	userName = "张三"
	oneDay   = 24 * 60 * 60
)

// transferRequest orders a transfer. The SDK has no service for transfers of 2025, but encrypts what is tagged.
type transferRequest struct {
	Appid     string           `json:"appid"`
	OutBillNo string           `json:"out_bill_no"`
	SceneID   string           `json:"transfer_scene_id"`
	Reports   []transferReport `json:"transfer_scene_report_infos,omitempty"`
	Openid    string           `json:"openid"`
	UserName  *string          `json:"user_name,omitempty" encryption:"EM_APIV3"`
	Amount    int64            `json:"transfer_amount"`
	Remark    string           `json:"transfer_remark"`
	NotifyURL string           `json:"notify_url"`
}

type transferReport struct {
	Type    string `json:"info_type"`
	Content string `json:"info_content"`
}

// bill is what the order, the query and the callback of a transfer say.
type bill struct {
	OutBillNo      string  `json:"out_bill_no"`
	TransferBillNo string  `json:"transfer_bill_no"`
	State          string  `json:"state"`
	PackageInfo    string  `json:"package_info"`
	FailReason     string  `json:"fail_reason"`
	Amount         int64   `json:"transfer_amount"`
	Openid         string  `json:"openid"`
	UserName       *string `json:"user_name" encryption:"EM_APIV3"`
}

func (s *shop) transferRequest(number string) *transferRequest {
	return &transferRequest{
		Appid: application, OutBillNo: number, SceneID: "1000",
		Reports: []transferReport{{"活动名称", "新会员有礼"}, {"奖励说明", "注册会员抽奖一等奖"}},
		Openid:  openid, UserName: core.String(userName), Amount: named, Remark: "新会员开通有礼", NotifyURL: s.receiver.url,
	}
}

// transfer orders one, which must wait for its user.
func (s *shop) transfer(number string) (*bill, error) {
	answer := new(bill)
	if err := s.postSealed(bills, s.transferRequest(number), answer); err != nil {
		return nil, err
	}
	if answer.State != "WAIT_USER_CONFIRM" || answer.PackageInfo == "" || answer.OutBillNo != number {
		return nil, fmt.Errorf("expected a transfer that waits for its user, found %+v", answer)
	}
	return answer, nil
}

// ends waits for the callback of a transfer's end, and compares it with a query.
func (s *shop) ends(number, state, reason string) (*bill, error) {
	called, queried := new(bill), new(bill)
	if err := s.receiver.next("MCHTRANSFER.BILL.FINISHED", number, called); err != nil {
		return nil, err
	}
	if called.State != state || called.Amount != named || called.Openid != openid || called.FailReason != reason {
		return nil, fmt.Errorf("expected a transfer in state %s, found %+v", state, called)
	}
	if err := s.get(bills+"/out-bill-no/"+number, queried); err != nil {
		return nil, err
	}
	if queried.PackageInfo != "" {
		return nil, fmt.Errorf("expected no package_info any more, found %+v", queried)
	}
	return called, s.same(called, queried)
}

// same tells whether a query, whose user's name the SDK decrypts, shows what the callback said.
func (s *shop) same(called, queried *bill) error {
	if err := s.client.DecryptResponse(s.ctx, queried); err != nil {
		return err
	}
	if queried.UserName != nil && *queried.UserName != userName {
		return fmt.Errorf("expected %s, found %s", userName, *queried.UserName)
	}
	queried.UserName, called.UserName = nil, nil
	if *queried != *called {
		return fmt.Errorf("expected %+v, found %+v", called, queried)
	}
	return nil
}

// transfers leads transfers to users to their ends: those of 2025, then a batch.
func (s *shop) transfers() {
	confirmed := s.run + "confirmed"
	var called *bill
	s.check("a transfer waits for its user, and the same request is the same transfer", func() error {
		first, err := s.transfer(confirmed)
		if err != nil {
			return err
		}
		again, err := s.transfer(confirmed)
		if err == nil && again.TransferBillNo != first.TransferBillNo {
			err = fmt.Errorf("expected %+v, found %+v", first, again)
		}
		return err
	})
	s.check("once its user confirms, the callback is verified and decrypted, and a query shows it", func() (err error) {
		if err = s.mock.act("/__mock/transfers", "out_bill_no", confirmed, "confirm"); err == nil {
			called, err = s.ends(confirmed, "SUCCESS", "")
		}
		return err
	})
	s.check("a query by the other number shows it, too", func() error {
		if called == nil {
			return errors.New("expected a transfer that ended, found none")
		}
		queried := new(bill)
		return errors.Join(s.get(bills+"/transfer-bill-no/"+called.TransferBillNo, queried), s.same(called, queried))
	})
	s.check("another is confirmed with what the page hands over, and one is declined", func() error {
		paged, declined := s.run+"paged", s.run+"declined"
		order, err := s.transfer(paged)
		if err != nil {
			return err
		}
		handed := map[string]string{"mchId": s.merchant.mchid, "appId": application, "package": order.PackageInfo}
		if err := s.mock.post("/__mock/request-merchant-transfer", handed, nil); err != nil {
			return err
		}
		if _, err := s.ends(paged, "SUCCESS", ""); err != nil {
			return err
		}
		if _, err := s.transfer(declined); err != nil {
			return err
		}
		if err := s.mock.act("/__mock/transfers", "out_bill_no", declined, "decline"); err != nil {
			return err
		}
		// No reason is published for it.
		_, err = s.ends(declined, "FAIL", "OTHER_FAIL_REASON_TYPE")
		return err
	})
	s.check("its receipt is made", func() error {
		var receipt struct {
			State      string `json:"state"`
			HashType   string `json:"hash_type"`
			HashValue  string `json:"hash_value"`
			Download   string `json:"download_url"`
			CreateTime string `json:"create_time"`
		}
		if err := s.post(receipts, map[string]string{"out_bill_no": confirmed}, &receipt); err != nil {
			return err
		}
		if err := s.get(receipts+"/"+confirmed, &receipt); err != nil {
			return err
		}
		if receipt.State != "FINISHED" || receipt.Download == "" || receipt.HashValue == "" {
			return fmt.Errorf("expected a finished receipt, found %+v", receipt)
		}
		return nil
	})
	s.check("a transfer is cancelled, and its callback is verified", func() error {
		number := s.run + "cancelled"
		if _, err := s.transfer(number); err != nil {
			return err
		}
		answer := new(bill)
		if err := s.post(bills+"/out-bill-no/"+number+"/cancel", nil, answer); err != nil {
			return err
		}
		if answer.State != "CANCELING" && answer.State != "CANCELLED" {
			return fmt.Errorf("expected CANCELING or CANCELLED, found %+v", answer)
		}
		_, err := s.ends(number, "CANCELLED", "")
		return err
	})
	s.check("a transfer that nobody confirms fails after 24 hours, and its callback is verified", func() error {
		number := s.run + "overdue"
		if _, err := s.transfer(number); err != nil {
			return err
		}
		if err := s.mock.advance(oneDay + 60); err != nil {
			return err
		}
		_, err := s.ends(number, "FAIL", "OVERDUE_CLOSE")
		return err
	})
	s.check("a number that was never used is refused", func() error {
		err := s.get(bills+"/out-bill-no/"+s.run+"unknown", new(bill))
		return refused(err, http.StatusNotFound, "NOT_FOUND", "记录不存在")
	})
	s.check("a transfer without its scene's reports is refused", func() error {
		request := s.transferRequest(s.run + "unreported")
		request.Reports = []transferReport{{"活动名称", "新会员有礼"}}
		return refused(s.postSealed(bills, request, new(bill)), http.StatusBadRequest, "PARAM_ERROR",
			"未传入完整且对应的转账场景报备信息，请根据接口文档检查")
	})
	s.check("a user's name that is not encrypted is refused", func() error {
		return refused(s.post(bills, s.transferRequest(s.run+"plain"), new(bill)), http.StatusBadRequest, "PARAM_ERROR",
			"请确认待处理的消息是否为加密后的密文")
	})
	s.batches()
}
