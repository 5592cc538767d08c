package main

import (
	"fmt"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/transferbatch"
)

// batches leads an older batch, of a named and of an unnamed user, to its end.
func (s *shop) batches() {
	const unnamed = 30
	number := s.run + "batch"
	service := transferbatch.TransferBatchApiService{Client: s.client}
	details := transferbatch.TransferDetailApiService{Client: s.client}
	var batch string
	var listed []transferbatch.TransferDetailCompact

	s.check("a batch is accepted, and its callback is verified and decrypted", func() error {
		answer, _, err := service.InitiateBatchTransfer(s.ctx, transferbatch.InitiateBatchTransferRequest{
			Appid: core.String(application), OutBatchNo: &number,
			BatchName: core.String("分部报销单"), BatchRemark: core.String("分部报销单"),
			TotalAmount: core.Int64(named + unnamed), TotalNum: core.Int64(2), TransferSceneId: core.String("1000"),
			NotifyUrl: &s.receiver.url,
			TransferDetailList: []transferbatch.TransferDetailInput{
				{
					OutDetailNo: core.String(number + "named"), TransferAmount: core.Int64(named),
					TransferRemark: core.String("报销"), Openid: core.String(openid), UserName: core.String(userName),
				},
				{
					OutDetailNo: core.String(number + "unnamed"), TransferAmount: core.Int64(unnamed),
					TransferRemark: core.String("报销"), Openid: core.String(openid),
				},
			},
		})
		if err != nil {
			return err
		}
		batch = *answer.BatchId
		type outcome struct {
			BatchID       string `json:"batch_id"`
			Status        string `json:"batch_status"`
			SuccessAmount int64  `json:"success_amount"`
			SuccessNum    int64  `json:"success_num"`
			FailNum       int64  `json:"fail_num"`
		}
		var called outcome
		if err := s.receiver.next("MCHTRANSFER.BATCH.FINISHED", number, &called); err != nil {
			return err
		}
		if expected := (outcome{batch, "FINISHED", named + unnamed, 2, 0}); called != expected {
			return fmt.Errorf("expected %+v, found %+v", expected, called)
		}
		return nil
	})
	if batch == "" {
		return
	}
	s.check("both queries show the batch with its details", func() error {
		all := transferbatch.GetTransferBatchByNoRequest{
			BatchId: &batch, NeedQueryDetail: core.Bool(true), Offset: core.Int64(0), Limit: core.Int64(20), DetailStatus: core.String("ALL"),
		}
		byID, _, err := service.GetTransferBatchByNo(s.ctx, all)
		if err != nil {
			return err
		}
		byNumber, _, err := service.GetTransferBatchByOutNo(s.ctx, transferbatch.GetTransferBatchByOutNoRequest{
			OutBatchNo: &number, NeedQueryDetail: all.NeedQueryDetail, Offset: all.Offset, Limit: all.Limit, DetailStatus: all.DetailStatus,
		})
		if err != nil {
			return err
		}
		if fmt.Sprint(byID) != fmt.Sprint(byNumber) {
			return fmt.Errorf("expected %v, found %v", byID, byNumber)
		}
		listed = byID.TransferDetailList
		if *byID.TransferBatch.BatchStatus != "FINISHED" || *byID.TransferBatch.SuccessAmount != named+unnamed || len(listed) != 2 {
			return fmt.Errorf("expected a finished batch with two details, found %v", byID)
		}
		return nil
	})
	for i, detail := range []struct {
		number string
		amount int64
		name   string
	}{{number + "named", named, userName}, {number + "unnamed", unnamed, ""}} {
		s.check("both queries show detail "+detail.number[len(number):]+", and the SDK decrypts the user's name", func() error {
			if len(listed) <= i {
				return fmt.Errorf("expected two details, found %v", listed)
			}
			byID, _, err := details.GetTransferDetailByNo(s.ctx,
				transferbatch.GetTransferDetailByNoRequest{BatchId: &batch, DetailId: listed[i].DetailId})
			if err != nil {
				return err
			}
			byNumber, _, err := details.GetTransferDetailByOutNo(s.ctx,
				transferbatch.GetTransferDetailByOutNoRequest{OutBatchNo: &number, OutDetailNo: &detail.number})
			if err != nil {
				return err
			}
			if fmt.Sprint(byID) != fmt.Sprint(byNumber) {
				return fmt.Errorf("expected %v, found %v", byID, byNumber)
			}
			found := detail
			found.number, found.amount, found.name = *byID.OutDetailNo, *byID.TransferAmount, ""
			if byID.UserName != nil {
				found.name = *byID.UserName
			}
			if found != detail || *byID.DetailStatus != "SUCCESS" {
				return fmt.Errorf("expected %+v, found %v", detail, byID)
			}
			return nil
		})
	}
}
