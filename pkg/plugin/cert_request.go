package plugin

import (
	"context"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// maxRequest bounds a request, in bytes: a thousand names fit.
const maxRequest = 1 << 20

// certRequest is the certificate request to sign: one created here with its key, or one
// from a file.
type certRequest struct {
	csrFile   string
	algorithm string
	size      int
	subject   string
	dns       []string
	ips       []string
	emails    []string
	uris      []string

	names certs.Names
	rdns  pkix.RDNSequence

	key     crypto.Signer // nil for a request from a file
	pem     []byte
	content *x509.CertificateRequest
}

func (r *certRequest) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&r.csrFile, "csr", "", "Sign the request in this file (- for standard input) instead of generating a key")
	flags.StringVar(&r.algorithm, "key-algorithm", string(certs.RSA), "Algorithm of the private key: rsa, ecdsa or ed25519")
	flags.IntVar(&r.size, "key-size", 0, "Size of the private key in bits: rsa 2048 to 8192 (4096 by default), ecdsa 256 (the default), 384 or 521")
	flags.StringVar(&r.subject, "subject", "", "Subject of the certificate, in the form of OpenSSL (/O=Digihunch/CN=ct1.bhs.orthweb.com) or RFC 4514 (CN=ct1.bhs.orthweb.com,O=Digihunch); CN=dcmclient.DOMAIN by default")
	flags.StringSliceVar(&r.dns, "dns", nil, "Host names to include in the certificate")
	flags.StringSliceVar(&r.ips, "ip", nil, "IP addresses to include in the certificate")
	flags.StringSliceVar(&r.emails, "email", nil, "E-mail addresses to include in the certificate")
	flags.StringArrayVar(&r.uris, "uri", nil, "URI to include in the certificate; can be repeated")
}

// Validate checks everything that does not require the request itself.
func (r *certRequest) validate(flags *pflag.FlagSet) error {
	if r.csrFile != "" {
		for _, name := range []string{"key-algorithm", "key-size", "subject", "dns", "ip", "email", "uri"} {
			if flags.Changed(name) {
				return advice.Add(fmt.Errorf("--%s has no effect with --csr: the request defines it", name),
					"Remove one of them.")
			}
		}
		return nil
	}
	algorithm, err := certs.ParseAlgorithm(r.algorithm)
	if err != nil {
		return fmt.Errorf("--key-algorithm: %w", err)
	}
	if err := certs.CheckKeySize(algorithm, r.size); err != nil {
		return fmt.Errorf("--key-size: %w", err)
	}
	if r.subject != "" {
		if r.rdns, err = certs.ParseSubject(r.subject); err != nil {
			return fmt.Errorf("--subject: %w", err)
		}
	}
	r.names, err = certs.ParseNames(r.dns, r.ips, r.emails, r.uris)
	return err
}

// Read reads the request from its file, before any request to the cluster.
func (r *certRequest) read(in io.Reader) (err error) {
	if r.csrFile == "" {
		return nil
	}
	data, err := command.ReadBounded(r.csrFile, in, maxRequest, "the request")
	if err != nil {
		return err
	}
	if r.content, err = certs.ParseRequest(data); err != nil {
		return fmt.Errorf("reading the request in %s: %w", r.csrFile, err)
	}
	r.pem = certs.EncodeRequest(r.content)
	return nil
}

// make generates the key and the request, unless the request comes from a file.
func (r *certRequest) make(ctx context.Context, domain string, progress func(string)) error {
	if r.content != nil {
		return nil
	}
	if err := r.byDefault(domain); err != nil {
		return err
	}
	algorithm, err := certs.ParseAlgorithm(r.algorithm)
	if err != nil {
		return err
	}
	progress("Generating a private key (" + r.algorithm + ")")
	if r.key, err = newKey(ctx, algorithm, r.size); err != nil {
		return err
	}
	if r.pem, err = certs.NewRequest(r.rdns, r.names, r.key); err != nil {
		return err
	}
	r.content, err = certs.ParseRequest(r.pem)
	return err
}

// byDefault fills in the subject from the tenant's domain. Its name is an alternative
// name, too: current programs read only those.
func (r *certRequest) byDefault(domain string) error {
	if len(r.rdns) > 0 {
		return nil
	}
	if domain == "" {
		return advice.Add(errors.New("creating the default subject: the tenant's host names are not known"),
			"Specify one, for example --subject=/CN=dcmclient.bhs.orthweb.com.")
	}
	name := "dcmclient." + domain
	var err error
	if r.rdns, err = certs.ParseSubject("CN=" + name); err != nil {
		return advice.Add(fmt.Errorf("creating the default subject: %w", err), "Specify one with --subject.")
	}
	if len(r.dns)+len(r.ips)+len(r.emails)+len(r.uris) == 0 {
		r.names, err = certs.ParseNames([]string{name}, nil, nil, nil)
	}
	return err
}

// newKey generates a key, and can be interrupted: a large one takes seconds.
func newKey(ctx context.Context, algorithm certs.Algorithm, size int) (crypto.Signer, error) {
	type result struct {
		key crypto.Signer
		err error
	}
	done := make(chan result, 1)
	go func() {
		key, err := certs.NewKey(algorithm, size)
		done <- result{key, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-done:
		return r.key, r.err
	}
}

// prefix is the start of the CertificateRequest's name: the requester's.
func (r *certRequest) prefix() string {
	name := strings.ToLower(strings.TrimPrefix(r.content.Subject.CommonName, "*."))
	keep := func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '-'
	}
	name = strings.Trim(strings.Map(keep, name), "-")
	return strings.TrimLeft("orthweb-"+name[:min(len(name), 40)], "-") + "-"
}
