package logs

import (
	"regexp"
	"strings"
)

// tabbed matches the time of lines with tabs, as zap writes them on a console: Istio's
// programs, Envoy as Istio configures it, and Flux without --log-encoding=json.
var tabbed = regexp.MustCompile(`^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)$`)

// parseTabs reads such a line: time, level, scope if there is one, message, fields.
func parseTabs(line string) (Entry, bool) {
	parts := strings.Split(line, "\t")
	if len(parts) < 3 || !tabbed.MatchString(parts[0]) || levelOf(parts[1]) == Unknown {
		return Entry{}, false
	}
	entry := Entry{Level: levelOf(parts[1])}
	rest := parts[2:]
	if last := rest[len(rest)-1]; len(rest) > 1 && strings.HasPrefix(last, "{") {
		if fields, ok := parseJSON(last); ok {
			entry.Fields, entry.Names = fields.Fields, fields.Names
			rest = rest[:len(rest)-1]
		}
	}
	if len(rest) > 1 {
		entry.field("scope", rest[0])
		rest = rest[1:]
	}
	entry.Message = rest[0]
	for _, more := range rest[1:] {
		if key, value, ok := strings.Cut(more, "="); ok && !strings.Contains(key, " ") {
			entry.field(key, value)
		} else {
			entry.Message += " " + more
		}
	}
	return entry, true
}

// postgresLine matches a severity of PostgreSQL, repmgr, pgpool or Bitnami's scripts, after a
// time and other text that line prefixes have, such as "[1] user@db".
var postgresLine = regexp.MustCompile(`^(?:\[?\d{4}-\d\d-\d\d[ T].{0,100}?|[\w.-]+ +\d\d:\d\d:\d\d\.\d+ +)\[?\b(DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|WARN|ERROR|FATAL|PANIC|STATEMENT|DETAIL|HINT|CONTEXT|QUERY)(?:: +|\] | +==> )(.*)$`)

// sqlStatement matches messages of PostgreSQL that quote SQL or values of rows.
var sqlStatement = regexp.MustCompile(`^(?:statement|execute|parse|bind|duration|parameters)\b`)

// parsePostgres reads a line of PostgreSQL or of the programs around it.
func parsePostgres(line string) (Entry, bool) {
	found := postgresLine.FindStringSubmatch(line)
	if found == nil {
		return Entry{}, false
	}
	entry := Entry{Level: levelOf(found[1]), Message: found[2]}
	switch found[1] {
	case "STATEMENT", "DETAIL", "QUERY", "CONTEXT":
		entry.Statement, entry.follows = true, true
		entry.Message = found[1] + ": " + found[2]
	case "HINT":
		entry.follows = true
	default:
		entry.Statement = sqlStatement.MatchString(found[2])
	}
	return entry, true
}

// accessLine matches Envoy's access log with Istio's default format: time, request, response
// code, response flags, and more, of which the quoted values include the host.
var accessLine = regexp.MustCompile(`^\[\d{4}-[^\]]+\] "([^"]*)" (\d+) (\S+) (.*)$`)

// parseAccess reads a line of Envoy's access log.
func parseAccess(line string) (Entry, bool) {
	found := accessLine.FindStringSubmatch(line)
	if found == nil {
		return Entry{}, false
	}
	entry := Entry{Level: accessLevel(found[2], found[3]), Message: line[strings.Index(line, `"`):]}
	for i, text := range strings.Split(found[4], `"`) {
		if i%2 == 1 { // authority, or the address of an upstream host
			entry.host(text)
		}
	}
	if words := strings.Fields(found[4]); len(words) > 1 {
		entry.host(words[len(words)-2]) // the requested server name
	}
	return entry, true
}

// accessLevel is the level of a request: a failure of the server is an error.
func accessLevel(code, flags string) Level {
	switch {
	case len(code) == 3 && code >= "500":
		return Error
	case len(code) == 3 && code >= "400", code == "0" && flags != "-" && flags != "":
		return Warn
	}
	return Info
}

// host adds a host name of a request, without its port.
func (e *Entry) host(text string) {
	name, _, _ := strings.Cut(text, ":")
	if strings.Contains(name, ".") && strings.ContainsAny(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz") && !strings.ContainsAny(name, "/ ") {
		e.Hosts = append(e.Hosts, strings.ToLower(name))
	}
}
