package diagnose

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// explainFile is a cluster of two tenants, with changes, and the expected explanation.
type explainFile struct {
	Base  []map[string]any `json:"base"`
	Cases []struct {
		workloadCase
		// Object is explained instead of the tenants.
		Object string `json:"object"`
		// Want is the expected result of told.
		Want []string `json:"want"`
	} `json:"cases"`
}

// TestExplain explains tenants and objects as the command does.
func TestExplain(t *testing.T) {
	text, err := os.ReadFile("testdata/explain.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file explainFile
	if err := yaml.UnmarshalStrict(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			snap := clusterAsked(fluxAsked, c.cluster(t, file.Base), c.Forbidden)
			tenants := tenant.Discover(snap)
			e := Explanation{}
			if c.Object != "" {
				e = Object(snap, tenants, refNamed(t, snap, c.Object))
			} else {
				e = Tenants(snap, tenants, tenants)
			}
			same(t, "explanation", formatExplanation(e), c.Want)
			for _, s := range e.Subjects {
				for i, cause := range s.Causes {
					sound(t, cause.Finding)
					if i == 0 {
						among(t, "evidence", proofs(cause.Finding), c.Proof)
					}
				}
			}
		})
	}
}

// formatExplanation formats an explanation in a few lines.
func formatExplanation(e Explanation) (lines []string) {
	for _, s := range e.Subjects {
		head := strings.TrimSpace(s.Tenant + " " + string(s.Verdict.Status))
		if s.Object {
			head = s.Ref.String() + " " + string(s.Verdict.Status)
		}
		if !s.Deadline.IsZero() {
			head += " until " + s.Deadline.Format("15:04:05")
		}
		lines = append(lines, head)
		for _, c := range s.Causes {
			line := fmt.Sprintf("  %s %s %s, blocks [%s] of %v", c.Code, c.Ref.Short(), c.Reason, names(c.Layers), c.Tenants)
			if c.Unwatched != "" {
				line += " unwatched"
			}
			if !c.NextRetry.IsZero() {
				line += " next " + c.NextRetry.Format("15:04:05")
			}
			lines = append(lines, line)
		}
		for _, why := range s.Unknown {
			lines = append(lines, "  unknown: "+why.String())
		}
	}
	return lines
}

func proofs(f finding.Finding) (all []string) {
	for _, e := range f.Evidence {
		all = append(all, e.Ref.String()+" "+e.Field+" = "+e.Value)
	}
	return all
}
