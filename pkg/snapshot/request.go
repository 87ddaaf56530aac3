package snapshot

import (
	"cmp"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Request is one list that was requested from a cluster, and its result. An answer for one
// namespace is not an answer for another.
type Request struct {
	Group   string `json:"group,omitempty"`
	Version string `json:"version,omitempty"`
	Kind    string `json:"kind"`
	// Resource is the plural that the API path has: "helmreleases".
	Resource string `json:"resource"`
	// Namespace is the requested one, "" for all.
	Namespace string `json:"namespace,omitempty"`
	// FieldSelector narrows the list; such a list never proves absence.
	FieldSelector string `json:"fieldSelector,omitempty"`
	// Failure is set when the request failed.
	Failure *Failure `json:"failure,omitempty"`
}

// WithoutHelmRecords is a field selector for Secrets: all except Helm's release records,
// which are many, large and secret. Such a list still proves absence, since no code looks
// up these records by name.
const WithoutHelmRecords = "type!=helm.sh/release.v1"

// HelmRecords is a field selector for Helm's release records only.
const HelmRecords = "type=helm.sh/release.v1"

// whole reports whether the list omits nothing that code looks up.
func (a Request) whole() bool {
	return a.FieldSelector == "" || a.FieldSelector == ReadingSelector(a.GroupKind())
}

// GroupKind is the requested kind.
func (a Request) GroupKind() schema.GroupKind {
	return schema.GroupKind{Group: a.Group, Kind: a.Kind}
}

func (a Request) compare(b Request) int {
	return cmp.Or(
		cmp.Compare(a.Group, b.Group),
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Namespace, b.Namespace),
		cmp.Compare(a.FieldSelector, b.FieldSelector),
	)
}

// Reason is the reason for a missing answer.
type Reason string

// The reasons for a missing answer.
const (
	// Forbidden: the user lacks the permission.
	Forbidden Reason = "Forbidden"
	// NotServed: the API server does not serve the kind.
	NotServed Reason = "NotServed"
	// Failed: the request failed or timed out.
	Failed Reason = "Failed"
	// NotRequested: the list was not requested.
	NotRequested Reason = "NotAsked"
)

// Failure is why an answer is unknown. Verb, Resource and Namespace are the missing
// permission when it is Forbidden; Resource is "plural.group".
type Failure struct {
	Reason    Reason `json:"why"`
	Verb      string `json:"verb,omitempty"`
	Resource  string `json:"resource,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	// Message is the server's or the network's message, for Failed.
	Message string `json:"message,omitempty"`
}

// String is a sentence without a full stop.
func (f Failure) String() string {
	where := "in any namespace"
	if f.Namespace != "" {
		where = "in namespace " + f.Namespace
	}
	switch f.Reason {
	case Forbidden:
		// The wording is kubectl's, so that users can search for it.
		at := "at the cluster scope"
		if f.Namespace != "" {
			at = fmt.Sprintf("in namespace %q", f.Namespace)
		}
		return fmt.Sprintf("forbidden: cannot %s %s %s", f.Verb, f.Resource, at)
	case NotServed:
		return fmt.Sprintf("the cluster does not serve %s", f.Resource)
	case Failed:
		return fmt.Sprintf("listing %s failed: %s", f.Resource, strings.TrimSpace(f.Message))
	default:
		return fmt.Sprintf("%s %s were not read", f.Resource, where)
	}
}

func notRequested(gk schema.GroupKind, namespace string) *Failure {
	return &Failure{Reason: NotRequested, Verb: "list", Resource: gk.String(), Namespace: namespace}
}
