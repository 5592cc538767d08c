//go:build unix

package acceptance

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	wechatpaymock "github.com/wechatpay-mock/wechatpay-mock-go"
)

func Test_leaves_nothing_behind(t *testing.T) {
	t.Run("close", func(t *testing.T) {
		life := watch(t)
		mock, err := wechatpaymock.New(context.Background())
		check(t, err)
		environment, err := mock.Environment()
		check(t, err)
		pid := life.pid()
		check(t, syscall.Kill(pid, 0))
		check(t, mock.Close())
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Fatalf("expected no process %d after Close, found %v", pid, err)
		}
		for _, variable := range environment {
			if path, ok := strings.CutPrefix(variable, "WECHATPAY_MERCHANT_KEY="); ok {
				if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
					t.Fatalf("expected no file %s after Close, found %v", path, err)
				}
				return
			}
		}
		t.Fatalf("expected WECHATPAY_MERCHANT_KEY, found %s", environment)
	})

	t.Run("kill", func(t *testing.T) {
		life := watch(t)
		test := exec.Command(os.Args[0], "-test.run=^Test_is_killed$")
		test.Env = append(os.Environ(), "IS_KILLED=1")
		stdout, err := test.StdoutPipe()
		check(t, err)
		check(t, test.Start())
		if line, err := bufio.NewReader(stdout).ReadString('\n'); !strings.HasPrefix(line, "http://") {
			t.Fatalf("expected the URL of the child's mock, found %q %v", line, err)
		}
		check(t, syscall.Kill(life.pid(), 0))
		check(t, test.Process.Kill())
		_ = test.Wait()
		select {
		case <-life.ended:
		case <-time.After(10 * time.Second):
			t.Fatal("expected that the mock ends with the test that started it, found that it runs after 10 s")
		}
	})
}

// Test_is_killed is the child of the test above.
func Test_is_killed(t *testing.T) {
	if os.Getenv("IS_KILLED") == "" {
		t.Skip("only runs as the child of Test_leaves_nothing_behind")
	}
	fmt.Println(wechatpaymock.Start(t).URL())
	select {}
}

// life watches the mock that is started next.
type life struct {
	t       *testing.T
	pidFile string
	// ended is closed when the mock's process has ended.
	ended chan struct{}
}

// watch puts a script in the mock's place, which says its process and opens a pipe, and becomes the mock. The pipe ends when that
// process does.
func watch(t *testing.T) *life {
	folder := t.TempDir()
	l := &life{t, filepath.Join(folder, "pid"), make(chan struct{})}
	pipe, script := filepath.Join(folder, "pipe"), filepath.Join(folder, "wechatpay-mock")
	check(t, syscall.Mkfifo(pipe, 0o600))
	text := fmt.Sprintf("#!/bin/sh\necho $$ > '%s'\nexec 9> '%s'\nexec \"$REAL_MOCK\" \"$@\"\n", l.pidFile, pipe)
	check(t, os.WriteFile(script, []byte(text), 0o700))
	t.Setenv("WECHATPAY_MOCK_BINARY", script)
	go func() {
		defer close(l.ended)
		if reader, err := os.Open(pipe); err == nil {
			_, _ = io.Copy(io.Discard, reader)
			_ = reader.Close()
		}
	}()
	return l
}

// pid is the mock's process.
func (l *life) pid() int {
	l.t.Helper()
	text, err := os.ReadFile(l.pidFile)
	check(l.t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	check(l.t, err)
	return pid
}
