package logs

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The keys of JSON logs: zap (Flux, Istio), klog and Envoy's access log.
var (
	levelKeys   = []string{"level", "severity", "lvl"}
	messageKeys = []string{"msg", "message"}
	timeKeys    = []string{"ts", "time", "timestamp", "start_time"}
)

// parseJSON reads a line that is a JSON object.
func parseJSON(line string) (Entry, bool) {
	if !strings.HasPrefix(line, "{") {
		return Entry{}, false
	}
	var values map[string]json.RawMessage
	if json.Unmarshal([]byte(line), &values) != nil {
		return Entry{}, false
	}
	var entry Entry
	take := func(keys []string) string {
		for _, key := range keys {
			if value, ok := values[key]; ok {
				delete(values, key)
				return plainText(value)
			}
		}
		return ""
	}
	take(timeKeys)
	entry.Level = levelOf(take(levelKeys))
	entry.Message = take(messageKeys)
	for _, key := range slices.Sorted(maps.Keys(values)) {
		entry.field(key, plainText(values[key]))
	}
	entry.Names = namesIn(values)
	if entry.Level == Unknown {
		entry.Level = levelOfJSON(&entry)
	}
	entry.readAccess()
	if entry.Message == "" {
		entry.Message = entry.get("error")
	}
	return entry, true
}

// plainText is a JSON string, or the text of another value.
func plainText(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}

// levelOfJSON is the level of a line of klog, which has none: "err" is the error, and "v" the
// verbosity.
func levelOfJSON(entry *Entry) Level {
	switch v := entry.get("v"); {
	case entry.get("err") != "":
		return Error
	case v != "" && v >= "4" && len(v) == 1 || len(v) > 1:
		return Debug
	case v != "":
		return Info
	}
	return Unknown
}

// namesIn are the objects that the values name: those with a name and a namespace, whose key
// is the kind, and those of a controller of controller-runtime.
func namesIn(values map[string]json.RawMessage) []Name {
	var names []Name
	add := func(n Name) {
		if n.Name != "" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		var object struct{ Kind, Name, Namespace string }
		for _, n := range namedBy(key, plainText(values[key])) {
			add(n)
		}
		if strings.HasPrefix(string(values[key]), "{") && json.Unmarshal(values[key], &object) == nil {
			if object.Kind == "" {
				object.Kind = key
			}
			add(Name{object.Kind, object.Namespace, object.Name})
		}
	}
	kind := plainText(values["controllerKind"])
	if kind == "" {
		kind = plainText(values["controller"])
	}
	if kind != "" {
		add(Name{kind, plainText(values["namespace"]), plainText(values["name"])})
	}
	return names
}

// readAccess reads the fields of Envoy's access log as JSON.
func (e *Entry) readAccess() {
	code := e.get("response_code")
	if code == "" {
		return
	}
	e.Level = accessLevel(code, e.get("response_flags"))
	if e.Message == "" {
		e.Message = strings.TrimSpace(fmt.Sprintf("%s %s %s %s", e.get("method"), e.get("path"), e.get("protocol"), code))
	}
	for _, key := range []string{"authority", "requested_server_name"} {
		e.host(e.get(key))
	}
}
