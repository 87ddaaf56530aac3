package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

var errFault = errors.New("input/output error")

// faultyDisk is a disk that may not support links and unnamed files, and whose steps fail.
type faultyDisk struct {
	systemDisk
	links, unnamed bool
	// fails reports whether a step fails; the first step is 0.
	fails func(step int) bool
	// before is called before a step.
	before func(what string)
	steps  []string
}

func (d *faultyDisk) step(what, path string) error {
	n := len(d.steps)
	d.steps = append(d.steps, what)
	if d.before != nil {
		d.before(what)
	}
	if d.fails != nil && d.fails(n) {
		return &os.LinkError{Op: what, Old: path, New: path, Err: errFault}
	}
	return nil
}

func (d *faultyDisk) openUnnamed(dir string) (*os.File, error) {
	if !d.unnamed {
		return nil, errors.ErrUnsupported
	}
	if err := d.step("openUnnamed", dir); err != nil {
		return nil, err
	}
	return d.systemDisk.openUnnamed(dir)
}

func (d *faultyDisk) createTemporary(dir string) (*os.File, error) {
	if err := d.step("createTemporary", dir); err != nil {
		return nil, err
	}
	return d.systemDisk.createTemporary(dir)
}

func (d *faultyDisk) finish(file *os.File, mode fs.FileMode) error {
	if err := d.step("finish", file.Name()); err != nil {
		return err
	}
	return file.Chmod(mode)
}

func (d *faultyDisk) nameUnnamed(file *os.File, path string) error {
	if err := d.step("nameUnnamed", path); err != nil {
		return err
	}
	return d.systemDisk.nameUnnamed(file, path)
}

func (d *faultyDisk) lstat(path string) (fs.FileInfo, error) {
	if err := d.step("lstat", path); err != nil {
		return nil, err
	}
	return d.systemDisk.lstat(path)
}

func (d *faultyDisk) reserve(path string) error {
	if err := d.step("reserve", path); err != nil {
		return err
	}
	return d.systemDisk.reserve(path)
}

func (d *faultyDisk) link(from, to string) error {
	if err := d.step("link", from); err != nil {
		return err
	}
	if !d.links {
		return &os.LinkError{Op: "link", Old: from, New: to, Err: syscall.EPERM}
	}
	return d.systemDisk.link(from, to)
}

func (d *faultyDisk) rename(from, to string) error {
	if err := d.step("rename", from); err != nil {
		return err
	}
	return d.systemDisk.rename(from, to)
}

func (d *faultyDisk) remove(path string) error {
	if err := d.step("remove", path); err != nil {
		return err
	}
	return d.systemDisk.remove(path)
}

func (d *faultyDisk) syncDirectory(dir string) error {
	return d.step("syncDirectory", dir)
}

// scenario is several files to write where some have content already.
type scenario struct {
	about   string
	old     string // a letter for each file: o has content, - does not exist
	replace bool
	links   bool
	unnamed bool
}

func scenarios() []scenario {
	var list []scenario
	for _, disk := range []struct {
		about          string
		links, unnamed bool
	}{{"links and unnamed files", true, true}, {"links", true, false}, {"no links", false, false}} {
		for _, old := range []string{"o", "-", "oo", "o-", "-o", "--", "ooo", "o-o", "-oo", "---"} {
			for _, replace := range []bool{true, false} {
				if replace || !strings.Contains(old, "o") {
					list = append(list, scenario{fmt.Sprintf("%s, %s, replace=%t", disk.about, old, replace), old, replace, disk.links, disk.unnamed})
				}
			}
		}
	}
	return list
}

func (s scenario) path(dir string, i int) string { return filepath.Join(dir, string(rune('a'+i))) }

// run writes the files in a new directory, and checks that nothing is lost.
func (s scenario) run(t *testing.T, fails func(int) bool) (*faultyDisk, error) {
	t.Helper()
	dir := t.TempDir()
	var list []File
	for i, old := range s.old {
		if old == 'o' {
			if err := os.WriteFile(s.path(dir, i), []byte(fmt.Sprint("old ", i)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		list = append(list, text(s.path(dir, i), fmt.Sprint("new ", i)))
	}
	d := &faultyDisk{links: s.links, unnamed: s.unnamed, fails: fails}
	err := create(d, s.replace, list)
	for i, old := range s.old {
		if problem := lost(dir, s.path(dir, i), i, old == 'o', err); problem != "" {
			t.Errorf("%s: %s\nerror: %v\nsteps: %v\nleft: %v", s.about, problem, err, d.steps, contents(dir))
		}
	}
	return d, err
}

// lost describes what is wrong with one of the files after err: without an error it must have
// its new content; otherwise it must have the old content, at its path or where the error
// points.
func lost(dir, path string, i int, hadOld bool, err error) string {
	left := contents(dir)
	is, was, now := left[path], fmt.Sprint("old ", i), fmt.Sprint("new ", i)
	switch {
	case err == nil && is != now:
		return fmt.Sprintf("%s has %q without an error", path, is)
	case err == nil || hadOld && is == was:
		return ""
	case !hadOld && is != "" && !strings.Contains(err.Error(), "removing the new file "+path):
		return fmt.Sprintf("%s is there, and the error does not say so", path)
	case !hadOld:
		return ""
	}
	for other, content := range left {
		if content == was && strings.Contains(err.Error(), other) {
			return ""
		}
	}
	return fmt.Sprintf("%s has %q, and the error names no file with the old content", path, is)
}

func contents(dir string) map[string]string {
	all := map[string]string{}
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		content, _ := os.ReadFile(filepath.Join(dir, entry.Name()))
		all[filepath.Join(dir, entry.Name())] = string(content)
	}
	return all
}

// TestNothingIsLost makes each step fail alone, with all later steps, and with each other later
// step.
func TestNothingIsLost(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.about, func(t *testing.T) {
			t.Parallel() // the disk takes most of the time
			d, err := s.run(t, nil)
			if err != nil {
				t.Fatalf("without a fault: %v", err)
			}
			for k := range d.steps {
				s.run(t, func(step int) bool { return step >= k })
				s.run(t, func(step int) bool { return step == k })
				// Restoring takes at most two steps a file.
				for other := k + 1; other < len(d.steps)+2*len(s.old); other++ {
					if len(s.old) == 3 && (s.links || s.old != "o-o") {
						break // one list of three files shows what two files do not
					}
					s.run(t, func(step int) bool { return step == k || step == other })
				}
			}
		})
	}
}

