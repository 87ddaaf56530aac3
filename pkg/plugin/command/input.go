package command

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"io"
	"os"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
)

// MaxCertificates bounds what is read of a file with certificates, in bytes.
const MaxCertificates = 1 << 20

// ReadCertificates reads a file, - for standard input. With --p12 it is PKCS#12, and
// the public half of its key is returned, too.
func ReadCertificates(ctx context.Context, call *Call, name string, p12 *PKCS12) ([]*x509.Certificate, crypto.PublicKey, error) {
	data, err := ReadBounded(name, call.Streams.In, MaxCertificates, "the certificate")
	if err != nil {
		return nil, nil, err
	}
	if !p12.Wanted {
		chain, err := certs.ParseCertificates(data)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		return chain, nil, nil
	}
	password, err := p12.Password(ctx, call.Streams)
	if err != nil {
		return nil, nil, err
	}
	key, chain, err := certs.DecodePKCS12(data, string(password))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return chain, key.Public(), nil
}

// ReadKey reads a private key in PEM or DER.
func ReadKey(name string) (crypto.Signer, error) {
	data, err := ReadBounded(name, nil, MaxCertificates, "the key")
	if err != nil {
		return nil, err
	}
	key, err := certs.DecodeKey(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return key, nil
}

// ReadBounded reads a file, or standard input for -. More bytes than the limit are an
// error: a device or a pipe may have no end.
func ReadBounded(name string, stdin io.Reader, limit int64, what string) (data []byte, err error) {
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
