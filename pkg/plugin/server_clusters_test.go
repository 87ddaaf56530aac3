package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// fleetConfig writes a kubeconfig with a context for each server, of the same name.
func fleetConfig(t *testing.T, servers map[string]string) string {
	t.Helper()
	var contexts, clusters []string
	for name, server := range servers {
		contexts = append(contexts, fmt.Sprintf(`{name: %s, context: {cluster: %s, user: u}}`, name, name))
		clusters = append(clusters, fmt.Sprintf(`{name: %s, cluster: {server: %q}}`, name, server))
	}
	slices.Sort(contexts)
	text := fmt.Sprintf("{apiVersion: v1, kind: Config, users: [{name: u, user: {}}],\ncontexts: [%s],\nclusters: [%s]}\n",
		strings.Join(contexts, ", "), strings.Join(clusters, ", "))
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// silentServer accepts connections, and never answers.
func silentServer(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	return "http://" + listener.Addr().String()
}

// mixedFleet has two clusters that answer, and one of each kind that does not.
func mixedFleet(t *testing.T) string {
	t.Helper()
	failing, _ := fakeapi.ExampleServer(t, "failing", fakeapi.KeepAll)
	healthy, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.WithoutBHS)
	stalls, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
	stalls.Fail("/kustomizations$", stallAfterHeaders)
	refused, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
	refused.Fail("^/", fakeapi.Status(http.StatusUnauthorized, "Unauthorized", "Unauthorized\x1b[31m\n::error::"))
	stopped := fakeapi.New(t)
	stopped.Close()
	return fleetConfig(t, map[string]string{
		"a-failing": failing.URL, "b-stopped": stopped.URL, "c-silent": silentServer(t), "d-healthy": healthy.URL,
		"e-stalls": stalls.URL, "f-refused": refused.URL,
	})
}

// stallAfterHeaders sends headers, and never a body.
func stallAfterHeaders(http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
}

// runFleet runs a command, in which ~ is a space within an argument, and returns its output and exit
// code.
func runFleet(t *testing.T, kubeconfig, args string) (out, errs string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	argv := append(strings.Fields("kubectl-orthweb "+args), "--kubeconfig="+kubeconfig)
	for i := range argv {
		argv[i] = strings.ReplaceAll(argv[i], "~", " ")
	}
	code = Run(context.Background(), argv, genericiooptions.IOStreams{In: strings.NewReader(""), Out: &stdout, ErrOut: &stderr})
	return stdout.String(), stderr.String(), code
}

// patience is how long the clusters that answer may take at most, and those that do not answer take: the
// machine may be busy.
const patience = "20s"

// missingAtOnce are the clusters of mixedFleet that can't be read, and why; missingOfMixed includes those
// that hang.
var (
	missingAtOnce  = map[string]string{"b-stopped": `connection refused$`, "f-refused": `: Unauthorized.*$`}
	missingOfMixed = map[string]string{
		"b-stopped": `connection refused$`, "c-silent": `^no answer within 20s: the API server at http://127\.0\.0\.1:[0-9]+: discovering its API: no answer in time$`,
		"e-stalls": `^no answer within 20s: .*no answer in time$`, "f-refused": `: Unauthorized.*$`,
	}
)

