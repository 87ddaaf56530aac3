package target

import (
	"crypto/x509"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/portforward"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
)

// TestNew describes a tenant of the recorded Korthweb, with the user's overrides.
func TestNew(t *testing.T) {
	snap := healthy(t)
	chosen, _ := tenant.Find(tenant.Discover(snap), "bhs")
	own := peers.Issue(t, nil, "corporate-ca", nil).Certificate
	for _, c := range []struct {
		about      string
		options    Options
		web, dicom int64
		cas        []*x509.Certificate
		dials      bool
	}{
		{about: "as recorded", options: Options{Via: ViaAddress}, web: 443, dicom: 11112},
		{about: "other ports", options: Options{Via: ViaAddress, WebPort: 8443, DICOMPort: 104}, web: 8443, dicom: 104},
		{about: "other CAs", options: Options{Via: ViaAddress, CAs: []*x509.Certificate{own}}, web: 443, dicom: 11112, cas: []*x509.Certificate{own}},
		{about: "by name", options: Options{Via: ViaDNS}, web: 443, dicom: 11112, dials: true},
		{about: "through the API server", options: Options{Via: endpoint.ViaPortForward}, web: 443, dicom: 11112, dials: true},
		{about: "without a change", options: Options{Via: ViaAddress, ReadOnly: true}, web: 443, dicom: 11112},
	} {
		got, err := New(t.Context(), snap, chosen, &request.Config{Host: "https://127.0.0.1:1"}, c.options)
		if err != nil {
			t.Fatal(err)
		}
		s := got.Subject
		if s.Tenant != "bhs" || s.Web.Port != c.web || s.DICOM.Port != c.dicom || len(s.Addresses) == 0 || (s.Client == nil) != c.options.ReadOnly || s.Limits == nil {
			t.Errorf("%s: %+v", c.about, s)
		}
		if len(s.Others) != 1 || s.Others[0].Tenant != "mhr" || s.Login.Given() {
			t.Errorf("%s: the other tenants are %+v", c.about, s.Others)
		}
		if (got.Dial != nil) != c.dials {
			t.Errorf("%s: dials %v", c.about, got.Dial != nil)
		}
		if c.cas != nil && !slices.EqualFunc(s.CAs, c.cas, (*x509.Certificate).Equal) || len(s.CAs) == 0 {
			t.Errorf("%s: CAs %v, because %s", c.about, len(s.CAs), s.CAUnread)
		}
	}
}

// TestNewWithoutAddress checks that a tenant without host names or addresses can't be
// validated, and that only connections to it need an address.
func TestNewWithoutAddress(t *testing.T) {
	recorded := healthy(t)
	without := func(kind schema.GroupKind, change func(*unstructured.Unstructured)) *snapshot.Snapshot {
		builder := snapshot.NewBuilder()
		for _, request := range recorded.Requests() {
			var objects []*unstructured.Unstructured
			for _, obj := range recorded.List(request.GroupKind(), "").Objects {
				if obj = obj.DeepCopy(); request.GroupKind() == kind {
					change(obj)
				}
				objects = append(objects, obj)
			}
			builder.Add(request, objects...)
		}
		return builder.Build(recorded.Meta())
	}
	noHosts := without(object.GatewayKind, func(o *unstructured.Unstructured) { o.Object["spec"] = map[string]any{} })
	noAddress := without(object.ServiceKind, func(o *unstructured.Unstructured) { o.Object["status"] = map[string]any{} })
	for _, c := range []struct {
		about string
		snap  *snapshot.Snapshot
		via   string
		want  string
	}{
		{"no host names", noHosts, ViaDNS, "the host names of bhs are not known"},
		{"no address", noAddress, ViaAddress, "the ingress of bhs has no address: "},
		{"no address, by name", noAddress, ViaDNS, ""},
	} {
		chosen, ok := tenant.Find(tenant.Discover(c.snap), "bhs")
		if !ok {
			t.Fatalf("%s: no tenant bhs", c.about)
		}
		_, err := New(t.Context(), c.snap, chosen, &request.Config{Host: "https://127.0.0.1:1"}, Options{Via: c.via})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.about, err, c.want)
		}
		if hint, _ := advice.Of(err); err != nil && strings.Contains(err.Error()+hint, "--ip") {
			t.Errorf("%s: %v %s: validate has no flag --ip", c.about, err, hint)
		}
	}
}

