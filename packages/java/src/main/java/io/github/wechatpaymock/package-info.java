/**
 * A local mock of the WeChat Pay APIv3 gateway. {@link io.github.wechatpaymock.WechatPayMock} gives it to JUnit 5's tests,
 * {@link io.github.wechatpaymock.Mock#start()} to any other code.
 */
package io.github.wechatpaymock;
