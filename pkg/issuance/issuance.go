// Package issuance has certificate requests signed by a cluster: through
// cert-manager, whose CA key stays where it is. For clusters where that is not
// possible it reads the CA's Secret.
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
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// requests is where CertificateRequests are served: v1 since cert-manager 1.0.
var requests = cmapi.SchemeGroupVersion.WithResource("certificaterequests")

// Client asks one cluster.
type Client struct {
	dynamic dynamic.Interface
	host    string
}

// NewClient makes a client of the cluster that config names.
func NewClient(config *rest.Config) (*Client, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("reading the cluster's address and credentials: %w", err)
	}
	return &Client{dynamic: client, host: config.Host}, nil
}

// Order is what a signer is asked for.
type Order struct {
	Namespace string
	// Prefix begins the CertificateRequest's name; the API server makes the rest.
	Prefix string
	Issuer cmmeta.IssuerReference
	// Request is the PEM of a PKCS#10 request.
	Request  []byte
	Duration time.Duration
	// Usages are in cert-manager's words, as pkg/certs gives them.
	Usages []string
	// Keep leaves the CertificateRequest in the cluster.
	Keep bool
}

// Signed is what came back, as PEM: the certificate with what it is signed by,
// and the CA, empty when the issuer named none.
type Signed struct {
	Certificate, CA []byte
	// Name is the CertificateRequest's.
	Name string
}

// Request makes a CertificateRequest, waits until it is signed or ctx ends, and
// deletes it. progress is told once of every state that it waits in, and of a
// request that could not be deleted.
//
// It needs the verbs create, get and delete. Errors are *DeniedError,
// *FailedError, *WaitingError when ctx has run out of time, or those of the API
// server, of which Kubernetes' apierrors tells more.
func (c *Client) Request(ctx context.Context, o Order, progress func(string)) (Signed, error) {
	client := c.dynamic.Resource(requests).Namespace(o.Namespace)
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o.object())
	if err != nil {
		return Signed{}, fmt.Errorf("writing down the CertificateRequest: %w", err)
	}
	made, err := client.Create(ctx, &unstructured.Unstructured{Object: object}, metav1.CreateOptions{FieldManager: "kubectl-orthweb"})
	if err != nil {
		return Signed{}, fmt.Errorf("making a CertificateRequest in %s: %w", o.Namespace, whole(err))
	}
	if !o.Keep {
		defer c.remove(ctx, client, made.GetName(), progress)
	}
	return wait(ctx, made, progress, func(ctx context.Context) (*unstructured.Unstructured, error) {
		return client.Get(ctx, made.GetName(), metav1.GetOptions{})
	})
}

func (o Order) object() *cmapi.CertificateRequest {
	var usages []cmapi.KeyUsage
	for _, usage := range o.Usages {
		usages = append(usages, cmapi.KeyUsage(usage))
	}
	return &cmapi.CertificateRequest{
		TypeMeta: metav1.TypeMeta{APIVersion: cmapi.SchemeGroupVersion.String(), Kind: cmapi.CertificateRequestKind},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: o.Namespace, GenerateName: o.Prefix,
			Labels: map[string]string{"app.kubernetes.io/created-by": "kubectl-orthweb"},
		},
		Spec: cmapi.CertificateRequestSpec{
			Request: o.Request, IssuerRef: o.Issuer, Usages: usages,
			Duration: &metav1.Duration{Duration: o.Duration},
		},
	}
}

// Between two looks at a request. cert-manager's own CA signs in well under a
// second; others, and people who approve, take longer.
const firstPause, longestPause = 100 * time.Millisecond, 2 * time.Second

// wait looks at the request until it has come to an end. Looking again and again
// needs the right to get one request; a watch would need more.
func wait(ctx context.Context, seen *unstructured.Unstructured, progress func(string), look func(context.Context) (*unstructured.Unstructured, error)) (Signed, error) {
	said := ""
	for pause := firstPause; ; pause = min(pause*3/2, longestPause) {
		var request cmapi.CertificateRequest
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(seen.Object, &request); err != nil {
			return Signed{}, fmt.Errorf("reading the CertificateRequest %s: %w", seen.GetName(), err)
		}
		signed, waiting, err := judge(&request)
		if err != nil || waiting == nil {
			return signed, err
		}
		if text := waiting.Text(); text != said && pause > firstPause {
			said = text
			progress(text)
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return Signed{}, waiting
			}
			return Signed{}, ctx.Err()
		case <-time.After(pause):
		}
		next, err := look(ctx)
		if err != nil {
			if ctx.Err() != nil {
				continue // the select says how it ended
			}
			return Signed{}, fmt.Errorf("looking at the CertificateRequest %s/%s: %w", seen.GetNamespace(), seen.GetName(), whole(err))
		}
		seen = next
	}
}

// remove deletes the request, even when the user has interrupted: then within
// the second that an interrupt may take.
func (c *Client) remove(ctx context.Context, client dynamic.ResourceInterface, name string, progress func(string)) {
	grace := 5 * time.Second
	if errors.Is(ctx.Err(), context.Canceled) {
		grace = 800 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := client.Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		progress(fmt.Sprintf("CertificateRequest %s could not be deleted: %v", name, err))
	}
}

// whole tells a kind that is not served from an object that is not there: the
// API server's own words are the same.
func whole(err error) error {
	if apierrors.IsNotFound(err) && notServed(err) {
		return fmt.Errorf("%w: %w", ErrNotServed, err)
	}
	return err
}

// notServed: the answer for a path that does not exist names no object.
func notServed(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && (status.Status().Details == nil || status.Status().Details.Name == "")
}
