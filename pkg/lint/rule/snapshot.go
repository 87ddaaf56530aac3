package rule

import (
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// snapshotKinds are the kinds in the snapshot of a tree: those that the functions of explain
// read that rules call.
var snapshotKinds = []schema.GroupKind{
	object.NamespaceKind, object.KustomizationKind, object.HelmReleaseKind,
	object.DeploymentKind, object.StatefulSetKind, object.DaemonSetKind, object.PodKind, object.SecretKind,
	object.ServiceKind, object.IngressKind, object.NetworkPolicyKind,
	object.GatewayKind, object.VirtualServiceKind, object.ServiceEntryKind, object.DestinationRuleKind,
	object.AuthorizationPolicyKind, object.PeerAuthenticationKind,
	object.APIGatewayKind, object.HTTPRouteKind, object.ReferenceGrantKind,
	object.CertificateKind, object.IssuerKind, object.ClusterIssuerKind,
}

// Facts are the cluster as explain sees one: its objects as a snapshot, with its tenants. It has
// the gateway pods of Istio's charts, too (see standIns). An object that is not in it is absent
// only if nothing outside of the tree can create it, and otherwise unknown. Its objects are
// copies; secrets are removed from them.
func (c *Context) Facts() *engine.Context {
	if c.facts == nil {
		snap := c.snapshot()
		c.facts = engine.New(snap, tenant.Discover(snap), engine.Registry{})
	}
	return c.facts
}

func (c *Context) snapshot() *snapshot.Snapshot {
	b := snapshot.NewBuilder()
	for _, kind := range snapshotKinds {
		for _, o := range c.OfKind(kind) {
			b.Add(c.request(kind, o.GetNamespace()), o.DeepCopy())
		}
		for _, ns := range c.OfKind(object.NamespaceKind) {
			b.Add(c.request(kind, ns.GetName()))
		}
	}
	for _, k := range c.Kustomizations {
		b.Add(c.request(object.KustomizationKind, k.GetNamespace()), k.DeepCopy())
	}
	for _, release := range c.OfKind(object.HelmReleaseKind) {
		if !c.rendered[release] {
			for _, obj := range standIns(c, release) {
				b.Add(c.request(obj.GroupVersionKind().GroupKind(), obj.GetNamespace()), obj)
			}
		}
	}
	return b.Build(snapshot.Meta{})
}

// request is the list of a kind in a namespace, which has an answer if the tree has all objects.
func (c *Context) request(kind schema.GroupKind, namespace string) snapshot.Request {
	request := snapshot.Request{Group: kind.Group, Kind: kind.Kind, Namespace: namespace}
	if !c.hasAll(kind, namespace) {
		request.Failure = &snapshot.Failure{Reason: snapshot.NotRequested, Verb: "list", Resource: kind.String(), Namespace: namespace}
	}
	return request
}

// hasAll reports whether an object of a kind that the tree does not have does not exist in a
// namespace: the tree has the namespace and everything that Flux applies in it, and no objects
// from which controllers create others. Users create Secrets by hand, so it is never true for
// these.
func (c *Context) hasAll(kind schema.GroupKind, namespace string) bool {
	if kind == object.SecretKind || namespace == "" || len(c.Find(object.NamespaceKind, "", namespace)) == 0 || c.creators[creation{namespace, false}] {
		return false
	}
	return !(runsPods(kind) && c.creators[creation{namespace, true}]) && c.Complete(namespace)
}

// creation is what controllers may create in a namespace: anything, or only workloads and their
// Services.
type creation struct {
	namespace string
	workloads bool
}

// noteCreator notes that controllers may create objects because of an object: those of all groups
// except those of Kubernetes, Flux, Istio and cert-manager; and those of the Gateway API, which
// create a Deployment and a Service for a Gateway.
func (c *Context) noteCreator(o *cluster.Object) {
	group := o.GroupVersionKind().Group
	known := !strings.Contains(group, ".") || group == object.CertificateKind.Group ||
		slices.ContainsFunc([]string{".k8s.io", ".istio.io", ".fluxcd.io"}, func(suffix string) bool { return strings.HasSuffix(group, suffix) })
	if !known || o.Ref().GroupKind() == object.APIGatewayKind {
		c.creators[creation{o.GetNamespace(), known}] = true
	}
}

// runsPods reports whether a kind is a workload, its pods or a Service in front of them.
func runsPods(kind schema.GroupKind) bool {
	return kind == object.ServiceKind || slices.Contains(engine.Selectable, kind)
}

// Missing reports whether an object does not exist that another references: the tree does not
// have it, and nothing outside of the tree can create it, or the tree has an object of which its
// name is a misspelling. near is the name of that object, "" if there is none.
func (c *Context) Missing(ref object.Ref) (near string, missing bool) {
	kind := ref.GroupKind()
	if ref.Name == "" || Unknown(ref.Name) || Unknown(ref.Namespace) || len(c.Find(kind, ref.Namespace, ref.Name)) > 0 {
		return "", false
	}
	if c.Facts().Snap.Lookup(ref).Presence == snapshot.Present {
		return "", false
	}
	if near := c.MisspellingOf(ref); near != "" {
		return near, true
	}
	return "", c.hasAll(kind, ref.Namespace)
}

// MisspellingOf is the name of the object in the tree of which the name of a reference is a
// misspelling, "" if there is none. The name of the reference must not exist.
func (c *Context) MisspellingOf(ref object.Ref) string {
	for _, o := range c.InNamespace(ref.GroupKind(), ref.Namespace) {
		if Misspelled(ref.Name, o.GetName()) {
			return o.GetName()
		}
	}
	return ""
}

// Misspelled reports whether a name is probably a misspelling of another: one of the words between
// hyphens and dots has one other letter, or two in the wrong order. Short words, words with another
// number, and words that only end earlier are not: "web-1" and "web-2", "site-a" and "site-b",
// "route" and "routes" are usually two objects.
func Misspelled(name, other string) bool {
	if max(len(name), len(other)) > validation.DNS1123SubdomainMaxLength || name == other {
		return false
	}
	isEnd := func(r rune) bool { return r == '-' || r == '.' || r == '_' }
	words, others := strings.FieldsFunc(name, isEnd), strings.FieldsFunc(other, isEnd)
	if len(words) != len(others) {
		return false
	}
	differ := 0
	for i, word := range words {
		if word == others[i] {
			continue
		}
		if differ++; !isTypo(word, others[i]) {
			return false
		}
	}
	return differ == 1
}

// isTypo reports whether a word is probably a misspelling of another.
func isTypo(word, other string) bool {
	letters := func(text string) string {
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return -1
			}
			return r
		}, text)
	}
	if strings.HasPrefix(word, other) || strings.HasPrefix(other, word) || letters(word) == letters(other) {
		return false
	}
	shortest := min(len(word), len(other))
	for word != "" && other != "" && word[0] == other[0] {
		word, other = word[1:], other[1:]
	}
	for word != "" && other != "" && word[len(word)-1] == other[len(other)-1] {
		word, other = word[:len(word)-1], other[:len(other)-1]
	}
	swapped := shortest > 2 && len(word) == 2 && len(other) == 2 && word[0] == other[1] && word[1] == other[0]
	return shortest > 4 && max(len(word), len(other)) <= 1 || swapped
}

