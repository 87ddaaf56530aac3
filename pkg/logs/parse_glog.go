package logs

import (
	"regexp"
	"strings"
)

// glogLine matches the lines of glog: those of klog, with the process, and those of Orthanc,
// from 1.12 on with the thread (OrthancFramework/Sources/Logging.cpp, GetLinePrefix).
var glogLine = regexp.MustCompile(`^([TDIWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +(?:(.{1,40}?) +)??([^\s\]]+:\d+)\] ?(.*)$`)

// parseGlog reads a line of klog or of Orthanc.
func parseGlog(line string) (Entry, bool) {
	if len(line) < len("I0102 03:04:05.0 a:1] ") || line[5] != ' ' || letters[line[0]] == Unknown {
		return Entry{}, false
	}
	found := glogLine.FindStringSubmatch(line)
	if found == nil {
		return Entry{}, false
	}
	entry := Entry{Level: letters[line[0]], Message: found[4]}
	entry.field("thread", strings.TrimSpace(found[2]))
	entry.field("caller", found[3])
	if strings.HasPrefix(found[4], `"`) {
		entry.readStructured(found[4])
	}
	return entry, true
}

// readStructured reads klog's structured format: "message" key="value" key=value.
func (e *Entry) readStructured(text string) {
	message, rest, ok := quoted(text)
	if !ok {
		return
	}
	e.Message = message
	for rest = strings.TrimLeft(rest, " "); rest != ""; rest = strings.TrimLeft(rest, " ") {
		key, value, ok := strings.Cut(rest, "=")
		if !ok {
			return
		}
		key = strings.Trim(key, `"`)
		if strings.HasPrefix(value, `"`) {
			if value, rest, ok = quoted(value); !ok {
				return
			}
		} else {
			value, rest, _ = strings.Cut(value, " ")
		}
		e.field(key, value)
		if namespace, name, ok := strings.Cut(value, "/"); ok && objectKeys[strings.ToLower(key)] && !strings.ContainsAny(value, " ,:") {
			e.Names = append(e.Names, Name{Kind: strings.TrimSuffix(key, "key"), Namespace: namespace, Name: name})
		}
	}
	for _, prefix := range []string{"resource_", "related_resource_"} { // cert-manager, pkg/logs
		if name := e.get(prefix + "name"); name != "" {
			e.Names = append(e.Names, Name{e.get(prefix + "kind"), e.get(prefix + "namespace"), name})
		}
	}
}

// objectKeys are the keys whose value is namespace/name: klog.KObj and keys of work queues.
var objectKeys = map[string]bool{
	"key": true, "object": true, "resource": true, "pod": true, "secret": true, "issuer": true, "service": true,
	"certificate": true, "certificaterequest": true, "order": true, "challenge": true,
}

// quoted splits a text that begins with a quoted string after it.
func quoted(text string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return b.String(), text[i+1:], true
		case c == '\\' && i+1 < len(text):
			i++
			switch text[i] {
			case 'n', 't', 'r':
				b.WriteByte(' ')
			default:
				b.WriteByte(text[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}
