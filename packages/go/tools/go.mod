module wechatpay.example/tools

go 1.21
