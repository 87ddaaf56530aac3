package compare

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
)

// fields compares the fields of two objects.
type fields struct {
	report      *Report
	layer       string
	left, right *side
	a, b        Object
	// shownA and shownB are the objects without secrets; they are made when they are needed.
	shownA, shownB map[string]any
}

func newFields(r *Report, layer string, left, right *side, a, b Object) *fields {
	return &fields{report: r, layer: layer, left: left, right: right, a: a, b: b}
}

// ignored are fields that the API server or a controller sets, by path.
var ignored = map[string]bool{
	"status": true, "metadata.uid": true, "metadata.resourceVersion": true, "metadata.generation": true,
	"metadata.creationTimestamp": true, "metadata.managedFields": true, "metadata.ownerReferences": true,
	"metadata.finalizers": true, "metadata.selfLink": true,
	"metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]": true,
	"metadata.annotations[deployment.kubernetes.io/revision]":                true,
}

// requests are the annotations by which users request a reconciliation.
const requests = "metadata.annotations[reconcile.fluxcd.io/"

// allocated are the fields of Services and volumes that the API server allocates.
var allocated = map[string]bool{
	"spec.clusterIP": true, "spec.clusterIPs": true, "spec.healthCheckNodePort": true, "spec.volumeName": true,
}

// place is a field on the way: its path in both objects, and the keys that lead to it.
type place struct {
	a, b string
	// key is the last key of a map on the path.
	key string
	// keep: the names of tenants are not replaced.
	keep bool
}

func (p place) under(key string) place {
	step := "." + key
	if strings.ContainsAny(key, "./[") {
		step = "[" + key + "]"
	}
	return place{a: strings.TrimPrefix(p.a+step, "."), b: strings.TrimPrefix(p.b+step, "."), key: key, keep: p.keep || KeepsNames(key)}
}

func (p place) entry(i, j int) place {
	p.a += "[" + strconv.Itoa(i) + "]"
	p.b += "[" + strconv.Itoa(j) + "]"
	return p
}

// compare compares all fields. Those of a Secret are compared without their values.
func (f *fields) compare() {
	f.value(place{}, f.a.Object, f.b.Object)
}

// isIgnored reports whether a field is not compared.
func (f *fields) isIgnored(p place) bool {
	if f.a.Locate != nil && f.b.Locate != nil {
		return false // both are files, which have only what users wrote
	}
	return ignored[p.a] || allocated[p.a] || p.key == "nodePort" || strings.HasPrefix(p.a, requests)
}

func (f *fields) value(p place, a, b any) {
	if f.isIgnored(p) {
		return
	}
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			f.mapping(p, x, y)
			return
		}
	case []any:
		if y, ok := b.([]any); ok {
			f.list(p, x, y)
			return
		}
	}
	f.scalar(p, a, b)
}

// mapping compares the values of two maps by their keys, with placeholders.
func (f *fields) mapping(p place, a, b map[string]any) {
	other := map[string]string{}
	for key := range b {
		other[f.right.words.Apply(key)] = key
	}
	for _, key := range slices.Sorted(maps.Keys(a)) {
		common := f.left.words.Apply(key)
		theirs, ok := other[common]
		delete(other, common)
		below := p.under(key)
		if !ok {
			f.missingValue(below, a[key], true)
			continue
		}
		below.b = p.under(theirs).b
		f.value(below, a[key], b[theirs])
	}
	for _, common := range slices.Sorted(maps.Keys(other)) {
		f.missingValue(p.under(other[common]), b[other[common]], false)
	}
}

// missingValue reports a value that only one object has; of annotations, each that is compared.
func (f *fields) missingValue(p place, value any, left bool) {
	annotations, ok := value.(map[string]any)
	switch {
	case p.a != "metadata.annotations" || !ok:
		f.missing(p, left)
	case left:
		f.mapping(p, annotations, nil)
	default:
		f.mapping(p, nil, annotations)
	}
}

// list compares two lists: by the names of their entries if all have one, otherwise in order.
func (f *fields) list(p place, a, b []any) {
	namesA, okA := names(a, f.left)
	namesB, okB := names(b, f.right)
	if !okA || !okB {
		for i := range max(len(a), len(b)) {
			below := p.entry(i, i)
			switch {
			case i >= len(b):
				f.missing(below, true)
			case i >= len(a):
				f.missing(below, false)
			default:
				f.value(below, a[i], b[i])
			}
		}
		return
	}
	for i, name := range namesA {
		j := slices.Index(namesB, name)
		if j < 0 {
			f.missing(p.entry(i, i), true)
			continue
		}
		f.value(p.entry(i, j), a[i], b[j])
	}
	for j, name := range namesB {
		if !slices.Contains(namesA, name) {
			f.missing(p.entry(j, j), false)
		}
	}
}

// names are the names of a list's entries with placeholders, false if one has no name or two
// have the same.
func names(list []any, s *side) ([]string, bool) {
	var found []string
	for _, entry := range list {
		m, ok := entry.(map[string]any)
		name := object.Text(m, "name")
		if !ok || name == "" {
			return nil, false
		}
		name = s.words.Apply(name)
		if slices.Contains(found, name) {
			return nil, false
		}
		found = append(found, name)
	}
	return found, len(found) > 0
}

