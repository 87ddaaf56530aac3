package tenant

import (
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// TestChanges checks which differences of a chain are changes.
func TestChanges(t *testing.T) {
	link := func(section Section, name string, status health.Status, reason health.Reason) Link {
		return Link{Section: section, Verdict: health.Verdict{Ref: object.Ref{Kind: "X", Name: name}, Status: status, Reason: reason, Message: "m" + string(reason)}}
	}
	// Kinds that could not be read have no names, and may be in a chain several times.
	base := []Link{link(Workloads, "", health.Unknown, "Forbidden"), link(Workloads, "", health.Unknown, "Forbidden"), link(OwnLayers, "a", health.Ready, ""), link(Workloads, "a", health.Ready, "")}
	status := func(links ...Link) []Status {
		return []Status{{Name: "t", Verdict: health.Verdict{Status: health.Ready}, Chain: links}}
	}
	for _, c := range []struct {
		about string
		after []Status
		want  string
	}{
		{"the same", status(base...), ""},
		{"another message", status(base[0], base[1], base[2], func() Link { l := base[3]; l.Message = "other"; return l }()), ""},
		{"another reason", status(base[0], base[1], link(OwnLayers, "a", health.Ready, "Other"), base[3]), "X a Ready>Ready"},
		{"one section", status(base[0], base[1], base[2], link(Workloads, "a", health.Failing, "Bad")), "X a Ready>Failing"},
		{"a new one, and one less", status(base[0], base[1], base[2], link(Workloads, "b", health.Failing, "Bad")), "X b >Failing, X a Ready>"},
		{"no tenant", nil, "gone"},
	} {
		var got []string
		for _, change := range Changes(status(base...), c.after) {
			if change.After == nil {
				got = append(got, "gone")
			}
			for _, l := range change.Links {
				text := l.Ref.String() + " "
				if l.Before != nil {
					text += string(l.Before.Status)
				}
				text += ">"
				if l.After != nil {
					text += string(l.After.Status)
				}
				got = append(got, text)
			}
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%s: %q, want %q", c.about, text, c.want)
		}
	}
}
