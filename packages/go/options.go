package wechatpaymock

import "time"

// Option changes how [Start] and [New] start a mock. None applies if WECHATPAY_MOCK_URL is set, since that mock runs already.
type Option func(*settings)

type settings struct {
	binary, config, seed string
	args                 []string
	timeout              time.Duration
}

// Binary is the path of the program. Without it, the program is, in this order: WECHATPAY_MOCK_BINARY, the one of an imported
// platform module, or wechatpay-mock on PATH.
func Binary(path string) Option { return func(s *settings) { s.binary = path } }

// Config is the path of a configuration, a TOML file with merchants, keys, policies and limits. Without it, the mock has the
// development merchant.
func Config(path string) Option { return func(s *settings) { s.config = path } }

// Seed is the path of a JSON file with the cards and members to start with.
func Seed(path string) Option { return func(s *settings) { s.seed = path } }

// Args are more arguments for `wechatpay-mock serve`.
func Args(args ...string) Option { return func(s *settings) { s.args = append(s.args, args...) } }

// Timeout is how long the mock may take to listen: 10 s without this option.
func Timeout(timeout time.Duration) Option { return func(s *settings) { s.timeout = timeout } }
