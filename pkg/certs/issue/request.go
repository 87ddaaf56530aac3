package issue

import (
	"context"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
)

// Request is what the certificate is for: a request of another program, which has the key, or
// a key and a request to create.
type Request struct {
	// Given is signed as it is, and the other fields have no effect; nil creates a key and a
	// request.
	Given *x509.CertificateRequest
	// Algorithm and KeySize are the key's; KeySize 0 is the default of the algorithm.
	Algorithm certs.Algorithm
	KeySize   int
	// Subject is CN=dcmclient.DOMAIN if it is empty. Without Names, too, that name is also an
	// alternative name: current programs read only those.
	Subject pkix.RDNSequence
	Names   certs.Names
}

// certificateRequest is a request to sign, with its key if it was created here.
type certificateRequest struct {
	key     crypto.Signer
	content *x509.CertificateRequest
}

// create generates the key and the request, unless there is one.
func (r Request) create(ctx context.Context, domain string, report Reporter) (certificateRequest, error) {
	if r.Given != nil {
		return certificateRequest{content: r.Given}, nil
	}
	var made certificateRequest
	subject, names, err := r.identity(domain)
	if err != nil {
		return made, err
	}
	report.step("Generating a private key (" + string(r.Algorithm) + ")")
	if made.key, err = newKey(ctx, r.Algorithm, r.KeySize); err != nil {
		return made, err
	}
	text, err := certs.NewRequest(subject, names, made.key)
	if err != nil {
		return made, err
	}
	made.content, err = certs.ParseRequest(text)
	return made, err
}

// identity is the subject with the alternative names, by default from the tenant's domain.
func (r Request) identity(domain string) (pkix.RDNSequence, certs.Names, error) {
	if len(r.Subject) > 0 {
		return r.Subject, r.Names, nil
	}
	if domain == "" {
		return nil, r.Names, advice.Add(errors.New("creating the default subject: the tenant's host names are not known"),
			"Specify one, for example --subject=/CN=dcmclient.bhs.orthweb.com.")
	}
	name, names := "dcmclient."+domain, r.Names
	subject, err := certs.ParseSubject("CN=" + name)
	if err != nil {
		return nil, names, advice.Add(fmt.Errorf("creating the default subject: %w", err), "Specify one with --subject.")
	}
	if len(names.DNS)+len(names.IPs)+len(names.Emails)+len(names.URIs) == 0 {
		names, err = certs.ParseNames([]string{name}, nil, nil, nil)
	}
	return subject, names, err
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
func (r certificateRequest) prefix() string {
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
