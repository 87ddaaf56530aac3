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

// TestDocs runs the commands of the documentation and compares their output with the output
// that the pages show. A block that the test cannot run gives the reason after its language.
func TestDocs(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	for _, page := range append(pages, "../README.md", "../CONTRIBUTING.md", "../lab/README.md") {
		for i, block := range blocks(t, page) {
			command, shown, _ := strings.Cut(block.text, "\n")
			command, showsOutput := strings.CutPrefix(command, "$ ")
			switch {
			case showsOutput:
				run(t, page, i, func(t *testing.T) { compare(t, shown, execute(t, command)) })
			case block.info == "sh":
				run(t, page, i, func(t *testing.T) { execute(t, block.text) })
			case block.info == "" && strings.HasPrefix(command, "kubectl "):
				t.Errorf("%s: %q is in a block that is neither run (sh) nor compared ($)", page, command)
			}
		}
	}
}

func run(t *testing.T, page string, i int, test func(t *testing.T)) {
	t.Run(strings.TrimPrefix(page, "../")+"/"+string(rune('a'+i)), test)
}

// block is a fenced code block: the words after the opening fence, and the text.
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

// prelude lets kubectl orthweb exit with 1, skips the switch to the branch of a pull request,
// which the lab does not have, and runs make in the repository.
const prelude = `set -euo pipefail
kubectl() { local code=0; command kubectl "$@" || code=$?; [ $code = 1 ] && [ "$1" = orthweb ] || return $code; }
git() { case "$*" in *" switch BRANCH") ;; *) command git "$@" ;; esac; }
make() { command make -C "$REPOSITORY" "$@"; }
`

// execute runs commands as a user would, in a directory with links to the parts of the
// repository that they name, and returns their output.
func execute(t *testing.T, commands string) string {
	t.Helper()
	dir := t.TempDir()
	createInputs(t, dir)
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
	// The step has its own directory, because completion is installed next to it.
	if err := os.Symlink(filepath.Join(repository, "bin", "kubectl-orthweb"), filepath.Join(programs, "kubectl-orthweb")); err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig := lab.kubeconfig
	if strings.Contains(commands, "orthweb-lab up") {
		kubeconfig = "" // the block starts a lab, whose context is added to the default file
	}
	cmd := exec.Command("bash", "-c", prelude+commands)
	cmd.Dir = dir
	cmd.Env = slices.Concat(os.Environ(), goCaches(t), []string{
		// The width is that of a terminal of 80 columns.
		"CLICOLOR_FORCE=1", "NO_COLOR=1", "COLUMNS=80",
		"HOME=" + home, "XDG_CACHE_HOME=" + cache, "XDG_STATE_HOME=", "REPOSITORY=" + repository, "KUBECONFIG=" + kubeconfig,
		"ORTHWEB_HOSTS_FILE=" + filepath.Join(dir, "hosts"), "PATH=" + programs + ":" + lab.programs + ":" + os.Getenv("PATH"),
	})
	var output, errorOutput strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &errorOutput
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, &output, &errorOutput)
	}
	t.Log(output.String())
	return output.String()
}

// goCaches keep Go's caches, which are in the home directory by default, while the commands use
// another home directory.
func goCaches(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	paths := strings.Fields(string(out))
	return []string{"GOCACHE=" + paths[0], "GOMODCACHE=" + paths[1]}
}

var (
	digits = regexp.MustCompile(`\d+`)
	spaces = regexp.MustCompile(`\s+`)
	loose  = strings.NewReplacer("…", ".*", `, \d+ms`, `(, \d+m?s)?`)
)

// compare finds each line of the page in the output, in this order. Numbers and the width
// of gaps may differ, times in milliseconds are ignored, and … stands for any text.
func compare(t *testing.T, shown, printed string) {
	t.Helper()
	// A step prints how long it took only on a slow machine.
	moment := regexp.MustCompile(`, \d+ms(\n|$)`)
	lines := strings.Split(moment.ReplaceAllString(printed, "$1"), "\n")
	for line := range strings.Lines(moment.ReplaceAllString(shown, "$1")) {
		pattern := regexp.QuoteMeta(strings.TrimSpace(line))
		pattern = loose.Replace(spaces.ReplaceAllString(digits.ReplaceAllString(pattern, `\d+`), `\s+`))
		like := regexp.MustCompile(`^\s*` + pattern + `\s*$`)
		at := slices.IndexFunc(lines, like.MatchString)
		if at < 0 {
			t.Errorf("not printed, or not in this order: %s", line)
			continue
		}
		lines = lines[at+1:]
	}
}
