package mask

import (
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
)

// maskFlags removes the values of "--password x" and of the same as a list of arguments,
// "--password","x". The form with "=" is a pair. Programs in Java have "-storepass x".
func maskFlags(text string) string {
	var cuts []cut
	for at := 0; ; {
		i := strings.IndexByte(text[at:], '-')
		if i < 0 {
			return replace(text, cuts)
		}
		start := at + i
		at = start + 1
		if start > 0 && isKeyByte(text[start-1]) {
			for at < len(text) && isKeyByte(text[at]) {
				at++
			}
			continue
		}
		name := start + 1
		if name < len(text) && text[name] == '-' {
			name++
		}
		end := name
		for end < len(text) && isKeyByte(text[end]) {
			end++
		}
		at = max(end, at)
		if end-name < 3 || !sensitive.Key(text[name:end]) {
			continue
		}
		from := end
		for from < len(text) && strings.IndexByte(" \t\"',\\", text[from]) >= 0 {
			from++
		}
		rest := text[from:]
		if from == end || rest == "" || rest[0] == '-' || isProse(rest, true) {
			continue
		}
		to := from + wordEnd(rest)
		if to > from && text[from:to] != Redacted {
			cuts = append(cuts, cut{from, to})
		}
		at = max(to, at)
	}
}

// program describes how a program accepts a password on its command line.
type program struct {
	// glued are flags that the password follows without a space, separate those that it
	// follows as the next word.
	glued, separate []string
	// after is a word that the flags need: docker's "login".
	after string
	// cluster is the letter of a flag that may be combined with others, "-sSu", and that a
	// user and a password follow.
	cluster byte
	// place is the position of the password among the words that are not flags, 0 if it is
	// none of them; with is a flag that is required then.
	place int
	with  string
}

var (
	mysql    = &program{glued: []string{"-p"}}
	postgres = &program{separate: []string{"-p"}, glued: []string{"-p"}}
	login    = &program{separate: []string{"-p"}, after: "login"}
	ldap     = &program{separate: []string{"-w", "-s"}, glued: []string{"-w"}}
	capitalP = &program{separate: []string{"-P"}, glued: []string{"-P"}}
	mongo    = &program{separate: []string{"-p"}}
	snmp     = &program{separate: []string{"-A", "-X", "-c"}}
)

// programs are those whose flags do not show by their names that a password follows.
var programs = map[string]*program{
	"mysql": mysql, "mysqldump": mysql, "mysqladmin": mysql, "mysqlimport": mysql, "mysqlcheck": mysql, "mysqlshow": mysql, "mysqlsh": mysql, "mysqlbinlog": mysql,
	"mariadb": mysql, "mariadb-dump": mysql, "mariadb-admin": mysql, "mariabackup": mysql, "xtrabackup": mysql,
	"sshpass": postgres, "7z": {glued: []string{"-p"}}, "7za": {glued: []string{"-p"}}, "rar": {glued: []string{"-p", "-hp"}}, "unrar": {glued: []string{"-p"}},
	"docker": login, "podman": login, "nerdctl": login, "helm": login, "oras": login, "crane": login, "skopeo": login, "buildah": login, "az": login, "oc": login, "flux": login, "argocd": login, "regctl": login,
	"ldapsearch": ldap, "ldapadd": ldap, "ldapmodify": ldap, "ldapdelete": ldap, "ldappasswd": ldap, "ldapwhoami": ldap, "ldapcompare": ldap,
	"mongo": mongo, "mongosh": mongo, "mongodump": mongo, "mongorestore": mongo, "mongoexport": mongo, "mongoimport": mongo, "cqlsh": mongo, "clickhouse-client": mongo, "influx": mongo, "rabbitmqadmin": mongo, "nmcli": mongo,
	"sqlcmd": capitalP, "bcp": capitalP, "zip": capitalP, "unzip": capitalP, "ipmitool": capitalP, "mosquitto_pub": capitalP, "mosquitto_sub": capitalP, "isql": capitalP, "tsql": capitalP,
	"redis-cli": {separate: []string{"-a", "--pass"}}, "valkey-cli": {separate: []string{"-a", "--pass"}}, "keydb-cli": {separate: []string{"-a"}},
	"snmpwalk": snmp, "snmpget": snmp, "lftp": {separate: []string{"-u"}},
	"openssl":  {separate: []string{"-k", "-K", "-passin", "-passout", "-pass"}, glued: []string{"pass:"}},
	"htpasswd": {place: 3, with: "-b"}, "mc": {place: 6, after: "alias"}, "mcli": {place: 6, after: "alias"},
	"vault": {place: 2, after: "login"}, "bao": {place: 2, after: "login"},
	"curl":    {cluster: 'u'},
	"kubectl": {glued: []string{"--from-literal="}}, "chpasswd": {},
}

