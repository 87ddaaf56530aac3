// Package issuance requests certificates from a cluster: through cert-manager, so that the
// CA's key stays in the cluster. For clusters where that is not possible it reads the CA's
// Secret.
package issuance

import (
	"context"
	"errors"
	"fmt"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

// Client sends requests to one cluster.
type Client struct {
	rest *request.Client
}

// NewClient creates a client of the cluster in config.
func NewClient(config *rest.Config) (*Client, error) {
	client, err := request.New(config)
	if err != nil {
		return nil, err
	}
	return &Client{client}, nil
}

// Order describes the certificate to request.
type Order struct {
	Namespace string
	// Prefix begins the CertificateRequest's name; the rest is random.
	Prefix string
	Issuer cmmeta.IssuerReference
	// Request is the PEM of a PKCS#10 request.
	Request  []byte
	Duration time.Duration
	// Usages are named as in cert-manager, as pkg/certs returns them.
	Usages []string
	// Keep leaves the CertificateRequest in the cluster.
	Keep bool
}

// Signed is the result, as PEM: the certificate with its chain, and the CA, empty if the
// issuer named none.
type Signed struct {
	Certificate, CA []byte
	// Name is the CertificateRequest's.
	Name string
}

// Request creates a CertificateRequest, waits until it is signed or ctx ends, and deletes
// it. progress is called once for every state that it waits in, and for a request that
// could not be deleted.
//
// It needs the verbs create, get and delete. Errors are *DeniedError, *FailedError,
// *WaitingError when ctx has run out of time, or those of the API server, which Kubernetes'
// apierrors describes.
func (c *Client) Request(ctx context.Context, o Order, progress func(string)) (Signed, error) {
	client := newResource(c.rest, o.Namespace)
	created, err := create(ctx, client, o, progress)
	if err != nil {
		return Signed{}, err
	}
	if !o.Keep {
		defer remove(ctx, client, created.GetName(), created.GetUID(), progress)
	}
	return wait(ctx, created, progress, func(ctx context.Context) (*unstructured.Unstructured, error) {
		return client.get(ctx, created.GetName())
	})
}

func (o Order) object(name string) *cmapi.CertificateRequest {
	var usages []cmapi.KeyUsage
	for _, usage := range o.Usages {
		usages = append(usages, cmapi.KeyUsage(usage))
	}
	return &cmapi.CertificateRequest{
		TypeMeta: metav1.TypeMeta{APIVersion: cmapi.SchemeGroupVersion.String(), Kind: cmapi.CertificateRequestKind},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: o.Namespace, Name: name,
			Labels: map[string]string{"app.kubernetes.io/created-by": "kubectl-orthweb"},
		},
		Spec: cmapi.CertificateRequestSpec{
			Request: o.Request, IssuerRef: o.Issuer, Usages: usages,
			Duration: &metav1.Duration{Duration: o.Duration},
		},
	}
}

// whole distinguishes a kind that is not served from an object that does not exist: the API
// server's messages are the same.
func whole(err error) error {
	if apierrors.IsNotFound(err) && notServed(err) {
		return fmt.Errorf("%w: %w", ErrNotServed, err)
	}
	return err
}

// notServed reports whether the kind is not served: the answer for a path that does not exist names no object.
func notServed(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && (status.Status().Details == nil || status.Status().Details.Name == "")
}
