// Package decode parses objects from JSON and YAML within limits of size, depth and memory,
// for any input. It reads snapshot files and the output of kubectl.
package decode

import (
	"regexp"
	"sync"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/redact"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
)

// sums are the totals of all objects of a snapshot, which are parsed concurrently.
type sums struct {
	values, memory atomic.Int64
	// maxMemory is how much memory they may take; see memoryOf.
	maxMemory int64
}

// parseObject parses and redacts an object, and adds its values to the sums.
func parseObject(doc Document, all *sums) (*unstructured.Unstructured, error) {
	var content map[string]any
	if err := json.Unmarshal(doc.Text, &content); err != nil {
		return nil, Damaged(err, "%s has a line that is not a JSON object", doc.File)
	}
	if content == nil {
		return nil, Damaged(nil, "%s has an empty object", doc.File)
	}
	values, memory, err := weigh(content, 1, doc.File)
	if err != nil {
		return nil, err
	}
	if all.values.Add(values) > MaxValues {
		return nil, TooLarge("its objects have more than %d values", MaxValues)
	}
	if all.memory.Add(memory) > all.maxMemory {
		return nil, tooMuchMemory(doc.File, SavedMemory)
	}
	obj := &unstructured.Unstructured{Object: content}
	if err := checkObject(obj, doc); err != nil {
		return nil, err
	}
	redact.Redact(obj)
	return obj, checkObject(obj, doc)
}

// ParseMap reads an object that kubectl printed; see ParseValue.
func ParseMap(doc Document) (map[string]any, error) {
	value, err := ParseValue(doc)
	if err != nil {
		return nil, err
	}
	content, ok := value.(map[string]any)
	if !ok && value != nil {
		return nil, Damaged(nil, "%s has something that is not an object", doc.File)
	}
	return content, nil
}

// ParseValue parses JSON with the decoder of Kubernetes, which preserves integers. YAML is
// first decoded by its own decoder.
func ParseValue(doc Document) (value any, err error) {
	if doc.Text[0] == '{' && json.Unmarshal(doc.Text, &value) == nil {
		return value, nil
	}
	if err := refuseAnchors(doc.Text, doc.File); err != nil {
		return nil, err
	}
	if marks(doc.Text) > maxMarks {
		return nil, TooLarge("%s has an object of more than %d values in YAML", doc.File, maxMarks)
	}
	text, err := yamlToJSON(doc.Text)
	if err != nil {
		return nil, Damaged(err, "%s has an object that is not YAML", doc.File)
	}
	value = nil
	if err := json.Unmarshal(text, &value); err != nil {
		return nil, Damaged(err, "%s has an object that is not YAML", doc.File)
	}
	return value, nil
}

// marks is an upper bound for the number of values of a YAML text, from its separators.
func marks(text []byte) (count int) {
	for _, c := range text {
		switch c {
		case ',', ':', '[', '{', '\n':
			count++
		}
	}
	return count
}

// oneYAML allows one text to be decoded at a time: the nodes of YAML take some 200 bytes for
// each value, before any is counted.
var oneYAML sync.Mutex

func yamlToJSON(text []byte) ([]byte, error) {
	oneYAML.Lock()
	defer oneYAML.Unlock()
	return yaml.YAMLToJSON(text)
}

func checkObject(obj *unstructured.Unstructured, doc Document) error {
	switch {
	case obj.GetKind() == "":
		return Damaged(nil, "%s has an object without a kind", doc.File)
	case obj.GetName() == "":
		return Damaged(nil, "%s has a %s without a name", doc.File, obj.GetKind())
	case obj.GroupVersionKind().GroupKind() != doc.gk:
		return Damaged(nil, "%s has a %s, but the index lists %s",
			doc.File, obj.GroupVersionKind().GroupKind(), doc.gk)
	}
	return nil
}

// measure counts the values, and reports whether no map or list is too deep.
func measure(value any, depth int) (count int64, ok bool) {
	count, ok = 1, true
	add := func(inner any) {
		if ok {
			var n int64
			n, ok = measure(inner, depth+1)
			count += n
		}
	}
	switch v := value.(type) {
	case map[string]any:
		ok = depth < mask.MaxDepth
		for _, inner := range v {
			add(inner)
		}
	case []any:
		ok = depth < mask.MaxDepth
		for _, inner := range v {
			add(inner)
		}
	}
	return count, ok
}

// anchor matches the anchor of a YAML node, and alias a reference to it. Both also match text
// inside of strings, such as "!has(x) && y" in the rules of a CustomResourceDefinition.
var (
	anchor = regexp.MustCompile(`(?m)(?:^|[:\-?\[{,]|![^\s]*)\s*&([^\s,\[\]{}]+)`)
	alias  = regexp.MustCompile(`\*([^\s,\[\]{}]+)`)
	// plainName matches the part of a name that all versions of YAML accept.
	plainName = regexp.MustCompile(`^[0-9A-Za-z_-]+`)
)

// refuseAnchors rejects anchors: a few aliases expand a short text to gigabytes. No object of
// Kubernetes needs an anchor.
func refuseAnchors(text []byte, file string) error {
	anchors := anchor.FindAllSubmatch(text, -1)
	if len(anchors) == 0 {
		return nil
	}
	nameOf := func(match [][]byte) string {
		if name := plainName.Find(match[1]); name != nil {
			return string(name)
		}
		return string(match[1])
	}
	repeated := map[string]bool{}
	for _, match := range alias.FindAllSubmatch(text, -1) {
		repeated[nameOf(match)] = true
	}
	for _, match := range anchors {
		if repeated[nameOf(match)] {
			return Damaged(nil, "%s has an anchor (&name), which is not allowed", file)
		}
	}
	return nil
}
