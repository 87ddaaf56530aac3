package bootstrap

import (
	"testing"
	"time"
)

func TestBootstrapCommand(t *testing.T) {
	with := func(change func(*Options)) func(*Options) { return change }
	none := with(func(*Options) {})
	for _, c := range []struct {
		url      string
		change   func(*Options)
		want     string
		variable string
	}{
		{"https://github.com/digihunch/korthweb", none, "github --owner=digihunch --repository=korthweb --token-auth", "GITHUB_TOKEN"},
		{"git@github.com:digihunch/korthweb.git", none, "github --owner=digihunch --repository=korthweb", "GITHUB_TOKEN"},
		{"ssh://git@ssh.github.com:443/digihunch/korthweb", none, "github --owner=digihunch --repository=korthweb --ssh-hostname=ssh.github.com:443", "GITHUB_TOKEN"},
		{"https://github.com/jane/korthweb", with(func(o *Options) { o.Personal = true }), "github --owner=jane --repository=korthweb --personal --token-auth", "GITHUB_TOKEN"},
		{"https://github.example.com/pacs/korthweb", none, "github --owner=pacs --repository=korthweb --hostname=github.example.com --token-auth", "GITHUB_TOKEN"},
		{"https://gist.github.com/jane/0123", none, "git --url=https://gist.github.com/jane/0123 --token-auth", "GIT_PASSWORD"},
		{"https://github.com/korthweb", none, "git --url=https://github.com/korthweb --token-auth", "GIT_PASSWORD"},
		{"https://gitlab.com/health/pacs/korthweb.git", none, "gitlab --owner=health/pacs --repository=korthweb --token-auth", "GITLAB_TOKEN"},
		{"ssh://git@gitlab.example.com:2222/pacs/korthweb.git", none, "gitlab --owner=pacs --repository=korthweb --hostname=gitlab.example.com --ssh-hostname=gitlab.example.com:2222", "GITLAB_TOKEN"},
		{"git@gitlab:pacs/korthweb", none, "gitlab --owner=pacs --repository=korthweb --hostname=gitlab", "GITLAB_TOKEN"},
		{"https://gitea.com/pacs/korthweb", none, "gitea --owner=pacs --repository=korthweb --token-auth", "GITEA_TOKEN"},
		{"https://gitea.example.com:3000/pacs/korthweb", none, "gitea --owner=pacs --repository=korthweb --hostname=gitea.example.com:3000 --token-auth", "GITEA_TOKEN"},
		{"https://code.example.com/pacs/korthweb", with(func(o *Options) { o.Provider = Gitea }), "gitea --owner=pacs --repository=korthweb --hostname=code.example.com --token-auth", "GITEA_TOKEN"},
		{"https://code.example.com/scm/PACS/korthweb.git", none, "bitbucket-server --owner=PACS --repository=korthweb --hostname=code.example.com --token-auth", "BITBUCKET_TOKEN"},
		{"https://bitbucket.example.com/scm/~jane/korthweb.git", none, "bitbucket-server --owner=jane --repository=korthweb --personal --hostname=bitbucket.example.com --token-auth", "BITBUCKET_TOKEN"},
		{"ssh://git@bitbucket.example.com:7999/PACS/korthweb.git", none, "bitbucket-server --owner=PACS --repository=korthweb --hostname=bitbucket.example.com --ssh-hostname=bitbucket.example.com:7999", "BITBUCKET_TOKEN"},
		{"git@bitbucket.org:pacs/korthweb.git", none, "git --url=ssh://git@bitbucket.org/pacs/korthweb.git", ""},
		{"https://git.example.com/pacs/korthweb", none, "git --url=https://git.example.com/pacs/korthweb --token-auth", "GIT_PASSWORD"},
		{"https://gitlab.com/pacs/korthweb", with(func(o *Options) { o.Provider = Git }), "git --url=https://gitlab.com/pacs/korthweb --token-auth", "GIT_PASSWORD"},
		{"https://dev.azure.com/org/my%20project/_git/r", none, "git --url=https://dev.azure.com/org/my%20project/_git/r --token-auth", "GIT_PASSWORD"},
		{"https://notgithub.com/o/r", none, "git --url=https://notgithub.com/o/r --token-auth", "GIT_PASSWORD"},
	} {
		o := Defaults()
		o.Repository = parse(t, c.url)
		c.change(&o)
		if err := o.Validate(); err != nil {
			t.Errorf("%s: %v", c.url, err)
		}
		command := BootstrapCommand(o)
		want := "flux bootstrap " + c.want + " --branch=main --version=v2.9.5"
		if got := command.String(); got != want || command.Variable != c.variable {
			t.Errorf("%s:\n%s (%s), want\n%s (%s)", c.url, got, command.Variable, want, c.variable)
		}
	}
}

func TestBootstrapCommandOptions(t *testing.T) {
	o := Defaults()
	o.Repository = parse(t, "https://github.com/digihunch/korthweb")
	o.Branch, o.Path, o.Flux, o.Namespace, o.Secret = "release/1", "./gitops/fluxcd/", "v2.7.5", "flux", "git"
	o.ComponentsExtra, o.NetworkPolicy, o.Interval = []string{"source-watcher"}, false, 5*time.Minute
	o.Components = []string{"source-controller", "kustomize-controller"}
	want := "flux bootstrap github --owner=digihunch --repository=korthweb --token-auth --branch=release/1 --path=gitops/fluxcd --version=v2.7.5 " +
		"--components=source-controller,kustomize-controller --components-extra=source-watcher --network-policy=false " +
		"--namespace=flux --secret-name=git --interval=5m0s"
	if got := BootstrapCommand(o).String(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func parse(t *testing.T, text string) Repository {
	t.Helper()
	r, err := ParseRepository(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}
