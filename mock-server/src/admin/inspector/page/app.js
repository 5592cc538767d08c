// @ts-check
document.querySelector("#app")?.append("wechatpay-mock");
