package events

import (
	"regexp"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Group are events that report the same: of one object or of objects that were created alike,
// with the same type and reason, and messages that differ only in numbers and generated names.
type Group struct {
	// Event is the newest, with the occurrences of all.
	Event
	// Others is how many other objects the events are about.
	Others int
}

// GroupOf are the groups of the events, ordered by their last occurrence.
func GroupOf(events []Event) []Group {
	type key struct {
		about                 object.Key
		kind, reason, message string
	}
	groups := map[key]*Group{}
	about := map[key]map[object.Key]bool{}
	var order []key
	for _, e := range events {
		is := e.About.Key()
		is.Name = stem(e.About.Kind, e.About.Name)
		k := key{is, e.Type, e.Reason, gist(e.Message)}
		g := groups[k]
		if g == nil {
			groups[k], about[k] = &Group{Event: e}, map[object.Key]bool{e.About.Key(): true}
			order = append(order, k)
			continue
		}
		g.add(e)
		about[k][e.About.Key()] = true
		g.Others = len(about[k]) - 1
	}
	all := make([]Group, len(order))
	for i, k := range order {
		all[i] = *groups[k]
	}
	slices.SortFunc(all, func(a, b Group) int { return a.Event.compare(b.Event) })
	return all
}

// add adds the occurrences of an event, and shows it if it is newer.
func (g *Group) add(e Event) {
	sum := object.Occurrences{First: g.First, Last: g.Last, Count: g.Count + e.Count}
	if e.First.Before(sum.First) {
		sum.First = e.First
	}
	if !e.Last.Before(sum.Last) {
		sum.Last = e.Last
		g.Event = e
	}
	g.Occurrences = sum
}

// numbered are the kinds whose objects controllers create and name.
var numbered = map[string]bool{
	"Pod": true, "ReplicaSet": true, "Job": true, "PersistentVolumeClaim": true,
	"CertificateRequest": true, "Order": true, "Challenge": true,
}

// suffix is what controllers append to a name: an index, or characters of which Kubernetes
// generates names (k8s.io/apimachinery, pkg/util/rand): no vowels, and no digits like them.
var suffix = regexp.MustCompile(`-(?:[0-9]+|[bcdfghjklmnpqrstvwxz2456789]{5,10})$`)

// stem is the name that objects have in common which were created alike: "orthanc" of the pod
// orthanc-55d9c5bfb-2v8l7.
func stem(kind, name string) string {
	if !numbered[kind] {
		return name
	}
	return bare(name)
}

// bare is a name without what controllers append.
func bare(name string) string {
	for range 2 { // the hash of a ReplicaSet, then that of its pod
		name = suffix.ReplaceAllString(name, "")
	}
	return name
}

var (
	// word is a name in a message, or a part of another text.
	word = regexp.MustCompile(`[a-z0-9]+(?:[-.][a-z0-9]+)*`)
	// varying are times, durations, UIDs, addresses, digests and large numbers. Small numbers have a
	// meaning: an exit code, a number of replicas.
	varying = regexp.MustCompile(`\b(?:` + strings.Join([]string{
		`[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z?`,
		`(?:[0-9]+(?:\.[0-9]+)?(?:h|ms|m|s|µs|ns))+`,
		`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`,
		`[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?::[0-9]+)?`,
		`[0-9a-f]*[0-9][0-9a-f]{6,}`, `[0-9a-f]{6,}[0-9][0-9a-f]*`,
	}, "|") + `)\b`)
)

// maxGist is how much of a message is compared, in bytes.
const maxGist = 4 << 10

// gist is a message without what differs each time: generated names, times and the like.
func gist(message string) string {
	message = word.ReplaceAllStringFunc(message[:min(len(message), maxGist)], bare)
	return varying.ReplaceAllString(message, "#")
}
