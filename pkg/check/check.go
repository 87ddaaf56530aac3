// Package check decides whether a cluster is ready for the tenants of Korthweb: it reads a
// snapshot, versions and the user's permissions, and returns small checks by category. It
// sends no request and does not depend on the time: the same facts give the same result.
//
// What could not be read is Unknown, with the reason, and never a failure.
package check

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Outcome is the result of one check, as scripts read it.
type Outcome string

// The outcomes of a check.
const (
	Pass Outcome = "PASS"
	// Warn: tenants can be installed, but something may soon fail or is not supported.
	Warn Outcome = "WARN"
	// Fail: a tenant would not become ready.
	Fail Outcome = "FAIL"
	// Unknown: it could not be determined, because something could not be read.
	Unknown Outcome = "UNKNOWN"
)

// Check is one property of the cluster.
type Check struct {
	// Name is in kebab case and never changes.
	Name    string
	Outcome Outcome
	// Message is what was found, or why that is not known.
	Message string
	// Fix is set unless the check passes.
	Fix finding.Fix
}

// Category is a group of checks.
type Category struct {
	Name   string
	Checks []Check
}

// Facts are all that the checks depend on.
type Facts struct {
	Snap *snapshot.Snapshot
	// Client is the version of the program's Kubernetes client ("v1.36.4"), empty if it is
	// not known.
	Client string
	// Commands are the commands whose permissions are checked, see CommandsOf.
	Commands []Command
	// Access has an answer for each of their permissions, or is nil for a recording, which has
	// no user.
	Access map[Permission]Access
}

// test is a check before it is performed. Its result has no name; without an outcome, the
// check does not apply to this cluster.
type test struct {
	name string
	run  func(*cluster) Check
}

// section is a category before its checks are performed.
type section struct {
	name string
	// pre is set for what is required before Flux is installed.
	pre   bool
	tests func(*cluster) []test
}

var sections = []section{
	{"Kubernetes", true, fixed(kubernetesTests)},
	{"Capacity", true, fixed([]test{{"tenant-capacity", tenantCapacity}})},
	{"Flux", false, fixed(fluxTests)},
	{"cert-manager", false, fixed(certManagerTests)},
	{"Ingress", false, fixed(ingressTests)},
	{"Permissions", true, permissionTests},
}

func fixed(tests []test) func(*cluster) []test {
	return func(*cluster) []test { return tests }
}

// Run performs the checks, or with pre only those of what is required before Flux is
// installed. Categories and checks have a fixed order.
func Run(facts Facts, pre bool) []Category {
	c := &cluster{Facts: facts, health: health.New(facts.Snap)}
	var categories []Category
	for _, s := range sections {
		if pre && !s.pre {
			continue
		}
		category := Category{Name: s.name}
		for _, t := range s.tests(c) {
			if result := t.run(c); result.Outcome != "" {
				result.Name = t.name
				category.Checks = append(category.Checks, result)
			}
		}
		if len(category.Checks) > 0 {
			categories = append(categories, category)
		}
	}
	return categories
}

// Worst is the outcome of all checks: FAIL if one fails, otherwise UNKNOWN if one could not
// be determined, otherwise WARN or PASS.
func Worst(categories []Category) Outcome {
	rank := map[Outcome]int{Pass: 0, Warn: 1, Unknown: 2, Fail: 3}
	worst := Pass
	for _, category := range categories {
		for _, check := range category.Checks {
			if rank[check.Outcome] > rank[worst] {
				worst = check.Outcome
			}
		}
	}
	return worst
}

// cluster is what the checks read.
type cluster struct {
	Facts
	health *health.Assessor
}

func pass(format string, args ...any) Check {
	return Check{Outcome: Pass, Message: fmt.Sprintf(format, args...)}
}

func warn(fix finding.Fix, format string, args ...any) Check {
	return Check{Outcome: Warn, Message: fmt.Sprintf(format, args...), Fix: fix}
}

func fail(fix finding.Fix, format string, args ...any) Check {
	return Check{Outcome: Fail, Message: fmt.Sprintf(format, args...), Fix: fix}
}

func unknown(fix finding.Fix, format string, args ...any) Check {
	return Check{Outcome: Unknown, Message: fmt.Sprintf(format, args...), Fix: fix}
}

// list returns all objects of a kind. If some may be missing, unread is the result of a check
// that requires all of them.
func (c *cluster) list(gk schema.GroupKind) (objects []*unstructured.Unstructured, unread *Check) {
	listing := c.Snap.List(gk, "")
	if !listing.Partial {
		return listing.Objects, nil
	}
	failure := snapshot.Failure{Reason: snapshot.NotRequested}
	if len(listing.Unknown) > 0 {
		failure = listing.Unknown[0]
	}
	result := unreadCheck(failure, gk)
	return listing.Objects, &result
}

// unreadCheck is the result of a check that could not read a kind.
func unreadCheck(why snapshot.Failure, gk schema.GroupKind) Check {
	resource := schema.GroupResource{Group: gk.Group, Resource: object.PluralOf(gk.Kind)}.String()
	switch why.Reason {
	case snapshot.Forbidden:
		return unknown(finding.Fix{Text: fmt.Sprintf("Request permission to %s %s; the ClusterRole orthweb-viewer has it (docs/rbac.md)", why.Verb, why.Resource)}, "%s", why)
	case snapshot.NotRequested:
		return unknown(finding.Fix{Text: "Run the check on the cluster, without --from"}, "the recording does not have all %s", resource)
	case snapshot.NotServed:
		return unknown(finding.Fix{Text: "Check with 'kubectl api-resources' why the API server does not serve it"}, "%s", why)
	}
	return unknown(finding.Fix{Text: "Run the check again"}, "%s", why)
}

func namesOf(objects []*unstructured.Unstructured) []string {
	all := make([]string, len(objects))
	for i, obj := range objects {
		all[i] = obj.GetName()
	}
	return all
}

// names joins names, and counts those after the third.
func names(all []string) string {
	const most = 3
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
}
