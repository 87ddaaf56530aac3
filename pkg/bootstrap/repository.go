package bootstrap

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
)

// maxURL is the maximum length of a repository's URL, in bytes: browsers and Git hosts accept
// no longer ones.
const maxURL = 2048

// Repository is a Git repository, as its URL names it.
type Repository struct {
	// URL is the form that spec.url of a GitRepository accepts.
	URL string
	// Scheme is ssh or https.
	Scheme string
	// User is the user of an SSH connection, usually "git". It is empty for https.
	User string
	// Host is the name or address of the server, in lower case, without a port. An IPv6 address
	// has no brackets.
	Host string
	// Port is empty for the default port of the scheme.
	Port string
	// Path has no leading or trailing slash, and no ".git" at its end.
	Path string
}

// scpForm is git's short form of an SSH URL: [user@]host:path (git-clone(1), GIT URLS). A host
// without a user must have a domain: others may be a drive of Windows, or a misspelled scheme.
var scpForm = regexp.MustCompile(`^(?:([^@/:]+)@([^@/:]+)|([^@/:]+\.[^@/:]+)):/?([^/].*)$`)

// ParseRepository parses the URL of a Git repository: https://…, ssh://… or git's short form
// user@host:path, which becomes ssh://. It rejects a URL with a password or token, because the
// URL is printed and committed; its errors contain no part of a URL that may be a secret.
func ParseRepository(text string) (Repository, error) {
	if err := checkText("the URL", text, maxURL); err != nil {
		return Repository{}, err
	}
	if !strings.Contains(text, "://") {
		short := scpForm.FindStringSubmatch(text)
		if short == nil {
			return Repository{}, advice.Add(errors.New("the URL is not that of a Git repository"),
				"Use https://HOST/OWNER/REPOSITORY or ssh://git@HOST/OWNER/REPOSITORY.")
		}
		text = "ssh://" + cmp.Or(short[1], "git") + "@" + short[2] + short[3] + "/" + short[4]
	}
	u, err := url.Parse(text)
	if err != nil {
		return Repository{}, errors.New("the URL is malformed") // net/url quotes the URL, which may contain a token
	}
	if err := checkParts(u); err != nil {
		return Repository{}, err
	}
	r := Repository{Scheme: u.Scheme, User: u.User.Username(), Host: strings.ToLower(u.Hostname()), Port: u.Port()}
	if r.Scheme == "ssh" {
		r.User = cmp.Or(r.User, "git")
	}
	if r.Port == map[string]string{"https": "443", "ssh": "22"}[r.Scheme] {
		r.Port = ""
	}
	r.Path = strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git")
	if err := r.checkAddress(); err != nil {
		return Repository{}, err
	}
	normal := url.URL{Scheme: r.Scheme, Host: r.address(), Path: "/" + strings.Trim(u.Path, "/")}
	if r.User != "" {
		normal.User = url.User(r.User)
	}
	r.URL = normal.String()
	return r, nil
}

// checkParts rejects a URL with parts that a repository does not have, or that are secrets.
func checkParts(u *url.URL) error {
	_, password := u.User.Password()
	switch {
	case password || u.Scheme != "ssh" && u.User != nil || strings.Contains(u.Path, "@"):
		return advice.Add(errors.New("the URL contains a user name, password or token, which would be printed and committed"),
			"Remove it from the URL. If it is a secret, revoke it: your shell may have recorded it.")
	case u.Scheme == "http":
		return advice.Add(errors.New("the URL has the scheme http: credentials would be sent without encryption"), "Use https:// or ssh://.")
	case u.Scheme != "https" && u.Scheme != "ssh":
		return advice.Add(errors.New("the scheme of the URL is not https or ssh, which Flux supports"), "Use https:// or ssh://.")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return advice.Add(errors.New("the URL has a query or a fragment, which a repository does not have"), "Remove what follows '?' or '#'.")
	}
	return nil
}

// userName is a user of an SSH connection.
var userName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

func (r Repository) checkAddress() error {
	if r.User != "" && !userName.MatchString(r.User) {
		return errors.New("the user in the URL is not a user name")
	}
	if _, err := netip.ParseAddr(r.Host); err != nil && len(validation.IsDNS1123Subdomain(r.Host)) > 0 {
		return fmt.Errorf("the host %q in the URL is neither a host name nor an address", r.Host)
	}
	if port, err := strconv.Atoi(r.Port); r.Port != "" && (err != nil || port < 1 || port > 65535) {
		return fmt.Errorf("the port %q in the URL is not a port", r.Port)
	}
	if r.Path == "" {
		return errors.New("the URL names a server, but no repository")
	}
	for _, segment := range strings.Split(r.Path, "/") {
		if segment == "" || segment == "." || segment == ".." || strings.HasPrefix(segment, "-") {
			return fmt.Errorf("the path %q in the URL is not that of a repository", r.Path)
		}
	}
	return checkText("the path in the URL", r.Path, maxURL)
}

// address is the host with its port, as in a URL.
func (r Repository) address() string {
	host := r.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if r.Port != "" {
		host += ":" + r.Port
	}
	return host
}

// checkText rejects what can't be shown as it is: control characters, line breaks, characters
// that change the order of others or have no width, and text that is not UTF-8.
func checkText(what, text string, most int) error {
	switch {
	case text == "":
		return fmt.Errorf("%s is empty", what)
	case len(text) > most:
		return fmt.Errorf("%s has %d bytes, more than %d", what, len(text), most)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("%s contains characters that are not printed", what)
	case strings.TrimSpace(text) != text:
		return fmt.Errorf("%s begins or ends with a space", what)
	}
	return nil
}
