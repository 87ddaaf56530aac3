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

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
)

// maxRequest bounds what is read of a request, in bytes: a thousand names fit.
const maxRequest = 1 << 20

// request is what is to be signed: one made here with its key, or somebody
// else's.
type request struct {
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

	key     crypto.Signer // nil for somebody else's
	pem     []byte
	content *x509.CertificateRequest
}

func (r *request) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&r.csrFile, "csr", "", "Sign the request in this file (- for standard input) instead of making a key")
	flags.StringVar(&r.algorithm, "key-algorithm", string(certs.RSA), "Kind of the private key: rsa, ecdsa or ed25519")
	flags.IntVar(&r.size, "key-size", 0, "Size of the private key in bits: rsa 2048 to 8192 (4096 by default), ecdsa 256 (the default), 384 or 521")
	flags.StringVar(&r.subject, "subject", "", "Who the certificate is for, as OpenSSL writes it (/O=Digihunch/CN=ct1.bhs.orthweb.com) or RFC 4514 (CN=ct1.bhs.orthweb.com,O=Digihunch); CN=dcmclient.DOMAIN by default")
	flags.StringSliceVar(&r.dns, "dns", nil, "Host names to put into the certificate")
	flags.StringSliceVar(&r.ips, "ip", nil, "IP addresses to put into the certificate")
	flags.StringSliceVar(&r.emails, "email", nil, "E-mail addresses to put into the certificate")
	flags.StringArrayVar(&r.uris, "uri", nil, "URIs to put into the certificate; give it several times for several")
}

// validate checks all that can be without the request itself.
func (r *request) validate(flags *pflag.FlagSet) error {
	if r.csrFile != "" {
		for _, name := range []string{"key-algorithm", "key-size", "subject", "dns", "ip", "email", "uri"} {
			if flags.Changed(name) {
				return withHint(fmt.Errorf("--%s has no effect with --csr: the request says it already", name),
					"Leave one of them out.")
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

// read gets somebody else's request, before the cluster is asked for anything.
func (r *request) read(in io.Reader) (err error) {
	if r.csrFile == "" {
		return nil
	}
	data, err := readBounded(r.csrFile, in, maxRequest, "the request")
	if err != nil {
		return err
	}
	if r.content, err = certs.ParseRequest(data); err != nil {
		return fmt.Errorf("the request in %s: %w", r.csrFile, err)
	}
	r.pem = certs.EncodeRequest(r.content)
	return nil
}

// make makes the key and the request, unless somebody else has.
func (r *request) make(ctx context.Context, domain string, progress func(string)) error {
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
	progress("Making a private key (" + r.algorithm + ")")
	if r.key, err = newKey(ctx, algorithm, r.size); err != nil {
		return err
	}
	if r.pem, err = certs.NewRequest(r.rdns, r.names, r.key); err != nil {
		return err
	}
	r.content, err = certs.ParseRequest(r.pem)
	return err
}

// byDefault fills in the subject from the tenant's domain. The name stands among
// the alternative names too: that is where programs of today look.
func (r *request) byDefault(domain string) error {
	if len(r.rdns) > 0 {
		return nil
	}
	if domain == "" {
		return withHint(errors.New("the tenant's host names are not known, so there is no subject to put into the certificate"),
			"Give one, for example --subject=/CN=dcmclient.bhs.orthweb.com.")
	}
	name := "dcmclient." + domain
	var err error
	if r.rdns, err = certs.ParseSubject("CN=" + name); err != nil {
		return withHint(fmt.Errorf("making the default subject: %w", err), "Give one with --subject.")
	}
	if len(r.dns)+len(r.ips)+len(r.emails)+len(r.uris) == 0 {
		r.names, err = certs.ParseNames([]string{name}, nil, nil, nil)
	}
	return err
}

// newKey makes a key, and can be interrupted: a large one takes seconds.
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

// prefix begins the name of the CertificateRequest, from whose request it is.
func (r *request) prefix() string {
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
