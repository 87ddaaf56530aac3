//go:build lab

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocs does what the pages say to type, and holds what they say is printed to
// what is. A block of commands that can't be run here says why, after its language.
func TestDocs(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	for _, page := range append(pages, "../README.md", "../CONTRIBUTING.md", "../lab/README.md") {
		for i, block := range blocks(t, page) {
			command, shown, _ := strings.Cut(block.text, "\n")
			command, prints := strings.CutPrefix(command, "$ ")
			switch {
			case prints:
				run(t, page, i, func(t *testing.T) { compare(t, shown, typed(t, command)) })
			case block.info == "sh":
				run(t, page, i, func(t *testing.T) { typed(t, block.text) })
			case block.info == "" && strings.HasPrefix(command, "kubectl "):
				t.Errorf("%s: %q is neither run (sh) nor an output ($)", page, command)
			}
		}
	}
}

func run(t *testing.T, page string, i int, test func(t *testing.T)) {
	t.Run(strings.TrimPrefix(page, "../")+"/"+string(rune('a'+i)), test)
}

// block is text between fences, with what the first of them says it is.
type block struct{ info, text string }

func blocks(t *testing.T, page string) []block {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var list []block
	for _, found := range regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		list = append(list, block{found[1], found[2]})
	}
	return list
}

// prelude lets kubectl orthweb answer no, and has make do its work in the
// repository.
const prelude = `set -euo pipefail
kubectl() { local code=0; command kubectl "$@" || code=$?; [ $code = 1 ] && [ "$1" = orthweb ] || return $code; }
make() { command make -C "$REPOSITORY" "$@"; }
`

// typed runs commands as a user would, in a directory that has of the repository
// what they name, and returns what they print.
func typed(t *testing.T, commands string) string {
	t.Helper()
	dir := t.TempDir()
	given(t, dir)
	repository, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bin", "deploy", "lab"} {
		if err := os.Symlink(filepath.Join(repository, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	home := filepath.Join(dir, "home")
	programs := filepath.Join(home, ".local", "bin")
	if err := os.MkdirAll(programs, 0o755); err != nil {
		t.Fatal(err)
	}
	// Its own, since completion is installed beside it.
	if err := os.Symlink(filepath.Join(repository, "bin", "kubectl-orthweb"), filepath.Join(programs, "kubectl-orthweb")); err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig := lab.kubeconfig
	if strings.Contains(commands, "orthweb-lab up") {
		kubeconfig = "" // that lab's context goes into it
	}
	cmd := exec.Command("bash", "-c", prelude+commands)
	cmd.Dir = dir
	cmd.Env = slices.Concat(os.Environ(), goCaches(t), []string{
		// As on a terminal of 80 columns.
		"CLICOLOR_FORCE=1", "NO_COLOR=1", "COLUMNS=80",
		"HOME=" + home, "XDG_CACHE_HOME=" + cache, "XDG_STATE_HOME=", "REPOSITORY=" + repository, "KUBECONFIG=" + kubeconfig,
		"ORTHWEB_HOSTS_FILE=" + filepath.Join(dir, "hosts"), "PATH=" + programs + ":" + lab.programs + ":" + os.Getenv("PATH"),
	})
	var printed, said strings.Builder
	cmd.Stdout, cmd.Stderr = &printed, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, &printed, &said)
	}
	t.Log(printed.String())
	return printed.String()
}

// goCaches keep Go's caches where they are though the home is another.
func goCaches(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	where := strings.Fields(string(out))
	return []string{"GOCACHE=" + where[0], "GOMODCACHE=" + where[1]}
}

var (
	digits = regexp.MustCompile(`\d+`)
	spaces = regexp.MustCompile(`\s+`)
	loose  = strings.NewReplacer("…", ".*", `, \d+ms`, `(, \d+m?s)?`)
)

// compare finds each line in what is printed, in this order. Numbers and the width
// of gaps may differ, short times are left out, and … stands for anything.
func compare(t *testing.T, shown, printed string) {
	t.Helper()
	// A step that took a moment says so, on a busy machine.
	moment := regexp.MustCompile(`, \d+ms(\n|$)`)
	lines := strings.Split(moment.ReplaceAllString(printed, "$1"), "\n")
	for line := range strings.Lines(moment.ReplaceAllString(shown, "$1")) {
		pattern := regexp.QuoteMeta(strings.TrimSpace(line))
		pattern = loose.Replace(spaces.ReplaceAllString(digits.ReplaceAllString(pattern, `\d+`), `\s+`))
		like := regexp.MustCompile(`^\s*` + pattern + `\s*$`)
		at := slices.IndexFunc(lines, like.MatchString)
		if at < 0 {
			t.Errorf("not printed, or not there: %s", line)
			continue
		}
		lines = lines[at+1:]
	}
}