// TestClustersThatDoNotAnswer checks that the clusters that answer are shown, that the others are named
// with the reason, on standard error and in JSON, and that the exit status says that the answer is not
// complete.
func TestClustersThatDoNotAnswer(t *testing.T) {
	t.Parallel()
	config := mixedFleet(t)
	var commands sync.WaitGroup
	for _, c := range []struct {
		args string
		// want matches standard output, and errs standard error.
		want, errs []string
		json       string // the schema of JSON
		// hangs selects the clusters that hang, too: the command then takes as long as its time limit.
		hangs bool
	}{
		{args: "status", hangs: true, want: []string{`^CLUSTER +TENANT +STATUS`, `^a-failing +bhs +Failing`, `^a-failing +mhr +Ready`, `^d-healthy +mhr +Ready`},
			errs: []string{`^1 of 3 tenants in 2 clusters is not ready\. Why: kubectl-orthweb explain bhs --context=a-failing$`}},
		{args: "status bhs", want: []string{`\ACluster a-failing$`, `^bhs has been Failing`}},
		{args: "status --all --no-headers", want: []string{`\ACluster a-failing$`, `^Cluster d-healthy$`, `^mhr has been Ready`}},
		{args: "status bhs nobody", want: []string{`^Cluster a-failing$`}, errs: []string{`^"nobody" was not found in the clusters that were read\.$`}},
		{args: "status nobody", errs: []string{`^"nobody" was not found in the clusters that were read\.$`}},
		{args: "status -o json", hangs: true, json: "tenantstatus", want: []string{`"kind": "TenantStatusList"`, `"cluster": "d-healthy"`}},
		{args: "status bhs -o json", json: "tenantstatus", want: []string{`"cluster": "a-failing"`}},
		{args: "status -o name", want: []string{`\Atenantstatus\.orthweb\.digihunch\.com/bhs\n(tenantstatus.orthweb.digihunch.com/mhr\n){2}\z`}},
		{args: `status -o jsonpath={range~.items[*]}{.cluster}/{.metadata.name},{end}{.missing[*].cluster}`, want: []string{`\Aa-failing/bhs,a-failing/mhr,d-healthy/mhr,b-stopped f-refused\z`}},
		{args: "status -o custom-columns=C:.cluster,N:.metadata.name", want: []string{`^C +N$`, `^a-failing +bhs$`, `^d-healthy +mhr$`}},
		{args: "explain", hangs: true, want: []string{`\ACluster a-failing$`, `OW4103`, `flux --context=a-failing reconcile`, `^Cluster d-healthy\nThe only tenant is ready\.$`}},
		{args: "explain ks/bhs-application mhr", want: []string{`^Cluster a-failing$`, `^Kustomization flux-system/bhs-application`, `^mhr `, `^Cluster d-healthy\nmhr `}},
		{args: "explain -o markdown", want: []string{`^# Cluster a-failing$`, `^## bhs is failing$`, `^# Cluster d-healthy$`}},
		{args: "explain -o json", json: "explanation", want: []string{`"kind": "ExplanationList"`}},
		{args: "cert list --connect=false", want: []string{`^CLUSTER +TENANT +CERTIFICATE`, `^a-failing +bhs +int-ca-cert`, `^d-healthy +mhr +└─ orthweb-cert`}},
		{args: "cert list mhr --connect=false -o json", json: "certificatelist", want: []string{`"cluster": "a-failing"`, `"cluster": "d-healthy"`}},
		{args: "hosts list --allow-domain=orthweb.com --allow-address=127.0.0.0/8", want: []string{`^127\.0\.0\.12 +web\.bhs\.orthweb\.com +# bhs in a-failing$`, `web\.mhr\.orthweb\.com +# mhr in d-healthy$`}},
		{args: "hosts list -o json --allow-domain=orthweb.com --allow-address=127.0.0.0/8", json: "hostentrylist", want: []string{`"cluster": "d-healthy"`}},
		{args: "hosts list", errs: []string{`^d-healthy: To accept them: kubectl-orthweb hosts list --allow-address=127\.0\.0\.11 --allow-domain=mhr\.orthweb\.com --context=d-healthy$`}},
		{args: "validate mhr --via=dns --dicom-port=1 --web-port=1 --timeout=300ms -o json", json: "validation", want: []string{`"kind": "ValidationList"`, `"cluster": "d-healthy"`}},
		{args: "validate bhs --via=dns --timeout=300ms", hangs: true, want: []string{`\ACluster a-failing\nFAIL +web-name`, `Diagnosis in the cluster:\nbhs has been failing`}},
		{args: "validate bhs --via=dns --timeout=300ms -o junit", want: []string{`<testsuite name="orthweb validate bhs in a-failing"`, `<testsuite name="orthweb validate bhs in b-stopped" tests="1" failures="0" errors="1"`}},
	} {
		commands.Go(func() { // most of them wait
			selected, missing := " --contexts=a-*,b-*,d-*,f-* --cluster-timeout=2m", missingAtOnce
			if c.hangs {
				selected, missing = " --all-contexts --cluster-timeout="+patience, missingOfMixed
			}
			out, errs, code := runFleet(t, config, c.args+selected)
			if code != int(command.Unclear) {
				t.Errorf("%s: exit status %d", c.args, code)
			}
			wanted := append([]string{fmt.Sprintf("^%d of %d clusters could not be read, and the output does not have what is in them:$", len(missing), len(missing)+2)}, c.errs...)
			for name, reason := range missing {
				wanted = append(wanted, "^  "+name+": .*"+strings.TrimPrefix(reason, "^"))
			}
			requireMatches(t, c.args+": standard error", errs, wanted)
			requireMatches(t, c.args+": standard output", out, c.want)
			if c.want == nil && out != "" {
				t.Errorf("%s: standard output: %s", c.args, out)
			}
			if strings.ContainsFunc(out+errs, func(r rune) bool { return r != '\n' && r != utf8.RuneError && !unicode.IsPrint(r) }) || strings.Contains(out+errs, "\n::") {
				t.Errorf("%s: control characters: %q %q", c.args, out, errs)
			}
			if c.json != "" {
				requireMissing(t, c.json, out, missing)
			}
		})
	}
	commands.Wait()
}

