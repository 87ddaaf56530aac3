package snapshot

import (
	"cmp"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Asked is one list that was asked of a cluster, and what came of it. An
// answer for one namespace is no answer for another.
type Asked struct {
	Group   string `json:"group,omitempty"`
	Version string `json:"version,omitempty"`
	Kind    string `json:"kind"`
	// Resource is the plural that the API path has: "helmreleases".
	Resource string `json:"resource"`
	// Namespace is the one that was asked, "" for all.
	Namespace string `json:"namespace,omitempty"`
	// FieldSelector narrows the list; such a list never proves absence.
	FieldSelector string `json:"fieldSelector,omitempty"`
	// Failure is set when no answer came.
	Failure *Failure `json:"failure,omitempty"`
}

// WithoutHelmRecords is a field selector for Secrets: all but Helm's release
// records, which are many, large, and nothing but secrets. Such a list does
// prove absence, since nobody looks for one of those by name.
const WithoutHelmRecords = "type!=helm.sh/release.v1"

// HelmRecords is a field selector for Helm's release records alone.
const HelmRecords = "type=helm.sh/release.v1"

// whole tells whether the list leaves nothing out that might be looked for.
func (a Asked) whole() bool {
	return a.FieldSelector == "" || a.FieldSelector == ReadingSelector(a.GroupKind())
}

// GroupKind is the kind that was asked for.
func (a Asked) GroupKind() schema.GroupKind {
	return schema.GroupKind{Group: a.Group, Kind: a.Kind}
}

func (a Asked) compare(b Asked) int {
	return cmp.Or(
		cmp.Compare(a.Group, b.Group),
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Namespace, b.Namespace),
		cmp.Compare(a.FieldSelector, b.FieldSelector),
	)
}

// Why says what kept an answer away.
type Why string

// The reasons for an answer not being there.
const (
	// Forbidden: the user lacks the right.
	Forbidden Why = "Forbidden"
	// NotServed: the API server does not know the kind.
	NotServed Why = "NotServed"
	// Failed: the request failed or ran out of time.
	Failed Why = "Failed"
	// NotAsked: nobody put the question.
	NotAsked Why = "NotAsked"
)

// Failure is why something is unknown. Verb, Resource and Namespace are the
// right that is missing when it is Forbidden; Resource is "plural.group".
type Failure struct {
	Why       Why    `json:"why"`
	Verb      string `json:"verb,omitempty"`
	Resource  string `json:"resource,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	// Message is the server's or the network's own word, for Failed.
	Message string `json:"message,omitempty"`
}

// String is a sentence for people, without a full stop.
func (f Failure) String() string {
	where := "in any namespace"
	if f.Namespace != "" {
		where = "in namespace " + f.Namespace
	}
	switch f.Why {
	case Forbidden:
		return fmt.Sprintf("you may not %s %s %s", f.Verb, f.Resource, where)
	case NotServed:
		return fmt.Sprintf("the cluster does not serve %s", f.Resource)
	case Failed:
		return fmt.Sprintf("listing %s failed: %s", f.Resource, strings.TrimSpace(f.Message))
	default:
		return fmt.Sprintf("%s %s were not read", f.Resource, where)
	}
}

func notAsked(gk schema.GroupKind, namespace string) *Failure {
	return &Failure{Why: NotAsked, Verb: "list", Resource: gk.String(), Namespace: namespace}
}