// TestOneFaultChangesNothing checks that, when only one step fails, either all files are
// written or all are unchanged, and no other file is left.
func TestOneFaultChangesNothing(t *testing.T) {
	harmless := []string{"syncDirectory", "remove", "link", "openUnnamed"} // each of these has a fallback, or belongs to a later step
	for _, s := range scenarios() {
		t.Run(s.about, func(t *testing.T) {
			plain, err := s.run(t, nil)
			if err != nil {
				t.Fatal(err)
			}
			for k := range plain.steps {
				dir := t.TempDir()
				want := map[string]string{}
				var list []File
				for i, old := range s.old {
					list = append(list, text(s.path(dir, i), "new"))
					if old == 'o' {
						want[string(rune('a'+i))] = "old"
						if err := os.WriteFile(s.path(dir, i), []byte("old"), 0o600); err != nil {
							t.Fatal(err)
						}
					}
				}
				d := &faultyDisk{links: s.links, unnamed: s.unnamed, fails: func(step int) bool { return step == k }}
				err := create(d, s.replace, list)
				failed := d.steps[k]
				if err == nil {
					for i := range s.old {
						want[string(rune('a'+i))] = "new"
					}
				}
				if (err == nil) != slices.Contains(harmless, failed) && failed != "nameUnnamed" {
					t.Errorf("step %d, %s: %v", k, failed, err)
				}
				if failed != "remove" {
					holds(t, dir, want)
				}
			}
		})
	}
}

// TestTakenMeanwhile checks that a file that another program creates during the write is not
// replaced, even without support for links.
func TestTakenMeanwhile(t *testing.T) {
	for _, s := range scenarios() {
		if s.replace {
			continue
		}
		t.Run(s.about, func(t *testing.T) {
			dir := t.TempDir()
			var list []File
			for i := range s.old {
				list = append(list, text(s.path(dir, i), "new"))
			}
			taken := s.path(dir, len(s.old)-1)
			d := &faultyDisk{links: s.links, unnamed: s.unnamed}
			d.before = func(what string) {
				if what == "reserve" || what == "rename" || what == "link" || what == "nameUnnamed" {
					if _, err := os.Lstat(taken); errors.Is(err, fs.ErrNotExist) {
						if err := os.WriteFile(taken, []byte("another's"), 0o600); err != nil {
							t.Error(err)
						}
					}
				}
			}
			err := create(d, false, list)
			var exists *ExistsError
			if !errors.As(err, &exists) || exists.Path != taken {
				t.Errorf("%v", err)
			}
			holds(t, dir, map[string]string{filepath.Base(taken): "another's"})
		})
	}
}

// TestAnothersFileStays checks that a file that another program creates at an empty path is not
// removed when the rename to that path fails.
func TestAnothersFileStays(t *testing.T) {
	for _, links := range []bool{true, false} {
		dir := t.TempDir()
		path := filepath.Join(dir, "a")
		d := &faultyDisk{links: links}
		d.before = func(what string) {
			if what == "rename" {
				if err := os.WriteFile(path, []byte("another's"), 0o600); err != nil {
					t.Error(err)
				}
			}
		}
		d.fails = func(step int) bool { return d.steps[step] == "rename" }
		if err := create(d, true, []File{text(path, "new")}); !errors.Is(err, errFault) {
			t.Errorf("%v", err)
		}
		holds(t, dir, map[string]string{"a": "another's"})
	}
}

// TestNotRestored checks that the error names the file with the old content, so that the user
// can find it.
func TestNotRestored(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := &faultyDisk{}
	renames := 0
	d.fails = func(step int) bool {
		if d.steps[step] == "rename" {
			renames++
		}
		return renames > 1 // after the old file is renamed
	}
	err := create(d, true, []File{text(path, "new"), text(filepath.Join(dir, "b"), "new")})
	if err == nil {
		t.Fatal("no error")
	}
	_, at, _ := strings.Cut(err.Error(), "the content that it had is in ")
	at, _, _ = strings.Cut(at, ",")
	if content, readErr := os.ReadFile(at); readErr != nil || string(content) != "old" || !errors.Is(err, errFault) {
		t.Errorf("%v: %q has %q, %v", err, at, content, readErr)
	}
}
