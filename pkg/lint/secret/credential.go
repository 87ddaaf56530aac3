package secret

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/orthanc"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// credential is a password, token or key in an object.
type credential struct {
	// what names it: "the variable DB_PASSWORD of container orthanc".
	what string
	// user is whose password it is, empty if that is not known.
	user, value string
	at          tree.Position
	// certain: the place is one for a password, and not only a text that has the form of one.
	certain bool
	// own: a server accepts the password because of this setting.
	own bool
	// unused: it is in a comment.
	unused bool
	// server is another server for which it is the password, by a name for people; empty if
	// that is not known.
	server string
}

// credentials are those of an object, without the values of Secrets, and without references to
// values that are elsewhere.
func credentials(c *rule.Context, o *cluster.Object) []credential {
	var found []credential
	switch o.Ref().GroupKind() {
	case object.ConfigMapKind, object.SecretKind:
		found = inEntries(c, o)
	case object.HelmReleaseKind:
		found = inFields(o, "spec.values", "the value ")
	case object.KustomizationKind:
		found = inFields(o, "spec.postBuild.substitute", "the variable ")
	default:
		found = inVariables(o)
	}
	return slices.DeleteFunc(found, func(found credential) bool { return isPlaceholder(found.value) || fromValues(c, o, found.value) })
}

// inVariables are the environment variables of a workload.
func inVariables(o *cluster.Object) []credential {
	var found []credential
	for _, container := range rule.Containers(o) {
		for i, variable := range object.List(container.Fields, "env") {
			name, value := object.Text(variable, "name"), object.Text(variable, "value")
			what, field := fmt.Sprintf("the variable %s of container %s", name, object.Text(container.Fields, "name")), fmt.Sprintf("%s.env[%d].value", container.Path, i)
			for _, text := range inValue(name, written(o, field, value)) {
				text.at, _ = o.Locate(field)
				found = append(found, text.in(what))
			}
		}
	}
	return found
}

// inFields are those in the map at a path, such as the values of a release. What names a field.
func inFields(o *cluster.Object, root, what string) []credential {
	var found []credential
	fields, _ := object.Read(o.Unstructured.Object, root)
	rule.Walk(fields, root, func(path, key string, value any) bool {
		fields, isMap := value.(map[string]any)
		text, isText := value.(string)
		if name := object.Text(fields, "name"); isMap && name != "" && object.Text(fields, "value") != "" {
			key, text, isText = name, object.Text(fields, "value"), true
			path = rule.Field(path, "value")
		}
		if !isText {
			return true
		}
		for _, part := range inValue(key, written(o, path, text)) {
			part.at, _ = o.Locate(path)
			place := dotted(strings.TrimPrefix(path, root))
			if part.server = otherServer(place); part.server != "" {
				part.own = false
			}
			found = append(found, part.in(what+place))
		}
		return true
	})
	return found
}

// dotted is a path in brackets as people write it: "[auth][users][0]" is "auth.users[0]".
func dotted(path string) string {
	text := bracketed.ReplaceAllStringFunc(path, func(step string) string {
		key := strings.Trim(step, "[]")
		if _, err := strconv.Atoi(key); err == nil {
			return step
		}
		return "." + key
	})
	return strings.TrimPrefix(text, ".")
}

var bracketed = regexp.MustCompile(`\[[^\]]*\]`)

// inEntries are the passwords in the entries of a ConfigMap or Secret.
func inEntries(c *rule.Context, o *cluster.Object) []credential {
	var found []credential
	for _, e := range entries(c, o) {
		for _, text := range inValue(e.key, e.text) {
			text.at = e.locate(text.offset)
			found = append(found, text.in("the key "+e.key))
		}
	}
	return found
}

// inText is a credential in a text, and where it begins, in bytes.
type inText struct {
	credential
	offset int
}

// in is the credential with the name of the place that contains the text.
func (t inText) in(place string) credential {
	if t.what != "" {
		place = t.what + " in " + place
	}
	t.what = place
	return t.credential
}

// inValue finds credentials in the value of a key: the value itself, or in a text of several
// lines or a URL.
func inValue(key, text string) []inText {
	if isSecretKey(key, text) {
		return []inText{{credential: credential{value: text, certain: true, own: ownKeys.MatchEnd(key)}}}
	}
	var found []inText
	clean := string(orthanc.WithoutComments([]byte(text)))
	maps := registeredUsers.FindAllStringSubmatchIndex(clean, -1)
	if key == usersVariable {
		maps = append(maps, onlyMap.FindAllStringSubmatchIndex(clean, -1)...)
	}
	for _, users := range maps {
		for _, pair := range jsonPair.FindAllStringSubmatchIndex(clean[users[2]:users[3]], -1) {
			user := clean[users[2]+pair[2] : users[2]+pair[3]]
			found = append(found, inText{credential{
				what: "the password of user " + user, user: user,
				value: clean[users[2]+pair[4] : users[2]+pair[5]], certain: true, own: true,
			}, users[2] + pair[4] - 1})
		}
	}
	for _, at := range assignment.FindAllStringSubmatchIndex(text, -1) {
		if isProgram(key) && !strings.ContainsAny(text[at[4]-1:at[4]], `"'`) {
			continue // the name of a variable
		}
		found = append(found, inText{credential{what: "the setting " + text[at[2]:at[3]], value: text[at[4]:at[5]]}, at[4]})
	}
	for _, at := range userInfo.FindAllStringSubmatchIndex(text, -1) {
		found = append(found, inText{credential{
			what: "the password of user " + text[at[2]:at[3]], user: text[at[2]:at[3]], value: text[at[4]:at[5]], unused: inComment(text, at[0]),
		}, at[4]})
	}
	return found
}

