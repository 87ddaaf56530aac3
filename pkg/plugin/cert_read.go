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

// readCertificates reads a file, - for standard input. With --p12 it is PKCS#12, and
// the public half of its key is returned, too.
func readCertificates(ctx context.Context, facts *factsFlags, name string, p12 *pkcs12) ([]*x509.Certificate, crypto.PublicKey, error) {
	data, err := readBounded(name, facts.streams.In, maxCertificates, "the certificate")
	if err != nil {
		return nil, nil, err
	}
	if !p12.wanted {
		chain, err := certs.ParseCertificates(data)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		return chain, nil, nil
	}
	password, err := p12.password(ctx, facts.streams)
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
	data, err := readBounded(name, nil, maxCertificates, "the key")
	if err != nil {
		return nil, err
	}
	key, err := certs.DecodeKey(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return key, nil
}

// readBounded reads a file, or standard input for -. More bytes than the limit are an
// error: a device or a pipe may have no end.
func readBounded(name string, stdin io.Reader, limit int64, what string) (data []byte, err error) {
	in := stdin
	if name != "-" || stdin == nil {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", what, err)
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	if data, err = io.ReadAll(io.LimitReader(in, limit+1)); err != nil {
		return data, fmt.Errorf("reading %s: %w", what, err)
	}
	if int64(len(data)) > limit {
		return data, fmt.Errorf("reading %s: %s is larger than %d bytes", what, name, limit)
	}
	return data, nil
}
