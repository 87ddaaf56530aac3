package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/remotetest"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// newFetcher allows the server's host, and checks that nothing is left in the temporary directory.
func newFetcher(t *testing.T, ctx context.Context) *Fetcher {
	t.Helper()
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	f := NewFetcher(ctx, []string{"127.0.0.1"})
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("left %v, %v", left, err)
		}
	})
	return f
}

func repositoryOf(t *testing.T, text string) *Repository {
	t.Helper()
	r, err := parseRepository(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRepository(t *testing.T) {
	s := remotetest.New(t)
	first := s.Repository("org/base", map[string]string{"a/kustomization.yaml": "namespace: first\n"})
	s.Git("org/base", "tag", "v1")
	s.Repository("org/base", map[string]string{"a/kustomization.yaml": "namespace: second\n"})
	s.Git("org/base", "branch", "feature/x", "v1")
	f := newFetcher(t, t.Context())
	for ref, want := range map[string]string{"": "second", "main": "second", "v1": "first", "feature/x": "first", "refs/tags/v1": "first", first: "first"} {
		checkout, err := f.Repository(repositoryOf(t, s.URL+"/org/base//a?ref="+ref))
		if err != nil {
			t.Errorf("%s: %v", ref, err)
			continue
		}
		if text, err := checkout.Tree.ReadFile("a/kustomization.yaml"); string(text) != "namespace: "+want+"\n" {
			t.Errorf("%s: %q, %v", ref, text, err)
		}
		if checkout.Tree.Exists(".git") {
			t.Errorf("%s: the tree has .git", ref)
		}
	}
	before := len(s.Requests())
	if _, err := f.Repository(repositoryOf(t, s.URL+"/org/base//b?ref=v1&timeout=3")); err != nil || len(s.Requests()) > before {
		t.Errorf("it is downloaded again: %v", err)
	}
	_, err := f.Repository(repositoryOf(t, s.URL+"/org/base?ref=none"))
	if err == nil || !strings.Contains(err.Error(), "couldn't find remote ref none") {
		t.Error(err)
	}
	before = len(s.Requests())
	if _, again := f.Repository(repositoryOf(t, s.URL+"/org/base?ref=none")); again == nil || len(s.Requests()) > before {
		t.Errorf("a failed download is repeated: %v", again)
	}
	if _, err := f.Repository(repositoryOf(t, s.URL+"/org/gone")); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Error(err)
	}
}

// TestRepositoryIsUntrusted checks that links are not followed, and that the submodules and the
// filters of a repository, and the configuration of the user, have no effect.
func TestRepositoryIsUntrusted(t *testing.T) {
	s := remotetest.New(t)
	commit := s.Repository("other", map[string]string{"b.yaml": "b"})
	s.Repository("org/base", map[string]string{
		".gitmodules": "[submodule \"sub\"]\n\tpath = sub\n\turl = " + s.URL + "/other\n", ".gitattributes": "*.yaml filter=evil\n", "a.yaml": "a",
	})
	if err := os.Symlink("/etc/passwd", filepath.Join(s.Dir("org/base"), "link.yaml")); err != nil {
		t.Fatal(err)
	}
	s.Git("org/base", "add", "--all")
	s.Git("org/base", "update-index", "--add", "--cacheinfo", "160000,"+commit+",sub")
	s.Git("org/base", "commit", "--quiet", "--message=Add a link and a submodule")
	home := t.TempDir()
	ran := filepath.Join(home, "ran")
	hook := filepath.Join(home, "hooks", "post-checkout")
	if err := errors.Join(os.Mkdir(filepath.Dir(hook), 0o755), os.WriteFile(hook, []byte("#!/bin/sh\ntouch "+ran+"\n"), 0o755),
		os.WriteFile(filepath.Join(home, ".netrc"), []byte("machine 127.0.0.1 login a password b\n"), 0o600),
		os.WriteFile(filepath.Join(home, ".gitconfig"), []byte("[core]\nhooksPath = "+filepath.Dir(hook)+"\n[filter \"evil\"]\nsmudge = touch "+ran+"\n[url \"http://127.0.0.1:1/\"]\ninsteadOf = "+s.URL+"\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	t.Setenv("GIT_DIR", home)
	t.Setenv("GIT_SSH_COMMAND", "touch "+ran)
	t.Setenv("GIT_ASKPASS", "touch "+ran)
	f := newFetcher(t, t.Context())
	checkout, err := f.Repository(repositoryOf(t, s.URL+"/org/base?ref=main"))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := checkout.Tree.ReadFile("link.yaml"); err == nil {
		t.Errorf("the link is followed: %q", text)
	}
	if checkout.Tree.Exists("sub/b.yaml") || len(checkout.Submodules) != 1 || checkout.Submodules[0] != "sub" {
		t.Errorf("submodules: %v", checkout.Submodules)
	}
	if text, err := checkout.Tree.ReadFile("a.yaml"); string(text) != "a" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a program of the user's configuration ran")
	}
	for _, r := range s.Requests() {
		if strings.Contains(r.URL.Path, "other") || r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" {
			t.Errorf("request %s with %v", r.URL, r.Header)
		}
	}
}

// TestRefused checks that nothing is contacted for what is not allowed or not valid.
func TestRefused(t *testing.T) {
	s := remotetest.New(t)
	s.Repository("org/base", map[string]string{"a.yaml": "a"})
	s.File("/a.yaml", "a")
	for name, c := range map[string]struct {
		fetcher *Fetcher
		text    string
		want    string
	}{
		"no fetcher":      {nil, s.URL + "/org/base", "the host 127.0.0.1 is not allowed"},
		"another host":    {NewFetcher(t.Context(), []string{"127.0.0.2", "localhost"}), s.URL + "/org/base", "the host 127.0.0.1 is not allowed"},
		"a password":      {NewFetcher(t.Context(), []string{"*"}), strings.Replace(s.URL, "//", "//user:secret@", 1) + "/org/base", "password"},
		"an option":       {NewFetcher(t.Context(), []string{"*"}), s.URL + "/org/base?ref=--upload-pack=id", "not the name of a branch"},
		"a local file":    {NewFetcher(t.Context(), []string{"*"}), "file://" + s.Dir("org/base"), "not supported"},
		"a helper":        {NewFetcher(t.Context(), []string{"*"}), "a@ext::sh -c id/b.git", "not a valid URL"},
		"an invalid port": {NewFetcher(t.Context(), []string{"*"}), "https://example.org:x/a/b", "not a valid URL"},
	} {
		_, err := c.fetcher.Repository(repositoryOf(t, c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
		if strings.HasPrefix(c.text, "http") && !strings.Contains(c.text, "ref=") {
			if _, err := c.fetcher.File(c.text + "/a.yaml"); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s as a file: %v", name, err)
			}
		}
	}
	if got := s.Requests(); len(got) > 0 {
		t.Errorf("request %s", got[0].URL)
	}
}

func TestFile(t *testing.T) {
	s := remotetest.New(t)
	s.File("/a.yaml", "a: b\n")
	s.Mux.HandleFunc("/gone.yaml", http.NotFound)
	s.Mux.Handle("/moved.yaml", http.RedirectHandler("/a.yaml", http.StatusFound))
	s.Mux.Handle("/evil.yaml", http.RedirectHandler(strings.Replace(s.URL, "127.0.0.1", "localhost", 1)+"/a.yaml", http.StatusFound))
	s.Mux.Handle("/loop.yaml", http.RedirectHandler("/loop.yaml", http.StatusFound))
	s.Mux.Handle("/local.yaml", http.RedirectHandler("file:///etc/passwd", http.StatusFound))
	s.Mux.HandleFunc("/huge.yaml", func(w http.ResponseWriter, r *http.Request) { // without end
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})
	s.Mux.HandleFunc("/headers.yaml", func(w http.ResponseWriter, _ *http.Request) {
		for i := range 1000 {
			w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("a", 1000))
		}
	})
	f := newFetcher(t, t.Context())
	for file, want := range map[string]string{
		"a": "", "moved": "", "gone": "the server answered 404 Not Found", "evil": "redirects to localhost", "loop": "more than 10 times",
		"local": "redirects", "huge": "more than 16 MiB", "headers": "exceeded",
	} {
		text, err := f.File(s.URL + "/" + file + ".yaml")
		if want == "" && (err != nil || string(text) != "a: b\n") || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %q, %v", file, text, err)
		}
	}
	for _, r := range s.Requests() {
		if strings.HasPrefix(r.Host, "localhost") {
			t.Errorf("request to %s", r.Host)
		}
	}
	_, err := f.File(s.URL + "/evil.yaml")
	if refused := (*HostError)(nil); !errors.As(err, &refused) || refused.Host != "localhost" {
		t.Errorf("%v", err)
	}
	before := len(s.Requests())
	if _, err := f.File(s.URL + "/a.yaml"); err != nil || len(s.Requests()) > before {
		t.Errorf("it is downloaded again: %v", err)
	}
	f.left = 3
	if _, err := f.File(s.URL + "/a.yaml?again"); !errors.Is(err, tree.ErrTooLarge) {
		t.Errorf("all downloads: %v", err)
	}
}

// TestRepositoryRedirects checks that redirects of a repository are followed to allowed hosts only.
func TestRepositoryRedirects(t *testing.T) {
	s := remotetest.New(t)
	s.Repository("new/base", map[string]string{"a.yaml": "a"})
	moveTo := func(target string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, below, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/base")
			http.Redirect(w, r, target+"/new/base"+below+"?"+r.URL.RawQuery, http.StatusMovedPermanently)
		}
	}
	s.Mux.Handle("/old/", moveTo(""))
	s.Mux.Handle("/evil/", moveTo(strings.Replace(s.URL, "127.0.0.1", "localhost", 1)))
	f := newFetcher(t, t.Context())
	if checkout, err := f.Repository(repositoryOf(t, s.URL+"/old/base")); err != nil || !checkout.Tree.Exists("a.yaml") {
		t.Error(err)
	}
	_, err := f.Repository(repositoryOf(t, s.URL+"/evil/base"))
	if refused := (*HostError)(nil); !errors.As(err, &refused) || refused.Host != "localhost" {
		t.Error(err)
	}
	for _, r := range s.Requests() {
		if strings.HasPrefix(r.Host, "localhost") {
			t.Errorf("request to %s", r.Host)
		}
	}
}

