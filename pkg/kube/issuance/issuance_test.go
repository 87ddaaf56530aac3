package issuance

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// newRequest returns a CertificateRequest with conditions "Type=Status Reason: message".
func newRequest(certificate string, conditions ...string) *unstructured.Unstructured {
	var list []any
	for _, text := range conditions {
		head, message, _ := strings.Cut(text, ": ")
		state, reason, _ := strings.Cut(head, " ")
		kind, status, _ := strings.Cut(state, "=")
		list = append(list, map[string]any{"type": kind, "status": status, "reason": reason, "message": message})
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"namespace": "bhs-orthweb", "name": "r"},
		"status":   map[string]any{"conditions": list, "certificate": certificate, "ca": "Y2E="},
	}}
}

const signed = "bGVhZg==" // "leaf"

func TestWait(t *testing.T) {
	approved := "Approved=True cert-manager.io: by itself"
	for _, c := range []struct {
		about    string
		seen     []*unstructured.Unstructured
		want     string // of the error
		reported []string
	}{
		{about: "signed at once", seen: []*unstructured.Unstructured{newRequest(signed, approved, "Ready=True Issued: done")}},
		{about: "signed a little later", seen: []*unstructured.Unstructured{newRequest(""), newRequest("", approved), newRequest(signed, approved, "Ready=True Issued: done")},
			reported: []string{"waiting for the issuer, which has not reported a status yet"}},
		{about: "True without a certificate is not signed", seen: []*unstructured.Unstructured{newRequest("", approved, "Ready=True Issued: done")},
			want: "not signed in time: the issuer reports: done", reported: []string{"the issuer reports: done"}},
		{about: "nobody approves", seen: []*unstructured.Unstructured{newRequest("")},
			want: "bhs-orthweb/r was not signed in time: waiting for approval", reported: []string{"waiting for approval"}},
		{about: "no such issuer", seen: []*unstructured.Unstructured{newRequest("", approved, "Ready=False Pending: Referenced issuer not found")},
			want: "the issuer reports: Referenced issuer not found", reported: []string{"the issuer reports: Referenced issuer not found"}},
		{about: "denied", seen: []*unstructured.Unstructured{newRequest(""), newRequest("", "Denied=True policy: not you", "Ready=False Denied: The CertificateRequest was denied")},
			want: "CertificateRequest bhs-orthweb/r was denied: not you (policy)"},
		{about: "denied, as an older cert-manager says it", seen: []*unstructured.Unstructured{newRequest("", "Ready=False Denied: no")},
			want: "was denied: no (Denied)"},
		{about: "denied is not asked for", seen: []*unstructured.Unstructured{newRequest(signed, approved, "Denied=False x: y", "Ready=True Issued: done")}},
		{about: "failed", seen: []*unstructured.Unstructured{newRequest("", approved, "Ready=False Failed: Error signing certificate")},
			want: "failed: Error signing certificate (Failed)"},
		{about: "not a request that can be signed", seen: []*unstructured.Unstructured{newRequest("", "InvalidRequest=True Malformed: bad usages")},
			want: "failed: bad usages (Malformed)"},
	} {
		t.Run(c.about, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			rest := c.seen[1:]
			var reported []string
			got, err := wait(ctx, c.seen[0], func(text string) { reported = append(reported, text) },
				func(context.Context) (*unstructured.Unstructured, error) {
					if len(rest) == 0 {
						return c.seen[len(c.seen)-1], nil
					}
					next := rest[0]
					rest = rest[1:]
					return next, nil
				})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if err == nil && (string(got.Certificate) != "leaf" || string(got.CA) != "ca" || got.Name != "r") {
				t.Errorf("%+v", got)
			}
			if !reflect.DeepEqual(reported, c.reported) {
				t.Errorf("said %q, want %q", reported, c.reported)
			}
		})
	}
}

func TestWaitIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := wait(ctx, newRequest(""), func(string) { cancel() }, func(context.Context) (*unstructured.Unstructured, error) {
		return newRequest(""), nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestWaitRequestUnreadable(t *testing.T) {
	resource := schema.GroupResource{Group: "cert-manager.io", Resource: "certificaterequests"}
	for _, c := range []struct {
		about string
		err   error
		want  string
	}{
		{"somebody deleted it", apierrors.NewNotFound(resource, "r"), "getting CertificateRequest bhs-orthweb/r: "},
		{"may not look", apierrors.NewForbidden(resource, "r", errors.New("no")), "forbidden"},
	} {
		_, err := wait(t.Context(), newRequest(""), func(string) {}, func(context.Context) (*unstructured.Unstructured, error) { return nil, c.err })
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrNotServed) {
			t.Errorf("%s: %v", c.about, err)
		}
	}
}

// TestNotServed tests the answer of the API server to an unknown path.
func TestNotServed(t *testing.T) {
	unknown := &apierrors.StatusError{ErrStatus: metav1.Status{Code: 404, Reason: metav1.StatusReasonNotFound, Details: &metav1.StatusDetails{}}}
	if err := whole(unknown); !errors.Is(err, ErrNotServed) {
		t.Errorf("%v", err)
	}
}
