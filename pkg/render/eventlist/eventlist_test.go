package eventlist

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/pkg/events"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

// eventGroups are groups with long names, several lines, control characters and no times.
func eventGroups() []events.Group {
	group := func(kind, name, kindOf, reason, message string, last time.Duration, count int64) events.Group {
		at := samples.At.Add(-last)
		return events.Group{Event: events.Event{
			Object: &unstructured.Unstructured{Object: map[string]any{}}, About: object.Ref{Kind: kind, Namespace: "bhs-orthweb", Name: name},
			Type: kindOf, Reason: reason, Message: message, Source: "kubelet",
			Occurrences: object.Occurrences{First: at.Add(-30 * time.Minute), Last: at, Count: count},
		}}
	}
	long := group("PersistentVolumeClaim", "data-postgres-ha-postgresql-ha-postgresql-0", events.Warning, "ProvisioningFailed", strings.Repeat("no volume plugin matched ", 40), 12*time.Minute, 5)
	long.Others = 2
	hostile := group("Pod", "orthanc-55d9c5bfb-2v8l7", "Odd\x1b[31m", "\r\n::error::Back\u202eOff", "\x1b]0;title\x07 one\ntwo \u200b three", time.Minute, 1)
	untimed := group("Node", "lab-1", events.Normal, "", "", 0, 1)
	untimed.First, untimed.Last = time.Time{}, time.Time{}
	return []events.Group{untimed, long, hostile, group("Kustomization", "bhs-application", events.Normal, "ReconciliationSucceeded", "Reconciliation finished in 1s", 0, 2)}
}

// eventText prints the groups, the last one as one that happened later.
func eventText(t *testing.T, style term.Style) string {
	t.Helper()
	var text bytes.Buffer
	printer, groups := Printer{Style: style}, eventGroups()
	for _, part := range [][]events.Group{groups[:3], groups[3:]} {
		if err := printer.Print(&text, part, samples.At); err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

func TestEventGoldens(t *testing.T) {
	for name, style := range map[string]term.Style{
		"events-50": {Width: 50}, "events-80": {Width: 80, Colour: true}, "events-160": {Width: 160}, "events-none": {},
		"events-wide": {Wide: true}, "events-headless": {NoHeaders: true},
	} {
		samples.Golden(t, name, eventText(t, style))
	}
}

// TestEventsFit tries every width.
func TestEventsFit(t *testing.T) {
	for width := 50; width <= 250; width++ {
		for line := range strings.Lines(eventText(t, term.Style{Width: width})) {
			if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > width {
				t.Errorf("%d wide: %q", width, line)
			}
		}
	}
}

// TestEventMessageIsBounded checks that a huge message takes neither the screen nor the memory.
func TestEventMessageIsBounded(t *testing.T) {
	groups := eventGroups()[1:2]
	groups[0].Message = strings.Repeat("é", 4<<20)
	for _, style := range []term.Style{{}, {Wide: true}, {Width: 80}, {Width: 200}} {
		var text bytes.Buffer
		printer := Printer{Style: style}
		if err := printer.Print(&text, groups, samples.At); err != nil || text.Len() > 8<<10 {
			t.Errorf("%d bytes, %v", text.Len(), err)
		}
	}
}
