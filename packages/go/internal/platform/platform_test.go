package platform

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestTheProgramIsUnpackedByManyAtOnce(t *testing.T) {
	var compressed bytes.Buffer
	writer := gzip.NewWriter(&compressed)
	text := bytes.Repeat([]byte("program "), 1<<18)
	if _, err := writer.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	Register("0123", compressed.Bytes())
	defer Register("", nil)

	folder := filepath.Join(t.TempDir(), "0123")
	path := filepath.Join(folder, Name())
	var group sync.WaitGroup
	for range [8]int{} {
		group.Add(1)
		go func() {
			defer group.Done()
			if err := unpack(folder, path); err != nil {
				t.Error(err)
			}
			if found, err := os.ReadFile(path); err != nil || !bytes.Equal(found, text) {
				t.Errorf("expected %d bytes, found %d, %v", len(text), len(found), err)
			}
		}()
	}
	group.Wait()
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("expected the program only, found %v, %v", entries, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("expected mode 0700, found %v, %v", info.Mode(), err)
	}
}

func TestABrokenArchiveLeavesNoProgram(t *testing.T) {
	Register("0123", []byte("no gzip"))
	defer Register("", nil)
	folder := t.TempDir()
	if err := unpack(folder, filepath.Join(folder, Name())); err == nil {
		t.Error("expected an error, found none")
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 0 {
		t.Errorf("expected an empty folder, found %v, %v", entries, err)
	}
}
