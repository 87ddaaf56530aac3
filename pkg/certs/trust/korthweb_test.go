package trust

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// cluster is the part of Korthweb that concerns certificates, with one tenant at first.
type cluster struct {
	tb      testing.TB
	tenants []tenant.Tenant
	objects []*unstructured.Unstructured
	// hidden are kinds that the user may not list.
	hidden []string
	ca     map[string]pair
	web    map[string]pair
}

// korthweb has these tenants, each with a CA and a server certificate.
func korthweb(tb testing.TB, names ...string) *cluster {
	tb.Helper()
	c := &cluster{tb: tb, ca: map[string]pair{}, web: map[string]pair{}}
	for _, name := range names {
		ca := newCA(tb)
		web := ca.issue(tb, server("web."+name+".orthweb.com", "dicom."+name+".orthweb.com"))
		c.ca[name], c.web[name] = ca, web
		c.tenants = append(c.tenants, tenant.Tenant{Name: name, Namespaces: []string{name + "-orthweb"}})
		text := strings.NewReplacer("TENANT", name, "CA_PEM", inBase64(ca), "WEB_PEM", inBase64(web)).Replace(korthwebYAML)
		c.add(text)
	}
	return c
}

// add adds objects, and replaces those of the same name.
func (c *cluster) add(text string) {
	c.tb.Helper()
	for document := range strings.SplitSeq(text, "\n---\n") {
		obj := &unstructured.Unstructured{}
		content, err := yaml.YAMLToJSON([]byte(document))
		if err == nil {
			err = obj.UnmarshalJSON(content)
		}
		if err != nil {
			c.tb.Fatalf("%v in\n%s", err, document)
		}
		c.drop(object.RefOf(obj))
		c.objects = append(c.objects, obj)
	}
}

func (c *cluster) drop(ref object.Ref) {
	c.objects = slices.DeleteFunc(c.objects, func(o *unstructured.Unstructured) bool { return object.RefOf(o).Same(ref) })
}

// set changes a field of an object, "Kind namespace/name".
func (c *cluster) set(obj string, value any, path ...string) {
	c.tb.Helper()
	at := slices.IndexFunc(c.objects, func(o *unstructured.Unstructured) bool { return object.RefOf(o).String() == obj })
	if at < 0 {
		c.tb.Fatalf("there is no %s", obj)
	}
	if err := unstructured.SetNestedField(c.objects[at].Object, value, path...); err != nil {
		c.tb.Fatal(err)
	}
}

func (c *cluster) snapshot() *snapshot.Snapshot {
	builder := snapshot.NewBuilder()
	for _, kind := range []schema.GroupKind{
		object.KustomizationKind, object.HelmReleaseKind, object.GitRepositoryKind, object.NamespaceKind,
		object.DeploymentKind, object.StatefulSetKind, object.ServiceKind, object.CertificateKind, object.IssuerKind,
		object.ClusterIssuerKind, object.GatewayKind, object.VirtualServiceKind, secretKind, requestKind,
		object.LeaseKind, object.PodKind, object.EventKind,
	} {
		requested := snapshot.Request{Group: kind.Group, Version: "v1", Kind: kind.Kind, Resource: object.PluralOf(kind.Kind)}
		if slices.Contains(c.hidden, kind.Kind) {
			requested.Failure = &snapshot.Failure{Reason: snapshot.Forbidden, Verb: "list",
				Resource: schema.GroupResource{Group: kind.Group, Resource: requested.Resource}.String()}
			builder.Add(requested)
			continue
		}
		var objects []*unstructured.Unstructured
		for _, o := range c.objects {
			if object.RefOf(o).GroupKind() == kind {
				objects = append(objects, o.DeepCopy())
			}
		}
		builder.Add(requested, objects...)
	}
	return builder.Build(snapshot.Meta{At: now})
}
