package compare

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/redact"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// Side is one of two tenants.
type Side struct {
	// Name is the tenant's name.
	Name string
	// Namespaces contain the tenant's objects.
	Namespaces []string
	// Domain is the end that the names of its hosts share, "" if there is none.
	Domain string
	// Addresses are those of its ingress that its objects specify.
	Addresses []string
	// Keep are names that contain the tenant's name, but belong to others.
	Keep []string
	// Layers are its own.
	Layers []Layer
	// Unknown is what could not be read, in sentences without a period.
	Unknown []string
}

// Layer is a Kustomization of Flux and the objects that it applies.
type Layer struct {
	// Name is that of the Kustomization; "" for objects that no Kustomization applies.
	Name    string
	Objects []Object
}

// Object is an object of a tenant.
type Object struct {
	*unstructured.Unstructured
	// Locate finds the position of a field, in the notation of object.Read. It is nil for
	// objects of a cluster.
	Locate func(field string) tree.Position
}

// Kind is a kind of difference.
type Kind string

// The kinds of differences. The last three are expected between tenants.
const (
	// LayerMissing: one tenant has no such layer.
	LayerMissing Kind = "LayerMissing"
	// ObjectMissing: one tenant has no such object.
	ObjectMissing Kind = "ObjectMissing"
	// FieldMissing: one object does not have the field.
	FieldMissing Kind = "FieldMissing"
	// Value: both have the field, with different values.
	Value Kind = "Value"
	// Host: the names of hosts differ in more than the tenant's domain.
	Host Kind = "Host"
	// Address: the addresses of load balancers differ.
	Address Kind = "Address"
	// Secret: the values of a Secret differ.
	Secret Kind = "Secret"
)

// Expected reports whether tenants usually differ in it.
func (k Kind) Expected() bool { return k == Host || k == Address || k == Secret }

// Place is what one tenant has.
type Place struct {
	// Present is false if the tenant has no such layer, object or field.
	Present bool
	// Ref is the object, zero for a layer.
	Ref object.Ref
	// Field is the path in the notation of object.Read, "" for the object.
	Field string
	// Value is the value as text, with secrets removed.
	Value string
	// At is the position, zero in a cluster.
	At tree.Position
}

// Difference is one thing in which the tenants differ.
type Difference struct {
	Kind Kind
	// Layer is the name of the layer, with placeholders.
	Layer string
	A, B  Place
}

// Report is the result of a comparison.
type Report struct {
	A, B string
	// Layers and Objects are how many of them both tenants have.
	Layers, Objects int
	// Differences are those that are not expected, by layer, object and field.
	Differences []Difference
	// Expected are those in hosts, addresses and Secrets.
	Expected []Difference
	// SharedSecrets are keys of Secrets that have the same value for both tenants.
	SharedSecrets []Difference
	// Unknown is what could not be compared.
	Unknown []string
}

// The placeholders of what differs between all tenants.
const (
	nameMark    = "TENANT"
	domainMark  = "DOMAIN"
	addressMark = "ADDRESS"
	hashMark    = "HASH"
)

// Tenants compares two tenants.
func Tenants(a, b Side) *Report {
	r := &Report{A: a.Name, B: b.Name, Unknown: slices.Concat(a.Unknown, b.Unknown)}
	left, right := newSide(a), newSide(b)
	for _, pair := range pairs(left.layers(), right.layers()) {
		if pair.a == nil || pair.b == nil {
			r.missingLayer(pair.key, pair.a, pair.b)
			continue
		}
		if pair.a.Name != "" {
			r.Layers++
		}
		r.layer(pair.key, left, right, *pair.a, *pair.b)
	}
	return r
}

func (r *Report) missingLayer(name string, a, b *Layer) {
	r.add(Difference{Kind: LayerMissing, Layer: name, A: placeOfLayer(a), B: placeOfLayer(b)})
}

func placeOfLayer(l *Layer) Place {
	if l == nil {
		return Place{}
	}
	p := Place{Present: true, Value: l.Name}
	if len(l.Objects) > 0 {
		p = placeOf(l.Objects[0])
	}
	return p
}

func placeOf(o Object) Place {
	p := Place{Present: true, Ref: object.RefOf(o.Unstructured)}
	if o.Locate != nil {
		p.At = o.Locate("")
	}
	return p
}

