package collect

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

// key is a pooled copy of the name of a field, which is JSON.
func (p *pool) key(raw []byte) (string, error) {
	text, err := unquoted(raw)
	if err != nil {
		return "", err
	}
	if known, ok := p.keys[string(text)]; ok {
		return known, nil
	}
	key := string(text)
	if len(key) <= maxPooled && len(p.keys) < maxPoolLength {
		p.keys[key] = key
	}
	p.weight += int64(len(key))
	return key, nil
}

// text is a pooled copy of a JSON string.
func (p *pool) text(raw []byte) (any, error) {
	text, err := unquoted(raw)
	if err != nil {
		return nil, err
	}
	if known, ok := p.values[string(text)]; ok {
		return known, nil
	}
	var value any = string(text)
	if len(text) <= maxPooled && len(p.values) < maxPoolLength {
		p.values[string(text)] = value
	}
	p.weight += textWeight + int64(len(text))
	return value, nil
}

// number is a JSON number.
func (p *pool) number(raw []byte) (any, error) {
	p.weight += numberWeight
	return number(raw)
}
