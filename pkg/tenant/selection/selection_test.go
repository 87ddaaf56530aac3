package selection

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

var example = &recording.Source{From: []string{recording.ExamplePrefix + "failing"}}

// twoTenants is a recorded cluster with the tenants bhs and mhr.
func twoTenants(t *testing.T) *snapshot.Snapshot {
	t.Helper()
	snap, err := recording.Read(t.Context(), *example, nil)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// empty is a cluster in which the kinds of tenants were read, without any object.
func empty() *snapshot.Snapshot {
	b := snapshot.NewBuilder()
	for _, want := range queries.Names() {
		b.Add(snapshot.Request{Group: want.Group, Version: "v1", Kind: want.Kind, Resource: object.PluralOf(want.Kind)})
	}
	return b.Build(snapshot.Meta{})
}

func TestOne(t *testing.T) {
	snap := twoTenants(t)
	for _, c := range []struct {
		about, name, namespace string
		snap                   *snapshot.Snapshot
		want, err              string
	}{
		{about: "by name", name: "mhr", snap: snap, want: "mhr"},
		{about: "by its namespace", namespace: "bhs-orthweb", snap: snap, want: "bhs"},
		{about: "another name in a namespace", name: "mhr", namespace: "bhs-orthweb", snap: snap, want: "mhr"},
		{about: "the only one that a user may read", namespace: "bhs-orthweb", snap: empty(), want: "bhs"},
		{about: "two, and no name", snap: snap, err: "there are several"},
		{about: "another name", name: "bsh", snap: snap, err: `tenant "bsh" does not exist`},
		{about: "an empty cluster", snap: empty(), err: "no tenant was found"},
	} {
		got, err := One(c.snap, c.name, c.namespace)
		if got.Name != c.want || (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: got %q, %v, want %q, %q", c.about, got.Name, err, c.want, c.err)
		}
		if text, ok := advice.Of(err); err != nil && (!ok || text == "") {
			t.Errorf("%s: the error has no advice", c.about)
		}
	}
}

func TestSeveral(t *testing.T) {
	snap := twoTenants(t)
	for _, c := range []struct {
		names     []string
		namespace string
		want      []string
	}{
		{nil, "", []string{"bhs", "mhr"}},
		{[]string{"mhr", "bhs", "mhr"}, "", []string{"mhr", "bhs"}},
		{[]string{"mhr", "bsh"}, "", nil},
	} {
		chosen, err := Several(snap, c.names, c.namespace)
		var got []string
		for _, t := range chosen {
			got = append(got, t.Name)
		}
		if !slices.Equal(got, c.want) || (err != nil) != (c.want == nil) {
			t.Errorf("%v in %q: got %v, %v, want %v", c.names, c.namespace, got, err, c.want)
		}
	}
}

// TestNamed names tenants of which one does not exist, and checks that the states of the others
// are known.
func TestNamed(t *testing.T) {
	snap := twoTenants(t)
	namesOf := func(statuses []tenant.Status) (names []string) {
		for _, s := range statuses {
			names = append(names, s.Name)
		}
		return names
	}
	all, err := Named(snap, nil, example)
	if got := namesOf(all); err != nil || !slices.Equal(got, []string{"bhs", "mhr"}) {
		t.Errorf("all: got %v, %v", got, err)
	}
	some, err := Named(snap, []string{"mhr", "bsh"}, example)
	var absent *AbsentError
	if got := namesOf(some); !errors.As(err, &absent) || !slices.Equal(got, []string{"mhr"}) {
		t.Fatalf("got %v, %v", got, err)
	}
	if got := absent.Waiting(); len(got) != 1 || !strings.HasPrefix(got[0], `tenant "bsh" does not exist yet (did you mean bhs?)`) {
		t.Errorf("waiting: %q", got)
	}
	if _, err := Named(empty(), nil, nil); !errors.As(err, &absent) || !strings.Contains(err.Error(), "nothing in the cluster runs Orthanc") {
		t.Errorf("an empty cluster: got %v", err)
	}
	if _, err := Named(empty(), nil, example); err == nil || !strings.Contains(err.Error(), "example:failing") {
		t.Errorf("an empty recording: got %v", err)
	}
}