func requireMatches(t *testing.T, what, text string, patterns []string) {
	t.Helper()
	for _, pattern := range patterns {
		if !regexp.MustCompile("(?m)" + pattern).MatchString(text) {
			t.Errorf("%s: no match for %s in:\n%s", what, pattern, text)
		}
	}
}

// requireMissing requires JSON that keeps to its schema and names the clusters that are missing.
func requireMissing(t *testing.T, schema, text string, missing map[string]string) {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiled, err := compiler.Compile("../../docs/schema/" + schema + ".v1alpha1.json")
	if err != nil {
		t.Error(err)
		return
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Error(err)
		return
	}
	if err := compiled.Validate(value); err != nil {
		t.Error(err)
	}
	var list struct {
		Clusters []string
		Missing  []v1alpha1.MissingCluster
		Items    []struct{ Cluster string }
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Error(err)
		return
	}
	if !slices.Equal(list.Clusters, []string{"a-failing", "d-healthy"}) || len(list.Missing) != len(missing) {
		t.Errorf("clusters %v, missing %v", list.Clusters, list.Missing)
	}
	for _, m := range list.Missing {
		if pattern, ok := missing[m.Cluster]; !ok || !regexp.MustCompile(pattern).MatchString(m.Reason) {
			t.Errorf("%s: %s", m.Cluster, m.Reason)
		}
	}
	for _, item := range list.Items {
		if !slices.Contains(list.Clusters, item.Cluster) {
			t.Errorf("an item of %q", item.Cluster)
		}
	}
}

