// Package logs reads the lines of containers: their level, message and fields, the objects
// that they name, and whether they concern a tenant. It masks identifiers of patients and
// studies. It knows the formats of Orthanc, PostgreSQL with repmgr and pgpool, Envoy, Flux,
// cert-manager and Istio.
package logs

import (
	"strings"
)

// Entry is what a line contains, as far as its format is known.
type Entry struct {
	Level Level
	// Message is the text without time and level. If the format is not known, it is the
	// whole line.
	Message string
	// Fields are the other values, in the order of the line, or of their keys.
	Fields []Field
	// Names are the objects of the cluster that fields name.
	Names []Name
	// Hosts are the host names that a client of a gateway has requested.
	Hosts []string
	// Statement is set for lines of PostgreSQL that quote SQL or values.
	Statement bool
	// known is set if the format is known, and follows if the line belongs to the one before it.
	known, follows bool
}

// Field is a value of a line.
type Field struct{ Key, Value string }

// Name is the name of an object of the cluster in a line. Kind is empty if the line does not
// have it.
type Name struct{ Kind, Namespace, Name string }

// Parse reads a line.
func Parse(line string) Entry {
	line = strings.TrimRight(line, "\r\n")
	for _, parse := range []func(string) (Entry, bool){parseJSON, parseGlog, parseTabs, parseAccess, parsePostgres} {
		if entry, ok := parse(line); ok {
			entry.known = true
			return entry
		}
	}
	return Entry{Message: line}
}

// Reader reads the lines of one container, in their order.
type Reader struct {
	last      Level
	statement bool
}

// Next reads the next line. A line without a level, such as the rest of a message of several
// lines, has the level of the line before it.
func (r *Reader) Next(line string) Entry {
	entry := Parse(line)
	switch {
	case entry.follows:
		entry.Level, r.statement = r.last, entry.Statement
	case entry.known:
		r.last, r.statement = entry.Level, entry.Statement
	default:
		entry.Level, entry.Statement = r.last, r.statement
	}
	return entry
}

// Object is the object that the line is about, empty if it names none.
func (e Entry) Object() string {
	if len(e.Names) == 0 {
		return ""
	}
	n := e.Names[0]
	text := n.Name
	if n.Namespace != "" {
		text = n.Namespace + "/" + text
	}
	return strings.TrimSpace(n.Kind + " " + text)
}

// field appends a value, unless it is empty.
func (e *Entry) field(key, value string) {
	if value != "" {
		e.Fields = append(e.Fields, Field{key, value})
	}
}

// get is the value of a field, empty if there is none.
func (e *Entry) get(key string) string {
	for _, f := range e.Fields {
		if f.Key == key {
			return f.Value
		}
	}
	return ""
}
