package load

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
)

var (
	serviceKind = schema.GroupKind{Kind: "Service"}
	podKind     = schema.GroupKind{Kind: "Pod"}
	secretKind  = schema.GroupKind{Kind: "Secret"}
	layerKind   = schema.GroupKind{Group: "kustomize.toolkit.fluxcd.io", Kind: "Kustomization"}
	requestKind = schema.GroupKind{Group: "cert-manager.io", Kind: "CertificateRequest"}
)

// podsPerTenant is the number of addresses that the Pods of a copy may have.
const podsPerTenant = 64

// The addresses of copies: of Pods, from the shared address space of RFC 6598, and of load
// balancers, on loopback, where commands that connect to them reach nothing: other labs have
// addresses below 127.251.0.0.
var (
	firstPod      = netip.MustParseAddr("100.64.0.0")
	firstBalancer = netip.MustParseAddr("127.251.0.0")
)

// Max is the largest number of copies, whose names have four digits.
const Max = 9999

// Name is the name of the copied tenant with a number, which begins with 1.
func Name(number int) string { return fmt.Sprintf("t%04d", number) }

// Copy returns the objects of the copied tenant with a number, in the order of their creation.
// They contain the UIDs of the template's objects, which Resolve replaces.
func (t *Template) Copy(number int) ([]Object, error) {
	r, err := t.rewriter(Name(number), number)
	if err != nil {
		return nil, err
	}
	out := make([]Object, len(t.objects))
	for i, o := range t.objects {
		if out[i], err = r.object(o); err != nil {
			return nil, fmt.Errorf("copying %s: %w", name(o), err)
		}
	}
	return out, nil
}

// Resolve replaces the UIDs in an object, except for its own.
func Resolve(o Object, uids map[string]string) {
	own := o.GetUID()
	o.Object = mapStrings(o.Object, func(s string) string {
		if uid, ok := uids[s]; ok {
			return uid
		}
		return s
	}).(map[string]any)
	o.SetUID(own)
}

// rewriter replaces the names, addresses and certificates of a tenant by those of another one.
type rewriter struct {
	from, to        string
	template        *Template
	exact           map[string]string // whole strings
	blocksByContent map[string][]byte // of PEM, by the original content
}

func (t *Template) rewriter(to string, number int) (*rewriter, error) {
	if len(t.pods) > podsPerTenant {
		return nil, fmt.Errorf("tenant %s has %d Pods; %d can be copied", t.tenant, len(t.pods), podsPerTenant)
	}
	r := &rewriter{from: t.tenant, to: to, template: t, exact: map[string]string{}}
	for i, ip := range t.pods {
		r.exact[ip] = advance(firstPod, number*podsPerTenant+i).String()
	}
	for i, ip := range t.addresses {
		r.exact[ip] = advance(firstBalancer, number*len(t.addresses)+i).String()
	}
	// The name of a PersistentVolume contains the UID of its claim.
	for _, o := range t.objects {
		if o.GetKind() == "PersistentVolume" {
			r.exact[o.GetName()] = "pvc-" + derivedUID(to, o.GetName())
		}
	}
	var err error
	r.blocksByContent, err = t.credentials.rewrite(to, r.words)
	return r, err
}

// advance returns the address that is n after addr.
func advance(addr netip.Addr, n int) netip.Addr {
	b := addr.As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	v += uint32(n)
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

// derivedUID is always the same for a tenant and a text.
func derivedUID(tenant, text string) string {
	sum := sha256.Sum256([]byte(tenant + "/" + text))
	s := hex.EncodeToString(sum[:16])
	return strings.Join([]string{s[:8], s[8:12], s[12:16], s[16:20], s[20:]}, "-")
}

func (r *rewriter) object(o Object) (Object, error) {
	out := &unstructured.Unstructured{Object: mapStrings(o.Object, r.text).(map[string]any)}
	labels := out.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[cluster.CopyLabel] = "true"
	out.SetLabels(labels)
	switch o.GroupVersionKind().GroupKind() {
	case secretKind:
		return out, r.secret(o, out)
	case requestKind:
		for _, path := range [][]string{{"spec", "request"}, {"status", "certificate"}, {"status", "ca"}} {
			if text, ok, _ := unstructured.NestedString(o.Object, path...); ok {
				data, err := r.encoded(text)
				if err != nil {
					return nil, err
				}
				_ = unstructured.SetNestedField(out.Object, data, path...)
			}
		}
	}
	return out, nil
}

// text rewrites one string.
func (r *rewriter) text(s string) string {
	if to, ok := r.exact[s]; ok {
		return to
	}
	return r.words(s)
}

// words replaces the tenant's name where it is a whole word, in lower and upper case.
func (r *rewriter) words(s string) string {
	s = replaceWord(s, r.from, r.to)
	return replaceWord(s, strings.ToUpper(r.from), strings.ToUpper(r.to))
}

// replaceWord replaces a word that is not part of a longer one.
func replaceWord(s, from, to string) string {
	var out strings.Builder
	rest := s
	before := byte(' ')
	for {
		at := strings.Index(rest, from)
		if at < 0 {
			if out.Len() == 0 {
				return s
			}
			out.WriteString(rest)
			return out.String()
		}
		if at > 0 {
			before = rest[at-1]
		}
		end := at + len(from)
		word := from
		if !alphanumeric(before) && (end == len(rest) || !alphanumeric(rest[end])) {
			word = to
		}
		out.WriteString(rest[:at])
		out.WriteString(word)
		before = from[len(from)-1]
		rest = rest[end:]
	}
}

func alphanumeric(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}

// secret rewrites the data of a Secret.
func (r *rewriter) secret(from, to Object) error {
	data, _, _ := unstructured.NestedStringMap(from.Object, "data")
	for key, value := range data {
		var text string
		var err error
		if content, ok := r.template.releases[from.GetName()]; ok && key == releaseKey {
			text, err = encodeRelease(mapStrings(content, r.text))
		} else {
			text, err = r.encoded(value)
		}
		if err != nil {
			return fmt.Errorf("key %s: %w", key, err)
		}
		_ = unstructured.SetNestedField(to.Object, text, "data", key)
	}
	return nil
}

// encoded rewrites base64.
func (r *rewriter) encoded(text string) (string, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", err
	}
	switch {
	case strings.Contains(string(data), "-----BEGIN "):
		data = r.blocks(data)
	case utf8.Valid(data):
		data = []byte(r.text(string(data)))
	}
	return base64.StdEncoding.EncodeToString(data), nil
}

// readReleases reads Helm's Secrets.
func (t *Template) readReleases() error {
	for _, o := range t.objects {
		kind, _, _ := unstructured.NestedString(o.Object, "type")
		if o.GroupVersionKind().GroupKind() != secretKind || kind != "helm.sh/release.v1" {
			continue
		}
		text, _, _ := unstructured.NestedString(o.Object, "data", releaseKey)
		content, err := decodeRelease(text)
		if err != nil {
			return fmt.Errorf("reading %s: %w", name(o), err)
		}
		t.releases[o.GetName()] = content
	}
	return nil
}

func decodeJSON(data []byte) (any, error) {
	var v any
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber()
	err := d.Decode(&v)
	return v, err
}