// TestClustersThatAnswer checks the output and the exit status if no cluster is missing.
func TestClustersThatAnswer(t *testing.T) {
	failing, _ := fakeapi.ExampleServer(t, "failing", fakeapi.KeepAll)
	healthy, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.WithoutBHS)
	moved, _ := fakeapi.ExampleServer(t, "failing", func(obj *unstructured.Unstructured) bool {
		if obj.GetKind() == "Service" && obj.GetName() == "istio-ingressgateway" {
			_ = unstructured.SetNestedSlice(obj.Object, []any{map[string]any{"ip": "192.0.2.7"}}, "status", "loadBalancer", "ingress")
		}
		return true
	})
	empty := fakeapi.New(t)
	hidden, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepNone)
	hidden.Deny("kustomizations.kustomize.toolkit.fluxcd.io")
	config := fleetConfig(t, map[string]string{
		"failing": failing.URL, "healthy": healthy.URL, "healthy-again": healthy.URL + "/", "moved": moved.URL, "empty": empty.URL, "hidden": hidden.URL,
	})
	const accept = " --allow-domain=orthweb.com --allow-address=127.0.0.0/8"
	for _, c := range []struct {
		args       string
		code       int
		want, errs []string
	}{
		{args: "status --contexts=healthy,empty", want: []string{`\ACLUSTER.*\nhealthy +mhr.*\n\z`}, errs: []string{`\A\z`}},
		{args: "status --contexts=healthy,failing", code: 1, want: []string{`(?s)\ACLUSTER.*healthy.*failing`}},
		{args: "status --contexts=failing --contexts=healthy", code: 1, want: []string{`(?s)\ACLUSTER.*failing.*healthy`}},
		{args: "status bhs --contexts=healthy,failing,empty", code: 1, want: []string{`\ACluster failing`}},
		{args: "status bhs --contexts=healthy,empty", code: 2, errs: []string{`\Aerror: "bhs" does not exist in any of 2 clusters$`}},
		{args: "status bhs --contexts=healthy,empty -o json", code: 2, want: []string{`"items": \[\]`, `"missing": \[\]`}},
		{args: "status --contexts=empty", code: 2, errs: []string{`\Aerror: no tenant was found in any of 1 cluster$`}},
		{args: "status --contexts=healthy,hidden", code: 2, want: []string{`^healthy +mhr`}, errs: []string{`^1 of 2 clusters could not be read`, `^  hidden: no tenant was found: .*forbidden`}},
		{args: "status bhs --contexts=failing,hidden", code: 2, want: []string{`^Cluster failing$`}, errs: []string{`^  hidden: tenant "bhs" was not found: .*forbidden`}},
		{args: "status --contexts=healthy*", want: []string{`\ACLUSTER.*\nhealthy +mhr.*\n\z`}, errs: []string{`\Ahealthy: the context healthy-again has the same cluster and user; the cluster is read once\n\z`}},
		{args: "status --contexts=healthy,healthy-again", want: []string{`^healthy +mhr`, `^healthy-again +mhr`}, errs: []string{`^healthy-again: the context healthy has the same cluster; both are read`}},
		{args: "explain --contexts=healthy,empty", want: []string{`\ACluster healthy\nThe only tenant is ready\.\n\z`}},
		{args: "explain ks/none --contexts=healthy,failing", code: 2, errs: []string{`"ks/none" does not exist in any of 2 clusters`}},
		{args: "cert list mhr bhs --contexts=healthy,failing --connect=false --expiring-within=365d", code: 1, want: []string{`^healthy +mhr`, `^failing +bhs`}},
		{args: "cert list --contexts=healthy,failing --connect=false --expiring-within=1d", want: []string{`\ANo certificate expires within 1d\.\n\z`}},
		{args: "hosts list mhr --contexts=healthy,failing" + accept, want: []string{`# mhr in healthy$`, `# mhr in failing$`}},
		{args: "hosts list bhs --contexts=failing,moved" + accept, code: 1, errs: []string{`^failing: No entry for bhs: web\.bhs\.orthweb\.com has another address in the cluster moved`, `^moved: No entry for bhs: web\.bhs\.orthweb\.com has another address in the cluster failing`}},
		{args: "status --contexts=prod", code: 2, errs: []string{`\Aerror: selecting contexts: context "prod" does not exist\nContexts: empty, failing, healthy, healthy-again, hidden, moved\.\n\z`}},
		{args: "status --contexts=healty*", code: 2, errs: []string{`no context matches "healty\*"\nDid you mean healthy\?`}},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			out, errs, code := runFleet(t, config, c.args)
			if code != c.code {
				t.Errorf("exit status %d", code)
			}
			requireMatches(t, "standard error", errs, c.errs)
			requireMatches(t, "standard output", out, c.want)
			if c.want == nil && out != "" {
				t.Errorf("standard output: %s", out)
			}
		})
	}
}
