package load

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The types of PEM blocks that are rewritten.
const (
	certificateBlock = "CERTIFICATE"
	requestBlock     = "CERTIFICATE REQUEST"
)

var subjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

// credentials are the certificates, requests and keys of a tenant. A copy has the same keys, which
// takes no time, and certificates with its own names.
type credentials struct {
	certificates []*x509.Certificate
	requests     []*x509.CertificateRequest
	keys         []crypto.Signer
}

// readCredentials reads what the Secrets and CertificateRequests of a tenant contain.
func readCredentials(objects []Object) (*credentials, error) {
	p := &credentials{}
	for _, o := range objects {
		var values []string
		switch o.GroupVersionKind().GroupKind() {
		case secretKind:
			data, _, _ := unstructured.NestedStringMap(o.Object, "data")
			for _, value := range data {
				values = append(values, value)
			}
		case requestKind:
			for _, path := range [][]string{{"spec", "request"}, {"status", "certificate"}, {"status", "ca"}} {
				value, _, _ := unstructured.NestedString(o.Object, path...)
				values = append(values, value)
			}
		}
		for _, value := range values {
			if data, err := base64.StdEncoding.DecodeString(value); err == nil {
				if err := p.read(data); err != nil {
					return nil, fmt.Errorf("reading %s: %w", name(o), err)
				}
			}
		}
	}
	return p, nil
}

func (p *credentials) read(data []byte) error {
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return nil
		}
		switch block.Type {
		case certificateBlock:
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return err
			}
			p.certificates = append(p.certificates, c)
		case requestBlock:
			c, err := x509.ParseCertificateRequest(block.Bytes)
			if err != nil {
				return err
			}
			p.requests = append(p.requests, c)
		case "RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY":
			key, err := parseKey(block)
			if err != nil {
				return err
			}
			p.keys = append(p.keys, key)
		}
	}
}

func parseKey(block *pem.Block) (crypto.Signer, error) {
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a key of type %T can't sign", key)
	}
	return signer, nil
}

// key returns the key of a public key, nil if the tenant does not have it.
func (p *credentials) key(public any) crypto.Signer {
	for _, k := range p.keys {
		if equal, ok := k.Public().(interface{ Equal(crypto.PublicKey) bool }); ok && equal.Equal(public) {
			return k
		}
	}
	return nil
}

// rewrite returns the PEM blocks of another tenant, by the contents of the original ones.
func (p *credentials) rewrite(tenant string, words func(string) string) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, c := range p.certificates {
		if _, err := p.rewriteCertificate(c, tenant, words, out); err != nil {
			return nil, fmt.Errorf("signing a certificate of %s: %w", tenant, err)
		}
	}
	for _, c := range p.requests {
		der, err := p.rewriteRequest(c, words)
		if err != nil {
			return nil, fmt.Errorf("signing a certificate request of %s: %w", tenant, err)
		}
		out[string(c.Raw)] = der
	}
	return out, nil
}

func (p *credentials) rewriteCertificate(c *x509.Certificate, tenant string, words func(string) string, out map[string][]byte) (*x509.Certificate, error) {
	if der, ok := out[string(c.Raw)]; ok {
		return x509.ParseCertificate(der)
	}
	n := *c
	n.RawSubject = nil
	n.Subject = rewriteSubject(c.Subject, words)
	n.DNSNames = rewriteAll(c.DNSNames, words)
	sum := sha256.Sum256(append([]byte(tenant), c.SerialNumber.Bytes()...))
	n.SerialNumber = new(big.Int).SetBytes(sum[:16])
	parent, signer := &n, p.key(c.PublicKey)
	if c.CheckSignatureFrom(c) != nil {
		issuer := p.issuer(c)
		if issuer == nil {
			out[string(c.Raw)] = c.Raw // not of this tenant
			return c, nil
		}
		var err error
		if parent, err = p.rewriteCertificate(issuer, tenant, words, out); err != nil {
			return nil, err
		}
		signer = p.key(issuer.PublicKey)
	}
	if signer == nil {
		return nil, errors.New("the key of its issuer is missing")
	}
	der, err := x509.CreateCertificate(rand.Reader, &n, parent, c.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	out[string(c.Raw)] = der
	return x509.ParseCertificate(der)
}

// issuer is the CA certificate that signed another one.
func (p *credentials) issuer(c *x509.Certificate) *x509.Certificate {
	for _, ca := range p.certificates {
		if bytes.Equal(ca.RawSubject, c.RawIssuer) && c.CheckSignatureFrom(ca) == nil && p.key(ca.PublicKey) != nil {
			return ca
		}
	}
	return nil
}

func (p *credentials) rewriteRequest(c *x509.CertificateRequest, words func(string) string) ([]byte, error) {
	signer := p.key(c.PublicKey)
	if signer == nil {
		return c.Raw, nil
	}
	n := &x509.CertificateRequest{
		Subject: rewriteSubject(c.Subject, words), DNSNames: rewriteAll(c.DNSNames, words),
		IPAddresses: c.IPAddresses, URIs: c.URIs, EmailAddresses: c.EmailAddresses,
	}
	for _, e := range c.Extensions {
		if !e.Id.Equal(subjectAltName) {
			n.ExtraExtensions = append(n.ExtraExtensions, e)
		}
	}
	return x509.CreateCertificateRequest(rand.Reader, n, signer)
}

func rewriteSubject(s pkix.Name, words func(string) string) pkix.Name {
	s.CommonName = words(s.CommonName)
	s.Organization = rewriteAll(s.Organization, words)
	s.OrganizationalUnit = rewriteAll(s.OrganizationalUnit, words)
	return s
}

func rewriteAll(list []string, words func(string) string) []string {
	var out []string
	for _, s := range list {
		out = append(out, words(s))
	}
	return out
}

// blocks replaces the blocks of PEM.
func (r *rewriter) blocks(data []byte) []byte {
	var out bytes.Buffer
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			out.Write(data)
			return out.Bytes()
		}
		if der, ok := r.blocksByContent[string(block.Bytes)]; ok {
			block.Bytes = der
		}
		out.Write(pem.EncodeToMemory(block))
		data = rest
	}
}