// TestQueries reads pods only for connections to them.
func TestQueries(t *testing.T) {
	for via, want := range map[string]bool{ViaAddress: false, ViaDNS: false, endpoint.ViaPortForward: true} {
		reads := slices.ContainsFunc(Queries("bhs-orthweb", via), func(w collect.Query) bool { return w.GroupKind == object.PodKind })
		if reads != want {
			t.Errorf("--via=%s reads pods: %v", via, reads)
		}
	}
}

// TestPodBehind forwards the port of the Service to that of the first ready pod.
func TestPodBehind(t *testing.T) {
	recorded := healthy(t)
	snap := func(pods string) *snapshot.Snapshot {
		var list []map[string]any
		if err := yaml.Unmarshal([]byte(pods), &list); err != nil {
			t.Fatal(err)
		}
		builder := snapshot.NewBuilder()
		for _, request := range recorded.Requests() {
			if request.GroupKind() != object.PodKind {
				builder.Add(request, recorded.List(request.GroupKind(), "").Objects...)
			}
		}
		var objects []*unstructured.Unstructured
		for _, pod := range list {
			pod["apiVersion"], pod["kind"] = "v1", "Pod"
			objects = append(objects, &unstructured.Unstructured{Object: pod})
		}
		builder.Add(snapshot.Request{Version: "v1", Kind: "Pod"}, objects...)
		return builder.Build(recorded.Meta())
	}
	chosen, _ := tenant.Find(tenant.Discover(recorded), "bhs")
	chain := tenant.Assess(recorded, []tenant.Tenant{chosen})[0].Chain
	at := slices.IndexFunc(chain, func(l tenant.Link) bool { return l.Section == tenant.Ingress })
	if at < 0 {
		t.Fatal("bhs has no ingress")
	}
	service := recorded.Lookup(chain[at].Ref).Object
	labels, _, _ := unstructured.NestedStringMap(service.Object, "spec", "selector")
	text, err := yaml.Marshal(labels)
	if err != nil || len(labels) == 0 {
		t.Fatal(err, labels)
	}
	pod := func(name, ready string) string {
		return "- {metadata: {name: " + name + ", namespace: " + service.GetNamespace() + ", labels: {" + strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", ", ") + "}}, status: {conditions: [{type: Ready, status: \"" + ready + "\"}]}}\n"
	}
	got, err := podBehind(snap(pod("a", "False")+pod("b", "True")+pod("c", "True")), chosen, 7)
	if want := (portforward.Port{Namespace: service.GetNamespace(), Pod: "b", Number: 7}); err != nil || got != want {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	if got, err := podBehind(snap(pod("a", "False")), chosen, 7); err == nil || !strings.Contains(err.Error(), "has no ready pod") {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := podBehind(snap("[]"), tenant.Tenant{Name: "none", Namespaces: []string{"none"}}, 7); err == nil || !strings.Contains(err.Error(), "no Service was found") {
		t.Errorf("%v, %v", got, err)
	}
}

// TestDialToUnknownTenant checks a chosen tenant that is known only by its namespace, and is
// not among the discovered ones.
func TestDialToUnknownTenant(t *testing.T) {
	chosen := tenant.Tenant{Name: "mine", Namespaces: []string{"none"}}
	dial := dialThroughAPI(healthy(t), chosen, portforward.New(&request.Config{Host: "https://127.0.0.1:1"}))
	for name, want := range map[string]string{"mine": "no Service was found for the Gateways of mine", "other": "tenant other does not exist"} {
		conn, err := dial(t.Context(), check.Subject{Tenant: name}, check.Endpoint{Port: 443})
		if err == nil {
			_ = conn.Close()
		}
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}
