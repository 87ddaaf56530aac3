package plugin

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/examples"
)

// TestJSONKeepsToItsSchema prints every example as JSON and checks it against
// the published schema, which allows no field that it does not name.
func TestJSONKeepsToItsSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../../docs/schema/tenantstatus.v1alpha1.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, example := range examples.Names() {
		for _, args := range [][]string{nil, {"bhs"}} {
			args := append([]string{"status", "-o=json", "--from=example:" + example}, args...)
			var out bytes.Buffer
			Run(context.Background(), args, genericiooptions.IOStreams{Out: &out, ErrOut: io.Discard})
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
