package object

import (
	"cmp"
	"time"
)

// Occurrences are when an event happened for the first and the last time, and how often.
type Occurrences struct {
	First, Last time.Time
	Count       int64
}

// OccurrencesOf are those of an Event. The two event APIs, and controllers that use one of them
// through the other, set different fields: core/v1 has firstTimestamp, lastTimestamp and count,
// events.k8s.io/v1 eventTime and series, and the former with other names.
func OccurrencesOf(event map[string]any) Occurrences {
	o := Occurrences{
		First: FirstTime(event, []string{"firstTimestamp"}, []string{"deprecatedFirstTimestamp"}, []string{"eventTime"}),
		Last: FirstTime(event, []string{"series", "lastObservedTime"}, []string{"lastTimestamp"}, []string{"deprecatedLastTimestamp"},
			[]string{"eventTime"}, []string{"firstTimestamp"}, []string{"deprecatedFirstTimestamp"}),
		Count: max(Int(event, "count"), Int(event, "deprecatedCount"), Int(event, "series", "count"), 1),
	}
	if o.First.After(o.Last) { // the times of a series come from several components
		o.First = o.Last
	}
	return o
}

// Regarding is the object that an Event is about, of either event API.
func Regarding(event map[string]any) Ref {
	about := Map(event, "involvedObject")
	if about == nil {
		about = Map(event, "regarding")
	}
	return Ref{
		APIVersion: Text(about, "apiVersion"), Kind: Text(about, "kind"),
		Namespace: Text(about, "namespace"), Name: Text(about, "name"),
	}
}

// ReporterOf is the component that reported an Event, of either event API.
func ReporterOf(event map[string]any) string {
	return cmp.Or(Text(event, "source", "component"), Text(event, "reportingComponent"),
		Text(event, "reportingController"), Text(event, "deprecatedSource", "component"))
}
