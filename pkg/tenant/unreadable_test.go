package tenant

import (
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// TestForbiddenKinds forbids one kind at a time. A kind of the chain makes the tenant Unknown;
// a kind that only adds details is noted. In both cases the output names the missing
// permission.
func TestForbiddenKinds(t *testing.T) {
	sideKinds := []string{"Namespace", "Pod", "Event", "Lease"}
	for _, kind := range askedKinds {
		if kind == object.ClusterIssuerKind {
			continue // none of the tenant's certificates has one
		}
		t.Run(kind.Kind, func(t *testing.T) {
			c := testCase{Korthweb: korthweb{Tenants: []string{"bhs"}}, Forbidden: []string{kind.Kind}}
			s := onlyStatus(t, c)
			want := health.Unknown
			if slices.Contains(sideKinds, kind.Kind) {
				want = health.Ready
			}
			if s.Verdict.Status != want {
				t.Errorf("verdict %s, want %s", describeVerdict(s.Verdict), want)
			}
			if want == health.Unknown && (s.Verdict.Ref.Kind != kind.Kind || !strings.Contains(s.Verdict.Message, "forbidden: cannot list")) {
				t.Errorf("the verdict does not name the right: %s: %s", s.Verdict.Ref, s.Verdict.Message)
			}
			if len(s.Unknown) != 1 || s.Unknown[0].Reason != snapshot.Forbidden || !strings.HasPrefix(s.Unknown[0].Resource, object.PluralOf(kind.Kind)) {
				t.Errorf("the missing right is not named once: %v", s.Unknown)
			}
		})
	}
}

// TestCountsOfUnreadableWorkloads checks that the count of unreadable workloads is unknown,
// even if others were counted.
func TestCountsOfUnreadableWorkloads(t *testing.T) {
	two := []map[string]any{{
		"apiVersion": "v1", "kind": "Namespace",
		"metadata": map[string]any{"name": "bhs-archive", "labels": map[string]any{"org": "bhs", "workload": "orthweb"}},
	}}
	for _, c := range []struct {
		name              string
		testCase          testCase
		orthanc, database bool
	}{
		{"all read", testCase{}, true, true},
		{"Deployments forbidden", testCase{Forbidden: []string{"Deployment"}}, false, true},
		{"StatefulSets forbidden", testCase{Forbidden: []string{"StatefulSet"}}, true, false},
		{"both forbidden", testCase{Forbidden: []string{"Deployment", "StatefulSet"}}, false, false},
		{"one of two namespaces forbidden", testCase{Objects: two, Forbidden: []string{"Deployment", "StatefulSet"}, Allowed: []string{"bhs-orthweb"}}, false, false},
		{"StatefulSets forbidden, no Deployment of Orthanc",
			testCase{Forbidden: []string{"StatefulSet"}, Drop: []string{"Deployment bhs-orthweb/orthanc"}}, false, false},
	} {
		c.testCase.Korthweb = korthweb{Tenants: []string{"bhs"}}
		s := onlyStatus(t, c.testCase)
		if s.Orthanc.Known != c.orthanc || s.Database.Known != c.database {
			t.Errorf("%s: Orthanc %+v, database %+v", c.name, s.Orthanc, s.Database)
		}
	}
}

// TestNothingReadable checks that a tenant that is known only by its namespace is Unknown if
// none of its objects may be read.
func TestNothingReadable(t *testing.T) {
	c := testCase{Korthweb: korthweb{Tenants: []string{"bhs"}}}
	for _, kind := range askedKinds {
		if kind != object.NamespaceKind {
			c.Forbidden = append(c.Forbidden, kind.Kind)
		}
	}
	s := onlyStatus(t, c)
	if s.Verdict.Status != health.Unknown || s.Orthanc.Known || s.Database.Known || s.Layers != -1 || s.Ready() {
		t.Errorf("got %s, Orthanc %+v, database %+v, %d layers", describeVerdict(s.Verdict), s.Orthanc, s.Database, s.Layers)
	}
}

// onlyStatus is the state of the case's only tenant.
func onlyStatus(t *testing.T, c testCase) Status {
	t.Helper()
	snap := c.snapshot(c.objects(t))
	statuses := Assess(snap, Discover(snap))
	if len(statuses) != 1 {
		t.Fatalf("%d tenants", len(statuses))
	}
	return statuses[0]
}
