package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
)

// report counts the methods that were called, and prints those that failed or were skipped.
type report struct {
	known                           map[string]string
	methods, passes, skips, expects int
	failed                          bool
}

func (r *report) readKnown(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &r.known); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

func (r *report) skipped(name, reason string) {
	r.methods++
	r.skips++
	fmt.Printf("skipped %s: %s\n", name, reason)
}

// called notes a call. One that is known to fail must fail.
func (r *report) called(name string, err error) {
	r.methods++
	reason, isKnown := r.known[name]
	delete(r.known, name)
	switch {
	case err == nil && isKnown:
		r.failed = true
		fmt.Printf("failed %s: it passes, but %s says that it can't: %s\n", name, knownFile, reason)
	case err == nil:
		r.passes++
	case isKnown:
		r.expects++
		fmt.Printf("known %s: %s\n", name, reason)
	default:
		r.failed = true
		fmt.Printf("failed %s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", "\n  "))
	}
}

// end prints the numbers and returns the exit code.
func (r *report) end() int {
	var left []string
	for name := range r.known {
		left = append(left, name)
	}
	sort.Strings(left)
	for _, name := range left {
		r.failed = true
		fmt.Printf("failed %s: it is in %s, but the SDK has no such method\n", name, knownFile)
	}
	fmt.Printf("%d methods: %d pass, %d fail for a known reason, %d are skipped\n", r.methods, r.passes, r.expects, r.skips)
	if r.failed {
		return 1
	}
	return 0
}
