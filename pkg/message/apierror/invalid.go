package apierror

import (
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

var (
	// k8s.io/apimachinery v0.36, NewInvalid; the rest is one field's error or
	// a list of them in brackets (pkg/util/errors, Aggregate).
	isInvalid = match.Wording(`(?s)[A-Za-z][-A-Za-z0-9.]* "[^"\s]+" is invalid: (.*)$`)
	// pkg/util/validation/field/errors.go: a path, a type, often a value.
	fieldError = match.Wording(`(?:^\[?|, )([A-Za-z_<][^\s:,]*): (?:Invalid value|Required value|Forbidden|Not found|Duplicate value|Unsupported value|Too many|Too few|Too long|Too short|Internal error)\b`)
	// pkg/apis/core/validation, pkg/apis/apps/validation of k8s.io/kubernetes
	// 1.36, and Flux's own test for it (fluxcd/pkg/ssa v0.76, errors/immutable.go).
	immutable    = match.Wording(`\bis immutable\b|\bimmutable field|updates to statefulset spec for fields other than|pod updates may not change fields other than|cannot change roleRef`)
	notImmutable = match.Wording(`\bnot immutable\b`)

	// sigs.k8s.io/structured-merge-diff: "….spec.x: field not declared in schema".
	typedPatch = match.Wording(`failed to create typed patch object \([^)\n]*\): (?:errors:\s*)?(\.[^\s:]+): ([^\n]*)`)
	// sigs.k8s.io/json and kubectl's validation against the schema.
	unknownField = match.Wording(`(?:strict decoding error: |error validating data: |ValidationError\([^)\n]*\): )[^\n]*?unknown field "([^"\n]+)"`)
	badManifest  = match.Wording(`(?:strict decoding error|error validating data|cannot be handled as a [A-Za-z]+): ([^\n]*)`)
)

func readInvalid(text string, refused bool, e *Error) bool {
	found := isInvalid.FindStringSubmatch(text)
	if found == nil {
		if refused && immutable.MatchString(text) && !notImmutable.MatchString(text) {
			e.Problem, e.Detail = ProblemImmutable, match.Detail(match.FirstLine(text))
			return true
		}
		return false
	}
	e.Problem, e.Detail = ProblemInvalid, match.Detail(match.FirstLine(found[1]))
	at := fieldError.FindAllStringSubmatchIndex(found[1], match.MaxItems)
	for i, field := range at {
		end := len(found[1])
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		message := found[1][field[3]:end]
		if i == 0 {
			e.Field, e.Detail = match.Word(found[1][field[2]:field[3]]), fieldDetail(message)
		}
		if immutable.MatchString(message) {
			e.Field, e.Detail, e.Problem = match.Word(found[1][field[2]:field[3]]), fieldDetail(message), ProblemImmutable
			e.Changed = changedFields(message)
			break
		}
	}
	return true
}

// changed is a line of the difference between two specs, by Go's names
// (pkg/apis/core/validation of k8s.io/kubernetes 1.36,
// ValidatePersistentVolumeClaimUpdate). Which side is the new one has changed
// between versions.
var changed = match.Wording(`(?m)^[-+]\s+([A-Z]\w*): `)

// changedFields are the fields in such a difference, as they are written in an object.
func changedFields(message string) []string {
	var fields []string
	for _, line := range changed.FindAllStringSubmatch(message, maxUses) {
		name := strings.ToLower(line[1][:1]) + line[1][1:]
		if match.Word(name) != "" && !slices.Contains(fields, name) {
			fields = append(fields, name)
		}
	}
	return fields
}

// fieldDetail is the error of a field without its value, which may be long and may be
// secret.
func fieldDetail(message string) string {
	message = strings.TrimRight(strings.TrimPrefix(match.FirstLine(message), ": "), "]")
	if at := strings.Index(message, "supported values: "); at >= 0 {
		return match.Detail(message[at:])
	}
	if at := strings.LastIndex(message, ": "); at >= 0 {
		message = message[at+len(": "):]
	}
	return match.Detail(message)
}

func readUnknownField(text string, refused bool, e *Error) bool {
	if found := typedPatch.FindStringSubmatch(text); found != nil {
		e.Problem, e.Field, e.Detail = ProblemInvalid, match.Word(found[1]), match.Detail(found[2])
		return true
	}
	found := badManifest.FindStringSubmatch(text)
	if found == nil || !refused {
		return false
	}
	e.Problem, e.Detail = ProblemInvalid, match.Detail(found[1])
	if field := unknownField.FindStringSubmatch(text); field != nil {
		e.Field = match.Word(field[1])
	}
	return true
}
