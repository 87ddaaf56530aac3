package collect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// lists are the paths of list requests, in order, without discovery.
func lists(api *fakeapi.Server) []string {
	var found []string
	for _, r := range api.Requests() {
		if r.Path == "/api" || r.Path == "/apis" {
			continue
		}
		path := r.Path
		if strings.Contains(r.Query, "fieldSelector") {
			path += " selected"
		}
		found = append(found, path)
	}
	return found
}

func podRef(namespace, name string) object.Ref {
	return object.Ref{APIVersion: "v1", Kind: "Pod", Namespace: namespace, Name: name}
}

// settle runs reasoning over the server's cluster.
func settle(t *testing.T, api *fakeapi.Server, scope []string, reason func(*snapshot.Snapshot)) *snapshot.Snapshot {
	t.Helper()
	session := open(t, api, Options{})
	snap, err := session.Settle(t.Context(), snapshot.NewBuilder().Build(snapshot.Meta{}), scope, reason)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// TestSettleFollowsTheQuestion checks that later queries depend on earlier results.
func TestSettleFollowsTheQuestion(t *testing.T) {
	api := fakeapi.New(t, newObject(t, "v1", "Pod", "a", "x", `{"spec": {"nodeName": "n"}}`), newObject(t, "v1", "Node", "", "n", ""))
	rounds := 0
	var last snapshot.Presence
	settle(t, api, nil, func(snap *snapshot.Snapshot) {
		rounds++
		if pod := snap.Lookup(podRef("a", "x")).Object; pod != nil {
			last = snap.Lookup(object.Ref{APIVersion: "v1", Kind: "Node", Name: "n"}).Presence
		}
	})
	if got, want := lists(api), []string{"/api/v1/namespaces/a/pods", "/api/v1/nodes"}; !slices.Equal(got, want) {
		t.Errorf("listed %q, want %q", got, want)
	}
	if rounds != 3 || last != snapshot.Present {
		t.Errorf("%d rounds, the node is %v", rounds, last)
	}
}

// TestSettleJoinsNamespaces checks that many lists of one kind become one.
func TestSettleJoinsNamespaces(t *testing.T) {
	ask := func(count int) func(*snapshot.Snapshot) {
		return func(snap *snapshot.Snapshot) {
			for i := range count {
				snap.List(pod, fmt.Sprintf("ns%d", i))
			}
		}
	}
	few := fakeapi.New(t)
	settle(t, few, nil, ask(manyNamespaces))
	if got := lists(few); len(got) != manyNamespaces {
		t.Errorf("few namespaces: listed %q", got)
	}
	many := fakeapi.New(t)
	settle(t, many, nil, ask(manyNamespaces+1))
	if got := lists(many); !slices.Equal(got, []string{"/api/v1/pods"}) {
		t.Errorf("many namespaces: listed %q", got)
	}
	// A user who may not list all of them may list some.
	denied := fakeapi.New(t, newObject(t, "v1", "Pod", "ns3", "x", ""))
	denied.Deny("pods", "ns3")
	snap := settle(t, denied, nil, ask(manyNamespaces+1))
	if got := snap.Lookup(podRef("ns3", "x")).Presence; got != snapshot.Present {
		t.Errorf("the pod in the one namespace that may be read: %v", got)
	}
	if got := snap.List(pod, "ns4").Unknown; len(got) == 0 || got[0].Reason != snapshot.Forbidden {
		t.Errorf("the pods of another namespace: %v, want forbidden", got)
	}
}

// TestSettleEnds checks that a forbidden list is not requested again, and that reasoning that
// requests something else each time is an error.
func TestSettleEnds(t *testing.T) {
	api := fakeapi.New(t)
	api.Deny("pods")
	api.Deny("nodes")
	settle(t, api, []string{"a", "b"}, func(snap *snapshot.Snapshot) {
		snap.List(pod, "")
		snap.List(node, "")
	})
	if got := lists(api); len(got) > 4 {
		t.Errorf("refused, and asked for again: %q", got)
	}
	session := open(t, fakeapi.New(t), Options{})
	round := 0
	_, err := session.Settle(t.Context(), snapshot.NewBuilder().Build(snapshot.Meta{}), nil, func(snap *snapshot.Snapshot) {
		round++
		snap.List(pod, fmt.Sprint("ns", round))
	})
	if err == nil || !strings.Contains(err.Error(), "queries were still open") || round != maxRounds {
		t.Errorf("reasoning without an end: %v after %d rounds", err, round)
	}
}
