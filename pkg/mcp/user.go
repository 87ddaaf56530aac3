package mcp

import (
	"context"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// user is the person at the client, as far as a call shows.
type user struct {
	// present is set if the client can ask its user.
	present bool
	// answered is set if the user was asked, and agreed if the answer is yes.
	answered, agreed bool
}

// question names the question in a call.
const question = "plan"

type userKey struct{}

// withUser adds the user of a call to its context.
func withUser(ctx context.Context, r *mcp.CallToolRequest) context.Context {
	var u user
	if p := r.Session.InitializeParams(); p != nil && p.Capabilities != nil && p.Capabilities.Elicitation != nil {
		can := p.Capabilities.Elicitation
		u.present = can.Form != nil || can.URL == nil // neither means a form (revision 2025-06-18)
	}
	if response, ok := r.Params.InputResponses[question].(*mcp.ElicitResult); ok {
		u.answered, u.agreed = true, response.Action == "accept"
	}
	return context.WithValue(ctx, userKey{}, u)
}

func userOf(ctx context.Context) user {
	u, _ := ctx.Value(userKey{}).(user)
	return u
}

// ask makes the client ask its user, and call the tool again with the answer.
func ask(text string) *mcp.CallToolResult {
	return &mcp.CallToolResult{InputRequests: mcp.InputRequestMap{question: &mcp.ElicitParams{
		Mode: "form", Message: text,
		RequestedSchema: &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{}},
	}}}
}
