package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// Limits of a definition that a caller adds. The largest that is embedded has 613 nodes and 771
// instructions.
const (
	maxNodes = 50_000
	maxDepth = 200
	// maxInstructions is the size of all compiled patterns of a definition.
	maxInstructions = 100_000
)

// node is the schema of one value.
type node struct {
	// typ is object, array, string, integer, number or boolean; empty if any is allowed.
	typ         string
	intOrString bool
	nullable    bool
	// goType says that the API server decodes the value into a Go type: null is as if the
	// field were absent, and so is an empty text among the allowed values.
	goType bool
	// open says that fields without a schema are kept.
	open       bool
	properties map[string]*node
	// values is the schema of the fields that are not in properties.
	values *node
	items  *node
	// byDefault is the value of an absent field, nil if there is none.
	byDefault any

	required             []string
	enum                 []any
	pattern              *regexp.Regexp
	format               string
	minimum, maximum     *float64
	openMin, openMax     bool // the limit itself is not allowed
	multipleOf           *float64
	minLength, maxLength *int64
	minItems, maxItems   *int64
	minFields, maxFields *int64
	// isSet: no two entries of a list are equal. keys are the fields in which its entries
	// differ.
	isSet bool
	keys  []string

	allOf, anyOf, oneOf []*node
	not                 *node
}

// compiler makes nodes of decoded schemas.
type compiler struct {
	goTypes bool
	// definition resolves a reference; nil if there are none.
	definition func(name string) (*node, error)
	// nodes and instructions are what is left of the limits.
	nodes, instructions int
}

// compile decodes a schema. A reference gives the node that it references, which may not be
// complete yet: schemas of schemas are recursive.
func (c *compiler) compile(p *apiextensions.JSONSchemaProps, depth int) (*node, error) {
	if p.Ref == nil {
		n := &node{}
		return n, c.fill(n, p, depth)
	}
	if c.definition == nil {
		return nil, errors.New("the schema has a $ref, which CustomResourceDefinitions may not have")
	}
	return c.definition(*p.Ref)
}

// fill compiles a schema into a node.
func (c *compiler) fill(n *node, p *apiextensions.JSONSchemaProps, depth int) error {
	if c.nodes--; c.nodes < 0 {
		return fmt.Errorf("the schema has more than %d fields", maxNodes)
	}
	if depth > maxDepth {
		return fmt.Errorf("the schema is nested more than %d levels deep", maxDepth)
	}
	*n = node{
		typ: p.Type, intOrString: p.XIntOrString, nullable: p.Nullable, goType: c.goTypes, required: p.Required, format: p.Format,
		minimum: p.Minimum, maximum: p.Maximum, openMin: p.ExclusiveMinimum, openMax: p.ExclusiveMaximum, multipleOf: p.MultipleOf,
		minLength: p.MinLength, maxLength: p.MaxLength, minItems: p.MinItems, maxItems: p.MaxItems, minFields: p.MinProperties, maxFields: p.MaxProperties,
		keys: p.XListMapKeys, isSet: p.XListType != nil && *p.XListType == "set",
		open: p.XPreserveUnknownFields != nil && *p.XPreserveUnknownFields,
	}
	if n.goType && n.typ == "object" && len(p.Properties) == 0 && p.AdditionalProperties == nil {
		n.open = true
	}
	if err := c.values(n, p); err != nil {
		return err
	}
	if err := c.children(n, p, depth); err != nil {
		return err
	}
	return c.alternatives(n, p, depth)
}

// values decodes the default, the allowed values and the pattern.
func (c *compiler) values(n *node, p *apiextensions.JSONSchemaProps) error {
	if p.Default != nil {
		if err := json.Unmarshal(p.Default.Raw, &n.byDefault); err != nil {
			return fmt.Errorf("read the default of the schema: %w", err)
		}
	}
	for _, e := range p.Enum {
		var value any
		if err := json.Unmarshal(e.Raw, &value); err != nil {
			return fmt.Errorf("read the enum of the schema: %w", err)
		}
		n.enum = append(n.enum, value)
	}
	if p.Pattern == "" {
		return nil
	}
	parsed, err := syntax.Parse(p.Pattern, syntax.Perl)
	if err != nil {
		return fmt.Errorf("read the pattern of the schema: %w", err)
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return fmt.Errorf("read the pattern of the schema: %w", err)
	}
	if c.instructions -= len(program.Inst); c.instructions < 0 {
		return errors.New("the patterns of the schema are too large")
	}
	n.pattern, err = regexp.Compile(p.Pattern)
	return err
}

// children compiles the schemas of fields and entries.
func (c *compiler) children(n *node, p *apiextensions.JSONSchemaProps, depth int) (err error) {
	if len(p.Properties) > 0 {
		n.properties = make(map[string]*node, len(p.Properties))
	}
	for name, below := range p.Properties {
		if n.properties[name], err = c.compile(&below, depth+1); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if p.Items != nil && p.Items.Schema != nil {
		if n.items, err = c.compile(p.Items.Schema, depth+1); err != nil {
			return fmt.Errorf("items: %w", err)
		}
	}
	if a := p.AdditionalProperties; a != nil && a.Schema != nil {
		if n.values, err = c.compile(a.Schema, depth+1); err != nil {
			return fmt.Errorf("additionalProperties: %w", err)
		}
	} else if a != nil && a.Allows {
		n.open = true
	}
	if p.XEmbeddedResource {
		addTypeAndMetadata(n)
	}
	return nil
}

// alternatives compiles the schemas that are combined.
func (c *compiler) alternatives(n *node, p *apiextensions.JSONSchemaProps, depth int) (err error) {
	if p.Not != nil {
		if n.not, err = c.compile(p.Not, depth+1); err != nil {
			return fmt.Errorf("not: %w", err)
		}
	}
	for _, list := range []struct {
		schemas []apiextensions.JSONSchemaProps
		nodes   *[]*node
	}{{p.AllOf, &n.allOf}, {p.AnyOf, &n.anyOf}, {p.OneOf, &n.oneOf}} {
		for i := range list.schemas {
			below, err := c.compile(&list.schemas[i], depth+1)
			if err != nil {
				return err
			}
			*list.nodes = append(*list.nodes, below)
		}
	}
	return nil
}

// rootOf is the schema of a custom resource: that of its definition, and that of all objects.
func rootOf(definition *node, statusSubresource bool) *node {
	root := *definition
	root.properties = maps.Clone(definition.properties)
	addTypeAndMetadata(&root)
	if statusSubresource {
		root.properties["status"] = &node{open: true, nullable: true}
		root.required = without(root.required, "status")
	}
	return &root
}

// addTypeAndMetadata adds the fields that all objects have. What a definition demands of
// metadata, such as a short name, also applies.
func addTypeAndMetadata(n *node) {
	if n.properties == nil {
		n.properties = map[string]*node{}
	}
	text := &node{typ: "string", goType: true}
	n.properties["apiVersion"], n.properties["kind"] = text, text
	metadata := *objectMeta()
	if own := n.properties["metadata"]; own != nil {
		metadata.allOf = []*node{own}
	}
	n.properties["metadata"] = &metadata
}

func without(names []string, name string) []string {
	var rest []string
	for _, n := range names {
		if n != name {
			rest = append(rest, n)
		}
	}
	return rest
}
