package fleet

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/clusters"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// Finish reports on standard error what the output does not have: the clusters that could not be read,
// and the named tenants or objects that no cluster has. It returns the error that the command ends
// with: answer, that of the clusters that were read, unless something is missing.
func Finish[T any](call *command.Call, names []string, results []clusters.Result[T], answer error) error {
	errs := call.Streams.ErrOut
	for _, r := range results {
		for line := range strings.Lines(r.Notes) {
			escape.Fprintf(errs, "%s: %s\n", r.Cluster, strings.TrimSpace(line))
		}
	}
	missing := clusters.MissingOf(results)
	for i, name := range clusters.Nowhere(names, results) {
		if len(missing) == 0 && i == 0 {
			answer = advice.Add(fmt.Errorf("%q does not exist in any of %s", name, finding.Count(len(results), "cluster")), "List what there is: %s status, with the same contexts.", call.Name)
		} else {
			escape.Fprintf(errs, "%q was not found in the clusters that were read.\n", name)
		}
	}
	if len(missing) > 0 {
		printMissing(errs, missing, len(results))
		return command.Unclear
	}
	if len(names) == 0 && len(clusters.Answered(results, names)) == 0 {
		return advice.Add(fmt.Errorf("no tenant was found in any of %s", finding.Count(len(results), "cluster")), "Check that --contexts names the correct clusters.")
	}
	return answer
}

// printMissing lists the clusters that could not be read, each with the reason.
func printMissing(errs io.Writer, missing []clusters.Missing, of int) {
	escape.Fprintf(errs, "%d of %s could not be read, and the output does not have what is in them:\n", len(missing), finding.Count(of, "cluster"))
	for _, m := range missing {
		escape.Fprintf(errs, "  %s: %s\n", m.Cluster, m.Reason)
	}
	escape.Fprintf(errs, "Check one of them: kubectl version --context=%s\n", escape.ShellWord(missing[0].Cluster))
}

// Worst is the exit code for those of several clusters: no, if one is no.
func Worst(codes []error) error {
	var worst error
	for _, err := range codes {
		var code command.Exit
		switch {
		case err == nil:
		case errors.As(err, &code) && code == command.No:
			return command.No
		default:
			worst = err
		}
	}
	return worst
}
