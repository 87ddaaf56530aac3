package certs

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"slices"
	"testing"
	"time"

	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

func TestSign(t *testing.T) {
	root := newCA(t, "root", nil, nil)
	middle := newCA(t, "middle", root, nil)
	authority := middle.authority(t, root)
	edKey, err := NewKey(Ed25519, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		about, subject string
		names          Names
		key            crypto.Signer
	}{
		{"RSA", "/C=CA/O=A+OU=B/CN=ct1/emailAddress=a@b.org", allNames(t), rsaKey()},
		{"ECDSA", "CN=#0c0141,1.2.3.4=x", Names{}, ecKey(t)},
		{"Ed25519 and no subject", "", allNames(t), edKey},
	} {
		t.Run(test.about, func(t *testing.T) {
			request := requestOf(t, test.subject, test.names, test.key)
			chain, err := authority.Sign(request, now, day)
			if err != nil {
				t.Fatal(err)
			}
			if !sameCerts(chain[1:], []*x509.Certificate{middle.cert}) {
				t.Errorf("%d certificates come after the client's, want the CA's alone", len(chain)-1)
			}
			checkLeaf(t, chain[0], request, middle.cert)
			if err := CheckIssued(request, chain, []*x509.Certificate{root.cert}, now); err != nil {
				t.Error(err)
			}
		})
	}
}

func checkLeaf(t *testing.T, leaf *x509.Certificate, request *x509.CertificateRequest, ca *x509.Certificate) {
	t.Helper()
	if !bytes.Equal(leaf.RawSubject, request.RawSubject) {
		t.Errorf("the subject is %x, want %x", leaf.RawSubject, request.RawSubject)
	}
	requested, given := extension(request.Extensions, oidSAN), extension(leaf.Extensions, oidSAN)
	if (requested == nil) != (given == nil) || requested != nil && !bytes.Equal(requested.Value, given.Value) {
		t.Errorf("the names are %v, want %v", given, requested)
	}
	if empty := pki.IsASN1SubjectEmpty(leaf.RawSubject); given != nil && given.Critical != empty {
		t.Errorf("the names are critical: %t, want %t", given.Critical, empty)
	}
	if basic := extension(leaf.Extensions, pki.OIDExtensionBasicConstraints); basic == nil || !basic.Critical || leaf.IsCA {
		t.Error("it does not say CA:FALSE, critical")
	}
	if leaf.KeyUsage != keyUsage(request.PublicKey) || !slices.Equal(leaf.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}) {
		t.Errorf("its usages are %b and %v", leaf.KeyUsage, leaf.ExtKeyUsage)
	}
	if want := now.Add(-skew).Truncate(time.Second); !leaf.NotBefore.Equal(want) {
		t.Errorf("it is valid from %s, want %s", leaf.NotBefore, want)
	}
	if want := now.Add(day).Truncate(time.Second); !leaf.NotAfter.Equal(want) {
		t.Errorf("it is valid until %s, want %s", leaf.NotAfter, want)
	}
	if bits := leaf.SerialNumber.BitLen(); leaf.SerialNumber.Sign() <= 0 || bits > 159 || bits < 64 {
		t.Errorf("its serial number has %d bits", bits)
	}
	if !bytes.Equal(leaf.AuthorityKeyId, ca.SubjectKeyId) || len(leaf.SubjectKeyId) != 20 {
		t.Errorf("its key identifiers are %x and %x", leaf.SubjectKeyId, leaf.AuthorityKeyId)
	}
	want := 5 // basicConstraints, keyUsage, extKeyUsage and the two identifiers
	if given != nil {
		want++
	}
	if len(leaf.Extensions) != want {
		t.Errorf("it has %d extensions, want %d", len(leaf.Extensions), want)
	}
}

func TestUsages(t *testing.T) {
	if got, want := Usages(rsaKey().Public()), []string{"digital signature", "key encipherment", "client auth"}; !slices.Equal(got, want) {
		t.Errorf("RSA: got %q, want %q", got, want)
	}
	if got, want := Usages(ecKey(t).Public()), []string{"digital signature", "client auth"}; !slices.Equal(got, want) {
		t.Errorf("ECDSA: got %q, want %q", got, want)
	}
}

func BenchmarkSign(b *testing.B) {
	authority := newCA(b, "root", nil, nil).authority(b)
	request := requestOf(b, "CN=x", allNames(b), ecKey(b))
	for b.Loop() {
		if _, err := authority.Sign(request, now, day); err != nil {
			b.Fatal(err)
		}
	}
}
