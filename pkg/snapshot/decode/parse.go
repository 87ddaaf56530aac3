// Package decode parses objects from JSON and YAML within limits of size, depth
// and memory, whatever the input. The formats of snapshot files and of what
// kubectl prints are read with it.
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

// sums are of all objects of a snapshot, which are parsed at the same time.
type sums struct {
	values, memory atomic.Int64
	// maxMemory is what they may take; see memoryOf.
	maxMemory int64
}

// parseObject makes a redacted object of its text, and adds what is in it to the
// sums.
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

// ParseValue reads JSON with the decoder of Kubernetes, which keeps integers integers;
// YAML goes through its own decoder first.
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

// marks is at least how many values a YAML text has.
func marks(text []byte) (count int) {
	for _, c := range text {
		switch c {
		case ',', ':', '[', '{', '\n':
			count++
		}
	}
	return count
}

// oneYAML lets one text be decoded at a time: its nodes take some 200 bytes for each
// value, before any is counted.
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

// measure counts the values, and tells whether no map or list lies too deep.
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

// anchor is how a node of YAML gets a name, and alias how it is repeated by that.
// Both also match text inside of strings, such as "!has(x) && y" in the rules of a
// CustomResourceDefinition.
var (
	anchor = regexp.MustCompile(`(?m)(?:^|[:\-?\[{,]|![^\s]*)\s*&([^\s,\[\]{}]+)`)
	alias  = regexp.MustCompile(`\*([^\s,\[\]{}]+)`)
	// plainName is the part of a name that all versions of YAML read as one.
	plainName = regexp.MustCompile(`^[0-9A-Za-z_-]+`)
)

// refuseAnchors rejects anchors: a few names that are repeated make gigabytes of a short text. No
// object of Kubernetes needs one.
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
