package apierror

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

var webhookWording = match.Wording(`failed calling webhook "|admission webhook "`)

// subjects are the API server's own ways of naming what it refused
// (k8s.io/apimachinery v0.36, pkg/api/errors/errors.go).
var subjects = []*match.Pattern{
	match.Wording(`(?P<what>[A-Za-z][-A-Za-z0-9.]*) "(?P<name>[^"\s]+)" (?:is forbidden|is invalid|already exists)`),
	match.Wording(`Operation cannot be fulfilled on (?P<what>[A-Za-z][-A-Za-z0-9.]*) "(?P<name>[^"\s]+)"`),
	// sigs.k8s.io/structured-merge-diff, through k8s.io/apimachinery v0.36,
	// pkg/util/managedfields.
	match.Wording(`failed to create typed patch object \((?P<namespaced>[^\s;]*); (?P<gv>[^\s,]+), Kind=(?P<kind>` + match.KindShape + `)\)`),
}

// subject adds what the message of the API server contains about the refused object.
// The message or URL of a webhook is about other objects.
func subject(text string, object *match.Object) {
	if at := webhookWording.FindStringIndex(text); at != nil {
		text = text[:at[0]]
	}
	for _, expression := range subjects {
		found := match.Groups(expression, text)
		if found == nil {
			continue
		}
		named, ok := match.Qualified(found["what"])
		named.Name = found["name"]
		if found["namespaced"] != "" {
			named, ok = match.Namespaced(strings.TrimPrefix(found["namespaced"], "/"))
			named.Kind = found["kind"]
			named.Group, named.Version = match.GroupVersion(strings.TrimPrefix(found["gv"], "/"))
		}
		if ok && match.IsName(named.Name) {
			complete(object, named)
			return
		}
	}
}

// complete fills in what object omits, unless the two are clearly different objects.
func complete(object *match.Object, named match.Object) {
	switch {
	case named.Resource == "namespaces":
		return
	case *object == (match.Object{}):
		*object = named
	case object.Name == named.Name && (object.Kind == "" || object.Kind == named.Kind):
		object.Kind = named.Kind
		if object.Group == "" {
			object.Group, object.Version = named.Group, named.Version
		}
		if object.Kind == "" {
			object.Resource = named.Resource
		}
	}
}
