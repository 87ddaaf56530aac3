package check

import (
	"fmt"
	"net/http"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// StatusError is an answer with a status other than 200.
type StatusError struct{ Status int }

func (e *StatusError) Error() string {
	return fmt.Sprintf("it returns %d %s", e.Status, http.StatusText(e.Status))
}

// OrStatus is the error, or that of a status other than 200.
func OrStatus(err error, status int) error {
	if err == nil && status != http.StatusOK {
		return &StatusError{status}
	}
	return err
}

// LogFix advises to read the log of the tenant's Orthanc.
func LogFix(tenant string) finding.Fix {
	return finding.Fix{
		Text:    "Check Orthanc's log for the reason, and whether its storage and database have free space and respond",
		Command: escape.Command("kubectl logs -n %s-orthweb deploy/orthanc", tenant),
	}
}
