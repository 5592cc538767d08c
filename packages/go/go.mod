module github.com/wechatpay-mock/wechatpay-mock-go

go 1.21
