package bootstrap

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
)

// Provider is a kind of Git hosting, named as the subcommands of `flux bootstrap`.
type Provider string

// The providers of `flux bootstrap` (flux2 v2.9.5, cmd/flux/bootstrap_*.go). Git is for every
// other server.
const (
	GitHub          Provider = "github"
	GitLab          Provider = "gitlab"
	Gitea           Provider = "gitea"
	BitbucketServer Provider = "bitbucket-server"
	Git             Provider = "git"
)

// hosting is what distinguishes one provider from others.
type hosting struct {
	// domain is the host that `flux bootstrap` connects to by default.
	domain string
	// ssh is another host of the same service, for SSH on port 443.
	ssh string
	// label is a part of the names that companies give their own servers.
	label string
	// variable is the environment variable that has the token.
	variable string
	// groups is whether an owner may be a path: GitLab has groups in groups.
	groups bool
}

var hostings = map[Provider]hosting{
	GitHub:          {domain: "github.com", ssh: "ssh.github.com", label: "github", variable: "GITHUB_TOKEN"},
	GitLab:          {domain: "gitlab.com", ssh: "altssh.gitlab.com", label: "gitlab", variable: "GITLAB_TOKEN", groups: true},
	Gitea:           {domain: "gitea.com", label: "gitea", variable: "GITEA_TOKEN"},
	BitbucketServer: {label: "bitbucket", variable: "BITBUCKET_TOKEN"},
	Git:             {variable: "GIT_PASSWORD"},
}

// Providers returns all providers, Git last.
func Providers() []string {
	return []string{string(GitHub), string(GitLab), string(Gitea), string(BitbucketServer), string(Git)}
}

// Command is the command that installs the generated manifests in the repository and the
// cluster. It contains no secret.
type Command struct {
	Provider Provider
	Flags    []Flag
	// Variable is the environment variable that must hold the credentials: a token, or a
	// password. It is empty if there are none: an SSH key is used.
	Variable string
	// Notes are sentences about what the URL does not tell.
	Notes []string
}

// Flag is a flag with its value, empty for a flag without one.
type Flag struct{ Name, Value string }

// String is the command, quoted for a POSIX shell.
func (c Command) String() string {
	words := "flux bootstrap " + string(c.Provider)
	for _, flag := range c.Flags {
		words += " --" + flag.Name
		if flag.Value != "" {
			words += "=" + escape.ShellWord(flag.Value)
		}
	}
	return words
}

// BootstrapCommand returns the command for the options, which must be valid.
func BootstrapCommand(o Options) Command {
	provider := o.provider()
	c := Command{Provider: provider}
	if provider == Git {
		c.addGit(o.Repository)
	} else {
		c.addHosted(o, provider)
	}
	defaults := Defaults()
	c.add("branch", o.Branch)
	if path := o.directory(); path != "" {
		c.add("path", path)
	}
	c.add("version", o.Flux)
	if !slices.Equal(o.Components, defaults.Components) {
		c.add("components", strings.Join(o.Components, ","))
	}
	if len(o.ComponentsExtra) > 0 {
		c.add("components-extra", strings.Join(o.ComponentsExtra, ","))
	}
	if !o.NetworkPolicy {
		c.add("network-policy", "false")
	}
	if o.Namespace != defaults.Namespace {
		c.add("namespace", o.Namespace)
	}
	if o.Secret != defaults.Secret {
		c.add("secret-name", o.Secret)
	}
	if o.Interval != defaults.Interval {
		c.add("interval", o.Interval.String())
	}
	return c
}

func (c *Command) add(name, value string) { c.Flags = append(c.Flags, Flag{name, value}) }

// addGit adds the flags of a server without an API that Flux knows.
func (c *Command) addGit(r Repository) {
	c.add("url", r.URL)
	if r.Scheme == "https" {
		c.add("token-auth", "")
		c.Variable = hostings[Git].variable
		c.Notes = append(c.Notes, "If the server requires a user name other than git, add --username.")
		return
	}
	c.Notes = append(c.Notes, "It uses the keys of your SSH agent. To use a key in a file, add --private-key-file.")
}

