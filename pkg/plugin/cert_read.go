package plugin

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"io"
	"os"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
)

// maxCertificates bounds what is read of a file with certificates, in bytes.
const maxCertificates = 1 << 20

// readCertificates reads a file, - for standard input. With --p12 it is PKCS#12,
// and what is in it besides the certificates is its key's public half.
func readCertificates(ctx context.Context, facts *factsFlags, name string, p12 *pkcs12) ([]*x509.Certificate, crypto.PublicKey, error) {
	in := facts.streams.In
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the certificate: %w", err)
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	data, err := io.ReadAll(io.LimitReader(in, maxCertificates+1))
	defer certs.Wipe(data)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the certificate: %w", err)
	}
	if len(data) > maxCertificates {
		return nil, nil, fmt.Errorf("%s is no certificate: it is larger than %d bytes", name, maxCertificates)
	}
	if !p12.wanted {
		chain, err := certs.ParseCertificates(data)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		return chain, nil, nil
	}
	password, err := p12.password(ctx, facts.streams)
	defer certs.Wipe(password)
	if err != nil {
		return nil, nil, err
	}
	key, chain, err := certs.DecodePKCS12(data, string(password))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return chain, key.Public(), nil
}

func readKey(name string) (crypto.Signer, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("reading the key: %w", err)
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, maxCertificates))
	defer certs.Wipe(data)
	if err != nil {
		return nil, fmt.Errorf("reading the key: %w", err)
	}
	key, err := certs.DecodeKey(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return key, nil
}
