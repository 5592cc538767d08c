// Package wechatpaymock starts a mock of the WeChat Pay APIv3 gateway for a test, and steers it.
//
// [Start] is for tests: the mock ends with the test, and a test that fails logs which requests were refused, and why. [New] is for
// everything else, such as TestMain.
//
// A [Mock] is a handle of one merchant of a running mock. Its calls are about that merchant only, so that tests that share a mock
// do not see each other; the exception is its [Clock], which all merchants share. A handle can be used by several goroutines.
//
// Fields of requests and responses of the mock's own API, below /__mock/, are passed on as they are, as [Fields]. The mock's
// OpenAPI document, at /__mock/openapi.json, describes them.
package wechatpaymock
