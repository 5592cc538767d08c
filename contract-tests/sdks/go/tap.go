package main

import (
	"fmt"
	"strings"
)

// tap prints checks in the Test Anything Protocol and counts them.
type tap struct{ checks, failed int }

func (t *tap) check(name string, holds func() error) {
	t.checks++
	if err := holds(); err != nil {
		t.failed++
		fmt.Printf("not ok %d - %s\n# %s\n", t.checks, name, strings.ReplaceAll(err.Error(), "\n", "\n# "))
		return
	}
	fmt.Printf("ok %d - %s\n", t.checks, name)
}

// end prints the plan and returns the exit code.
func (t *tap) end() int {
	fmt.Printf("1..%d\n", t.checks)
	if t.failed > 0 {
		return 1
	}
	return 0
}
