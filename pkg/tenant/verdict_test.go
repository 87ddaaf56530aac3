package tenant

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// TestWorst checks which link decides. The golden files cover most of it; these cases need
// chains that are difficult to construct there.
func TestWorst(t *testing.T) {
	link := func(name string, section Section, status health.Status, waits ...string) Link {
		l := Link{Section: section, Verdict: health.Verdict{Ref: object.Ref{Kind: "X", Name: name}, Status: status, Reason: health.Reason(name)}}
		for _, on := range waits {
			l.WaitsFor = append(l.WaitsFor, object.Ref{Kind: "X", Name: on})
		}
		return l
	}
	for _, c := range []struct {
		name  string
		links []Link
		want  string
	}{
		{"one waits for one that waits", []Link{
			link("a", Releases, health.Progressing, "b"), link("b", Releases, health.Progressing, "c"), link("c", Releases, health.Suspended),
		}, "Suspended X c: c"},
		{"what it waits for can't be read", []Link{
			link("a", OwnLayers, health.Progressing, "b"), link("b", SharedLayers, health.Unknown),
		}, "Progressing X b: a"},
		{"what it waits for is elsewhere", []Link{link("a", OwnLayers, health.Progressing, "z")}, "Progressing X a: a"},
		{"they wait for each other", []Link{
			link("a", OwnLayers, health.Failing, "b"), link("b", OwnLayers, health.Failing, "a"),
		}, "Failing X a: a"},
		{"the database below Orthanc", []Link{
			link("a", OwnLayers, health.Failing), link("orthanc", Workloads, health.Failing), link("db", Database, health.Failing),
		}, "Failing X db: db"},
		{"the source above the layers", []Link{
			link("git", Sources, health.Failing), link("a", SharedLayers, health.Failing), link("b", OwnLayers, health.Failing),
		}, "Failing X git: git"},
		{"all is well", []Link{link("a", OwnLayers, health.Ready), link("b", Workloads, health.Ready)}, "Ready"},
	} {
		if got := describeVerdict(worstOf(c.links)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// TestReadySince checks that a tenant is ready since the time at which its last layer became
// ready.
func TestReadySince(t *testing.T) {
	at := func(section Section, day int) Link {
		return Link{Section: section, Verdict: health.Verdict{Status: health.Ready, Since: now.AddDate(0, 0, day)}}
	}
	got := worstOf([]Link{at(SharedLayers, 1), at(OwnLayers, 3), at(OwnLayers, 2), at(Workloads, 9)})
	if want := now.AddDate(0, 0, 3); !got.Since.Equal(want) {
		t.Errorf("since %s, want %s", got.Since, want)
	}
}

func TestWaitsFor(t *testing.T) {
	deployment := object.Ref{Kind: "Deployment", Name: "orthanc"}
	if ref, ok := (Status{Verdict: health.Verdict{Ref: deployment}}).WaitsFor(); !ok || ref != deployment {
		t.Errorf("got %v, %v", ref, ok)
	}
	if ref, ok := (Status{}).WaitsFor(); ok {
		t.Errorf("a Ready tenant waits for %v", ref)
	}
}