// maskCommands removes the passwords of command lines, in the form of a shell or of a list
// of arguments.
func maskCommands(text string) string {
	if !strings.Contains(text, " -") && !strings.Contains(text, `"-`) && !strings.Contains(text, "'-") && !strings.Contains(text, "login ") && !strings.Contains(text, "alias set ") {
		return text
	}
	var cuts []cut
	var line commandLine
	for at := 0; at < len(text); {
		if isWordBound(text[at]) {
			if c := text[at]; c == '\n' || c == ';' || c == '|' {
				line = commandLine{}
			}
			at++
			continue
		}
		end := at
		for end < len(text) && !isWordBound(text[end]) {
			end++
		}
		if found := line.secret(text[at:end]); found > 0 || line.whole {
			if to := end; to > at+found && text[at+found:to] != Redacted {
				cuts = append(cuts, cut{at + found, to})
			}
		}
		at = end
		if strings.HasPrefix(text[at:], `"`) && line.open {
			// -p"x": the value is in quotes of its own.
			if to := strings.IndexByte(text[at+1:], '"'); to > 0 {
				if value := text[at+1 : at+1+to]; value != Redacted && !strings.ContainsAny(value, " ,") {
					cuts = append(cuts, cut{at + 1, at + 1 + to})
				}
				at += to + 1
			}
		}
	}
	return replace(text, cuts)
}

func isWordBound(c byte) bool { return c <= ' ' || strings.IndexByte("\"'`,;|[](){}\\", c) >= 0 }

// commandLine is what is known of the command line so far.
type commandLine struct {
	program *program
	words   int
	seen    bool // the word or flag that the password needs
	next    bool // the next word is the password
	whole   bool // this word is the password
	open    bool // the last word was a flag that a quote may follow
}

// secret is the position in the word at which the password begins. It sets whole if the word
// is the password.
func (l *commandLine) secret(word string) int {
	l.whole, l.open = false, false
	name := word[strings.LastIndexByte(word, '/')+1:]
	if p := programs[name]; p != nil && !l.next {
		*l = commandLine{program: p, seen: p.after == "" && p.with == ""}
		return 0
	}
	p := l.program
	if p == nil {
		return 0
	}
	if l.next {
		l.next = false
		l.whole = word[0] != '-' && !ordinary[strings.ToLower(word)] && (p.cluster == 0 || strings.Contains(word, ":"))
		return 0
	}
	if p.cluster != 0 && len(word) > 2 && word[0] == '-' && word[len(word)-1] == p.cluster && IsAlnum(word[1]) {
		l.next = true
		return 0
	}
	if word == p.after || word == p.with {
		l.seen = true
	}
	if word[0] != '-' {
		l.words++
		l.whole = p.place > 0 && l.words == p.place && l.seen && !strings.Contains(word, "=")
	}
	if !l.seen {
		return 0
	}
	for _, flag := range p.glued {
		if rest, ok := strings.CutPrefix(word, flag); ok {
			l.open = rest == "" && flag == "-p"
			if strings.HasSuffix(flag, "=") {
				return len(word) - len(rest) + strings.IndexByte(rest, '=') + 1
			}
			if rest != "" {
				return len(flag)
			}
		}
	}
	l.next = slices.Contains(p.separate, word)
	return 0
}
