module github.com/wechatpay-mock/wechatpay-mock-go/wechatpaygo

go 1.21

require (
	github.com/wechatpay-apiv3/wechatpay-go v0.2.21
	github.com/wechatpay-mock/wechatpay-mock-go v0.0.0
)

replace github.com/wechatpay-mock/wechatpay-mock-go => ../
