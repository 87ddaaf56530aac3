package remote

import (
	"path"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/kustomize/api/resource"
)

// references are references, and what kustomize reads in them: its own tests have most of these
// (internal/git/repospec_test.go in sigs.k8s.io/kustomize/api v0.21.1).
var references = []struct{ text, url, dir, ref string }{
	{"gitHub.com/org/repo", "https://github.com/org/repo", "", ""},
	{"github.com:org/repo/a", "https://github.com/org/repo", "a", ""},
	{"http://github.com/org/repo/a?ref=v1", "https://github.com/org/repo", "a", "v1"},
	{"hTTps://github.com/org/repo?ref=group/version", "https://github.com/org/repo", "", "group/version"},
	{"https://github.com/org/repo.git/a", "https://github.com/org/repo.git", "a", ""},
	{"https://github.com/org/repo//a/b/?ref=v1.0.6", "https://github.com/org/repo", "a/b/", "v1.0.6"},
	{"git@github.com:org/repo/a", "git@github.com:org/repo", "a", ""},
	{"git@github.com/org/repo/a", "git@github.com:org/repo", "a", ""},
	{"org-12345@github.com/org/repo", "org-12345@github.com:org/repo", "", ""},
	{"git::git@github.com:org/repo", "git@github.com:org/repo", "", ""},
	{"ssh://git@github.com/org/repo//a?ref=v1", "git@github.com:org/repo", "a", "v1"},
	{"ssh://git@ssh.github.com:443/org/repo.git", "ssh://git@ssh.github.com:443/org/repo.git", "", ""},
	{"git@gitlab.example.org:infra/kubernetes/base.git?ref=v0.1.0", "git@gitlab.example.org:infra/kubernetes/base.git", "", "v0.1.0"},
	{"git@bitbucket.org/company/project.git//path?ref=branch", "git@bitbucket.org/company/project.git", "path", "branch"},
	{"git@gitlab.com/user:name/repo.git/path", "git@gitlab.com/user:name/repo.git", "path", ""},
	{"https://gitlab.example.org/a/b/c//d?version=v1", "https://gitlab.example.org/a/b/c", "d", "v1"},
	{"https://example.org/a/b?version=v1&ref=v2", "https://example.org/a/b", "", "v2"},
	{"https://user@dev.azure.com/org/project/_git/repo/a/b?ref=main", "https://user@dev.azure.com/org/project/_git/repo", "a/b", "main"},
	{"https://authority/org/repo/?ref=includes_git/for_some_reason", "https://authority/org/repo", "", "includes_git/for_some_reason"},
	{"https://authority/org/repo/%-invalid", "https://authority/org/repo", "%-invalid", ""},
	{"file:///a/b/repo.git/c", "file:///a/b/repo.git", "c", ""},
	{"file://a/b", "file://a/b", "", ""},
}

func TestParse(t *testing.T) {
	for _, want := range references {
		got, err := Parse(want.text)
		if err != nil || got.Repository == nil {
			t.Errorf("%s: %v", want.text, err)
			continue
		}
		if r := got.Repository; r.URL() != want.url || r.Dir != want.dir || r.Ref != want.ref || !r.Submodules || r.Timeout != 27*time.Second {
			t.Errorf("%s: %+v", want.text, r)
		}
		compareWithKustomize(t, want.text)
	}
}

