package plugin

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/examples"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// TestJSONKeepsToItsSchema prints every example as JSON and checks it against the published
// schemas, which allow only the fields that they name.
func TestJSONKeepsToItsSchema(t *testing.T) {
	for _, c := range []struct {
		schema, args string
		examples     []string
	}{
		{"tenantstatus", "status", examples.Names()},
		{"tenantstatus", "status bhs", examples.Names()},
		{"certificatelist", "cert list", examples.Names()},
		{"tenantcomparison", "tenant compare bhs mhr", []string{"failing", "healthy"}},
		{"explanation", "explain", examples.Names()},
		{"explanation", "explain mhr ns/bhs-orthweb", examples.Names()},
		{"explanation", "explain bhs ks/bhs-application ks/infrastructure", examples.Names()},
		{"explanation", "explain deploy/orthanc gw/web-gw --namespace=bhs-orthweb", []string{"failing", "healthy"}},
	} {
		compiler := jsonschema.NewCompiler()
		compiler.AssertFormat()
		schema, err := compiler.Compile("../../docs/schema/" + c.schema + ".v1alpha1.json")
		if err != nil {
			t.Fatal(err)
		}
		for _, example := range c.examples {
			args := append(strings.Fields("kubectl-orthweb "+c.args), "--output=json", "--from=example:"+example)
			var out, complaints bytes.Buffer
			if Run(context.Background(), args, genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &complaints}) == int(command.Unclear) {
				t.Errorf("%v: %s", args, &complaints)
				continue
			}
			value, err := jsonschema.UnmarshalJSON(&out)
			if err != nil {
				t.Fatalf("%v: %v", args, err)
			}
			if err := schema.Validate(value); err != nil {
				t.Errorf("%v: %v", args, err)
			}
		}
	}
}
