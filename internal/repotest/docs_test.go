package repotest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notWord = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinks checks that the files and headings that a page links to exist.
func TestLinks(t *testing.T) {
	inRoot(t)
	seen := 0
	err := filepath.WalkDir(".", func(page string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && entry.Name() == ".git" {
			return filepath.SkipDir
		}
		if filepath.Ext(page) != ".md" {
			return nil
		}
		for _, found := range link.FindAllStringSubmatch(read(t, page), -1) {
			file, section, _ := strings.Cut(found[1], "#")
			if strings.Contains(file, ":") {
				continue // another site
			}
			seen++
			to := page
			if file != "" {
				to = filepath.Join(filepath.Dir(page), filepath.FromSlash(file))
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s, which does not exist", page, found[1])
			} else if section != "" && !hasSection(read(t, to), section) {
				t.Errorf("%s links to %s: the page has no such heading", page, found[1])
			}
		}
		return nil
	})
	if err != nil || seen == 0 {
		t.Fatalf("read %d links: %v", seen, err)
	}
}

// TestDependencies checks that docs/dependencies.md has a reason for every direct
// dependency.
func TestDependencies(t *testing.T) {
	inRoot(t)
	reasons := read(t, filepath.Join("docs", "dependencies.md"))
	direct := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(read(t, "go.mod"), -1)
	if len(direct) == 0 {
		t.Fatal("go.mod has no direct dependency")
	}
	for _, found := range direct {
		if !strings.Contains(reasons, "`"+found[1]+"`") {
			t.Errorf("docs/dependencies.md has no reason for %s", found[1])
		}
	}
}

// hasSection compares the anchor with the anchors that GitHub generates from headings.
func hasSection(page, anchor string) bool {
	for _, found := range heading.FindAllStringSubmatch(page, -1) {
		text := notWord.ReplaceAllString(strings.ToLower(found[1]), "")
		if strings.ReplaceAll(text, " ", "-") == anchor {
			return true
		}
	}
	return false
}