func TestParseErrors(t *testing.T) {
	for _, text := range []string{
		"/tmp", "../../tmp", "src/github.com/org/repo/path", "a", "htxxxtp://github.com/", "ssh://git.example.com", "git::___",
		"github.com!org/repo.git//path", "gh:org/repo", "file:////tmp//path", "git@scp://github.com/org/repo.git//path", "", "ext::sh -c id", "ftp://a/b/c",
	} {
		if got, err := Parse(text); err == nil {
			t.Errorf("%s: %+v", text, got)
		}
		compareWithKustomize(t, text)
	}
	for _, text := range []string{"https://github.com/thisisa404.yaml", "https://host?ref=a/b", "https://github.com/org/repo.git//path/../../exits/repo"} {
		if got, err := Parse(text); err != nil || got.Repository != nil || got.File != text {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		compareWithKustomize(t, text)
	}
}

func TestParseOptions(t *testing.T) {
	for text, want := range map[string]Repository{
		"?timeout=61":             {Timeout: 61 * time.Second, Submodules: true},
		"?timeout=2m":             {Timeout: 2 * time.Minute, Submodules: true},
		"?timeout=-1":             {Timeout: defaultTimeout, Submodules: true},
		"?submodules=false":       {Timeout: defaultTimeout},
		"?submodules=x&timeout=x": {Timeout: defaultTimeout, Submodules: true},
		"?ref=%zz&timeout=5":      {Timeout: defaultTimeout, Submodules: true},
		"?ref=":                   {Timeout: defaultTimeout, Submodules: true},
	} {
		got, err := Parse("https://example.org/a/b" + text)
		if err != nil || got.Repository.Timeout != want.Timeout || got.Repository.Submodules != want.Submodules || got.Repository.Ref != want.Ref {
			t.Errorf("%s: %+v, %v", text, got.Repository, err)
		}
	}
}

// compareWithKustomize compares the result with that of kustomize's own parser, which the exported
// type Origin uses.
func compareWithKustomize(t testing.TB, text string) {
	t.Helper()
	want := (&resource.Origin{}).Append(text)
	got, err := parseRepository(text)
	if err != nil {
		if want.Repo != "" {
			t.Errorf("%q: %v, kustomize reads the repository %q", text, err, want.Repo)
		}
		return
	}
	dir := strings.TrimPrefix(path.Join("/notCloned", got.Dir), "/notCloned/")
	if got.Dir == "" || path.Join("/notCloned", got.Dir) == "/notCloned" {
		dir = "notCloned"
	}
	if got.URL() != want.Repo || got.Ref != want.Ref || dir != want.Path {
		t.Errorf("%q: %+v, kustomize reads %+v", text, got, want)
	}
}

// FuzzParse compares the results for any text with those of kustomize, and checks that what is
// passed to Git is an address of a host, without options.
func FuzzParse(f *testing.F) {
	for _, r := range references {
		f.Add(r.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		compareWithKustomize(t, text)
		r, err := Parse(text)
		if err != nil || r.Repository == nil {
			return
		}
		at, err := r.Repository.address()
		if err == nil && (!validHost(at.host) || strings.HasPrefix(at.url, "-") || strings.ContainsAny(at.url, "\x00\n\r\t ") || strings.Contains(at.url, "::") && !strings.Contains(at.url, "[")) {
			t.Errorf("%q: the address is %+v", text, at)
		}
	})
}

func TestAddresses(t *testing.T) {
	for text, want := range map[string]address{
		"https://GitHub.com/org/repo":             {"github.com", "https://github.com/org/repo"},
		"git@Gitlab.example.org:a/b.git":          {"gitlab.example.org", "git@gitlab.example.org:a/b.git"},
		"ssh://git@example.org:22/a/b":            {"example.org", "ssh://git@example.org:22/a/b"},
		"https://user@dev.azure.com/o/p/_git/r":   {"dev.azure.com", "https://dev.azure.com/o/p/_git/r"},
		"http://[::1]:80/a/b":                     {"::1", "http://[::1]:80/a/b"},
		"https://user:secret@example.org/a/b":     {},
		"https://example.org\\@evil.test/a/b":     {},
		"https://example.org%2fevil.test/a/b":     {},
		"https://-oProxyCommand=id/a/b":           {},
		"ssh://-oProxyCommand=id/a/b":             {},
		"git@-oProxyCommand=id:a/b.git":           {},
		"git@example.org:-oProxyCommand=id/b.git": {},
		"a@ext::sh -c id/b.git":                   {},
		"file:///etc/a.git":                       {},
		"https://example.org /a/b":                {},
		"git@bitbucket.org/company/project.git":   {},
	} {
		r, err := parseRepository(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := r.address(); got != want || (err == nil) != (want.host != "") {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

func TestRefs(t *testing.T) {
	for _, ref := range []string{"", "main", "v1.2.3", "feature/a+b", "0123456789abcdef0123456789abcdef01234567", "refs/tags/v1", "@"} {
		if err := checkRef(ref); err != nil && ref != "@" {
			t.Error(err)
		}
	}
	for _, ref := range []string{"-x", "--upload-pack=id", "a:b", "+a", "a..b", "^a", "a b", "a\nb", "a@{1}", "*", "a~1", "~a", "@{u}"} {
		if err := checkRef(ref); err == nil {
			t.Errorf("%q is accepted", ref)
		}
	}
}

func TestHosts(t *testing.T) {
	for _, host := range []string{"*", "github.com", "GitHub.com", "192.0.2.1", "::1", "[::1]", "localhost"} {
		if err := CheckHost(host); err != nil {
			t.Error(err)
		}
	}
	for _, host := range []string{"", "https://github.com", "github.com/org", "github.com:443", "*.github.com", "a b", "-a", "127.0.0.1:80"} {
		if err := CheckHost(host); err == nil {
			t.Errorf("%q is accepted", host)
		}
	}
}
