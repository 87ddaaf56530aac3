package kustomize

import (
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Resource is what Content needs of kustomize's.
type Resource interface {
	YNode() *yaml.Node
	MarshalJSON() ([]byte, error)
}

// Content is the content of a resource that kustomize built. Flux writes it as YAML, and reads
// that: MarshalJSON does the same, but takes a fifth of the time of a build. Therefore a resource
// is read directly if writing it certainly changes none of its values.
func Content(res Resource) (map[string]any, error) {
	if value, ok := direct(res.YNode(), false); ok {
		if content, ok := value.(map[string]any); ok {
			return content, nil
		}
	}
	return encoded(res)
}

// encoded is the content of a resource that is written and read.
func encoded(res Resource) (map[string]any, error) {
	text, err := res.MarshalJSON()
	if err != nil {
		return nil, err
	}
	content := map[string]any{}
	return content, json.Unmarshal(text, &content)
}

// direct is the value of a node that the YAML library writes as it is. Ok is false for all others,
// such as aliases, times, numbers with a fraction, and texts that it might fold. The node is in a
// map or list of flow style if flow is true.
func direct(n *yaml.Node, flow bool) (value any, ok bool) {
	if n == nil || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		return nil, false
	}
	flow = flow || n.Style&yaml.FlowStyle != 0
	if flow && n.HeadComment+n.LineComment+n.FootComment != "" {
		return nil, false
	}
	switch n.Kind {
	case yaml.MappingNode:
		return directMap(n, flow)
	case yaml.SequenceNode:
		return directList(n, flow)
	case yaml.ScalarNode:
		return directScalar(n)
	}
	return nil, false
}

func directMap(n *yaml.Node, flow bool) (value any, ok bool) {
	if n.Tag != "" && n.Tag != yaml.NodeTagMap || len(n.Content)%2 != 0 {
		return nil, false
	}
	m := make(map[string]any, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		key, ok := direct(n.Content[i], flow)
		if !ok {
			return nil, false
		}
		name, ok := key.(string)
		if _, twice := m[name]; !ok || twice || len(name) > maxKey || name == mergeKey || strings.Contains(name, "\n") {
			return nil, false
		}
		if m[name], ok = direct(n.Content[i+1], flow); !ok {
			return nil, false
		}
	}
	return m, true
}

// mergeKey is the key with which a map has the entries of others.
const mergeKey = "<<"

// maxKey is the length of a key that the YAML library writes without a question mark.
const maxKey = 100

func directList(n *yaml.Node, flow bool) (value any, ok bool) {
	if n.Tag != "" && n.Tag != yaml.NodeTagSeq {
		return nil, false
	}
	list := make([]any, len(n.Content))
	for i, entry := range n.Content {
		if list[i], ok = direct(entry, flow); !ok {
			return nil, false
		}
	}
	return list, true
}

func directScalar(n *yaml.Node) (value any, ok bool) {
	plain := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	switch tag := n.ShortTag(); {
	case tag == yaml.NodeTagString:
		return n.Value, isDirectText(n)
	case !plain:
		return nil, false
	case tag == yaml.NodeTagInt:
		number, err := strconv.ParseInt(n.Value, 10, 64)
		return number, err == nil && strconv.FormatInt(number, 10) == n.Value
	case tag == yaml.NodeTagBool:
		return n.Value == "true", n.Value == "true" || n.Value == "false"
	case tag == yaml.NodeTagNull:
		return nil, n.Value == "null"
	}
	return nil, false
}

// isDirectText reports whether a text is the same after it was written: it has only printable
// characters of ASCII, and no lines that begin or end with what a block scalar may change.
func isDirectText(n *yaml.Node) bool {
	text := n.Value
	for i := range len(text) {
		if c := text[i]; (c < ' ' || c > '~') && c != '\n' {
			return false
		}
	}
	lines := strings.Contains(text, "\n")
	switch {
	case n.Style&yaml.FoldedStyle != 0, lines && n.Style&yaml.SingleQuotedStyle != 0:
		return false
	case !lines && n.Style&yaml.LiteralStyle == 0:
		return true
	}
	return text != "" && text[0] != ' ' && text[0] != '\n' && !strings.HasSuffix(text, "\n\n") && n.HeadComment+n.LineComment+n.FootComment == ""
}
