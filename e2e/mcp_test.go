//go:build lab

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
)

// requireSameCauses is `explained-by-mcp [TARGET...]`: a client of the protocol gets the same causes
// as `kubectl-orthweb explain -o json` prints, and there is at least one.
func requireSameCauses(ts *testscript.TestScript, neg bool, targets []string) {
	if neg {
		ts.Fatalf("usage: explained-by-mcp [TARGET...]")
	}
	session, err := connectMCP(ts.Getenv("KUBECONFIG"))
	ts.Check(err)
	ts.Defer(func() { _ = session.Close() })
	arguments := map[string]any{}
	if len(targets) > 0 {
		arguments["targets"] = targets
	}
	answer, err := session.CallTool(context.Background(), &mcp.CallToolParams{Name: "explain", Arguments: arguments})
	ts.Check(err)
	structured, err := json.Marshal(answer.StructuredContent)
	ts.Check(err)
	var called struct{ Result v1alpha1.Explanation }
	ts.Check(json.Unmarshal(structured, &called))
	_ = ts.Exec("kubectl-orthweb", append([]string{"explain", "-o", "json"}, targets...)...) // exit status 1: there is a cause
	var printed v1alpha1.Explanation
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &printed))
	if got, want := causesOf(called.Result), causesOf(printed); !slices.Equal(got, want) || len(want) == 0 {
		ts.Fatalf("the client got %q, and explain printed %q", got, want)
	}
}

// connectMCP starts the program as a client does.
func connectMCP(kubeconfig string) (*mcp.ClientSession, error) {
	transport := &mcp.CommandTransport{Command: exec.Command("kubectl-orthweb", "mcp", "--kubeconfig="+kubeconfig)}
	return mcp.NewClient(&mcp.Implementation{Name: "e2e", Version: "1"}, nil).Connect(context.Background(), transport, nil)
}

// causesOf are the codes and objects of the causes, in their order.
func causesOf(e v1alpha1.Explanation) []string {
	var causes []string
	for _, subject := range e.Subjects {
		for _, cause := range subject.Causes {
			causes = append(causes, fmt.Sprintf("%s: %s %s", subject.Tenant, cause.Code, cause.Ref))
		}
	}
	return causes
}
