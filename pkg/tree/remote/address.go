package remote

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// An address is where a reference is downloaded from. It is composed of parts that were checked,
// so that Git, HTTP and the check of the host read it in the same way.
type address struct {
	// host is the name or IP address, in lower case and without the port.
	host string
	url  string
}

// addressOf checks a URL. Passwords are not accepted: a reference is in Git, in plain text.
func addressOf(text string, schemes ...string) (address, error) {
	u, err := url.Parse(text)
	if err != nil {
		return address{}, errors.New("it is not a valid URL")
	}
	for _, scheme := range schemes {
		if u.Scheme+"://" == scheme && u.Opaque == "" {
			return addressOfURL(u)
		}
	}
	return address{}, fmt.Errorf("the protocol %q is not supported", u.Scheme)
}

func addressOfURL(u *url.URL) (address, error) {
	host := strings.ToLower(u.Hostname())
	if !validHost(host) {
		return address{}, fmt.Errorf("the host %q is not valid", u.Hostname())
	}
	clean := &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host), Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}
	if u.User != nil {
		if _, set := u.User.Password(); set {
			return address{}, errors.New("it has a password in it, which is not sent")
		}
		if !userName.MatchString(u.User.Username()) {
			return address{}, errors.New("its user is not valid")
		}
		if u.Scheme+"://" == sshScheme { // a user without a password has no effect on HTTP
			clean.User = url.User(u.User.Username())
		}
	}
	return address{host: host, url: clean.String()}, nil
}

var (
	userName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
	// copyStyle matches the form of scp. The path can't be an option, and the colon can't be the
	// one of a helper program, as in ext::COMMAND.
	copyStyle = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9_.-]*)@([A-Za-z0-9_.-]+):([^:\-\s[:cntrl:]][^\s[:cntrl:]]*)$`)
)

// address is where the repository is.
func (r *Repository) address() (address, error) {
	text := r.URL()
	if strings.Contains(r.Host, "://") {
		return addressOf(text, httpsScheme, httpScheme, sshScheme)
	}
	found := copyStyle.FindStringSubmatch(text)
	if found == nil {
		return address{}, errors.New("it is not a valid URL of a repository")
	}
	host := strings.ToLower(found[2])
	if !validHost(host) {
		return address{}, fmt.Errorf("the host %q is not valid", found[2])
	}
	return address{host: host, url: found[1] + "@" + host + ":" + found[3]}, nil
}

// refName matches branches, tags and commits. Others are options, patterns or refspecs.
var refName = regexp.MustCompile(`^[A-Za-z0-9_.][A-Za-z0-9_./+@=,#%-]*$`)

// checkRef rejects a ref that Git would read as something else.
func checkRef(ref string) error {
	if ref != "" && (!refName.MatchString(ref) || strings.Contains(ref, "..") || strings.Contains(ref, "@{")) {
		return fmt.Errorf("%q is not the name of a branch, tag or commit", ref)
	}
	return nil
}

// Host is the host that a reference is downloaded from, "" if it is not valid.
func (r *Reference) Host() string {
	var at address
	var err error
	if r.Repository != nil {
		at, err = r.Repository.address()
	} else {
		at, err = addressOf(r.File, httpsScheme, httpScheme)
	}
	if err != nil {
		return ""
	}
	return at.host
}
