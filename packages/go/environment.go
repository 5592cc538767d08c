package wechatpaymock

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// addedTo are the variables of which a child process keeps what is set already.
var addedTo = []string{"NO_PROXY", "no_proxy", "NODE_OPTIONS", "PHP_INI_SCAN_DIR", "JAVA_TOOL_OPTIONS"}

// Environment returns the variables, as NAME=VALUE, that make a child process's SDK reach the mock as this merchant, as
// `wechatpay-mock run` sets them: append them to os.Environ() in exec.Cmd.Env. The files that they name are in a temporary folder,
// which [Mock.Close] deletes.
func (m *Mock) Environment() ([]string, error) {
	folder, err := m.files()
	if err != nil {
		return nil, err
	}
	set := map[string]string{}
	for _, name := range addedTo {
		if value, ok := os.LookupEnv(name); ok {
			set[name] = value
		}
	}
	program := Fields{"folder": folder, "authorities": systemAuthorities(), "set": set}
	var made struct {
		Variables map[string]string
		Files     map[string][]byte
	}
	if err := m.gateway.ask(context.Background(), http.MethodPost, "/__mock/environment", program, &made); err != nil {
		return nil, err
	}
	for name, value := range m.credentials {
		variable := "WECHATPAY_" + strings.ToUpper(name)
		if strings.HasPrefix(value, "-----BEGIN ") {
			made.Files[name+".pem"] = []byte(value)
			value = filepath.Join(folder, name+".pem")
		}
		made.Variables[variable] = value
	}
	for name, content := range made.Files {
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(name)), content, 0o600); err != nil {
			return nil, err
		}
	}
	environment := make([]string, 0, len(made.Variables))
	for name, value := range made.Variables {
		environment = append(environment, name+"="+value)
	}
	sort.Strings(environment)
	return environment, nil
}

// systemAuthorities returns the certificates that this system trusts, for the hosts that a child process calls without the mock; empty if they are not in a file.
func systemAuthorities() string {
	for _, path := range []string{os.Getenv("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"} {
		if text, err := os.ReadFile(path); err == nil {
			return string(text) + "\n"
		}
	}
	return ""
}

// files returns the temporary folder of this handle, and creates it for the first call.
func (m *Mock) files() (folder string, err error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.folder == "" {
		m.folder, err = os.MkdirTemp("", "wechatpay-mock-")
	}
	return m.folder, err
}
