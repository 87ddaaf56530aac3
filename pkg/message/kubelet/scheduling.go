package kubelet

import (
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// Scheduling is why the scheduler found no node for a pod.
type Scheduling struct {
	// Nodes is how many nodes it checked.
	Nodes int
	// Reasons are in the order of the message. One node may have several, so the sum
	// of the counts may exceed the number of nodes.
	Reasons []SchedulingReason
}

// SchedulingReason is one reason, with the number of nodes that it applies to.
type SchedulingReason struct {
	// Nodes is zero for a reason of the pod itself, such as an unbound claim, which applies
	// to every node.
	Nodes int
	// Text is the reason of the scheduler.
	Text string
	// Resource is set for "Insufficient memory" and the like.
	Resource string
	// Taint is set for a taint that the pod does not tolerate: "key: value".
	Taint string
}

const maxReasons = 128

var (
	// k8s.io/kubernetes 1.36, pkg/scheduler/framework/types.go, FitError.
	noNode      = match.Wording(`^0/(\d{1,9}) nodes are available: `)
	countedOnly = match.Wording(`^(\d{1,9}) (\S.*)$`)
	// pkg/scheduler/framework/plugins/noderesources/fit.go.
	insufficient = match.Wording(`^Insufficient ([-A-Za-z0-9./_]+)$`)
	// plugins/tainttoleration: "had untolerated taint {key: value}", plural in
	// brackets from 1.33 on; up to 1.24 "had taint {key: value}, that the pod
	// didn't tolerate".
	taint = match.Wording(`^node\(s\) had (?:untolerated )?taint(?:\(s\))? \{([^{}\n]+)\}`)
)

// ParseScheduling parses "0/3 nodes are available: 2 Insufficient memory, …".
func ParseScheduling(message string) (Scheduling, bool) {
	text := strings.TrimSpace(match.Bound(message))
	if text == "no nodes available to schedule pods" {
		return Scheduling{}, true
	}
	found := noNode.FindStringSubmatch(text)
	if found == nil {
		return Scheduling{}, false
	}
	nodes, err := strconv.Atoi(found[1])
	if err != nil {
		return Scheduling{}, false
	}
	scheduling := Scheduling{Nodes: nodes}
	for piece := range strings.SplitSeq(beforePreemption(text[len(found[0]):]), ", ") {
		scheduling.add(piece)
	}
	for i := range scheduling.Reasons {
		scheduling.Reasons[i].read()
	}
	return scheduling, len(scheduling.Reasons) > 0
}

// beforePreemption omits the second sentence, which is about preemption
// (plugins/defaultpreemption).
func beforePreemption(text string) string {
	if at := strings.Index(text, "preemption: "); at >= 0 {
		text = text[:at]
		if sentence := strings.LastIndex(text, ". "); sentence >= 0 {
			text = text[:sentence]
		}
	}
	return strings.TrimSuffix(strings.TrimSpace(text), ".")
}

// add adds the next piece: a new reason if it has a count or is the first, otherwise the rest
// of a reason with a comma in it.
func (s *Scheduling) add(piece string) {
	piece = strings.TrimSpace(piece)
	counted := countedOnly.FindStringSubmatch(piece)
	switch {
	case len(s.Reasons) == maxReasons, piece == "":
	case counted != nil:
		nodes, err := strconv.Atoi(counted[1])
		if err == nil && nodes <= s.Nodes {
			s.Reasons = append(s.Reasons, SchedulingReason{Nodes: nodes, Text: match.Detail(counted[2])})
		}
	case len(s.Reasons) == 0:
		s.Reasons = append(s.Reasons, SchedulingReason{Text: match.Detail(piece)})
	default:
		last := &s.Reasons[len(s.Reasons)-1]
		if len(last.Text)+len(", ")+len(piece) <= match.MaxDetail {
			last.Text += ", " + piece
		}
	}
}

func (r *SchedulingReason) read() {
	if found := insufficient.FindStringSubmatch(r.Text); found != nil {
		r.Resource = match.Word(found[1])
	}
	if found := taint.FindStringSubmatch(r.Text); found != nil {
		r.Taint = match.Word(strings.TrimSpace(strings.TrimSuffix(found[1], ": ")))
	}
}
