package certs

import (
	"bytes"
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// openssl runs the real OpenSSL: it and compatible programs must be able to read the files of
// this package.
func openssl(t *testing.T, stdin []byte, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatalf("these tests need OpenSSL 3: %v", err)
	}
	var out, complaints bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &complaints
	cmd.Env = append(os.Environ(), "P12_PASSWORD=correct horse", "OPENSSL_CONF="+os.DevNull)
	if err := cmd.Run(); err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, complaints.String())
	}
	return out.String() + complaints.String()
}

func saved(t *testing.T, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// mustSay ignores spaces in the comparison: OpenSSL 3.2 writes fewer.
func mustSay(t *testing.T, text string, queries ...string) {
	t.Helper()
	spare := strings.NewReplacer(" ", "", "\n", "")
	for _, want := range queries {
		if !strings.Contains(spare.Replace(text), spare.Replace(want)) {
			t.Errorf("OpenSSL does not say %q but\n%s", want, text)
		}
	}
}

func TestOpenSSLReadsKeys(t *testing.T) {
	edKey, err := NewKey(Ed25519, 0)
	if err != nil {
		t.Fatal(err)
	}
	p521, err := NewKey(ECDSA, 521)
	if err != nil {
		t.Fatal(err)
	}
	rsaText, _ := EncodeKey(rsaKey())
	mustSay(t, openssl(t, rsaText, "pkey", "-check", "-noout", "-text_pub"), "Key is valid", "Public-Key: (2048 bit)")
	ecText, _ := EncodeKey(p521)
	mustSay(t, openssl(t, ecText, "pkey", "-check", "-noout", "-text_pub"), "Key is valid", "NIST CURVE: P-521")
	edText, _ := EncodeKey(edKey)
	mustSay(t, openssl(t, edText, "pkey", "-noout", "-text_pub"), "ED25519 Public-Key")
}

func TestOpenSSLWritesKeys(t *testing.T) {
	rsaText, _ := EncodeKey(rsaKey())
	for _, test := range []struct {
		about   string
		args    []string
		stdin   []byte
		message string
	}{
		{"EC with its parameters", []string{"ecparam", "-name", "prime256v1", "-genkey"}, nil, ""},
		{"PKCS#1", []string{"rsa", "-traditional"}, rsaText, ""},
		{"encrypted PKCS#8", []string{"pkcs8", "-topk8", "-passout", "env:P12_PASSWORD"}, rsaText, "it is encrypted"},
		{"encrypted PKCS#1", []string{"rsa", "-traditional", "-aes256", "-passout", "env:P12_PASSWORD"}, rsaText, "it is encrypted"},
	} {
		t.Run(test.about, func(t *testing.T) {
			_, err := DecodeKey([]byte(openssl(t, test.stdin, test.args...)))
			mustFail(t, err, test.message)
		})
	}
}

func TestOpenSSLReadsRequests(t *testing.T) {
	text, err := NewRequest(subjectOf(t, "/C=CA/O=A+OU=B/CN=ct1/emailAddress=a@b.org"), allNames(t), rsaKey())
	if err != nil {
		t.Fatal(err)
	}
	mustSay(t, openssl(t, text, "req", "-verify", "-noout", "-text"), "verify OK",
		"Subject: C = CA, O = A + OU = B, CN = ct1, emailAddress = a@b.org",
		"X509v3 Key Usage: critical Digital Signature, Key Encipherment",
		"X509v3 Extended Key Usage:  TLS Web Client Authentication",
		"DNS:ct1.example.org, DNS:*.example.org, email:pacs@example.org, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7, URI:https://example.org/a, URI:urn:oid:1.2.840.10008")
}

func TestParseRequestsOfOpenSSL(t *testing.T) {
	key, _ := EncodeKey(ecKey(t))
	file := saved(t, key)
	for _, test := range []struct {
		about   string
		args    []string
		message string
	}{
		{"plain, with its text", []string{"-text", "-subj", "/CN=x"}, ""},
		{"with names, in DER", []string{"-outform", "DER", "-subj", "/CN=x", "-addext", "subjectAltName=DNS:a.org,IP:192.0.2.7"}, ""},
		{"for a CA", []string{"-subj", "/CN=x", "-addext", "basicConstraints=CA:TRUE"}, "it requests a CA certificate"},
		{"by SHA-1", []string{"-sha1", "-subj", "/CN=x"}, "it is signed by ECDSA-SHA1"},
		{"a user of Windows", []string{"-subj", "/CN=x", "-addext", "subjectAltName=otherName:1.3.6.1.4.1.311.20.2.3;UTF8:x"}, "a name of the kind otherName"},
		{"nobody", []string{"-subj", "/"}, "neither a subject nor names"},
	} {
		t.Run(test.about, func(t *testing.T) {
			args := append([]string{"req", "-new", "-key", file, "-config", subjectConfig(t)}, test.args...)
			_, err := ParseRequest([]byte(openssl(t, nil, args...)))
			mustFail(t, err, test.message)
		})
	}
}

func TestOpenSSLVerifiesCertificates(t *testing.T) {
	// OpenSSL uses the system clock, so the CAs must be valid now.
	wide := func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Unix(0, 0), time.Unix(1<<32, 0) }
	root := newCA(t, "root", nil, wide)
	middle := newCA(t, "middle", root, wide)
	request := requestOf(t, "/C=CA/O=A+OU=B/CN=ct1", allNames(t), rsaKey())
	chain, err := middle.authority(t, root).Sign(request, time.Now(), day)
	if err != nil {
		t.Fatal(err)
	}
	rootFile, chainFile := saved(t, encoded(t, root.cert)), saved(t, encoded(t, chain...))
	mustSay(t, openssl(t, nil, "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", rootFile, "-untrusted", chainFile, chainFile), ": OK")
	text := openssl(t, encoded(t, chain[0]), "x509", "-noout", "-text")
	mustSay(t, text, "X509v3 Basic Constraints: critical CA:FALSE",
		"X509v3 Key Usage: critical Digital Signature, Key Encipherment",
		"X509v3 Extended Key Usage:  TLS Web Client Authentication",
		"X509v3 Subject Key Identifier", "X509v3 Authority Key Identifier", "X509v3 Subject Alternative Name:",
		"Subject: C = CA, O = A + OU = B, CN = ct1", "Issuer: CN = middle")

	nameless := requestOf(t, "", allNames(t), ecKey(t))
	chain, err = middle.authority(t, root).Sign(nameless, time.Now(), day)
	if err != nil {
		t.Fatal(err)
	}
	text = openssl(t, encoded(t, chain[0]), "x509", "-noout", "-text")
	mustSay(t, text, "X509v3 Key Usage: critical Digital Signature X509v3", "X509v3 Subject Alternative Name: critical")
	mustSay(t, openssl(t, encoded(t, chain[0]), "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", rootFile, "-untrusted", saved(t, encoded(t, chain[1]))), ": OK")
}
