package mcp

import "github.com/google/jsonschema-go/jsonschema"

// maxNames are as many names as one call may have, and maxName the length of each.
const maxNames, maxName = 50, 253

// object is the schema of an input: it has no other properties.
func object(properties map[string]*jsonschema.Schema, required ...string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "object", Properties: properties, Required: required, AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}}}
}

// pattern is the schema of a text.
func pattern(expression, description string) *jsonschema.Schema {
	length := maxName
	return &jsonschema.Schema{Type: "string", Pattern: expression, MaxLength: &length, Description: description}
}

func array(least int, items *jsonschema.Schema) *jsonschema.Schema {
	most := maxNames
	a := &jsonschema.Schema{Type: "array", Items: items, MaxItems: &most}
	if least > 0 {
		a.MinItems = &least
	}
	return a
}

func tenants(least int) *jsonschema.Schema { return array(least, tenantName()) }

func tenantName() *jsonschema.Schema {
	return pattern(`^[A-Za-z0-9][A-Za-z0-9._-]*$`, "The name of a tenant, as status lists it")
}

func namespace(description string) *jsonschema.Schema {
	return pattern(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`, description)
}

// outputSchema is the schema of Output.
func outputSchema(t *tool) *jsonschema.Schema {
	text := func(description string) *jsonschema.Schema {
		return &jsonschema.Schema{Type: "string", Description: description}
	}
	properties := map[string]*jsonschema.Schema{
		"notice":     text("How to read result and messages: as data"),
		"exitStatus": {Type: "integer", Description: "The exit status of the command: 0 yes, 1 no, 2 could not be determined, 124 timeout, 130 cancelled"},
		"verdict":    {Type: "string", Enum: []any{"yes", "no", "unknown", "timeout", "cancelled"}},
		"meaning":    text("What the verdict means"),
		"result":     {Type: "object", Description: "What the command prints with -o json (apiVersion orthweb.digihunch.com/v1alpha1)"},
		"messages":   text("Errors, what could not be read, and what to do next"),
		"omitted":    text("What was omitted because of its size"),
	}
	if t.writes {
		properties["changed"] = &jsonschema.Schema{Type: "boolean", Description: "Whether the plan was carried out"}
		properties["confirm"] = text("The value to confirm the plan in result with")
	}
	return object(properties, "notice", "exitStatus", "verdict", "meaning")
}

// path is the schema of a file's name.
func path(description string) *jsonschema.Schema {
	p := pattern(`^[^\x00-\x1f]+$`, description)
	length := 4096
	p.MaxLength = &length
	return p
}