// layer compares the objects of a layer.
func (r *Report) layer(name string, left, right *side, a, b Layer) {
	for _, pair := range pairs(left.objects(a), right.objects(b)) {
		switch {
		case pair.b == nil:
			r.add(Difference{Kind: ObjectMissing, Layer: name, A: placeOf(*pair.a), B: Place{}})
		case pair.a == nil:
			r.add(Difference{Kind: ObjectMissing, Layer: name, A: Place{}, B: placeOf(*pair.b)})
		default:
			r.Objects++
			c := newFields(r, name, left, right, *pair.a, *pair.b)
			c.compare()
		}
	}
}

func (r *Report) add(d Difference) {
	if d.Kind.Expected() {
		r.Expected = append(r.Expected, d)
		return
	}
	r.Differences = append(r.Differences, d)
}

// pair are two things with the same key.
type pair[T any] struct {
	key  string
	a, b *T
}

// keyed is a thing with its key.
type keyed[T any] struct {
	key   string
	value T
}

// pairs matches things by key, in the order of the first list, then of the second.
func pairs[T any](a, b []keyed[T]) []pair[T] {
	var list []pair[T]
	used := make([]bool, len(b))
	for i := range a {
		p := pair[T]{key: a[i].key, a: &a[i].value}
		for j := range b {
			if !used[j] && b[j].key == a[i].key {
				used[j], p.b = true, &b[j].value
				break
			}
		}
		list = append(list, p)
	}
	for j := range b {
		if !used[j] {
			list = append(list, pair[T]{key: b[j].key, b: &b[j].value})
		}
	}
	return list
}

// side is a tenant with the words that placeholders replace.
type side struct {
	Side
	words Words
}

func newSide(s Side) *side {
	n := &side{Side: s}
	n.words.Domain(s.Domain, domainMark)
	for _, address := range s.Addresses {
		n.words.Address(address, addressMark)
	}
	for _, name := range s.Keep {
		n.words.Keep(name)
	}
	n.words.Name(s.Name, nameMark)
	for i, namespace := range slices.Sorted(slices.Values(s.Namespaces)) {
		if !n.words.Has(namespace) {
			n.words.Name(namespace, "NAMESPACE"+strings.Repeat("I", i+1))
		}
	}
	for _, l := range s.Layers {
		for _, o := range l.Objects {
			n.addHash(o)
		}
	}
	return n
}

// generated are the names of ConfigMaps and Secrets to which kustomize appended a hash of their
// content (encode in sigs.k8s.io/kustomize/api v0.21.1, internal/hasher: hexadecimal digits
// without vowels and the digits that resemble them).
var generated = regexp.MustCompile(`^(.+)-[2456789bcdfghkmt]{10}$`)

// addHash replaces the hash in the name of a generated object.
func (n *side) addHash(o Object) {
	gk := o.GroupVersionKind().GroupKind()
	if gk != object.ConfigMapKind && gk != object.SecretKind {
		return
	}
	if parts := generated.FindStringSubmatch(o.GetName()); parts != nil {
		n.words.add(word{old: o.GetName(), new: n.words.Apply(parts[1]) + "-" + hashMark})
	}
}

func (n *side) layers() []keyed[Layer] {
	var list []keyed[Layer]
	for _, l := range n.Layers {
		list = append(list, keyed[Layer]{n.words.Apply(l.Name), l})
	}
	return list
}

// objects are the objects of a layer by kind, namespace and name. The version is not part of
// the key: it is compared.
func (n *side) objects(l Layer) []keyed[Object] {
	var list []keyed[Object]
	for _, o := range l.Objects {
		gk := o.GroupVersionKind().GroupKind()
		key := strings.Join([]string{gk.Kind, n.words.Apply(o.GetNamespace()), n.words.Apply(o.GetName()), gk.Group}, "\x00")
		list = append(list, keyed[Object]{key, o})
	}
	slices.SortStableFunc(list, func(a, b keyed[Object]) int { return cmp.Compare(a.key, b.key) })
	return list
}

// redacted is a copy of an object without secrets.
func redacted(o Object) map[string]any {
	c := o.DeepCopy()
	redact.Redact(c)
	return c.Object
}

// Describe is the difference in one sentence, without a period.
func (d Difference) Describe() string {
	has := d.A
	if !has.Present {
		has = d.B
	}
	switch d.Kind {
	case LayerMissing:
		return "only one tenant has the layer " + d.Layer
	case ObjectMissing:
		return "only one tenant has " + has.Ref.String()
	case FieldMissing:
		return has.Ref.String() + " has the field " + has.Field + ", the other does not"
	}
	return has.Ref.String() + ": " + has.Field + " is " + strconv.Quote(d.A.Value) + " and " + strconv.Quote(d.B.Value)
}
