package wechatpaymock

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// Environment returns the variables, as NAME=VALUE, that make a child process's SDK reach the mock as this merchant, as
// `wechatpay-mock run` sets them: append them to os.Environ() in exec.Cmd.Env. They are for Go, Python, Ruby, PHP, .NET, curl and
// Node 24.5 or newer; a child in Java or an older Node needs `wechatpay-mock run`, which also sets JAVA_TOOL_OPTIONS and
// NODE_OPTIONS. The files that they name are in a temporary folder, which [Mock.Close] deletes.
func (m *Mock) Environment() ([]string, error) {
	authority, err := m.gateway.call(context.Background(), http.MethodGet, "/__mock/ca.pem", nil)
	if err != nil {
		return nil, err
	}
	folder, err := m.files()
	if err != nil {
		return nil, err
	}
	bundle := filepath.Join(folder, "ca-bundle.pem")
	php := filepath.Join(folder, "php")
	noProxy := withoutGateway(os.Getenv("NO_PROXY"))
	variables := map[string]string{
		"WECHATPAY_MOCK_URL":  m.URL(),
		"WECHATPAY_BASE_URL":  m.URL(),
		"HTTPS_PROXY":         m.URL(),
		"HTTP_PROXY":          m.URL(),
		"https_proxy":         m.URL(),
		"http_proxy":          m.URL(),
		"NO_PROXY":            noProxy,
		"no_proxy":            noProxy,
		"SSL_CERT_FILE":       bundle,
		"REQUESTS_CA_BUNDLE":  bundle,
		"CURL_CA_BUNDLE":      bundle,
		"NODE_EXTRA_CA_CERTS": filepath.Join(folder, "ca.pem"),
		"NODE_USE_ENV_PROXY":  "1",
		"PHP_INI_SCAN_DIR":    os.Getenv("PHP_INI_SCAN_DIR") + string(os.PathListSeparator) + php,
	}
	files := map[string]string{
		"ca.pem":            string(authority),
		"ca-bundle.pem":     systemAuthorities() + string(authority),
		"php/wechatpay.ini": "curl.cainfo=\"" + bundle + "\"\nopenssl.cafile=\"" + bundle + "\"\n",
	}
	for name, value := range m.credentials {
		variable := "WECHATPAY_" + strings.ToUpper(name)
		if strings.HasPrefix(value, "-----BEGIN ") {
			files[name+".pem"] = value
			value = filepath.Join(folder, name+".pem")
		}
		variables[variable] = value
	}
	if err := os.MkdirAll(php, 0o700); err != nil {
		return nil, err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	environment := make([]string, 0, len(variables))
	for name, value := range variables {
		environment = append(environment, name+"="+value)
	}
	sort.Strings(environment)
	return environment, nil
}

// withoutGateway returns NO_PROXY with this machine and without the gateway.
func withoutGateway(noProxy string) string {
	hosts := []string{"localhost", "127.0.0.1", "::1"}
	for _, host := range strings.Split(noProxy, ",") {
		if host != "" && host != "*" && !strings.Contains(host, "qq.com") {
			hosts = append(hosts, host)
		}
	}
	return strings.Join(hosts, ",")
}

// systemAuthorities returns the certificates that this system trusts, for the hosts of NO_PROXY; empty if they are not in a file.
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
