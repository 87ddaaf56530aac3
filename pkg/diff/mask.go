package diff

import (
	"encoding/base64"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
)

// hidden replaces a value that is not shown, as in `kubectl diff` (k8s.io/kubectl v0.36,
// pkg/cmd/diff, Masker).
const hidden = "***"

// The marks of a hidden value that differs from that of the other object.
const (
	markBefore = " (before)"
	markAfter  = " (after)"
)

// masked are two objects without the fields that Flux does not compare, and without secrets.
// Either may be nil.
func (p *Plan) masked(old, now *unstructured.Unstructured) (maskedOld, maskedNow *unstructured.Unstructured) {
	mark := func(obj, other *unstructured.Unstructured, side string) *unstructured.Unstructured {
		if obj == nil {
			return nil
		}
		var against any
		if other != nil {
			against = compared(other).Object
		}
		m := masker{plan: p, secret: obj.GroupVersionKind().GroupKind() == object.SecretKind, side: side}
		content, _ := m.value(compared(obj).Object, against, place{}).(map[string]any)
		return &unstructured.Unstructured{Object: content}
	}
	return mark(old, now, markBefore), mark(now, old, markAfter)
}

// masker masks the secrets of one object.
type masker struct {
	plan   *Plan
	secret bool // the object is a Secret
	side   string
}

// place is the position of a value in an object.
type place struct {
	depth int
	// sensitive: the value is a secret because of its key.
	sensitive bool
}

// holdsValue are the keys of a value in a map that is named after a secret, as in
// password: {value: …}.
var holdsValue = map[string]bool{"value": true, "values": true, "data": true, "raw": true, "literal": true, "inline": true}

// value is a value without secrets. Against is the value of the other object at the same place.
func (m masker) value(value, against any, at place) any {
	if at.depth > mask.MaxDepth {
		return hidden
	}
	switch v := value.(type) {
	case map[string]any:
		other, _ := against.(map[string]any)
		for key, inner := range v {
			v[key] = m.value(inner, other[key], m.under(v, key, at))
		}
		return v
	case []any:
		other, _ := against.([]any)
		for i, inner := range v {
			v[i] = m.value(inner, counterpart(inner, i, v, other), place{at.depth + 1, at.sensitive})
		}
		return v
	case nil, bool:
		return v
	}
	return m.scalar(value, against, at)
}

// under is the place of a key's value in a map.
func (m masker) under(parent map[string]any, key string, at place) place {
	below := place{depth: at.depth + 1, sensitive: sensitive.Key(key) || at.sensitive && holdsValue[key]}
	if m.secret && at.depth == 0 && (key == "data" || key == "stringData") {
		below.sensitive = true
	}
	if m.secret && at.depth == 1 && at.sensitive {
		below.sensitive = true
	}
	if name, ok := parent["name"].(string); ok && key == "value" && sensitive.Key(name) { // {name: DB_PASSWORD, value: …}
		below.sensitive = true
	}
	return below
}

func (m masker) scalar(value, against any, at place) any {
	show := func(value any) any {
		if at.sensitive && value != "" {
			return hidden
		}
		if text, ok := value.(string); ok {
			return m.plan.withoutSecrets(mask.Mask(text))
		}
		return value
	}
	shown := show(value)
	text, ok := shown.(string)
	if !ok || shown == value || against == nil || against == value || show(against) != shown {
		return shown
	}
	if strings.Contains(text, "\n") {
		return strings.TrimSuffix(text, "\n") + "\n" + hidden + m.side + "\n"
	}
	return text + m.side
}

// shortest is the length from which values of Secrets are replaced within a text; shorter ones
// only if they are the whole text.
const shortest = 4

// withoutSecrets is a text without the values of Secrets that are variables of the tree.
func (p *Plan) withoutSecrets(text string) string {
	for _, secret := range p.secrets {
		switch {
		case secret == "":
		case text == secret:
			return hidden
		case len(secret) >= shortest:
			text = strings.ReplaceAll(text, secret, hidden)
			text = strings.ReplaceAll(text, base64.StdEncoding.EncodeToString([]byte(secret)), hidden)
		}
	}
	return text
}

// decoded is a value of a Secret's data or stringData.
func decoded(text, field string) string {
	if field == "data" {
		if content, err := base64.StdEncoding.DecodeString(text); err == nil {
			return string(content)
		}
	}
	return text
}
