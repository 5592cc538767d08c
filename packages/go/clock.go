package wechatpaymock

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Clock is the mock's clock, which all its merchants share: a test that moves it needs a mock of its own.
//
// Requests are checked by this clock, so an SDK, whose time is the machine's, is refused once the two differ by more than five
// minutes. With the field "signatures": "real", signatures keep the real time.
type Clock struct{ gateway *gateway }

// Clock returns the mock's clock.
func (m *Mock) Clock() Clock { return Clock{m.gateway} }

// Now returns the mock's time, in whole seconds.
func (c Clock) Now() (time.Time, error) { return c.call(http.MethodGet, nil) }

// Freeze stops the clock at this time, or now if it is the zero time. Fractions of a second are cut.
func (c Clock) Freeze(at time.Time, fields ...Fields) (time.Time, error) {
	action := Fields{"action": "freeze"}
	if !at.IsZero() {
		action["at"] = at.Unix()
	}
	return c.call(http.MethodPost, action.with(fields...))
}

// Advance moves the clock, back if the duration is negative. A frozen clock stays frozen.
//
// # Errors
//
// The duration is not a whole number of seconds.
func (c Clock) Advance(duration time.Duration, fields ...Fields) (time.Time, error) {
	if duration%time.Second != 0 {
		return time.Time{}, fmt.Errorf(say("expected whole seconds, found %s", "应为整秒数，实际是 %s"), duration)
	}
	return c.call(http.MethodPost, Fields{"action": "advance", "seconds": duration / time.Second}.with(fields...))
}

// Resume lets the clock follow the real time again.
func (c Clock) Resume() (time.Time, error) {
	return c.call(http.MethodPost, Fields{"action": "resume"})
}

// call returns what the clock shows from now on.
func (c Clock) call(method string, action Fields) (time.Time, error) {
	var body any
	if action != nil {
		body = action
	}
	var state struct{ Now int64 }
	if err := c.gateway.ask(context.Background(), method, "/__mock/clock", body, &state); err != nil {
		return time.Time{}, err
	}
	return time.Unix(state.Now, 0), nil
}