// programLanguages are the extensions of files in programming languages.
var programLanguages = []string{".c", ".go", ".java", ".js", ".lua", ".php", ".pl", ".py", ".rb", ".rs", ".ts"}

func isProgram(key string) bool {
	return slices.Contains(programLanguages, strings.ToLower(path.Ext(key)))
}

// inComment reports whether a place of a text is in a comment, as configuration files and programs
// have them.
func inComment(text string, offset int) bool {
	line := text[strings.LastIndexByte(text[:offset], '\n')+1 : offset]
	return strings.Contains(" "+line, " #") || commentLine.MatchString(line)
}

var commentLine = regexp.MustCompile(`^\s*(?:#|//|;|--\s|\*\s|/\*)`)

// usersVariable is the variable from which Orthanc's images set RegisteredUsers: the option in capital
// letters, with an underscore between its words (orthanc.uclouvain.be/book/users/docker-orthancteam.html).
const usersVariable = "ORTHANC__REGISTERED_USERS"

var (
	// registeredUsers is the map of users and passwords in Orthanc's configuration
	// (OrthancServer/Resources/Configuration.json).
	registeredUsers = regexp.MustCompile(`"RegisteredUsers"\s*:\s*\{([^{}]*)\}`)
	onlyMap         = regexp.MustCompile(`^\s*\{([^{}]*)\}\s*$`)
	jsonPair        = regexp.MustCompile(`"([^"\\]*)"\s*:\s*"([^"\\]*)"`)
	// assignment is a line such as "password = …" of a configuration file, without comments.
	assignment = regexp.MustCompile(`(?mi)^[ \t]*["']?([a-z0-9_.-]*(?:password|passwd))["']?[ \t]*[:=][ \t]*["']?([^\s"',;]+)`)
	userInfo   = regexp.MustCompile(`[a-z][a-z0-9+]*://([^/\s:@"']*):([^/\s@"']+)@`)
)

var (
	// passwordKeys are ends of keys whose value is a password, whatever it is.
	passwordKeys = sensitive.NewWords("password", "passwd", "passphrase", "passcode")
	// ownKeys are ends of keys whose password a server accepts because of the setting.
	ownKeys = sensitive.NewWords("adminpassword", "rootpassword", "postgrespassword")
	// tokenKeys are ends of keys whose value is a secret if it looks random; others are names
	// of objects and files.
	tokenKeys = sensitive.NewWords("token", "apikey", "secretkey", "clientsecret", "privatekey", "secretaccesskey", "encryptionkey", "signingkey")
)

// minToken is the length of a value that looks random.
const minToken = 16

// isSecretKey reports whether the value of a key is a password or token.
func isSecretKey(key, value string) bool {
	if strings.Contains(value, "\n") {
		return false
	}
	return passwordKeys.MatchEnd(key) || tokenKeys.MatchEnd(key) && isRandom(value)
}

// isRandom reports whether a value looks like a token: it is long, in one word, and has letters
// and digits.
func isRandom(value string) bool {
	return len(value) >= minToken && !strings.ContainsAny(value, " \t/") &&
		strings.ContainsAny(value, "0123456789") && strings.ContainsAny(strings.ToLower(value), "abcdefghijklmnopqrstuvwxyz")
}

// placeholder is a value that refers to one which is elsewhere, or is to be replaced: a
// variable, a template, a reference to a vault or to a Secret (of Kiali: secret:NAME:KEY), an
// encrypted value.
var placeholder = regexp.MustCompile(`(?i)^$|^secret:[^:\s]+:[^:\s]+$|\$[({]|^\$[a-z_]\w*$|\{\{|^<.*>$|^(?:op|ref\+[a-z0-9]+|vault|awssm|gcpsm)://|^vault:|ENC\[AES256_GCM,|^(?:null|true|false|none)$|replace|your[-_ ]|placeholder|redacted`)

func isPlaceholder(value string) bool {
	value = strings.TrimSpace(value)
	return placeholder.MatchString(value) || len(value) > 2 && strings.Trim(value, value[:1]) == ""
}
