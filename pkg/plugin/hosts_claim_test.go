package plugin

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/hosts"
)

// hostsCluster serves the recorded cluster with its tenants bhs and mhr, whose load
// balancers have the addresses 192.0.2.1 and 192.0.2.2.
func hostsCluster(t *testing.T) *fakeapi.Server {
	t.Helper()
	api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
	setAddress(t, api, "bhs", `{ip: 192.0.2.1}`)
	setAddress(t, api, "mhr", `{ip: 192.0.2.2}`)
	return api
}

// setAddress gives the tenant's load balancer an ingress, in YAML.
func setAddress(t *testing.T, api *fakeapi.Server, tenant, ingress string) {
	t.Helper()
	api.Put(objectOf(t, `
apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: `+tenant+`-orthweb, creationTimestamp: "2026-01-01T00:00:00Z"}
spec: {type: LoadBalancer, selector: {istio: ingressgateway, app: istio-ingressgateway}, ports: [{port: 443}]}
status: {loadBalancer: {ingress: [`+ingress+`]}}`))
}

// setHosts sets these hosts, and no others, in all of the tenant's Gateways, VirtualServices
// and Certificates.
func setHosts(t *testing.T, api *fakeapi.Server, tenant string, hosts ...string) {
	t.Helper()
	list := "[" + strings.Join(quotedEach(hosts), ", ") + "]"
	api.Put(objectOf(t, `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: web-gw, namespace: `+tenant+`-orthweb, creationTimestamp: "2026-01-01T00:00:00Z"}
spec:
  selector: {istio: ingressgateway}
  servers: [{hosts: `+list+`, port: {name: https, number: 443, protocol: HTTPS}, tls: {credentialName: orthweb-secret, mode: SIMPLE}}]`),
		objectOf(t, `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: dcm-gw, namespace: `+tenant+`-orthweb, creationTimestamp: "2026-01-01T00:00:00Z"}
spec:
  selector: {istio: ingressgateway}
  servers: [{hosts: ["*"], port: {name: tls, number: 11112, protocol: TLS}, tls: {credentialName: orthweb-secret, mode: SIMPLE}}]`),
		virtualService(t, tenant, "web-vs", list), virtualService(t, tenant, "dcm-vs", list), objectOf(t, `
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: orthweb-cert, namespace: `+tenant+`-orthweb}
spec: {secretName: orthweb-secret, dnsNames: `+list+`}`))
}

func virtualService(t *testing.T, tenant, name, hosts string) *unstructured.Unstructured {
	t.Helper()
	return objectOf(t, `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: `+name+`, namespace: `+tenant+`-orthweb}
spec: {gateways: [web-gw, dcm-gw], hosts: `+hosts+`, http: [{route: [{destination: {host: orthweb, port: {number: 8042}}}]}]}`)
}

func quotedEach(words []string) []string {
	var all []string
	for _, word := range words {
		all = append(all, `"`+word+`"`)
	}
	return all
}

// hostsRun is one run of a hosts command.
type hostsRun struct {
	out, errOut string
	err         error
	file        string // the content of the hosts file after the run
}

func (r hostsRun) String() string { return r.out + r.errOut + "\nthe file:\n" + r.file }

const localLine = "127.0.0.1\tlocalhost\n"

// block is a block of the context in fakeapi's kubeconfig.
func block(lines ...string) string {
	return "# BEGIN kubectl-orthweb \"fake\"\n" + strings.Join(lines, "\n") + "\n# END kubectl-orthweb \"fake\"\n"
}

// runHosts runs a hosts command on a file with this content.
func runHosts(t *testing.T, api *fakeapi.Server, before string, args ...string) hostsRun {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(hosts.FileVariable, path)
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	cmd := NewRoot(streams)
	cmd.SetArgs(slices.Concat([]string{"hosts"}, args, []string{"--kubeconfig", api.Kubeconfig()}))
	run := hostsRun{err: cmd.ExecuteContext(context.Background())}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	run.out, run.errOut, run.file = out.String(), errOut.String(), string(after)
	return run
}

// has reports whether the file has the line, in a block or not.
func (r hostsRun) has(line string) bool { return strings.Contains("\n"+r.file, "\n"+line+"\n") }

