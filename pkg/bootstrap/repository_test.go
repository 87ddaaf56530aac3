package bootstrap

import (
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
)

func TestParseRepository(t *testing.T) {
	for _, c := range []struct {
		text string
		want Repository
	}{
		{"https://github.com/digihunch/korthweb", Repository{"https://github.com/digihunch/korthweb", "https", "", "github.com", "", "digihunch/korthweb"}},
		{"https://GitHub.com:443/digihunch/korthweb.git/", Repository{"https://github.com/digihunch/korthweb.git", "https", "", "github.com", "", "digihunch/korthweb"}},
		{"ssh://git@github.com/digihunch/korthweb", Repository{"ssh://git@github.com/digihunch/korthweb", "ssh", "git", "github.com", "", "digihunch/korthweb"}},
		{"ssh://github.com:22/o/r", Repository{"ssh://git@github.com/o/r", "ssh", "git", "github.com", "", "o/r"}},
		{"git@github.com:digihunch/korthweb.git", Repository{"ssh://git@github.com/digihunch/korthweb.git", "ssh", "git", "github.com", "", "digihunch/korthweb"}},
		{"git@host:o/r", Repository{"ssh://git@host/o/r", "ssh", "git", "host", "", "o/r"}},
		{"git.example.com:/srv/r.git", Repository{"ssh://git@git.example.com/srv/r.git", "ssh", "git", "git.example.com", "", "srv/r"}},
		{"ssh://git@bitbucket.example.com:7999/PACS/korthweb.git", Repository{"ssh://git@bitbucket.example.com:7999/PACS/korthweb.git", "ssh", "git", "bitbucket.example.com", "7999", "PACS/korthweb"}},
		{"ssh://APKAEXAMPLE@git-codecommit.eu-west-1.amazonaws.com/v1/repos/r", Repository{"ssh://APKAEXAMPLE@git-codecommit.eu-west-1.amazonaws.com/v1/repos/r", "ssh", "APKAEXAMPLE", "git-codecommit.eu-west-1.amazonaws.com", "", "v1/repos/r"}},
		{"https://dev.azure.com/org/my%20project/_git/r", Repository{"https://dev.azure.com/org/my%20project/_git/r", "https", "", "dev.azure.com", "", "org/my project/_git/r"}},
		{"https://[2001:db8::1]:8443/o/r", Repository{"https://[2001:db8::1]:8443/o/r", "https", "", "2001:db8::1", "8443", "o/r"}},
	} {
		if got, err := ParseRepository(c.text); err != nil || got != c.want {
			t.Errorf("%q is\n%+v (%v), want\n%+v", c.text, got, err, c.want)
		}
	}
}

func TestParseRepositoryRejects(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "the URL is empty"},
		{"korthweb", "is not that of a Git repository"},
		{`C:\repositories\korthweb`, "is not that of a Git repository"},
		{"https:/github.com/o/r", "is not that of a Git repository"},
		{"/srv/git/korthweb", "is not that of a Git repository"},
		{"http://github.com/o/r", "without encryption"},
		{"file:///srv/git/r", "not https or ssh"},
		{"git://github.com/o/r", "not https or ssh"},
		{"https://ghp_S3cret@github.com/o/r", "user name, password or token"},
		{"https://user:S3cret@github.com/o/r", "user name, password or token"},
		{"ssh://git:S3cret@github.com/o/r", "user name, password or token"},
		{"john.doe:S3cret@github.com/o/r", "user name, password or token"},
		{"https://user:S3cret/x@github.com/o/r", "malformed"},
		{"https://user:123/S3cret@github.com/o/r", "user name, password or token"},
		{"https://github.com/o/r?access_token=S3cret", "a query or a fragment"},
		{"https://github.com/o/r#S3cret", "a query or a fragment"},
		{"https://github.com/o/r\n", "not printed"},
		{"https://github.com/o/r\u202e", "not printed"},
		{"https://github.com/o/\x1b[31mr", "not printed"},
		{"https://github.com/o/%1b[31mr", "not printed"},
		{"https://github.com/o/r\xff", "not printed"},
		{" https://github.com/o/r", "begins or ends with a space"},
		{"https://github.com/", "no repository"},
		{"https://github.com/o/../r", "not that of a repository"},
		{"https://github.com/o/%2e%2e/r", "not that of a repository"},
		{"https://github.com/o/--upload-pack=x", "not that of a repository"},
		{"ssh://-oProxyCommand=x/o/r", "neither a host name nor an address"},
		{"ssh://-l@github.com/o/r", "not a user name"},
		{"https://github.com:0/o/r", "not a port"},
		{"https://github.com:99999/o/r", "not a port"},
		{"https://git_hub.com/o/r", "neither a host name nor an address"},
		{"https://github.com/" + strings.Repeat("x", 3000), "more than 2048"},
	} {
		got, err := ParseRepository(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q is %+v, %v, want the error %q", c.text, got, err, c.want)
			continue
		}
		if text, _ := advice.Of(err); strings.Contains(err.Error()+text, "S3cret") {
			t.Errorf("%q: the error has the secret: %v %s", c.text, err, text)
		}
	}
}

// FuzzParseRepository checks that an accepted URL is printable, has no password, and is parsed
// as the same repository again, and that each flag of the command for it has a valid value.
func FuzzParseRepository(f *testing.F) {
	for _, text := range []string{"https://github.com/o/r", "git@h:o/r", "ssh://u@[::1]:22/a/b.git", "https://u:p@h/x", "https://h/scm/~u/r", "https://h/%2e%2e/x", "a.b:c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRepository(text)
		if err != nil {
			return
		}
		if err := checkText("the URL", r.URL, 3*maxURL+100); err != nil {
			t.Fatalf("%q became %q: %v", text, r.URL, err)
		}
		again, err := ParseRepository(r.URL)
		if len(r.URL) <= maxURL && (err != nil || again != r) {
			t.Fatalf("%q became %+v, and its URL is parsed as %+v (%v)", text, r, again, err)
		}
		o := Defaults()
		o.Repository = r
		if err := o.checkProvider(); err != nil {
			t.Fatalf("%q: the recognized provider is invalid: %v", text, err)
		}
		for _, flag := range BootstrapCommand(o).Flags {
			if flag.Value == "" && flag.Name != "token-auth" && flag.Name != "personal" || strings.HasPrefix(flag.Value, "-") {
				t.Fatalf("%q: the command has the flag %q", text, flag)
			}
		}
	})
}
