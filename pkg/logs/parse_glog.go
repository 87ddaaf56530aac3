package logs

import "strings"

// parseGlog reads a line of glog: those of klog have the process before the file, those of Orthanc
// from 1.12 on the thread (OrthancFramework/Sources/Logging.cpp, GetLinePrefix).
func parseGlog(line string) (Entry, bool) {
	if len(line) < len("I0102 03:04:05.0 a:1] ") || letters[line[0]] == Unknown || line[5] != ' ' || line[8] != ':' || line[11] != ':' || line[14] != '.' || !digits(line[1:5]) {
		return Entry{}, false
	}
	head, message, ok := strings.Cut(line[15:], "]")
	words := strings.Fields(head)
	if !ok || len(words) < 2 || !digits(words[0]) {
		return Entry{}, false
	}
	caller := words[len(words)-1]
	if at := strings.LastIndexByte(caller, ':'); at < 1 || !digits(caller[at+1:]) {
		return Entry{}, false
	}
	entry := Entry{Level: letters[line[0]], Message: strings.TrimPrefix(message, " ")}
	entry.field("thread", strings.Join(words[1:len(words)-1], " "))
	entry.field("caller", caller)
	if strings.HasPrefix(entry.Message, `"`) {
		entry.readStructured(entry.Message)
	}
	return entry, true
}

// digits reports whether a text has digits only, and at least one.
func digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
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
		e.Names = append(e.Names, namedBy(key, value)...)
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

// namedBy is the object that such a key names.
func namedBy(key, value string) []Name {
	namespace, name, ok := strings.Cut(value, "/")
	if !ok || !objectKeys[strings.ToLower(key)] || strings.ContainsAny(value, " ,:{") {
		return nil
	}
	if key == "key" || key == "object" || key == "resource" {
		key = ""
	}
	return []Name{{Kind: key, Namespace: namespace, Name: name}}
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