// TestRepositoryLimits checks that large repositories are rejected before they fill the disk or the
// memory.
func TestRepositoryLimits(t *testing.T) {
	s := remotetest.New(t)
	s.Repository("large", map[string]string{"a.yaml": strings.Repeat("a", 4<<20)}) // a pack of a few KiB
	s.Repository("bomb", map[string]string{"a.yaml": "a"})
	entry, kind := s.Git("bomb", "rev-parse", "HEAD:a.yaml"), "100644 blob"
	for range 12 {
		var list strings.Builder
		for i := range 16 {
			fmt.Fprintf(&list, "%s %s\tf%02d\n", kind, entry, i)
		}
		entry, kind = s.GitInput("bomb", list.String(), "mktree"), "040000 tree"
	}
	s.Git("bomb", "update-ref", "refs/heads/bomb", s.Git("bomb", "commit-tree", "-m", "a", entry))
	f := newFetcher(t, t.Context())
	_, err := f.Repository(repositoryOf(t, s.URL+"/bomb/.git?ref=bomb"))
	if !errors.Is(err, tree.ErrTooLarge) || !strings.Contains(err.Error(), "files") {
		t.Errorf("bomb: %v", err)
	}
	f.left = 1 << 20
	if _, err = f.Repository(repositoryOf(t, s.URL+"/large/.git?ref=main")); !errors.Is(err, tree.ErrTooLarge) {
		t.Errorf("large: %v", err)
	}
}

