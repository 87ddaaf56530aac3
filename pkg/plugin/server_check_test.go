package plugin

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// reviewsExcept answers SelfSubjectAccessReviews: all is allowed except "VERB RESOURCE".
func reviewsExcept(denied ...string) fakeapi.Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var review authorizationv1.SelfSubjectAccessReview
			if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			attributes := review.Spec.ResourceAttributes
			review.Status.Allowed = !strings.Contains(" "+strings.Join(denied, " | ")+" ", " "+attributes.Verb+" "+attributes.Resource+" ")
			w.WriteHeader(http.StatusCreated)
			_ = json.NewEncoder(w).Encode(review)
		})
	}
}

// definitions are the CustomResourceDefinitions that the examples don't have, with the versions
// that the lab serves.
var definitions = map[string]string{
	"kustomizations.kustomize.toolkit.fluxcd.io": "v1", "helmreleases.helm.toolkit.fluxcd.io": "v2",
	"gitrepositories.source.toolkit.fluxcd.io": "v1", "helmrepositories.source.toolkit.fluxcd.io": "v1",
	"certificates.cert-manager.io": "v1", "certificaterequests.cert-manager.io": "v1", "issuers.cert-manager.io": "v1",
	"gateways.networking.istio.io": "v1", "virtualservices.networking.istio.io": "v1",
}

// definition is an established CustomResourceDefinition of one version.
func definition(name, version string) *unstructured.Unstructured {
	_, group, _ := strings.Cut(name, ".")
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": name},
		"spec": map[string]any{"group": group, "versions": []any{map[string]any{"name": version, "served": true, "storage": true}}},
		"status": map[string]any{
			"storedVersions": []any{version}, "conditions": []any{map[string]any{"type": "Established", "status": "True"}},
		},
	}}
}

const reviews = "/selfsubjectaccessreviews$"

// TestCheckOfCluster runs the command on a server: all that a recording does not have is
// read, and what may not be read is UNKNOWN with the missing permission.
func TestCheckOfCluster(t *testing.T) {
	for _, test := range []struct {
		name, args string
		change     func(*fakeapi.Server)
		code       command.Exit
		want       []string // regular expressions
	}{
		{"all allowed", "check", func(*fakeapi.Server) {}, command.Yes, []string{
			"PASS +flux-stored-versions +4 CustomResourceDefinitions", "PASS +can-status +you have all permissions", "PASS +can-cert-issue ",
			"^The cluster is ready for tenants: 2 warnings, [0-9]+ passed$",
		}},
		{"old versions", "check", func(api *fakeapi.Server) { api.Put(definition("helmreleases.helm.toolkit.fluxcd.io", "v2beta1")) }, command.No, []string{
			"FAIL +helmreleases-served +helmreleases.helm.toolkit.fluxcd.io is served as v2beta1, not as v2$",
		}},
		{"before Flux", "check --pre", func(api *fakeapi.Server) {
			api.Unserve("kustomize.toolkit.fluxcd.io")
			api.Unserve("helm.toolkit.fluxcd.io")
		}, command.Yes, []string{
			"PASS +can-install-flux ", "^The cluster is ready for tenants: [0-9]+ passed$",
		}},
		{"may not list", "check --pre", func(api *fakeapi.Server) { api.Deny("nodes"); api.Fail(reviews, reviewsExcept("list nodes")) }, command.Unclear, []string{
			"UNKNOWN  nodes-ready +forbidden: cannot list nodes at the cluster scope", "Fix +Request permission to list nodes; the ClusterRole orthweb-viewer has it",
			"WARN +can-explain +you can't run explain: cannot list nodes at the cluster scope",
		}},
		{"may not run status", "check --pre", func(api *fakeapi.Server) { api.Fail(reviews, reviewsExcept("list kustomizations")) }, command.No, []string{
			"FAIL +can-status +you can't run status: cannot list kustomizations.kustomize.toolkit.fluxcd.io at the cluster scope", "^The cluster is not ready",
		}},
		{"in one namespace", "check --pre -n bhs-orthweb", func(api *fakeapi.Server) { api.Fail(reviews, reviewsExcept("list pods")) }, command.No, []string{
			`FAIL +can-status +.*cannot list pods in namespace "bhs-orthweb"`,
		}},
		{"may not ask", "check --pre", func(api *fakeapi.Server) { api.Fail(reviews, fakeapi.Status(http.StatusForbidden, "Forbidden", "no")) }, command.Unclear, []string{
			"UNKNOWN  can-status +forbidden: cannot create selfsubjectaccessreviews.authorization.k8s.io at the cluster scope",
		}},
		{"no answer about permissions", "check --pre --request-timeout=300ms", func(api *fakeapi.Server) { api.Fail(reviews, fakeapi.Hang()) }, command.Unclear, []string{
			"UNKNOWN  can-status +reading the user's permissions: no answer in time",
		}},
		{"a list that fails", "check --pre", func(api *fakeapi.Server) {
			api.Fail("/storageclasses$", fakeapi.Status(http.StatusInternalServerError, "InternalError", "etcd has no leader"))
		}, command.Unclear, []string{
			"UNKNOWN  default-storage-class +listing storageclasses.storage.k8s.io failed: etcd has no leader",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
			api.Fail(reviews, reviewsExcept())
			for name, version := range definitions {
				api.Put(definition(name, version))
			}
			test.change(api)
			var out bytes.Buffer
			streams := genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &out}
			args := append(strings.Fields("kubectl-orthweb "+test.args), "--server="+api.URL)
			if code := Run(t.Context(), args, streams); code != int(test.code) {
				t.Errorf("exit status %d, want %d", code, test.code)
			}
			for _, want := range test.want {
				if !regexp.MustCompile("(?m)" + want).Match(out.Bytes()) {
					t.Errorf("no %q in:\n%s", want, &out)
				}
			}
		})
	}
}

// TestCheckOfUnreachableCluster checks that it is an error, not a failed check.
func TestCheckOfUnreachableCluster(t *testing.T) {
	var out, complaints bytes.Buffer
	streams := genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &complaints}
	if code := Run(t.Context(), []string{"kubectl-orthweb", "check", "--server=http://127.0.0.1:1"}, streams); code != int(command.Unclear) || out.Len() > 0 || !strings.HasPrefix(complaints.String(), "error: the API server at") {
		t.Errorf("exit status %d: %s%s", code, &out, &complaints)
	}
}

// TestCheckPageListsAllChecks compares the table of docs/check.md with the names that the
// command prints.
func TestCheckPageListsAllChecks(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "check.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"check", "check --pre"} {
		api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
		var out bytes.Buffer
		streams := genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &out}
		Run(t.Context(), append(strings.Fields("kubectl-orthweb "+args+" -o json"), "--server="+api.URL), streams)
		var object struct{ Checks []struct{ Name string } }
		if err := json.Unmarshal(out.Bytes(), &object); err != nil || len(object.Checks) == 0 {
			t.Fatalf("%v: %s", err, &out)
		}
		for _, c := range object.Checks {
			if !bytes.Contains(page, []byte("\n| `"+c.Name+"` |")) {
				t.Errorf("docs/check.md has no row of %s", c.Name)
			}
		}
	}
}
