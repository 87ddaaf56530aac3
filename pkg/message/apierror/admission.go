package apierror

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// Policy is a ValidatingAdmissionPolicy that refused, and its binding.
type Policy struct{ Name, Binding string }

// Limit is what a LimitRange allows, and the value of the object.
type Limit struct {
	// Resource is "memory", Type what is limited: Container, Pod or
	// PersistentVolumeClaim.
	Resource, Type string
	// Bound is Max, Min or Ratio (limits to requests).
	Bound LimitBound
	// Allowed is the value of the LimitRange, Given that of the object, empty if it
	// has none.
	Allowed, Given string
	// Of is "limit" or "request": which of the two is out of bounds.
	Of string
}

// LimitBound is the type of limit of a LimitRange.
type LimitBound string

// The bounds of a LimitRange.
const (
	LimitMax   LimitBound = "max"
	LimitMin   LimitBound = "min"
	LimitRatio LimitBound = "maxLimitRequestRatio"
)

// Denial is one policy's refusal within a webhook's message.
type Denial struct{ Policy, Rule, Message string }

var (
	// k8s.io/apiserver v0.36, pkg/admission/plugin/policy/validating/dispatcher.go.
	policyDenied = match.Wording(`ValidatingAdmissionPolicy '(?P<name>[^'\n]+)'(?: with binding '(?P<binding>[^'\n]+)')? denied request: (?P<why>[^\n]*)`)
	// k8s.io/kubernetes 1.36, plugin/pkg/admission/limitranger/admission.go.
	limitUsage = match.Wording(`(?P<bound>minimum|maximum) (?P<resource>[-a-z0-9./]+) usage per (?P<type>[A-Za-z]+) is (?P<allowed>[-0-9A-Za-z.+]+?)(?:, but (?P<of>request|limit) is (?P<given>[-0-9A-Za-z.+]+)|\.  No (?P<none>request|limit) is specified)`)
	limitRatio = match.Wording(`(?P<resource>[-a-z0-9./]+) max limit to request ratio per (?P<type>[A-Za-z]+) is (?P<allowed>[-0-9A-Za-z.+]+), but (?:provided ratio is (?P<given>[0-9.]+)|no (?P<none>request|limit) is specified)`)
	// The same, plugin/pkg/admission/priority/admission.go.
	noPriority = match.Wording(`no PriorityClass with name (` + match.NameShape + `) was found`)
	// kyverno 1.15, pkg/webhooks/utils/block.go: one policy per line, its rules below.
	kyvernoPolicy = match.Wording(`^([-a-zA-Z0-9./]+):$`)
	kyvernoRule   = match.Wording(`^\s+([^\s:]+): '?(.*?)'?$`)
	// gatekeeper 3.20, pkg/webhook/policy.go: one "[constraint] message" per line.
	gatekeeper = match.Wording(`^\[([-a-zA-Z0-9.]+)\] (.*)$`)
)

// readAdmission reads the messages of the admission plugins of Kubernetes.
func readAdmission(text string, _ bool, e *Error) bool {
	if !match.ContainsAny(text, "ValidatingAdmissionPolicy '", "no PriorityClass with name ", " usage per ", " max limit to request ratio per ") {
		return false // four expressions are slow for a long message
	}
	if found := match.Groups(policyDenied, text); found != nil {
		e.Problem, e.Detail = ProblemPolicy, match.Detail(found["why"])
		e.Policy = Policy{match.Word(found["name"]), match.Word(found["binding"])}
		return true
	}
	if found := noPriority.FindStringSubmatch(text); found != nil && match.IsName(found[1]) {
		e.Problem, e.Detail, e.Missing = ProblemPriorityClass, match.Detail(found[0]), match.Object{Kind: "PriorityClass", Name: found[1]}
		return true
	}
	bounds := map[string]LimitBound{"minimum": LimitMin, "maximum": LimitMax, "": LimitRatio}
	for _, expression := range []*match.Pattern{limitUsage, limitRatio} {
		found := match.Groups(expression, text)
		if found == nil {
			continue
		}
		e.Problem, e.Detail = ProblemLimitRange, match.Detail(expression.FindString(text))
		e.Limit = Limit{Resource: match.Word(found["resource"]), Type: match.Word(found["type"]), Bound: bounds[found["bound"]],
			Allowed: match.Word(found["allowed"]), Given: match.Word(found["given"]), Of: match.Word(found["of"] + found["none"])}
		return true
	}
	return false
}

// denials reads the policies that Kyverno or Gatekeeper name.
func denials(why string) []Denial {
	var all []Denial
	policy := ""
	for line := range strings.Lines(why) {
		line = strings.TrimRight(line, "\r\n ")
		if found := gatekeeper.FindStringSubmatch(line); found != nil {
			all = append(all, Denial{Policy: match.Word(found[1]), Message: match.Detail(found[2])})
		} else if found := kyvernoPolicy.FindStringSubmatch(line); found != nil {
			policy = match.Word(found[1])
		} else if found := kyvernoRule.FindStringSubmatch(line); found != nil && policy != "" {
			all = append(all, Denial{Policy: policy, Rule: match.Word(found[1]), Message: match.Detail(found[2])})
		}
		if len(all) == match.MaxItems {
			break
		}
	}
	return all
}