// TestHostsOfOtherTenant checks that names that another tenant claims, or that contain its
// name, are written for neither, and that existing entries for them stay.
func TestHostsOfOtherTenant(t *testing.T) {
	old := localLine + block(`# tenant "mhr"`, "192.0.2.2\tdicom.mhr.orthweb.com", "192.0.2.2\tweb.mhr.orthweb.com")
	for _, c := range []struct {
		about   string
		hosts   []string
		args    []string
		message string
	}{
		{"all tenants", []string{"web.mhr.orthweb.com", "dicom.mhr.orthweb.com"}, []string{"sync"}, "web.mhr.orthweb.com is claimed by bhs (Gateway bhs-orthweb/web-gw) and mhr (Gateway mhr-orthweb/web-gw)"},
		{"the other tenant", []string{"web.mhr.orthweb.com", "dicom.mhr.orthweb.com"}, []string{"sync", "bhs"}, "web.mhr.orthweb.com is claimed by bhs"},
		{"the tenant itself", []string{"web.mhr.orthweb.com", "dicom.mhr.orthweb.com"}, []string{"sync", "mhr"}, "web.mhr.orthweb.com is claimed by bhs"},
		{"in another case", []string{"WEB.Mhr.Orthweb.Com", "dicom.mhr.orthweb.com"}, []string{"sync"}, "web.mhr.orthweb.com is claimed by bhs"},
		{"a name that it does not have", []string{"pacs.mhr.orthweb.com"}, []string{"sync", "bhs"}, "pacs.mhr.orthweb.com belongs to mhr"},
		{"a name in its domain", []string{"bhs.mhr.orthweb.com"}, []string{"sync", "bhs"}, "bhs.mhr.orthweb.com belongs to mhr"},
		{"a name with a dash", []string{"mhr-pacs.orthweb.com"}, []string{"sync", "bhs"}, "mhr-pacs.orthweb.com belongs to mhr"},
	} {
		t.Run(c.about, func(t *testing.T) {
			api := hostsCluster(t)
			setHosts(t, api, "bhs", c.hosts...)
			setAddress(t, api, "bhs", "{ip: 6.6.6.6}")
			run := runHosts(t, api, old, append(c.args, "--allow-domain=orthweb.com", "--yes")...)
			if !errors.Is(run.err, command.No) || !strings.Contains(run.errOut, c.message) ||
				strings.Contains(run.file, "6.6.6.6") || !run.has("192.0.2.2\tweb.mhr.orthweb.com") || !run.has("192.0.2.2\tdicom.mhr.orthweb.com") {
				t.Errorf("%v\n%s", run.err, run)
			}
		})
	}
}

// TestHostsOfSameTenant checks that names that are shared without a collision are written.
func TestHostsOfSameTenant(t *testing.T) {
	api := hostsCluster(t)
	setHosts(t, api, "bhs", "web.bhs.orthweb.com", "*.bhs.orthweb.com", "*")
	api.Put(virtualService(t, "bhs", "second", `["web.bhs.orthweb.com"]`))
	run := runHosts(t, api, localLine, "sync", "--yes")
	if run.err != nil || !run.has("192.0.2.1\tweb.bhs.orthweb.com") || !run.has("192.0.2.2\tweb.mhr.orthweb.com") || strings.Contains(run.errOut, "claimed") {
		t.Errorf("%v\n%s", run.err, run)
	}
}

// TestHostsOfUnreadableTenants checks that a list that can't be read, or only in part, removes
// no tenant and no name.
func TestHostsOfUnreadableTenants(t *testing.T) {
	old := localLine + block(`# tenant "bhs"`, "192.0.2.1\tdicom.bhs.orthweb.com", "192.0.2.1\tweb.bhs.orthweb.com", `# tenant "old"`, "192.0.2.9\tweb.old.orthweb.com")
	api := hostsCluster(t)
	if run := runHosts(t, api, old, "sync", "--yes"); run.err != nil || run.has("192.0.2.9\tweb.old.orthweb.com") {
		t.Errorf("the tenant that is gone stays: %v\n%s", run.err, run)
	}
	for _, kind := range []string{"namespaces", "deployments", "statefulsets", "kustomizations", "helmreleases", "virtualservices", "gateways"} {
		t.Run(kind, func(t *testing.T) {
			api := hostsCluster(t)
			api.Fail("/"+kind+"$", fakeapi.Status(500, "InternalError", "etcd is not there"))
			run := runHosts(t, api, old, "sync", "--yes")
			named := slices.Contains([]string{"virtualservices", "gateways"}, kind)
			if !named && !run.has("192.0.2.9\tweb.old.orthweb.com") || !run.has("192.0.2.1\tweb.bhs.orthweb.com") || !run.has("192.0.2.1\tdicom.bhs.orthweb.com") {
				t.Errorf("%v\n%s", run.err, run)
			}
		})
	}
}

// TestHostsOfRecording checks that --from sends no request to the cluster of the kubeconfig,
// whose context still names the block.
func TestHostsOfRecording(t *testing.T) {
	api := hostsCluster(t)
	has := localLine + block(`# tenant "bhs"`, "127.0.0.12\tdicom.bhs.orthweb.com", "127.0.0.12\tweb.bhs.orthweb.com")
	for _, args := range [][]string{{"list", "bhs", "--from=example:healthy"}, {"diff", "bhs", "--from=example:healthy"}} {
		run := runHosts(t, api, has, args...)
		if run.err != nil || len(api.Requests()) > 0 || run.file != has {
			t.Errorf("%v: %v, %d requests\n%s", args, run.err, len(api.Requests()), run)
		}
	}
	if run := runHosts(t, api, has, "diff", "bhs"); !errors.Is(run.err, command.No) || len(api.Requests()) == 0 {
		t.Errorf("the cluster has other addresses than the recording: %v, %d requests\n%s", run.err, len(api.Requests()), run)
	}
}
