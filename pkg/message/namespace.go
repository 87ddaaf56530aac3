package message

import (
	"slices"
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// NamespaceContent is what remains in a namespace that is being deleted, as the
// namespace controller reports it.
type NamespaceContent struct {
	Resources  []RemainingResource
	Finalizers []RemainingFinalizer
	// Undiscovered are the group versions ("metrics.k8s.io/v1beta1") whose kinds the
	// API server could not list.
	Undiscovered []string
}

// RemainingResource is a remaining kind of object, by its plural name.
type RemainingResource struct {
	Resource, Group string
	Count           int
}

// RemainingFinalizer is a finalizer that objects of the namespace still have.
type RemainingFinalizer struct {
	Name  string
	Count int
}

var (
	// k8s.io/kubernetes 1.36, pkg/controller/namespace/deletion/status_condition_utils.go,
	// ProcessContentTotals. A kind of the core group ends in a dot: "pods.".
	remainingIn       = match.Wording(`^Some (?:resources|(?:content in the namespace has )?finalizers)(?: are)? remaining: (.+)$`)
	remainingResource = match.Wording(`^([a-z0-9][-a-z0-9]*)\.([-a-z0-9.]*) has (\d{1,9}) resource instances$`)
	remainingHolder   = match.Wording(`^([A-Za-z0-9][-A-Za-z0-9._/]*) in (\d{1,9}) resource instances$`)
)

// k8s.io/client-go 0.36, discovery, ErrGroupDiscoveryFailed: "group/version: error"
// of each, separated by commas; an error may repeat the group version.
var (
	discoveryFailed = match.Wording(`unable to retrieve the complete list of server APIs: (.+)$`)
	undiscovered    = match.Wording(`\b([a-z0-9][-a-z0-9.]*/v\d+(?:(?:alpha|beta)\d+)?): `)
)

// parseNamespaceContent parses the conditions NamespaceContentRemaining,
// NamespaceFinalizersRemaining and NamespaceDeletionDiscoveryFailure.
func parseNamespaceContent(message string) (NamespaceContent, bool) {
	if found := discoveryFailed.FindStringSubmatch(strings.TrimSpace(match.FirstLine(match.Bound(message)))); found != nil {
		var content NamespaceContent
		for _, each := range undiscovered.FindAllStringSubmatch(found[1], match.MaxItems) {
			if name := match.Word(each[1]); !slices.Contains(content.Undiscovered, name) {
				content.Undiscovered = append(content.Undiscovered, name)
			}
		}
		return content, len(content.Undiscovered) > 0
	}
	found := remainingIn.FindStringSubmatch(strings.TrimSpace(match.FirstLine(match.Bound(message))))
	if found == nil {
		return NamespaceContent{}, false
	}
	var content NamespaceContent
	for piece := range strings.SplitSeq(found[1], ", ") {
		if len(content.Resources)+len(content.Finalizers) == match.MaxItems {
			break
		}
		if is := remainingResource.FindStringSubmatch(piece); is != nil {
			count, _ := strconv.Atoi(is[3]) // nine digits at most
			content.Resources = append(content.Resources, RemainingResource{Resource: match.Word(is[1]), Group: match.Word(is[2]), Count: count})
		} else if is := remainingHolder.FindStringSubmatch(piece); is != nil {
			count, _ := strconv.Atoi(is[2])
			content.Finalizers = append(content.Finalizers, RemainingFinalizer{Name: match.Word(is[1]), Count: count})
		}
	}
	return content, len(content.Resources)+len(content.Finalizers) > 0
}
