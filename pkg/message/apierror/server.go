package apierror

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// helm.sh/helm/v4 4.2.4, pkg/kube/client.go, IsReachable; Helm 3 in capitals.
var unreachable = match.Wording(`^(?:[^\n]*: )?[Kk]ubernetes cluster unreachable\b`)

// readTrouble reads errors that are not about the object: these phrases are only
// meaningful if they come from the API server.
func readTrouble(text string, refused bool, e *Error) bool {
	line := match.FirstLine(text)
	if unreachable.MatchString(line) {
		e.Problem, e.Detail = ProblemUnreachable, match.Detail(line)
		return true
	}
	if !refused {
		return false
	}
	switch {
	case match.ContainsAny(line, "context deadline exceeded", "Timeout: ", "request timed out", "unable to return a response in the time allotted", "i/o timeout"):
		e.Problem = ProblemTimeout
	case match.ContainsAny(line, "connection refused", "no route to host", "no such host", "currently unable to handle the request", "TLS handshake"):
		e.Problem = ProblemUnreachable
	case strings.HasSuffix(line, "not found"), strings.Contains(line, "could not find the requested resource"):
		e.Problem = ProblemNotFound
	default:
		return false
	}
	e.Detail = match.Detail(line)
	return true
}
