package object

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestRef(t *testing.T) {
	for _, c := range []struct {
		name          string
		ref           Ref
		group         schema.GroupKind
		short, string string
	}{
		{"grouped", Ref{"apps/v1", "Deployment", "bhs-orthweb", "orthanc"},
			schema.GroupKind{Group: "apps", Kind: "Deployment"}, "Deployment/orthanc", "Deployment bhs-orthweb/orthanc"},
		{"core group", Ref{"v1", "Namespace", "", "bhs-orthweb"},
			schema.GroupKind{Kind: "Namespace"}, "Namespace/bhs-orthweb", "Namespace bhs-orthweb"},
		{"no version known", Ref{"", "Pod", "a", "b"},
			schema.GroupKind{Kind: "Pod"}, "Pod/b", "Pod a/b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.ref.GroupKind(); got != c.group {
				t.Errorf("GroupKind() = %v, want %v", got, c.group)
			}
			if got := c.ref.Short(); got != c.short {
				t.Errorf("Short() = %q, want %q", got, c.short)
			}
			if got := c.ref.String(); got != c.string {
				t.Errorf("String() = %q, want %q", got, c.string)
			}
		})
	}
}

func TestSameIgnoresVersionAlone(t *testing.T) {
	v2 := Ref{"helm.toolkit.fluxcd.io/v2", "HelmRelease", "bhs-orthweb", "istio-ingress"}
	beta := v2
	beta.APIVersion = "helm.toolkit.fluxcd.io/v2beta2"
	if !v2.Same(beta) {
		t.Errorf("%v and %v are the same object", v2, beta)
	}
	for _, other := range []Ref{
		{"other.io/v2", "HelmRelease", "bhs-orthweb", "istio-ingress"},
		{"helm.toolkit.fluxcd.io/v2", "HelmRelease", "mhr-orthweb", "istio-ingress"},
		{"helm.toolkit.fluxcd.io/v2", "HelmRelease", "bhs-orthweb", "istio-egress"},
		{"helm.toolkit.fluxcd.io/v2", "HelmChart", "bhs-orthweb", "istio-ingress"},
	} {
		if v2.Same(other) {
			t.Errorf("%v and %v are not the same object", v2, other)
		}
	}
}

func TestCompareIsTotal(t *testing.T) {
	want := []Ref{
		{"apps/v1", "Deployment", "a", "x"},
		{"apps/v1", "Deployment", "b", "a"},
		{"apps/v1", "Deployment", "b", "c"},
		{"extensions/v1", "Deployment", "b", "c"},
		{"v1", "Pod", "a", "a"},
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, Ref.Compare)
	if !slices.Equal(got, want) {
		t.Errorf("sorted: %v, want %v", got, want)
	}
}

// TestPluralOf checks that plurals are guessed as in Kubernetes, except for kinds that end in a
// vowel and y.
func TestPluralOf(t *testing.T) {
	for kind, want := range map[string]string{
		"Pod": "pods", "HelmRelease": "helmreleases", "Ingress": "ingresses", "Endpoints": "endpoints",
		"GitRepository": "gitrepositories", "NetworkPolicy": "networkpolicies",
		"Gateway": "gateways", "Relay": "relays", "Key": "keys", "": "",
	} {
		if got := PluralOf(kind); got != want {
			t.Errorf("PluralOf(%q) = %q, want %q", kind, got, want)
		}
	}
}
