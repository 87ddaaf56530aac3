package plugin

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
)

// TestStatusOfOneOfMany checks that the chain of a tenant among many is that of a complete
// snapshot, and that no other tenant's namespaces are read for it.
func TestStatusOfOneOfMany(t *testing.T) {
	for _, example := range []string{"healthy", "failing"} {
		api := fleetOf(t, example, 20)
		saved := t.TempDir() + "/all.tgz"
		_, _ = statusOf(api, "--save", saved, "--kubeconfig", api.Kubeconfig())
		for _, names := range [][]string{{"bhs"}, {"t0005"}, {"t0005", "bhs"}, {"t0007-orthweb"}} {
			before := len(api.Requests())
			got, gotErr := statusOf(api, append(names, "-o", "json", "--kubeconfig", api.Kubeconfig())...)
			for _, r := range api.Requests()[before:] {
				if in := inNamespace.FindStringSubmatch(r.Path); in != nil && strings.HasPrefix(in[1], "t0") && !slices.Contains(names, in[1][:5]) && in[1] != names[0] {
					t.Errorf("status %v reads %s", names, r.Path)
				}
			}
			want, wantErr := statusOf(api, append(names, "-o", "json", "--from", saved)...)
			if got != want || gotErr != wantErr {
				t.Errorf("%s, status %v: got\n%s%s\nwant\n%s%s", example, names, got, gotErr, want, wantErr)
			}
		}
	}
}

func statusOf(api *fakeapi.Server, args ...string) (string, string) {
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	cmd := NewRoot(streams)
	cmd.SetArgs(append([]string{"status"}, args...))
	if err := cmd.ExecuteContext(context.Background()); err != nil {
		errOut.WriteString(err.Error())
	}
	return strings.TrimSpace(out.String()), string(bytes.TrimSpace(errOut.Bytes()))
}
