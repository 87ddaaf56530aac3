package healthcheck

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

var (
	// fluxcd/pkg/ssa v0.76, manager_wait.go, WaitForSetWithContext.
	itemStatus = match.Wording(`(?s)^(` + match.SlashedShape + `) status: '(InProgress|Failed|NotFound|Unknown|Terminating|Current)'(?:$|: (.*)$)`)
	// The same, for an object that was never seen; in brackets up to
	// kustomize-controller 1.2.1.
	itemUnseen = match.Wording(`^(?:can't determine status for (` + match.SlashedShape + `)|(` + match.SlashedShape + `) \(unknown status\))$`)
	// kustomize-controller 0.14 and older write a kind, or the resource as in the health
	// check.
	itemOld = match.Wording(`^([A-Za-z][-A-Za-z0-9.]*) '([^'\s]*)'$`)
)

// splitItems splits the list after its opening bracket. An error text may contain ", ", so an
// item begins only where one can be parsed.
func splitItems(list string) (items []Item, truncated bool) {
	list, closed := strings.CutSuffix(list, "]")
	errorStart := -1 // where the last item's error begins
	end := func(at int) {
		if errorStart >= 0 && len(items) > 0 {
			items[len(items)-1].Error = match.Detail(list[errorStart:at])
		}
	}
	for start := 0; start <= len(list) && len(items) < match.MaxItems; {
		piece, next := list[start:], len(list)+1
		if comma := strings.Index(piece, ", "); comma >= 0 {
			piece, next = piece[:comma], start+comma+len(", ")
		}
		cutOff := !closed && next > len(list)
		if item, errorAt, ok := readItem(piece, cutOff); ok {
			end(max(0, start-len(", ")))
			items, errorStart = append(items, item), -1
			if errorAt >= 0 {
				errorStart = start + errorAt
			}
		}
		start = next
	}
	end(len(list))
	return items, !closed
}

// readItem parses one item and returns where its error text begins, -1 if there is none. The
// name at the end of a text that is cut off may be incomplete.
func readItem(piece string, cutOff bool) (item Item, errorAt int, ok bool) {
	if found := itemStatus.FindStringSubmatchIndex(piece); found != nil {
		object, ok := match.Slashed(piece[found[2]:found[3]])
		return Item{Object: object, Status: piece[found[4]:found[5]]}, found[6], ok
	}
	if found := itemUnseen.FindStringSubmatch(piece); found != nil && !cutOff {
		object, ok := match.Slashed(found[1] + found[2])
		return Item{Object: object}, -1, ok
	}
	return Item{}, -1, false
}

func oldHealthCheck(list string) (Failure, bool) {
	list, closed := strings.CutSuffix(list, "]")
	check := Failure{Truncated: !closed}
	for piece := range strings.SplitSeq(list, ", ") {
		found := itemOld.FindStringSubmatch(piece)
		if found == nil || len(check.Items) == match.MaxItems {
			continue
		}
		kind, ok := match.Qualified(found[1])
		// A cluster's own object is written "/name".
		named, isNamed := match.Namespaced(found[2])
		if ok && isNamed {
			kind.Namespace, kind.Name = named.Namespace, named.Name
			check.Items = append(check.Items, Item{Object: kind})
		}
	}
	return check, len(check.Items) > 0
}
