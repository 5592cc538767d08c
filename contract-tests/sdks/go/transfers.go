package main

import (
	"fmt"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/transferbatch"
)

// checkBatch transfers to two users, of whom one can't get it.
func (s *shop) checkBatch() {
	const name, fails = "张三", "MOCKnamenotcorrect1"
	number := s.run + "batch"
	batches := transferbatch.TransferBatchApiService{Client: s.client}
	details := transferbatch.TransferDetailApiService{Client: s.client}
	detail := func(number string) transferbatch.TransferDetailInput {
		return transferbatch.TransferDetailInput{
			OutDetailNo: core.String(number), TransferAmount: core.Int64(total), TransferRemark: core.String("示例"),
			Openid: core.String(openid), UserName: core.String(name),
		}
	}
	var id string

	s.check("batch: transfers with encrypted names are accepted, and the callback is verified and decrypted", func() error {
		placed, _, err := batches.InitiateBatchTransfer(s.ctx, transferbatch.InitiateBatchTransferRequest{
			Appid: core.String("wxd678efh567hg6787"), OutBatchNo: core.String(number), BatchName: core.String("示例"),
			BatchRemark: core.String("示例"), TotalAmount: core.Int64(2 * total), TotalNum: core.Int64(2),
			TransferDetailList: []transferbatch.TransferDetailInput{detail("D1"), detail(fails)},
			NotifyUrl:          core.String(s.receiver.url),
		})
		if err != nil {
			return err
		}
		id = *placed.BatchId
		var called struct {
			BatchID       string `json:"batch_id"`
			SuccessAmount int64  `json:"success_amount"`
			FailAmount    int64  `json:"fail_amount"`
		}
		if err := s.receiver.next("MCHTRANSFER.BATCH.FINISHED", number, &called); err != nil {
			return err
		}
		if called.BatchID != id || called.SuccessAmount != total || called.FailAmount != total {
			return fmt.Errorf("expected the callback of %s, found %+v", id, called)
		}
		return nil
	})
	s.check("batch: both queries show the transfer that failed, and its name is decrypted", func() error {
		all, _, err := batches.GetTransferBatchByNo(s.ctx, transferbatch.GetTransferBatchByNoRequest{
			BatchId: core.String(id), NeedQueryDetail: core.Bool(true), DetailStatus: core.String("FAIL"),
		})
		if err != nil {
			return err
		}
		if *all.TransferBatch.BatchStatus != "FINISHED" || len(all.TransferDetailList) != 1 {
			return fmt.Errorf("expected a finished batch with one transfer that failed, found %v", all)
		}
		one, _, err := details.GetTransferDetailByOutNo(s.ctx, transferbatch.GetTransferDetailByOutNoRequest{
			OutBatchNo: core.String(number), OutDetailNo: core.String(fails),
		})
		if err != nil {
			return err
		}
		isRight := *one.DetailStatus == "FAIL" && *one.FailReason == transferbatch.FAILREASONTYPE_NAME_NOT_CORRECT
		if !isRight || *one.UserName != name || *one.DetailId != *all.TransferDetailList[0].DetailId {
			return fmt.Errorf("expected a transfer to %s that failed, found %v", name, one)
		}
		return nil
	})
}
