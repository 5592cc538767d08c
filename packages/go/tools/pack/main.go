// Pack writes the Go modules as a file tree that GOPROXY can name: their zips, with what go.mod says, under the module's path.
//
// Usage: pack SOURCES DIST VERSION, where SOURCES is packages/go, DIST is packages/dist, and VERSION begins with v. The platform
// modules are made of those programs that are in DIST/TARGET. Same input, same bytes: files are sorted and have no time.
package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"text/template"
	"time"
)

const base = "github.com/wechatpay-mock/wechatpay-mock-go"

// targets are the systems that programs are built for, and the names that Go has for them.
var targets = []struct{ triple, program, os, architecture string }{
	{"x86_64-unknown-linux-musl", "wechatpay-mock", "linux", "amd64"},
	{"aarch64-unknown-linux-musl", "wechatpay-mock", "linux", "arm64"},
	{"x86_64-pc-windows-gnu", "wechatpay-mock.exe", "windows", "amd64"},
}

//go:embed platform
var templates embed.FS

// files are a module's files, by their paths in it.
type files map[string][]byte

func main() {
	if len(os.Args) != 4 {
		fail(errors.New("usage: pack SOURCES DIST VERSION"))
	}
	sources, dist, version := os.Args[1], os.Args[2], os.Args[3]
	out := filepath.Join(dist, "go")
	if err := os.RemoveAll(out); err != nil {
		fail(err)
	}
	licence, err := os.ReadFile(filepath.Join(sources, "..", "..", "LICENSE"))
	if err != nil {
		fail(err)
	}
	// What the programs are made of. Without it, the pack is not to be published.
	licences, err := os.ReadFile(filepath.Join(dist, "LICENSES.txt"))
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Println("pack: without LICENSES.txt, which packages/build makes: not to be published")
	} else if err != nil {
		fail(err)
	}
	for _, source := range []struct {
		folder   string
		patterns []string
	}{
		{"", []string{"go.mod", "*.go", "README*.md", "internal/*/*.go"}},
		{"/wechatpaygo", []string{"go.mod", "*.go"}},
	} {
		module, err := read(filepath.Join(sources, source.folder), source.patterns, version)
		if err != nil {
			fail(err)
		}
		module["LICENSE"] = licence
		if err := write(out, base+source.folder, version, module); err != nil {
			fail(err)
		}
	}
	for _, target := range targets {
		program, err := os.ReadFile(filepath.Join(dist, target.triple, target.program))
		if errors.Is(err, fs.ErrNotExist) {
			fmt.Printf("skipped %s/platform/%s-%s: no program in packages/dist/%s\n", base, target.os, target.architecture, target.triple)
			continue
		}
		if err != nil {
			fail(err)
		}
		path := base + "/platform/" + target.os + "-" + target.architecture
		module, err := platform(path, version, target.os, target.architecture, program)
		if err != nil {
			fail(err)
		}
		module["LICENSE"] = licence
		if licences != nil {
			module["LICENSES.txt"] = licences
		}
		if err := write(out, path, version, module); err != nil {
			fail(err)
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "pack:", err)
	os.Exit(1)
}

// read reads a module of the sources. In the sources, go.mod names the other modules by their folders; in the pack, by version.
func read(folder string, patterns []string, version string) (files, error) {
	module := files{}
	for _, pattern := range patterns {
		paths, err := filepath.Glob(filepath.Join(folder, filepath.FromSlash(pattern)))
		if err != nil {
			return nil, err
		}
		if len(paths) == 0 {
			return nil, fmt.Errorf("expected %s in %s, found none", pattern, folder)
		}
		for _, path := range paths {
			name, err := filepath.Rel(folder, path)
			if err != nil {
				return nil, err
			}
			if module[filepath.ToSlash(name)], err = os.ReadFile(path); err != nil {
				return nil, err
			}
		}
	}
	text, _, _ := strings.Cut(string(module["go.mod"]), "\nreplace ")
	module["go.mod"] = []byte(strings.ReplaceAll(text, " v0.0.0\n", " "+version+"\n"))
	return module, nil
}

// platform makes the module that brings a program.
func platform(path, version, system, architecture string, program []byte) (files, error) {
	var compressed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write(program); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	module := files{"wechatpay-mock.gz": compressed.Bytes()}
	values := map[string]string{
		"Path": path, "Base": base, "Version": version, "OS": system, "Architecture": architecture,
		"Package": system + architecture, "SHA256": fmt.Sprintf("%x", sha256.Sum256(program)),
	}
	all, err := template.ParseFS(templates, "platform/*.template")
	if err != nil {
		return nil, err
	}
	for name, source := range map[string]string{
		"go.mod": "go.mod.template",
		"doc.go": "doc.go.template",
		"binary_" + system + "_" + architecture + ".go": "binary.go.template",
	} {
		var text bytes.Buffer
		if err := all.ExecuteTemplate(&text, source, values); err != nil {
			return nil, err
		}
		module[name] = text.Bytes()
	}
	return module, nil
}

// write writes the four files of a module's version.
func write(out, path, version string, module files) error {
	folder := filepath.Join(out, filepath.FromSlash(path), "@v")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	at, err := published()
	if err != nil {
		return err
	}
	info, err := json.Marshal(struct {
		Version string
		Time    time.Time
	}{version, at})
	if err != nil {
		return err
	}
	archive, err := archive(path+"@"+version+"/", module)
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"list": []byte(version + "\n"), version + ".info": info, version + ".mod": module["go.mod"], version + ".zip": archive,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("packed %s@%s: %d files, %d bytes, sha256 %x\n", path, version, len(module), len(archive), sha256.Sum256(archive))
	return nil
}

// published is SOURCE_DATE_EPOCH, or else a fixed time.
func published() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH: expected Unix seconds, found %q", text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

func archive(prefix string, module files) ([]byte, error) {
	names := make([]string, 0, len(module))
	for name := range module {
		names = append(names, name)
	}
	sort.Strings(names)
	var content bytes.Buffer
	writer := zip.NewWriter(&content)
	for _, name := range names {
		header := &zip.FileHeader{Name: prefix + name, Method: zip.Deflate}
		if strings.HasSuffix(name, ".gz") {
			header.Method = zip.Store
		}
		file, err := writer.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := file.Write(module[name]); err != nil {
			return nil, err
		}
	}
	err := writer.Close()
	return content.Bytes(), err
}
