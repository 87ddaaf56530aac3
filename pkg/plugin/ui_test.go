package plugin

import (
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
)

// TestUIKeepsTheConnection checks that commands that run within 'ui' use the cluster, the user
// and the rights of the flags that 'ui' was started with.
func TestUIKeepsTheConnection(t *testing.T) {
	api, _ := fakeapi.ExampleServer(t, "failing", fakeapi.KeepAll)
	t.Setenv("KUBECONFIG", t.TempDir()+"/none")
	r := runWith([]byte("events\nsuspend\nyes\nquit\n"), "ui", "bhs", "--linear", "--kubeconfig="+api.Kubeconfig(), "--as=reader", "--as-group=a", "--as-group=b")
	if r.code != 0 || !strings.Contains(r.out, "LAST SEEN") || strings.Contains(r.out, "no kubeconfig was found") {
		t.Errorf("exit status %d: %s", r.code, r.out)
	}
	patched := false
	for _, request := range api.Requests() {
		patched = patched || request.Method == "PATCH"
		if request.User != "reader" || !slices.Equal(request.Groups, []string{"a", "b"}) {
			t.Errorf("%s %s as %q, %q", request.Method, request.Path, request.User, request.Groups)
		}
	}
	if !patched {
		t.Errorf("nothing was suspended: %s", r.out)
	}
}