// TestRepositoryWhileItDownloads checks that a pack without end is stopped by its size, and a
// server that does not answer by the time and the context.
func TestRepositoryWhileItDownloads(t *testing.T) {
	s := remotetest.New(t)
	commit := s.Repository("org/base", map[string]string{"a.yaml": "a"})
	s.Mux.HandleFunc("/endless/base/info/refs", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
		fmt.Fprintf(w, "001e# service=git-upload-pack\n0000%s0000", packet(commit+" HEAD\x00shallow\n"))
	})
	s.Mux.HandleFunc("/endless/base/git-upload-pack", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
		fmt.Fprintf(w, "%s0000", packet("shallow "+commit))
		if body, _ := io.ReadAll(r.Body); !strings.Contains(string(body), "done") {
			return
		}
		fmt.Fprint(w, packet("NAK\n"))
		_, _ = w.Write([]byte("PACK\x00\x00\x00\x02\x00\x0f\xff\xff")) // many objects follow
		object := []byte("\x33\x78\x01\x01\x03\x00\xfc\xffaaa\x02\x49\x01\x24")
		block := []byte(strings.Repeat(string(object), 4000))
		for r.Context().Err() == nil {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	s.Mux.HandleFunc("/silent/base/git-upload-pack", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s.Mux.HandleFunc("/silent/", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	f := newFetcher(t, t.Context())
	f.left = 1 << 20
	if _, err := f.Repository(repositoryOf(t, s.URL+"/endless/base?timeout=20")); !errors.Is(err, tree.ErrTooLarge) {
		t.Errorf("endless: %v", err)
	}
	if _, err := f.Repository(repositoryOf(t, s.URL+"/silent/base?timeout=1")); err == nil || !strings.Contains(err.Error(), "longer than 1s") {
		t.Errorf("silent: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	f = newFetcher(t, ctx)
	time.AfterFunc(300*time.Millisecond, cancel)
	start := time.Now()
	if _, err := f.Repository(repositoryOf(t, s.URL+"/silent/base")); !errors.Is(err, context.Canceled) || time.Since(start) > 15*time.Second {
		t.Errorf("canceled after %v: %v", time.Since(start), err)
	}
}

// packet is a packet of Git's protocol.
func packet(text string) string { return fmt.Sprintf("%04x%s", len(text)+4, text) }

func TestTooManyDownloads(t *testing.T) {
	s := remotetest.New(t)
	s.File("/a.yaml", "a")
	f := newFetcher(t, t.Context())
	for i := range maxDownloads {
		if _, err := f.File(fmt.Sprintf("%s/a.yaml?%d", s.URL, i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.File(s.URL + "/a.yaml?more"); !errors.Is(err, tree.ErrTooLarge) {
		t.Error(err)
	}
}

func TestErrorsAreMasked(t *testing.T) {
	s := remotetest.New(t)
	s.Mux.Handle("/a.yaml", http.RedirectHandler("http://user:hunter2secret@127.0.0.2/", http.StatusFound))
	f := newFetcher(t, t.Context())
	if _, err := f.File(s.URL + "/a.yaml"); err == nil || strings.Contains(err.Error(), "hunter2secret") {
		t.Error(err)
	}
}
