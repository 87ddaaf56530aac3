package collect

import "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

// pool keeps one copy of each short text that objects have in common: the names of their
// fields, "True", "flux-system". A decoder creates a new one each time; they are half of
// the memory of a thousand tenants' objects.
type pool struct {
	keys   map[string]string
	values map[string]any
	// weight is approximately how many bytes of memory the objects take.
	weight int64
}

// The memory that Go allocates for a value (Go 1.26): a map has groups of eight entries, a
// string or a number in an interface has an allocation of its own.
const (
	mapWeight, groupWeight   = 48, 264
	sliceWeight, entryWeight = 24, 16
	numberWeight             = 8
	textWeight               = 16
)

// Longer texts rarely occur twice, and the pool must be smaller than what it saves.
const (
	maxPooled     = 64
	maxPoolLength = 1 << 14
)

func newPool() *pool { return &pool{keys: map[string]string{}, values: map[string]any{}} }

// share replaces the object's texts by pooled ones, and returns the memory that it takes.
func (p *pool) share(obj *unstructured.Unstructured) int64 {
	before := p.weight
	obj.Object = p.object(obj.Object)
	return p.weight - before
}

// object is the map again, with pooled keys and values.
func (p *pool) object(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	p.weight += mapWeight + groupWeight*int64(1+len(m)/7)
	for key, value := range m {
		out[p.key(key)] = p.value(value)
	}
	return out
}

func (p *pool) key(key string) string {
	if known, ok := p.keys[key]; ok {
		return known
	}
	if len(key) <= maxPooled && len(p.keys) < maxPoolLength {
		p.keys[key] = key
	}
	p.weight += int64(len(key))
	return key
}

func (p *pool) value(value any) any {
	switch v := value.(type) {
	case map[string]any:
		return p.object(v)
	case []any:
		p.weight += sliceWeight + entryWeight*int64(len(v))
		for i := range v {
			v[i] = p.value(v[i])
		}
	case string:
		if known, ok := p.values[v]; ok {
			return known
		}
		if len(v) <= maxPooled && len(p.values) < maxPoolLength {
			p.values[v] = value
		}
		p.weight += textWeight + int64(len(v))
	case int64, float64:
		p.weight += numberWeight
	}
	return value
}
