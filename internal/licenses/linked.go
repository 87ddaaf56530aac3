package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// program is the released program, and systems are its platforms: packages differ by system
// more than by processor.
const program = "./cmd/kubectl-orthweb"

var systems = []string{"darwin", "linux", "windows"}

// linked is a package of another module that is in the program.
type linked struct {
	module, moduleDir, dir string
}

// standard is the name for Go's own library, which is linked as well.
const standard = "Go standard library"

// allLinked lists the linked packages for every system, with Go's library first; dir is the
// repository.
func allLinked(dir string) ([]linked, error) {
	found := map[linked]bool{}
	for _, system := range systems {
		list := exec.Command("go", "list", "-deps", "-f",
			"{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}\t{{$.Dir}}{{end}}{{end}}", program)
		list.Dir = dir
		list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH=amd64")
		out, err := output(list)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(out) {
			if parts := strings.Split(strings.TrimSpace(line), "\t"); len(parts) == 3 {
				found[linked{parts[0], parts[1], parts[2]}] = true
			}
		}
	}
	packages := slices.SortedFunc(maps.Keys(found), func(a, b linked) int {
		return strings.Compare(a.module+"\n"+a.dir, b.module+"\n"+b.dir)
	})
	root, err := output(exec.Command("go", "env", "GOROOT"))
	root = strings.TrimSpace(root)
	return append([]linked{{standard, root, root}}, packages...), err
}

func output(cmd *exec.Cmd) (string, error) {
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, &complaints)
	}
	return out.String(), nil
}

// prefixes begin the names of license files, and of files that a license requires to pass on
// (Apache License 2.0, section 4d: NOTICE).
var prefixes = []string{"license", "licence", "copying", "notice", "patents", "unlicense"}

// licenseFiles are the license files of a package: in its directory and in those above, up to
// its module's.
func (l linked) licenseFiles() ([]string, error) {
	var found []string
	for dir := l.dir; ; dir = filepath.Dir(dir) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("looking for the license of %s: %w", l.module, err)
		}
		for _, entry := range entries {
			if isLicense(entry) {
				found = append(found, filepath.Join(dir, entry.Name()))
			}
		}
		if dir == l.moduleDir || dir == filepath.Dir(dir) {
			break
		}
	}
	if len(found) == 0 {
		return nil, errors.New("there is no license of " + l.module + " in " + l.moduleDir + ": it can't be released with the program")
	}
	return found, nil
}

func isLicense(entry os.DirEntry) bool {
	name := strings.ToLower(entry.Name())
	if entry.IsDir() || filepath.Ext(name) == ".go" {
		return false
	}
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}
