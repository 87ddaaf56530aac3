package events

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// event is one of an object, "minutes" before noon.
func event(kind, name, reason, message string, minutes, count int) Event {
	last := noon.Add(-time.Duration(minutes) * time.Minute)
	return Event{
		Object: &unstructured.Unstructured{Object: map[string]any{}}, About: object.Ref{Kind: kind, Namespace: "one", Name: name},
		Type: Normal, Reason: reason, Message: message,
		Occurrences: object.Occurrences{First: last.Add(-time.Minute), Last: last, Count: int64(count)},
	}
}

// TestGroupOf combines events that report the same, and no others.
func TestGroupOf(t *testing.T) {
	for _, c := range []struct {
		about string
		a, b  Event
		want  string // empty: two groups
	}{
		{"repeated", event("Pod", "p", "BackOff", "m", 5, 2), event("Pod", "p", "BackOff", "m", 1, 3), "p x5 6m 1m"},
		{"pods of a Deployment", event("Pod", "orthanc-55d9c5bfb-2v8l7", "BackOff", "in pod orthanc-55d9c5bfb-2v8l7_one(2d5a7c1e-0001-4b52-9d5e-8c5a7c1e0001)", 5, 1),
			event("Pod", "orthanc-55d9c5bfb-chv9r", "BackOff", "in pod orthanc-55d9c5bfb-chv9r_one(3d5a7c1e-0001-4b52-9d5e-8c5a7c1e0001)", 1, 1), "orthanc-55d9c5bfb-chv9r +1 x2 6m 1m"},
		{"pods of a StatefulSet", event("Pod", "db-0", "Scheduled", "assigned one/db-0 to lab", 5, 1), event("Pod", "db-1", "Scheduled", "assigned one/db-1 to lab", 9, 1), "db-0 +1 x2 10m 5m"},
		{"created pods", event("ReplicaSet", "a-55d9c5bfb", "SuccessfulCreate", "Created pod: a-55d9c5bfb-2v8l7", 5, 1), event("ReplicaSet", "a-55d9c5bfb", "SuccessfulCreate", "Created pod: a-55d9c5bfb-chv9r", 5, 1), "a-55d9c5bfb x2 6m 5m"},
		{"durations", event("Kustomization", "k", "R", "finished in 1.5s, next run in 10m0s", 5, 1), event("Kustomization", "k", "R", "finished in 847.82ms, next run in 9m59.5s", 1, 1), "k x2 6m 1m"},
		{"digests", event("GitRepository", "g", "R", "main@sha1:b1222a60bea7086889636af4af263f7b0d06277c", 5, 1), event("GitRepository", "g", "R", "main@sha1:c1222a60bea7086889636af4af263f7b0d06277d", 1, 1), "g x2 6m 1m"},
		{"another type", event("Pod", "p", "R", "m", 5, 1), func() Event { e := event("Pod", "p", "R", "m", 1, 1); e.Type = Warning; return e }(), ""},
		{"another reason", event("Pod", "p", "R", "m", 5, 1), event("Pod", "p", "S", "m", 1, 1), ""},
		{"another object", event("Deployment", "a-1", "R", "m", 5, 1), event("Deployment", "a-2", "R", "m", 1, 1), ""},
		{"another workload", event("Pod", "a-0", "R", "m", 5, 1), event("Pod", "b-0", "R", "m", 1, 1), ""},
		{"another exit code", event("Pod", "p", "R", "exit code 1", 5, 1), event("Pod", "p", "R", "exit code 137", 1, 1), ""},
		{"another status", event("Pod", "p", "R", "statuscode: 401", 5, 1), event("Pod", "p", "R", "statuscode: 503", 1, 1), ""},
		{"another image", event("Pod", "p", "R", "image orthanc:1.2", 5, 1), event("Pod", "p", "R", "image orthanc:1.3", 1, 1), ""},
		{"another word", event("Pod", "p", "R", "no route to a", 5, 1), event("Pod", "p", "R", "no route to b", 1, 1), ""},
	} {
		groups := GroupOf([]Event{c.a, c.b})
		reversed := GroupOf([]Event{c.b, c.a})
		if words(groups) != words(reversed) {
			t.Errorf("%s: depends on the order: %s, %s", c.about, words(groups), words(reversed))
		}
		if got := words(groups); (len(groups) == 2) != (c.want == "") || c.want != "" && got != c.want {
			t.Errorf("%s: %s, not %q", c.about, got, c.want)
		}
	}
}

// words describes groups with their ages at noon.
func words(groups []Group) string {
	var all []string
	for _, g := range groups {
		others := ""
		if g.Others > 0 {
			others = fmt.Sprintf(" +%d", g.Others)
		}
		all = append(all, fmt.Sprintf("%s%s x%d %.0fm %.0fm", g.About.Name, others, g.Count, noon.Sub(g.First).Minutes(), noon.Sub(g.Last).Minutes()))
	}
	return strings.Join(all, ", ")
}

// FuzzGroupOf checks that no occurrence is lost or invented, whatever the messages.
func FuzzGroupOf(f *testing.F) {
	f.Add("a-55d9c5bfb-2v8l7", "in pod a-55d9c5bfb-2v8l7", "a-1", "\x00\xff 1.5s")
	f.Add("", "", "-", strings.Repeat("a-", 5000))
	f.Fuzz(func(t *testing.T, name, message, other, text string) {
		list := []Event{event("Pod", name, "R", message, 3, 1), event("Pod", other, "R", text, 2, 2), event("Job", name, "R", text, 1, 4)}
		groups := GroupOf(list)
		count := int64(0)
		for _, g := range groups {
			count += g.Count
			if g.First.After(g.Last) || g.Others > 1 {
				t.Errorf("%+v", g)
			}
		}
		if count != 7 || len(groups) < 2 {
			t.Errorf("%d occurrences in %d groups", count, len(groups))
		}
	})
}