// addHosted adds the flags of a provider, which has owners and a default host.
func (c *Command) addHosted(o Options, provider Provider) {
	service, r := hostings[provider], o.Repository
	owner, name, _ := r.owner(provider)
	personal := o.Personal
	if provider == BitbucketServer && strings.HasPrefix(owner, "~") {
		owner, personal = strings.TrimPrefix(owner, "~"), true
	}
	c.Variable = service.variable
	c.add("owner", owner)
	c.add("repository", name)
	switch {
	case personal:
		c.add("personal", "")
	case !strings.Contains(owner, "/"): // a user is no path
		c.Notes = append(c.Notes, fmt.Sprintf("If %s is a user, not an organization, group or project, add --personal.", owner))
	}
	switch {
	case r.Host == service.domain && r.Port == "":
	case r.Host == service.ssh:
		c.add("ssh-hostname", r.address())
	case r.Scheme == "ssh" && r.Port != "":
		c.add("hostname", r.Host)
		c.add("ssh-hostname", r.address())
		c.Notes = append(c.Notes, "If the provider's API has another host or port than SSH, change --hostname.")
	default:
		c.add("hostname", r.address())
	}
	if r.Scheme == "https" {
		c.add("token-auth", "")
	}
	if provider == BitbucketServer && !personal {
		c.Notes = append(c.Notes, "Add --username with the user whose token it is.")
	}
}

// provider is the one that the user named, or that the repository's host suggests.
func (o Options) provider() Provider {
	if o.Provider != "" {
		return o.Provider
	}
	return o.Repository.provider()
}

// provider recognizes a provider by its domain or by a label of the host name. Bitbucket's own
// service is no Bitbucket Server.
func (r Repository) provider() Provider {
	labels := strings.Split(r.Host, ".")
	if len(labels) > 1 {
		labels = labels[:len(labels)-1] // a top-level domain says nothing about the server
	}
	for _, name := range Providers() {
		provider := Provider(name)
		service := hostings[provider]
		known := service.domain != "" && (r.Host == service.domain || r.Host == service.ssh)
		own := service.label != "" && slices.Contains(labels, service.label) && !publicDomain(r.Host)
		if _, _, owned := r.owner(provider); owned && (known || own) {
			return provider
		}
	}
	if _, _, scm := r.owner(BitbucketServer); scm && strings.HasPrefix(r.Path, "scm/") {
		return BitbucketServer
	}
	return Git
}

// publicDomain reports whether a host is a part of a service that is listed by its own domain, or
// that has no API that Flux knows.
func publicDomain(host string) bool {
	for _, domain := range []string{"github.com", "gitlab.com", "gitea.com", "bitbucket.org"} {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return true
		}
	}
	return false
}

// segment is a name of an owner or repository that providers allow.
var segment = regexp.MustCompile(`^[A-Za-z0-9_.][A-Za-z0-9_.-]*$`)

// owner returns the owner and the name of a repository, if the path has a form of the provider.
func (r Repository) owner(provider Provider) (owner, name string, ok bool) {
	path := r.Path
	if provider == BitbucketServer && r.Scheme == "https" {
		// HTTPS URLs have the prefix scm (Bitbucket Data Center, "Clone a repository").
		if path, ok = strings.CutPrefix(path, "scm/"); !ok {
			return "", "", false
		}
	}
	parts := strings.Split(path, "/")
	if len(parts) < 2 || len(parts) > 2 && !hostings[provider].groups {
		return "", "", false
	}
	for i, part := range parts {
		if provider == BitbucketServer && i == 0 {
			part = strings.TrimPrefix(part, "~")
		}
		if !segment.MatchString(part) {
			return "", "", false
		}
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], "/"), parts[last], true
}

// checkProvider rejects a provider that does not exist, or to which the repository can't belong.
func (o Options) checkProvider() error {
	provider := o.provider()
	if !slices.Contains(Providers(), string(provider)) {
		return advice.Add(fmt.Errorf("%q is not a Git provider of flux bootstrap", provider), "Use one of %s.", strings.Join(Providers(), ", "))
	}
	if provider == Git {
		if o.Personal {
			return advice.Add(errors.New("flux bootstrap git has no personal repositories"), "Remove --personal, or name another provider.")
		}
		return nil
	}
	if _, _, ok := o.Repository.owner(provider); !ok {
		return advice.Add(fmt.Errorf("the path %q in the URL does not name an owner and a repository of %s", o.Repository.Path, provider),
			"Use another URL, or the provider git.")
	}
	return nil
}
