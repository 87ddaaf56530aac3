package versioned

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
)

// TestExplanationKeepsToItsSchema validates an explanation with every field set, and
// explanations with empty lists.
func TestExplanationKeepsToItsSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../../../docs/schema/explanation.v1alpha1.json")
	if err != nil {
		t.Fatal(err)
	}
	full := samples.Explanation("down", "bhs")
	full.Subjects[0].Deadline = samples.At
	bare := diagnose.Explanation{Subjects: []diagnose.Subject{{Verdict: full.Subjects[0].Verdict, Causes: []diagnose.Cause{{
		Finding: full.Subjects[0].Causes[0].Finding, Path: full.Subjects[0].Causes[0].Path}}}}}
	for name, e := range map[string]diagnose.Explanation{"full": full, "bare": bare, "none": {}} {
		object, err := ExplanationList(e)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}