// scalar compares two values that are not both maps or both lists.
func (f *fields) scalar(p place, a, b any) {
	x, _ := object.Quote(map[string]any{"v": a}, "v")
	y, _ := object.Quote(map[string]any{"v": b}, "v")
	secret := f.isSecret(p)
	if f.equal(p, a, b, x, y) {
		if secret && x != "" {
			f.report.SharedSecrets = append(f.report.SharedSecrets, Difference{Kind: Secret, Layer: f.layer, A: f.place(p, true), B: f.place(p, false)})
		}
		return
	}
	d := Difference{Kind: f.kindOf(p, secret, x, y), Layer: f.layer, A: f.place(p, true), B: f.place(p, false)}
	d.A.Value, d.B.Value = firstDifference(d.A.Value, d.B.Value, f.left, f.right)
	f.report.add(d)
}

// equal reports whether two values are the same after names are replaced. The encrypted values
// of SOPS differ each time they are written.
func (f *fields) equal(p place, a, b any, x, y string) bool {
	if strings.HasPrefix(x, "ENC[") && strings.HasPrefix(y, "ENC[") || strings.HasPrefix(p.a, "sops.") {
		return !f.isSecret(p)
	}
	_, textA := a.(string)
	_, textB := b.(string)
	if !textA || !textB || p.keep {
		return x == y && textA == textB
	}
	return f.left.words.Apply(x) == f.right.words.Apply(y)
}

// isSecret reports whether the field is a value of a Secret.
func (f *fields) isSecret(p place) bool {
	return f.a.GroupVersionKind().GroupKind() == object.SecretKind && (strings.HasPrefix(p.a, "data") || strings.HasPrefix(p.a, "stringData"))
}

// hostFields and addressFields are keys whose values are the names of hosts, or the addresses
// of load balancers.
var (
	hostFields    = map[string]bool{"hosts": true, "host": true, "hostname": true, "hostnames": true, "dnsNames": true, "commonName": true, "external-dns.alpha.kubernetes.io/hostname": true}
	addressFields = map[string]bool{
		"loadBalancerIP": true, "externalIPs": true, "metallb.universe.tf/loadBalancerIPs": true, "metallb.io/loadBalancerIPs": true,
		"io.cilium/lb-ipam-ips": true, "lbipam.cilium.io/ips": true,
	}
)

// AddressField reports whether the values of a key are the addresses of load balancers.
func AddressField(key string) bool { return addressFields[key] }

func (f *fields) kindOf(p place, secret bool, a, b string) Kind {
	switch {
	case secret:
		return Secret
	case hostFields[p.key] && !f.inDomains(a, b):
		return Host
	case addressFields[p.key]:
		return Address
	}
	return Value
}

// inDomains reports whether two hosts must be the same after names are replaced: both are in
// their tenant's domain, or one is in that of the other tenant.
func (f *fields) inDomains(a, b string) bool {
	in := func(s *side, host string) bool {
		return s.Domain != "" && (host == s.Domain || strings.HasSuffix(host, "."+s.Domain))
	}
	return a == b || in(f.left, a) && in(f.right, b) || in(f.left, b) || in(f.right, a)
}

// missing reports a field that only one object has.
func (f *fields) missing(p place, inA bool) {
	if f.isIgnored(p) {
		return
	}
	d := Difference{Kind: FieldMissing, Layer: f.layer}
	if inA {
		d.A = f.place(p, true)
		d.B = absent(f.b)
	} else {
		d.B = f.place(p, false)
		d.A = absent(f.a)
	}
	f.report.add(d)
}

// absent is an object without the field.
func absent(o Object) Place {
	p := placeOf(o)
	p.Present = false
	return p
}

// place is a field of one of the objects.
func (f *fields) place(p place, inA bool) Place {
	o, path, shown := f.b, p.b, &f.shownB
	if inA {
		o, path, shown = f.a, p.a, &f.shownA
	}
	if *shown == nil {
		*shown = redacted(o)
	}
	text, ok := object.Quote(*shown, path)
	if !ok && path != "" {
		text = mask.Redacted
	}
	if f.isSecret(p) {
		text = mask.Redacted
	}
	place := Place{Present: true, Ref: object.RefOf(o.Unstructured), Field: path, Value: text}
	if o.Locate != nil {
		place.At = o.Locate(path)
	}
	return place
}

// firstDifference are the first lines in which two texts of several lines differ.
func firstDifference(a, b string, left, right *side) (lineA, lineB string) {
	if !strings.Contains(a, "\n") && !strings.Contains(b, "\n") {
		return a, b
	}
	linesA, linesB := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range max(len(linesA), len(linesB)) {
		x, y := "", ""
		if i < len(linesA) {
			x = linesA[i]
		}
		if i < len(linesB) {
			y = linesB[i]
		}
		if left.words.Apply(x) != right.words.Apply(y) {
			return strings.TrimSpace(x), strings.TrimSpace(y)
		}
	}
	return a, b
}
