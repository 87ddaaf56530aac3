// Package issue creates client certificates for tenants: it selects the issuer, generates a
// key and a request, has the request signed, and writes the files.
package issue

import (
	"context"
	"crypto"
	"crypto/x509"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

// Via is how a certificate is signed.
type Via string

const (
	// ViaIssuer has cert-manager sign, in the cluster.
	ViaIssuer Via = "issuer"
	// ViaSecret signs on this machine, with the CA's key from its Secret.
	ViaSecret Via = "secret"
)

// Options describe the certificate to create, and how it is signed.
type Options struct {
	Request  Request
	Lifetime Lifetime
	Via      Via
	// Namespace is where CertificateRequests are created; the tenant's if it is empty.
	Namespace string
	// Issuer signs, see ParseIssuer; the tenant's own if it is empty.
	Issuer string
	// CASecret is the Secret of the CA, as name or namespace/name; the issuer's if it is
	// empty.
	CASecret string
	// KeepRequest leaves the CertificateRequest in the cluster.
	KeepRequest bool
	// Timeout bounds how long a CertificateRequest may take.
	Timeout time.Duration
}

// Reporter receives the progress while a certificate is issued. Each function may be nil.
type Reporter struct {
	// Step is called with the step that begins: "Generating a private key (rsa)".
	Step func(text string)
	// Notice is called with a sentence that the user should read.
	Notice func(text string)
}

func (r Reporter) step(text string) {
	if r.Step != nil {
		r.Step(text)
	}
}

func (r Reporter) notice(text string) {
	if r.Notice != nil {
		r.Notice(text)
	}
}

// Certificate is a client certificate that was issued.
type Certificate struct {
	// Key is nil if another program created the request.
	Key crypto.Signer
	// Chain starts with the certificate; the others have signed it. CA is what the chain
	// ends in, empty if the issuer did not return it.
	Chain, CA []*x509.Certificate
}

// Issue creates a key and a request, unless there is one, and has it signed. Nothing is kept
// in the cluster unless the options say so.
func (p *Plan) Issue(ctx context.Context, config *request.Config, report Reporter) (Certificate, error) {
	made, err := p.options.Request.create(ctx, p.domain, report)
	if err != nil {
		return Certificate{}, err
	}
	issued, err := (&signing{Plan: p, certificateRequest: made, config: config, report: report}).sign(ctx)
	issued.Key = made.key
	return issued, err
}
