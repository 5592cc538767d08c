package wechatpaymock

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/wechatpay-mock/wechatpay-mock-go/internal/platform"
)

const (
	// listening is what the first line of the mock's output begins with; its URL follows.
	listening = "listening on "
	// startTimeout is how long a mock may take to listen.
	startTimeout = 10 * time.Second
	// stopTimeout is how long a mock may take to end. Then it is killed.
	stopTimeout = 10 * time.Second
	// stderrBytes is how much of the end of stderr is kept for errors.
	stderrBytes = 16 << 10
)

// process is a mock that this process started.
type process struct {
	command *exec.Cmd
	// The mock stops when its stdin ends, also because this process was killed.
	stdin  io.Closer
	stderr *tail
	// ended is closed when the mock has ended. After that, status says how.
	ended  chan struct{}
	status error
}

// launch starts a mock and waits until it listens.
func launch(ctx context.Context, s settings) (url string, p *process, err error) {
	binary, err := findBinary(s.binary)
	if err != nil {
		return "", nil, err
	}
	args := []string{"serve", "--port", "0", "--stop-with-stdin", "--quiet"}
	if s.config != "" {
		args = append(args, "--config", s.config)
	}
	if s.seed != "" {
		args = append(args, "--seed", s.seed)
	}
	command := exec.Command(binary, append(args, s.args...)...)
	first := &firstLine{found: make(chan string, 1)}
	p = &process{command: command, stderr: &tail{}, ended: make(chan struct{})}
	command.Stdout, command.Stderr = first, p.stderr
	if p.stdin, err = command.StdinPipe(); err != nil {
		return "", nil, err
	}
	if err := command.Start(); err != nil {
		return "", nil, fmt.Errorf(say("wechatpay-mock did not start: %w", "无法启动 wechatpay-mock：%w"), err)
	}
	go func() {
		p.status = command.Wait()
		close(p.ended)
	}()

	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	var found string
	select {
	case line := <-first.found:
		if url, ok := strings.CutPrefix(line, listening); ok {
			return url, p, nil
		}
		found = fmt.Sprintf(say("%q", "是 %q"), line)
	case <-p.ended:
		found = say("that it ended: ", "已退出：") + command.ProcessState.String()
	case <-ctx.Done():
		found = fmt.Sprintf(say("none: %s (the timeout is %s)", "没有输出：%s（超时时间为 %s）"), ctx.Err(), s.timeout)
	}
	_ = command.Process.Kill()
	<-p.ended
	return "", nil, fmt.Errorf(say("wechatpay-mock did not start: expected %q as its first line, found %s\n%s\nstderr: %s",
		"无法启动 wechatpay-mock：第一行输出应为 %q，实际%s\n%s\nstderr：%s"), listening+"http://…", found, command, p.stderr)
}

// close stops the mock, and returns when it has ended.
func (p *process) close() error {
	if err := p.hasEnded(); err != nil {
		return err
	}
	_ = p.stdin.Close()
	timeout := time.NewTimer(stopTimeout)
	defer timeout.Stop()
	select {
	case <-p.ended:
	case <-timeout.C:
		_ = p.command.Process.Kill()
		<-p.ended
	}
	if p.status != nil {
		return fmt.Errorf(say("wechatpay-mock did not stop within %s as it should: %w\nstderr: %s",
			"wechatpay-mock 没有在 %s 内正常停止：%w\nstderr：%s"), stopTimeout, p.status, p.stderr)
	}
	return nil
}

// hasEnded returns an error that says how the mock ended, or nil if it runs.
func (p *process) hasEnded() error {
	select {
	case <-p.ended:
		return fmt.Errorf(say("expected a running wechatpay-mock, found that it has ended: %s\nstderr: %s",
			"wechatpay-mock 应在运行，实际已退出：%s\nstderr：%s"), p.command.ProcessState, p.stderr)
	default:
		return nil
	}
}

// findBinary returns the path of the program to start.
func findBinary(option string) (string, error) {
	if option != "" {
		return option, nil
	}
	if path := os.Getenv("WECHATPAY_MOCK_BINARY"); path != "" {
		return path, nil
	}
	if path, err := platform.Binary(); err != nil {
		return "", fmt.Errorf(say("unpack wechatpay-mock: %w; or set WECHATPAY_MOCK_BINARY to a wechatpay-mock",
			"无法解压 wechatpay-mock：%w；也可以把 WECHATPAY_MOCK_BINARY 设为它的路径"), err)
	} else if path != "" {
		return path, nil
	}
	path, err := exec.LookPath(platform.Name())
	if errors.Is(err, exec.ErrNotFound) {
		return "", errors.New(say("expected the program wechatpay-mock, found none: give the option Binary, set WECHATPAY_MOCK_BINARY, "+
			"import a platform module of this system such as github.com/wechatpay-mock/wechatpay-mock-go/platform/linux-amd64, "+
			"or put wechatpay-mock on PATH",
			"没有找到可执行文件 wechatpay-mock：请用选项 Binary 或 WECHATPAY_MOCK_BINARY 指定，导入当前系统的平台模块，例如 "+
				"github.com/wechatpay-mock/wechatpay-mock-go/platform/linux-amd64，或者把 wechatpay-mock 放到 PATH 里"))
	}
	return path, err
}

// firstLine takes all that is written to it, and keeps the first line.
type firstLine struct {
	buffer []byte
	isDone bool
	found  chan string
}

func (f *firstLine) Write(text []byte) (int, error) {
	if !f.isDone {
		f.buffer = append(f.buffer, text...)
		if line, _, ok := bytes.Cut(f.buffer, []byte("\n")); ok {
			f.isDone = true
			f.found <- strings.TrimSuffix(string(line), "\r")
			f.buffer = nil
		}
	}
	return len(text), nil
}

// tail takes all that is written to it, and keeps its end.
type tail struct {
	mutex sync.Mutex
	bytes []byte
}

func (t *tail) Write(text []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.bytes = append(t.bytes, text...)
	if over := len(t.bytes) - stderrBytes; over > 0 {
		t.bytes = append([]byte(nil), t.bytes[over:]...)
	}
	return len(text), nil
}

func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if len(t.bytes) == 0 {
		return say("(empty)", "（空）")
	}
	return strings.TrimSpace(string(t.bytes))
}
