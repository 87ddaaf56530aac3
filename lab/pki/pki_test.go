package pki

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
)

func write(t *testing.T) (string, Files) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "pki")
	f, err := Write(dir, "https://127.0.0.1:1", net.IPv4(10, 96, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	return dir, f
}

func parse(t *testing.T, data []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(data)
	if block == nil {
		t.Fatal("no PEM block")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func pool(t *testing.T, path string) *x509.CertPool {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p := x509.NewCertPool()
	p.AddCert(parse(t, data))
	return p
}

func TestEveryPartIsItsOwnUser(t *testing.T) {
	_, f := write(t)
	roots := pool(t, f.CA)
	seen := map[string]string{}
	for part, user := range Users() {
		cfg, err := clientcmd.BuildConfigFromFlags("", f.Kubeconfigs[part])
		if err != nil {
			t.Fatal(err)
		}
		cert := parse(t, cfg.CertData)
		if cert.Subject.CommonName != user.Name || !slices.Equal(cert.Subject.Organization, user.Groups) {
			t.Errorf("%s is %v, want %+v", part, cert.Subject, user)
		}
		if part != Admin && slices.Contains(cert.Subject.Organization, "system:masters") {
			t.Errorf("%s may do everything", part)
		}
		if other := seen[cert.Subject.CommonName]; other != "" {
			t.Errorf("%s and %s are the same user", part, other)
		}
		seen[cert.Subject.CommonName] = part
		if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
			t.Errorf("%s: %v", part, err)
		}
		if _, err := tls.X509KeyPair(cfg.CertData, cfg.KeyData); err != nil {
			t.Errorf("%s: %v", part, err)
		}
	}
}

func TestAClientCantServe(t *testing.T) {
	_, f := write(t)
	data, err := os.ReadFile(f.EtcdClient)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parse(t, data).Verify(x509.VerifyOptions{Roots: pool(t, f.CA)}); err == nil {
		t.Error("a client's certificate passes for a server's")
	}
}

func TestServingCertificate(t *testing.T) {
	_, f := write(t)
	data, err := os.ReadFile(f.Serving)
	if err != nil {
		t.Fatal(err)
	}
	cert := parse(t, data)
	for _, host := range []string{"127.0.0.1", "::1", "10.96.0.1", "localhost", "kubernetes.default.svc"} {
		if _, err := cert.Verify(x509.VerifyOptions{Roots: pool(t, f.CA), DNSName: host}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: pool(t, f.CA), DNSName: "127.0.0.2"}); err == nil {
		t.Error("it passes for 127.0.0.2, too")
	}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: pool(t, f.FrontCA)}); err == nil {
		t.Error("the front proxy's authority signed it")
	}
}

func TestFileModes(t *testing.T) {
	dir, _ := write(t)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) < 15 {
		t.Errorf("only %d files", len(entries))
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", e.Name(), info.Mode().Perm())
		}
	}
}

func TestWriteOverwritesNothing(t *testing.T) {
	dir, _ := write(t)
	if _, err := Write(dir, "https://127.0.0.1:1", net.IPv4(10, 96, 0, 1)); err == nil {
		t.Error("a second lab took over the first one's keys")
	}
}