// DidYouMean is "; did you mean NAME?", "" without a name.
func DidYouMean(name string) string {
	if name == "" {
		return ""
	}
	return "; did you mean " + name + "?"
}

// Explain runs an explainer on an object, and reports its findings that have the code of the
// rule and one of the reasons, or any. A message and its fixes are changed as a tree requires
// it: the object's name is before them, and fixes are changes of its file. An object that
// contains unknown variables is not examined.
func (c *Context) Explain(o *cluster.Object, explain engine.Explainer, reasons ...string) {
	x := c.Facts()
	obj := x.Snap.Lookup(o.Ref()).Object
	if obj == nil || c.Find(o.Ref().GroupKind(), o.GetNamespace(), o.GetName())[0] != o || HasUnknown(o.Unstructured) {
		return
	}
	for _, f := range explained(x, obj, explain) {
		if f.Code == c.rule.Code && (len(reasons) == 0 || slices.Contains(reasons, f.Reason)) {
			c.reportExplained(o, f)
		}
	}
}

// explained are the findings of an explainer about an object. Several rules report those of one.
func explained(x *engine.Context, obj *unstructured.Unstructured, explain engine.Explainer) []finding.Finding {
	key := explanation{obj, reflect.ValueOf(explain).Pointer()}
	return engine.Memoize(x, key, func() []finding.Finding { return explain(x, obj, false).Findings })
}

// explanation is the key of the findings of an explainer about an object.
type explanation struct {
	obj     *unstructured.Unstructured
	explain uintptr
}

// reportExplained reports a finding of explain at the first field that proves it.
func (c *Context) reportExplained(o *cluster.Object, f finding.Finding) {
	if found := c.Find(f.Ref.GroupKind(), f.Ref.Namespace, f.Ref.Name); len(found) > 0 {
		o = found[0]
	}
	message := Local(o, strings.TrimPrefix(strings.TrimPrefix(f.Message, f.Ref.String()+" "), "does not work: "))
	var fixes []finding.Fix
	for _, fix := range f.Fixes {
		if fix.File == "" && fix.Command != "" && len(fixes) > 0 {
			continue // what to inspect in a live cluster
		}
		fixes = append(fixes, finding.Fix{Text: Local(o, fix.Text), File: o.File()})
	}
	field := "metadata.name"
	if i := slices.IndexFunc(f.Evidence, func(e finding.Evidence) bool { return e.Ref.Same(o.Ref()) }); i >= 0 {
		field = f.Evidence[i].Field
	}
	if value, _ := object.Read(o.Unstructured.Object, field); isTexts(value) {
		field += "[0]" // a patch is found by the text that it sets
	}
	c.Report(o, field, message, fixes...)
}

func isTexts(value any) bool {
	list, _ := value.([]any)
	if len(list) == 0 {
		return false
	}
	_, ok := list[0].(string)
	return ok
}

// Local is a text without the namespace of an object, which is printed before it. So the findings
// about several tenants are the same if one line of a base causes them.
func Local(o *cluster.Object, text string) string {
	if o.GetNamespace() == "" {
		return text
	}
	return strings.ReplaceAll(text, " "+o.GetNamespace()+"/", " ")
}

// HasUnknown reports whether a text in an object depends on a variable whose value is not in the
// tree.
func HasUnknown(obj *unstructured.Unstructured) bool { return anyUnknown(obj.Object) }

func anyUnknown(value any) bool {
	switch v := value.(type) {
	case string:
		return Unknown(v)
	case []any:
		return slices.ContainsFunc(v, anyUnknown)
	case map[string]any:
		for _, inner := range v {
			if anyUnknown(inner) {
				return true
			}
		}
	}
	return false
}
