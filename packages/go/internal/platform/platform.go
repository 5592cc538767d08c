// Package platform keeps the program that a platform module brings.
package platform

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
)

// program is the program that was registered, compressed by gzip, and the SHA-256 of it uncompressed, in hexadecimal digits.
var program struct {
	sha256     string
	compressed []byte
}

// Register is called by a platform module that is built for this system.
func Register(sha256 string, compressed []byte) {
	program.sha256, program.compressed = sha256, compressed
}

// Name is the program's file name.
func Name() string {
	if runtime.GOOS == "windows" {
		return "wechatpay-mock.exe"
	}
	return "wechatpay-mock"
}

// Binary returns the path of the program in the user's cache directory, and unpacks it if it is not there yet. The path is empty
// if no program was registered.
var Binary = sync.OnceValues(func() (string, error) {
	if program.compressed == nil {
		return "", nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "wechatpay-mock", program.sha256)
	path := filepath.Join(folder, Name())
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return path, unpack(folder, path)
})

// unpack writes the program under another name, and then renames it, so that no other process sees half of it.
func unpack(folder, path string) error {
	source, err := gzip.NewReader(bytes.NewReader(program.compressed))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	temporary, err := write(folder, source)
	if err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		_ = os.Remove(temporary)
		// On Windows, a program that runs can't be replaced. It is the same one.
		if _, found := os.Stat(path); found != nil {
			return err
		}
	}
	return nil
}

// write writes the program to a new file. No other goroutine may fork meanwhile: its child would have this file open for writing
// until it calls exec, and nobody could run the program as long as that (ETXTBSY).
func write(folder string, source io.Reader) (path string, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	file, err := os.CreateTemp(folder, "unpacking-*")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(file, source)
	if err == nil {
		err = file.Chmod(0o700)
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return "", err
	}
	return file.Name(), nil
}
